//! Crates that must not be linked are not, and `deny.toml` bans the same ones.

use super::{Breach, Law};
use crate::arrows::BANNED;
use crate::repository::{Repository, output};

pub(super) static LAW: Law = Law {
    name: "banned",
    says: "no OpenSSL, no second crypto provider, linked or forgotten in deny.toml",
    run,
};

fn run(repository: &Repository) -> Vec<Breach> {
    // The lock file names crates that a feature nobody switches on would need; the tree names what is linked.
    let args = ["tree", "--workspace", "--locked", "--edges", "all", "--prefix", "none", "--format", "{p}"];
    let tree = match output(&repository.root, "cargo", &args) {
        Ok(tree) => String::from_utf8_lossy(&tree).into_owned(),
        Err(why) => return vec![Breach::new("Cargo.lock", why)],
    };
    judge(&tree, repository.text("deny.toml").unwrap_or_default())
}

/// `tree` has one `name version` a line.
fn judge(tree: &str, deny: &str) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (name, why) in BANNED {
        if tree.lines().any(|line| line.split_whitespace().next() == Some(name)) {
            breaches.push(Breach::new("Cargo.lock", format!("{name} is linked: {why}")));
        }
        if !deny.contains(&format!("crate = \"{name}\"")) {
            breaches.push(Breach::new("deny.toml", format!("does not ban {name}: {why}")));
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deny() -> String {
        BANNED.iter().map(|(name, _)| format!("{{ crate = \"{name}\" }},\n")).collect()
    }

    #[test]
    fn a_linked_crate_is_caught_by_its_whole_name() {
        assert!(judge("openssl-probe v0.2.2\nserde v1.0.0 (*)\n", &deny()).is_empty());
        assert_eq!(judge("serde v1.0.0\nring v0.17.14\n", &deny()).len(), 1);
    }

    #[test]
    fn a_forgotten_ban_is_caught() {
        assert_eq!(judge("", "").len(), BANNED.len());
    }
}
