//! A report as components and what binds them: what bills of materials are written from, and what VEX walks along.
//!
//! Semantics: Trivy's `pkg/sbom/io/encode.go` and `pkg/sbom/core`.

use super::listed::Listed;
use super::locator::Locator;
use super::report::{DetectedVulnerability, Metadata, Os, Report, ScanResult};
use super::setting::Ids;
use std::collections::{BTreeMap, BTreeSet};

/// What a component is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Image,
    Machine,
    Folder,
    Repository,
    System,
    Application,
    Library,
}

/// How one component is bound to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bond {
    Contains,
    Needs,
}

/// One component.
#[derive(Clone, Debug)]
pub(super) struct Component {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) group: String,
    pub(super) version: String,
    pub(super) source_name: String,
    pub(super) source_version: String,
    pub(super) source_file: String,
    pub(super) licenses: Vec<String>,
    pub(super) purl: String,
    pub(super) uid: String,
    /// Its name in the document; filled in when all components are known.
    pub(super) reference: String,
    /// The name it had in a document it was read from.
    pub(super) given: String,
    pub(super) supplier: String,
    pub(super) path: String,
    /// `algorithm:hex`.
    pub(super) digest: String,
    /// Sorted by name and value.
    pub(super) properties: Vec<(String, String)>,
}

/// Components by number; the first is what was scanned.
#[derive(Debug, Default)]
pub(super) struct Bom<'a> {
    pub(super) components: Vec<Component>,
    /// What a component is bound to, in the order it was found; a component that is known to need nothing is here, too.
    pub(super) bonds: BTreeMap<usize, Vec<(usize, Bond)>>,
    pub(super) parents: BTreeMap<usize, Vec<usize>>,
    pub(super) vulnerabilities: BTreeMap<usize, Vec<&'a DetectedVulnerability>>,
}

/// Types of results whose packages hang on the target itself: they are in no lock file.
const SCATTERED: [&str; 5] = ["python-pkg", "conda-pkg", "gemspec", "node-pkg", "jar"];

impl<'a> Bom<'a> {
    /// Builds the graph of a report.
    pub(super) fn new(report: &'a Report, ids: &Ids) -> Self {
        let mut out = Self::default();
        let root = out.add(root(report));
        for result in &report.results {
            out.result(root, result, report.metadata.os.as_ref());
        }
        out.bonds.entry(root).or_default();
        out.references(ids);
        out
    }

    fn add(&mut self, mut component: Component) -> usize {
        component.properties.retain(|(_, value)| !value.is_empty());
        component.properties.sort();
        self.components.push(component);
        self.components.len().saturating_sub(1)
    }

    fn bind(&mut self, parent: usize, child: usize, bond: Bond) {
        self.bonds.entry(parent).or_default().push((child, bond));
        self.parents.entry(child).or_default().push(parent);
    }

    /// A component is called by its package URL where no other has the same, else by an id.
    fn references(&mut self, ids: &Ids) {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for component in &self.components {
            let count = counts.entry(component.purl.clone()).or_default();
            *count = count.saturating_add(1);
        }
        for (at, component) in self.components.iter_mut().enumerate() {
            if !component.reference.is_empty() {
                continue;
            }
            let unique = !component.purl.is_empty() && counts.get(&component.purl) == Some(&1);
            component.reference =
                if unique { component.purl.clone() } else { ids.uuid(at.saturating_add(1)) };
        }
    }

    fn result(&mut self, root: usize, result: &'a ScanResult, os: Option<&Os>) {
        if SCATTERED.contains(&result.kind.as_str()) {
            self.packages(root, result);
        } else if matches!(result.class.as_str(), "os-pkgs" | "lang-pkgs") {
            let parent = self.add(target(result, os));
            self.bind(root, parent, Bond::Contains);
            self.packages(parent, result);
        }
    }

    fn packages(&mut self, parent: usize, result: &'a ScanResult) {
        let mut listed: Vec<Listed> = result.packages.iter().map(Listed::read).collect();
        let parents: BTreeSet<String> = listed.iter().flat_map(|one| one.needs().to_vec()).collect();
        let mut by_uid: BTreeMap<String, usize> = BTreeMap::new();
        let mut by_id: BTreeMap<String, usize> = BTreeMap::new();
        let mut found: BTreeMap<String, Vec<&'a DetectedVulnerability>> = BTreeMap::new();
        for one in &result.vulnerabilities {
            found.entry(vulnerable(one)).or_default().push(one);
        }
        let has_root = listed.iter().any(|one| one.relationship == "root");
        for one in &mut listed {
            let key = one.key();
            // The component tells the id as it was listed, which may be none.
            let at = self.add(package(result, one, &key));
            if one.id.is_empty() {
                one.id = format!("{}@{}", one.name, one.version);
            }
            by_uid.insert(key.clone(), at);
            by_id.insert(one.id.clone(), at);
            one.identifier.uid.clone_from(&key);
            if let Some(all) = found.get(&key) {
                self.vulnerabilities.entry(at).or_insert_with(|| all.clone());
            }
        }
        for one in &listed {
            let Some(at) = by_uid.get(&one.identifier.uid).copied() else { continue };
            let hangs = match one.relationship.as_str() {
                "direct" => !has_root,
                _ => !parents.contains(&one.id),
            };
            if hangs {
                self.bind(parent, at, Bond::Contains);
            }
            for needed in one.needs() {
                if let Some(needed) = by_id.get(needed) {
                    self.bind(at, *needed, Bond::Needs);
                }
            }
            if one.needs().is_empty() {
                self.bonds.entry(at).or_default();
            }
        }
    }
}

