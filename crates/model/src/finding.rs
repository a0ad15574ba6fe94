//! One thing wrong in one place.

use crate::{Confidence, Evidence, Fix, Rule, Target};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How bad a finding is on its own. Order: worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// No severity was given.
    Unknown,
    /// Good to know.
    Low,
    /// Worth fixing.
    Medium,
    /// Fix soon.
    High,
    /// Fix now.
    Critical,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "UNKNOWN",
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        })
    }
}

/// One thing wrong in one place. Carries no clock: when it was first seen is a store's matter.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What it is an instance of.
    pub rule: &'static Rule,
    /// The name of a loaded rule (an advisory, a PolicyRule, a DetectionRule) when `rule` stands for a family.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// What it is about.
    pub target: Target,
    /// What is wrong here, in plain words.
    pub message: String,
    /// Severity here; the rule's unless the place changes it.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// Where to look.
    pub evidence: Evidence,
    /// What to do, cheapest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fixes: Vec<Fix>,
}

impl Finding {
    /// A finding with the rule's severity, confirmed, without fixes.
    pub fn new(rule: &'static Rule, target: Target, evidence: Evidence, message: impl Into<String>) -> Self {
        Self {
            rule,
            instance: None,
            target,
            message: message.into(),
            severity: rule.severity,
            confidence: Confidence::Confirmed,
            evidence,
            fixes: Vec::new(),
        }
    }

    /// `RW-` and ten hex digits: the same finding has the same id in every run.
    pub fn id(&self) -> String {
        stable_id([self.rule.id, self.instance.as_deref().unwrap_or(""), &self.target.to_string()])
    }
}

/// A stable id over rule ids and names, never over counts, positions or order of discovery.
///
/// 40 bits of FNV-1a over the parts, each ended by a byte no UTF-8 text contains.
pub fn stable_id<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        for byte in part.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    // FNV's high bits mix slowly on short input: fold them over the low ones first.
    hash ^= hash >> 29;
    hash = hash.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash ^= hash >> 32;
    format!("RW-{:010x}", hash & 0xff_ffff_ffff)
}
