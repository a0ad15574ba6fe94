//! trivy-secret.yaml: own rules, and which of the built-in ones count.
//!
//! Semantics: Trivy's `Config` in `pkg/fanal/secret/scanner.go`. Keys that are not known mean nothing, as there.

use super::dialect;
use crate::glob;
use model::{Diagnostic, Level};
use regex::bytes::Regex;
use yaml::Value;

/// Why settings cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// It is no YAML mapping.
    #[error("{0}")]
    Document(String),
    /// A rule (or allowance) of it.
    #[error("{rule}: {why}")]
    Rule {
        /// Its id, or its place in the list.
        rule: String,
        /// What is wrong.
        why: String,
    },
}

/// Which secrets are looked for.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Built-in rules that count; empty for all.
    pub(super) enabled: Vec<String>,
    /// Rules that do not.
    pub(super) disabled: Vec<String>,
    /// Allowances that do not.
    pub(super) disabled_allowances: Vec<String>,
    pub(super) rules: Vec<OwnRule>,
    pub(super) allowed: Vec<OwnAllowance>,
    pub(super) excluded: Vec<Regex>,
    /// Patterns of files that are not looked at, in place of the usual ones.
    pub(super) skipped: Option<Vec<String>>,
}

/// A rule of the settings.
#[derive(Clone, Debug)]
pub(super) struct OwnRule {
    pub(super) id: String,
    pub(super) category: String,
    pub(super) title: String,
    pub(super) severity: String,
    pub(super) regex: Option<Regex>,
    pub(super) keywords: Vec<String>,
    pub(super) path: Option<Regex>,
    pub(super) allowed: Vec<OwnAllowance>,
    pub(super) excluded: Vec<Regex>,
    pub(super) group: String,
}

/// What is allowed where.
#[derive(Clone, Debug, Default)]
pub(super) struct OwnAllowance {
    pub(super) id: String,
    /// The expression over paths as it was written.
    pub(super) path: Option<Regex>,
    pub(super) text: Option<Regex>,
}

/// Reads the settings. What is odd in them is told beside them.
///
/// # Errors
/// When a part of them cannot be used: a search that leaves out what it was told to look for would say too much.
pub fn settings(text: &[u8]) -> Result<(Settings, Vec<Diagnostic>), SettingsError> {
    let (documents, diagnostics) = yaml::read(text, &yaml::Caps::default());
    if let Some(bad) = diagnostics.iter().find(|d| d.level == Level::Error) {
        let line = bad.position.map(|at| format!("line {}: ", at.line)).unwrap_or_default();
        return Err(SettingsError::Document(format!("{line}{}", bad.message)));
    }
    let Some(document) = documents.into_iter().next() else {
        return Err(SettingsError::Document("it is empty".to_owned()));
    };
    let whole = &document.value;
    if !whole.is_object() {
        return Err(SettingsError::Document("it is no mapping".to_owned()));
    }
    let at_top = |why| SettingsError::Document(why);
    let mut odd = Vec::new();
    let mut out = Settings {
        enabled: texts(whole, "enable-builtin-rules").map_err(at_top)?,
        disabled: texts(whole, "disable-rules").map_err(at_top)?,
        disabled_allowances: texts(whole, "disable-allow-rules").map_err(at_top)?,
        allowed: allowances(whole, "allow-rules")?,
        excluded: excluded(whole).map_err(|why| in_rule("exclude-block", why))?,
        ..Settings::default()
    };
    if whole.get("skip-patterns").is_some_and(|value| !value.is_null()) {
        let patterns = texts(whole, "skip-patterns").map_err(at_top)?;
        if let Some(bad) = patterns.iter().find(|pattern| glob(pattern).is_none()) {
            return Err(SettingsError::Document(format!("skip-patterns: {bad} is no pattern")));
        }
        out.skipped = Some(patterns);
    }
    for (at, value) in list(whole, "rules").map_err(at_top)?.iter().enumerate() {
        let name = named(value, "rules", at);
        let rule = rule(value).map_err(|why| in_rule(&name, why))?;
        odd.extend(oddities(&rule, &name).into_iter().map(|what| Diagnostic::warning("secrets/rule", what)));
        out.rules.push(rule);
    }
    Ok((out, odd))
}

fn in_rule(rule: &str, why: String) -> SettingsError {
    SettingsError::Rule { rule: rule.to_owned(), why }
}

/// A rule by its id, where it has one.
fn named(value: &Value, list: &str, at: usize) -> String {
    match value.get("id").and_then(Value::as_str) {
        Some(id) if !id.is_empty() => format!("rule {id}"),
        _ => format!("{list}[{at}]"),
    }
}

fn list<'v>(value: &'v Value, key: &str) -> Result<&'v [Value], String> {
    match value.get(key) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(list)) => Ok(list),
        Some(_) => Err(format!("{key} is no list")),
    }
}

fn text(value: &Value, key: &str) -> Result<String, String> {
    match value.get(key) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(scalar @ (Value::Number(_) | Value::Bool(_))) => Ok(scalar.to_string()),
        Some(_) => Err(format!("{key} is no text")),
    }
}

fn texts(value: &Value, key: &str) -> Result<Vec<String>, String> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        _ => Err(format!("{key} is no list of texts")),
    };
    list(value, key)?.iter().map(one).collect()
}

