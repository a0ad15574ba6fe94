//! Versions that are at their end or known to be vulnerable: tables with a date, which may be replaced by newer ones.
//!
//! Sources: the projects' release pages and security advisories, as of the table's own date.

use model::Severity;
use serde::Deserialize;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// The tables.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tables {
    /// The day they were made, `YYYY-MM-DD`: what came after is not in them.
    pub as_of: String,
    /// Where the rows come from.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Component, then lines (`1.24`) with the day their last fix came.
    pub end_of_life: BTreeMap<String, Vec<(String, String)>>,
    /// Vulnerabilities by component.
    pub vulnerabilities: Vec<Known>,
}

/// A vulnerability of a component.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// CVE.
    pub id: String,
    /// `kubelet`, `containerd`, `cri-o`, `docker`, `kernel`.
    pub component: String,
    /// Severity.
    pub severity: Severity,
    /// What it gives, in a few words.
    pub what: String,
    /// First version that has it.
    pub from: String,
    /// The first fixed version of each line that got one.
    pub fixed: Vec<String>,
    /// The public advisory the versions are from.
    #[serde(default)]
    pub source: String,
    /// It is known to be used by attackers.
    #[serde(default)]
    pub exploited: bool,
    /// It leads from a container, its image or its pod to root on the node.
    #[serde(default)]
    pub escape: bool,
}

impl Default for Tables {
    fn default() -> Self {
        Self::parse(include_str!("tables.json")).unwrap_or_else(|_| Self {
            as_of: String::new(),
            sources: Vec::new(),
            end_of_life: BTreeMap::new(),
            vulnerabilities: Vec::new(),
        })
    }
}

impl Tables {
    /// Reads tables in the same JSON as the ones that are built in.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| format!("these are no version tables: {error}"))
    }

    /// The day a component's line ended, when that is before `today` (`YYYY-MM-DD`).
    pub fn ended(&self, component: &str, version: &str, today: &str) -> Option<&str> {
        let version = Version::parse(version)?;
        let component = if component == "cri-o" { "kubernetes" } else { component };
        let lines = self.end_of_life.get(component)?;
        let line =
            lines.iter().find(|(line, _)| Version::parse(line).is_some_and(|l| l.line() == version.line()));
        if let Some((_, day)) = line {
            return (day.as_str() < today).then_some(day);
        }
        // Older than everything in the table: it ended before its first line did.
        let (first, day) = lines.first()?;
        (version < Version::parse(first)? && day.as_str() < today).then_some(day)
    }

    /// What is known to be wrong with a version.
    pub fn known(&self, component: &str, version: &str) -> Vec<&Known> {
        let Some(version) = Version::parse(version) else { return Vec::new() };
        self.vulnerabilities
            .iter()
            .filter(|known| known.component == component && known.has(version))
            .collect()
    }
}

impl Known {
    /// Whether a version has it: one of a line that got a fix, before that; one of an older line that got none.
    fn has(&self, version: Version) -> bool {
        if Version::parse(&self.from).is_none_or(|from| version < from) {
            return false;
        }
        let fixed: Vec<Version> = self.fixed.iter().filter_map(|text| Version::parse(text)).collect();
        match fixed.iter().find(|fixed| fixed.line() == version.line()) {
            Some(fixed) => version < *fixed,
            None => fixed.iter().max().is_some_and(|last| version < *last),
        }
    }
}

/// The numbers of a version; what follows them (`-eks-1`, `+k3s1`, `-generic`) is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    parts: [u64; 3],
}

