//! Accepted findings: `.trivyignore` and `.trivyignore.yaml`.
//!
//! Semantics: Trivy's `pkg/result/ignore.go`. An entry past its date no longer hides anything.

use super::report::DetectedVulnerability;
use super::{Json, purl};
use inventory::glob;
use model::{Diagnostic, Timestamp};
use regex::Regex;
use serde::Serialize;
use std::sync::Arc;
use yaml::Value;

/// One accepted finding.
#[derive(Clone, Debug)]
struct Entry {
    /// `vulnerability`, `misconfiguration`, `secret`, `license`; empty for any.
    class: &'static str,
    id: String,
    paths: Vec<Regex>,
    purls: Vec<String>,
    statement: String,
    source: Arc<str>,
}

/// Accepted findings.
#[derive(Clone, Debug, Default)]
pub struct Ignore {
    entries: Vec<Entry>,
}

impl PartialEq for Ignore {
    fn eq(&self, other: &Self) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }
}

impl Eq for Ignore {}

/// The entry a finding was accepted by.
pub(crate) struct Accepted<'a>(&'a Entry);

impl Accepted<'_> {
    /// The finding as a report lists it among those that were taken out.
    pub(crate) fn modified(&self, class: &str, finding: &impl Serialize) -> Json {
        super::ordered::modified(class, "ignored", &self.0.statement, &self.0.source, finding)
    }
}

const SECTIONS: [(&str, &str); 4] = [
    ("vulnerabilities", "vulnerability"),
    ("misconfigurations", "misconfiguration"),
    ("secrets", "secret"),
    ("licenses", "license"),
];

impl Ignore {
    /// Adds a `.trivyignore`: an id a line, `exp:YYYY-MM-DD` after it, `#` before a comment.
    pub fn plain(&mut self, text: &str, source: &str, now: Timestamp) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let mut words = line.split_whitespace();
            let id = words.next().unwrap_or_default();
            match words.find_map(|word| word.strip_prefix("exp:")).map(|day| (day, expired(day, now))) {
                Some((_, Some(true))) => continue,
                Some((day, None)) => {
                    let message =
                        format!("line {}: {day} is no date; the entry hides nothing", at.saturating_add(1));
                    diagnostics.push(Diagnostic::error("ignore/date", message).in_document(source));
                    continue;
                }
                _ => {}
            }
            self.push("", id, Vec::new(), Vec::new(), "", source);
        }
        diagnostics
    }

    /// Adds a `.trivyignore.yaml`: one list a class of findings, with paths, package URLs, date and statement.
    pub fn yaml(&mut self, text: &[u8], source: &str, now: Timestamp) -> Vec<Diagnostic> {
        let (documents, mut diagnostics) = yaml::read(text, &yaml::Caps::default());
        for document in documents {
            for (section, class) in SECTIONS {
                let list = document
                    .value
                    .get(section)
                    .and_then(Value::as_array)
                    .map(Vec::as_slice)
                    .unwrap_or_default();
                for (at, entry) in list.iter().enumerate() {
                    if let Err(why) = self.entry(class, entry, source, now) {
                        let message = format!("{section}[{at}]: {why}; the entry hides nothing");
                        diagnostics.push(Diagnostic::error("ignore/entry", message));
                    }
                }
            }
        }
        diagnostics.into_iter().map(|d| d.in_document(source)).collect()
    }

    fn entry(
        &mut self,
        class: &'static str,
        entry: &Value,
        source: &str,
        now: Timestamp,
    ) -> Result<(), String> {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        let list = |key: &str| match entry.get(key) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(list)) => {
                let texts = list.iter().map(|v| v.as_str().map(str::to_owned));
                texts.collect::<Option<Vec<_>>>().ok_or_else(|| format!("{key} is no list of texts"))
            }
            Some(_) => Err(format!("{key} is no list")),
        };
        let id = text("id");
        if id.is_empty() {
            return Err("no id".to_owned());
        }
        match text("expired_at") {
            "" => {}
            day => match expired(day, now) {
                Some(true) => return Ok(()),
                Some(false) => {}
                None => return Err(format!("{day} is no date")),
            },
        }
        let paths = list("paths")?.into_iter().map(|p| glob(&p).ok_or_else(|| format!("{p} is no pattern")));
        let paths = paths.collect::<Result<Vec<_>, _>>()?;
        self.push(class, id, paths, list("purls")?, text("statement"), source);
        Ok(())
    }

    fn push(
        &mut self,
        class: &'static str,
        id: &str,
        paths: Vec<Regex>,
        purls: Vec<String>,
        statement: &str,
        source: &str,
    ) {
        let (id, statement, source) = (id.to_owned(), statement.to_owned(), source.into());
        self.entries.push(Entry { class, id, paths, purls, statement, source });
    }

    /// The entry that accepts a vulnerability of a target.
    pub(crate) fn vulnerability(&self, one: &DetectedVulnerability, target: &str) -> Option<Accepted<'_>> {
        let purl = one.pkg_identifier.as_ref().map(|names| names.purl.as_str()).unwrap_or_default();
        let paths = [target, one.pkg_path.as_str()];
        self.find("vulnerability", &one.id, &paths, purl)
    }

    /// The entry that accepts another finding.
    pub(crate) fn other(&self, class: &'static str, id: &str, target: &str) -> Option<Accepted<'_>> {
        self.find(class, id, &[target], "")
    }

    fn find(&self, class: &str, id: &str, paths: &[&str], purl: &str) -> Option<Accepted<'_>> {
        let accepts = |entry: &&Entry| {
            (entry.class.is_empty() || entry.class == class)
                && entry.id == id
                && (entry.paths.is_empty()
                    || entry.paths.iter().any(|p| paths.iter().any(|path| p.is_match(path))))
                && (entry.purls.is_empty() || entry.purls.iter().any(|pattern| purl::matches(pattern, purl)))
        };
        self.entries.iter().find(accepts).map(Accepted)
    }
}