/// What joins a vulnerability to its package: the hash, or in old reports without one the id and the file.
pub(super) fn vulnerable(one: &DetectedVulnerability) -> String {
    match one.pkg_identifier.as_ref().filter(|names| !names.uid.is_empty()) {
        Some(names) => names.uid.clone(),
        None => format!("{}\0{}", one.pkg_id, one.pkg_path),
    }
}

fn plain(kind: Kind, name: &str) -> Component {
    Component {
        kind,
        name: name.to_owned(),
        group: String::new(),
        version: String::new(),
        source_name: String::new(),
        source_version: String::new(),
        source_file: String::new(),
        licenses: Vec::new(),
        purl: String::new(),
        uid: String::new(),
        reference: String::new(),
        given: String::new(),
        supplier: String::new(),
        path: String::new(),
        digest: String::new(),
        properties: Vec::new(),
    }
}

fn root(report: &Report) -> Component {
    let kind = match report.artifact_type.as_str() {
        "container_image" => Kind::Image,
        "vm" => Kind::Machine,
        "repository" => Kind::Repository,
        _ => Kind::Folder,
    };
    let metadata = &report.metadata;
    let mut out = plain(kind, &report.artifact_name);
    let mut property = |name: &str, value: &str| out.properties.push((name.to_owned(), value.to_owned()));
    property("SchemaVersion", &report.schema_version.to_string());
    if kind == Kind::Image {
        property("ImageID", &metadata.image_id);
        for (label, value) in labels(metadata) {
            property(&format!("Labels:{label}"), &value);
        }
    }
    if metadata.size != 0 {
        property("Size", &metadata.size.to_string());
    }
    for (name, list) in [
        ("RepoDigest", &metadata.repo_digests),
        ("DiffID", &metadata.diff_ids),
        ("RepoTag", &metadata.repo_tags),
    ] {
        list.iter().for_each(|value| property(name, value));
    }
    property("Reference", &metadata.reference);
    if kind == Kind::Image {
        out.purl = image(metadata).unwrap_or_default();
    }
    out
}

fn labels(metadata: &Metadata) -> Vec<(String, String)> {
    let config = metadata.image_config.as_ref().and_then(|config| config.get("config"));
    match config.and_then(|config| config.get("Labels")) {
        Some(super::Json::Object(labels)) => {
            labels.iter().filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect()
        }
        _ => Vec::new(),
    }
}

/// The package URL of an image: its digest, its repository, its architecture.
fn image(metadata: &Metadata) -> Option<String> {
    let (repository, digest) = metadata.repo_digests.first()?.split_once('@')?;
    let host = |part: &str| part.contains(['.', ':']) || part == "localhost";
    let full = match repository.split_once('/') {
        Some((first, _)) if host(first) => repository.to_owned(),
        Some(_) => format!("index.docker.io/{repository}"),
        None => format!("index.docker.io/library/{repository}"),
    };
    let name = repository.rsplit('/').next().unwrap_or(repository).to_lowercase();
    let arch = metadata.image_config.as_ref().and_then(|config| config.get("architecture")?.as_str());
    let arch = arch
        .filter(|arch| !arch.is_empty())
        .map(|arch| format!("arch={}&", super::purl::escape(arch, false)));
    Some(format!(
        "pkg:oci/{}@{}?{}repository_url={}",
        super::purl::escape(&name, false),
        super::purl::escape(digest, false),
        arch.unwrap_or_default(),
        super::purl::escape(&full, false)
    ))
}

fn target(result: &ScanResult, os: Option<&Os>) -> Component {
    let system = result.class == "os-pkgs";
    let mut out = plain(if system { Kind::System } else { Kind::Application }, &result.target);
    if let Some(os) = os.filter(|_| system) {
        (out.name, out.version) = (os.family.clone(), os.name.clone());
    }
    out.properties =
        vec![("Type".to_owned(), result.kind.clone()), ("Class".to_owned(), result.class.clone())];
    out
}

