//! Signatures and keys frozen as they were made: by cosign 3.1.3, to be verified here, and by us, to stay as they are.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test reads and writes its fixtures")]

use model::Digest;
use serde_json::json;
use sha2::Digest as _;
use signing::{
    Ask, Limits, Outcome, PrivateKey, PublicKey, Push, Repository, Requirement, ScryptCap, Signed, Subject,
    Verdict, Wanted, attest, attest_legacy, legacy_place, sign, sign_legacy, verify_with,
};
use std::collections::BTreeMap;

/// The image everything in the fixtures is about: an empty one, with its configuration.
const CONFIG: &str =
    r#"{"architecture":"amd64","config":{},"os":"linux","rootfs":{"diff_ids":[],"type":"layers"}}"#;
const PASSWORD: &[u8] = b"throw-away";
const VULN: &str = "https://cosign.sigstore.dev/attestation/vuln/v1";

fn digest(bytes: &[u8]) -> Digest {
    let hex: String = sha2::Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
    Digest::parse(&format!("sha256:{hex}")).unwrap()
}

fn manifest() -> Vec<u8> {
    format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{}","size":{}}},"layers":[]}}"#,
        digest(CONFIG.as_bytes()),
        CONFIG.len()
    )
    .into_bytes()
}

fn subject() -> Subject {
    Subject {
        digest: digest(&manifest()),
        media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
        size: manifest().len() as u64,
        name: "registry.test/team/app".to_owned(),
    }
}

/// A repository that holds the image alone.
fn unsigned(native: bool) -> Repository {
    let mut repository = Repository::new(native);
    let config = CONFIG.as_bytes().to_vec();
    repository.push_all(&[Push::Blob { digest: digest(&config), bytes: config }]);
    repository.tag("v1", manifest());
    repository
}

fn predicate() -> serde_json::Value {
    json!({"invocation": {}, "metadata": {}, "scanner": {"result": {"critical": 0}, "uri": "https://scanner.example"}})
}

fn ours() -> PrivateKey {
    PrivateKey::open(include_str!("fixtures/ours.key"), PASSWORD, ScryptCap::default()).unwrap()
}

fn answer(repository: &mut Repository, requirement: &Requirement) -> (String, Verdict) {
    let verdict =
        verify_with(&subject().digest, requirement, &Limits::default(), &mut |ask| repository.answer(ask));
    let text = match &verdict.outcome {
        Outcome::Verified { layout, .. } => (*layout).to_owned(),
        Outcome::NotVerified { reason } => reason.code().to_owned(),
        Outcome::CouldNotLook { why } => format!("? {}", why.join(" ")),
    };
    (text, verdict)
}

fn made_by_us() -> Vec<(&'static str, bool, Signed)> {
    let notes = BTreeMap::from([("env".to_owned(), "prod".to_owned())]);
    let now = "2026-11-25T00:00:00Z";
    let key = ours();
    vec![
        ("ours-bundle", true, sign(&subject(), &key, &notes, now).unwrap()),
        ("ours-fallback", false, sign(&subject(), &key, &notes, now).unwrap()),
        ("ours-legacy", true, sign_legacy(&subject(), &key, &notes, None).unwrap()),
        ("ours-attest-bundle", true, attest(&subject(), &key, VULN, predicate(), now).unwrap()),
        ("ours-attest-fallback", false, attest(&subject(), &key, VULN, predicate(), now).unwrap()),
        ("ours-attest-legacy", true, attest_legacy(&subject(), &key, VULN, predicate(), None).unwrap()),
    ]
}

/// Writes what we sign, for a real cosign to verify, where `FROZEN_OUT` names a folder.
#[test]
fn write() {
    let Some(folder) = std::env::var_os("FROZEN_OUT") else { return };
    let folder = std::path::PathBuf::from(folder);
    std::fs::write(folder.join("unsigned.json"), unsigned(true).store().to_string()).unwrap();
    for (name, native, signed) in made_by_us() {
        let mut repository = unsigned(native);
        repository.push_all(&signed.pushes);
        std::fs::write(folder.join(format!("{name}.json")), repository.store().to_string()).unwrap();
    }
    std::fs::write(folder.join("ours.pub"), ours().public().to_pem()).unwrap();
}

