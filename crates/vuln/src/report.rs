//! A scan as findings and as facts.

use crate::{Found, Scan};
use model::{Confidence, Evidence, Fact, Finding, Lifetime, Predicate, Rule, Severity, Source, Target};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A package with a known vulnerability.
pub static KNOWN_VULNERABILITY: Rule = Rule {
    id: "images/known-vulnerability",
    title: "Image contains a package with a known vulnerability",
    severity: Severity::Unknown,
    controls: &["NSA image scanning"],
    explain: "An advisory names the installed version of a package as vulnerable. Update the package, or rebuild on a \
              newer base image. Which of these matter most depends on what is reachable: `ringwall risk` ranks them.",
};

/// An operating system without updates.
pub static END_OF_LIFE: Rule = Rule {
    id: "images/end-of-life",
    title: "Operating system of an image is past its end of life",
    severity: Severity::Medium,
    controls: &["NSA image scanning"],
    explain: "Its maker publishes no more fixes for this release, and often no more advisories: that few \
              vulnerabilities are known says little. Rebuild on a supported release.",
};

/// An image nobody has built for half a year.
pub static OLD_IMAGE: Rule = Rule {
    id: "images/old-image",
    title: "Image was built long ago and has vulnerabilities that were fixed since",
    severity: Severity::Medium,
    controls: &["NSA image scanning"],
    explain: "What was clean when it was built is not clean for ever: fixes come out and the image does not get them. \
              Rebuild it on a current base, and rebuild on a schedule rather than on changes of your own code alone.",
};

/// Every rule of this crate.
pub static RULES: &[&Rule] = &[&KNOWN_VULNERABILITY, &END_OF_LIFE, &OLD_IMAGE];

/// After this an image counts as old: half a year.
const OLD_DAYS: i64 = 180;

impl Scan {
    fn evidence(&self) -> Evidence {
        Evidence::Document { source: Source::Scan, name: Arc::clone(&self.document), line: None, at: self.at }
    }

    fn target(&self) -> Target {
        if self.image.reference.is_none() && self.image.digests().next().is_none() {
            let why = "the report names no image".to_owned();
            return Target::Unresolved { what: self.document.to_string(), why };
        }
        Target::Image(self.image.clone())
    }

    /// One finding for each vulnerability, whatever the number of packages that have it, and one for an old system.
    pub fn findings(&self) -> Vec<Finding> {
        let mut by_id: BTreeMap<&str, Vec<&Found>> = BTreeMap::new();
        for one in &self.found {
            by_id.entry(&one.vulnerability.id).or_default().push(one);
        }
        let vulnerability = |(id, all): (&str, Vec<&Found>)| {
            let worst = all.iter().map(|one| one.vulnerability.severity).max().unwrap_or(Severity::Unknown);
            Finding {
                instance: Some(id.to_owned()),
                severity: worst,
                ..Finding::new(&KNOWN_VULNERABILITY, self.target(), self.evidence(), message(&all))
            }
        };
        let mut out: Vec<Finding> = by_id.into_iter().map(vulnerability).collect();
        if let (Some(true), Some(os)) = (self.end_of_life, &self.os) {
            let message = format!("{os} is no longer supported");
            out.push(Finding::new(&END_OF_LIFE, self.target(), self.evidence(), message));
        }
        if let Some(message) = self.old() {
            out.push(Finding::new(&OLD_IMAGE, self.target(), self.evidence(), message));
        }
        out
    }

    /// `built 183 days ago, 12 fixable since`, of an image that is old and has something to gain from a rebuild.
    fn old(&self) -> Option<String> {
        let days = self.at?.as_second().checked_sub(self.created?.as_second())?.checked_div(86_400)?;
        let fixable = self.found.iter().filter(|one| !one.vulnerability.fixed.is_empty()).count();
        (days >= OLD_DAYS && fixable > 0).then(|| format!("built {days} days ago, {fixable} fixable since"))
    }

    /// One fact for each vulnerable package, and that the image was scanned.
    ///
    /// Where something of the image could not be judged, that it was scanned is only assumed: absence is not seen.
    /// Where no packages were looked at, it is not said at all.
    pub fn facts(&self) -> Vec<Fact> {
        let fact = |predicate, lifetime, confidence| Fact {
            target: self.target(),
            predicate,
            source: Source::Scan,
            observed_at: self.at,
            lifetime,
            confidence,
            evidence: self.evidence(),
        };
        // What a digest holds does not change; what is known about it does.
        let vulnerable = |one: &Found| {
            fact(Predicate::Vulnerable(one.vulnerability.clone()), Lifetime::Permanent, Confidence::Confirmed)
        };
        let mut out: Vec<Fact> = self.found.iter().map(vulnerable).collect();
        if self.looked {
            let sure = if self.unknown.is_empty() { Confidence::Confirmed } else { Confidence::Assumed };
            out.push(fact(Predicate::Scanned, Lifetime::Snapshot, sure));
        }
        out
    }
}

