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
    ///
    /// Rule, instance and target make it; message, severity and evidence do not. A rule that can hold twice in one
    /// target tells the places apart by `instance`, or reports them as one finding.
    pub fn id(&self) -> String {
        let target = self.target.key();
        let own = [self.rule.id, self.instance.as_deref().unwrap_or("")];
        stable_id(own.into_iter().chain(target.iter().map(String::as_str)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Identity, ResourceRef};
    use std::collections::HashSet;

    static RULE: Rule =
        Rule { id: "test/rule", title: "Test", severity: Severity::High, controls: &[], explain: "x" };
    static OTHER: Rule = Rule { id: "test/other", ..RULE };

    #[test]
    fn ids_are_pinned() {
        let rows: &[(&[&str], &str)] = &[
            (&[], "RW-1ebe0f3fa7"),
            (&[""], "RW-355ff45b0f"),
            (&["posture/privileged", "", "Deployment shop/web"], "RW-0d9a5117f9"),
            (&["größe", "名"], "RW-5c7eacf35e"),
        ];
        for (parts, want) in rows {
            assert_eq!(stable_id(parts.iter().copied()), *want, "{parts:?}");
        }
    }

    #[test]
    fn where_parts_end_matters() {
        let ids: HashSet<String> =
            [vec!["ab", "c"], vec!["a", "bc"], vec!["abc"], vec!["abc", ""], vec!["", "abc"]]
                .into_iter()
                .map(stable_id)
                .collect();
        assert_eq!(ids.len(), 5);
    }

    #[test]
    fn a_hundred_thousand_names_do_not_collide() {
        let mut seen = HashSet::new();
        for i in 0..100_000u32 {
            let target = format!("Deployment ns-{}/app-{i}", i % 1000);
            let id = stable_id(["posture/privileged", "", &target]);
            assert_eq!(id.len(), 13);
            assert!(seen.insert(id), "{target}");
        }
    }

    fn finding(rule: &'static Rule, target: Target) -> Finding {
        Finding::new(rule, target, Evidence::Assumption("test".into()), "message")
    }

    #[test]
    fn the_id_is_of_the_place_not_of_the_words() {
        let web = || Target::Workload(ResourceRef::new("apps", "Deployment", "shop", "web"));
        let first = finding(&RULE, web());
        let mut same =
            finding(&RULE, Target::Resource(ResourceRef::new("apps", "Deployment", "shop", "web")));
        same.message = "other words".into();
        same.severity = Severity::Low;
        same.evidence = Evidence::Assumption("elsewhere".into());
        assert_eq!(first.id(), same.id());
        let mut instance = finding(&RULE, web());
        instance.instance = Some("CVE-2026-1".into());
        let others = [
            first,
            instance,
            finding(&OTHER, web()),
            finding(&RULE, Target::Resource(ResourceRef::new("", "Service", "shop", "web"))),
            // Serving's Service makes a core Service of the same name.
            finding(
                &RULE,
                Target::Resource(ResourceRef::new("serving.knative.dev", "Service", "shop", "web")),
            ),
            finding(&RULE, Target::Identity(Identity::user("alice"))),
            finding(&RULE, Target::Identity(Identity::group("alice"))),
        ];
        assert_eq!(others.iter().map(Finding::id).collect::<HashSet<_>>().len(), others.len());
    }

    #[test]
    fn why_something_is_unresolved_may_change() {
        let lost = |why: &str| finding(&RULE, Target::Unresolved { what: "abc".into(), why: why.into() });
        assert_eq!(lost("gone for 3 s").id(), lost("gone for 9 s").id());
    }

    #[test]
    fn severities_order_worst_last_and_print_as_scanners_do() {
        use Severity::{Critical, High, Low, Medium, Unknown};
        let all = [Unknown, Low, Medium, High, Critical];
        assert!(all.is_sorted());
        for severity in all {
            assert_eq!(serde_json::to_string(&severity).unwrap(), format!("\"{severity}\""));
        }
    }
}
