//! `falco.yaml`: the keys that matter here, lowered to our own words; the others are named.
//!
//! Semantics: Falco's `userspace/falco/configuration.cpp` and the comments of its `falco.yaml`.

use crate::alert::Shape;
use crate::engine::Matching;
use crate::flow::Rate;
use crate::rule::{Priority, RuleSet};
use crate::selection::Switch;
use model::Diagnostic;
use serde_json::{Map, Value};

/// What a configuration asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Files and folders of rules, in order.
    pub rules_files: Vec<String>,
    /// Rules switched on and off, in order.
    pub switches: Vec<(bool, Switch)>,
    /// `replay`, `modern_ebpf` and so on.
    pub engine: Option<String>,
    /// Capture to replay.
    pub capture: Option<String>,
    /// Rules less urgent are left out.
    pub priority: Priority,
    /// Whether alerts are written as JSON.
    pub json: bool,
    /// Parts of the shapes.
    pub shape: Shape,
    /// What is added to outputs.
    pub append: Vec<Append>,
    /// Whether one event may raise several alerts.
    pub matching: Matching,
    /// Whether alerts go to standard output.
    pub stdout: bool,
    /// File alerts go to.
    pub file: Option<String>,
    /// Whether alerts go to syslog.
    pub syslog: bool,
    /// URL alerts are posted to.
    pub http: Option<String>,
    /// Program alerts are piped to, and whether one run of it takes all.
    pub program: Option<(String, bool)>,
    /// Alerts a sink's queue holds; `None` is the default.
    pub queue: Option<usize>,
    /// Alerts a second and at once, where that is limited.
    pub rate: Option<Rate>,
    /// Address of the web server (health and metrics).
    pub webserver: Option<String>,
    /// Path of its health page.
    pub health: String,
    /// Whether it also serves metrics.
    pub prometheus: bool,
    /// Whether a change of a file loads it again.
    pub watch: bool,
    /// Plugins that are loaded, with their open parameters.
    pub plugins: Vec<(String, String)>,
}

/// What is added to the outputs of some rules.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Append {
    /// Source, tags (any) and rule it is about; what is not given fits every rule.
    pub source: Option<String>,
    /// Tags of which a rule must have one.
    pub tags: Vec<String>,
    /// Name of the rule.
    pub rule: Option<String>,
    /// Text at the end of the line.
    pub text: Option<String>,
    /// Fields of the JSON shape, with their keys where they have one.
    pub fields: Vec<(Option<String>, String)>,
    /// Whether the fields of the container plugin are added.
    pub suggested: bool,
}

/// Fields that the container plugin suggests.
const SUGGESTED: [&str; 6] = [
    "container.id",
    "container.name",
    "container.image.repository",
    "container.image.tag",
    "k8s.pod.name",
    "k8s.ns.name",
];

/// Keys that are read.
const KNOWN: [&str; 28] = [
    "append_output",
    "config_files",
    "engine",
    "file_output",
    "http_output",
    "json_include_message_property",
    "json_include_output_fields_property",
    "json_include_output_property",
    "json_include_tags_property",
    "json_output",
    "load_plugins",
    "outputs",
    "outputs_queue",
    "plugins",
    "priority",
    "program_output",
    "rule_matching",
    "rules",
    "rules_file",
    "rules_files",
    "stdout_output",
    "syslog_output",
    "time_format_iso_8601",
    "watch_config_files",
    "webserver",
    // About logs and buffers of the reference's own process: nothing depends on them.
    "buffered_outputs",
    "log_level",
    "log_stderr",
];

/// Keys of the reference that have no effect here.
const WITHOUT_EFFECT: [&str; 16] = [
    "base_syscalls",
    "buffer_format_base64",
    "capture",
    "container_engines",
    "falco_libs",
    "grpc",
    "grpc_output",
    "libs_logger",
    "log_syslog",
    "metrics",
    "output_timeout",
    "plugins_hostinfo",
    "static_fields",
    "syscall_event_drops",
    "syscall_event_timeouts",
    "syscall_buf_size_preset",
];

impl Default for Config {
    fn default() -> Self {
        Self {
            rules_files: Vec::new(),
            switches: Vec::new(),
            engine: None,
            capture: None,
            priority: Priority::Debug,
            json: false,
            shape: Shape::default(),
            append: Vec::new(),
            matching: Matching::First,
            stdout: true,
            file: None,
            syslog: false,
            http: None,
            program: None,
            queue: None,
            rate: None,
            webserver: None,
            health: "/healthz".to_owned(),
            prometheus: false,
            watch: false,
            plugins: Vec::new(),
        }
    }
}