impl Version {
    /// `v1.24.17`, `1.24`, `5.15.0-25-generic`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let numbers = text.split(|c: char| !(c.is_ascii_digit() || c == '.')).next()?;
        let mut parts = [0; 3];
        let mut any = false;
        for (slot, part) in parts.iter_mut().zip(numbers.split('.')) {
            *slot = part.parse().ok()?;
            any = true;
        }
        any.then_some(Self { parts })
    }

    fn line(self) -> [u64; 2] {
        let [major, minor, _] = self.parts;
        [major, minor]
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts.cmp(&other.parts)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_tables_are_sound() {
        let tables = Tables::parse(include_str!("tables.json")).unwrap();
        assert_eq!(tables.as_of.len(), 10);
        for lines in tables.end_of_life.values() {
            let versions: Vec<_> = lines.iter().map(|(line, _)| Version::parse(line).unwrap()).collect();
            assert!(versions.is_sorted() && lines.iter().all(|(_, day)| day.len() == 10));
        }
        for known in &tables.vulnerabilities {
            let fixed: Vec<_> = known.fixed.iter().map(|text| Version::parse(text).unwrap()).collect();
            assert!(!fixed.is_empty() && fixed.is_sorted(), "{}", known.id);
            assert!(Version::parse(&known.from).is_some(), "{}", known.id);
        }
    }

    #[test]
    fn ends() {
        let tables = Tables::default();
        let today = "2026-11-25";
        assert_eq!(tables.ended("kubernetes", "v1.24.17", today), Some("2023-07-28"));
        assert_eq!(tables.ended("kubernetes", "v1.36.1-eks-2", today), None);
        assert_eq!(tables.ended("kubernetes", "v1.24.17", "2023-01-01"), None);
        assert_eq!(tables.ended("kubernetes", "v1.11.0", today), Some("2019-05-01"));
        assert_eq!(tables.ended("docker", "19.3.15", today), Some("2021-07-20"));
        assert_eq!(tables.ended("containerd", "2.3.2", today), None);
        assert_eq!(tables.ended("containerd", "2.2.1", today), Some("2026-11-06"));
        assert_eq!(tables.ended("cri-o", "1.24.6", today), Some("2023-07-28"));
        assert_eq!(tables.ended("nothing", "1.0", today), None);
    }

    #[test]
    fn vulnerable() {
        let tables = Tables::default();
        let ids = |component: &str, version: &str| -> Vec<String> {
            tables.known(component, version).iter().map(|known| known.id.clone()).collect()
        };
        assert!(ids("containerd", "1.6.4").contains(&"CVE-2023-25173".to_owned()));
        assert!(ids("containerd", "2.3.2").is_empty());
        // A line between fixed ones that got no fix has it.
        assert!(ids("kernel", "5.12.0").contains(&"CVE-2022-0847".to_owned()));
        assert!(!ids("kernel", "5.15.25").contains(&"CVE-2022-0847".to_owned()));
        assert!(ids("kernel", "6.12.0").is_empty() && ids("kubelet", "v1.36.1").is_empty());
        assert!(ids("kubelet", "nonsense").is_empty());
    }

    #[test]
    fn every_row_can_be_looked_up() {
        let tables = Tables::default();
        assert!(tables.as_of.len() == 10 && tables.sources.len() >= 4);
        for known in &tables.vulnerabilities {
            assert!(
                known.id.starts_with("CVE-") && !known.source.is_empty() && !known.fixed.is_empty(),
                "{known:?}"
            );
            let last = known.fixed.last().unwrap();
            assert!(
                Version::parse(&known.from).is_some() && !known.has(Version::parse(last).unwrap()),
                "{known:?}"
            );
        }
        for (component, lines) in &tables.end_of_life {
            let order = lines.iter().map(|(line, _)| Version::parse(line).unwrap().parts);
            assert!(order.is_sorted() && lines.iter().all(|(_, day)| day.len() == 10), "{component}");
        }
    }

    #[test]
    fn foreign_tables() {
        assert!(Tables::parse("{}").is_err());
        let own = r#"{"asOf":"2030-01-01","endOfLife":{"kubernetes":[["1.36","2027-06-28"]]},"vulnerabilities":[]}"#;
        assert_eq!(
            Tables::parse(own).unwrap().ended("kubernetes", "1.36.3", "2030-01-01"),
            Some("2027-06-28")
        );
    }
}
