//! An alert: a rule held for an event. Falco's text and JSON shapes out, and JSON lines in.
//!
//! Shapes: Falco's `userspace/engine/formats.cpp`.

use crate::rule::Priority;
use crate::time;
use model::{
    AlertClass, Confidence, ContainerId, Diagnostic, Evidence, Fact, Finding, Lifetime, NodeName, PodUid,
    Predicate, Rule, Severity, Source, Target, Timestamp,
};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How long an alert keeps a step "in progress" without being raised again: a day, in seconds.
pub const ALERT_LIFETIME: u64 = 86_400;

/// A rule held for an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Name of the rule.
    pub rule: String,
    /// Its priority.
    pub priority: Priority,
    /// Source of the event.
    pub source: String,
    /// Tags of the rule, sorted.
    pub tags: Vec<String>,
    /// What it confirms.
    pub class: AlertClass,
    /// Time of the event in nanoseconds since 1970.
    pub time: Option<u64>,
    /// Number of the event in its stream, from 1; the line of an alert that was read.
    pub number: u64,
    /// The rule's output for this event, safe to print.
    pub message: String,
    /// The whole line, where it was read and not made here.
    pub output: Option<String>,
    /// Fields of the output, typed; null where the event has none.
    pub fields: BTreeMap<String, Json>,
    /// Host it was raised on; empty when unknown.
    pub hostname: String,
    /// What it is about.
    pub target: Target,
    /// Who caused the event, for telling repeats: a process, or a user and the object of a request.
    pub actor: String,
    /// How many events it stands for; more than one when repeats were folded into it.
    pub count: u64,
}

/// Fields of each source by which an alert is joined with what it is about: our own JSON always holds them.
pub static JOINED: &[(&str, &[&str])] = &[
    ("syscall", &["container.id", "k8s.ns.name", "k8s.pod.name"]),
    (
        "k8s_audit",
        &["ka.user.name", "ka.impuser.name", "ka.target.resource", "ka.target.namespace", "ka.target.name"],
    ),
];

/// The key under which a folded alert says how many events it stands for.
pub const COUNT_KEY: &str = "ringwall.count";

/// Which parts of the JSON shape are written, and how times are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// `output`. Default true.
    pub output: bool,
    /// `tags`. Default true.
    pub tags: bool,
    /// `message`. Default false.
    pub message: bool,
    /// `output_fields`. Default true.
    pub fields: bool,
    /// ISO 8601 instead of the time of day. Default false.
    pub iso8601: bool,
}

impl Default for Shape {
    fn default() -> Self {
        Self { output: true, tags: true, message: false, fields: true, iso8601: false }
    }
}

impl Alert {
    /// The text line: time, priority, message.
    pub fn text(&self, shape: &Shape) -> String {
        if let Some(output) = &self.output {
            return output.clone();
        }
        let at = self.time.unwrap_or(0);
        let at = if shape.iso8601 { time::iso8601(at) } else { time::of_day(at) };
        let folded = if self.count > 1 { format!(" ({} times)", self.count) } else { String::new() };
        format!("{at}: {} {}{folded}", self.priority, self.message)
    }

    /// The JSON object as one line, to the byte as the reference writes it: keys sorted, the fields last.
    pub fn json_line(&self, shape: &Shape) -> String {
        let mut all = self.json(shape);
        let fields = all.as_object_mut().and_then(|all| all.remove("output_fields"));
        let mut line = all.to_string();
        if let Some(fields) = fields {
            line.pop();
            line.push_str(", \"output_fields\": ");
            line.push_str(&fields.to_string());
            line.push('}');
        }
        match line.contains(hides) {
            false => line,
            // Only within texts can they stand.
            true => line
                .chars()
                .map(|c| if hides(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() })
                .collect(),
        }
    }

    /// The JSON object; keys are sorted.
    pub fn json(&self, shape: &Shape) -> Json {
        let mut all = Map::new();
        all.insert("time".into(), time::zulu(self.time.unwrap_or(0)).into());
        all.insert("rule".into(), self.rule.as_str().into());
        all.insert("priority".into(), self.priority.name().into());
        all.insert("source".into(), self.source.as_str().into());
        all.insert("hostname".into(), self.hostname.as_str().into());
        if shape.output {
            all.insert("output".into(), self.text(shape).into());
        }
        if shape.tags {
            all.insert("tags".into(), json!(self.tags));
        }
        if shape.message {
            all.insert("message".into(), self.message.as_str().into());
        }
        if shape.fields {
            let mut fields: Map<String, Json> = self.fields.clone().into_iter().collect();
            let key = if shape.iso8601 { "evt.time.iso8601" } else { "evt.time" };
            fields.insert(key.into(), self.time.unwrap_or(0).into());
            if self.count > 1 {
                fields.insert(COUNT_KEY.into(), self.count.into());
            }
            all.insert("output_fields".into(), fields.into());
        }
        Json::Object(all)
    }

