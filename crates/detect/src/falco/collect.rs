//! Reads the items of a file and merges them with what earlier files defined: append, override, enable.
//!
//! Semantics: Falco's `rule_loader_reader.cpp` and `rule_loader_collector.cpp`.

use super::context::{Context, ItemType};
use super::diagnostics::{Code, Problem};
use super::exceptions::{self, Exception};
use super::node::{Item, Read, Source};
use super::version::{ENGINE, Requirement, Version};
use crate::rule::Priority;
use serde_json::Value;
use std::collections::BTreeSet;

/// A list as defined.
#[derive(Clone, Debug)]
pub(super) struct ListItem {
    pub(super) name: String,
    pub(super) items: Vec<String>,
    pub(super) context: Context,
    pub(super) index: usize,
    pub(super) visibility: usize,
}

/// A macro as defined.
#[derive(Clone, Debug)]
pub(super) struct MacroItem {
    pub(super) name: String,
    pub(super) condition: String,
    pub(super) context: Context,
    pub(super) condition_context: Context,
    pub(super) index: usize,
    pub(super) visibility: usize,
}

/// A rule as defined.
#[derive(Clone, Debug)]
pub(super) struct RuleItem {
    pub(super) name: String,
    pub(super) condition: String,
    pub(super) output: String,
    pub(super) desc: String,
    pub(super) tags: BTreeSet<String>,
    pub(super) exceptions: Vec<Exception>,
    pub(super) priority: Priority,
    pub(super) source: String,
    pub(super) known_source: bool,
    pub(super) enabled: bool,
    pub(super) warn_evttypes: bool,
    pub(super) skip_if_unknown: bool,
    pub(super) context: Context,
    pub(super) condition_context: Context,
    pub(super) output_context: Context,
}

/// What an append or override changes.
#[derive(Default)]
struct Update {
    condition: Option<String>,
    output: Option<String>,
    desc: Option<String>,
    tags: Option<BTreeSet<String>>,
    exceptions: Option<Vec<Exception>>,
    priority: Option<Priority>,
    enabled: Option<bool>,
    warn_evttypes: Option<bool>,
    skip_if_unknown: Option<bool>,
    /// `capture` and its settings are understood and have no effect here.
    other: bool,
}

/// Everything defined so far.
#[derive(Clone, Default)]
pub(super) struct Collector {
    pub(super) lists: Vec<ListItem>,
    pub(super) macros: Vec<MacroItem>,
    pub(super) rules: Vec<RuleItem>,
    pub(super) engine: Option<Version>,
    pub(super) plugins: Vec<(Requirement, Context)>,
    next: usize,
}

/// Which fields a source has; `None` for a source nothing here produces.
pub(super) type Known<'a> = &'a dyn Fn(&str, &str) -> Option<bool>;

const OVERRIDE_AND_APPEND: &str = "keys 'override' and 'append: true' cannot be used together";
const APPEND_OLD: &str =
    "'append' key is deprecated: add an 'append' entry (e.g. 'condition: append') under 'override'";
const ENABLED_OLD: &str =
    "a standalone 'enabled' key is deprecated: it needs 'enabled: replace' under the 'override' key too";

const APPENDABLE: &[&str] = &["condition", "output", "desc", "tags", "exceptions"];
const REPLACEABLE: &[&str] = &[
    "condition",
    "output",
    "desc",
    "priority",
    "tags",
    "exceptions",
    "enabled",
    "warn_evttypes",
    "skip-if-unknown-filter",
    "capture",
    "capture_duration",
    "capture_events",
    "capture_filesize",
];
const RULE_KEYS: &[&str] = &["rule", "source", "append", "override"];

fn invalid(message: impl Into<String>, context: &Context) -> Problem {
    Problem::new(Code::ErrValidate, message, context)
}

fn identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn bare(name: &str) -> bool {
    name.bytes().all(|b| !b.is_ascii_whitespace() && b != 0x0b && !b"()\"'=,".contains(&b))
}

/// One item being read.
pub(super) struct Reader<'r, 't> {
    pub(super) collector: &'r mut Collector,
    pub(super) source: &'r mut Source<'t>,
    pub(super) known: Known<'r>,
    pub(super) warnings: &'r mut Vec<Problem>,
}

impl Reader<'_, '_> {
    fn warn(&mut self, code: Code, message: impl Into<String>, context: &Context) {
        self.warnings.push(Problem::new(code, message, context));
    }

