//! Images cosign 3.1.3 signed keylessly against a private Fulcio, Rekor v2, Rekor v1, timestamp authority and CT log,
//! frozen: each form verifies here, and what was tampered with does not, whatever cosign itself lets through.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test reads its fixtures")]

use model::Digest;
use serde_json::{Value, json};
use sha2::Digest as _;
use signing::{
    IdentityRule, Limits, Outcome, Pattern, Proofs, PublicKey, Push, Repository, Requirement, Signer, Trust,
    TrustRoot, Wanted, verify_with,
};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

const IMAGE: &str = "sha256:77d2e6466c024a743598341c400b1e615c09b1eee295bd7cd4955f25aa5d37d8";
const ISSUER: &str = "http://127.0.0.1:7001";
const VULN: &str = "https://cosign.sigstore.dev/attestation/vuln/v1";

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    std::fs::read(folder.join(name)).unwrap()
}

fn trust() -> Arc<dyn Trust> {
    let text = String::from_utf8(fixture("keyless/trusted_root.json")).unwrap();
    Arc::new(TrustRoot::from_json(&text).unwrap())
}

fn stored(name: &str) -> Value {
    serde_json::from_slice(&fixture(&format!("keyless/{name}.json"))).unwrap()
}

fn answer(stored: &Value, requirement: &Requirement) -> String {
    let mut repository = Repository::load(stored.to_string().as_bytes(), true).unwrap();
    let image = Digest::parse(IMAGE).unwrap();
    let verdict = verify_with(&image, requirement, &Limits::default(), &mut |ask| repository.answer(ask));
    match verdict.outcome {
        Outcome::Verified { layout, log, signer } => format!("{layout} {log:?} {signer}"),
        Outcome::NotVerified { reason } => reason.code().to_owned(),
        Outcome::CouldNotLook { why } => format!("? {}", why.join(" ")),
    }
}

fn identity(name: &str, issuer: &str, proofs: Proofs) -> Requirement {
    let rule = IdentityRule::exact(name, &format!("{ISSUER}/{issuer}"));
    Requirement {
        signers: vec![Signer::Identity { rule, proofs }],
        trust: Some(trust()),
        ..Requirement::default()
    }
}

fn logged_key() -> Requirement {
    let key = PublicKey::from_pem(&String::from_utf8(fixture("cosign.pub")).unwrap()).unwrap();
    Requirement {
        signers: vec![Signer::Key { key, log: true }],
        trust: Some(trust()),
        ..Requirement::default()
    }
}

fn attested(requirement: Requirement) -> Requirement {
    Requirement {
        wanted: Wanted::Attestation { predicate_type: VULN.to_owned(), every: true },
        ..requirement
    }
}

const DEV: &str = "dev@example.com";
const WORKFLOW: &str = "https://github.com/org/app/.github/workflows/build.yml@refs/heads/main";

#[test]
fn every_form() {
    let dev = || identity(DEV, "email", Proofs::ALL);
    let unlogged = Proofs { log: false, certificate_log: true };
    for (name, requirement, want) in [
        ("keyless-email", dev(), "referrers Checked dev@example.com (http://127.0.0.1:7001/email)"),
        (
            "keyless-user",
            identity("alice!127.0.0.1", "user", Proofs::ALL),
            "referrers Checked alice!127.0.0.1 (http://127.0.0.1:7001/user)",
        ),
        (
            "keyless-github",
            identity(WORKFLOW, "github", Proofs::ALL),
            "referrers Checked https://github.com/org/app/.github/workflows/build.yml@refs/heads/main (http://127.0.0.1:7001/github)",
        ),
        (
            "keyless-attest",
            attested(dev()),
            "referrers Checked dev@example.com (http://127.0.0.1:7001/email)",
        ),
        ("keyless-attest", dev(), "not-an-image-signature"),
        ("keyless-email", attested(dev()), "not-the-attestation"),
        ("keyless-legacy", dev(), "legacy-tag Checked dev@example.com (http://127.0.0.1:7001/email)"),
        (
            "keyless-legacy-attest",
            attested(dev()),
            "legacy-attestation-tag Checked dev@example.com (http://127.0.0.1:7001/email)",
        ),
        ("keyless-legacy-attest", dev(), "no-signature"),
        (
            "keyless-legacy-tsa",
            identity(DEV, "email", unlogged),
            "legacy-tag NotChecked dev@example.com (http://127.0.0.1:7001/email)",
        ),
        ("keyless-legacy-tsa", dev(), "log-entry-missing"),
        ("key-logged", dev(), "other-kind"),
        ("key-legacy", dev(), "other-kind"),
        ("keyless-email", logged_key(), "wrong-key"),
        ("keyless-email", identity("dev@example.co", "email", Proofs::ALL), "other-identity"),
        ("keyless-email", identity(DEV, "user", Proofs::ALL), "other-issuer"),
        ("keyless-legacy", identity("", "email", Proofs::ALL), "other-identity"),
        (
            "keyless-email",
            Requirement { trust: Some(Arc::new(TrustRoot::built_in().unwrap())), ..dev() },
            "unknown-log",
        ),
        ("keyless-email", Requirement { trust: None, ..dev() }, "no-trust-root"),
    ] {
        assert_eq!(answer(&stored(name), &requirement), want, "{name}");
    }
    for name in ["key-logged", "key-legacy"] {
        assert!(answer(&stored(name), &logged_key()).contains("Checked key sha256:"), "{name}");
    }
}