    fn at(&self) -> Option<Timestamp> {
        Timestamp::from_nanosecond(i128::from(self.time?)).ok()
    }

    fn evidence(&self, document: &Arc<str>) -> Evidence {
        let line = u32::try_from(self.number).ok();
        Evidence::Document { source: Source::Alert, name: document.clone(), line, at: self.at() }
    }
}

/// Characters that JSON leaves as they are and a terminal does not: controls beyond ASCII, and marks that turn text.
fn hides(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// One fact for each alert, about its target. `document` names the stream or file it comes from.
pub fn facts(alerts: &[Alert], document: &Arc<str>) -> Vec<Fact> {
    let fact = |alert: &Alert| Fact {
        target: alert.target.clone(),
        predicate: Predicate::Alerted(model::Alert {
            rule: alert.rule.clone(),
            priority: alert.priority.name().to_owned(),
            class: alert.class,
            output: alert.output.clone().unwrap_or_else(|| alert.message.clone()),
            at: alert.at(),
        }),
        source: Source::Alert,
        observed_at: alert.at(),
        lifetime: Lifetime::Seconds(ALERT_LIFETIME),
        confidence: Confidence::Confirmed,
        evidence: alert.evidence(document),
    };
    alerts.iter().map(fact).collect()
}

/// What every alert is an instance of; the DetectionRule's name is the finding's instance.
pub static ALERTED: Rule = Rule {
    id: "detect/alert",
    title: "A detection rule fired",
    severity: Severity::Medium,
    controls: &[],
    explain: "An observed event matched a detection rule. The rule's own description says what it means; \
              its priority gives the severity.",
};

/// One finding for each alert.
pub fn findings(alerts: &[Alert], document: &Arc<str>) -> Vec<Finding> {
    let finding = |alert: &Alert| Finding {
        instance: Some(alert.rule.clone()),
        severity: match alert.priority {
            Priority::Emergency | Priority::Alert | Priority::Critical => Severity::Critical,
            Priority::Error => Severity::High,
            Priority::Warning => Severity::Medium,
            Priority::Notice | Priority::Informational | Priority::Debug => Severity::Low,
        },
        ..Finding::new(&ALERTED, alert.target.clone(), alert.evidence(document), alert.message.clone())
    };
    alerts.iter().map(finding).collect()
}

/// What words of a rule's tags and name say of its alerts, most specific first.
static CLASSES: &[(AlertClass, &[&str])] = &[
    (AlertClass::Escape, &["t1611", "escape", "release_agent", "mount launched in privileged", "debugfs"]),
    (
        AlertClass::Credentials,
        &["mitre_credential_access", "t1552", "t1555", "secret get", "credential", "aws"],
    ),
    (
        AlertClass::Execution,
        &["mitre_execution", "t1059", "shell", "exec pod", "ephemeral", "drop and execute", "execution from"],
    ),
];

/// What an alert of this rule confirms.
///
/// A rule over audit events that is more than a notice confirms that a right was used as an attacker would.
pub fn class_of(rule: &str, tags: &[String], source: &str, priority: Priority) -> AlertClass {
    let name = rule.to_ascii_lowercase();
    let says = |word: &&str| name.contains(*word) || tags.iter().any(|tag| tag.eq_ignore_ascii_case(word));
    match CLASSES.iter().find(|(_, words)| words.iter().any(says)) {
        Some((class, _)) => *class,
        None if source == "k8s_audit" && priority <= Priority::Notice => AlertClass::ApiAbuse,
        None => AlertClass::Other,
    }
}

/// How much of an alert file is read.
#[derive(Clone, Copy, Debug)]
pub struct ImportLimits {
    /// Bytes of a line. Default 1 MiB.
    pub line: usize,
    /// Alerts. Default 1,000,000.
    pub alerts: usize,
    /// Diagnostics kept. Default 100.
    pub diagnostics: usize,
}

impl Default for ImportLimits {
    fn default() -> Self {
        Self { line: 1 << 20, alerts: 1_000_000, diagnostics: 100 }
    }
}

/// Alerts read from JSON lines as Falco, Falcosidekick and this engine write them.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// The alerts.
    pub alerts: Vec<Alert>,
    /// Lines that are no alerts.
    pub garbage: u64,
    /// The first of them.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads alerts, one JSON object a line.
pub fn import(text: &[u8], limits: &ImportLimits) -> Imported {
    let mut imported = Imported::default();
    for (index, line) in text.split(|b| *b == b'\n').enumerate() {
        let number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let read = if imported.alerts.len() >= limits.alerts {
            Err(format!("more than {} alerts", limits.alerts))
        } else if line.len() > limits.line {
            Err(format!("line of {} bytes is longer than the cap of {}", line.len(), limits.line))
        } else {
            read_line(line, u64::from(number))
        };
        match read {
            Ok(alert) => imported.alerts.push(alert),
            Err(message) => {
                imported.garbage = imported.garbage.saturating_add(1);
                if imported.diagnostics.len() < limits.diagnostics {
                    let position = model::Position { line: number, column: 1, offset: 0 };
                    imported.diagnostics.push(Diagnostic::error("detect/not-an-alert", message).at(position));
                }
            }
        }
    }
    imported
}

fn read_line(line: &[u8], number: u64) -> Result<Alert, String> {
    let value: Json = serde_json::from_slice(line).map_err(|e| format!("not JSON: {e}"))?;
    let text = |key: &str| value.get(key).and_then(Json::as_str);
    let rule =
        text("rule").filter(|rule| !rule.is_empty()).ok_or("not an alert: it names no rule")?.to_owned();
    let priority = text("priority").unwrap_or("");
    let priority = Priority::parse(priority)
        .ok_or_else(|| format!("not an alert: '{}' is no priority", model::escape(priority)))?;
    let source = text("source").unwrap_or("syscall").to_owned();
    let tags: Vec<String> = match value.get("tags") {
        Some(Json::Array(tags)) => tags.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let stamp = text("time").and_then(|time| time.parse::<Timestamp>().ok());
    let fields: BTreeMap<String, Json> = match value.get("output_fields") {
        Some(Json::Object(fields)) => fields.clone().into_iter().collect(),
        _ => BTreeMap::new(),
    };
    let hostname = text("hostname").unwrap_or("").to_owned();
    let output = text("output").unwrap_or("").to_owned();
    Ok(Alert {
        class: class_of(&rule, &tags, &source, priority),
        target: target_of(&fields, &hostname),
        message: text("message").unwrap_or(&output).to_owned(),
        time: stamp.and_then(|at| u64::try_from(at.as_nanosecond()).ok()),
        output: Some(output),
        rule,
        priority,
        source,
        tags,
        number,
        count: fields.get(COUNT_KEY).and_then(Json::as_u64).unwrap_or(1),
        fields,
        hostname,
        actor: String::new(),
    })
}

/// What an alert's fields say it is about: a pod by name, a container by id, the host, a user.
pub fn target_of(fields: &BTreeMap<String, Json>, hostname: &str) -> Target {
    let text = |key: &str| {
        fields.get(key).and_then(Json::as_str).filter(|text| !matches!(*text, "" | "<NA>" | "N/A" | "null"))
    };
    let pod = |namespace: &str, name: &str| match (text(namespace), text(name)) {
        (Some(namespace), Some(name)) => {
            Some(Target::PodName { namespace: namespace.to_owned(), name: name.to_owned() })
        }
        _ => None,
    };
    if let Some(target) = pod("k8s.ns.name", "k8s.pod.name") {
        return target;
    }
    if let Some(uid) = text("k8s.pod.uid").and_then(PodUid::parse) {
        return Target::Pod(uid);
    }
    match text("container.id") {
        Some("host") if !hostname.is_empty() => return Target::Node(NodeName(hostname.into())),
        Some("host") => {
            return Target::Unresolved { what: "host process".into(), why: "the alert names no host".into() };
        }
        Some(id) => {
            return ContainerId::parse(id).map_or_else(
                || Target::Unresolved { what: id.to_owned(), why: "it is no container id".into() },
                Target::Container,
            );
        }
        None => {}
    }
    if text("ka.target.resource").is_none_or(|resource| resource == "pods")
        && let Some(target) = pod("ka.target.namespace", "ka.target.name")
    {
        return target;
    }
    // As whom it was asked counts: the other only lent the hand.
    match text("ka.impuser.name").or_else(|| text("ka.user.name")) {
        Some(user) => Target::Identity(model::Identity::user(user)),
        None => Target::Unresolved { what: "alert".into(), why: "it names neither pod nor container".into() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"hostname":"node-1","output":"10:00:00.1: Notice A shell was spawned in a container","priority":"Notice","rule":"Terminal shell in container","source":"syscall","tags":["T1059","container","mitre_execution","shell"],"time":"2026-03-01T10:00:00.100000000Z","output_fields":{"container.id":"3ad7b26ded6d","container.name":"web","evt.time":1772359200100000000,"k8s.ns.name":"shop","k8s.pod.name":"web-7d4b9","proc.name":"sh","proc.tty":34816}}"#;

    #[test]
    fn lines_become_facts() {
        let imported = import(LINE.as_bytes(), &ImportLimits::default());
        assert_eq!((imported.alerts.len(), imported.garbage), (1, 0));
        let fact = facts(&imported.alerts, &"alerts.json".into()).pop().unwrap();
        assert_eq!(fact.target, Target::PodName { namespace: "shop".into(), name: "web-7d4b9".into() });
        match &fact.predicate {
            Predicate::Alerted(alert) => {
                assert_eq!(alert.class, AlertClass::Execution);
                assert_eq!(alert.priority, "Notice");
                assert!(alert.output.ends_with("in a container"));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(fact.observed_at.unwrap().to_string(), "2026-03-01T10:00:00.1Z");
        let finding = findings(&imported.alerts, &"alerts.json".into()).pop().unwrap();
        assert_eq!(
            (finding.severity, finding.instance.as_deref()),
            (Severity::Low, Some("Terminal shell in container"))
        );
    }

    #[test]
    fn what_is_written_is_read_again() {
        let alert = import(LINE.as_bytes(), &ImportLimits::default()).alerts.pop().unwrap();
        let again = import(alert.json(&Shape::default()).to_string().as_bytes(), &ImportLimits::default());
        assert_eq!(again.alerts, [alert]);
    }

    #[test]
    fn lines_hide_nothing() {
        let mut alert = import(LINE.as_bytes(), &ImportLimits::default()).alerts.pop().unwrap();
        alert.fields.insert("proc.name".into(), "a\u{9b}31m\u{202e}\n\u{1b}é".into());
        let line = alert.json_line(&Shape::default());
        assert!(line.contains(r#""proc.name":"a\u009b31m\u202e\n\u001bé""#), "{line}");
        assert_eq!(import(line.as_bytes(), &ImportLimits::default()).alerts, [alert]);
    }

    #[test]
    fn targets() {
        let of = |fields: Json, host: &str| {
            let fields: BTreeMap<String, Json> = match fields {
                Json::Object(fields) => fields.into_iter().collect(),
                _ => BTreeMap::new(),
            };
            target_of(&fields, host).to_string()
        };
        for (fields, host, want) in [
            (json!({"k8s.ns.name": "a", "k8s.pod.name": "b", "container.id": "3ad7b26ded6d"}), "", "Pod a/b"),
            (
                json!({"k8s.ns.name": null, "k8s.pod.name": "<NA>", "container.id": "3ad7b26ded6d"}),
                "",
                "container 3ad7b26ded6d",
            ),
            (json!({"k8s.pod.uid": "0D1F", "container.id": "3ad7b26ded6d"}), "", "pod 0d1f"),
            (json!({"container.id": "host"}), "n1", "Node n1"),
            (json!({"container.id": "host"}), "", "host process (the alert names no host)"),
            (json!({"container.id": "zz"}), "", "zz (it is no container id)"),
            (json!({"ka.target.name": "p", "ka.target.namespace": "n", "ka.user.name": "u"}), "", "Pod n/p"),
            (
                json!({"ka.target.resource": "secrets", "ka.target.name": "p", "ka.target.namespace": "n", "ka.user.name": "u"}),
                "",
                "User u",
            ),
            (json!({"ka.user.name": "u", "ka.impuser.name": "v"}), "", "User v"),
            (json!({}), "n1", "alert (it names neither pod nor container)"),
        ] {
            assert_eq!(of(fields.clone(), host), want, "{fields}");
        }
    }

    #[test]
    fn lines_that_are_no_alerts_are_counted() {
        let text = format!("{LINE}\n\n{{}}\nx\n{{\"rule\":\"r\",\"priority\":\"loud\"}}\n[1]\n\u{0}\n{LINE}");
        let imported = import(text.as_bytes(), &ImportLimits::default());
        assert_eq!((imported.alerts.len(), imported.garbage, imported.diagnostics.len()), (2, 5, 5));
        let capped = import(text.as_bytes(), &ImportLimits { line: 10, alerts: 1, diagnostics: 1 });
        assert_eq!((capped.alerts.len(), capped.diagnostics.len()), (0, 1));
    }

    #[test]
    fn classes() {
        let class = |rule: &str, tags: &[&str], source: &str, priority| {
            let tags: Vec<String> = tags.iter().map(|t| (*t).to_owned()).collect();
            class_of(rule, &tags, source, priority)
        };
        use Priority::{Informational, Notice, Warning};
        assert_eq!(
            class("Detect release_agent File Container Escapes", &[], "syscall", Warning),
            AlertClass::Escape
        );
        assert_eq!(
            class("Read sensitive file", &["mitre_credential_access"], "syscall", Warning),
            AlertClass::Credentials
        );
        assert_eq!(class("Attach/Exec Pod", &["k8s"], "k8s_audit", Notice), AlertClass::Execution);
        assert_eq!(
            class("Attach to cluster-admin Role", &["k8s"], "k8s_audit", Warning),
            AlertClass::ApiAbuse
        );
        assert_eq!(class("K8s Service Created", &["k8s"], "k8s_audit", Informational), AlertClass::Other);
        assert_eq!(class("Some rule", &[], "syscall", Warning), AlertClass::Other);
    }
}