    fn index(&mut self) -> usize {
        let index = self.collector.next;
        self.collector.next = index.saturating_add(1);
        index
    }

    /// Reads one item of the file's list.
    pub(super) fn item(&mut self, value: &Value, place: &Context) -> Read<()> {
        let otherwise = "unexpected element type: each element should be a mapping";
        let item = Item::new(value, place.clone(), otherwise)?;
        let named = |kind: ItemType, name: &str| {
            let mut context = place.clone();
            if let Some(last) = context.locations.last_mut() {
                (last.kind, last.name) = (kind, name.to_owned());
            }
            Item { map: item.map, context }
        };
        if item.has("required_engine_version") {
            return self.engine(&named(ItemType::RequiredEngineVersion, ""));
        }
        if item.has("required_plugin_versions") {
            return self.plugins(&item);
        }
        for (key, kind) in [("list", ItemType::List), ("macro", ItemType::Macro), ("rule", ItemType::Rule)] {
            if item.has(key) {
                let name = named(kind, "").text(self.source, key)?;
                let item = named(kind, &name);
                return match kind {
                    ItemType::List => self.list(&item, name),
                    ItemType::Macro => self.macro_item(&item, name),
                    _ => self.rule(&item, name),
                };
            }
        }
        self.warn(Code::UnknownItem, "unknown top level item", place);
        Ok(())
    }

    fn unknown_keys(&mut self, item: &Item<'_>, known: &[&[&str]]) {
        for key in item.map.keys().filter(|key| !known.iter().any(|keys| keys.contains(&key.as_str()))) {
            let message = format!("unknown key '{key}'");
            let context = item.at(ItemType::ValueFor, key, key);
            self.warn(Code::UnknownKey, message, &context);
        }
    }

    fn engine(&mut self, item: &Item<'_>) -> Read<()> {
        self.unknown_keys(item, &[&["required_engine_version"]]);
        let text = item.text(self.source, "required_engine_version")?;
        let Some(version) = Version::parse_engine(&text) else {
            return Err(
                item.fault(format!("unable to parse engine version '{text}': expected x.y.z or a number"))
            );
        };
        if !ENGINE.serves(version) {
            let message = format!("rules require engine version {version}, but engine version is {ENGINE}");
            return Err(invalid(message, &item.context));
        }
        self.collector.engine = self.collector.engine.max(Some(version));
        Ok(())
    }

    fn plugins(&mut self, item: &Item<'_>) -> Read<()> {
        self.unknown_keys(item, &[&["required_plugin_versions"]]);
        let otherwise = "value of required_plugin_versions must be a sequence";
        let plugins =
            item.sequence("required_plugin_versions", ItemType::RequiredPluginVersions, otherwise)?;
        for (value, place) in plugins {
            let plugin = Item::new(value, place, "plugin version must be a mapping")?;
            let mut requirement = vec![self.plugin(&plugin)?];
            if plugin.has("alternatives") {
                let otherwise = "value of plugin version alternatives must be a sequence";
                let kind = ItemType::RequiredPluginVersionsAlternative;
                for (value, place) in plugin.sequence("alternatives", kind, otherwise)? {
                    let other = Item::new(value, place, "plugin version alternative must be a mapping")?;
                    let (name, version) = self.plugin(&other)?;
                    if requirement.iter().any(|(n, _)| *n == name) {
                        let message = format!("more than one version required of plugin '{name}'");
                        return Err(invalid(message, &plugin.context));
                    }
                    requirement.push((name, version));
                }
            }
            self.collector.plugins.push((requirement, plugin.context.clone()));
        }
        Ok(())
    }

    fn plugin(&mut self, item: &Item<'_>) -> Read<(String, Version)> {
        let name = item.text(self.source, "name")?;
        let text = item.text(self.source, "version")?;
        match Version::parse(&text) {
            Some(version) => Ok((name, version)),
            None => {
                Err(invalid(format!("invalid required version '{text}' for plugin '{name}'"), &item.context))
            }
        }
    }

    fn append_flag(&mut self, item: &Item<'_>) -> Read<bool> {
        let append = item.optional_flag(self.source, "append", false)?;
        if append {
            self.warn(Code::DeprecatedItem, APPEND_OLD, &item.context);
        }
        Ok(append)
    }

