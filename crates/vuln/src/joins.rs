//! Table: a CVE from a report and a signature verdict reach one container's image through different identifiers.

use crate::trivy;
use model::Confidence::{Assumed, Confirmed};
use model::{Confidence, Digest, ImageId, ImageIndex, Join, Predicate, Source, Target};

fn sha(name: &str) -> String {
    let byte = name.bytes().fold(7_u8, |h, b| h.wrapping_mul(31).wrapping_add(b));
    format!("sha256:{}", format!("{byte:02x}").repeat(32))
}

/// The image a report's facts are about. `config` and `repo` are names of digests, empty for none.
fn scanned(name: &str, tag: &str, config: &str, repo: &str) -> ImageId {
    let digest = |text: &str| if text.is_empty() { String::new() } else { sha(text) };
    let list = |text: String| if text.is_empty() { Vec::new() } else { vec![text] };
    let report = serde_json::json!({
        "SchemaVersion": 2, "ArtifactName": name, "ArtifactType": "container_image",
        "Metadata": {
            "ImageID": digest(config),
            "RepoTags": list(tag.to_owned()),
            "RepoDigests": list(if repo.is_empty() { String::new() } else { format!("registry.test/shop/web@{}", sha(repo)) }),
        },
        "Results": [{"Target": "t", "Class": "os-pkgs", "Vulnerabilities": [{"VulnerabilityID": "CVE-1", "PkgName": "p"}]}],
    });
    let (report, diagnostics) = trivy::read(report.to_string().as_bytes(), &trivy::Caps::default());
    let scan = trivy::import(&report, "report.json".into(), &diagnostics);
    let fact =
        scan.facts().into_iter().find(|f| matches!(f.predicate, Predicate::Vulnerable(_))).expect("one fact");
    match fact.target {
        Target::Image(image) => image,
        other => panic!("{other}"),
    }
}

/// The image a signature verdict's facts are about: the reference that was asked for and the digest it was resolved to.
fn signed(reference: &str, digest: &str) -> ImageId {
    ImageId {
        unknown: vec![Digest::parse(&sha(digest)).unwrap()],
        ..ImageId::from_reference(reference.parse().unwrap())
    }
}

/// A container as its node reports it.
fn runs(image: &str, image_id: &str) -> ImageId {
    ImageId::from_status(image, image_id)
}

/// A container of a manifest nobody runs yet.
fn written(reference: &str) -> ImageId {
    ImageId::from_reference(reference.parse().unwrap())
}

