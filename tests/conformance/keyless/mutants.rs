//! What was tampered with: a good bundle of the private instance, changed in one place. What cosign refuses we refuse for
//! the same reason, and what it lets through as well.

use super::world::World;
use integration::demand;
use serde_json::{Value, json};

/// One change.
struct Mutant {
    what: &'static str,
    change: fn(&mut Value, &Value),
    /// Words of cosign's refusal; none where it lets this through.
    theirs: Option<&'static str>,
    /// Code of ours.
    ours: &'static str,
}

const ENTRY: &str = "/verificationMaterial/tlogEntries/0";

fn entry(bundle: &mut Value) -> &mut Value {
    bundle.pointer_mut(ENTRY).unwrap_or_else(|| unreachable!("the bundle was read with an entry"))
}

/// Takes a part from the other bundle.
fn copy(bundle: &mut Value, other: &Value, at: &str) {
    if let (Some(to), Some(from)) = (bundle.pointer_mut(at), other.pointer(at)) {
        *to = from.clone();
    }
}

/// Changes a letter of a text, so many from its end.
fn flip(bundle: &mut Value, at: &str, from_end: usize) {
    let Some(text) = bundle.pointer(at).and_then(Value::as_str) else { return };
    let mut letters: Vec<char> = text.chars().collect();
    let place = letters.len().saturating_sub(from_end);
    if let Some(letter) = letters.get_mut(place) {
        *letter = if *letter == 'B' { 'C' } else { 'B' };
    }
    let text: String = letters.into_iter().collect();
    if let Some(to) = bundle.pointer_mut(at) {
        *to = text.into();
    }
}

const MATERIAL: &str = "verificationMaterial";
const STAMP: &str = "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp";