    /// The keys to append to and those to replace, as `override` names them.
    fn overrides(
        &mut self,
        item: &Item<'_>,
        appendable: &[&str],
        replaceable: &[&str],
    ) -> Read<(Vec<String>, Vec<String>)> {
        let (mut append, mut replace) = (Vec::new(), Vec::new());
        let context = item.at(ItemType::Overrides, "", "override");
        let block = match item.map.get("override") {
            None => return Ok((append, replace)),
            Some(value) => Item::new(value, context, "override must be a mapping")?,
        };
        for key in block.map.keys() {
            let operation = block.text(self.source, key)?;
            let at = block.at(ItemType::Overrides, key, key);
            let may = |keys: &[&str]| keys.contains(&key.as_str());
            let refused = match operation.as_str() {
                "append" if may(appendable) => {
                    append.push(key.clone());
                    continue;
                }
                "replace" if may(replaceable) => {
                    replace.push(key.clone());
                    continue;
                }
                "append" => format!("key '{key}' cannot be appended to, use 'replace' instead"),
                "replace" => format!("key '{key}' cannot be replaced"),
                other => {
                    let a = if may(appendable) { " append" } else { "" };
                    let r = if may(replaceable) { " replace" } else { "" };
                    format!("invalid override operation for key '{key}': '{other}'; allowed:{a}{r}")
                }
            };
            return Err(Problem::new(Code::ErrYamlValidate, refused, &at));
        }
        Ok((append, replace))
    }

    fn list(&mut self, item: &Item<'_>, name: String) -> Read<()> {
        self.unknown_keys(item, &[&["list", "items", "append", "override"]]);
        if !bare(&name) {
            let message = "a list's name may hold no blanks, parentheses, quotes, commas or equal signs";
            self.warn(Code::InvalidListName, message, &item.context);
        }
        let items = item.texts(self.source, "items")?;
        let append = self.append_flag(item)?;
        let (appends, replaces) = self.overrides(item, &["items"], &["items"])?;
        if append && !(appends.is_empty() && replaces.is_empty()) {
            return Err(item.fault(OVERRIDE_AND_APPEND));
        }
        let index = self.index();
        let context = item.context.clone();
        let lists = &mut self.collector.lists;
        match lists.iter_mut().find(|l| l.name == name) {
            Some(list) if append || !appends.is_empty() => {
                list.items.extend(items);
                list.visibility = index;
            }
            Some(list) => {
                let index_first = list.index;
                *list = ListItem { name, items, context, index: index_first, visibility: index };
            }
            None if append || !appends.is_empty() => {
                let message = "list is appended to, but no list by that name exists";
                return Err(invalid(message, &context));
            }
            None => lists.push(ListItem { name, items, context, index, visibility: index }),
        }
        Ok(())
    }

    fn macro_item(&mut self, item: &Item<'_>, name: String) -> Read<()> {
        self.unknown_keys(item, &[&["macro", "condition", "append", "override"]]);
        if !identifier(&name) {
            let message = "a macro's name must be a letter followed by letters, digits and underscores";
            self.warn(Code::InvalidMacroName, message, &item.context);
        }
        let condition = item.text(self.source, "condition")?;
        let condition_context = item.at(ItemType::MacroCondition, "", "condition");
        let append = self.append_flag(item)?;
        let (appends, replaces) = self.overrides(item, &["condition"], &["condition"])?;
        if append && !(appends.is_empty() && replaces.is_empty()) {
            return Err(item.fault(OVERRIDE_AND_APPEND));
        }
        let visibility = self.index();
        let context = item.context.clone();
        let macros = &mut self.collector.macros;
        match macros.iter_mut().find(|m| m.name == name) {
            Some(known) if append || !appends.is_empty() => {
                known.condition = format!("{} {condition}", known.condition);
                known.visibility = visibility;
            }
            Some(known) => {
                let index = known.index;
                *known = MacroItem { name, condition, context, condition_context, index, visibility };
            }
            None if append || !appends.is_empty() => {
                let message = "macro is appended to, but no macro by that name exists";
                return Err(invalid(message, &context));
            }
            None => {
                macros.push(MacroItem {
                    name,
                    condition,
                    context,
                    condition_context,
                    index: visibility,
                    visibility,
                });
            }
        }
        Ok(())
    }