/// `libcrypto1.1 1.1.1c-r0, fixed in 1.1.1d-r0 (and 1 more package): title`.
fn message(all: &[&Found]) -> String {
    let Some(first) = all.first() else { return String::new() };
    let v = &first.vulnerability;
    let fix = match v.fixed.as_str() {
        "" => "no fix yet".to_owned(),
        fixed => format!("fixed in {fixed}"),
    };
    let more = match all.len() {
        0 | 1 => String::new(),
        2 => " (and 1 more package)".to_owned(),
        n => format!(" (and {} more packages)", n.saturating_sub(1)),
    };
    let title = first.title.as_ref().map(|title| format!(": {title}")).unwrap_or_default();
    format!("{} {}, {fix}{more}{title}", v.package, v.installed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Status;
    use model::{Gap, ImageId, Loaded, Ring, Vulnerability};

    fn found(id: &str, package: &str, severity: Severity) -> Found {
        Found {
            vulnerability: Vulnerability {
                id: id.into(),
                package: package.into(),
                installed: "1".into(),
                fixed: "2".into(),
                severity,
                network: None,
                known_exploited: false,
                epss: None,
                loaded: Loaded::Unknown,
            },
            status: Status::Fixed,
            title: Some("it breaks".into()),
            url: None,
            severity_source: None,
            path: String::new(),
            layer: None,
        }
    }

    fn scan() -> Scan {
        Scan {
            image: ImageId::from_reference("registry.test/app:1".parse().unwrap()),
            document: "report.json".into(),
            looked: true,
            found: vec![
                found("CVE-1", "a", Severity::Low),
                found("CVE-1", "b", Severity::High),
                found("CVE-2", "a", Severity::Medium),
            ],
            ..Scan::default()
        }
    }

    #[test]
    fn one_finding_a_vulnerability_one_fact_a_package() {
        let findings = scan().findings();
        let got: Vec<_> = findings.iter().map(|f| (f.instance.as_deref().unwrap(), f.severity)).collect();
        assert_eq!(got, [("CVE-1", Severity::High), ("CVE-2", Severity::Medium)]);
        assert_eq!(findings[0].message, "a 1, fixed in 2 (and 1 more package): it breaks");
        assert_ne!(findings[0].id(), findings[1].id());
        assert_eq!(scan().facts().len(), 4);
    }

    #[test]
    fn scanned_is_said_only_as_far_as_it_is_true() {
        let sure = |scan: &Scan| {
            let facts = scan.facts();
            facts.iter().find(|f| f.predicate == Predicate::Scanned).map(|f| f.confidence)
        };
        let mut one = scan();
        assert_eq!(sure(&one), Some(Confidence::Confirmed));
        one.unknown.push(Gap {
            ring: Ring::Images,
            what: "a".into(),
            why: "b".into(),
            asked: true,
            help: None,
        });
        assert_eq!(sure(&one), Some(Confidence::Assumed));
        one.looked = false;
        assert_eq!(sure(&one), None);
    }

    #[test]
    fn a_report_without_an_image_is_unresolved_not_dropped() {
        let one = Scan { image: ImageId::default(), ..scan() };
        assert!(one.findings().iter().all(|f| matches!(f.target, Target::Unresolved { .. })));
        assert_eq!(one.findings().len(), 2);
    }

    #[test]
    fn age() {
        let at = |text: &str| text.parse().ok();
        let old = |created: &str, now: &str| {
            let one = Scan { created: at(created), at: at(now), ..scan() };
            one.findings().iter().find(|f| f.rule == &OLD_IMAGE).map(|f| f.message.clone())
        };
        let told = old("2026-01-01T00:00:00Z", "2026-07-03T00:00:00Z");
        assert_eq!(told.as_deref(), Some("built 183 days ago, 3 fixable since"));
        assert_eq!(old("2026-07-01T00:00:00Z", "2026-07-03T00:00:00Z"), None);
        assert_eq!(old("", "2026-07-03T00:00:00Z"), None);
        let clean = Scan {
            created: at("2020-01-01T00:00:00Z"),
            at: at("2026-07-03T00:00:00Z"),
            found: vec![],
            ..scan()
        };
        assert!(clean.findings().is_empty(), "nothing to gain from a rebuild");
    }

    #[test]
    fn end_of_life() {
        let os = Some(inventory::Os::from_release("alpine", "3.10"));
        let one = Scan { os, end_of_life: Some(true), found: vec![], ..scan() };
        assert_eq!(one.findings()[0].rule, &END_OF_LIFE);
        assert!(Scan { end_of_life: None, ..one }.findings().is_empty());
    }
}
