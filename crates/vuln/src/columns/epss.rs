//! FIRST's exploit prediction scores: a CSV of CVE, probability, percentile.

use model::{Diagnostic, Timestamp};
use std::collections::BTreeMap;

/// The scores of one day.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Epss {
    /// The day they are of.
    pub at: Option<Timestamp>,
    scores: BTreeMap<String, f64>,
}

impl Epss {
    /// Reads the CSV, uncompressed: an optional comment line with `score_date`, a header, one line a CVE.
    ///
    /// At most 32 malformed lines are named; all are left out.
    pub fn parse(text: &[u8]) -> (Self, Vec<Diagnostic>) {
        let mut out = Self::default();
        let mut diagnostics = Vec::new();
        let text = String::from_utf8_lossy(text);
        for (at, line) in text.lines().enumerate() {
            if let Some(comment) = line.strip_prefix('#') {
                let date = comment.split(',').find_map(|part| part.strip_prefix("score_date:"));
                out.at = date.and_then(timestamp);
                continue;
            }
            if line.trim().is_empty() || line.starts_with("cve,") {
                continue;
            }
            match row(line) {
                Some((id, score)) => {
                    out.scores.insert(id, score);
                }
                None if diagnostics.len() < 32 => {
                    let message = format!("line {}: not CVE,probability", at.saturating_add(1));
                    diagnostics.push(Diagnostic::error("epss/line", message));
                }
                None => {}
            }
        }
        if out.scores.is_empty() {
            diagnostics.push(Diagnostic::error("epss/empty", "no scores: not an EPSS file"));
        }
        (out, diagnostics)
    }

    /// Probability of exploitation within 30 days, 0 to 1.
    pub fn score(&self, id: &str) -> Option<f64> {
        self.scores.get(id).copied()
    }

    /// How many scores there are.
    pub fn len(&self) -> usize {
        self.scores.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }
}

fn row(line: &str) -> Option<(String, f64)> {
    let (id, rest) = line.split_once(',')?;
    let score: f64 = rest.split(',').next()?.trim().parse().ok()?;
    (id.starts_with("CVE-") && (0.0..=1.0).contains(&score)).then(|| (id.to_owned(), score))
}

/// Dates are written with `+0000` where RFC 3339 wants `Z`.
fn timestamp(text: &str) -> Option<Timestamp> {
    text.trim().replace("+0000", "Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_and_bad_lines() {
        let text = b"#model_version:v2025.03.14,score_date:2025-11-01T12:55:00+0000\ncve,epss,percentile\nCVE-2021-44228,0.94358,0.99957\nCVE-2,1.5,0\nx,0.1,0\nCVE-3,nan,0\n";
        let (epss, diagnostics) = Epss::parse(text);
        assert_eq!((epss.len(), diagnostics.len()), (1, 3));
        assert_eq!(epss.score("CVE-2021-44228"), Some(0.94358));
        assert!(epss.score("CVE-2").is_none() && epss.at.is_some());
    }

    #[test]
    fn nothing_is_no_scores() {
        for text in [&b""[..], b"cve,epss,percentile\n", b"\xff\xfe"] {
            assert!(!Epss::parse(text).1.is_empty());
        }
    }
}
