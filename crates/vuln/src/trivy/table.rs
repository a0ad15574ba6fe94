//! The table for people: a summary of every target, then one table a target.

use super::Json;
use super::report::{DetectedVulnerability, Report, ScanResult};
use crate::columns::{Columns, Kev};
use crate::scan::severity;
use inventory::Secrets;
use model::{Severity, escape};

/// Widest title that is shown, in characters.
const TITLE: usize = 60;
const SEVERITIES: [Severity; 5] =
    [Severity::Unknown, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

/// Writes the vulnerabilities and secrets of a report. Where no secrets were looked for, the first line says so.
pub fn table(report: &Report) -> String {
    table_with(report, None, &Columns::default())
}

/// The same, with the columns at hand, and what is known of the search for secrets.
pub(crate) fn table_with(report: &Report, searched: Option<&Secrets>, columns: &Columns) -> String {
    let mut out = String::new();
    let secrets = report.results.iter().any(|r| r.class == "secret" || !r.secrets.is_empty());
    match searched {
        Some(searched) => out.push_str(&coverage(searched)),
        None if !secrets => out.push_str("secrets: not scanned\n"),
        None => {}
    }
    let rows: Vec<Vec<String>> = report.results.iter().map(summary).collect();
    if rows.is_empty() {
        out.push_str(match searched {
            Some(_) => "\nNothing was found.\n",
            None => "\nNothing was looked at: the report holds no results.\n",
        });
        return out;
    }
    out.push_str("\nReport Summary\n\n");
    grid(&["Target", "Type", "Vulnerabilities", "Secrets", "Worst"], &rows, &mut out);
    for result in report.results.iter().filter(|r| !r.vulnerabilities.is_empty()) {
        target(result, columns, &mut out);
    }
    for result in report.results.iter().filter(|r| !r.secrets.is_empty()) {
        secrets_of(result, &mut out);
    }
    for result in report.results.iter().filter(|r| !r.experimental_modified_findings.is_empty()) {
        suppressed(result, &mut out);
    }
    out
}

/// Findings that were taken out: by an ignore file, or by what their makers say of them.
fn suppressed(result: &ScanResult, out: &mut String) {
    let all = &result.experimental_modified_findings;
    let title = format!("{}: {} suppressed", escape(&result.target), all.len());
    out.push_str(&format!("\n{title}\n{}\n\n", "=".repeat(title.chars().count())));
    let row = |one: &Json| {
        let finding = one.get("Finding").unwrap_or(&Json::Null);
        let first = |keys: &[&str]| {
            let found = keys.iter().map(|key| text_of(finding, key)).find(|text| !text.is_empty());
            found.unwrap_or_default().to_owned()
        };
        let id = first(&["VulnerabilityID", "RuleID", "ID", "Name"]);
        let mut row = vec![first(&["PkgName", "Title"]), id, first(&["Severity"])];
        row.extend(["Status", "Statement", "Source"].map(|key| text_of(one, key).to_owned()));
        row
    };
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    grid(&["What", "Id", "Severity", "Status", "Statement", "Source"], &rows, out);
}

/// How far the search for secrets went, in one line.
fn coverage(searched: &Secrets) -> String {
    let account = &searched.account;
    let files = if account.searched == 1 { "file" } else { "files" };
    let mut out = format!("secrets: {} found in {} {files} searched", searched.count(), account.searched);
    if account.binary > 0 {
        out.push_str(&format!("; {} are no text", account.binary));
    }
    if account.aside > 0 {
        out.push_str(&format!("; {} set aside by their path", account.aside));
    }
    match searched.base_layers {
        0 => {}
        1 => out.push_str("; the base image's layer was not searched"),
        more => out.push_str(&format!("; the base image's {more} layers were not searched")),
    }
    out.push('\n');
    out
}

fn text_of<'j>(one: &'j Json, key: &str) -> &'j str {
    one.get(key).and_then(Json::as_str).unwrap_or_default()
}

fn number_of(one: &Json, key: &str) -> u64 {
    match one.get(key) {
        Some(Json::Number(number)) => number.as_u64().unwrap_or(0),
        _ => 0,
    }
}