#[test]
fn patterns() {
    let rule = |identity, issuer| IdentityRule { identity, issuer };
    let regex = |text: &str| Pattern::regex(text).unwrap().0;
    let issuer = || Pattern::Exact(format!("{ISSUER}/github"));
    for (rule, want) in [
        (rule(regex("^https://github[.]com/org/.*$"), issuer()), true),
        (rule(regex("^https://github[.]com/other/.*$"), issuer()), false),
        (rule(Pattern::glob("https://github.com/org/*").unwrap(), issuer()), true),
        (rule(Pattern::glob("https://github.com/or/*").unwrap(), issuer()), false),
        (rule(Pattern::Exact(WORKFLOW.into()), regex("^https://")), false),
    ] {
        let requirement = Requirement::by_identity(rule, trust());
        assert_eq!(answer(&stored("keyless-github"), &requirement).contains("Checked"), want);
    }
}

/// The bundle in a stored repository.
fn bundle(stored: &Value) -> Value {
    let texts = stored["blobs"].as_array().unwrap();
    texts
        .iter()
        .filter_map(|t| serde_json::from_str(t.as_str()?).ok())
        .find(|b: &Value| b.get("verificationMaterial").is_some())
        .unwrap()
}

/// A repository with the image and this bundle.
fn holding(bundle: &Value) -> Value {
    let digest = |bytes: &[u8]| {
        let hex: String = sha2::Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
        Digest::parse(&format!("sha256:{hex}")).unwrap()
    };
    let kind = "application/vnd.dev.sigstore.bundle.v0.3+json";
    let bytes = bundle.to_string().into_bytes();
    let manifest = json!({
        "artifactType": kind,
        "config": {"digest": digest(b"{}").as_str(), "mediaType": "application/vnd.oci.empty.v1+json", "size": 2},
        "layers": [{"digest": digest(&bytes).as_str(), "mediaType": kind, "size": bytes.len()}],
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "schemaVersion": 2,
        "subject": {"digest": IMAGE, "mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 1},
    })
    .to_string()
    .into_bytes();
    let mut repository = Repository::new(true);
    repository.push_all(&[
        Push::Blob { digest: digest(&bytes), bytes },
        Push::Manifest {
            digest: digest(&manifest),
            media_type: "application/vnd.oci.image.manifest.v1+json",
            bytes: manifest,
            tag: None,
        },
    ]);
    repository.store()
}

const ENTRY: &str = "/verificationMaterial/tlogEntries/0";

#[test]
fn what_was_tampered_with() {
    let dev = identity(DEV, "email", Proofs::ALL);
    let good = bundle(&stored("keyless-email"));
    assert!(answer(&holding(&good), &dev).contains("Checked"));
    let other = bundle(&stored("keyless-github"));
    let keyed = bundle(&stored("key-logged"));
    let copy = |from: &Value, at: &str| {
        let mut changed = good.clone();
        *changed.pointer_mut(at).unwrap() = from.pointer(at).unwrap().clone();
        changed
    };
    let with = |change: &dyn Fn(&mut Value)| {
        let mut changed = good.clone();
        change(&mut changed["verificationMaterial"]);
        changed
    };
    let mut wrong = Vec::new();
    for (what, tampered, want) in [
        ("another's log entry", copy(&other, ENTRY), "other-log-entry"),
        ("a key's log entry", copy(&keyed, ENTRY), "other-log-entry"),
        // Cosign rebuilds the body and does not look at the one in the bundle.
        ("another's body", copy(&other, &format!("{ENTRY}/canonicalizedBody")), "invalid-inclusion"),
        (
            "another's checkpoint",
            copy(&other, &format!("{ENTRY}/inclusionProof/checkpoint")),
            "invalid-inclusion",
        ),
        (
            "another's timestamp",
            copy(&other, "/verificationMaterial/timestampVerificationData"),
            "invalid-timestamp",
        ),
        (
            // It was issued after the time the signature was stamped with.
            "another's certificate",
            copy(&other, "/verificationMaterial/certificate"),
            "certificate-expired",
        ),
        ("another's envelope", copy(&other, "/dsseEnvelope"), "invalid-timestamp"),
        ("another's signature", copy(&other, "/dsseEnvelope/signatures"), "invalid-timestamp"),
        ("no timestamp", with(&|m| m["timestampVerificationData"] = json!({})), "no-timestamp"),
        ("no log entry", with(&|m| m["tlogEntries"] = json!([])), "log-entry-missing"),
        (
            "no proof",
            with(&|m| drop(m["tlogEntries"][0].as_object_mut().unwrap().remove("inclusionProof"))),
            "log-entry-missing",
        ),
        (
            "a doubled entry",
            with(&|m| m["tlogEntries"] = json!([m["tlogEntries"][0], m["tlogEntries"][0]])),
            "malformed-log-entry",
        ),
        (
            "two entries",
            with(&|m| m["tlogEntries"] = json!([m["tlogEntries"][0], other.pointer(ENTRY).unwrap()])),
            "other-log-entry",
        ),
        ("a false time", with(&|m| m["tlogEntries"][0]["integratedTime"] = "1".into()), "invalid-log-time"),
        (
            "a key instead of the certificate",
            with(&|m| {
                m.as_object_mut().unwrap().remove("certificate");
                m["publicKey"] = json!({"hint": ""});
            }),
            "other-kind",
        ),
        (
            "an older version",
            {
                let mut changed = good.clone();
                changed["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.1".into();
                changed
            },
            "log-entry-missing",
        ),
    ] {
        let got = answer(&holding(&tampered), &dev);
        if got != want {
            wrong.push(format!("{what}: {got}, not {want}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Where changes are accepted, each with the reason.
const TOLERATED: &[(&str, &str)] =
    &[("/verificationMaterial/publicKey/hint", "a hint for finding the key, never trusted")];

/// Every leaf of three bundles, changed at three places and taken away.
#[test]
fn every_leaf_counts() {
    let mut accepted = BTreeSet::new();
    let mut count = 0;
    for (name, requirement) in [
        ("keyless-email", identity(DEV, "email", Proofs::ALL)),
        ("keyless-attest", attested(identity(DEV, "email", Proofs::ALL))),
        ("key-logged", logged_key()),
    ] {
        let good = bundle(&stored(name));
        let mut leaves = Vec::new();
        walk(&good, String::new(), &mut leaves);
        for leaf in leaves {
            for how in 0..4 {
                let mut changed = good.clone();
                mutate(&mut changed, &leaf, how);
                count += 1;
                if changed != good && answer(&holding(&changed), &requirement).contains("Checked") {
                    accepted.insert(format!("{name} {leaf} {how}"));
                }
            }
        }
    }
    assert!(count > 150, "{count}");
    accepted.retain(|line| !TOLERATED.iter().any(|(part, _)| line.contains(part)));
    assert!(accepted.is_empty(), "{accepted:#?}");
}

/// Every leaf of the annotations of a legacy signature.
#[test]
fn every_annotation_counts() {
    let dev = identity(DEV, "email", Proofs::ALL);
    let good = stored("keyless-legacy");
    let manifests = good["manifests"].as_array().unwrap();
    let (at, manifest) = manifests
        .iter()
        .enumerate()
        .map(|(n, text)| (n, serde_json::from_str::<Value>(text.as_str().unwrap()).unwrap()))
        .find(|(_, m)| m.pointer("/layers/0/annotations").is_some())
        .unwrap();
    let tag = format!("{}.sig", IMAGE.replacen(':', "-", 1));
    let mut accepted = BTreeSet::new();
    let mut judge = |what: String, changed: &Value| {
        let text = changed.to_string();
        let hex: String = sha2::Sha256::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
        let mut repository = good.clone();
        repository["manifests"][at] = text.into();
        repository["tags"][&tag] = format!("sha256:{hex}").into();
        if answer(&repository, &dev).contains("Checked") {
            accepted.insert(what);
        }
    };
    judge("unchanged".to_owned(), &manifest);
    for name in manifest["layers"][0]["annotations"].as_object().unwrap().keys() {
        let pointer = format!("/layers/0/annotations/{}", name.replace('/', "~1"));
        for how in 0..4 {
            let mut changed = manifest.clone();
            mutate_at(&mut changed, &pointer, how);
            judge(format!("{name} {how}"), &changed);
        }
    }
    // Parts of the log's promise, one by one.
    let promise = "/layers/0/annotations/dev.sigstore.cosign~1bundle";
    let inner: Value = serde_json::from_str(manifest.pointer(promise).unwrap().as_str().unwrap()).unwrap();
    let mut leaves = Vec::new();
    walk(&inner, String::new(), &mut leaves);
    for leaf in leaves {
        for how in 0..4 {
            let mut changed = inner.clone();
            mutate(&mut changed, &leaf, how);
            let mut whole = manifest.clone();
            *whole.pointer_mut(promise).unwrap() = changed.to_string().into();
            judge(format!("promise {leaf} {how}"), &whole);
        }
    }
    // The chain repeats what the trust root knows; one that is no PEM is refused all the same.
    accepted.retain(|line| !line.starts_with("dev.sigstore.cosign/chain"));
    assert_eq!(accepted, BTreeSet::from(["unchanged".to_owned()]));
}

fn walk(value: &Value, at: String, leaves: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(k, v)| walk(v, format!("{at}/{k}"), leaves)),
        Value::Array(list) => list.iter().enumerate().for_each(|(n, v)| walk(v, format!("{at}/{n}"), leaves)),
        _ => leaves.push(at),
    }
}

fn mutate(whole: &mut Value, leaf: &str, how: usize) {
    mutate_at(whole, leaf, how);
}

/// Changes a leaf at its first, middle or last letter or digit, or takes it away.
fn mutate_at(whole: &mut Value, leaf: &str, how: usize) {
    if how == 3 {
        let (parent, name) = leaf.rsplit_once('/').unwrap();
        match whole.pointer_mut(parent).unwrap() {
            Value::Object(map) => drop(map.remove(&name.replace("~1", "/"))),
            Value::Array(list) => drop(list.remove(name.parse().unwrap())),
            _ => unreachable!(),
        }
        return;
    }
    let leaf = whole.pointer_mut(leaf).unwrap();
    *leaf = match (leaf.as_str(), leaf.as_i64()) {
        (Some(text), _) => {
            let mut chars: Vec<char> = text.chars().collect();
            let letters: Vec<usize> =
                (0..chars.len()).filter(|n| chars[*n].is_ascii_alphanumeric()).collect();
            match letters.get([0, letters.len() / 2, letters.len().saturating_sub(1)][how]) {
                Some(at) => {
                    chars[*at] = match chars[*at] {
                        '9' => '8',
                        digit @ '0'..='8' => char::from(digit as u8 + 1),
                        'A' => 'B',
                        'a' => 'b',
                        letter if letter.is_ascii_uppercase() => 'A',
                        _ => 'a',
                    };
                    chars.into_iter().collect::<String>().into()
                }
                None => "x".into(),
            }
        }
        (None, Some(number)) => (number + 1 + i64::try_from(how).unwrap()).into(),
        _ => Value::Null,
    };
}
