//! What other scanners leave to the reader: what is exploited, what is likely, what is how old, and which instruction
//! of the image's build brought it.

use super::report::{DetectedVulnerability, Report};
use super::table::{grid, table_with};
use crate::columns::Columns;
use crate::scan::severity;
use inventory::Secrets;
use model::{Gap, Timestamp, escape};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The table for people, with what is known beside the report: what could not be judged, how
/// far secrets were searched for, how old the image is.
pub fn overview(
    report: &Report,
    gaps: &[Gap],
    created: Option<Timestamp>,
    searched: Option<&Secrets>,
    columns: &Columns,
    now: Timestamp,
) -> String {
    let mut out = table_with(report, searched, columns);
    if let Some(line) = created.and_then(|created| age(report, created, now)) {
        out.push('\n');
        out.push_str(&line);
        out.push('\n');
    }
    if !gaps.is_empty() {
        let parts = if gaps.len() == 1 { "part" } else { "parts" };
        out.push_str(&format!("\nunknown: {} {parts} could not be judged\n", gaps.len()));
        for gap in gaps {
            out.push_str(&format!("  {}: {}\n", escape(&gap.what), escape(&gap.why)));
        }
    }
    out
}

/// `built 183 days ago; 12 of its vulnerabilities have a fix`.
fn age(report: &Report, created: Timestamp, now: Timestamp) -> Option<String> {
    let days = now.as_second().checked_sub(created.as_second())?.checked_div(86_400)?;
    // Reproducible builds have no date of their own.
    if created.as_second() <= 0 || days < 0 {
        return None;
    }
    let fixable =
        report.results.iter().flat_map(|r| &r.vulnerabilities).filter(|v| !v.fixed_version.is_empty());
    Some(format!("built {days} days ago; {} of its vulnerabilities have a fix", fixable.count()))
}

/// One list, worst first: exploited before likely before severe; what has a fix before what has none.
pub fn ranked(report: &Report, columns: &Columns) -> String {
    let by_layer = instructions(report);
    let mut all: Vec<(&str, &DetectedVulnerability)> = report
        .results
        .iter()
        .flat_map(|result| result.vulnerabilities.iter().map(|one| (result.target.as_str(), one)))
        .collect();
    let exploited = |id: &str| columns.kev.as_ref().is_some_and(|kev| kev.get(id).is_some());
    let likely = |id: &str| columns.epss.as_ref().and_then(|epss| epss.score(id));
    // Scores are between 0 and 1: a millionth is fine enough to sort by.
    let millionths = |id: &str| likely(id).map_or(0, |score| (score * 1e6) as i64);
    all.sort_by_key(|(target, one)| {
        let v = *one;
        (
            Reverse(exploited(&v.id)),
            Reverse(severity(&v.severity) >= model::Severity::High),
            Reverse(millionths(&v.id)),
            Reverse(severity(&v.severity)),
            v.fixed_version.is_empty(),
            v.id.clone(),
            v.pkg_name.clone(),
            (*target).to_owned(),
        )
    });
    if all.is_empty() {
        return "Nothing was found.\n".to_owned();
    }
    let row = |(target, one): &(&str, &DetectedVulnerability)| {
        let from = one.layer.as_ref().and_then(|layer| by_layer.get(&layer.diff_id)).cloned();
        vec![
            one.id.clone(),
            one.severity.clone(),
            if exploited(&one.id) { "yes".to_owned() } else { String::new() },
            likely(&one.id).map(|score| format!("{:.1} %", score * 100.0)).unwrap_or_default(),
            one.pkg_name.clone(),
            one.installed_version.clone(),
            one.fixed_version.clone(),
            if one.pkg_path.is_empty() { (*target).to_owned() } else { one.pkg_path.clone() },
            from.unwrap_or_default(),
        ]
    };
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    let head = [
        "Vulnerability",
        "Severity",
        "Exploited",
        "EPSS",
        "Package",
        "Installed",
        "Fixed",
        "Where",
        "Brought by",
    ];
    // A column nobody has anything in only makes lines long.
    let used: Vec<bool> = (0..head.len())
        .map(|at| rows.iter().any(|row| row.get(at).is_some_and(|cell| !cell.is_empty())))
        .collect();
    let keep = |at: usize| used.get(at).copied().unwrap_or(true);
    let head: Vec<&str> =
        head.iter().enumerate().filter(|(at, _)| keep(*at)).map(|(_, head)| *head).collect();
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|row| row.into_iter().enumerate().filter(|(at, _)| keep(*at)).map(|(_, cell)| cell).collect())
        .collect();
    let mut out = String::new();
    grid(&head, &rows, &mut out);
    if let Some(kev) = columns.kev.as_ref().filter(|kev| kev.is_built_in()) {
        let version = &kev.version;
        out.push_str(&format!(
            "Exploited: as of {version}, built in; --kev FILE brings a newer catalogue.\n"
        ));
    }
    out
}

