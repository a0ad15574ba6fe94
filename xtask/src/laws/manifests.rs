//! Every package is named like its folder, stays in the house, and takes the shared lint table.

use super::{Breach, Law};
use crate::repository::{Package, Repository};

pub(super) static LAW: Law = Law {
    name: "manifests",
    says: "folder name = package name, publish = false, lints.workspace = true, doctest = false",
    run,
};

/// Folders whose package has another name: `tests` would shadow a word of cargo's.
const RENAMED: &[(&str, &str)] = &[("tests", "integration")];

fn run(repository: &Repository) -> Vec<Breach> {
    repository.packages.iter().flat_map(|package| judge(repository, package)).collect()
}

fn judge(repository: &Repository, package: &Package) -> Vec<Breach> {
    let at = format!("{}/Cargo.toml", package.folder);
    let folder = package.folder.rsplit('/').next().unwrap_or_default();
    let wanted = RENAMED.iter().find(|(renamed, _)| *renamed == folder).map_or(folder, |(_, name)| name);
    let mut breaches = Vec::new();
    if package.name != wanted {
        breaches.push(Breach::new(&at, format!("package {} lives in folder {folder}", package.name)));
    }
    if package.publishable {
        breaches.push(Breach::new(&at, "publish = false is missing"));
    }
    if package.doctest {
        breaches.push(Breach::new(&at, "[lib] doctest = false is missing"));
    }
    if !takes_lints(repository.text(&at).unwrap_or_default()) {
        breaches.push(Breach::new(&at, "[lints] workspace = true is missing"));
    }
    breaches
}

/// Whether the `[lints]` table is the workspace's.
fn takes_lints(manifest: &str) -> bool {
    let mut lines = manifest.lines().map(str::trim).skip_while(|line| *line != "[lints]").skip(1);
    lines.find(|line| !line.is_empty() && !line.starts_with('#')) == Some("workspace = true")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws::planted;

    fn package(name: &str, folder: &str, publishable: bool, doctest: bool) -> Package {
        Package { name: name.into(), folder: folder.into(), publishable, doctest, dependencies: vec![] }
    }

    #[test]
    fn a_good_manifest_passes() {
        let files = [("crates/rbac/Cargo.toml", "[package]\n\n[lints]\nworkspace = true\n")];
        assert!(judge(&planted(&files), &package("rbac", "crates/rbac", false, false)).is_empty());
        let tests = [("tests/Cargo.toml", "[lints]\n# why\nworkspace = true\n")];
        assert!(judge(&planted(&tests), &package("integration", "tests", false, false)).is_empty());
    }

    #[test]
    fn each_omission_is_caught() {
        let files = [("crates/rbac/Cargo.toml", "[package]\n[lints.rust]\nunsafe_code = \"allow\"\n")];
        let breaches = judge(&planted(&files), &package("authorizer", "crates/rbac", true, true));
        assert_eq!(breaches.len(), 4, "{breaches:?}");
    }
}