/// A configuration as a tree, while files and options are put together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tree(Map<String, Value>);

/// A further configuration file, and how it is put into the first.
#[derive(Clone, Debug, PartialEq)]
pub struct Include {
    /// File or folder.
    pub path: String,
    /// Whether lists grow (`append`), are replaced (`override`), or only new keys are taken (`add-only`).
    pub strategy: Strategy,
}

/// How one configuration is put into another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// Lists grow, everything else is replaced.
    #[default]
    Append,
    /// Everything is replaced.
    Override,
    /// What is there stays.
    AddOnly,
}

impl Tree {
    /// Reads a file.
    pub fn parse(name: &str, text: &[u8]) -> (Self, Vec<Diagnostic>) {
        let (documents, mut diagnostics) = yaml::read(text, &yaml::Caps::default());
        diagnostics = diagnostics.into_iter().map(|d| d.in_document(name)).collect();
        let mut tree = Self::default();
        for document in documents {
            match document.value {
                Value::Object(map) => tree.merge(&Self(map), Strategy::Override),
                Value::Null => {}
                _ => diagnostics.push(
                    Diagnostic::error("detect/config", "the configuration is no mapping").in_document(name),
                ),
            }
        }
        (tree, diagnostics)
    }

    /// Puts another one in.
    pub fn merge(&mut self, other: &Self, strategy: Strategy) {
        for (key, value) in &other.0 {
            match (self.0.get_mut(key), strategy) {
                (Some(Value::Array(mine)), Strategy::Append) => match value {
                    Value::Array(more) => mine.extend(more.iter().cloned()),
                    one => mine.push(one.clone()),
                },
                (Some(_), Strategy::AddOnly) => {}
                _ => drop(self.0.insert(key.clone(), value.clone())),
            }
        }
    }

    /// Sets one value, as `-o key=value` does: `a.b`, `a[0].b`, `a[].b` (one more item).
    ///
    /// # Errors
    /// A text that is no `key=value`, or a key that cannot be there.
    pub fn set(&mut self, option: &str) -> Result<(), String> {
        let (path, text) = option.split_once('=').ok_or_else(|| format!("'{option}' is not key=value"))?;
        let (documents, _) = yaml::read(text.as_bytes(), &yaml::Caps::default());
        let value = documents.into_iter().next().map_or(Value::String(text.to_owned()), |d| d.value);
        let mut at = Value::Object(std::mem::take(&mut self.0));
        let done = place(&mut at, path.trim()).map(|slot| *slot = value);
        if let Value::Object(map) = at {
            self.0 = map;
        }
        done
    }

    /// Further files it names.
    pub fn includes(&self) -> Vec<Include> {
        let all = self.0.get("config_files").and_then(Value::as_array);
        let one = |value: &Value| match value {
            Value::String(path) => Some(Include { path: path.clone(), strategy: Strategy::Append }),
            Value::Object(map) => Some(Include {
                path: map.get("path")?.as_str()?.to_owned(),
                strategy: match map.get("strategy").and_then(Value::as_str) {
                    Some("override") => Strategy::Override,
                    Some("add-only") => Strategy::AddOnly,
                    _ => Strategy::Append,
                },
            }),
            _ => None,
        };
        all.into_iter().flatten().filter_map(one).collect()
    }

