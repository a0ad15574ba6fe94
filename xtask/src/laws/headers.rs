//! Every Rust file says in its first line what it is.

use super::{Breach, Law};
use crate::repository::Repository;

pub(super) static LAW: Law = Law { name: "headers", says: "every Rust file opens with `//!`", run };

fn run(repository: &Repository) -> Vec<Breach> {
    let silent = |(path, text): (&str, &str)| {
        let said = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("//!"))
            .is_some_and(|s| !s.trim().is_empty());
        (!said).then(|| Breach::new(path, "the first line must be `//!` and say what the file is"))
    };
    repository.rust().filter_map(silent).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws::planted;

    #[test]
    fn hit_miss_edge() {
        assert!(run(&planted(&[("a.rs", "//! What it is.\nfn main() {}\n"), ("b.md", "no")])).is_empty());
        assert_eq!(run(&planted(&[("a.rs", "use std::fs;\n//! late\n")])).len(), 1);
        assert_eq!(run(&planted(&[("a.rs", ""), ("b.rs", "//!\n")])).len(), 2);
    }
}
