//! A package as a report lists it, from the inventory's.
//!
//! Semantics: Trivy's `pkg/fanal/types/package.go`, `pkg/dependency/id.go` and `pkg/purl`.

use super::report::{Layer, PkgIdentifier};
use super::{purl, uid};
use inventory::{Ecosystem, Inventory, Origin, Os, Package, Relation};
use serde::Serialize;
use std::cmp::Ordering;

/// What a report calls the packages an analyzer finds.
#[derive(Debug)]
pub(crate) struct Kind {
    /// Id of the analyzer.
    analyzer: &'static str,
    /// `Type` of a result.
    pub(crate) name: &'static str,
    /// `AnalyzedBy` of a package.
    analyzed_by: &'static str,
    /// Target of the one result all such packages of an artefact are in; empty where each file is its own.
    pub(crate) target: &'static str,
    /// What stands between name and version of an id; empty where packages have none.
    separator: &'static str,
}

const fn kind(
    analyzer: &'static str,
    name: &'static str,
    analyzed_by: &'static str,
    target: &'static str,
    separator: &'static str,
) -> Kind {
    Kind { analyzer, name, analyzed_by, target, separator }
}

static KINDS: [Kind; 31] = [
    kind("apk", "alpine", "apk", "", "@"),
    kind("dpkg", "debian", "dpkg", "", "@"),
    kind("rpm", "redhat", "rpm", "", "@"),
    kind("python", "python-pkg", "python-pkg", "Python", ""),
    kind("node-module", "node-pkg", "node-pkg", "Node.js", "@"),
    kind("jar", "jar", "jar", "Java", ""),
    kind("gemspec", "gemspec", "gemspec", "Ruby", ""),
    kind("conda-meta", "conda-pkg", "conda-pkg", "Conda", ""),
    kind("conda-environment", "conda-environment", "conda-environment", "", ""),
    kind("npm-lock", "npm", "npm", "", "@"),
    kind("yarn", "yarn", "yarn", "", "@"),
    kind("pnpm", "pnpm", "pnpm", "", "@"),
    kind("bun", "bun", "bun", "", "@"),
    kind("go-binary", "gobinary", "gobinary", "", "@"),
    kind("go-mod", "gomod", "gomod", "", "@"),
    kind("pip", "pip", "pip", "", ""),
    kind("pipenv", "pipenv", "pipenv", "", ""),
    kind("poetry", "poetry", "poetry", "", "@"),
    kind("uv", "uv", "uv", "", "@"),
    kind("pylock", "pylock", "pylock", "", "@"),
    kind("cargo-lock", "cargo", "cargo", "", "@"),
    kind("rust-binary", "rustbinary", "rustbinary", "", "@"),
    kind("composer-lock", "composer", "composer", "", "@"),
    kind("composer-installed", "composer-vendor", "composer-vendor", "", "@"),
    kind("bundler", "bundler", "bundler", "", "@"),
    kind("nuget-lock", "nuget", "nuget", "", "@"),
    kind("nuget-config", "nuget", "nuget", "", ""),
    kind("dotnet-deps", "dotnet-core", "dotnet-core", "", "/"),
    kind("packages-props", "packages-props", "packages-props", "", "@"),
    kind("gradle-lock", "gradle", "gradle-lockfile", "", ":"),
    kind("pom", "pom", "pom", "", ":"),
];

impl Kind {
    /// By the analyzer that found a package.
    pub(crate) fn of(package: &Package) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.analyzer == package.found_by)
    }
}

/// A package, fields in the report's order.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Pkg {
    #[serde(rename = "ID", skip_serializing_if = "String::is_empty")]
    pub(crate) id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
    #[serde(skip_serializing_if = "nothing")]
    pub(crate) identifier: PkgIdentifier,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) release: String,
    #[serde(skip_serializing_if = "zero")]
    pub(crate) epoch: i64,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) arch: String,
    #[serde(skip_serializing_if = "no")]
    pub(crate) dev: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) src_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) src_version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) src_release: String,
    #[serde(skip_serializing_if = "zero")]
    pub(crate) src_epoch: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) licenses: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) maintainer: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) modularitylabel: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) repository: Option<Repository>,
    #[serde(skip_serializing_if = "no")]
    pub(crate) indirect: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) relationship: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) depends_on: Vec<String>,
    #[serde(skip_serializing_if = "no_layer")]
    pub(crate) layer: Layer,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) file_path: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) digest: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) locations: Vec<Location>,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) analyzed_by: &'static str,
}

/// Whose package it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Repository {
    pub(crate) class: &'static str,
}

/// Lines of a lock file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Location {
    pub(crate) start_line: u64,
    pub(crate) end_line: u64,
}

fn zero(value: &i64) -> bool {
    *value == 0
}

fn no(value: &bool) -> bool {
    !*value
}

fn nothing(names: &PkgIdentifier) -> bool {
    *names == PkgIdentifier::default()
}

