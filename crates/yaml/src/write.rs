//! Values as YAML a person would write: whole documents, and the pieces that edits put into one.

use serde_json::{Map, Value};
use std::fmt::Write as _;

/// The fields that open a manifest, in this order; others follow by name.
const FIRST: &[&str] = &["apiVersion", "kind", "metadata", "name", "namespace"];

/// YAML of a value, ending in a line break. Lists of plain words stand in one line.
pub fn write(value: &Value) -> String {
    let mut out = String::new();
    block(&mut out, value, 0);
    out
}

/// What follows `key:` of a mapping whose keys are `depth` spaces in; without the last line break.
pub(crate) fn after_key(value: &Value, depth: usize) -> String {
    let mut out = String::new();
    after(&mut out, value, depth);
    out.truncate(out.trim_end_matches('\n').len());
    out
}

/// What follows `- `, where that stands two characters left of `depth`; without the last line break.
pub(crate) fn after_dash(value: &Value, depth: usize) -> String {
    let mut out = String::new();
    block(&mut out, value, depth);
    out.truncate(out.trim_end_matches('\n').len());
    out
}

fn block(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (index, (key, value)) in ordered(fields).into_iter().enumerate() {
                // The first field of a list's item stands behind its dash.
                let pad = if index == 0 { 0 } else { depth };
                let _ = write!(out, "{:pad$}{}:", "", text(key));
                after(out, value, depth);
            }
        }
        other => {
            let _ = writeln!(out, "{}", inline(other));
        }
    }
}

fn ordered(fields: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut all: Vec<_> = fields.iter().collect();
    all.sort_by_key(|(key, _)| (FIRST.iter().position(|f| f == key).unwrap_or(FIRST.len()), *key));
    all
}

/// What follows a key.
fn after(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let inner = depth.saturating_add(2);
            let _ = write!(out, "\n{:inner$}", "");
            block(out, value, inner);
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            out.push('\n');
            for item in items {
                let _ = write!(out, "{:depth$}- ", "");
                block(out, item, depth.saturating_add(2));
            }
        }
        other => {
            let _ = writeln!(out, " {}", inline(other));
        }
    }
}

/// A value in one line, within brackets if it has parts.
pub(crate) fn inline(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| format!("{}: {}", text(key), inline(value));
            format!("{{{}}}", ordered(fields).into_iter().map(field).collect::<Vec<_>>().join(", "))
        }
        Value::String(word) => text(word),
        other => other.to_string(),
    }
}

/// Words stand as they are where no reader could take them for anything else; the rest is quoted as in JSON, which
/// is YAML but for characters that YAML wants escaped.
pub(crate) fn text(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/' | '_'))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&&*text.to_ascii_lowercase());
    if plain {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in Value::from(text).to_string().chars() {
        match c {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Caps, read};
    use serde_json::json;

    #[test]
    fn a_role() {
        let role = json!({
            "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods", "pods/log"]}],
            "kind": "Role", "apiVersion": "rbac.authorization.k8s.io/v1",
            "metadata": {"name": "a", "namespace": "no", "labels": {}},
        });
        let text = write(&role);
        assert_eq!(
            text,
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n  name: a\n  namespace: \"no\"\n  \
             labels: {}\nrules:\n- apiGroups: [\"\"]\n  resources: [pods, pods/log]\n  verbs: [get]\n"
        );
        let (documents, faults) = read(text.as_bytes(), &Caps::default());
        assert!(faults.is_empty());
        assert_eq!(documents[0].value, role);
    }

    #[test]
    fn words_that_mean_something_else_are_quoted() {
        for text in ["*", "on", "1.2", "a: b", "", "0x1", "system:masters", "\u{202e}"] {
            let value = json!({"v": text});
            let (documents, _) = read(write(&value).as_bytes(), &Caps::default());
            assert_eq!(documents[0].value, value, "{text:?}");
        }
    }
}