    fn rule(&mut self, item: &Item<'_>, name: String) -> Read<()> {
        self.unknown_keys(item, &[RULE_KEYS, REPLACEABLE]);
        let append = self.append_flag(item)?;
        let (appends, replaces) = self.overrides(item, APPENDABLE, REPLACEABLE)?;
        let overrides = !(appends.is_empty() && replaces.is_empty());
        if append && overrides {
            return Err(item.fault(OVERRIDE_AND_APPEND));
        }
        if overrides {
            return self.override_rule(item, &name, &appends, &replaces);
        }
        if append {
            let keys: Vec<String> =
                ["condition", "exceptions"].iter().filter(|k| item.has(k)).map(|k| (*k).to_owned()).collect();
            let update = self.update(item, &keys, "append")?;
            return self.append(item, &name, update);
        }
        if !["condition", "output", "desc", "priority"].iter().any(|key| item.has(key)) {
            let enabled = item.flag(self.source, "enabled")?;
            self.warn(Code::DeprecatedItem, ENABLED_OLD, &item.context);
            let message = "rule has 'enabled' key but no rule by that name exists";
            let rule = self.collector.rules.iter_mut().find(|r| r.name == name);
            rule.ok_or_else(|| invalid(message, &item.context))?.enabled = enabled;
            return Ok(());
        }
        self.define_rule(item, name)
    }

    fn priority(&mut self, item: &Item<'_>) -> Read<Priority> {
        let text = item.text(self.source, "priority")?;
        let context = item.at(ItemType::RulePriority, "", "priority");
        Priority::parse(&text)
            .ok_or_else(|| Problem::new(Code::ErrYamlValidate, "invalid priority", &context))
    }

    fn define_rule(&mut self, item: &Item<'_>, name: String) -> Read<()> {
        let condition = item.text(self.source, "condition")?;
        let output = item.text(self.source, "output")?.trim().to_owned();
        let desc = item.text(self.source, "desc")?;
        let priority = self.priority(item)?;
        let source = item.optional_text(self.source, "source")?.unwrap_or_else(|| "syscall".to_owned());
        let enabled = item.optional_flag(self.source, "enabled", true)?;
        let warn_evttypes = item.optional_flag(self.source, "warn_evttypes", true)?;
        let skip_if_unknown = item.optional_flag(self.source, "skip-if-unknown-filter", false)?;
        let tags = item.optional_texts(self.source, "tags")?.into_iter().collect();
        let mut exceptions = exceptions::read(item, self.source, false, self.warnings)?;
        let known = self.known;
        let known_source = known(&source, "").is_some();
        if self.collector.rules.iter().any(|r| r.name == name && r.source != source) {
            return Err(invalid("rule has been re-defined with a different source", &item.context));
        }
        if !known_source {
            let message = format!("unknown source {source}, skipping");
            self.warn(Code::UnknownSource, message, &item.context);
        }
        for exception in &mut exceptions {
            exception.validate(&|field| known(&source, field).unwrap_or(true))?;
        }
        let rule = RuleItem {
            name,
            condition,
            output,
            desc,
            tags,
            exceptions,
            priority,
            source,
            known_source,
            enabled,
            warn_evttypes,
            skip_if_unknown,
            context: item.context.clone(),
            condition_context: item.at(ItemType::RuleCondition, "", "condition"),
            output_context: item.at(ItemType::RuleOutput, "", "output"),
        };
        let rules = &mut self.collector.rules;
        match rules.iter_mut().find(|r| r.name == rule.name) {
            Some(known) => *known = rule,
            None => rules.push(rule),
        }
        Ok(())
    }

    fn override_rule(
        &mut self,
        item: &Item<'_>,
        name: &str,
        appends: &[String],
        replaces: &[String],
    ) -> Read<()> {
        for (keys, operation) in [(appends, "append"), (replaces, "replace")] {
            if let Some(key) = keys.iter().find(|key| !item.has(key)) {
                let message = format!("override '{operation}' for '{key}', but '{key}' is not defined");
                return Err(item.fault(message));
            }
        }
        if !appends.is_empty() {
            let update = self.update(item, appends, "append")?;
            self.append(item, name, update)?;
        }
        if !replaces.is_empty() {
            let update = self.update(item, replaces, "replace")?;
            self.replace(item, name, update)?;
        }
        let named = |key: &str| appends.iter().chain(replaces).any(|k| k == key);
        match REPLACEABLE.iter().find(|key| item.has(key) && !named(key)) {
            None => Ok(()),
            Some(key) => {
                let message = format!("unexpected key '{key}': no corresponding entry under 'override'");
                Err(Problem::new(Code::ErrYamlValidate, message, &item.at(ItemType::Overrides, key, key)))
            }
        }
    }