/// What; was the registry asked; container, scan, verdict; how sure the CVE and the signature are of the container.
type Row = (&'static str, bool, ImageId, ImageId, ImageId, Option<Confidence>, Option<Confidence>);

const TAG: &str = "registry.test/shop/web:1.4";

fn join(index: &ImageIndex, container: &ImageId, other: &ImageId) -> Option<Confidence> {
    match index.join(container, other) {
        Join::Same { confidence, .. } => Some(confidence),
        Join::Different | Join::Unknown => None,
    }
}

#[test]
fn a_cve_and_a_signature_reach_one_container() {
    let at = |digest: &str| format!("registry.test/shop/web@{}", sha(digest));
    let pinned = |digest: &str| format!("{TAG}@{}", sha(digest));
    // What the registry told: one index, one platform.
    let mut asked = ImageIndex::default();
    asked.learn(
        &ImageId {
            index: vec![Digest::parse(&sha("index")).unwrap()],
            manifest: vec![Digest::parse(&sha("manifest")).unwrap()],
            config: vec![Digest::parse(&sha("config")).unwrap()],
            ..written(TAG)
        },
        Source::Registry,
    );
    let rows: Vec<Row> = vec![
        (
            "1 tag only, three times",
            false,
            written(TAG),
            scanned(TAG, TAG, "", ""),
            signed(TAG, "index"),
            Some(Assumed),
            Some(Assumed),
        ),
        (
            "2 manifest pinned, report's RepoDigest",
            false,
            written(&pinned("index")),
            scanned(TAG, TAG, "config", "index"),
            signed(TAG, "index"),
            Some(Confirmed),
            Some(Confirmed),
        ),
        (
            "3 digest only, no tag anywhere",
            false,
            written(&at("index")),
            scanned(&at("index"), "", "config", "index"),
            signed(&at("index"), "index"),
            Some(Confirmed),
            Some(Confirmed),
        ),
        (
            "4 status names the index, report the config; registry asked",
            true,
            runs(TAG, &at("index")),
            scanned("web.tar", TAG, "config", ""),
            signed(TAG, "index"),
            Some(Confirmed),
            Some(Confirmed),
        ),
        (
            "5 status names the manifest, report the config; registry asked",
            true,
            runs(TAG, &at("manifest")),
            scanned("web.tar", TAG, "config", ""),
            signed(TAG, "index"),
            Some(Confirmed),
            Some(Confirmed),
        ),
        (
            "6 status names the config (docker), report the RepoDigest",
            true,
            runs(TAG, &sha("config")),
            scanned(TAG, TAG, "", "manifest"),
            signed(TAG, "manifest"),
            Some(Confirmed),
            Some(Confirmed),
        ),
        (
            "7 status with the config as image name",
            true,
            runs(&sha("config"), &sha("config")),
            scanned("web.tar", "", "config", ""),
            signed(&at("manifest"), "manifest"),
            Some(Confirmed),
            Some(Confirmed),
        ),
        (
            "8 docker-pullable:// prefix",
            false,
            runs(TAG, &format!("docker-pullable://{}", at("index"))),
            scanned(TAG, TAG, "config", "index"),
            signed(TAG, "index"),
            Some(Confirmed),
            Some(Confirmed),
        ),
        (
            "9 mirror: another registry, the same digest",
            false,
            runs("mirror.test/web:1.4", &format!("mirror.test/web@{}", sha("index"))),
            scanned(TAG, TAG, "config", "index"),
            signed(TAG, "index"),
            Some(Confirmed),
            Some(Confirmed),
        ),
        (
            "10 status names the index, report of an archive, registry not asked",
            false,
            runs(TAG, &at("index")),
            scanned("web.tar", TAG, "config", ""),
            signed(TAG, "index"),
            Some(Assumed),
            Some(Confirmed),
        ),
        (
            "11 the tag moved after the scan",
            false,
            runs(TAG, &at("newer")),
            scanned(TAG, TAG, "config", "index"),
            signed(TAG, "newer"),
            None,
            Some(Confirmed),
        ),
        (
            "12 the tag moved after the signature",
            false,
            written(&pinned("newer")),
            scanned(TAG, TAG, "other", "newer"),
            signed(TAG, "index"),
            Some(Confirmed),
            None,
        ),
        (
            "13 another tag of the repository",
            false,
            written("registry.test/shop/web:1.5"),
            scanned(TAG, TAG, "config", "index"),
            signed(TAG, "index"),
            None,
            None,
        ),
        (
            "14 no name at all",
            false,
            runs("", ""),
            scanned(TAG, TAG, "config", "index"),
            signed(TAG, "index"),
            None,
            None,
        ),
        (
            "15 report of an archive without tags, manifest by tag",
            false,
            written(TAG),
            scanned("web.tar", "", "config", ""),
            signed(TAG, "index"),
            None,
            Some(Assumed),
        ),
        (
            "16 the same, registry asked",
            true,
            written(TAG),
            scanned("web.tar", "", "config", ""),
            signed(TAG, "index"),
            Some(Assumed),
            Some(Assumed),
        ),
    ];
    let (mut joined, mut not) = (0, 0);
    let mut wrong = Vec::new();
    for (what, registry, container, scan, verdict, cve, signature) in rows {
        let mut index = if registry { asked.clone() } else { ImageIndex::default() };
        index.learn(&container, Source::Node);
        index.learn(&scan, Source::Scan);
        index.learn(&verdict, Source::Signature);
        let got = (join(&index, &container, &scan), join(&index, &container, &verdict));
        for one in [got.0, got.1] {
            if one.is_some() { joined += 1 } else { not += 1 }
        }
        if got != (cve, signature) {
            wrong.push(format!("{what}: {got:?}, wanted {:?}", (cve, signature)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // What cannot be joined is counted, not lost.
    assert_eq!(joined + not, 32);
    assert_eq!(not, 7);
}
