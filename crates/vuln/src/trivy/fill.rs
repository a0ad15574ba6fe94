//! What is known of a vulnerability, added to a finding: severity and its source, texts, links.
//!
//! Semantics: Trivy's `pkg/vulnerability`.

use super::database::{Database, DatabaseError, Detail, severity_name};
use super::report::DetectedVulnerability;

/// Fills findings. `sources` are those a severity may be from, in order; `auto` is the advisory's own, then NVD.
pub(crate) fn fill(
    found: &mut [DetectedVulnerability],
    sources: &[String],
    database: &Database,
) -> Result<(), DatabaseError> {
    for one in found {
        if !one.fixed_version.is_empty() {
            one.status = "fixed".to_owned();
        } else if one.status.is_empty() {
            one.status = "affected".to_owned();
        }
        match database.detail(&one.id)? {
            Some(detail) => detailed(one, detail, sources),
            None if one.severity.is_empty() => one.severity = "UNKNOWN".to_owned(),
            None => {}
        }
    }
    Ok(())
}

fn detailed(one: &mut DetectedVulnerability, mut detail: Detail, sources: &[String]) {
    let (own, base) = one.data_source.as_ref().map(|s| (s.id.clone(), s.base_id.clone())).unwrap_or_default();
    let source = if base.is_empty() { own.clone() } else { base };
    // A severity for the package goes before one for the vulnerability.
    if one.severity_source.is_empty() {
        (one.severity, one.severity_source) = severity(&one.id, &detail, &source, sources);
    } else {
        let at =
            ["UNKNOWN", "LOW", "MEDIUM", "HIGH", "CRITICAL"].iter().position(|name| *name == one.severity);
        detail.vendor_severity.insert(one.severity_source.clone(), at.unwrap_or(0) as f64);
    }
    one.primary_url = primary_url(&one.id, &detail.references, &own);
    one.title = detail.title;
    one.description = detail.description;
    one.cwe_ids = detail.cwe_ids;
    one.vendor_severity = detail.vendor_severity.into_iter().map(|(name, n)| (name, n as i64)).collect();
    one.cvss = detail.cvss;
    one.references = detail.references;
    one.published_date = detail.published_date;
    one.last_modified_date = detail.last_modified_date;
}

fn severity(id: &str, detail: &Detail, source: &str, sources: &[String]) -> (String, String) {
    let of = |name: &str| {
        detail.vendor_severity.get(name).map(|n| (severity_name(*n).to_owned(), name.to_owned()))
    };
    for wanted in sources {
        if wanted != "auto" {
            match of(wanted) {
                Some(found) => return found,
                None => continue,
            }
        }
        if let Some(found) = of(source) {
            return found;
        }
        let github = if id.starts_with("GHSA-") { Some("ghsa") } else { None };
        let known = |(severity, _): &(String, String)| severity != "UNKNOWN";
        if let Some(found) = github.into_iter().chain(["nvd"]).find_map(of).filter(known) {
            return found;
        }
        let bare = if detail.severity.is_empty() { "UNKNOWN" } else { detail.severity.as_str() };
        return (bare.to_owned(), String::new());
    }
    ("UNKNOWN".to_owned(), String::new())
}

/// Links a source's own pages begin with.
const PAGES: [(&str, &[&str]); 7] = [
    ("debian", &["http://www.debian.org", "https://www.debian.org"]),
    ("ubuntu", &["http://www.ubuntu.com", "https://usn.ubuntu.com"]),
    ("redhat", &["https://access.redhat.com"]),
    ("suse-cvrf", &["http://lists.opensuse.org", "https://lists.opensuse.org"]),
    ("oracle-oval", &["http://linux.oracle.com/errata", "https://linux.oracle.com/errata"]),
    ("nodejs-security-wg", &["https://www.npmjs.com", "https://hackerone.com"]),
    ("ruby-advisory-db", &["https://groups.google.com"]),
];

fn primary_url(id: &str, references: &[String], source: &str) -> String {
    if id.starts_with("CVE-") {
        return format!("https://avd.aquasec.com/nvd/{}", id.to_lowercase());
    }
    for (prefix, url) in [
        ("RUSTSEC-", "https://osv.dev/vulnerability/"),
        ("GHSA-", "https://github.com/advisories/"),
        ("TEMP-", "https://security-tracker.debian.org/tracker/"),
    ] {
        if id.starts_with(prefix) {
            return format!("{url}{id}");
        }
    }
    let pages = PAGES.iter().find(|(name, _)| *name == source).map_or(&[][..], |(_, pages)| pages);
    let link = |page: &&str| references.iter().find(|reference| reference.starts_with(*page)).cloned();
    pages.iter().find_map(link).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::database::tests::database;
    use super::super::report::DataSource;
    use super::*;

    fn one(id: &str, source: &str) -> DetectedVulnerability {
        let data_source = Some(DataSource { id: source.into(), ..DataSource::default() });
        DetectedVulnerability { id: id.into(), data_source, ..DetectedVulnerability::default() }
    }

    #[test]
    fn severities_and_links() {
        let all = database(&[
            ("alpine 3|a|CVE-1", "{}"),
            ("vulnerability|CVE-1", r#"{"VendorSeverity":{"nvd":2.0,"redhat":4,"alpine":1.0}}"#),
            ("vulnerability|GHSA-1", r#"{"VendorSeverity":{"nvd":2,"ghsa":3}}"#),
            ("vulnerability|CVE-2", r#"{"Severity":"HIGH","Title":"t"}"#),
            ("vulnerability|DSA-1", r#"{"References":["https://x.test","https://www.debian.org/1"]}"#),
        ]);
        let run = |finding: DetectedVulnerability, sources: &[&str]| {
            let sources: Vec<String> = sources.iter().map(|s| (*s).to_owned()).collect();
            let mut list = [finding];
            fill(&mut list, &sources, &all).unwrap();
            let [out] = list;
            (out.severity, out.severity_source, out.primary_url)
        };
        let short = |(a, b, _): (String, String, String)| format!("{a} {b}");
        assert_eq!(short(run(one("CVE-1", "alpine"), &["auto"])), "LOW alpine");
        assert_eq!(short(run(one("CVE-1", "debian"), &["auto"])), "MEDIUM nvd");
        assert_eq!(short(run(one("CVE-1", "debian"), &["ubuntu", "redhat"])), "CRITICAL redhat");
        assert_eq!(short(run(one("CVE-1", "debian"), &["ubuntu"])), "UNKNOWN ");
        assert_eq!(short(run(one("GHSA-1", "x"), &["auto"])), "HIGH ghsa");
        assert_eq!(short(run(one("CVE-2", "x"), &["auto"])), "HIGH ");
        assert_eq!(short(run(one("CVE-9", "x"), &["auto"])), "UNKNOWN ");
        assert_eq!(run(one("DSA-1", "debian"), &["auto"]).2, "https://www.debian.org/1");
        let own = DetectedVulnerability {
            severity: "LOW".into(),
            severity_source: "debian".into(),
            ..one("CVE-1", "debian")
        };
        assert_eq!(short(run(own, &["auto"])), "LOW debian");
    }
}