/// An expression; `None` when none is written.
fn expression(value: &Value, key: &str) -> Result<Option<Regex>, String> {
    let written = value.get(key).is_some_and(|value| !value.is_null());
    let compiled = |pattern: String| dialect::compile(&pattern).map_err(|why| format!("{key}: {why}"));
    written.then(|| text(value, key).and_then(compiled)).transpose()
}

fn excluded(value: &Value) -> Result<Vec<Regex>, String> {
    let Some(block) = value.get("exclude-block") else { return Ok(Vec::new()) };
    let compile = |pattern: &String| dialect::compile(pattern).map_err(|why| format!("regexes: {why}"));
    texts(block, "regexes")?.iter().map(compile).collect()
}

fn allowances(value: &Value, key: &str) -> Result<Vec<OwnAllowance>, SettingsError> {
    let all = list(value, key).map_err(SettingsError::Document)?;
    let one = |(at, value): (usize, &Value)| {
        let read = || -> Result<OwnAllowance, String> {
            Ok(OwnAllowance {
                id: text(value, "id")?,
                path: expression(value, "path")?,
                text: expression(value, "regex")?,
            })
        };
        read().map_err(|why| in_rule(&named(value, key, at).replace("rule ", "allow rule "), why))
    };
    all.iter().enumerate().map(one).collect()
}

fn rule(value: &Value) -> Result<OwnRule, String> {
    if !value.is_object() {
        return Err("it is no mapping".to_owned());
    }
    Ok(OwnRule {
        id: text(value, "id")?,
        category: text(value, "category")?,
        title: text(value, "title")?,
        severity: text(value, "severity")?,
        regex: expression(value, "regex")?,
        keywords: texts(value, "keywords")?,
        path: expression(value, "path")?,
        allowed: allowances(value, "allow-rules").map_err(|error| error.to_string())?,
        excluded: excluded(value)?,
        group: text(value, "secret-group-name")?,
    })
}

/// What a rule says that can hardly be meant.
fn oddities(rule: &OwnRule, name: &str) -> Vec<String> {
    let mut out = Vec::new();
    let severities = ["UNKNOWN", "LOW", "MEDIUM", "HIGH", "CRITICAL"];
    if !severities.contains(&rule.severity.to_uppercase().as_str()) {
        out.push(format!("{name}: {:?} is no severity; UNKNOWN is taken", rule.severity));
    }
    match &rule.regex {
        None => out.push(format!("{name}: it has no regex and finds nothing")),
        Some(regex) if !rule.group.is_empty() => {
            if dialect::groups(regex, &rule.group).next().is_none() {
                out.push(format!("{name}: its regex has no group {}; it finds nothing", rule.group));
            }
        }
        Some(_) => {}
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole() {
        let text = b"enable-builtin-rules: [aws-access-key-id]\ndisable-rules:\n  - x\ndisable-allow-rules: [tests]\nskip-patterns: []\nfuture: 1\nrules:\n  - id: own\n    category: general\n    title: Own\n    severity: high\n    regex: (?P<secret>k-[0-9]{4})\n    keywords: [k-, 12]\n    path: .*\\.sh$\n    secret-group-name: secret\n    allow-rules:\n      - id: a\n        regex: 0000\n    exclude-block:\n      description: d\n      regexes: ['--x.*']\nallow-rules:\n  - id: b\n    path: doc\nexclude-block:\n  regexes: [q]\n";
        let (settings, odd) = settings(text).unwrap();
        assert_eq!((settings.rules.len(), settings.allowed.len(), settings.excluded.len()), (1, 1, 1));
        assert_eq!((settings.skipped, odd.len()), (Some(Vec::new()), 0));
        assert_eq!(settings.rules[0].keywords, ["k-", "12"]);
        assert_eq!((settings.rules[0].allowed.len(), settings.rules[0].excluded.len()), (1, 1));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, want) in [
            ("", "it is empty"),
            ("- a", "no mapping"),
            ("a: [", "line "),
            ("rules: x", "rules is no list"),
            ("rules:\n- id: own\n  regex: '('", "rule own: regex: "),
            ("rules:\n- regex: '(?=a)'", "rules[0]: regex: looking around"),
            (
                "rules:\n- id: own\n  regex: a\n  allow-rules:\n  - id: x\n    path: '['",
                "rule own: allow rule x: path",
            ),
            ("rules:\n- id: own\n  regex: a\n  exclude-block:\n    regexes: ['*']", "rule own: regexes: "),
            ("rules:\n- 1", "rules[0]: it is no mapping"),
            ("rules:\n- id: own\n  keywords: [{a: b}]", "rule own: keywords is no list of texts"),
            ("allow-rules:\n- id: x\n  regex: '('", "allow rule x: regex"),
            ("exclude-block:\n  regexes: ['(']", "exclude-block: regexes"),
            ("skip-patterns: ['[']", "[ is no pattern"),
            ("disable-rules: {a: b}", "disable-rules is no list"),
        ] {
            let error = settings(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(want), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_odd_is_told() {
        let text = b"rules:\n- id: a\n  severity: terrible\n- id: b\n  severity: low\n  regex: x\n  secret-group-name: g\n";
        let odd = settings(text).unwrap().1;
        let said: Vec<&str> = odd.iter().map(|d| d.message.as_str()).collect();
        assert!(
            said[0].contains("terrible") && said[1].contains("no regex") && said[2].contains("no group g")
        );
        assert_eq!(said.len(), 3);
    }
}