/// Whether a day (`YYYY-MM-DD`, or a time) is before `now`; `None` when it is no date.
fn expired(day: &str, now: Timestamp) -> Option<bool> {
    let text = if day.contains('T') { day.to_owned() } else { format!("{day}T00:00:00Z") };
    text.parse::<Timestamp>().ok().map(|end| end < now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trivy::PkgIdentifier;

    fn now() -> Timestamp {
        "2024-06-01T00:00:00Z".parse().unwrap()
    }

    fn vulnerability(id: &str, path: &str, purl: &str) -> DetectedVulnerability {
        let names = PkgIdentifier { purl: purl.into(), ..Default::default() };
        DetectedVulnerability {
            id: id.into(),
            pkg_path: path.into(),
            pkg_identifier: Some(names),
            ..Default::default()
        }
    }

    #[test]
    fn plain_lines() {
        let mut ignore = Ignore::default();
        let text =
            "# accepted\n\nCVE-1\n  CVE-2 exp:2024-07-01\nCVE-3 exp:2024-05-01\nCVE-4 exp:soon\n#CVE-5\n";
        let diagnostics = ignore.plain(text, ".trivyignore", now());
        assert_eq!(diagnostics.len(), 1);
        for (id, want) in [
            ("CVE-1", true),
            ("CVE-2", true),
            ("CVE-3", false),
            ("CVE-4", false),
            ("CVE-5", false),
            ("CVE", false),
        ] {
            assert_eq!(ignore.vulnerability(&vulnerability(id, "", ""), "t").is_some(), want, "{id}");
        }
        assert!(ignore.other("secret", "CVE-1", "t").is_some(), "ids of any class");
    }

    #[test]
    fn yaml_entries() {
        let mut ignore = Ignore::default();
        let text = "vulnerabilities:\n  - id: CVE-1\n    paths: ['usr/**/*.jar']\n    statement: not reachable\n  - id: CVE-2\n    purls: ['pkg:npm/debug']\n  - id: CVE-3\n    expired_at: 2024-05-01\n  - id: CVE-4\n    paths: usr\n  - {}\nsecrets:\n  - id: aws\n    paths: ['**']\n";
        let diagnostics = ignore.yaml(text.as_bytes(), "i.yaml", now());
        assert_eq!(diagnostics.len(), 2, "{diagnostics:?}");
        let hit = |id, path, purl| ignore.vulnerability(&vulnerability(id, path, purl), "t").is_some();
        assert!(
            hit("CVE-1", "usr/lib/a/b.jar", "")
                && hit("CVE-1", "usr/b.jar", "")
                && !hit("CVE-1", "opt/b.jar", "")
        );
        assert!(hit("CVE-2", "", "pkg:npm/debug@3.0.1") && !hit("CVE-2", "", "pkg:npm/ms@1"));
        assert!(!hit("CVE-3", "", "") && !hit("CVE-4", "usr", ""));
        assert!(
            ignore.other("secret", "aws", "any/path").is_some()
                && ignore.other("license", "aws", "x").is_none()
        );
        let one = ignore.vulnerability(&vulnerability("CVE-1", "usr/b.jar", ""), "t").unwrap();
        let text = serde_json::to_string(&one.modified("vulnerability", &Json::Null)).unwrap();
        assert_eq!(
            text,
            r#"{"Type":"vulnerability","Status":"ignored","Statement":"not reachable","Source":"i.yaml","Finding":null}"#
        );
    }

    #[test]
    fn globs() {
        for (pattern, path, want) in [
            ("a/*", "a/b", true),
            ("a/*", "a/b/c", false),
            ("**/c", "a/b/c", true),
            ("**/c", "c", true),
            ("a/**", "a/b/c", true),
            ("a.b", "axb", false),
            ("{a,b}/?", "b/x", true),
            ("[!a]b", "cb", true),
            ("[!a]b", "ab", false),
            ("\\*", "*", true),
            ("\\*", "x", false),
        ] {
            assert_eq!(glob(pattern).unwrap().is_match(path), want, "{pattern} {path}");
        }
        assert!(glob("[z-a]").is_none() && glob("\\").is_none());
    }
}