    fn get(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.0.get(*first)?, |at, key| at.get(key))
    }

    fn text(&self, path: &[&str]) -> Option<String> {
        match self.get(path)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(n) => Some(n.to_string()),
            _ => None,
        }
    }

    fn flag(&self, path: &[&str], otherwise: bool) -> bool {
        match self.get(path) {
            Some(Value::Bool(b)) => *b,
            Some(Value::String(text)) => matches!(text.as_str(), "true" | "yes" | "on"),
            _ => otherwise,
        }
    }

    fn on(&self, output: &str) -> bool {
        self.flag(&[output, "enabled"], false)
    }

    fn texts(&self, key: &str) -> Vec<String> {
        match self.0.get(key) {
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Some(Value::String(one)) => vec![one.clone()],
            _ => Vec::new(),
        }
    }

    /// The configuration, and what is odd about it.
    pub fn lower(&self) -> (Config, Vec<Diagnostic>) {
        let mut odd = Vec::new();
        let mut warn = |message: String| odd.push(Diagnostic::warning("detect/config", message));
        for key in self.0.keys() {
            if WITHOUT_EFFECT.contains(&key.as_str()) {
                warn(format!("'{key}' has no effect here"));
            } else if !KNOWN.contains(&key.as_str()) {
                warn(format!("unknown key '{}'", model::escape(key)));
            }
        }
        let outputs = ["stdout_output", "file_output", "syslog_output", "http_output", "program_output"];
        let mut config = Config {
            rules_files: [self.texts("rules_files"), self.texts("rules_file")].concat(),
            switches: self.switches(),
            engine: self.text(&["engine", "kind"]),
            capture: self.text(&["engine", "replay", "capture_file"]),
            json: self.flag(&["json_output"], false),
            append: self.appends(),
            // Where no output is spoken of at all, alerts must still be seen.
            stdout: self.on("stdout_output") || !outputs.iter().any(|output| self.0.contains_key(*output)),
            file: self.text(&["file_output", "filename"]).filter(|_| self.on("file_output")),
            syslog: self.on("syslog_output"),
            http: self.text(&["http_output", "url"]).filter(|_| self.on("http_output")),
            program: self
                .text(&["program_output", "program"])
                .filter(|_| self.on("program_output"))
                .map(|program| (program, self.flag(&["program_output", "keep_alive"], false))),
            queue: self.text(&["outputs_queue", "capacity"]).and_then(|n| n.parse().ok()).filter(|n| *n > 0),
            rate: self.rate(),
            watch: self.flag(&["watch_config_files"], true),
            prometheus: self.flag(&["webserver", "prometheus_metrics_enabled"], false),
            plugins: self.plugins(),
            ..Config::default()
        };
        config.shape = Shape {
            output: self.flag(&["json_include_output_property"], true),
            tags: self.flag(&["json_include_tags_property"], true),
            message: self.flag(&["json_include_message_property"], false),
            fields: self.flag(&["json_include_output_fields_property"], true),
            iso8601: self.flag(&["time_format_iso_8601"], false),
        };
        if self.on("webserver") {
            let host = self.text(&["webserver", "listen_address"]).unwrap_or_else(|| "0.0.0.0".to_owned());
            let port = self.text(&["webserver", "listen_port"]).unwrap_or_else(|| "8765".to_owned());
            config.webserver = Some(format!("{host}:{port}"));
        }
        if let Some(health) = self.text(&["webserver", "k8s_healthz_endpoint"]) {
            config.health = health;
        }
        if let Some(text) = self.text(&["priority"]) {
            match Priority::parse(&text) {
                Some(priority) => config.priority = priority,
                None => warn(format!("'{}' is no priority", model::escape(&text))),
            }
        }
        match self.text(&["rule_matching"]).as_deref() {
            None | Some("first") => {}
            Some("all") => config.matching = Matching::All,
            Some(other) => warn(format!("rule_matching is 'first' or 'all', not '{}'", model::escape(other))),
        }
        (config, odd)
    }

    /// The limit that older versions had.
    fn rate(&self) -> Option<Rate> {
        let number = |key: &str| self.text(&["outputs", key])?.parse::<u32>().ok().filter(|n| *n > 0);
        let per_second = number("rate")?;
        Some(Rate { per_second, burst: number("max_burst").unwrap_or(1000) })
    }

    fn switches(&self) -> Vec<(bool, Switch)> {
        let mut all = Vec::new();
        for item in self.0.get("rules").and_then(Value::as_array).into_iter().flatten() {
            for (key, on) in [("enable", true), ("disable", false)] {
                let Some(what) = item.get(key) else { continue };
                let text = |key: &str| what.get(key).and_then(Value::as_str).map(str::to_owned);
                all.extend(text("rule").map(|name| (on, Switch::Named(name))));
                all.extend(text("tag").map(|tag| (on, Switch::Tagged(tag))));
            }
        }
        all
    }

    fn appends(&self) -> Vec<Append> {
        let one = |item: &Value| {
            let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
            let wanted =
                |key: &str| text(item.get("match").and_then(|m| m.get(key))).filter(|t| !t.is_empty());
            let fields = item.get("extra_fields").and_then(Value::as_array);
            let tags = item.get("match").and_then(|m| m.get("tags")).and_then(Value::as_array);
            let field = |field: &Value| match field {
                Value::String(text) => vec![(None, text.clone())],
                Value::Object(map) => {
                    map.iter().filter_map(|(k, v)| Some((Some(k.clone()), v.as_str()?.to_owned()))).collect()
                }
                _ => Vec::new(),
            };
            Append {
                source: wanted("source"),
                rule: wanted("rule"),
                tags: tags.into_iter().flatten().filter_map(|tag| text(Some(tag))).collect(),
                text: text(item.get("extra_output")),
                fields: fields.into_iter().flatten().flat_map(field).collect(),
                suggested: item.get("suggested_output").and_then(Value::as_bool).unwrap_or(false),
            }
        };
        self.0.get("append_output").and_then(Value::as_array).into_iter().flatten().map(one).collect()
    }

    fn plugins(&self) -> Vec<(String, String)> {
        let loaded = self.0.get("load_plugins").map(|_| self.texts("load_plugins"));
        let one = |plugin: &Value| {
            let name = plugin.get("name")?.as_str()?.to_owned();
            let open = plugin.get("open_params").and_then(Value::as_str).unwrap_or("").to_owned();
            let wanted = loaded.as_ref().is_none_or(|names| names.contains(&name));
            wanted.then_some((name, open))
        };
        self.0.get("plugins").and_then(Value::as_array).into_iter().flatten().filter_map(one).collect()
    }
}

