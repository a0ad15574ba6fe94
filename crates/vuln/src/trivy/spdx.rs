//! `--format spdx-json` and `spdx`: a bill of materials in SPDX 2.3, as JSON and as tags with values.
//!
//! Semantics: Trivy's `pkg/sbom/spdx/marshal.go` and SPDX's tools for Go.

use super::bom::{Bom, Bond, Component, Kind};
use super::license::{self, Expression, Join};
use super::locator::Locator;
use super::setting::seconds;
use super::{Json, Report, Setting, WriteError};
use inventory::structure as uid;
use sha1::{Digest as _, Sha1};
use std::collections::BTreeMap;

/// Writes a document in JSON.
pub(super) fn json(report: &Report, setting: &Setting) -> Result<String, WriteError> {
    Ok(super::json::go(&Document::new(report, setting).json()))
}

/// Writes a document in tags and values.
pub(super) fn tags(report: &Report, setting: &Setting) -> Result<String, WriteError> {
    Ok(Document::new(report, setting).tags())
}

/// What says who made it: nobody knows.
const NOTHING: &str = "NOASSERTION";

struct Document {
    name: String,
    namespace: String,
    tool: String,
    created: String,
    packages: Vec<Package>,
    files: Vec<File>,
    licenses: BTreeMap<String, OtherLicense>,
    /// From, to, and how.
    relations: Vec<(String, String, &'static str)>,
}

struct Package {
    name: String,
    id: String,
    version: String,
    supplier: String,
    location: String,
    /// The hash over the files that were looked at.
    code: Option<String>,
    checksum: Option<(&'static str, String)>,
    source: String,
    license: String,
    /// Category, type and place.
    references: Vec<(&'static str, &'static str, String)>,
    purpose: &'static str,
    notes: Vec<String>,
}

struct File {
    name: String,
    id: String,
    checksum: (&'static str, String),
}

struct OtherLicense {
    text: String,
    name: String,
    comment: &'static str,
}

/// The word of a kind of component, in ids and addresses.
fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Image => "container_image",
        Kind::Machine => "vm",
        Kind::Folder => "filesystem",
        Kind::Repository => "repository",
        Kind::System => "os",
        Kind::Application => "application",
        Kind::Library => "library",
    }
}

impl Document {
    fn new(report: &Report, setting: &Setting) -> Self {
        let bom = Bom::new(report, &setting.ids);
        let root = bom.components.first();
        let name = root.map(|root| root.name.clone()).unwrap_or_default();
        let kind = root.map_or("unknown", |root| word(root.kind));
        let bare = name.replace("https://", "").replace("http://", "");
        let id = setting.ids.uuid(bom.components.len().saturating_add(1));
        let mut out = Self {
            namespace: format!("http://trivy.dev/{kind}/{bare}-{id}"),
            tool: format!("trivy-{}", setting.world.version),
            created: seconds(setting.world.now),
            packages: Vec::new(),
            files: Vec::new(),
            licenses: BTreeMap::new(),
            relations: Vec::new(),
            name,
        };
        let ids = out.components(&bom);
        for (at, bonds) in &bom.bonds {
            for (to, bond) in bonds {
                if let (Some(from), Some(to)) = (ids.get(*at), ids.get(*to)) {
                    let how = if *bond == Bond::Contains { "CONTAINS" } else { "DEPENDS_ON" };
                    out.relations.push((from.clone(), to.clone(), how));
                }
            }
        }
        out.packages.sort_by(|a, b| (a.purpose, &a.name, &a.id).cmp(&(b.purpose, &b.name, &b.id)));
        out.files.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        out.relations.sort();
        out
    }

