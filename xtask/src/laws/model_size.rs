//! `model` holds what facts are joined by and nothing else: it has a ceiling.

use super::{Breach, Law};
use crate::repository::Repository;

pub(super) static LAW: Law =
    Law { name: "model-size", says: "crates/model has at most 2,500 lines without comments and tests", run };

const CEILING: usize = 2500;

fn run(repository: &Repository) -> Vec<Breach> {
    let lines: usize = repository
        .rust()
        .filter(|(path, _)| path.starts_with("crates/model/src/") && !path.ends_with("tests.rs"))
        .map(|(_, text)| code_lines(text))
        .sum();
    if lines > CEILING {
        let what = format!("{lines} lines, {CEILING} are allowed: move tool-shaped types to their engine");
        return vec![Breach::new("crates/model", what)];
    }
    Vec::new()
}

/// Lines that are neither blank, comment nor inside an item marked `#[cfg(test)]`.
///
/// Relies on rustfmt: the marked item ends at the first `}` or `;` of its own indentation.
fn code_lines(text: &str) -> usize {
    let mut lines = text.lines();
    let mut count = 0;
    while let Some(line) = lines.next() {
        let code = line.trim();
        if code.is_empty() || code.starts_with("//") {
            continue;
        }
        if code == "#[cfg(test)]" {
            let indent = line.len() - line.trim_start().len();
            let ends = |line: &str| {
                let own = line.len() - line.trim_start().len() == indent;
                own && (line.trim() == "}" || line.ends_with(';') || line.ends_with("{}"))
            };
            lines.by_ref().find(|line| ends(line));
            continue;
        }
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws::planted;

    #[test]
    fn comments_blanks_and_tests_do_not_count() {
        let text = "//! Doc.\n\nuse a::b;\n\n/// Doc.\npub fn one() {\n    two() // why\n}\n\n#[cfg(test)]\nmod tests {\n    \
                    fn x() {\n    }\n}\n\nfn after() {}\n";
        assert_eq!(code_lines(text), 5);
        assert_eq!(code_lines("#[cfg(test)]\nmod tests;\nfn after() {}\n"), 1);
        assert_eq!(code_lines("#[cfg(test)]\nuse a;\n"), 0);
    }

    #[test]
    fn the_ceiling_holds_over_all_files() {
        let half = "let a = 1;\n".repeat(CEILING / 2 + 1);
        assert!(
            run(&planted(&[("crates/model/src/a.rs", &half), ("crates/rbac/src/b.rs", &half)])).is_empty()
        );
        assert_eq!(
            run(&planted(&[("crates/model/src/a.rs", &half), ("crates/model/src/b.rs", &half)])).len(),
            1
        );
    }
}
