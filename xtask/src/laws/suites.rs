//! `tests/required.txt` names every suite of `tests/suites.rs`, and nothing else.

use super::{Breach, Law};
use crate::repository::Repository;

pub(super) static LAW: Law = Law {
    name: "suites",
    says: "tests/required.txt and the list in tests/suites.rs name the same suites",
    run,
};

const REGISTRY: &str = "tests/suites.rs";
const REQUIRED: &str = "tests/required.txt";

fn run(repository: &Repository) -> Vec<Breach> {
    let registered = registered(repository.text(REGISTRY).unwrap_or_default());
    let required = required(repository.text(REQUIRED).unwrap_or_default());
    let mut breaches = Vec::new();
    if registered.is_empty() {
        breaches.push(Breach::new(REGISTRY, "lists no suite"));
    }
    for name in registered.iter().filter(|name| !required.contains(name)) {
        breaches.push(Breach::new(REQUIRED, format!("does not name suite {name}")));
    }
    for name in required.iter().filter(|name| !registered.contains(name)) {
        breaches.push(Breach::new(REQUIRED, format!("names {name}, which {REGISTRY} does not list")));
    }
    // A plain test function is compiled away where the harness is our own, and nobody would notice.
    for (path, text) in repository.rust().filter(|(path, _)| path.starts_with("tests/")) {
        for (number, _) in text.lines().enumerate().filter(|(_, line)| line.trim() == concat!("#[te", "st]"))
        {
            if !text.contains("#[cfg(test)]") {
                breaches.push(Breach::new(
                    format!("{path}:{}", number + 1),
                    "never runs: make it a case of a suite",
                ));
            }
        }
    }
    breaches
}

/// Suite names in the list, `&conformance::pss::SUITE` giving `conformance/pss`.
fn registered(text: &str) -> Vec<String> {
    let mut parts: Vec<&str> = text.split("::SUITE").collect();
    parts.pop();
    parts.iter().filter_map(|part| Some(part.rsplit_once('&')?.1.replace("::", "/"))).collect()
}

fn required(text: &str) -> Vec<String> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws::planted;

    const LIST: &str = "static SUITES: &[&Suite] = &[\n    &cli::SUITE,\n    &conformance::pss::SUITE,\n];\n";

    #[test]
    fn equal_lists_pass() {
        assert!(run(&planted(&[(REGISTRY, LIST), (REQUIRED, "# why\ncli\nconformance/pss\n")])).is_empty());
    }

    #[test]
    fn the_list_is_read_however_it_is_set() {
        assert_eq!(registered(LIST), ["cli", "conformance/pss"]);
        assert_eq!(registered("static SUITES: &[&Suite] = &[&cli::SUITE, &guide::SUITE];"), ["cli", "guide"]);
        assert!(registered("fn main() {}").is_empty());
    }

    #[test]
    fn either_side_missing_is_caught() {
        assert_eq!(run(&planted(&[(REGISTRY, LIST), (REQUIRED, "cli\n")])).len(), 1);
        assert_eq!(run(&planted(&[(REGISTRY, LIST), (REQUIRED, "cli\nconformance/pss\ne2e\n")])).len(), 1);
        assert_eq!(run(&planted(&[(REGISTRY, ""), (REQUIRED, "")])).len(), 1);
    }

    #[test]
    fn a_test_that_would_never_run_is_caught() {
        let lost = format!("//! x\n{}\nfn a() {{}}\n", concat!("#[te", "st]"));
        let files = [(REGISTRY, LIST), (REQUIRED, "cli\nconformance/pss\n"), ("tests/cli/mod.rs", &lost)];
        assert_eq!(run(&planted(&files)).len(), 1);
    }
}