    /// Adds all components; their ids.
    fn components(&mut self, bom: &Bom<'_>) -> Vec<String> {
        let location = match bom.components.first() {
            Some(root) if root.kind == Kind::Repository => format!("git+{}", root.name),
            _ => "NONE".to_owned(),
        };
        let mut ids = Vec::new();
        for (at, component) in bom.components.iter().enumerate() {
            let mut package = package(component, &location);
            if at == 0 {
                self.relations.push(("DOCUMENT".to_owned(), package.id.clone(), "DESCRIBES"));
            } else {
                let found = bom.vulnerabilities.get(&at).into_iter().flatten();
                let advisory = found.map(|one| ("SECURITY", "advisory", one.primary_url.clone()));
                package.references.extend(advisory);
                package.license = self.license(component);
                self.file(component, &mut package);
            }
            ids.push(package.id.clone());
            self.packages.push(package);
        }
        ids
    }

    /// The file a package is, where it has a checksum.
    fn file(&mut self, component: &Component, package: &mut Package) {
        let Some((algorithm, hex)) = checksum(&component.digest).filter(|_| !component.path.is_empty())
        else {
            return;
        };
        let id = format!("File-{:x}", uid::text(&component.path));
        self.relations.push((package.id.clone(), id.clone(), "CONTAINS"));
        let mut code = Sha1::new();
        if algorithm == "SHA1" {
            code.update(hex.as_bytes());
        }
        package.code = Some(code.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
        self.files.push(File { name: component.path.clone(), id, checksum: (algorithm, hex) });
    }

    fn license(&mut self, component: &Component) -> String {
        if component.kind != Kind::Library || component.licenses.is_empty() {
            return NOTHING.to_owned();
        }
        let before: Vec<String> = self.licenses.keys().cloned().collect();
        let parts = component.licenses.iter().map(|one| match one.strip_prefix(license::TEXT) {
            Some(text) => self.other(text, true),
            None => format!("({})", one.replace("-with-", " WITH ").replace("-WITH-", " WITH ")),
        });
        let parts = parts.collect::<Vec<_>>();
        let Some(expression) = license::normal(&parts.join(" AND ")) else {
            // Of what is no expression nothing is entered.
            self.licenses.retain(|id, _| before.contains(id));
            return String::new();
        };
        let mut replace = |one: Expression| {
            let name = match &one {
                Expression::One(name, _) if name.starts_with("LicenseRef") || one.known() => return one,
                Expression::One(name, _) => name.clone(),
                Expression::Two(_, Join::With, _) if one.known() => {
                    return Expression::One(one.to_string(), false);
                }
                Expression::Two(_, Join::With, _) => one.to_string(),
                Expression::Two(..) => return one,
            };
            Expression::One(self.other(&name, false), false)
        };
        expression.changed(&mut replace).to_string()
    }

    /// Enters a licence SPDX does not list; its id.
    fn other(&mut self, license: &str, text: bool) -> String {
        let quoted = || format!("This component is licensed under {}", crate::template::quote(license));
        let other = match text {
            true => OtherLicense {
                text: license.to_owned(),
                name: NOTHING.to_owned(),
                comment: "The license text represents text found in package metadata and may not represent the full text of the license",
            },
            false => OtherLicense { text: quoted(), name: license.to_owned(), comment: "" },
        };
        let hash = uid::Struct::new("OtherLicense")
            .field("LicenseIdentifier", Some(uid::text("")))
            .field("ExtractedText", Some(uid::text(&other.text)))
            .field("LicenseName", Some(uid::text(&other.name)))
            .field("LicenseCrossReferences", Some(0))
            .field("LicenseComment", Some(uid::text(other.comment)));
        let id = format!("LicenseRef-{:x}", hash.hash());
        self.licenses.insert(id.clone(), other);
        id
    }
}

/// Algorithm and digits of a digest.
fn checksum(digest: &str) -> Option<(&'static str, String)> {
    let (algorithm, hex) = digest.split_once(':')?;
    let algorithm = match algorithm {
        "sha1" => "SHA1",
        "sha256" => "SHA256",
        "sha512" => "SHA512",
        "md5" => "MD5",
        _ => return None,
    };
    Some((algorithm, hex.to_owned()))
}

/// What of a component stands in fields of its own, and so in no note.
const ELSEWHERE: [&str; 5] = ["SrcName", "SrcRelease", "SrcEpoch", "SrcVersion", "FilePath"];

fn package(component: &Component, location: &str) -> Package {
    let (element, purpose) = match component.kind {
        Kind::System => ("OperatingSystem", "OPERATING-SYSTEM"),
        Kind::Application => ("Application", "APPLICATION"),
        Kind::Library => ("Package", "LIBRARY"),
        Kind::Image => ("ContainerImage", "CONTAINER"),
        Kind::Machine => ("Vm", "SOURCE"),
        Kind::Folder => ("Filesystem", "SOURCE"),
        Kind::Repository => ("Repository", "SOURCE"),
    };
    let id = match component.kind {
        Kind::System | Kind::Application | Kind::Library => hash(component),
        kind => uid::text(&format!("{}-{}", component.name, word(kind))),
    };
    let library = component.kind == Kind::Library;
    let source = match (component.source_name.as_str(), component.source_file.as_str()) {
        ("", "") => String::new(),
        ("", file) => format!("package found in: {file}"),
        (name, _) => format!("built package from: {name} {}", component.source_version),
    };
    let purl = Some(&component.purl).filter(|purl| !purl.is_empty());
    let notes = component.properties.iter().filter(|(name, _)| !ELSEWHERE.contains(&name.as_str()));
    Package {
        name: name(component),
        id: format!("{element}-{id:x}"),
        version: component.version.clone(),
        supplier: match component.supplier.as_str() {
            _ if !library => String::new(),
            "" => NOTHING.to_owned(),
            supplier => format!("Organization: {supplier}"),
        },
        location: location.to_owned(),
        code: None,
        checksum: checksum(&component.digest).filter(|_| component.path.is_empty()),
        source: if library { source } else { String::new() },
        license: NOTHING.to_owned(),
        references: purl.map(|purl| ("PACKAGE-MANAGER", "purl", purl.clone())).into_iter().collect(),
        purpose,
        notes: notes.map(|(name, value)| format!("{name}: {value}")).collect(),
    }
}

/// A name with its group.
fn name(component: &Component) -> String {
    let maven = component.purl.starts_with("pkg:maven/") || component.purl.starts_with("pkg:gradle/");
    match (component.group.as_str(), maven) {
        ("", _) => component.name.clone(),
        (group, true) => format!("{group}:{}", component.name),
        (group, false) => format!("{group}/{}", component.name),
    }
}

/// The hash of a component, over all its fields; lists are sets.
fn hash(component: &Component) -> u64 {
    let text = |value: &str| Some(uid::text(value));
    let set = |hashes: &mut dyn Iterator<Item = u64>| hashes.fold(0, |all, one| all ^ one);
    let locator = Locator::read(&component.purl).unwrap_or_default();
    let qualifier = |(key, value): (&String, &String)| {
        uid::Struct::new("Qualifier").field("Key", text(key)).field("Value", text(value)).hash()
    };
    let purl = uid::Struct::new("PackageURL")
        .field("Type", text(&locator.kind))
        .field("Namespace", text(&locator.namespace))
        .field("Name", text(&locator.name))
        .field("Version", text(&locator.version))
        .field("Qualifiers", Some(set(&mut locator.qualifiers.iter().map(qualifier))))
        .field("Subpath", text(&locator.subpath));
    let names = uid::Struct::new("PkgIdentifier")
        .field("UID", text(&component.uid))
        .field("PURL", Some(purl.hash()))
        .field("BOMRef", text(&component.given));
    let digests = Some(&component.digest).filter(|digest| !digest.is_empty()).map(|digest| uid::text(digest));
    let file = uid::Struct::new("File")
        .field("Path", text(&component.path))
        .field("Digests", Some(digests.unwrap_or(0)));
    let is_file = !component.path.is_empty() || !component.digest.is_empty();
    let property = |(name, value): &(String, String)| {
        uid::Struct::new("Property")
            .field("Name", text(name))
            .field("Value", text(value))
            .field("Namespace", text(""))
            .field("External", Some(uid::flag(false)))
            .hash()
    };
    let properties = set(&mut component.properties.iter().map(property));
    uid::Struct::new("Component")
        .field("Type", text(word(component.kind)))
        .field("Root", Some(uid::flag(false)))
        .field("Name", text(&component.name))
        .field("Group", text(&component.group))
        .field("Version", text(&component.version))
        .field("SrcName", text(&component.source_name))
        .field("SrcVersion", text(&component.source_version))
        .field("SrcFile", text(&component.source_file))
        .field("Licenses", Some(set(&mut component.licenses.iter().map(|one| uid::text(one)))))
        .field("PkgIdentifier", Some(names.hash()))
        .field("Supplier", text(&component.supplier))
        .field("Files", Some(if is_file { file.hash() } else { 0 }))
        // The one list that is a set by its own word is finished as one.
        .field("Properties", Some(uid::fnv(&properties.to_le_bytes())))
        .hash()
}

fn string(text: &str) -> Json {
    Json::String(text.to_owned())
}

/// An object without what is empty.
fn object(entries: Vec<(&str, Json)>) -> Json {
    let there = |value: &Json| match value {
        Json::Null => false,
        Json::String(text) => !text.is_empty(),
        Json::List(list) => !list.is_empty(),
        _ => true,
    };
    let entries = entries.into_iter().filter(|(_, value)| there(value));
    Json::Object(entries.map(|(key, value)| (key.to_owned(), value)).collect())
}

fn reference(id: &str) -> Json {
    string(&format!("SPDXRef-{id}"))
}

fn checksums(checksum: Option<&(&'static str, String)>) -> Json {
    let one = |(algorithm, value): &(&'static str, String)| {
        object(vec![("algorithm", string(algorithm)), ("checksumValue", string(value))])
    };
    Json::List(checksum.into_iter().map(one).collect())
}

impl Document {
    fn json(&self) -> Json {
        let creators = ["Organization: aquasecurity".to_owned(), format!("Tool: {}", self.tool)];
        let creation = object(vec![
            ("creators", Json::List(creators.iter().map(|creator| string(creator)).collect())),
            ("created", string(&self.created)),
        ]);
        let file = |file: &File| {
            let mut out = object(vec![
                ("fileName", string(&file.name)),
                ("SPDXID", reference(&file.id)),
                ("checksums", checksums(Some(&file.checksum))),
            ]);
            if let Json::Object(entries) = &mut out {
                entries.push(("copyrightText".to_owned(), string("")));
            }
            out
        };
        let other = |(id, other): (&String, &OtherLicense)| {
            object(vec![
                ("licenseId", string(id)),
                ("extractedText", string(&other.text)),
                ("name", string(&other.name)),
                ("comment", string(other.comment)),
            ])
        };
        let relation = |(from, to, how): &(String, String, &str)| {
            object(vec![
                ("spdxElementId", reference(from)),
                ("relatedSpdxElement", reference(to)),
                ("relationshipType", string(how)),
            ])
        };
        object(vec![
            ("spdxVersion", string("SPDX-2.3")),
            ("dataLicense", string("CC0-1.0")),
            ("SPDXID", reference("DOCUMENT")),
            ("name", string(&self.name)),
            ("documentNamespace", string(&self.namespace)),
            ("creationInfo", creation),
            ("packages", Json::List(self.packages.iter().map(|package| self.package(package)).collect())),
            ("files", Json::List(self.files.iter().map(file).collect())),
            ("hasExtractedLicensingInfos", Json::List(self.licenses.iter().map(other).collect())),
            ("relationships", Json::List(self.relations.iter().map(relation).collect())),
        ])
    }

    fn package(&self, package: &Package) -> Json {
        let code = package
            .code
            .as_ref()
            .map_or(Json::Null, |code| object(vec![("packageVerificationCodeValue", string(code))]));
        let external = |(category, kind, place): &(&str, &str, String)| {
            Json::Object(vec![
                ("referenceCategory".to_owned(), string(category)),
                ("referenceType".to_owned(), string(kind)),
                ("referenceLocator".to_owned(), string(place)),
            ])
        };
        let note = |note: &String| {
            object(vec![
                ("annotator", string(&format!("Tool: {}", self.tool))),
                ("annotationDate", string(&self.created)),
                ("annotationType", string("OTHER")),
                ("comment", string(note)),
            ])
        };
        object(vec![
            ("name", string(&package.name)),
            ("SPDXID", reference(&package.id)),
            ("versionInfo", string(&package.version)),
            ("supplier", string(&package.supplier)),
            ("downloadLocation", string(&package.location)),
            ("filesAnalyzed", Json::Bool(package.code.is_some())),
            ("packageVerificationCode", code),
            ("checksums", checksums(package.checksum.as_ref())),
            ("sourceInfo", string(&package.source)),
            ("licenseConcluded", string(&package.license)),
            ("licenseDeclared", string(&package.license)),
            ("externalRefs", Json::List(package.references.iter().map(external).collect())),
            ("primaryPackagePurpose", string(package.purpose)),
            ("annotations", Json::List(package.notes.iter().map(note).collect())),
        ])
    }

    fn tags(&self) -> String {
        let mut out = String::new();
        let mut tag = |name: &str, value: &str| {
            if !value.is_empty() {
                out.push_str(&format!("{name}: {value}\n"));
            }
        };
        tag("SPDXVersion", "SPDX-2.3");
        tag("DataLicense", "CC0-1.0");
        tag("SPDXID", "SPDXRef-DOCUMENT");
        tag("DocumentName", &self.name);
        tag("DocumentNamespace", &self.namespace);
        tag("Creator", "Organization: aquasecurity");
        tag("Creator", &format!("Tool: {}", self.tool));
        tag("Created", &self.created);
        out.push('\n');
        let mut files: Vec<&File> = self.files.iter().collect();
        files.sort_by(|a, b| a.id.cmp(&b.id));
        if !files.is_empty() {
            out.push_str("##### Unpackaged files\n\n");
        }
        for file in files {
            let (algorithm, value) = &file.checksum;
            out.push_str(&format!(
                "FileName: {}\nSPDXID: SPDXRef-{}\nFileChecksum: {algorithm}: {value}\n\n",
                file.name, file.id
            ));
        }
        let mut packages: Vec<&Package> = self.packages.iter().collect();
        packages.sort_by(|a, b| a.id.cmp(&b.id));
        packages.into_iter().for_each(|package| package.tags(&mut out));
        if !self.licenses.is_empty() {
            out.push_str("##### Other Licenses\n\n");
        }
        for (id, other) in &self.licenses {
            let text = block(&other.text);
            out.push_str(&format!("LicenseID: {id}\nExtractedText: {text}\nLicenseName: {}\n", other.name));
            if !other.comment.is_empty() {
                out.push_str(&format!("LicenseComment: {}\n", other.comment));
            }
            out.push('\n');
        }
        if !self.relations.is_empty() {
            out.push_str("##### Relationships\n\n");
            for (from, to, how) in &self.relations {
                out.push_str(&format!("Relationship: SPDXRef-{from} {how} SPDXRef-{to}\n"));
            }
            out.push('\n');
        }
        out
    }
}

/// A text of several lines is marked as one.
fn block(text: &str) -> String {
    if text.contains('\n') { format!("<text>{text}</text>") } else { text.to_owned() }
}

impl Package {
    fn tags(&self, out: &mut String) {
        out.push_str(&format!("##### Package: {}\n\n", self.name));
        let id = format!("SPDXRef-{}", self.id);
        let source = block(&self.source);
        let analyzed = if self.code.is_some() { "" } else { "false" };
        let checksum = self.checksum.as_ref().map(|(algorithm, value)| format!("{algorithm}: {value}"));
        for (name, value) in [
            ("PackageName", self.name.as_str()),
            ("SPDXID", &id),
            ("PackageVersion", &self.version),
            ("PackageSupplier", &self.supplier),
            ("PackageDownloadLocation", &self.location),
            ("PrimaryPackagePurpose", self.purpose),
            ("FilesAnalyzed", analyzed),
            ("PackageVerificationCode", self.code.as_deref().unwrap_or_default()),
            ("PackageChecksum", checksum.as_deref().unwrap_or_default()),
            ("PackageSourceInfo", &source),
            ("PackageLicenseConcluded", &self.license),
            ("PackageLicenseDeclared", &self.license),
        ] {
            if !value.is_empty() {
                out.push_str(&format!("{name}: {value}\n"));
            }
        }
        for (category, kind, place) in &self.references {
            out.push_str(&format!("ExternalRef: {category} {kind} {place}\n"));
        }
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Caps, read};
    use super::*;

    /// Ids Trivy gives the same components.
    #[test]
    fn known_ids() {
        let text = r#"{"SchemaVersion":2,"ArtifactName":"testdata/fixtures/repo/npm","ArtifactType":"repository","Results":[
          {"Target":"package-lock.json","Class":"lang-pkgs","Type":"npm","Packages":[
            {"ID":"asap@2.0.6","Name":"asap","Identifier":{"PURL":"pkg:npm/asap@2.0.6","UID":"a9ed9c990b55c97e"},"Version":"2.0.6"}]}]}"#;
        let report = read(text.as_bytes(), &Caps::default()).0;
        let document = Document::new(&report, &Setting::default());
        let ids: Vec<&str> = document.packages.iter().map(|package| package.id.as_str()).collect();
        assert_eq!(
            ids,
            ["Application-6401eeaf7b6ee158", "Package-4da2218a82de3db7", "Repository-84eb432d31169138"]
        );
        assert_eq!(
            document.namespace,
            "http://trivy.dev/repository/testdata/fixtures/repo/npm-3ff14136-e09f-4df9-80ea-000000000004"
        );
        let tags = tags(&report, &Setting::default()).unwrap();
        assert!(
            tags.contains(
                "\n\n##### Package: asap\n\nPackageName: asap\nSPDXID: SPDXRef-Package-4da2218a82de3db7\n"
            ),
            "{tags}"
        );
        assert!(
            tags.ends_with("DEPENDS_ON SPDXRef-x\n\n")
                || tags.ends_with("CONTAINS SPDXRef-Application-6401eeaf7b6ee158\n\n")
        );
    }

