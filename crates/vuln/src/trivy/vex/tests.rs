//! Documents, and what they take out.

use super::super::{Caps, read};
use super::*;

/// An application of two parts that both need a third, in an image.
const REPORT: &str = r#"{"SchemaVersion":2,"ArtifactName":"i","ArtifactType":"container_image",
  "Metadata":{"RepoDigests":["registry.test/app@sha256:0"]},"Results":[
  {"Target":"go.mod","Class":"lang-pkgs","Type":"gomod","Packages":[
    {"ID":"m","Name":"m","Identifier":{"UID":"0","PURL":"pkg:golang/m@1"},"Relationship":"root","DependsOn":["a","b"]},
    {"ID":"a","Name":"a","Identifier":{"UID":"1","PURL":"pkg:golang/a@1"},"Relationship":"direct","DependsOn":["c"]},
    {"ID":"b","Name":"b","Identifier":{"UID":"2","PURL":"pkg:golang/b@1"},"Relationship":"direct","DependsOn":["c"]},
    {"ID":"c","Name":"c","Identifier":{"UID":"3","PURL":"pkg:golang/c@1"},"Relationship":"indirect"}],
   "Vulnerabilities":[{"VulnerabilityID":"CVE-1","PkgName":"c","PkgIdentifier":{"UID":"3","PURL":"pkg:golang/c@1"}},
     {"VulnerabilityID":"CVE-2","PkgName":"c","PkgIdentifier":{"UID":"3","PURL":"pkg:golang/c@1"}}]}]}"#;

fn left(documents: &[&str]) -> (Vec<String>, Vec<String>) {
    let mut report = read(REPORT.as_bytes(), &Caps::default()).0;
    let read = |text: &&str| {
        Source::Document(Vex::read(text.as_bytes(), "v.json", None, &VexCaps::default()).unwrap())
    };
    let sources: Vec<Source> = documents.iter().map(read).collect();
    let count = apply(&mut report, &sources);
    let result = &report.results[0];
    let said = |one: &Json| {
        format!(
            "{} {}",
            one.get("Status").unwrap().as_str().unwrap(),
            one.get("Statement").unwrap().as_str().unwrap()
        )
    };
    assert_eq!(result.experimental_modified_findings.len() as u64, count);
    (
        result.vulnerabilities.iter().map(|v| v.id.clone()).collect(),
        result.experimental_modified_findings.iter().map(said).collect(),
    )
}

fn open(statements: &str) -> String {
    format!(
        r#"{{"@context":"https://openvex.dev/ns/v0.2.0","timestamp":"2024-01-01T00:00:00+04:00","statements":[{statements}]}}"#
    )
}

fn statement(product: &str, part: &str, status: &str, time: &str) -> String {
    let parts =
        if part.is_empty() { String::new() } else { format!(r#","subcomponents":[{{"@id":"{part}"}}]"#) };
    let time = if time.is_empty() { String::new() } else { format!(r#""timestamp":"{time}","#) };
    format!(
        r#"{{{time}"vulnerability":{{"name":"CVE-1"}},"products":[{{"@id":"{product}"{parts}}}],"status":"{status}","justification":"why"}}"#
    )
}

#[test]
fn openvex() {
    let one = |product: &str, part: &str, status: &str| {
        left(&[&open(&statement(product, part, status, ""))]).0.len()
    };
    for (product, part, status, want) in [
        ("pkg:golang/c", "", "not_affected", 1),
        ("pkg:golang/c@1", "", "fixed", 1),
        ("pkg:golang/c@2", "", "not_affected", 2),
        ("pkg:golang/c", "", "affected", 2),
        ("pkg:golang/c", "", "under_investigation", 2),
        ("pkg:golang/other", "", "not_affected", 2),
        // One of two paths.
        ("pkg:golang/a", "pkg:golang/c", "not_affected", 2),
        ("pkg:golang/m", "pkg:golang/c", "not_affected", 1),
        ("pkg:golang/m", "pkg:golang/a", "not_affected", 2),
        ("pkg:golang/m", "", "not_affected", 1),
        ("pkg:oci/app?repository_url=registry.test/app", "pkg:golang/c@1", "not_affected", 1),
        ("pkg:oci/app?repository_url=registry.test/other", "pkg:golang/c@1", "not_affected", 2),
    ] {
        assert_eq!(one(product, part, status), want, "{product} {part} {status}");
    }
    let both = [
        statement("pkg:golang/a", "pkg:golang/c", "not_affected", ""),
        statement("pkg:golang/b", "", "fixed", ""),
    ];
    assert_eq!(left(&[&open(&both.join(","))]), (vec!["CVE-2".into()], vec!["fixed why".into()]));
}

#[test]
fn the_latest_counts() {
    let old = statement("pkg:golang/c", "", "not_affected", "2023-01-01T00:00:00Z");
    let new = statement("pkg:golang/c", "", "affected", "2025-01-01T00:00:00Z");
    assert_eq!(left(&[&open(&[old.clone(), new.clone()].join(","))]).0.len(), 2);
    assert_eq!(left(&[&open(&[new, old].join(","))]).0.len(), 2);
    let (no, yes) =
        (statement("pkg:golang/c", "", "not_affected", ""), statement("pkg:golang/c", "", "affected", ""));
    assert_eq!(left(&[&open(&[no.clone(), yes.clone()].join(","))]).0.len(), 1, "of one time the first");
    assert_eq!(left(&[&open(&[yes, no].join(","))]).0.len(), 2);
}

#[test]
fn csaf() {
    let document = |status: &str, id: &str| {
        format!(
            r#"{{"document":{{}},"product_tree":{{"branches":[{{"branches":[
              {{"product":{{"product_id":"M","product_identification_helper":{{"purl":"pkg:golang/m@1"}}}}}},
              {{"product":{{"product_id":"C","product_identification_helper":{{"purl":"pkg:golang/c@1"}}}}}}]}}],
              "relationships":[{{"category":"default_component_of","product_reference":"C","relates_to_product_reference":"M",
                "full_product_name":{{"product_id":"MC"}}}}]}},
              "vulnerabilities":[{{"cve":"CVE-1","product_status":{{"{status}":["{id}"]}},"threats":[{{"category":"impact","details":"not loaded"}}]}}]}}"#
        )
    };
    for (status, id, want) in [
        ("known_not_affected", "C", 1),
        ("fixed", "MC", 1),
        ("known_affected", "C", 2),
        ("known_not_affected", "X", 2),
    ] {
        assert_eq!(left(&[&document(status, id)]).0.len(), want, "{status} {id}");
    }
    assert_eq!(left(&[&document("fixed", "C")]).1, ["fixed not loaded"]);
}

