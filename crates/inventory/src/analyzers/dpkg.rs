//! dpkg's database of installed packages (Debian, Ubuntu, distroless images).

use super::{Analyzer, Pattern, Stage};
use crate::package::{resolve, short};
use crate::{Ecosystem, Origin, Package, Packages, SourcePackage, path};
use std::collections::BTreeMap;

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "dpkg",
    about: "dpkg's database of installed packages",
    files: &[
        Pattern::Path("var/lib/dpkg/status"),
        Pattern::In("var/lib/dpkg/status.d"),
        Pattern::Below("var/lib/dpkg/info", ".md5sums"),
    ],
    stage: Stage::System,
    ecosystem: Some(Ecosystem::Deb),
    parse,
    join: None,
};

/// One paragraph a package (deb-control(5)); distroless images keep one file a package, without a Status field, and
/// checksums beside them.
fn parse(path: &str, bytes: &[u8], out: &mut Packages) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(name) = path::name(path).strip_suffix(".md5sums") {
        // `digest  path`, one a line (deb-md5sums(5)); the file may be named after package and architecture.
        out.owned.extend(text.lines().filter_map(|line| Some(line.split_once("  ")?.1.to_owned())));
        out.owner = Some(name.split(':').next().unwrap_or(name).to_owned());
        return;
    }
    let mut entry = Entry::default();
    for line in text.lines() {
        if line.trim().is_empty() {
            std::mem::take(&mut entry).finish(out);
        } else if !line.starts_with([' ', '\t']) {
            // Lines that continue a field are of no use here: dpkg writes the fields that are on one line.
            if let Some((key, value)) = line.split_once(':') {
                entry.field(key, value.trim());
            }
        }
    }
    entry.finish(out);
    // Of two architectures of one package the last counts.
    let ids = out.packages.iter().map(|p| (p.name.clone(), format!("{}@{}", p.name, p.version)));
    let ids: BTreeMap<String, String> = ids.collect();
    resolve(&mut out.packages, |need| ids.get(need));
}

/// The names in a list of what a package depends on: `passwd, debconf (>= 0.5) | debconf-2.0`.
fn names(list: &str) -> Vec<String> {
    let bare = |word: &str| word.split('(').next().unwrap_or(word).trim().to_owned();
    list.split([',', '|']).map(bare).collect()
}

/// Parts of the maintainers' names of those who publish packages of their own for Debian and Ubuntu. Semantics:
/// Trivy's `pkg/fanal/analyzer/pkg/dpkg`.
const FOREIGN: [&str; 21] = [
    "support@docker.com",
    "@nvidia.com",
    "Google Cloud CLI Authors",
    "sapmachine@sap.com",
    "@hashicorp.com",
    "@microsoft.com",
    "@mongodb.com",
    "developers@lists.mariadb.org",
    "dev@couchdb.apache.org",
    "info@elastic.co",
    "nginx-packaging@f5.com",
    "@konghq.com",
    "@cloudflare.com",
    "support@influxdb.com",
    "support@gitlab.com",
    "contact@grafana.com",
    "@datadoghq.com",
    "@nodesource.com",
    "info@tailscale.com",
    "@openrobotics.org",
    "@osrfoundation.org",
];

/// Whether a package is not the distribution's own.
fn foreign(maintainer: &str) -> bool {
    matches!(maintainer, "GitHub" | "HashiCorp") || FOREIGN.iter().any(|part| maintainer.contains(part))
}

#[derive(Default)]
struct Entry<'a> {
    name: &'a str,
    version: &'a str,
    source: &'a str,
    arch: &'a str,
    maintainer: &'a str,
    depends: &'a str,
    gone: bool,
}

impl<'a> Entry<'a> {
    fn field(&mut self, key: &str, value: &'a str) {
        match key.to_ascii_lowercase().as_str() {
            "package" => self.name = value,
            "version" => self.version = value,
            "source" => self.source = value,
            "architecture" => self.arch = value,
            "maintainer" => self.maintainer = value,
            "depends" => self.depends = value,
            // "deinstall ok config-files": only its settings are left.
            "status" => self.gone = value.split_whitespace().any(|word| matches!(word, "deinstall" | "purge")),
            _ => {}
        }
    }