fn no_layer(layer: &Layer) -> bool {
    *layer == Layer::default()
}

/// The file of the disk a package is in: what is nested in a Java archive follows the archive's path.
fn archive(path: &str) -> &str {
    let ends = [".jar/", ".war/", ".ear/", ".par/"].iter().filter_map(|end| path.find(end));
    ends.min().and_then(|at| path.get(..at.saturating_add(4))).unwrap_or(path)
}

/// Epoch, version and release of a version as Debian and rpm write it.
pub(crate) fn split(full: &str) -> (i64, &str, &str) {
    let (epoch, rest) = match full.split_once(':') {
        Some((epoch, rest)) => (epoch.parse().unwrap_or(0), rest),
        None => (0, full),
    };
    let (version, release) = rest.rsplit_once('-').unwrap_or((rest, ""));
    (epoch, version, release)
}

impl Pkg {
    /// A package of an inventory, as the report of that inventory lists it.
    /// `root` is the folder that is scanned, as the user named it.
    pub(crate) fn new(package: &Package, kind: &Kind, inventory: &Inventory, root: &str) -> Self {
        let mut out = Self {
            name: package.name.clone(),
            version: package.version.clone(),
            dev: package.dev,
            licenses: package.licenses.clone(),
            maintainer: package.maintainer.clone().unwrap_or_default(),
            digest: package.digest.clone().unwrap_or_default(),
            modularitylabel: package.module.clone().unwrap_or_default(),
            repository: repository(package.origin),
            // Trivy marks these before it knows how they came to be there.
            indirect: package.relation == Relation::Indirect && kind.name != "pylock",
            relationship: relationship(package.relation),
            depends_on: package.needs.clone(),
            locations: locations(package),
            analyzed_by: kind.analyzed_by,
            ..Self::default()
        };
        match package.ecosystem {
            Ecosystem::Apk | Ecosystem::Deb | Ecosystem::Rpm => out.system(package),
            _ => out.language(package, kind, root),
        }
        // The hash is over the package before it has names and a layer.
        let file = if package.ecosystem.row().system { "" } else { archive(&package.path) };
        let uid = uid::of(file, &out);
        let os = inventory.os.as_ref().filter(|_| package.ecosystem.row().system);
        out.identifier = PkgIdentifier { purl: out.purl(package, os), uid, ..PkgIdentifier::default() };
        out.layer = layer(package, inventory);
        out
    }

    fn system(&mut self, package: &Package) {
        let (name, version) = package.source_or_self();
        self.arch = package.arch.clone().unwrap_or_default();
        self.src_name = name.to_owned();
        self.src_version = version.to_owned();
        self.id = format!("{}@{}", package.name, package.version);
        if package.ecosystem == Ecosystem::Apk {
            return;
        }
        if package.ecosystem == Ecosystem::Rpm {
            let (_, version, release) = split(&package.version);
            self.id = format!("{}@{version}-{release}.{}", package.name, self.arch);
        }
        let part = |text: &str| {
            let (epoch, version, release) = split(text);
            (epoch, version.to_owned(), release.to_owned())
        };
        (self.epoch, self.version, self.release) = part(&package.version);
        (self.src_epoch, self.src_version, self.src_release) = part(version);
    }

    fn language(&mut self, package: &Package, kind: &Kind, root: &str) {
        if kind.name == "gobinary" && package.name == "stdlib" {
            self.version = format!("v{}", package.version);
        }
        if !kind.target.is_empty() {
            self.file_path.clone_from(&package.path);
        }
        if kind.name == "pom" {
            let file = format!("{}/{}", root.trim_end_matches('/'), package.path);
            let id = |gav: &str| format!("{gav}::{}", uid::pom(gav, &file));
            self.id = id(format!("{}:{}", self.name, self.version).trim_end_matches(':'));
            self.depends_on = package.needs.iter().map(|need| id(need)).collect();
            return;
        }
        if let Some(id) = &package.id {
            self.id.clone_from(id);
            return;
        }
        self.id = match (kind.separator, self.version.as_str()) {
            ("", _) => String::new(),
            (_, "") => self.name.clone(),
            (separator, version) => {
                let v = if matches!(kind.name, "gomod" | "gobinary") && !version.starts_with('v') {
                    "v"
                } else {
                    ""
                };
                format!("{}{separator}{v}{version}", self.name)
            }
        };
    }

    /// The version as advisories and people write it.
    pub(crate) fn full_version(&self) -> String {
        full(self.epoch, &self.version, &self.release)
    }

    /// The source's version.
    pub(crate) fn source_version(&self) -> String {
        full(self.src_epoch, &self.src_version, &self.src_release)
    }