fn package(result: &ScanResult, listed: &Listed, key: &str) -> Component {
    let mut out = plain(Kind::Library, &listed.name);
    out.version = listed.full_version();
    if let Some(locator) = Locator::read(&listed.identifier.purl) {
        let epoch = locator.qualifiers.get("epoch").filter(|epoch| *epoch != "0");
        out.version = match epoch {
            Some(epoch) => format!("{epoch}:{}", locator.version),
            None => locator.version,
        };
        if matches!(locator.kind.as_str(), "maven" | "npm") {
            (out.name, out.group) = (locator.name, locator.namespace);
        }
    }
    let scattered = SCATTERED.contains(&result.kind.as_str());
    if result.class == "lang-pkgs" && !scattered {
        out.source_file.clone_from(&result.target);
    }
    out.source_name.clone_from(&listed.src_name);
    out.source_version = listed.source_version();
    out.purl.clone_from(&listed.identifier.purl);
    key.clone_into(&mut out.uid);
    out.reference.clone_from(&listed.identifier.bom_ref);
    out.given.clone_from(&listed.identifier.bom_ref);
    out.supplier.clone_from(&listed.maintainer);
    out.licenses = listed.licenses.clone().unwrap_or_default();
    out.path.clone_from(&listed.file_path);
    out.digest.clone_from(&listed.digest);
    out.properties = properties(result, listed);
    out
}

fn properties(result: &ScanResult, listed: &Listed) -> Vec<(String, String)> {
    let epoch = if listed.src_epoch == 0 { String::new() } else { listed.src_epoch.to_string() };
    let mut out: Vec<(&str, &str)> = vec![
        ("PkgID", &listed.id),
        ("PkgType", &result.kind),
        ("FilePath", &listed.file_path),
        ("SrcName", &listed.src_name),
        ("SrcVersion", &listed.src_version),
        ("SrcRelease", &listed.src_release),
        ("SrcEpoch", &epoch),
        ("Modularitylabel", &listed.modularitylabel),
        ("LayerDigest", &listed.layer.digest),
        ("LayerDiffID", &listed.layer.diff_id),
    ];
    if let Some(build) = &listed.build_info {
        out.extend(build.content_sets.iter().flatten().map(|set| ("ContentSet", set.as_str())));
        out.extend([("NVR", build.nvr.as_str()), ("Arch", build.arch.as_str())]);
    }
    out.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Caps, read};
    use super::*;

    #[test]
    fn graph() {
        let text = r#"{"SchemaVersion":2,"ArtifactName":"i","ArtifactType":"container_image","Metadata":{"OS":{"Family":"debian","Name":"12"},
           "RepoDigests":["registry.test/a/Nginx@sha256:0"],"ImageConfig":{"architecture":"amd64","config":{"Labels":{"b":"1","a":"2"}}}},"Results":[
           {"Target":"i (debian 12)","Class":"os-pkgs","Type":"debian","Packages":[
             {"ID":"a@1","Name":"a","Version":"1","Identifier":{"UID":"1","PURL":"pkg:deb/debian/a@1?epoch=2"},"DependsOn":["b@1","zz@1"]},
             {"ID":"b@1","Name":"b","Version":"1","Identifier":{"UID":"2","PURL":"pkg:deb/debian/b@1"}}]},
           {"Target":"Node.js","Class":"lang-pkgs","Type":"node-pkg","Packages":[
             {"Name":"@s/n","Version":"1","Identifier":{"UID":"3","PURL":"pkg:npm/%40s/n@1"}},
             {"Name":"@s/n","Version":"1","Identifier":{"UID":"4","PURL":"pkg:npm/%40s/n@1"}}],
            "Vulnerabilities":[{"VulnerabilityID":"CVE-1","PkgName":"@s/n","PkgIdentifier":{"UID":"4"}}]},
           {"Target":"x","Class":"secret"}]}"#;
        let report = read(text.as_bytes(), &Caps::default()).0;
        let bom = Bom::new(&report, &Ids::Counted);
        let names: Vec<String> = bom
            .components
            .iter()
            .map(|c| format!("{} {} {} {}", c.group, c.name, c.version, c.reference))
            .collect();
        assert_eq!(
            names,
            [
                " i  pkg:oci/nginx@sha256:0?arch=amd64&repository_url=registry.test%2Fa%2FNginx",
                " debian 12 3ff14136-e09f-4df9-80ea-000000000002",
                " a 2:1 pkg:deb/debian/a@1?epoch=2",
                " b 1 pkg:deb/debian/b@1",
                "@s n 1 3ff14136-e09f-4df9-80ea-000000000005",
                "@s n 1 3ff14136-e09f-4df9-80ea-000000000006",
            ]
        );
        assert_eq!(bom.parents[&3], [2], "what is needed hangs on what needs it");
        assert_eq!(bom.parents[&4], [0], "what is in no lock file hangs on the target");
        assert_eq!(bom.vulnerabilities.keys().collect::<Vec<_>>(), [&5]);
        assert_eq!(bom.bonds[&2], [(3, Bond::Needs)], "what is not listed is not bound");
        assert!(bom.components[0].properties.contains(&("Labels:a".to_owned(), "2".to_owned())));
    }
}
