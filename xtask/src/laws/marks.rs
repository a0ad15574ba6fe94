//! What lands is finished: no marks for later, no ignored tests, no silenced lint without a reason.

use super::{Breach, Law};
use crate::repository::Repository;

pub(super) static LAW: Law = Law {
    name: "marks",
    says: "no unfinished marks, no ignored tests, no allow or expect without a reason",
    run,
};

// Written in two halves so that this file does not find itself.
const MARKS: &[(&str, &str)] = &[
    (concat!("TO", "DO"), "finish it, or write it into docs/known-gaps.md"),
    (concat!("FIX", "ME"), "fix it, or write it into docs/known-gaps.md"),
    (concat!("to", "do!("), "answer, or return an error that says what is unsupported"),
    (concat!("unimple", "mented!("), "answer, or return an error that says what is unsupported"),
    (concat!("#[ig", "nore"), "a test runs, or its suite is skipped with a printed reason"),
];

fn run(repository: &Repository) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (path, text) in repository.rust() {
        for (number, line) in text.lines().enumerate() {
            for (mark, what) in MARKS.iter().filter(|(mark, _)| has_word(line, mark)) {
                breaches.push(Breach::new(format!("{path}:{}", number + 1), format!("{mark}: {what}")));
            }
        }
        for number in unreasoned(text) {
            let what = "a lint is silenced without `reason = \"…\"`";
            breaches.push(Breach::new(format!("{path}:{number}"), what));
        }
    }
    breaches
}

/// Whether `mark` stands in `line` and does not begin inside a longer word.
fn has_word(line: &str, mark: &str) -> bool {
    let inside = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    line.match_indices(mark).any(|(at, _)| {
        let before = at.checked_sub(1).and_then(|before| line.as_bytes().get(before));
        let after = if mark.ends_with(|c: char| c.is_alphanumeric()) && !mark.starts_with('#') {
            line.as_bytes().get(at + mark.len())
        } else {
            None
        };
        !inside(before) && !inside(after)
    })
}

/// Line numbers of attributes that silence a lint and give no reason.
fn unreasoned(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    for head in [concat!("[al", "low("), concat!("[ex", "pect(")] {
        for (at, _) in text.match_indices(head) {
            let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
            let marked = matches!(text[line..at].trim(), "#" | "#!");
            let attribute = text[at..].split(")]").next().unwrap_or_default();
            if marked && !attribute.contains("reason") {
                found.push(text[..at].matches('\n').count() + 1);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws::planted;

    #[test]
    fn each_mark_is_caught() {
        for (mark, _) in MARKS {
            let text = format!("//! x\n// {mark} later\n");
            assert_eq!(run(&planted(&[("a.rs", &text)])).len(), 1, "{mark}");
        }
    }

    #[test]
    fn words_that_only_look_like_marks_pass() {
        let text = concat!("//! x\nlet AUTO", "DO = MASTO", "DOn;\n");
        assert!(run(&planted(&[("a.rs", text)])).is_empty());
    }

    #[test]
    fn a_silenced_lint_needs_a_reason_even_over_lines() {
        let bare = format!("//! x\n{}dead_code)]\nfn a() {{}}\n", concat!("#[al", "low("));
        assert_eq!(unreasoned(&bare), [2]);
        let given =
            format!("{}\n    dead_code,\n    reason = \"seen by tests\"\n)]\n", concat!("#![ex", "pect("));
        assert!(unreasoned(&given).is_empty());
    }
}