    fn update(&mut self, item: &Item<'_>, keys: &[String], operation: &str) -> Read<Update> {
        let mut update = Update::default();
        for key in keys {
            let source = &mut *self.source;
            match key.as_str() {
                "condition" => update.condition = Some(item.text(source, key)?),
                "output" => update.output = Some(item.text(source, key)?),
                "desc" => update.desc = Some(item.text(source, key)?),
                "tags" => update.tags = Some(item.texts(source, key)?.into_iter().collect()),
                "exceptions" => {
                    let append = operation == "append";
                    update.exceptions = Some(exceptions::read(item, source, append, self.warnings)?);
                }
                "priority" => update.priority = Some(self.priority(item)?),
                "enabled" => update.enabled = Some(item.flag(source, key)?),
                "warn_evttypes" => update.warn_evttypes = Some(item.flag(source, key)?),
                "skip-if-unknown-filter" => update.skip_if_unknown = Some(item.flag(source, key)?),
                _ => update.other = true,
            }
        }
        Ok(update)
    }

    fn append(&mut self, item: &Item<'_>, name: &str, update: Update) -> Read<()> {
        let context = &item.context;
        let known = self.known;
        let missing = "rule is appended to, but no rule by that name exists";
        let rule = self.collector.rules.iter_mut().find(|r| r.name == name);
        let rule = rule.ok_or_else(|| invalid(missing, context))?;
        let some = update.condition.is_some() || update.exceptions.is_some() || update.output.is_some();
        if !(some || update.desc.is_some() || update.tags.is_some()) {
            return Err(invalid("appended rule must have exceptions or condition property", context));
        }
        let extend = |text: &mut String, more: Option<String>| {
            if let Some(more) = more {
                *text = format!("{text} {more}");
            }
        };
        extend(&mut rule.condition, update.condition);
        extend(&mut rule.output, update.output);
        extend(&mut rule.desc, update.desc);
        rule.tags.extend(update.tags.unwrap_or_default());
        for mut exception in update.exceptions.unwrap_or_default() {
            match rule.exceptions.iter_mut().find(|e| e.name == exception.name) {
                None => {
                    if exception.fields.is_some() && exception.values.is_empty() {
                        let message = "rule exception must have values property with a list of values";
                        return Err(invalid(message, &exception.context));
                    }
                    exception.validate(&|field| known(&rule.source, field).unwrap_or(true))?;
                    rule.exceptions.push(exception);
                }
                Some(old) => {
                    for (part, what) in [(&exception.fields, "fields"), (&exception.comps, "comps")] {
                        if part.is_some() {
                            let message =
                                format!("can not append exception {what} to existing exception, only values");
                            return Err(invalid(message, &exception.context));
                        }
                    }
                    old.values.extend(exception.values);
                }
            }
        }
        Ok(())
    }

    fn replace(&mut self, item: &Item<'_>, name: &str, update: Update) -> Read<()> {
        let context = &item.context;
        let known = self.known;
        let missing = "a rule's key is replaced, but no rule by that name exists";
        let rule = self.collector.rules.iter_mut().find(|r| r.name == name);
        let rule = rule.ok_or_else(|| invalid(missing, context))?;
        fn set<T>(to: &mut T, from: Option<T>) {
            if let Some(from) = from {
                *to = from;
            }
        }
        let mut exceptions = update.exceptions;
        for exception in exceptions.iter_mut().flatten() {
            exception.validate(&|field| known(&rule.source, field).unwrap_or(true))?;
        }
        set(&mut rule.condition, update.condition);
        set(&mut rule.output, update.output);
        set(&mut rule.desc, update.desc);
        set(&mut rule.tags, update.tags);
        set(&mut rule.exceptions, exceptions);
        set(&mut rule.priority, update.priority);
        set(&mut rule.enabled, update.enabled);
        set(&mut rule.warn_evttypes, update.warn_evttypes);
        set(&mut rule.skip_if_unknown, update.skip_if_unknown);
        Ok(())
    }
}
