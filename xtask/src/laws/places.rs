//! The project speaks of itself alone: no path of one machine, no address of a package registry.

use super::{Breach, Law};
use crate::repository::Repository;

pub(super) static LAW: Law = Law {
    name: "places",
    says: "no machine paths and no package registry addresses outside lock files",
    run,
};

// Written in pieces so that this file does not find itself.
const PATHS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/tmp/ba", "sh_jobs"),
    concat!("/fa", "rm/"),
    concat!(".lib", "rary/"),
];
const HOSTS: &[&str] = &[
    concat!("crates", ".io"),
    concat!("npmjs", ".org"),
    concat!("pypi", ".org"),
    concat!("python", "hosted.org"),
    concat!("golang", ".org/@"),
    concat!("proxy.go", "lang.org"),
    concat!("sum.go", "lang.org"),
    concat!("repo1.", "maven.org"),
    concat!("deb.", "debian.org"),
];

/// Files that name a registry because their format demands it.
const EXEMPT: &[(&str, &str)] = &[];

fn run(repository: &Repository) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (path, text) in repository.texts() {
        let lock = path.ends_with(".lock") || path.ends_with("go.sum");
        if lock || EXEMPT.iter().any(|(exempt, _)| *exempt == path) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            // A host counts as an address only: prose may say where Rust crates come from.
            let hit = PATHS
                .iter()
                .find(|place| line.contains(**place))
                .or_else(|| HOSTS.iter().find(|host| line.contains("://") && line.contains(**host)));
            if let Some(place) = hit {
                breaches.push(Breach::new(format!("{path}:{}", number + 1), format!("names {place}")));
            }
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws::planted;

    #[test]
    fn each_place_is_caught() {
        for place in PATHS {
            assert_eq!(run(&planted(&[("a.md", &format!("see {place}x"))])).len(), 1, "{place}");
        }
        for host in HOSTS {
            assert_eq!(run(&planted(&[("a.md", &format!("see https://index.{host}/x"))])).len(), 1, "{host}");
        }
    }

    #[test]
    fn lock_files_and_plain_prose_pass() {
        let host = format!("https://index.{}", HOSTS[0]);
        assert!(
            run(&planted(&[("Cargo.lock", &host), ("a/go.sum", &host), ("b.md", "crates from a registry")]))
                .is_empty()
        );
    }
}