/// The place of a path in a tree, made where it is not there.
fn place<'t>(tree: &'t mut Value, path: &str) -> Result<&'t mut Value, String> {
    let wrong = || format!("'{}' is no key of a configuration", model::escape(path));
    let mut at = tree;
    for part in path.split('.') {
        let (name, index) = match part.split_once('[') {
            None => (part, None),
            Some((name, index)) => (name, Some(index.strip_suffix(']').ok_or_else(wrong)?)),
        };
        if name.is_empty() {
            return Err(wrong());
        }
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        at = at.as_object_mut().ok_or_else(wrong)?.entry(name).or_insert(Value::Null);
        let Some(index) = index else { continue };
        if !at.is_array() {
            *at = Value::Array(Vec::new());
        }
        let list = at.as_array_mut().ok_or_else(wrong)?;
        let index: usize = if index.is_empty() { list.len() } else { index.parse().map_err(|_| wrong())? };
        if index >= LONGEST {
            return Err(wrong());
        }
        if list.len() <= index {
            list.resize(index.saturating_add(1), Value::Null);
        }
        at = list.get_mut(index).ok_or_else(wrong)?;
    }
    Ok(at)
}

/// Largest index an option may name.
const LONGEST: usize = 1000;

impl Append {
    fn fits(&self, rule: &crate::rule::DetectionRule) -> bool {
        self.source.as_ref().is_none_or(|source| *source == rule.source)
            && self.rule.as_ref().is_none_or(|name| *name == rule.name)
            && (self.tags.is_empty() || self.tags.iter().any(|tag| rule.tags.contains(tag)))
    }

