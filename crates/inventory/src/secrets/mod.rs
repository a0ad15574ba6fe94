//! Secrets in files: private keys, tokens, passwords. Rules with keywords and expressions, searched in bounded memory.
//!
//! Semantics: Trivy's `pkg/fanal/secret`. Secrets are hidden before anything of them is kept.

mod builtin;
mod dialect;
mod merge;
mod place;
mod rules;
mod search;
mod settings;
#[cfg(test)]
mod tests;
mod text;

pub use merge::base_layers_of;
pub(crate) use merge::{base_layers, note, stacked};
pub use rules::{BuiltInRule, Rules, built_in_rules};
pub use search::Search;
pub use settings::{Settings, SettingsError, settings};

use model::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A line around a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeLine {
    /// From 1.
    pub number: u64,
    /// The line, with secrets hidden.
    pub content: String,
    /// Whether the secret is in it.
    pub cause: bool,
}

/// One secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretFinding {
    /// The rule's id.
    pub rule: String,
    /// Whose secret it is.
    pub category: String,
    /// `CRITICAL` to `UNKNOWN`.
    pub severity: String,
    /// The rule's title.
    pub title: String,
    /// First line, from 1.
    pub start_line: u64,
    /// Last line.
    pub end_line: u64,
    /// The lines around it; none for a program.
    pub lines: Vec<CodeLine>,
    /// The line it is in, with secrets hidden.
    pub matched: String,
    /// Bytes before it.
    pub offset: u64,
    /// The layer it is from.
    #[serde(default)]
    pub layer: Option<Digest>,
}

impl SecretFinding {
    /// Bytes it takes, about.
    fn size(&self) -> usize {
        let lines = self.lines.iter().fold(0_usize, |sum, line| {
            sum.saturating_add(line.content.len()).saturating_add(size_of::<CodeLine>())
        });
        let own = [&self.rule, &self.category, &self.title, &self.matched].into_iter();
        own.fold(lines, |sum, text| sum.saturating_add(text.len())).saturating_add(size_of::<Self>())
    }

    /// Moves it by the lines and bytes before its piece.
    fn shift(&mut self, lines: u64, bytes: u64) {
        self.start_line = self.start_line.saturating_add(lines);
        self.end_line = self.end_line.saturating_add(lines);
        self.offset = self.offset.saturating_add(bytes);
        for line in &mut self.lines {
            line.number = line.number.saturating_add(lines);
        }
    }
}

/// The secrets of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretFile {
    /// Its path; of an image with a leading slash.
    pub path: String,
    /// Its secrets, by rule and line.
    pub findings: Vec<SecretFinding>,
}

/// Where every file of a search went: `files = searched + small + aside + binary + unread`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretAccount {
    /// Searched to their end.
    pub searched: u64,
    /// Too small to hold a secret.
    pub small: u64,
    /// Set aside by their path: allowed, or skipped.
    pub aside: u64,
    /// Not text.
    pub binary: u64,
    /// Not readable, by reason.
    pub unread: BTreeMap<String, u64>,
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secrets {
    /// Files with secrets, by path.
    pub files: Vec<SecretFile>,
    /// Where every file went.
    pub account: SecretAccount,
    /// Secrets there was no room for.
    pub cut: u64,
    /// Layers that were left out because they are of the image this one was built on.
    #[serde(default)]
    pub base_layers: usize,
    /// Secrets of the image's config: its variables, its history.
    #[serde(default)]
    pub config: Vec<SecretFinding>,
}

impl Secrets {
    /// Bytes its findings take, about.
    pub fn size(&self) -> usize {
        let all = self.files.iter().flat_map(|file| &file.findings);
        all.fold(0, |sum, finding| sum.saturating_add(finding.size()))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        let files = self.files.iter().map(|file| file.findings.len());
        files.fold(self.config.len(), usize::saturating_add)
    }
}
