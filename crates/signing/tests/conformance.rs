//! The public Sigstore conformance cases: each by path and by digest, the right verdict for the right reason.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test reads the corpus and says when there is none"
)]

use signing::{
    Artifact, BlobSignature, IdentityRule, Proofs, PublicKey, Requirement, Signer, TrustRoot, verify_blob,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// Cases with the reason each must be refused for; everything else must pass.
const LIST: &str = include_str!("../../../tests/conformance/sigstore/passing.txt");

fn folder() -> Option<PathBuf> {
    let root = std::env::var_os("RINGWALL_CORPUS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    );
    let cases = root.join("sigstore-conformance/bundle-verify");
    if cases.is_dir() {
        return Some(cases);
    }
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "no corpus at {}", root.display());
    println!("skipped: no corpus");
    None
}

fn file(case: &std::path::Path, name: &str) -> Option<Vec<u8>> {
    std::fs::read(case.join(name)).ok()
}

/// `ok`, or the code of the reason.
fn answer(case: &std::path::Path, by_digest: bool) -> String {
    use sha2::Digest as _;
    let text = |name: &str, default: &str| {
        file(case, name)
            .map_or_else(|| default.to_owned(), |b| String::from_utf8(b).unwrap().trim().to_owned())
    };
    let artifact = file(case, "artifact").or_else(|| file(case.parent().unwrap(), "a.txt")).unwrap();
    let signature = match BlobSignature::read(&file(case, "bundle.sigstore.json").unwrap()) {
        Ok(signature) => signature,
        Err(reason) => return reason.code().to_owned(),
    };
    let trust = match file(case, "trusted_root.json") {
        Some(root) => TrustRoot::from_json(&String::from_utf8(root).unwrap()),
        None => TrustRoot::built_in(),
    };
    let trust = match trust {
        Ok(trust) => trust,
        Err(_) => return "trust-root".to_owned(),
    };
    let signer = match file(case, "key.pub") {
        Some(pem) => match PublicKey::from_pem(&String::from_utf8(pem).unwrap()) {
            Ok(key) => Signer::Key { key, log: signature.is_logged() },
            Err(_) => return "key".to_owned(),
        },
        None => {
            let rule = IdentityRule::exact(&text("identity", IDENTITY), &text("issuer", ISSUER));
            Signer::Identity { rule, proofs: Proofs::ALL }
        }
    };
    let requirement =
        Requirement { signers: vec![signer], trust: Some(Arc::new(trust)), ..Requirement::default() };
    let artifact = match by_digest {
        true => Artifact::Sha256(sha2::Sha256::digest(&artifact).into()),
        false => Artifact::Bytes(&artifact),
    };
    match verify_blob(artifact, &signature, &requirement) {
        Ok(_) => "ok".to_owned(),
        Err(reason) => reason.code().to_owned(),
    }
}

#[test]
fn every_case() {
    let Some(folder) = folder() else { return };
    let list: BTreeMap<_, _> = LIST
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(' ').unwrap_or((line, "ok")))
        .collect();
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_dir() {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let want = list.get(name.as_str()).copied().unwrap_or("(not listed)");
        for by_digest in [false, true] {
            let got = answer(&path, by_digest);
            assert_eq!(got != "ok", name.ends_with("_fail"), "{name}: {got}");
            if got != want {
                wrong.push(format!("{name} {got}   # want {want}, by digest: {by_digest}"));
            }
        }
        seen.insert(name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let lost: Vec<_> = list.keys().filter(|name| !seen.contains(**name)).collect();
    assert!(lost.is_empty(), "listed, but there is no such case: {lost:?}");
}

/// A case with its bundle or key changed.
fn changed(name: &str, key: Option<&str>, change: impl Fn(&mut serde_json::Value)) -> Option<String> {
    let from = folder()?.join(name);
    let to = tempfile::tempdir().unwrap();
    for file in ["artifact", "trusted_root.json", "key.pub"] {
        let _ = std::fs::copy(from.join(file), to.path().join(file));
    }
    if !from.join("artifact").exists() {
        std::fs::copy(from.parent().unwrap().join("a.txt"), to.path().join("artifact")).unwrap();
    }
    if let Some(key) = key {
        std::fs::write(to.path().join("key.pub"), key).unwrap();
    }
    let mut bundle =
        serde_json::from_slice(&std::fs::read(from.join("bundle.sigstore.json")).unwrap()).unwrap();
    change(&mut bundle);
    std::fs::write(to.path().join("bundle.sigstore.json"), bundle.to_string()).unwrap();
    Some(answer(to.path(), false))
}

/// Cases of the suite that fail for an unrelated cause, repaired so that the cause they name is the only one.
#[test]
fn repaired_cases() {
    let other = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n-----END PUBLIC KEY-----\n";
    let Some(wrong_key) = changed("managed-key-happy-path", Some(other), |_| {}) else { return };
    assert_eq!(wrong_key, "wrong-key");
    let flip = |text: &mut serde_json::Value| {
        let old = text.as_str().unwrap();
        let new = if old.starts_with('A') { 'B' } else { 'A' };
        *text = format!("{new}{}", &old[1..]).into();
    };
    let inclusion = changed("happy-path-v0.3", None, |b| {
        flip(&mut b["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["hashes"][0]);
    });
    assert_eq!(inclusion.unwrap(), "invalid-inclusion");
    let root: serde_json::Value =
        serde_json::from_str(sigstore_trust_root::SIGSTORE_PRODUCTION_TRUSTED_ROOT).unwrap();
    let authorities = root["certificateAuthorities"].as_array().unwrap();
    let anchor = authorities[1]["certChain"]["certificates"].as_array().unwrap().last().unwrap().clone();
    let with_root = changed("happy-path-v0.2", None, |b| {
        let chain = &mut b["verificationMaterial"]["x509CertificateChain"]["certificates"];
        chain.as_array_mut().unwrap().push(anchor.clone());
    });
    assert_eq!(with_root.unwrap(), "malformed-bundle");
}

/// Where mutations of good bundles are accepted: fields proven unused, each with the reason.
const TOLERATED: &[(&str, &str)] = &[
    ("/dsseEnvelope/signatures/0/keyid", "a hint for finding the key, never trusted"),
    ("/verificationMaterial/publicKey/hint", "a hint for finding the key, never trusted"),
    (
        "intoto-with-custom-trust-root /verificationMaterial/tlogEntries/0/inclusionProof/logIndex gone",
        "zero, which is what absent means",
    ),
    (
        "/rfc3161Timestamps/0/signedTimestamp middle",
        "a certificate inside the token; the trust root's is used",
    ),
];

/// Changes and deletes every leaf of good bundles, one at a time: each must be refused.
#[test]
fn every_leaf_counts() {
    let Some(folder) = folder() else { return };
    let mut accepted = BTreeSet::new();
    let mut count = 0;
    for case in [
        "happy-path-v0.2",
        "happy-path-v0.3",
        "rekor2-happy-path",
        "rekor2-timestamp-with-embedded-cert",
        "intoto-with-custom-trust-root",
        "managed-key-happy-path",
    ] {
        let whole: serde_json::Value =
            serde_json::from_slice(&std::fs::read(folder.join(case).join("bundle.sigstore.json")).unwrap())
                .unwrap();
        let mut leaves = Vec::new();
        walk(&whole, String::new(), &mut leaves);
        for leaf in &leaves {
            for mutation in 0..4_usize {
                count += 1;
                let got = changed(case, None, |bundle| mutate(bundle, leaf, mutation)).unwrap();
                if got == "ok" {
                    accepted
                        .insert(format!("{case} {leaf} {}", ["first", "middle", "last", "gone"][mutation]));
                }
            }
        }
    }
    println!("{count} mutations");
    let unknown: Vec<_> =
        accepted.iter().filter(|line| !TOLERATED.iter().any(|(part, _)| line.contains(part))).collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
    for (part, _) in TOLERATED {
        assert!(accepted.iter().any(|line| line.contains(part)), "{part} is tolerated and need not be");
    }
}

fn walk(value: &serde_json::Value, at: String, leaves: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(map) => map.iter().for_each(|(k, v)| walk(v, format!("{at}/{k}"), leaves)),
        serde_json::Value::Array(list) => {
            list.iter().enumerate().for_each(|(n, v)| walk(v, format!("{at}/{n}"), leaves))
        }
        _ => leaves.push(at),
    }
}

/// Changes the leaf at its first, middle or last character, or takes it away.
fn mutate(bundle: &mut serde_json::Value, leaf: &str, how: usize) {
    let (parent, name) = leaf.rsplit_once('/').unwrap();
    let parent = bundle.pointer_mut(parent).unwrap();
    if how == 3 {
        match parent {
            serde_json::Value::Object(map) => drop(map.remove(name)),
            serde_json::Value::Array(list) => drop(list.remove(name.parse().unwrap())),
            _ => unreachable!(),
        }
        return;
    }
    let leaf = match parent {
        serde_json::Value::Object(map) => &mut map[name],
        serde_json::Value::Array(list) => &mut list[name.parse::<usize>().unwrap()],
        _ => unreachable!(),
    };
    *leaf = match leaf.as_str() {
        Some(text) => {
            let mut chars: Vec<char> = text.chars().collect();
            let letters: Vec<usize> =
                (0..chars.len()).filter(|n| chars[*n].is_ascii_alphanumeric()).collect();
            let Some(at) = letters.get([0, letters.len() / 2, letters.len().saturating_sub(1)][how]) else {
                *leaf = "x".into();
                return;
            };
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
        None => match leaf.as_i64() {
            Some(number) => (number + 1 + how as i64).into(),
            None => serde_json::Value::Null,
        },
    };
}