const MUTANTS: &[Mutant] = &[
    Mutant {
        what: "a signature changed",
        change: |b, _| flip(b, "/messageSignature/signature", 40),
        theirs: Some("verifying inclusion"),
        ours: "invalid-timestamp",
    },
    Mutant {
        what: "another's signature",
        change: |b, o| copy(b, o, "/messageSignature/signature"),
        theirs: Some("verifying inclusion"),
        ours: "invalid-timestamp",
    },
    Mutant {
        what: "another's digest",
        change: |b, o| copy(b, o, "/messageSignature/messageDigest/digest"),
        theirs: Some("verifying inclusion"),
        ours: "other-image",
    },
    Mutant {
        what: "another's entry",
        change: |b, o| copy(b, o, "/verificationMaterial/tlogEntries"),
        theirs: Some("verifying inclusion"),
        ours: "other-log-entry",
    },
    Mutant {
        what: "no entry",
        change: |b, _| b[MATERIAL]["tlogEntries"] = json!([]),
        theirs: Some("not enough verified log entries"),
        ours: "log-entry-missing",
    },
    Mutant {
        what: "an entry twice",
        change: |b, _| b[MATERIAL]["tlogEntries"] = json!([entry(b).clone(), entry(b).clone()]),
        theirs: Some("duplicate tlog entries"),
        ours: "malformed-log-entry",
    },
    Mutant {
        what: "another index",
        change: |b, _| entry(b)["logIndex"] = "77777".into(),
        theirs: Some("verifying inclusion"),
        ours: "invalid-inclusion",
    },
    Mutant {
        what: "another log",
        change: |b, _| entry(b)["logId"]["keyId"] = "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=".into(),
        theirs: Some("not enough verified log entries"),
        ours: "unknown-log",
    },
    Mutant {
        what: "another's checkpoint",
        change: |b, o| copy(b, o, "/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint"),
        theirs: Some("verifying inclusion"),
        ours: "invalid-inclusion",
    },
    Mutant {
        what: "a checkpoint changed",
        change: |b, _| flip(b, "/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope", 12),
        theirs: Some("verify signatures on checkpoint"),
        ours: "invalid-checkpoint",
    },
    Mutant {
        what: "a false time",
        change: |b, _| entry(b)["integratedTime"] = "1".into(),
        theirs: Some("integrated time outside"),
        ours: "invalid-log-time",
    },
    Mutant {
        what: "another's stamp",
        change: |b, o| copy(b, o, "/verificationMaterial/timestampVerificationData"),
        theirs: Some("hashed messages don't match"),
        ours: "invalid-timestamp",
    },
    Mutant {
        what: "a stamp changed",
        change: |b, _| flip(b, STAMP, 30),
        theirs: Some("verify timestamps"),
        ours: "invalid-timestamp",
    },
    Mutant {
        what: "no stamp",
        change: |b, _| b[MATERIAL]["timestampVerificationData"] = json!({}),
        theirs: Some("verify timestamps"),
        ours: "no-timestamp",
    },
    Mutant {
        what: "a certificate changed",
        change: |b, _| flip(b, "/verificationMaterial/certificate/rawBytes", 30),
        theirs: Some(""),
        ours: "untrusted-certificate",
    },
    Mutant {
        what: "a key instead of the certificate",
        change: |b, _| {
            if let Some(material) = b[MATERIAL].as_object_mut() {
                material.remove("certificate");
                material.insert("publicKey".to_owned(), json!({"hint": ""}));
            }
        },
        theirs: Some("no public key material"),
        ours: "other-kind",
    },
    Mutant {
        what: "no proof",
        change: |b, _| entry(b)["inclusionProof"] = Value::Null,
        theirs: Some(""),
        ours: "log-entry-missing",
    },
    Mutant {
        what: "an unknown version",
        change: |b, _| b["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.9".into(),
        theirs: Some(""),
        ours: "unknown-media-type",
    },
    // Cosign makes the second version's entry anew from the bundle and looks at none of these.
    Mutant {
        what: "another's body",
        change: |b, o| copy(b, o, "/verificationMaterial/tlogEntries/0/canonicalizedBody"),
        theirs: None,
        ours: "invalid-inclusion",
    },
    Mutant {
        what: "another index in the proof",
        change: |b, _| entry(b)["inclusionProof"]["logIndex"] = "77777".into(),
        theirs: None,
        ours: "invalid-inclusion",
    },
    Mutant {
        what: "another size",
        change: |b, _| entry(b)["inclusionProof"]["treeSize"] = "77777".into(),
        theirs: None,
        ours: "invalid-inclusion",
    },
    Mutant {
        what: "another root",
        change: |b, _| {
            entry(b)["inclusionProof"]["rootHash"] = "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=".into();
        },
        theirs: None,
        ours: "invalid-inclusion",
    },
    Mutant {
        what: "another kind",
        change: |b, _| entry(b)["kindVersion"] = json!({"kind": "dsse", "version": "0.0.1"}),
        theirs: None,
        ours: "unsupported-bundle",
    },
];

/// Signs two files, as two people, and tries every change of the first one's bundle.
pub(super) fn mutants(world: &World) -> Result<(), String> {
    let issuer = format!("{}/email", world.issuer);
    let mut bundles = Vec::new();
    for name in ["mutant", "other"] {
        std::fs::write(world.folder.join(name), name).map_err(|e| e.to_string())?;
        let (token, to) = (world.token("email", &format!("sub={name}@example.com"))?, format!("{name}.good"));
        let sign = ["sign", "blob", name, "--bundle", &to, "--identity-token", &token];
        world.ours.run(&[&sign[..], &super::SERVICES].concat())?.exits(0)?;
        let text = std::fs::read_to_string(world.folder.join(&to)).map_err(|e| e.to_string())?;
        bundles.push(serde_json::from_str::<Value>(&text).map_err(|e| e.to_string())?);
    }
    let [good, other] = bundles.as_slice() else { return Err("two bundles".to_owned()) };
    demand!(good.pointer(ENTRY).is_some(), "no entry: {good}");
    let theirs = ["verify-blob", "--bundle", "mutant.json", "--trusted-root", "root.json", "mutant"];
    let as_theirs = ["--certificate-identity", "mutant@example.com", "--certificate-oidc-issuer", &issuer];
    let ours = ["verify", "blob", "mutant", "--bundle", "mutant.json", "--trusted-root", "root.json"];
    let as_ours = ["--identity", "mutant@example.com", "--issuer", &issuer];
    let mut wrong = Vec::new();
    for mutant in MUTANTS {
        let mut changed = good.clone();
        (mutant.change)(&mut changed, other);
        std::fs::write(world.folder.join("mutant.json"), changed.to_string()).map_err(|e| e.to_string())?;
        let said = world.cosign3.run(&[&theirs[..], &as_theirs].concat())?;
        let fits = match mutant.theirs {
            Some(words) => said.code == Some(1) && said.stderr.contains(words),
            None => said.code == Some(0),
        };
        if !fits {
            wrong.push(format!("{}: cosign {:?}: {}", mutant.what, said.code, said.stderr));
        }
        let said = world.ours.run(&[&ours[..], &as_ours].concat())?;
        if said.code != Some(1) || !said.stdout.contains(&format!("[{}]", mutant.ours)) {
            wrong.push(format!("{}: ours {:?}: {}", mutant.what, said.code, said.stdout));
        }
    }
    demand!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The key of a log that is not good yet: with no time in the entry, cosign has nothing to compare.
    let text = std::fs::read_to_string(world.folder.join("root.json")).map_err(|e| e.to_string())?;
    let mut root: Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    for log in root["tlogs"].as_array_mut().into_iter().flatten() {
        log["publicKey"]["validFor"] = json!({"start": "2999-01-01T00:00:00Z"});
    }
    std::fs::write(world.folder.join("late.json"), root.to_string()).map_err(|e| e.to_string())?;
    let late = ["--bundle", "mutant.good", "--trusted-root", "late.json", "mutant"];
    world.cosign3.run(&[&["verify-blob"], &late[..], &as_theirs].concat())?.exits(0)?;
    let told = world.ours.run(&[&["verify", "blob"], &late[..], &as_ours].concat())?;
    told.exits(1)?.names(&["invalid-checkpoint"])?;
    // Of an image that bears only a statement of somebody, cosign says that it is signed by them.
    let image = super::image(&world.registry, "mutants/stated")?;
    let token = world.token("email", "")?;
    let attest = ["sign", "attest", &image, "--type", "vuln", "--predicate", "predicate.json"];
    world.ours.run(&[&attest[..], &["--identity-token", &token], &super::SERVICES].concat())?.exits(0)?;
    let who = ["--certificate-identity", "dev@example.com", "--certificate-oidc-issuer", &issuer];
    world.cosign3.run(&[&["verify", "--trusted-root", "root.json", &image], &who[..]].concat())?.exits(0)?;
    let who = ["--identity", "dev@example.com", "--issuer", &issuer, "--trusted-root", "root.json"];
    let told = world.ours.run(&[&["verify", &image], &who[..]].concat())?;
    told.exits(1)?.names(&["not-an-image-signature"]).map(drop)
}
