//! Pure rooms carry the clippy table that bans the world, and depend on no crate that brings it in.

use super::{Breach, Law};
use crate::arrows::{Kind, WORLDLY, room};
use crate::repository::Repository;

pub(super) static LAW: Law =
    Law { name: "purity", says: "pure rooms link pure.clippy.toml and depend on nothing worldly", run };

fn run(repository: &Repository) -> Vec<Breach> {
    let wanted = repository.text("pure.clippy.toml").unwrap_or_default();
    let mut breaches = Vec::new();
    for package in &repository.packages {
        let pure = room(&package.name).is_some_and(|room| room.kind == Kind::Pure);
        if !pure {
            continue;
        }
        let path = format!("{}/clippy.toml", package.folder);
        if wanted.is_empty() || repository.text(&path) != Some(wanted) {
            breaches.push(Breach::new(path, "must be a link to pure.clippy.toml"));
        }
        for dependency in package.dependencies.iter().filter(|dependency| dependency.kind != "dev") {
            if WORLDLY.contains(&dependency.name.as_str()) {
                let what = format!("a pure room must not depend on {}", dependency.name);
                breaches.push(Breach::new(&package.name, what));
            }
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws::planted;
    use crate::repository::{Dependency, Package};

    fn with(files: &[(&str, &str)], dependency: &str, kind: &'static str) -> Repository {
        let dependencies = vec![Dependency { name: dependency.into(), kind }];
        let package = Package {
            name: "rbac".into(),
            folder: "crates/rbac".into(),
            publishable: false,
            doctest: false,
            dependencies,
        };
        Repository { packages: vec![package], ..planted(files) }
    }

    #[test]
    fn a_linked_room_passes_and_its_tests_may_use_the_world() {
        let files = [("pure.clippy.toml", "ban"), ("crates/rbac/clippy.toml", "ban")];
        assert!(run(&with(&files, "serde", "normal")).is_empty());
        assert!(run(&with(&files, "tempfile", "dev")).is_empty());
    }

    #[test]
    fn a_missing_or_weaker_table_is_caught() {
        assert_eq!(run(&with(&[("pure.clippy.toml", "ban")], "serde", "normal")).len(), 1);
        let weaker = [("pure.clippy.toml", "ban"), ("crates/rbac/clippy.toml", "allow")];
        assert_eq!(run(&with(&weaker, "serde", "normal")).len(), 1);
    }

    #[test]
    fn a_worldly_dependency_is_caught() {
        let files = [("pure.clippy.toml", "ban"), ("crates/rbac/clippy.toml", "ban")];
        assert_eq!(run(&with(&files, "tokio", "normal")).len(), 1);
    }
}
