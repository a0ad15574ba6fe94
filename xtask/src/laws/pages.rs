//! Generated pages say what the binary says today, and every page in a generated folder has a row.

use super::{Breach, Law};
use crate::docs::{PAGES, render};
use crate::repository::Repository;

pub(super) static LAW: Law = Law { name: "pages", says: "generated pages are fresh (cargo xtask docs)", run };

/// A folder that holds generated pages only.
const GENERATED: &str = "docs/checks/";

fn run(repository: &Repository) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (path, _) in repository.texts().filter(|(path, _)| path.starts_with(GENERATED)) {
        if !PAGES.iter().any(|page| page.file == path) {
            breaches.push(Breach::new(path, "is not a generated page: give it a row in xtask/src/docs.rs"));
        }
    }
    for page in PAGES {
        match render(&repository.root, page) {
            Err(why) => breaches.push(Breach::new(page.file, why)),
            Ok(text) if repository.text(page.file) != Some(text.as_str()) => {
                breaches.push(Breach::new(page.file, "is stale: run `cargo xtask docs`"));
            }
            Ok(_) => {}
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws::planted;

    #[test]
    fn a_page_by_hand_in_a_generated_folder_is_caught() {
        let by_hand = run(&planted(&[("docs/checks/by-hand.md", "x")]));
        assert!(by_hand.iter().any(|breach| breach.at == "docs/checks/by-hand.md"), "{by_hand:?}");
    }
}
