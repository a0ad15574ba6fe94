//! Small objects as YAML a person would write.

use serde_json::Value;
use std::fmt::Write as _;

/// The fields that open a manifest, in this order; others follow by name.
const FIRST: &[&str] = &["apiVersion", "kind", "metadata", "name", "namespace"];

/// YAML of a value. Lists of plain words stand in one line.
pub(crate) fn write(value: &Value) -> String {
    let mut out = String::new();
    block(&mut out, value, 0);
    out
}

fn block(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let mut keys: Vec<&String> = fields.keys().collect();
            keys.sort_by_key(|key| {
                (FIRST.iter().position(|f| f == key).unwrap_or(FIRST.len()), (*key).clone())
            });
            for (index, key) in keys.into_iter().enumerate() {
                // The first field of a list's item stands behind its dash.
                let pad = if index == 0 { 0 } else { depth };
                let _ = write!(out, "{:pad$}{}:", "", scalar(&Value::String(key.clone())));
                after(out, fields.get(key).unwrap_or(&Value::Null), depth);
            }
        }
        other => {
            let _ = writeln!(out, "{}", inline(other));
        }
    }
}

/// What follows a key.
fn after(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let inner = depth + 2;
            let _ = write!(out, "\n{:inner$}", "");
            block(out, value, inner);
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            out.push('\n');
            for item in items {
                let _ = write!(out, "{:depth$}- ", "");
                block(out, item, depth + 2);
            }
        }
        other => {
            let _ = writeln!(out, " {}", inline(other));
        }
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(scalar).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) if fields.is_empty() => "{}".to_owned(),
        other => scalar(other),
    }
}

/// Words stand as they are where no reader could take them for anything else; the rest is JSON, which is YAML.
fn scalar(value: &Value) -> String {
    let Value::String(text) = value else { return value.to_string() };
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/' | '_'))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&&*text.to_ascii_lowercase());
    if plain { text.clone() } else { value.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let (documents, faults) = yaml::read(text.as_bytes(), &yaml::Caps::default());
        assert!(faults.is_empty());
        assert_eq!(documents[0].value, role);
    }

    #[test]
    fn words_that_mean_something_else_are_quoted() {
        for text in ["*", "on", "1.2", "a: b", "", "0x1", "system:masters", "\u{202e}"] {
            let value = json!({"v": text});
            let (documents, _) = yaml::read(write(&value).as_bytes(), &yaml::Caps::default());
            assert_eq!(documents[0].value, value, "{text:?}");
        }
    }
}