#[test]
fn cyclonedx() {
    let bom = br#"{"bomFormat":"CycloneDX","serialNumber":"urn:uuid:5","version":1,"components":[{"bom-ref":"x","purl":"pkg:golang/c@1"}]}"#;
    let identity = Identity::read(bom).unwrap();
    let count = |link: &str, state: &str| {
        let text = format!(
            r#"{{"bomFormat":"CycloneDX","vulnerabilities":[{{"id":"CVE-1","affects":[{{"ref":"{link}"}}],"analysis":{{"state":"{state}"}}}}]}}"#
        );
        let vex = Vex::read(text.as_bytes(), "v", Some(&identity), &VexCaps::default()).unwrap();
        let mut report = read(REPORT.as_bytes(), &Caps::default()).0;
        apply(&mut report, &[Source::Document(vex)])
    };
    assert_eq!(count("urn:cdx:5/1#x", "not_affected"), 1);
    assert_eq!(count("urn:cdx:5/1#pkg:golang/c@1", "resolved"), 1);
    assert_eq!(count("urn:cdx:5/1#pkg%3Agolang%2Fc%401", "resolved"), 1);
    assert_eq!(count("urn:cdx:5/2#x", "not_affected"), 0);
    assert_eq!(count("urn:cdx:5/1#x", "exploitable"), 0);
    assert_eq!(count("x", "not_affected"), 0);
    let bare = Vex::read(br#"{"bomFormat":"CycloneDX"}"#, "v", None, &VexCaps::default());
    assert_eq!(bare.unwrap_err(), VexError::NotABom);
}

#[test]
fn repositories() {
    let index =
        Index::read(br#"{"version":1,"packages":[{"ID":"pkg:golang/c","Location":"./a.json"}]}"#).unwrap();
    assert_eq!(index.packages["pkg:golang/c"], "./a.json");
    assert!(Index::read(b"{}").is_err());
    let mut report = read(REPORT.as_bytes(), &Caps::default()).0;
    let wanted = wanted(&report);
    assert!(
        wanted.contains("pkg:golang/c") && wanted.contains("pkg:oci/app?repository_url=registry.test%2Fapp"),
        "{wanted:?}"
    );
    let document = |status| {
        let text = open(&statement("pkg:golang/c", "", status, ""));
        let vex = Vex::read(text.as_bytes(), "r", None, &VexCaps::default()).unwrap();
        Repository { documents: BTreeMap::from([("pkg:golang/c".to_owned(), vex)]) }
    };
    let (yes, no) = (document("affected"), document("not_affected"));
    assert_eq!(
        apply(&mut report, &[Source::Repositories(vec![yes, no.clone()])]),
        0,
        "the first has the word"
    );
    assert_eq!(apply(&mut report, &[Source::Repositories(vec![Repository::default(), no])]), 1);
}

#[test]
fn what_is_none() {
    for text in [
        "",
        "[]",
        "{}",
        "7",
        r#"{"vulnerabilities":null}"#,
        r#"{"@context":"x","statements":7}"#,
        r#"{"vulnerabilities":{}}"#,
    ] {
        assert!(Vex::read(text.as_bytes(), "v", None, &VexCaps::default()).is_err(), "{text}");
    }
    assert!(Vex::read(b"{}", "v", None, &VexCaps { bytes: 1 }).is_err());
}

#[test]
fn cycles_end() {
    let text = r#"{"SchemaVersion":2,"ArtifactName":"i","ArtifactType":"filesystem","Results":[
      {"Target":"l","Class":"lang-pkgs","Type":"npm","Packages":[
        {"ID":"a","Name":"a","Identifier":{"UID":"1","PURL":"pkg:npm/a@1"},"Relationship":"indirect","DependsOn":["b"]},
        {"ID":"b","Name":"b","Identifier":{"UID":"2","PURL":"pkg:npm/b@1"},"Relationship":"indirect","DependsOn":["a"]}],
       "Vulnerabilities":[{"VulnerabilityID":"CVE-1","PkgName":"a","PkgIdentifier":{"UID":"1"}}]}]}"#;
    let mut report = read(text.as_bytes(), &Caps::default()).0;
    let vex = open(&statement("pkg:npm/x", "", "not_affected", ""));
    let vex = Vex::read(vex.as_bytes(), "v", None, &VexCaps::default()).unwrap();
    assert_eq!(apply(&mut report, &[Source::Document(vex)]), 0);
}