    fn purl(&self, package: &Package, os: Option<&Os>) -> String {
        if self.name.is_empty() {
            return String::new();
        }
        let version = full(0, &self.version, &self.release);
        purl::write(
            package.ecosystem,
            &self.name,
            &version,
            &self.arch,
            self.epoch,
            &self.modularitylabel,
            os,
        )
    }

    /// The order reports list packages in.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        let rank = |pkg: &Self| RELATIONS.iter().position(|(_, name)| *name == pkg.relationship);
        // What is not told comes last.
        let rank = |pkg: &Self| rank(pkg).filter(|at| *at > 0).unwrap_or(usize::MAX);
        rank(self)
            .cmp(&rank(other))
            .then_with(|| self.name.cmp(&other.name))
            .then_with(|| self.version.cmp(&other.version))
            .then_with(|| self.id.cmp(&other.id))
            .then_with(|| self.file_path.cmp(&other.file_path))
    }
}

fn full(epoch: i64, version: &str, release: &str) -> String {
    let mut out = if epoch > 0 { format!("{epoch}:{version}") } else { version.to_owned() };
    if !release.is_empty() {
        out.push('-');
        out.push_str(release);
    }
    out
}

const RELATIONS: [(Relation, &str); 5] = [
    (Relation::Unknown, ""),
    (Relation::Root, "root"),
    (Relation::Workspace, "workspace"),
    (Relation::Direct, "direct"),
    (Relation::Indirect, "indirect"),
];

fn relationship(relation: Relation) -> &'static str {
    RELATIONS.iter().find(|(known, _)| *known == relation).map_or("", |(_, name)| name)
}

/// The number of a relationship, as its hash has it.
pub(super) fn relationship_number(name: &str) -> usize {
    RELATIONS.iter().position(|(_, known)| *known == name).unwrap_or(0)
}

fn repository(origin: Origin) -> Option<Repository> {
    let class = match origin {
        Origin::Unstated => return None,
        Origin::Official => "official",
        Origin::ThirdParty => "third-party",
    };
    Some(Repository { class })
}

fn locations(package: &Package) -> Vec<Location> {
    package.lines.iter().map(|(start, end)| Location { start_line: *start, end_line: *end }).collect()
}

fn layer(package: &Package, inventory: &Inventory) -> Layer {
    let Some(diff_id) = &package.layer else { return Layer::default() };
    let info = inventory.layers.iter().find(|layer| layer.diff_id == *diff_id);
    let digest = info.and_then(|info| info.digest.as_ref()).map(ToString::to_string).unwrap_or_default();
    Layer { digest, diff_id: diff_id.to_string(), ..Layer::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_parts() {
        let inventory = Inventory { os: Some(Os::from_release("debian", "12.4")), ..Inventory::default() };
        let new = |by: &str, package: Package| {
            let package = Package { found_by: by.into(), ..package };
            Pkg::new(&package, Kind::of(&package).unwrap(), &inventory, "x")
        };
        let deb = new(
            "dpkg",
            Package {
                arch: Some("amd64".into()),
                ..Package::new(Ecosystem::Deb, "zlib1g", "1:1.2.11.dfsg-1")
            },
        );
        assert_eq!(
            (deb.id.as_str(), deb.epoch, deb.version.as_str()),
            ("zlib1g@1:1.2.11.dfsg-1", 1, "1.2.11.dfsg")
        );
        assert_eq!(
            deb.identifier.purl,
            "pkg:deb/debian/zlib1g@1.2.11.dfsg-1?arch=amd64&distro=debian-12.4&epoch=1"
        );
        assert_eq!(deb.full_version(), "1:1.2.11.dfsg-1");
        for (by, ecosystem, name, version, id) in [
            ("rpm", Ecosystem::Rpm, "acl", "2.2.51-14.el7", "acl@2.2.51-14.el7."),
            ("go-binary", Ecosystem::Go, "stdlib", "1.20.12", "stdlib@v1.20.12"),
            ("go-mod", Ecosystem::Go, "example.com/a", "", "example.com/a"),
            ("pip", Ecosystem::PyPi, "flask", "1", ""),
            ("gradle-lock", Ecosystem::Maven, "g:a", "1", "g:a:1"),
            ("npm-lock", Ecosystem::Npm, "@s/a", "1.0.0", "@s/a@1.0.0"),
        ] {
            assert_eq!(new(by, Package::new(ecosystem, name, version)).id, id, "{by}");
        }
    }

    #[test]
    fn archives() {
        assert_eq!(archive("opt/a.war/WEB-INF/lib/b.jar"), "opt/a.war");
        assert_eq!((archive("opt/b.jar"), archive("x/package.json")), ("opt/b.jar", "x/package.json"));
    }

    #[test]
    fn every_analyzer_of_packages_has_its_kind() {
        for analyzer in inventory::ANALYZERS.iter().filter(|a| a.ecosystem.is_some()) {
            assert!(KINDS.iter().any(|kind| kind.analyzer == analyzer.id), "{}", analyzer.id);
        }
    }
}
