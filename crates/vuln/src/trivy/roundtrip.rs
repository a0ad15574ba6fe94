//! A bill of materials that is written and read again is held against the same advisories: names, versions and sources
//! come through.

use super::{FORMATS, Request, Setting, report};
use inventory::{Ecosystem, Inventory, Limits, Os, Package, SourcePackage};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Ecosystem, the analyzer that finds such packages where they are installed, and names.
const KINDS: [(Ecosystem, &str, &str); 6] = [
    (Ecosystem::Deb, "dpkg", "[a-z][a-z0-9+.-]{1,12}"),
    (Ecosystem::Npm, "node-module", "(@[a-z]{1,5}/)?[a-z][a-z0-9._-]{1,12}"),
    (Ecosystem::PyPi, "python", "[a-z][a-z0-9-]{1,12}[a-z]"),
    (Ecosystem::Maven, "jar", "[a-z]{1,5}(\\.[a-z]{1,5}){0,2}:[a-z][a-z0-9-]{1,10}"),
    (Ecosystem::Go, "go-binary", "[a-z]{2,5}\\.test/[a-z]{1,8}(/v[2-9])?"),
    (Ecosystem::Deb, "dpkg", "lib[a-z+]{1,9}"),
];

fn package() -> impl Strategy<Value = Package> {
    (0..KINDS.len()).prop_flat_map(|kind| {
        let (ecosystem, by, names) = KINDS[kind];
        let version = match ecosystem {
            Ecosystem::Deb => "([1-9]:)?[0-9]{1,2}\\.[0-9]{1,2}[a-z~+]{0,2}[0-9]-[0-9]{1,2}",
            Ecosystem::Go => "v[0-9]{1,2}\\.[0-9]{1,2}\\.[0-9](\\+incompatible)?",
            _ => "[0-9]{1,2}\\.[0-9]{1,2}\\.[0-9](-[a-z]{1,5}\\.[0-9])?",
        };
        let source = proptest::option::of(("[a-z][a-z0-9-]{1,9}", version));
        (names, version, source).prop_map(move |(name, version, source)| {
            let source = source.filter(|_| ecosystem == Ecosystem::Deb);
            Package {
                found_by: by.to_owned(),
                path: if ecosystem == Ecosystem::Deb { String::new() } else { format!("opt/{name}") },
                source: source.map(|(name, version)| SourcePackage { name, version }),
                ..Package::new(ecosystem, name, version)
            }
        })
    })
}

/// What advisories are asked for.
fn asked(inventory: &Inventory) -> BTreeSet<String> {
    let one = |package: &Package| {
        let (name, version) = package.source_or_self();
        format!("{:?} {} {} {name} {version}", package.ecosystem, package.name, package.version)
    };
    inventory.packages.iter().map(one).collect()
}

proptest! {
    #[test]
    fn written_and_read(packages in proptest::collection::vec(package(), 1..12)) {
        let inventory = Inventory {
            packages,
            os: Some(Os { family: "debian".to_owned(), version: "12.4".to_owned() }),
            ..Inventory::default()
        };
        let request = Request { name: "registry.test/a:1".to_owned(), ..Request::default() };
        let (report, _) = report(&inventory, None, &request).unwrap();
        for format in FORMATS.iter().filter(|format| matches!(format.id, "cyclonedx" | "spdx-json" | "spdx")) {
            let text = (format.write)(&report, &Setting::default()).unwrap();
            let (read, _) = inventory::sbom(text.as_bytes(), &Limits::default()).unwrap();
            prop_assert_eq!(read.os.as_ref(), inventory.os.as_ref(), "{}", format.id);
            prop_assert!(read.unknown.is_empty(), "{}: {:?}", format.id, read.unknown);
            prop_assert_eq!(asked(&read), asked(&inventory), "{}", format.id);
        }
    }
}
