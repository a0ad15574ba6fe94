//! Files stay readable in one sitting, and nothing large is tracked.

use super::{Breach, Law};
use crate::repository::Repository;

pub(super) static LAW: Law =
    Law { name: "sizes", says: "Rust files over 800 lines deserve a look; no text file over 1 MiB", run };

const LINES: usize = 800;
const BYTES: usize = 1 << 20;

fn run(repository: &Repository) -> Vec<Breach> {
    let long = repository.rust().filter_map(|(path, text)| {
        let lines = text.lines().count();
        (lines > LINES).then(|| Breach::mild(path, format!("{lines} lines: split it along its nouns")))
    });
    let large = repository
        .texts()
        .filter(|(_, text)| text.len() > BYTES)
        .map(|(path, text)| Breach::new(path, format!("{} KiB of text", text.len() >> 10)));
    long.chain(large).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws::planted;

    #[test]
    fn hit_miss_edge() {
        assert!(run(&planted(&[("a.rs", &"x\n".repeat(LINES))])).is_empty());
        let long = run(&planted(&[("a.rs", &"x\n".repeat(LINES + 1)), ("a.md", &"x\n".repeat(LINES + 1))]));
        assert_eq!(long.len(), 1);
        assert!(long[0].mild);
        assert!(!run(&planted(&[("a.json", &"x".repeat(BYTES + 1))]))[0].mild);
    }
}