/// The instruction each layer was made by, shortened to what a reader recognises.
pub fn instructions(report: &Report) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let Some(config) = &report.metadata.image_config else { return out };
    let Some(super::Json::List(history)) = config.get("history") else { return out };
    let made =
        history.iter().filter(|step| !matches!(step.get("empty_layer"), Some(super::Json::Bool(true))));
    for (diff_id, step) in report.metadata.diff_ids.iter().zip(made) {
        let text = step.get("created_by").and_then(super::Json::as_str).unwrap_or_default();
        out.insert(diff_id.clone(), short(text));
    }
    out
}

/// `RUN apt-get …` of `/bin/sh -c #(nop) …` and its kin.
fn short(text: &str) -> String {
    const LONGEST: usize = 50;
    let text = match text.strip_prefix("/bin/sh -c ") {
        Some(rest) => match rest.strip_prefix("#(nop)") {
            Some(rest) => rest.trim().to_owned(),
            None => format!("RUN {rest}"),
        },
        None => text.replacen("RUN /bin/sh -c ", "RUN ", 1),
    };
    let text = text.trim_end_matches("# buildkit").split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Caps, read};
    use super::*;
    use crate::columns::{Epss, Kev};

    const REPORT: &str = r#"{"SchemaVersion":2,"ArtifactName":"a","Metadata":{"DiffIDs":["sha256:1","sha256:2"],"ImageConfig":{"history":[
        {"created_by":"/bin/sh -c #(nop) ADD file:x in / "},{"created_by":"/bin/sh -c #(nop)  CMD [\"sh\"]","empty_layer":true},{"created_by":"RUN /bin/sh -c apt-get install -y   curl # buildkit"}]}},
        "Results":[{"Target":"t","Class":"os-pkgs","Vulnerabilities":[
        {"VulnerabilityID":"CVE-1","PkgName":"a","Severity":"CRITICAL"},
        {"VulnerabilityID":"CVE-2","PkgName":"b","Severity":"HIGH","FixedVersion":"2","Layer":{"DiffID":"sha256:2"}},
        {"VulnerabilityID":"CVE-3","PkgName":"c","Severity":"LOW"},
        {"VulnerabilityID":"CVE-4","PkgName":"d","Severity":"LOW"}]}]}"#;

    fn columns() -> Columns {
        let kev = r#"{"title":"x","catalogVersion":"1","count":1,"vulnerabilities":[{"cveID":"CVE-4","dateAdded":"2024-01-01"}]}"#;
        let epss = "cve,epss,percentile\nCVE-2,0.91,0.9\nCVE-1,0.1,0.5\n";
        Columns { kev: Some(Kev::parse(kev.as_bytes()).0), epss: Some(Epss::parse(epss.as_bytes()).0) }
    }

    #[test]
    fn exploited_then_likely_then_severe() {
        let report = read(REPORT.as_bytes(), &Caps::default()).0;
        let text = ranked(&report, &columns());
        let at = |id: &str| text.find(id).unwrap();
        assert!(
            at("CVE-4") < at("CVE-2") && at("CVE-2") < at("CVE-1") && at("CVE-1") < at("CVE-3"),
            "{text}"
        );
        assert!(text.contains("RUN apt-get install -y curl") && text.contains("91.0 %"), "{text}");
        assert_eq!(ranked(&Report::default(), &columns()), "Nothing was found.\n");
    }

    #[test]
    fn ages_and_gaps() {
        let report = read(REPORT.as_bytes(), &Caps::default()).0;
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let gap = Gap {
            ring: model::Ring::Images,
            what: "layer x".into(),
            why: "cut".into(),
            asked: true,
            help: None,
        };
        let (made, now) = (at("2026-01-01T00:00:00Z"), at("2026-07-03T00:00:00Z"));
        let text = overview(&report, &[gap], Some(made), None, &Columns::default(), now);
        assert!(text.contains("built 183 days ago; 1 of its vulnerabilities have a fix"), "{text}");
        assert!(text.contains("unknown: 1 part ") && text.contains("layer x: cut"));
        assert!(
            !overview(&report, &[], Some(at("1970-01-01T00:00:00Z")), None, &Columns::default(), now)
                .contains("built")
        );
        assert!(overview(&report, &[], None, None, &columns(), now).contains("Exploited"));
    }
}
