//! Crates that must not be locked are not, and `deny.toml` bans the same ones.

use super::{Breach, Law};
use crate::arrows::BANNED;
use crate::repository::Repository;

pub(super) static LAW: Law = Law {
    name: "banned",
    says: "no OpenSSL, no second crypto provider, in Cargo.lock and deny.toml alike",
    run,
};

fn run(repository: &Repository) -> Vec<Breach> {
    let lock = repository.text("Cargo.lock").unwrap_or_default();
    let deny = repository.text("deny.toml").unwrap_or_default();
    let mut breaches = Vec::new();
    for (name, why) in BANNED {
        if lock.lines().any(|line| line == format!("name = \"{name}\"")) {
            breaches.push(Breach::new("Cargo.lock", format!("{name} is locked: {why}")));
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
    use crate::laws::planted;

    fn deny() -> String {
        BANNED.iter().map(|(name, _)| format!("{{ crate = \"{name}\" }},\n")).collect()
    }

    #[test]
    fn a_locked_crate_is_caught_by_its_whole_name() {
        let clean = "name = \"openssl-probe\"\n";
        assert!(run(&planted(&[("Cargo.lock", clean), ("deny.toml", &deny())])).is_empty());
        let ring = "name = \"ring\"\n";
        assert_eq!(run(&planted(&[("Cargo.lock", ring), ("deny.toml", &deny())])).len(), 1);
    }

    #[test]
    fn a_forgotten_ban_is_caught() {
        assert_eq!(run(&planted(&[("Cargo.lock", ""), ("deny.toml", "")])).len(), BANNED.len());
    }
}