    /// Adds it to the outputs of the rules it fits. `containers` says whether the container plugin is loaded.
    ///
    /// # Errors
    /// A text or a field that cannot be read.
    pub fn apply(&self, rules: &mut RuleSet, containers: bool) -> Result<(), String> {
        for rule in rules.rules.iter_mut().filter(|rule| self.fits(rule)) {
            if self.suggested && containers && rule.source == "syscall" {
                for field in SUGGESTED {
                    rule.output.append(&format!("{}=%{field}", field.replace('.', "_")))?;
                }
            }
            if let Some(text) = &self.text {
                rule.output.append(text)?;
            }
            for (name, text) in &self.fields {
                rule.output.extra(name.as_deref(), text)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
rules_files: [a.yaml, b.d]
engine: {kind: replay, replay: {capture_file: x.scap}}
rules:
  - disable: {rule: \"*\"}
  - enable: {tag: network}
json_output: true
json_include_tags_property: false
time_format_iso_8601: true
priority: warning
rule_matching: all
append_output:
  - match: {source: syscall, tags: [t], rule: r}
    extra_output: \"more=%evt.num\"
    extra_fields: [\"proc.name\", {mine: \"%proc.pid\"}]
  - suggested_output: true
stdout_output: {enabled: false}
file_output: {enabled: true, filename: /var/log/f}
http_output: {enabled: true, url: \"http://127.0.0.1:2801/\"}
program_output: {enabled: true, keep_alive: true, program: cat}
outputs_queue: {capacity: 7}
webserver: {enabled: true, listen_port: 9000, prometheus_metrics_enabled: true}
plugins:
  - {name: k8saudit, library_path: libk8saudit.so, open_params: audit.log}
  - {name: json, library_path: libjson.so}
load_plugins: [k8saudit]
metrics: {enabled: true}
outputs: {rate: 3, max_burst: 9}
rulez: 1
";

    #[test]
    fn keys() {
        let (tree, odd) = Tree::parse("falco.yaml", TEXT.as_bytes());
        assert!(odd.is_empty(), "{odd:?}");
        let (config, odd) = tree.lower();
        let odd: Vec<&str> = odd.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(odd, ["'metrics' has no effect here", "unknown key 'rulez'"]);
        assert_eq!(config.rules_files, ["a.yaml", "b.d"]);
        assert_eq!((config.engine.as_deref(), config.capture.as_deref()), (Some("replay"), Some("x.scap")));
        assert_eq!(
            config.switches,
            [(false, Switch::Named("*".into())), (true, Switch::Tagged("network".into()))]
        );
        assert!(config.json && config.shape.iso8601 && !config.shape.tags && config.shape.output);
        assert_eq!((config.priority, config.matching), (Priority::Warning, Matching::All));
        assert!(!config.stdout && config.prometheus && config.watch);
        assert_eq!(config.file.as_deref(), Some("/var/log/f"));
        assert_eq!(config.http.as_deref(), Some("http://127.0.0.1:2801/"));
        assert_eq!(config.program, Some(("cat".into(), true)));
        assert_eq!(config.rate, Some(Rate { per_second: 3, burst: 9 }));
        assert_eq!((config.queue, config.webserver.as_deref()), (Some(7), Some("0.0.0.0:9000")));
        assert_eq!(config.plugins, [("k8saudit".to_owned(), "audit.log".to_owned())]);
        assert_eq!(config.append[0].fields[1], (Some("mine".into()), "%proc.pid".into()));
        assert!(config.append[1].suggested);
        assert!(Tree::default().lower().0.stdout);
        assert!(!Tree::parse("x", b"[1]").1.is_empty() && !Tree::parse("x", b"a: [").1.is_empty());
    }

    #[test]
    fn options_and_further_files() {
        let (mut tree, _) =
            Tree::parse("x", b"a: [1]\nb: 2\nconfig_files:\n  - one\n  - {path: two, strategy: add-only}\n");
        assert_eq!(tree.includes()[1], Include { path: "two".into(), strategy: Strategy::AddOnly });
        let (other, _) = Tree::parse("y", b"a: [2]\nb: 3\nc: 4\n");
        tree.merge(&other, Strategy::Append);
        assert_eq!(serde_json::to_string(&tree.0["a"]).unwrap(), "[1,2]");
        tree.merge(&Tree::parse("y", b"b: 9\nd: 5\n").0, Strategy::AddOnly);
        assert_eq!((tree.0["b"].as_u64(), tree.0["d"].as_u64()), (Some(3), Some(5)));
        tree.set("json_output=true").unwrap();
        tree.set("engine.replay.capture_file=x.scap").unwrap();
        tree.set("rules[].disable.rule=one").unwrap();
        tree.set("rules[].enable.tag=two").unwrap();
        tree.set("a[0]=7").unwrap();
        let (config, _) = tree.lower();
        assert!(config.json && config.capture.as_deref() == Some("x.scap") && config.switches.len() == 2);
        assert_eq!(tree.0["a"][0], 7);
        for bad in ["json_output", "=1", "a[=1", "a[x]=1", "a[99999999]=1", ".=1"] {
            assert!(tree.set(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_appended() {
        let text = "- rule: r\n  desc: d\n  condition: evt.type=open\n  output: o\n  priority: INFO\n  tags: [t]\n\
                    - rule: s\n  desc: d\n  condition: evt.type=open\n  output: o\n  priority: INFO\n";
        let mut loader = super::super::Loader::new(super::super::Limits::default());
        assert!(loader.file("r", text.as_bytes()).successful());
        let mut rules = loader.into_rules();
        for append in Tree::parse("x", TEXT.as_bytes()).0.lower().0.append {
            append.apply(&mut rules, true).unwrap();
        }
        let mut fields = Vec::new();
        rules.rules[0].output.fields(&mut |name, _| fields.push(name.to_owned()));
        assert_eq!(fields[..3], ["evt.num", "proc.name", "proc.pid"]);
        assert_eq!(fields.len(), 9);
        fields.clear();
        rules.rules[1].output.fields(&mut |name, _| fields.push(name.to_owned()));
        assert_eq!(fields, SUGGESTED);
        let bad = Append { text: Some("100%".into()), ..Append::default() };
        assert!(bad.apply(&mut rules, false).is_err());
    }
}
