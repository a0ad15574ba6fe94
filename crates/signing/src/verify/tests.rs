//! Verification against a repository in memory: every reason, every layout, every place that cannot be asked.

use super::made::*;
use super::*;
use crate::{Push, Repository, sign};
use std::collections::BTreeMap;

const NOW: &str = "2026-11-25T00:00:00Z";

fn verdict(repository: &mut Repository, keys: &[u8], limits: &Limits) -> Verdict {
    let requirement = Requirement::by_keys(keys.iter().map(|k| public(*k)));
    verify_with(&image(), &requirement, limits, &mut |ask| repository.answer(ask))
}

fn code(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Verified { .. } => "verified",
        Outcome::NotVerified { reason } => reason.code(),
        Outcome::CouldNotLook { .. } => "could-not-look",
    }
}

fn judge(repository: &mut Repository, keys: &[u8]) -> String {
    code(&verdict(repository, keys, &Limits::default()).outcome).to_owned()
}

fn native() -> Repository {
    Repository::new(true)
}

fn bundle(seed: u8) -> Vec<Push> {
    sign(&subject(), &private(seed), &BTreeMap::new(), NOW).unwrap().pushes
}

fn tag(suffix: &str) -> Ask {
    Ask::Tag(format!("{}{suffix}", image().as_str().replacen(':', "-", 1)))
}

#[test]
fn every_reason_of_a_legacy_signature() {
    let good = payload(image().as_str());
    let other = payload("sha256:0000000000000000000000000000000000000000000000000000000000000000");
    let twice = good.replacen(
        r#""critical""#,
        r#""critical":{"image":{"docker-manifest-digest":"x"},"type":"y"},"critical""#,
        1,
    );
    let with = |change: fn(&mut Layer)| {
        let mut one = layer(&good, 1);
        change(&mut one);
        one
    };
    let cases: Vec<(&str, Vec<Layer>)> = vec![
        ("verified", vec![layer(&good, 1)]),
        ("verified", vec![layer(&other, 1), layer(&good, 2), with(|l| l.signature = None), layer(&good, 1)]),
        ("no-signature", vec![]),
        ("wrong-key", vec![layer(&good, 2)]),
        ("other-image", vec![layer(&other, 1)]),
        ("wrong-key", vec![layer(&other, 1), layer(&good, 2)]),
        ("malformed-payload", vec![layer("{", 1)]),
        ("malformed-payload", vec![layer(&twice, 1)]),
        (
            "not-an-image-signature",
            vec![layer(&good.replace("cosign container image signature", "atomic"), 1)],
        ),
        ("not-an-image-signature", vec![with(|l| l.kind = "application/vnd.dsse.envelope.v1+json")]),
        ("no-signature", vec![with(|l| l.kind = "application/octet-stream")]),
        ("signature-missing", vec![with(|l| l.signature = None)]),
        ("malformed-signature", vec![with(|l| l.signature = Some("***".into()))]),
        ("wrong-key", vec![with(|l| l.signature = Some("AAAA".into()))]),
    ];
    for (want, layers) in cases {
        assert_eq!(judge(&mut repository(layers), &[1]), want);
    }
    assert_eq!(judge(&mut repository(vec![layer(&good, 2)]), &[1, 2]), "verified", "any key will do");
    assert_eq!(judge(&mut repository(vec![layer(&good, 1)]), &[]), "wrong-key");
}

#[test]
fn every_reason_of_a_bundle() {
    use crate::dsse;
    let hex = image().as_str().strip_prefix("sha256:").unwrap().to_owned();
    let statement = |digest: &str, kind: &str| {
        format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"digest":{{"sha256":"{digest}"}}}}],"predicateType":"{kind}","predicate":{{}}}}"#
        )
    };
    let maker = crate::draft::Maker::Key(public(1));
    let written =
        |content: &crate::bundle::Written<'_>| crate::bundle::write(&maker, content, None, None).unwrap();
    let envelope = |seed: u8, kind: &str, body: &str| {
        let signature = private(seed).sign(&dsse::pae(kind, body.as_bytes())).unwrap();
        written(&crate::bundle::Written::Envelope(&Envelope {
            payload_type: kind.to_owned(),
            payload: body.as_bytes().to_vec(),
            signatures: vec![signature],
        }))
    };
    let sign = crate::statement::SIGN;
    let good = statement(&hex, sign);
    let raw = private(1).sign(good.as_bytes()).unwrap();
    let unencoded = written(&crate::bundle::Written::Envelope(&Envelope {
        payload_type: dsse::IN_TOTO.to_owned(),
        payload: good.as_bytes().to_vec(),
        signatures: vec![raw],
    }));
    let message = written(&crate::bundle::Written::Message {
        digest: &judge::sha256_of(&image()).unwrap(),
        signature: b"sig",
    });
    let twice = good.replacen(r#""_type""#, r#""predicateType":"x","_type""#, 1);
    for (want, text) in [
        ("verified", envelope(1, dsse::IN_TOTO, &good)),
        ("wrong-key", envelope(2, dsse::IN_TOTO, &good)),
        ("wrong-key", unencoded),
        ("other-image", envelope(1, dsse::IN_TOTO, &statement(&"0".repeat(64), sign))),
        (
            "not-an-image-signature",
            envelope(1, dsse::IN_TOTO, &statement(&hex, "https://slsa.dev/provenance/v1")),
        ),
        ("not-an-image-signature", envelope(1, "text/plain", &good)),
        ("not-an-image-signature", message),
        ("malformed-payload", envelope(1, dsse::IN_TOTO, &twice)),
        ("malformed-payload", envelope(1, dsse::IN_TOTO, "{}")),
        ("malformed-bundle", b"{}".to_vec()),
    ] {
        let mut repository = native();
        refer(&mut repository, crate::bundle::KIND, &text, serde_json::json!({}));
        assert_eq!(judge(&mut repository, &[1]), want, "{}", String::from_utf8_lossy(&text));
    }
}

