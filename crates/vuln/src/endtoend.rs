//! From the bytes of a real image to vulnerabilities.

use crate::{Advisories, scan, source};
use inventory::{Ecosystem, Inventory, Os, Package, SourcePackage};

#[test]
fn an_alpine_archive_against_alpines_database() {
    let mut advisories = Advisories::default();
    let read = source("alpine-secdb").unwrap().read;
    for repository in ["main", "community"] {
        let Some(text) = crate::corpus::read(&format!("advisories/alpine-secdb/v3.10/{repository}.yaml"))
        else {
            return;
        };
        read(&text, &yaml::Caps::default(), &mut advisories);
    }
    let now = "2026-11-25T00:00:00Z".parse().unwrap();
    let run = |name: &str| {
        let bytes = crate::corpus::read(&format!("trivy/pkg/fanal/test/testdata/{name}.tar.gz")).unwrap();
        let inventory =
            inventory::archive(&mut bytes.as_slice(), &inventory::Limits::default(), None).unwrap();
        scan(&inventory, &advisories, name.into(), now)
    };
    // Release 3.10.4 holds the fixes of everything the database lists.
    let new = run("alpine-310");
    assert_eq!((new.found.len(), new.packages, new.end_of_life), (0, 14, Some(true)));
    assert!(new.unknown.is_empty(), "{:?}", new.unknown);
    // Another release's packages are not held against this one's advisories.
    let other = run("alpine-311");
    assert_eq!((other.found.len(), other.packages), (0, 0));
    assert_eq!(other.unknown.len(), 1);

    // Release 3.10.2, from the list of its packages.
    let path = "trivy/pkg/fanal/test/integration/testdata/goldens/packages/alpine-310.json.golden";
    let list: Vec<serde_json::Value> = serde_json::from_slice(&crate::corpus::read(path).unwrap()).unwrap();
    let package = |value: &serde_json::Value| {
        let text = |key: &str| value[key].as_str().unwrap().to_owned();
        Package {
            source: Some(SourcePackage { name: text("SrcName"), version: text("SrcVersion") }),
            ..Package::new(Ecosystem::Apk, text("Name"), text("Version"))
        }
    };
    let inventory = Inventory {
        os: Some(Os::from_release("alpine", "3.10.2")),
        packages: list.iter().map(package).collect(),
        ..Inventory::default()
    };
    let old = scan(&inventory, &advisories, "list".into(), now);
    let ids: Vec<String> =
        old.found.iter().map(|f| format!("{} {}", f.vulnerability.id, f.vulnerability.package)).collect();
    let want = ["CVE-2019-1547", "CVE-2019-1549", "CVE-2019-1563"];
    let want: Vec<String> = want
        .iter()
        .flat_map(|id| ["libcrypto1.1", "libssl1.1"].map(|package| format!("{id} {package}")))
        .collect();
    assert_eq!(ids.iter().filter(|id| id.contains("1.1")).cloned().collect::<Vec<_>>(), want, "{ids:?}");
    assert!(old.found.iter().all(|f| !f.vulnerability.fixed.is_empty()) && old.unknown.is_empty());
}
