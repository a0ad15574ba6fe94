//! The table for people: a summary of every target, then one table a target.

use super::report::{DetectedVulnerability, Report, ScanResult};
use crate::columns::{Columns, Kev};
use crate::scan::severity;
use model::{Severity, escape};

/// Widest title that is shown, in characters.
const TITLE: usize = 60;
const SEVERITIES: [Severity; 5] =
    [Severity::Unknown, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

/// Writes the vulnerabilities of a report. Until secrets are read, the first line says that they were not looked for.
pub fn table(report: &Report) -> String {
    table_with(report, &Columns::default())
}

/// The same, with the columns at hand.
pub(crate) fn table_with(report: &Report, columns: &Columns) -> String {
    let mut out = String::new();
    let secrets = report.results.iter().any(|r| r.class == "secret" || !r.secrets.is_empty());
    if !secrets {
        out.push_str("secrets: not scanned\n");
    }
    let rows: Vec<Vec<String>> = report.results.iter().map(summary).collect();
    if rows.is_empty() {
        out.push_str("\nNothing was looked at: the report holds no results.\n");
        return out;
    }
    out.push_str("\nReport Summary\n\n");
    grid(&["Target", "Type", "Vulnerabilities", "Worst"], &rows, &mut out);
    for result in report.results.iter().filter(|r| !r.vulnerabilities.is_empty()) {
        target(result, columns, &mut out);
    }
    out
}

fn summary(result: &ScanResult) -> Vec<String> {
    let looked = matches!(result.class.as_str(), "os-pkgs" | "lang-pkgs" | "");
    let count = if looked { result.vulnerabilities.len().to_string() } else { "-".to_owned() };
    let worst = result.vulnerabilities.iter().map(|v| severity(&v.severity)).max();
    let worst = worst.map_or("-".to_owned(), |w| w.to_string());
    vec![result.target.clone(), result.kind.clone(), count, worst]
}

fn target(result: &ScanResult, columns: &Columns, out: &mut String) {
    let title = escape(&result.target);
    let counts: Vec<String> = SEVERITIES
        .iter()
        .map(|s| {
            format!("{s}: {}", result.vulnerabilities.iter().filter(|v| severity(&v.severity) == *s).count())
        })
        .collect();
    let line = "=".repeat(title.chars().count());
    out.push_str(&format!(
        "\n{title}\n{line}\nTotal: {} ({})\n\n",
        result.vulnerabilities.len(),
        counts.join(", ")
    ));
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
    let mut title: String = title.chars().take(TITLE.saturating_add(1)).collect();
    if title.chars().count() > TITLE {
        title = title.chars().take(TITLE.saturating_sub(1)).chain(['…']).collect();
    }
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
    fn nothing_looked_at_is_said() {
        assert!(table(&Report::default()).contains("Nothing was looked at"));
    }
}