    #[test]
    fn licenses_and_files() {
        let text = r#"{"SchemaVersion":2,"ArtifactName":"a","ArtifactType":"filesystem","Results":[
          {"Target":"t","Class":"lang-pkgs","Type":"node-pkg","Packages":[
            {"Name":"b","Version":"1","Identifier":{"UID":"2"},"Licenses":["MIT","custom-x","text://blah blah","MIT OR foo"],"FilePath":"p","Digest":"sha1:237db0da53131e4548cb1181337fa0f420299e1f"},
            {"Name":"c","Version":"1","Identifier":{"UID":"3"},"Licenses":["(A"]}]}]}"#;
        let report = read(text.as_bytes(), &Caps::default()).0;
        let document = Document::new(&report, &Setting::default());
        let b = document.packages.iter().find(|package| package.name == "b").unwrap();
        assert_eq!(
            b.license,
            "MIT AND LicenseRef-4b4284022d7daa5e AND LicenseRef-d8119942a326c23f AND (MIT OR LicenseRef-a4545ef7fe4b088c)"
        );
        assert_eq!(b.code.as_deref(), Some("2a05c7ad4baa728c79bc1ee1adea9b837d0bf6c0"));
        assert_eq!(document.packages.iter().find(|package| package.name == "c").unwrap().license, "");
        assert_eq!((document.licenses.len(), document.files.len()), (3, 1));
        let json: serde_json::Value =
            serde_json::from_str(&json(&report, &Setting::default()).unwrap()).unwrap();
        assert_eq!(json["files"][0]["copyrightText"], "");
    }
}