#[test]
fn could_not_look_is_never_unsigned() {
    let good = payload(image().as_str());
    let blob = sha256(good.as_bytes()).unwrap();
    let failed = || Answer::Failed("registry said 429".into());
    let named = br#"{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":2}]}"#;
    let html = || Answer::Found(b"<html>".to_vec());
    let cases = [
        (tag(".sig"), failed()),
        (tag(".sig"), html()),
        (tag(".sig"), Answer::Found(vec![b' '; (4 << 20) + 1])),
        (Ask::Blob(blob.clone()), failed()),
        (Ask::Blob(blob.clone()), Answer::Absent),
        (Ask::Blob(blob), Answer::Found(b"other bytes".to_vec())),
        (Ask::Referrers(image()), failed()),
        (Ask::Referrers(image()), html()),
        (Ask::Referrers(image()), Answer::Found(named.to_vec())),
        (Ask::Referrers(image()), Answer::Found(br#"{"manifests":[{}]}"#.to_vec())),
        (tag(""), failed()),
        (tag(""), Answer::Found(named.to_vec())),
    ];
    for (ask, answer) in cases {
        let mut unsigned = repository(vec![layer(&good, 2)]);
        unsigned.fault(ask.clone(), answer.clone());
        assert_eq!(judge(&mut unsigned, &[1]), "could-not-look", "{ask:?}");
        // A valid signature elsewhere wins all the same.
        if matches!(&ask, Ask::Referrers(_)) {
            let mut signed = repository(vec![layer(&good, 1)]);
            signed.fault(ask, answer);
            assert_eq!(judge(&mut signed, &[1]), "verified");
        }
    }
}

#[test]
fn strangers_never_hide_a_signature() {
    for native in [true, false] {
        let mut repository = Repository::new(native);
        let junk = [crate::bundle::KIND, "application/vnd.dev.cosign.artifact.sig.v1+json", "text/plain"];
        for (n, kind) in (0..90_u8).zip(junk.iter().cycle()) {
            refer(
                &mut repository,
                kind,
                &[b'{', n],
                serde_json::json!({"dev.sigstore.bundle.predicateType": crate::statement::SIGN}),
            );
        }
        repository.push_all(&bundle(2));
        repository.push_all(&bundle(1));
        assert_eq!(judge(&mut repository, &[1]), "verified");
        if native {
            assert_eq!(judge(&mut repository, &[3]), "wrong-key");
        }
    }
}

#[test]
fn labels_order_and_never_filter() {
    // Cosign's fallback index calls everything the same.
    let mut repository = Repository::new(false);
    let mut pushes = bundle(1);
    for push in &mut pushes {
        if let Push::List { entry, .. } = push {
            entry["artifactType"] = "application/vnd.oci.empty.v1+json".into();
            entry.as_object_mut().unwrap().remove("annotations");
        }
    }
    repository.push_all(&pushes);
    assert_eq!(judge(&mut repository, &[1]), "verified");
    // Cosign 2's experimental form: simple signing in a referring manifest.
    let mut pushes = crate::sign_legacy(&subject(), &private(1), &BTreeMap::new(), None).unwrap().pushes;
    for push in &mut pushes {
        if let Push::Manifest { bytes, tag, digest, .. } = push {
            let mut manifest: serde_json::Value = serde_json::from_slice(bytes).unwrap();
            manifest["subject"] =
                serde_json::json!({"mediaType": "x", "digest": image().as_str(), "size": 17});
            *bytes = manifest.to_string().into_bytes();
            (*tag, *digest) = (None, sha256(bytes).unwrap());
        }
    }
    let mut repository = native();
    repository.push_all(&pushes);
    assert_eq!(judge(&mut repository, &[1]), "verified");
}

/// The figures of the issue, the image given by digest; by tag it is one more.
#[test]
fn few_lookups() {
    let good = payload(image().as_str());
    let mut bundled = native();
    bundled.push_all(&bundle(1));
    let mut fallback = Repository::new(false);
    fallback.push_all(&bundle(1));
    let legacy = || repository(vec![layer(&good, 1)]);
    for (mut place, likely, most) in [
        (bundled.clone(), None, 3),
        (legacy(), None, 3),
        (legacy(), Some("legacy-tag"), 2),
        (fallback.clone(), Some("fallback-index"), 3),
        (fallback, None, 5),
    ] {
        let requirement = Requirement::by_keys([public(1)]);
        let limits = Limits::default();
        let mut verification = Verification::new(&image(), &requirement, &limits, likely);
        let verdict = loop {
            match verification.step() {
                Step::Done(verdict) => break verdict,
                Step::Needs(asks) => asks.iter().for_each(|ask| verification.tell(ask, place.answer(ask))),
            }
        };
        assert_eq!(code(&verdict.outcome), "verified");
        assert!(place.asked.len() <= most, "{likely:?}: {:?}", place.asked);
        assert_eq!(verdict.lookups, place.asked.len());
    }
    // "Not verified" has asked every place.
    let mut both = legacy();
    both.push_all(&bundle(2));
    assert_eq!(judge(&mut both, &[3]), "wrong-key");
    for place in [Ask::Referrers(image()), tag(".sig"), tag("")] {
        assert!(both.asked.contains(&place), "{place:?}");
    }
    assert!(both.asked.len() <= 8, "{:?}", both.asked);
    let mut unsigned = native();
    assert_eq!(judge(&mut unsigned, &[1]), "no-signature");
    assert_eq!(unsigned.asked.len(), 3);
}

#[test]
fn caps_hold() {
    let good = payload(image().as_str());
    let strangers = || repository((2..5).map(|k| layer(&good, k)).collect());
    let limits = Limits { signatures: 2, ..Limits::default() };
    let outcome = |repository: &mut Repository, limits: &Limits| {
        code(&verdict(repository, &[1], limits).outcome).to_owned()
    };
    assert_eq!(outcome(&mut strangers(), &limits), "could-not-look", "the rest was not examined");
    let small = Limits { signature_bytes: 64, ..Limits::default() };
    assert_eq!(outcome(&mut repository(vec![layer(&good, 1)]), &small), "could-not-look");
    let few = Limits { lookups: 2, ..Limits::default() };
    assert_eq!(outcome(&mut repository(vec![layer(&good, 1)]), &few), "could-not-look");

    // Ten thousand referrers: a bounded number of questions, then "could not look".
    let entry = |n: u32| serde_json::json!({"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": sha256(&n.to_be_bytes()).unwrap().as_str(), "size": 9});
    let flood = serde_json::json!({"manifests": (0..10_000).map(entry).collect::<Vec<_>>()});
    let mut flooded = native();
    flooded.fault(Ask::Referrers(image()), Answer::Found(flood.to_string().into_bytes()));
    assert_eq!(outcome(&mut flooded, &Limits::default()), "could-not-look");
    assert!(flooded.asked.len() <= 270, "{}", flooded.asked.len());
}

#[test]
fn a_large_attestation_leaves_an_unsigned_image_unsigned() {
    let mut repository = native();
    let annotations = serde_json::json!({"dev.sigstore.bundle.predicateType": "https://cyclonedx.org/bom"});
    refer(&mut repository, crate::bundle::KIND, &vec![b' '; 3 << 20], annotations);
    assert_eq!(judge(&mut repository, &[1]), "not-an-image-signature");
    let mut unlabelled = native();
    refer(&mut unlabelled, crate::bundle::KIND, &vec![b' '; 3 << 20], serde_json::json!({}));
    assert_eq!(judge(&mut unlabelled, &[1]), "could-not-look");
}

#[test]
fn annotations_must_be_on_the_valid_signature() {
    let good = payload(image().as_str());
    let plain = good.replace(r#"{"env":"prod"}"#, "null");
    let mut requirement = Requirement::by_keys([public(1)]);
    requirement.annotations.insert("env".into(), "prod".into());
    let outcome = |mut repository: Repository| {
        let verdict =
            verify_with(&image(), &requirement, &Limits::default(), &mut |ask| repository.answer(ask));
        code(&verdict.outcome).to_owned()
    };
    assert_eq!(outcome(repository(vec![layer(&good, 1)])), "verified");
    // The annotation of a stranger's signature does not complete ours.
    assert_eq!(outcome(repository(vec![layer(&plain, 1), layer(&good, 2)])), "annotation-missing");
}

#[test]
fn foreign_text_is_cut() {
    let long = payload(&format!("sha256:{}\u{1b}[31m", "x".repeat(100_000)).replace('\u{1b}', "\\u001b"));
    let verdict = verdict(&mut repository(vec![layer(&long, 1)]), &[1], &Limits::default());
    let Outcome::NotVerified { reason: Reason::OtherImage(detail) } = verdict.outcome else {
        panic!("{verdict:?}")
    };
    assert!(detail.len() < 300 && !detail.contains('\u{1b}'));
}
