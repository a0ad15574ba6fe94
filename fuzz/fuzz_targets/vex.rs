//! VEX documents, whatever the bytes: what is read never takes out more findings than there are.
#![no_main]

use vuln::trivy::vex::{Identity, Source, Vex, VexCaps, apply};

const REPORT: &[u8] = br#"{"SchemaVersion":2,"ArtifactName":"i","ArtifactType":"filesystem","Results":[
  {"Target":"go.mod","Class":"lang-pkgs","Type":"gomod","Packages":[
    {"ID":"m","Name":"m","Identifier":{"UID":"0","PURL":"pkg:golang/m@1"},"Relationship":"root","DependsOn":["a"]},
    {"ID":"a","Name":"a","Identifier":{"UID":"1","PURL":"pkg:golang/a@1"},"Relationship":"direct"}],
   "Vulnerabilities":[{"VulnerabilityID":"CVE-1","PkgName":"a","PkgIdentifier":{"UID":"1"}}]}]}"#;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let identity = Identity::read(data);
    let Ok(vex) = Vex::read(data, "fuzz", identity.as_ref(), &VexCaps { bytes: 1 << 20 }) else { return };
    let (mut report, _) = vuln::trivy::read(REPORT, &vuln::trivy::Caps::default());
    let count = apply(&mut report, &[Source::Document(vex)]);
    let left: usize = report.results.iter().map(|result| result.vulnerabilities.len()).sum();
    assert_eq!(count + left as u64, 1);
});
