//! JUnit XML: a suite for each rule, a failed case for each finding.

use super::{Findings, FindingsFormat, markup};
use model::Finding;
use std::fmt::Write as _;

pub(super) const FORMAT: FindingsFormat = FindingsFormat { name: "junit", about: "JUnit XML, for build servers", write };

fn write(document: &Findings<'_>) -> String {
    let mut suites: Vec<(&str, Vec<&Finding>)> = Vec::new();
    for finding in document.findings {
        match suites.iter_mut().find(|(id, _)| *id == finding.rule.id) {
            Some((_, all)) => all.push(finding),
            None => suites.push((finding.rule.id, vec![finding])),
        }
    }
    let count = document.findings.len();
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let name = markup(document.tool);
    let _ = writeln!(out, "<testsuites name=\"{name}\" tests=\"{count}\" failures=\"{count}\">");
    for (id, all) in suites {
        let count = all.len();
        let _ = writeln!(out, "  <testsuite name=\"{id}\" tests=\"{count}\" failures=\"{count}\">");
        for finding in all {
            let target = markup(&finding.target.to_string());
            let place = markup(&(document.place)(&finding.evidence));
            let message = markup(&finding.message);
            let _ = writeln!(out, "    <testcase classname=\"{id}\" name=\"{target}\">");
            let _ = writeln!(
                out,
                "      <failure type=\"{}\" message=\"{message}\">{place} {}</failure>",
                finding.severity,
                finding.id()
            );
            out.push_str("    </testcase>\n");
        }
        out.push_str("  </testsuite>\n");
    }
    if !document.notes.is_empty() {
        out.push_str("  <testsuite name=\"notes\" tests=\"0\" failures=\"0\">\n    <system-out>");
        for note in document.notes {
            let _ = writeln!(out, "{}", markup(note));
        }
        out.push_str("</system-out>\n  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}