    fn finish(self, out: &mut Packages) {
        if self.gone || (self.name.is_empty() && self.version.is_empty()) {
            return;
        }
        if self.name.is_empty() {
            return out.problem(format!("version {} has no package", short(self.version)));
        }
        if self.version.is_empty() {
            return out.problem(format!("{} has no version", short(self.name)));
        }
        // "name (version)" where the source's version differs from the package's.
        let (name, version) = match self.source.split_once(" (") {
            Some((name, version)) => (name, version.trim_end_matches(')')),
            None if self.source.is_empty() => (self.name, self.version),
            None => (self.source, self.version),
        };
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        out.add(Package {
            origin: if foreign(self.maintainer) { Origin::ThirdParty } else { Origin::Official },
            source: Some(SourcePackage { name: name.to_owned(), version: version.to_owned() }),
            arch: some(self.arch),
            maintainer: some(self.maintainer),
            needs: names(self.depends),
            ..Package::new(Ecosystem::Deb, self.name, self.version)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Packages {
        let mut out = Packages::default();
        parse("var/lib/dpkg/status", text.as_bytes(), &mut out);
        out
    }

    #[test]
    fn source_and_status() {
        let out = read(
            "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc (2.31-1)\nVersion: 2.31-1+b1\n\
             Description: x\n Version: 9\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n\nPackage: sed\nVersion: 4.7-1\n",
        );
        let got: Vec<_> = out.packages.iter().map(|p| (p.name.as_str(), p.source_or_self())).collect();
        assert_eq!(got, [("libc6", ("glibc", "2.31-1")), ("sed", ("sed", "4.7-1"))]);
        assert_eq!(out.packages[0].version, "2.31-1+b1");
        assert!(out.problems.is_empty());
    }

    #[test]
    fn what_is_broken_is_named() {
        let out = read("Package: a\n\nVersion: 1\n\nStatus: install ok installed\n");
        assert_eq!((out.packages.len(), out.problems.len()), (0, 2));
        let mut sums = Packages::default();
        parse("var/lib/dpkg/info/base:amd64.md5sums", b"Package: a\n0a  usr/share/x y\n", &mut sums);
        assert!(sums.packages.is_empty());
        assert_eq!((sums.owned, sums.owner.as_deref()), (vec!["usr/share/x y".to_owned()], Some("base")));
    }

    #[test]
    fn what_a_package_needs() {
        let out = read("Package: a\nVersion: 1\nDepends: nowhere, c (>= 0.5) | b, b\n\nPackage: b\nVersion: 1:2-3\n\n");
        assert_eq!((&out.packages[0].needs, &out.packages[1].needs), (&vec!["b@1:2-3".to_owned()], &vec![]));
    }

    #[test]
    fn corpus() {
        for (name, count, problems, some) in [
            ("valid", 90, 0, ("libc6", "glibc")),
            ("only-apt", 1, 0, ("apt", "apt")),
            ("corrupsed", 5, 1, ("libpam-runtime", "pam")),
            ("third-party", 2, 0, ("docker-ce", "docker-ce")),
        ] {
            let path = format!("trivy/pkg/fanal/analyzer/pkg/dpkg/testdata/{name}.txtar");
            let Some(text) = crate::corpus::read(&path) else { return };
            let text = String::from_utf8(text).unwrap();
            let status = text.split("-- var/lib/dpkg/status --\n").nth(1).unwrap();
            let out = read(status.split("\n-- ").next().unwrap());
            let has = |p: &&Package| p.name == some.0 && p.source_or_self().0 == some.1;
            assert!(out.packages.iter().any(|p| has(&p)), "{name}");
            assert_eq!((out.packages.len(), out.problems.len()), (count, problems), "{name}: {:?}", out.problems);
        }
    }
}
