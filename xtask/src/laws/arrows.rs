//! Rooms depend on each other only along the arrows of the table, and external crates stay in their homes.

use super::{Breach, Law};
use crate::arrows::{EVERY, FOR_TESTS, HOMES, ROOMS, room};
use crate::repository::{Package, Repository};

pub(super) static LAW: Law =
    Law { name: "arrows", says: "dependencies follow the table in xtask/src/arrows.rs", run };

fn run(repository: &Repository) -> Vec<Breach> {
    repository.packages.iter().flat_map(judge).collect()
}

fn judge(package: &Package) -> Vec<Breach> {
    let Some(room) = room(&package.name) else {
        return vec![Breach::new(&package.folder, "this package has no row in xtask/src/arrows.rs")];
    };
    let mut breaches = Vec::new();
    for dependency in &package.dependencies {
        let name = dependency.name.as_str();
        let tests = dependency.kind == "dev";
        if ROOMS.iter().any(|room| room.name == name) {
            let drawn = room.arrows.contains(&name) || room.arrows.contains(&EVERY);
            let for_tests = tests && FOR_TESTS.contains(&name);
            if !drawn && !for_tests {
                let what = format!("{} dependency on {name}: no such arrow", dependency.kind);
                breaches.push(Breach::new(&package.name, what));
            }
        } else if let Some(home) = HOMES.iter().find(|home| home.dependency == name)
            && !tests
            && !home.rooms.contains(&room.name)
        {
            breaches.push(Breach::new(&package.name, format!("depends on {name}: {}", home.why)));
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::Dependency;

    fn package(name: &str, dependencies: &[(&str, &'static str)]) -> Package {
        let one = |(name, kind): &(&str, &'static str)| Dependency { name: (*name).into(), kind };
        Package {
            name: name.into(),
            folder: format!("crates/{name}"),
            publishable: false,
            doctest: false,
            dependencies: dependencies.iter().map(one).collect(),
        }
    }

    #[test]
    fn drawn_arrows_pass() {
        assert!(
            judge(&package("rbac", &[("model", "normal"), ("snapshot", "normal"), ("serde", "normal")]))
                .is_empty()
        );
        assert!(judge(&package("ringwall", &[("risk", "normal"), ("clap", "normal")])).is_empty());
    }

    #[test]
    fn a_planted_arrow_is_caught() {
        let wrong = judge(&package("rbac", &[("model", "normal"), ("posture", "normal")]));
        assert_eq!(wrong, [Breach::new("rbac", "normal dependency on posture: no such arrow")]);
        assert_eq!(judge(&package("model", &[("yaml", "build")])).len(), 1, "build dependencies count");
        assert_eq!(judge(&package("vuln", &[("signing", "normal")])).len(), 1);
        assert_eq!(judge(&package("xtask", &[("ringwall", "normal")])).len(), 1);
    }

    #[test]
    fn tests_may_use_yaml_and_nothing_else() {
        assert!(judge(&package("rbac", &[("yaml", "dev")])).is_empty());
        assert_eq!(judge(&package("rbac", &[("sources", "dev")])).len(), 1);
        assert_eq!(judge(&package("rbac", &[("yaml", "normal")])).len(), 1);
    }

    #[test]
    fn external_crates_stay_home() {
        assert_eq!(judge(&package("policy", &[("saphyr-parser", "normal")])).len(), 1);
        assert!(judge(&package("yaml", &[("saphyr-parser", "normal"), ("yaml_serde", "dev")])).is_empty());
        assert_eq!(judge(&package("audit", &[("anyhow", "normal")])).len(), 1);
    }

    #[test]
    fn an_unknown_package_needs_a_row() {
        assert_eq!(judge(&package("helmet", &[])).len(), 1);
    }

    /// The table itself is a ladder: it has no circles, and every name in it is a room.
    #[test]
    fn the_table_is_a_star_without_circles() {
        fn climbs(name: &str, from: &mut Vec<&'static str>) {
            let Some(room) = room(name) else { panic!("{name} is not a room") };
            assert!(!from.contains(&room.name), "{} leads back to itself", room.name);
            from.push(room.name);
            for next in room.arrows.iter().filter(|next| **next != EVERY) {
                climbs(next, from);
            }
            from.pop();
        }
        for room in ROOMS {
            climbs(room.name, &mut Vec::new());
        }
    }
}
