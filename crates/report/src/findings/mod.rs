//! Plain findings in the formats of other programs: one file each, one line here.

use model::{Evidence, Finding, Gap};

/// Findings, and what is needed to write them down.
pub struct Findings<'a> {
    /// Name and version of the program.
    pub tool: &'a str,
    /// The findings, worst first.
    pub findings: &'a [Finding],
    /// What was not seen.
    pub gaps: &'a [Gap],
    /// What is to be said beside: suppressed findings, suppressions that have ended.
    pub notes: &'a [String],
    /// Where evidence is, as `file:line` or in words.
    pub place: &'a dyn Fn(&Evidence) -> String,
}

/// A way to write findings.
pub struct FindingsFormat {
    /// Value of `-o`.
    pub name: &'static str,
    /// One line of help.
    pub about: &'static str,
    /// Writes them.
    pub write: fn(&Findings<'_>) -> String,
}

macro_rules! formats {
    ($($name:ident),+ $(,)?) => {
        $(mod $name;)+
        /// Every format of findings.
        pub static FINDINGS_FORMATS: &[FindingsFormat] = &[$($name::FORMAT),+];
    };
}

formats![sarif, junit, html];

/// A place as a file and a line, where it is one.
fn file_and_line(place: &str) -> Option<(&str, u32)> {
    let (file, line) = place.rsplit_once(':')?;
    Some((file, line.parse().ok().filter(|line| *line > 0)?))
}

/// Text for XML and HTML. Characters that XML cannot hold, or that hide, are spelled out.
fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in model::escape(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Gap, ResourceRef, Ring, Rule, Severity, Target};

    static RULE: Rule = Rule {
        id: "test/rule",
        title: "A <test>",
        severity: Severity::High,
        controls: &["CIS 1.1"],
        explain: "Because.",
    };

    fn written(name: &str, count: usize) -> String {
        let finding = |index: usize| {
            let target = Target::Resource(ResourceRef::new("", "Pod", "a", &format!("p{index}<script>")));
            Finding::new(&RULE, target, Evidence::Assumption(String::new()), "it's \u{1b}[31m & \"bad\"")
        };
        let all: Vec<Finding> = (0..count).map(finding).collect();
        let gap = Gap {
            ring: Ring::Nodes,
            what: "runc".into(),
            why: "no one says".into(),
            asked: false,
            help: None,
        };
        let place = |_: &Evidence| "dir/a b.yaml:12".to_owned();
        let findings = Findings {
            tool: "ringwall 0.1.0",
            findings: &all,
            gaps: &[gap],
            notes: &["accepted <by> jane".to_owned()],
            place: &place,
        };
        let format = FINDINGS_FORMATS.iter().find(|format| format.name == name).unwrap();
        (format.write)(&findings)
    }

    #[test]
    fn sarif_is_one_run_with_places() {
        let value: serde_json::Value = serde_json::from_str(&written("sarif", 2)).unwrap();
        assert_eq!((value["version"].as_str(), value["runs"].as_array().unwrap().len()), (Some("2.1.0"), 1));
        let run = &value["runs"][0];
        assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "test/rule");
        let result = &run["results"][0];
        assert_eq!((result["level"].as_str(), result["ruleIndex"].as_u64()), (Some("error"), Some(0)));
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "dir/a%20b.yaml");
        assert_eq!(place["region"]["startLine"], 12);
        assert_ne!(result["partialFingerprints"], run["results"][1]["partialFingerprints"]);
        assert_eq!(run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn sarif_says_what_it_leaves_out() {
        let value: serde_json::Value = serde_json::from_str(&written("sarif", 5001)).unwrap();
        let run = &value["runs"][0];
        assert_eq!(run["results"].as_array().unwrap().len(), 5000);
        let notes = run["invocations"][0]["toolExecutionNotifications"].to_string();
        assert!(notes.contains("1 of 5001"), "{notes}");
    }

    #[test]
    fn names_do_not_leave_their_place() {
        for format in ["junit", "html"] {
            let text = written(format, 1);
            assert!(text.contains("p0&lt;script&gt;") && !text.contains("<script>p0"), "{text}");
            assert!(!text.contains("p0<script>") && !text.contains('\u{1b}'), "{text}");
            assert!(text.contains("accepted &lt;by&gt; jane"), "{text}");
        }
    }

    #[test]
    fn junit_counts() {
        let text = written("junit", 3);
        assert!(text.contains(r#"tests="3" failures="3""#), "{text}");
        assert_eq!(text.matches("<testcase").count(), 3);
        assert!(written("junit", 0).contains(r#"tests="0" failures="0""#));
    }

    #[test]
    fn html_needs_nothing_else() {
        let text = written("html", 1);
        assert!(text.starts_with("<!doctype html>") && text.contains("runc"));
        assert!(!text.contains("http://") && !text.contains("https://") && !text.contains("src="));
    }

    #[test]
    fn places() {
        assert_eq!(file_and_line("a.yaml:3"), Some(("a.yaml", 3)));
        assert_eq!(file_and_line("live (helm)"), None);
        assert_eq!(file_and_line("a.yaml:0"), None);
    }
}
