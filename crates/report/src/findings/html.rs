//! One HTML page that needs nothing else.

use super::{Findings, FindingsFormat, markup};
use std::fmt::Write as _;

pub(super) const FORMAT: FindingsFormat =
    FindingsFormat { name: "html", about: "One page that needs nothing else", write };

const HEAD: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Findings</title>\n<style>\n\
body{font:15px/1.4 sans-serif;margin:2em auto;max-width:75em;padding:0 1em}\n\
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.4em;border-bottom:1px solid #ccc}\n\
.CRITICAL,.HIGH{color:#a00;font-weight:bold}.MEDIUM{color:#850}.where,.fix{color:#555}\n\
</style></head><body>\n";

fn write(document: &Findings<'_>) -> String {
    let mut out = HEAD.to_owned();
    let _ = writeln!(out, "<h1>{} findings</h1><p>{}</p>", document.findings.len(), markup(document.tool));
    out.push_str("<table><tr><th>Severity</th><th>What</th><th>Where</th></tr>\n");
    for finding in document.findings {
        let severity = finding.severity;
        let (title, id) = (markup(finding.rule.title), finding.rule.id);
        let message = markup(&finding.message);
        let target = markup(&finding.target.to_string());
        let place = markup(&(document.place)(&finding.evidence));
        let fix = finding.fixes.first().map(|fix| format!("<div class=\"fix\">fix: {}</div>", markup(&fix.title)));
        let _ = writeln!(
            out,
            "<tr><td class=\"{severity}\">{severity}</td><td><b>{title}</b> <code>{id}</code><div>{message}</div>{}</td>\
             <td>{target}<div class=\"where\">{place}</div></td></tr>",
            fix.unwrap_or_default()
        );
    }
    out.push_str("</table>\n");
    if !document.notes.is_empty() {
        out.push_str("<h2>Suppressions</h2><ul>\n");
        for note in document.notes {
            let _ = writeln!(out, "<li>{}</li>", markup(note));
        }
        out.push_str("</ul>\n");
    }
    if !document.gaps.is_empty() {
        out.push_str("<h2>Not seen</h2><ul>\n");
        for gap in document.gaps {
            let _ = writeln!(out, "<li>{}: {}</li>", markup(&gap.what), markup(&gap.why));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</body></html>\n");
    out
}