/// The secrets of a file, each with the lines around it.
fn secrets_of(result: &ScanResult, out: &mut String) {
    let severities = || result.secrets.iter().map(|one| severity(text_of(one, "Severity")));
    heading(&format!("{} (secrets)", escape(&result.target)), result.secrets.len(), severities, out);
    for one in &result.secrets {
        let of = |key: &str| escape(text_of(one, key)).into_owned();
        let (first, last) = (number_of(one, "StartLine"), number_of(one, "EndLine"));
        let lines = if last > first { format!("lines {first}-{last}") } else { format!("line {first}") };
        out.push_str(&format!("{}: {} ({}), {lines}\n", of("Severity"), of("Title"), of("RuleID")));
        let by = one.get("Layer").map(|layer| text_of(layer, "CreatedBy")).unwrap_or_default();
        if !by.is_empty() {
            out.push_str(&format!("  brought by {}\n", escape(&shortened(by))));
        }
        let shown = match one.get("Code").and_then(|code| code.get("Lines")) {
            Some(Json::List(lines)) => lines.as_slice(),
            _ => &[],
        };
        for line in shown {
            let mark = if line.get("IsCause") == Some(&Json::Bool(true)) { '>' } else { ' ' };
            let content = escape(text_of(line, "Content"));
            let text = format!("{:>6} {mark} {content}", number_of(line, "Number"));
            out.push_str(text.trim_end());
            out.push('\n');
        }
        if shown.is_empty() {
            out.push_str(&format!("  {}\n", of("Match")));
        }
        out.push('\n');
    }
}

/// A target's name, underlined, and how many findings of each severity it has.
fn heading<I: Iterator<Item = Severity>>(title: &str, total: usize, all: impl Fn() -> I, out: &mut String) {
    let count = |s: &Severity| format!("{s}: {}", all().filter(|other| other == s).count());
    let counts: Vec<String> = SEVERITIES.iter().map(count).collect();
    let line = "=".repeat(title.chars().count());
    out.push_str(&format!("\n{title}\n{line}\nTotal: {total} ({})\n\n", counts.join(", ")));
}

/// The first words of a text.
fn shortened(text: &str) -> String {
    if text.chars().count() <= TITLE {
        return text.to_owned();
    }
    text.chars().take(TITLE.saturating_sub(1)).chain(['…']).collect()
}

fn summary(result: &ScanResult) -> Vec<String> {
    let count = |looked: bool, count: usize| if looked { count.to_string() } else { "-".to_owned() };
    let is_secret = result.class == "secret";
    let packages = matches!(result.class.as_str(), "os-pkgs" | "lang-pkgs" | "");
    let secrets = result.secrets.iter().map(|one| severity(text_of(one, "Severity")));
    let worst = result.vulnerabilities.iter().map(|v| severity(&v.severity)).chain(secrets).max();
    vec![
        result.target.clone(),
        if is_secret { "text".to_owned() } else { result.kind.clone() },
        count(packages, result.vulnerabilities.len()),
        count(is_secret, result.secrets.len()),
        worst.map_or("-".to_owned(), |w| w.to_string()),
    ]
}

fn target(result: &ScanResult, columns: &Columns, out: &mut String) {
    let severities = || result.vulnerabilities.iter().map(|v| severity(&v.severity));
    heading(&escape(&result.target), result.vulnerabilities.len(), severities, out);
    let mut rows: Vec<Vec<String>> = result.vulnerabilities.iter().map(row).collect();
    let mut head = vec!["Library", "Vulnerability", "Severity", "Status", "Installed", "Fixed", "Title"];
    // Before the title, which is the widest.
    let hit = |kev: &Kev| result.vulnerabilities.iter().any(|one| kev.get(&one.id).is_some());
    if let Some(kev) = columns.kev.as_ref().filter(|kev| !kev.is_built_in() || hit(kev)) {
        head.insert(6, "Exploited");
        for (row, one) in rows.iter_mut().zip(&result.vulnerabilities) {
            row.insert(6, if kev.get(&one.id).is_some() { "yes".to_owned() } else { String::new() });
        }
    }
    if let Some(epss) = &columns.epss {
        head.insert(6, "EPSS");
        for (row, one) in rows.iter_mut().zip(&result.vulnerabilities) {
            row.insert(
                6,
                epss.score(&one.id).map(|score| format!("{:.1} %", score * 100.0)).unwrap_or_default(),
            );
        }
    }
    grid(&head, &rows, out);
}

fn row(one: &DetectedVulnerability) -> Vec<String> {
    let title = if one.title.is_empty() { &one.description } else { &one.title };
    let title = shortened(title);
    [&one.pkg_name, &one.id, &one.severity, &one.status, &one.installed_version, &one.fixed_version, &title]
        .into_iter()
        .cloned()
        .collect()
}

