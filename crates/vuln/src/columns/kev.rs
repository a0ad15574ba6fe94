//! CISA's catalogue of known exploited vulnerabilities.

use model::{Diagnostic, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// What the catalogue says of one vulnerability.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KevEntry {
    /// CVE id.
    #[serde(rename = "cveID")]
    pub id: String,
    /// Day it was listed, `YYYY-MM-DD`.
    #[serde(default)]
    pub date_added: String,
    /// Day by which federal agencies have to have fixed it.
    #[serde(default)]
    pub due_date: String,
    /// `Known` when ransomware uses it.
    #[serde(default)]
    pub known_ransomware_campaign_use: String,
}

/// The catalogue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kev {
    /// Version, as written.
    pub version: String,
    /// When it was released.
    pub released: Option<Timestamp>,
    entries: BTreeMap<String, KevEntry>,
    /// Whether nothing but what is built in is known.
    built_in: bool,
}

/// The ids of the catalogue that is built in: a year a line, then numbers.
const IDS: &str = include_str!("kev.txt");
/// When that catalogue was released.
const RELEASED: &str = "2025-08-25T17:04:19Z";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Catalogue<'a> {
    #[serde(default)]
    catalog_version: String,
    #[serde(default)]
    date_released: String,
    #[serde(borrow)]
    vulnerabilities: Vec<&'a RawValue>,
}

impl Kev {
    /// Reads the catalogue's JSON. An entry that is malformed is a diagnostic, the rest counts.
    pub fn parse(text: &[u8]) -> (Self, Vec<Diagnostic>) {
        let catalogue: Catalogue<'_> = match serde_json::from_slice(text) {
            Ok(catalogue) => catalogue,
            Err(error) => {
                let message = format!("not a catalogue of exploited vulnerabilities: {error}");
                return (Self::default(), vec![Diagnostic::error("kev/shape", message)]);
            }
        };
        let mut out = Self {
            version: catalogue.catalog_version,
            released: catalogue.date_released.parse().ok(),
            ..Self::default()
        };
        let mut diagnostics = Vec::new();
        for (at, raw) in catalogue.vulnerabilities.iter().enumerate() {
            match serde_json::from_str::<KevEntry>(raw.get()) {
                Ok(entry) => {
                    out.entries.insert(entry.id.clone(), entry);
                }
                Err(error) => {
                    let message = format!("vulnerabilities[{at}]: {error}");
                    diagnostics.push(Diagnostic::error("kev/entry", message));
                }
            }
        }
        (out, diagnostics)
    }

    /// The catalogue that is built in: ids alone, as of its release.
    pub fn built_in() -> Self {
        let entry = |id: String| (id.clone(), KevEntry { id, ..KevEntry::default() });
        let year = |line: &'static str| {
            let mut words = line.split(' ');
            let year = words.next().unwrap_or_default();
            words.map(move |number| entry(format!("CVE-{year}-{number}")))
        };
        Self {
            version: "2025.08.25".to_owned(),
            released: RELEASED.parse().ok(),
            entries: IDS.lines().filter(|line| !line.starts_with('#')).flat_map(year).collect(),
            built_in: true,
        }
    }

    /// This catalogue and what another lists besides; version and date are the other's. What was once exploited stays so.
    pub fn with(mut self, newer: Self) -> Self {
        self.entries.extend(newer.entries);
        Self { entries: self.entries, ..newer }
    }

    /// Whether nobody gave a catalogue.
    pub fn is_built_in(&self) -> bool {
        self.built_in
    }

    /// What it says of a vulnerability.
    pub fn get(&self, id: &str) -> Option<&KevEntry> {
        self.entries.get(id)
    }

    /// How many it lists.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it lists none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_and_bad_ones() {
        let text = br#"{"catalogVersion":"2026.11.20","dateReleased":"2026-11-20T10:00:00.0000Z","vulnerabilities":[{"cveID":"CVE-1","dateAdded":"2026-01-01"},{"id":3}]}"#;
        let (kev, diagnostics) = Kev::parse(text);
        assert_eq!((kev.len(), diagnostics.len()), (1, 1));
        assert_eq!(kev.get("CVE-1").unwrap().date_added, "2026-01-01");
        assert!(kev.get("CVE-2").is_none() && kev.released.is_some());
    }

    #[test]
    fn no_catalogue() {
        for text in [&b""[..], b"{}", b"[]", b"\xff"] {
            let (kev, diagnostics) = Kev::parse(text);
            assert!(kev.is_empty() && diagnostics.len() == 1);
        }
    }

    #[test]
    fn built_in_and_more() {
        let built_in = Kev::built_in();
        assert!(built_in.is_built_in() && built_in.released.is_some() && built_in.len() > 1000);
        assert!(built_in.get("CVE-2021-44228").is_some() && built_in.get("CVE-2021-44229").is_none());
        let text = br#"{"catalogVersion":"2026.11.20","vulnerabilities":[{"cveID":"CVE-2026-1"}]}"#;
        let both = Kev::built_in().with(Kev::parse(text).0);
        assert!(!both.is_built_in() && both.version == "2026.11.20");
        assert!(both.get("CVE-2021-44228").is_some() && both.get("CVE-2026-1").is_some());
    }

    #[test]
    fn corpus() {
        let Some(text) = crate::corpus::read("advisories/kev/known_exploited_vulnerabilities.json") else {
            return;
        };
        let (kev, diagnostics) = Kev::parse(&text);
        assert_eq!((kev.len(), diagnostics.len()), (1404, 0));
        assert!(kev.entries.keys().eq(Kev::built_in().entries.keys()));
    }
}
