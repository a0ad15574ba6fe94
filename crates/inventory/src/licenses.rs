//! Licences as package metadata declares them: one text into several names.
//!
//! Semantics: Trivy's `pkg/licensing` (`SplitLicenses`) and its reader of package.json.

use serde_json::Value;

/// Words that only the text of a licence holds.
const TEXT: [&str; 11] = [
    "http://",
    "https://",
    "(c)",
    "as-is",
    ";",
    "hereby",
    "permission to use",
    "permission is",
    "use in source",
    "use, copy, modify",
    "using",
];

/// The parts of names that hold `or` and `and` themselves.
const WHOLE: [(&str, &str); 3] = [
    ("lesser", "GNU Library or Lesser General Public License (LGPL)"),
    ("distribution", "Common Development and Distribution License 1.0 (CDDL-1.0)"),
    ("disclaimer", "Historical Permission Notice and Disclaimer (HPND)"),
];

/// `MIT or Apache-2.0, BSD` into its three names.
pub(crate) fn split(text: &str) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    let lower = text.to_lowercase();
    if TEXT.iter().any(|word| lower.contains(word)) {
        return vec![format!("text://{text}")];
    }
    let mut out: Vec<String> = Vec::new();
    for part in parts(text) {
        let lower = part.to_lowercase();
        let first = lower.split(' ').next().unwrap_or_default();
        if let Some(last) = out.last_mut() {
            if matches!(first, "ver" | "version") {
                last.push_str(&format!(", {part}"));
                continue;
            }
            if first == "later" {
                last.push_str(&format!(" or {part}"));
                continue;
            }
            if let Some((_, whole)) = WHOLE.iter().find(|(word, _)| *word == first) {
                if *whole == format!("{last} or {part}") || *whole == format!("{last} and {part}") {
                    *last = (*whole).to_owned();
                }
                continue;
            }
        }
        out.push(part.to_owned());
    }
    out
}

/// What stands between ` or `, ` and ` (with `_` for a space too, and perhaps a comma before) and commas.
fn parts(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let (mut start, mut at) = (0_usize, 0_usize);
    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        let length = word(rest).or_else(|| comma(rest)).unwrap_or(0);
        if length > 0 {
            out.push(text.get(start..at).unwrap_or_default());
            at = at.saturating_add(length);
            start = at;
        } else {
            at = at.saturating_add(rest.chars().next().map_or(1, char::len_utf8));
        }
    }
    out.push(text.get(start..).unwrap_or_default());
    out
}

fn spaces(text: &str) -> usize {
    text.bytes().take_while(|b| matches!(b, b' ' | b'_')).count()
}

fn word(text: &str) -> Option<usize> {
    let comma = usize::from(text.starts_with(','));
    let before = spaces(text.get(comma..)?);
    let at = comma.checked_add(before).filter(|_| before > 0)?;
    let rest = text.get(at..)?;
    let length = if rest.starts_with("or") {
        2
    } else if rest.starts_with("and") {
        3
    } else {
        return None;
    };
    let after = spaces(rest.get(length..)?);
    (after > 0).then(|| at.saturating_add(length).saturating_add(after))
}

fn comma(text: &str) -> Option<usize> {
    let rest = text.strip_prefix(',')?;
    Some(rest.bytes().take_while(|b| *b == b' ').count().saturating_add(1))
}

/// `license` of a package.json: a text, an object with a type, or a list of such objects.
pub(crate) fn of_node(license: Option<&Value>) -> Vec<String> {
    let kind = |value: &Value| value.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let all = match license {
        Some(Value::String(text)) => vec![text.clone()],
        Some(object @ Value::Object(_)) => vec![kind(object)],
        Some(Value::Array(list)) => list.iter().map(kind).collect(),
        _ => Vec::new(),
    };
    all.into_iter().filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitting() {
        for (text, want) in [
            ("", &[][..]),
            ("MIT", &["MIT"]),
            ("MIT or Apache-2.0", &["MIT", "Apache-2.0"]),
            ("GPL-2+, and_BSD,ISC", &["GPL-2+", "BSD", "ISC"]),
            ("Apache License, Version 2.0", &["Apache License, Version 2.0"]),
            ("GPL v2 or later", &["GPL v2 or later"]),
            (
                "GNU Library or Lesser General Public License (LGPL)",
                &["GNU Library or Lesser General Public License (LGPL)"],
            ),
            ("Standard", &["Standard"]),
        ] {
            assert_eq!(split(text), want, "{text}");
        }
        assert!(split("see https://registry.test/")[0].starts_with("text://"));
    }

    #[test]
    fn node() {
        let read = |text: &str| of_node(Some(&serde_json::from_str(text).unwrap()));
        assert_eq!(read(r#""MIT""#), ["MIT"]);
        assert_eq!(read(r#"{"type":"MIT","url":"x"}"#), ["MIT"]);
        assert_eq!(read(r#"[{"type":"MIT"},{"type":"ISC"},{}]"#), ["MIT", "ISC"]);
        assert!(read("7").is_empty() && read("\"\"").is_empty() && of_node(None).is_empty());
    }
}