/// A table with lines around its cells; what a name could do to a terminal is escaped.
pub(crate) fn grid(head: &[&str], rows: &[Vec<String>], out: &mut String) {
    let head: Vec<String> = head.iter().map(|h| (*h).to_owned()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(&head)
        .chain(rows)
        .map(|row| row.iter().map(|cell| escape(cell).into_owned()).collect())
        .collect();
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row: &Vec<String>| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let rule = |left: &str, middle: &str, right: &str| {
        let parts: Vec<String> = widths.iter().map(|w| "─".repeat(w.saturating_add(2))).collect();
        format!("{left}{}{right}\n", parts.join(middle))
    };
    out.push_str(&rule("┌", "┬", "┐"));
    for (at, row) in rows.iter().enumerate() {
        if at == 1 {
            out.push_str(&rule("├", "┼", "┤"));
        }
        let cell = |(cell, width): (&String, &usize)| {
            format!(" {cell}{} ", " ".repeat(width.saturating_sub(cell.chars().count())))
        };
        let cells: Vec<String> = row.iter().zip(&widths).map(cell).collect();
        out.push_str(&format!("│{}│\n", cells.join("│")));
    }
    out.push_str(&rule("└", "┴", "┘"));
}

#[cfg(test)]
mod tests {
    use super::super::{Caps, read};
    use super::*;

    #[test]
    fn rows_and_counts() {
        let text = r#"{"SchemaVersion":2,"ArtifactName":"a","Results":[{"Target":"t\u001b[31m","Class":"os-pkgs","Type":"alpine",
          "Vulnerabilities":[{"VulnerabilityID":"CVE-1","PkgName":"p","InstalledVersion":"1","FixedVersion":"2","Severity":"HIGH","Status":"fixed","Title":"it breaks"},
          {"VulnerabilityID":"CVE-2","PkgName":"p","Severity":"LOW"}]},{"Target":"clean","Class":"lang-pkgs"},{"Target":"c","Class":"config"}]}"#;
        let got = table(&read(text.as_bytes(), &Caps::default()).0);
        assert!(got.starts_with("secrets: not scanned\n"));
        assert!(got.contains("Total: 2 (UNKNOWN: 0, LOW: 1, MEDIUM: 0, HIGH: 1, CRITICAL: 0)"));
        assert!(
            got.contains("│ p       │ CVE-1         │ HIGH     │ fixed  │ 1         │ 2     │ it breaks │"),
            "{got}"
        );
        assert!(!got.contains('\u{1b}'));
        assert!(got.contains("│ clean      ") && got.contains("│ c          "));
    }

    #[test]
    fn what_was_taken_out() {
        let text = r#"{"SchemaVersion":2,"ArtifactName":"a","Results":[{"Target":"t","ExperimentalModifiedFindings":[
          {"Type":"vulnerability","Status":"not_affected","Statement":"not loaded","Source":"v.json","Finding":{"VulnerabilityID":"CVE-1","PkgName":"p","Severity":"HIGH"}},
          {"Type":"secret","Status":"ignored","Statement":"","Source":"i","Finding":{"RuleID":"r","Title":"T\u001b","Severity":"LOW"}}]}]}"#;
        let got = table(&read(text.as_bytes(), &Caps::default()).0);
        assert!(got.contains("\nt: 2 suppressed\n===============\n"), "{got}");
        assert!(got.contains("│ p       │ CVE-1 │ HIGH     │ not_affected │ not loaded │ v.json │"), "{got}");
        assert!(!got.contains('\u{1b}'));
    }

    #[test]
    fn secrets_and_how_far_was_searched() {
        let text = r#"{"SchemaVersion":2,"ArtifactName":"a","Results":[{"Target":"/a.env","Class":"secret","Secrets":[
          {"RuleID":"own","Severity":"HIGH","Title":"Own","StartLine":2,"EndLine":2,"Match":"k=*","Layer":{"CreatedBy":"COPY . ."},
           "Code":{"Lines":[{"Number":1,"Content":"\u001b[31m"},{"Number":2,"Content":"k=*","IsCause":true},{"Number":3,"Content":""}]}},
          {"RuleID":"own","Severity":"LOW","Title":"Own","StartLine":1,"EndLine":4,"Code":{"Lines":null},"Match":"Binary file"}]}]}"#;
        let report = read(text.as_bytes(), &Caps::default()).0;
        let got = table(&report);
        assert!(!got.contains("not scanned") && !got.contains('\u{1b}'), "{got}");
        assert!(got.contains("/a.env (secrets)\n================\nTotal: 2 (UNKNOWN: 0, LOW: 1,"), "{got}");
        assert!(got.contains("HIGH: Own (own), line 2\n  brought by COPY . .\n     1   "), "{got}");
        assert!(got.contains("     2 > k=*\n     3\n\nLOW: Own (own), lines 1-4\n  Binary file\n"), "{got}");
        assert!(got.contains("│ /a.env │ text │ -               │ 2       │ HIGH"), "{got}");
        let searched = Secrets { base_layers: 2, ..Secrets::default() };
        let got = table_with(&Report::default(), Some(&searched), &Columns::default());
        assert!(got.starts_with("secrets: 0 found in 0 files searched; the base image's 2 layers"));
        assert!(got.contains("Nothing was found."));
    }

    #[test]
    fn nothing_looked_at_is_said() {
        assert!(table(&Report::default()).contains("Nothing was looked at"));
    }
}
