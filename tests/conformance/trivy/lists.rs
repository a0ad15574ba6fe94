//! Package lists of real images, written into images of our own: what the goldens of those images find is found.

use super::goldens::rows;
use super::{rpm, world};
use integration::{Program, demand};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// One list: name, golden of the findings, how it is written.
pub(super) struct List {
    pub(super) name: &'static str,
    golden: &'static str,
    os_release: &'static str,
    write: fn(&[Value]) -> (&'static str, Vec<u8>),
}

pub(super) static LISTS: &[List] = &[
    List {
        name: "alpine-310",
        golden: "alpine-310",
        os_release: "ID=alpine\nVERSION_ID=3.10.2\n",
        write: apk,
    },
    List {
        name: "debian-buster",
        golden: "debian-buster",
        os_release: "ID=debian\nVERSION_ID=10.1\n",
        write: dpkg,
    },
    List {
        name: "ubuntu-18.04",
        golden: "ubuntu-1804",
        os_release: "ID=ubuntu\nVERSION_ID=18.04\n",
        write: dpkg,
    },
    List { name: "ubi-7", golden: "ubi-7", os_release: "ID=rhel\nVERSION_ID=7.7\n", write: ndb },
];

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn apk(list: &[Value]) -> (&'static str, Vec<u8>) {
    let entry = |p: &Value| {
        let (name, version, arch, source) =
            (text(p, "Name"), text(p, "Version"), text(p, "Arch"), text(p, "SrcName"));
        format!("P:{name}\nV:{version}\nA:{arch}\no:{source}\n\n")
    };
    ("lib/apk/db/installed", list.iter().map(entry).collect::<String>().into_bytes())
}

fn dpkg(list: &[Value]) -> (&'static str, Vec<u8>) {
    let full = |p: &Value, prefix: &str| {
        let epoch = p[format!("{prefix}Epoch")]
            .as_i64()
            .filter(|n| *n > 0)
            .map(|n| format!("{n}:"))
            .unwrap_or_default();
        let release = match text(p, &format!("{prefix}Release")) {
            "" => String::new(),
            release => format!("-{release}"),
        };
        format!("{epoch}{}{release}", text(p, &format!("{prefix}Version")))
    };
    let entry = |p: &Value| {
        let (name, arch, source) = (text(p, "Name"), text(p, "Arch"), text(p, "SrcName"));
        format!(
            "Package: {name}\nStatus: install ok installed\nArchitecture: {arch}\nVersion: {}\nSource: {source} ({})\n\n",
            full(p, ""),
            full(p, "Src")
        )
    };
    ("var/lib/dpkg/status", list.iter().map(entry).collect::<String>().into_bytes())
}

/// In the ndb form, which holds the same headers as the others.
fn ndb(list: &[Value]) -> (&'static str, Vec<u8>) {
    let header = |p: &Value| {
        let (arch, vendor) = (text(p, "Arch"), text(p, "Maintainer"));
        let (source, version, release) = (text(p, "SrcName"), text(p, "SrcVersion"), text(p, "SrcRelease"));
        let source = format!("{source}-{version}-{release}.src.rpm");
        let epoch = p["Epoch"].as_u64().and_then(|epoch| u32::try_from(epoch).ok());
        let fields = [
            (1000, text(p, "Name")),
            (1001, text(p, "Version")),
            (1002, text(p, "Release")),
            (1011, vendor),
            (1022, arch),
            (1044, &source),
        ];
        rpm::header(&fields, epoch)
    };
    ("usr/lib/sysimage/rpm/Packages.db", rpm::ndb(&list.iter().map(header).collect::<Vec<_>>()))
}

/// Id, package, versions, status and severity of a report's findings.
pub(super) fn findings(report: &Value) -> BTreeSet<String> {
    let all = report["Results"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|r| r["Vulnerabilities"].as_array().into_iter().flatten());
    let keys = [
        "VulnerabilityID",
        "PkgName",
        "InstalledVersion",
        "FixedVersion",
        "Status",
        "Severity",
        "SeveritySource",
        "PrimaryURL",
    ];
    all.map(|one| keys.map(|key| text(one, key).to_owned()).join(" ")).collect()
}

/// Scans an image made from the list.
pub(super) fn check(list: &List, ringwall: &Program, corpus: &Path) -> Result<(), String> {
    let read = |path: String| -> Result<Value, String> {
        let bytes = std::fs::read(corpus.join(&path)).map_err(|e| format!("{path}: {e}"))?;
        serde_json::from_slice(&bytes).map_err(|e| format!("{path}: {e}"))
    };
    let packages = read(format!(
        "trivy/pkg/fanal/test/integration/testdata/goldens/packages/{}.json.golden",
        list.name
    ))?;
    let packages = packages.as_array().ok_or("no list")?;
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    world::cache(folder.path(), &world::database(&rows(corpus)?))?;
    let (path, database) = (list.write)(packages);
    let files = vec![("etc/os-release".to_owned(), list.os_release.into()), (path.to_owned(), database)];
    let archive = folder.path().join("image.tar");
    let bytes = world::image(&[files], "registry.test/image:1", "2020-01-01T00:00:00Z");
    std::fs::write(&archive, bytes).map_err(|e| e.to_string())?;
    let cache = folder.path().display().to_string();
    let archive = archive.display().to_string();
    let words = [
        "trivy",
        "image",
        "--input",
        &archive,
        "--cache-dir",
        &cache,
        "--skip-db-update",
        "--scanners",
        "vuln",
        "-f",
        "json",
    ];
    let got = ringwall.run(&words)?.exits(0)?.json()?;
    let listed = got["Results"][0]["Packages"].as_array().map_or(0, Vec::len);
    demand!(listed == packages.len(), "{listed} packages of {}", packages.len());
    let want = read(format!("trivy/integration/testdata/{}.json.golden", list.golden))?;
    let (got, want) = (findings(&got), findings(&want));
    let lost: Vec<_> = want.difference(&got).collect();
    let more: Vec<_> = got.difference(&want).collect();
    demand!(lost.is_empty() && more.is_empty(), "lost {lost:?}, more {more:?}");
    Ok(())
}