/// Ours stay byte for byte what the real cosign 3.1.3 accepted.
#[test]
fn ours_stay_as_accepted() {
    let accepted: BTreeMap<String, String> =
        serde_json::from_str(include_str!("fixtures/accepted.json")).unwrap();
    let made: BTreeMap<_, _> = made_by_us()
        .into_iter()
        .map(|(name, _, signed)| (name.to_owned(), signed.manifest.to_string()))
        .collect();
    assert_eq!(made, accepted);
}

#[test]
fn signed_by_cosign() {
    let key = PublicKey::from_pem(include_str!("fixtures/cosign.pub")).unwrap();
    let signed = Requirement::by_keys([key.clone()]);
    let noted =
        Requirement { annotations: BTreeMap::from([("env".into(), "prod".into())]), ..signed.clone() };
    let wanted = Wanted::Attestation { predicate_type: VULN.to_owned(), every: true };
    let attested = Requirement { wanted, ..signed.clone() };
    let stranger = Requirement::by_keys([ours().public().clone()]);
    for (text, native, want, signature, attestation) in [
        (include_str!("fixtures/cosign-bundle.json"), true, "referrers", true, false),
        (include_str!("fixtures/cosign-fallback.json"), false, "fallback-index", true, false),
        (include_str!("fixtures/cosign-legacy.json"), true, "legacy-tag", true, false),
        // The experimental form of cosign 2, which 3 still writes on demand.
        (include_str!("fixtures/cosign-oci11.json"), true, "referrers", true, false),
        (include_str!("fixtures/cosign-attest-bundle.json"), true, "referrers", false, true),
        (include_str!("fixtures/cosign-attest-fallback.json"), false, "fallback-index", false, true),
        (include_str!("fixtures/cosign-attest-legacy.json"), true, "legacy-attestation-tag", false, true),
    ] {
        let mut repository = Repository::load(text.as_bytes(), native).unwrap();
        if signature {
            assert_eq!(answer(&mut repository, &signed).0, want);
            assert_eq!(answer(&mut repository, &noted).0, want);
            assert_eq!(answer(&mut repository, &stranger).0, "wrong-key");
            assert!(
                ["no-signature", "not-the-attestation"]
                    .contains(&answer(&mut repository, &attested).0.as_str())
            );
        }
        if attestation {
            let (text, verdict) = answer(&mut repository, &attested);
            assert_eq!((text.as_str(), verdict.attestations.len()), (want, 1));
            assert_eq!(verdict.attestations[0].predicate["scanner"]["uri"], "https://scanner.example");
            assert!(
                ["no-signature", "not-an-image-signature"]
                    .contains(&answer(&mut repository, &signed).0.as_str())
            );
        }
    }
}

#[test]
fn cosign_s_key_file() {
    let key = PrivateKey::open(include_str!("fixtures/cosign.key"), PASSWORD, ScryptCap::default()).unwrap();
    assert_eq!(key.public(), &PublicKey::from_pem(include_str!("fixtures/cosign.pub")).unwrap());
    // Added to what cosign signed before, at the same tag.
    let text = include_str!("fixtures/cosign-legacy.json");
    let mut repository = Repository::load(text.as_bytes(), true).unwrap();
    let current = repository.tagged(&legacy_place(&subject().digest, false));
    let added = sign_legacy(&subject(), &ours(), &BTreeMap::new(), current.as_deref()).unwrap();
    repository.push_all(&added.pushes);
    for key in [key.public(), ours().public()] {
        assert_eq!(answer(&mut repository, &Requirement::by_keys([key.clone()])).0, "legacy-tag");
    }
    assert!(repository.asked.contains(&Ask::Referrers(subject().digest)));
}
