//! Files that packages of the system own: what lies in them is judged as the system's package, not a second time.
//!
//! Semantics: Trivy's `pkg/fanal/handler/sysfile`; its version inside such a file is not the one that counts.

use crate::{Origin, Packages};
use std::collections::BTreeSet;

/// Distroless images come without the lists of these.
const ALWAYS: [&str; 3] = [
    "usr/lib/python2.7/argparse.egg-info",
    "usr/lib/python2.7/lib-dynload/Python-2.7.egg-info",
    "usr/lib/python2.7/wsgiref.egg-info",
];

/// Takes away the packages in files that the system's packages own, then the lists of those files.
///
/// A list that is of one package counts only when that package is installed and the distribution's own.
pub(crate) fn settle<'a>(files: impl Iterator<Item = &'a mut Packages>) {
    let mut files: Vec<&mut Packages> = files.collect();
    let official: BTreeSet<String> = files
        .iter()
        .flat_map(|file| &file.packages)
        .filter(|package| package.ecosystem.row().system && package.origin != Origin::ThirdParty)
        .map(|package| package.name.clone())
        .collect();
    let mut owned: BTreeSet<String> = ALWAYS.iter().map(|path| (*path).to_owned()).collect();
    for file in &mut files {
        let mine = file.owner.take();
        let counts = mine.is_none_or(|owner| official.contains(&owner));
        owned.extend(std::mem::take(&mut file.owned).into_iter().filter(|_| counts));
    }
    for file in files {
        file.archives.retain(|archive| !owned.contains(&archive.path));
        file.packages.retain(|package| package.ecosystem.row().system || !owned.contains(&package.path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Ecosystem, Package};

    fn file(package: Package, owned: &[&str], owner: Option<&str>) -> Packages {
        Packages {
            packages: vec![package],
            owned: owned.iter().map(|path| (*path).to_owned()).collect(),
            owner: owner.map(str::to_owned),
            ..Packages::default()
        }
    }

    #[test]
    fn owned_files_and_those_of_strangers() {
        let python = |path: &str| Package { path: path.into(), ..Package::new(Ecosystem::PyPi, "six", "1") };
        let system = |origin| Package { origin, ..Package::new(Ecosystem::Deb, "docker", "1") };
        for (origin, left) in [(Origin::Official, 0), (Origin::ThirdParty, 1), (Origin::Unstated, 0)] {
            let mut all = [
                file(python("a/METADATA"), &[], None),
                file(system(origin), &["a/METADATA"], Some("docker")),
            ];
            settle(all.iter_mut());
            assert_eq!(all[0].packages.len(), left, "{origin:?}");
            assert!(all[1].packages.len() == 1 && all[1].owned.is_empty());
        }
        // A package that is gone owns nothing.
        let mut gone =
            [file(python("a/METADATA"), &[], None), file(python("b"), &["a/METADATA"], Some("docker"))];
        settle(gone.iter_mut());
        assert_eq!(gone[0].packages.len(), 1);
        let mut other = [file(python("b/METADATA"), &["a/METADATA"], None)];
        settle(other.iter_mut());
        assert_eq!(other[0].packages.len(), 1);
    }
}
