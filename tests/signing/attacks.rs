//! What strangers and broken registries do, and what must be said then.

use super::Check;
use super::fixture::{Act, INDEX, MANIFEST, World, digest, expect};
use integration::demand;
use std::time::Duration;

pub(super) static CHECKS: &[(&str, Check)] = &[
    ("a-signature-of-another-image", another_image),
    ("an-attestation-is-no-signature", attestation),
    ("index-and-child-are-two", index_and_child),
    ("could-not-look-is-never-unsigned", unknown),
    ("strangers-hide-nothing", strangers),
    ("legacy-and-bundle-side-by-side", side_by_side),
    ("lying-digests", lies),
    ("floods-end-in-bounded-memory", floods),
    ("eight-hostile-images-at-once", eight),
    ("inflated-layers-and-answers", inflated),
    ("redirects-to-metadata-services", redirects),
    ("a-tag-that-moves", moving_tag),
    ("broken-keys", keys),
];

const ALWAYS: usize = usize::MAX;

fn another_image() -> Result<(), String> {
    let world = World::new()?;
    let (good, evil) = (world.image("app"), world.image("evil"));
    world.sign("app", &["--format", "legacy"])?;
    world.sign("app", &[])?;
    // Everything of the good image's signatures, put where the evil one's would be.
    let mut state = world.registry.state();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let copies: Vec<_> = state
        .manifests
        .iter()
        .filter(|((at, _), _)| at == "app")
        .map(|(k, v)| (k.1.clone(), v.clone()))
        .collect();
    for (name, (kind, bytes)) in copies {
        let bytes = text(&bytes).replace(&good, &evil).into_bytes();
        let own = digest(&bytes);
        if state.tags.get(&("app".into(), format!("{}.sig", good.replace(':', "-")))) == Some(&name) {
            state.tags.insert(("evil".into(), format!("{}.sig", evil.replace(':', "-"))), own.clone());
        }
        if name != good {
            state.manifests.insert(("evil".into(), own), (kind, bytes));
        }
    }
    let blobs: Vec<_> = state.blobs.iter().map(|((_, name), bytes)| (name.clone(), bytes.clone())).collect();
    state.blobs.extend(blobs.into_iter().map(|(name, bytes)| (("evil".into(), name), bytes)));
    drop(state);
    expect(&world.verify("evil:v1", &["-o", "json"])?, 1, "other-image")
}

fn attestation() -> Result<(), String> {
    for format in ["bundle", "legacy"] {
        let world = World::new()?;
        world.image("app");
        let image = format!("{}:v1", world.name("app"));
        let attest = [
            "sign",
            "attest",
            &image,
            "--key",
            &world.key,
            "--type",
            "vuln",
            "--predicate",
            "-",
            "--format",
            format,
        ];
        world.program.run_with(&attest, "{\"scanner\":{}}")?.exits(0)?;
        let answer = world.verify("app:v1", &["-o", "json"])?;
        answer.exits(1)?;
        demand!(
            ["not-an-image-signature", "no-signature"].contains(&World::reason(&answer)?.as_str()),
            "{}",
            answer.stdout
        );
        let answer = world.verify("app:v1", &["--attestation", "vuln", "-o", "json"])?;
        expect(&answer, 0, "verified")?;
        demand!(
            answer.json()?["images"][0]["attestations"][0]["predicate"]["scanner"].is_object(),
            "{}",
            answer.stdout
        );
        world.verify("app:v1", &["--attestation", "cyclonedx"])?.exits(1)?;
        world.sign("app", &["--format", format])?;
        world.verify("app:v1", &[])?.exits(0)?;
        world.verify("app:v1", &["--attestation", "slsaprovenance"])?.exits(1)?;
    }
    Ok(())
}

fn index_and_child() -> Result<(), String> {
    let world = World::new()?;
    let child = world.image("multi");
    let size = world.registry.state().manifests[&("multi".to_owned(), child.clone())].1.len();
    let index = format!(
        r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{{"mediaType":"{MANIFEST}","digest":"{child}","size":{size}}}]}}"#
    );
    let index = world.registry.manifest("multi", Some("v1"), INDEX, index.as_bytes());
    world.sign("multi", &[])?;
    world.verify(&format!("multi@{index}"), &[])?.exits(0)?;
    world.verify(&format!("multi@{child}"), &[])?.exits(1)?;
    let answer = world.sign("multi", &["--recursive"])?;
    answer.names(&[&index, &child])?;
    world.verify(&format!("multi@{child}"), &[])?.exits(0).map(drop)
}

fn unknown() -> Result<(), String> {
    let world = World::new()?;
    world.image("app");
    let soon = || vec![("Retry-After", "0".to_owned())];
    for (place, act) in [
        ("/referrers/", Act::Status(401, Vec::new(), String::new())),
        ("/referrers/", Act::Status(403, Vec::new(), String::new())),
        ("/referrers/", Act::Status(405, Vec::new(), String::new())),
        ("/referrers/", Act::Status(429, soon(), String::new())),
        ("/referrers/", Act::Status(500, soon(), String::new())),
        ("/referrers/", Act::Bytes(b"{\"manifests\":[".to_vec())),
        ("/referrers/", Act::Bytes(b"<html>".to_vec())),
        (".sig", Act::Status(403, Vec::new(), String::new())),
        (".sig", Act::Bytes(b"{".to_vec())),
        ("/manifests/v1", Act::Status(503, soon(), String::new())),
    ] {
        world.registry.state().faults.clear();
        world.registry.fault(place, ALWAYS, act.clone());
        let answer = world.verify("app:v1", &["-o", "json"])?;
        expect(&answer, 3, "could-not-look").map_err(|e| format!("{place} {act:?}: {e}"))?;
        demand!(answer.json()?["images"][0]["why"][0].is_string(), "no reason: {}", answer.stdout);
    }
    world.registry.state().faults.clear();
    expect(&world.verify("nothing:v1", &["-o", "json"])?, 3, "could-not-look")?;
    let missing = format!("nothing@{}", digest(b"nothing"));
    expect(&world.verify(&missing, &["-o", "json"])?, 3, "could-not-look")?;
    // A valid signature elsewhere wins over a place that is away.
    world.sign("app", &["--format", "legacy"])?;
    world.registry.fault("/referrers/", ALWAYS, Act::Status(403, Vec::new(), String::new()));
    expect(&world.verify("app:v1", &["-o", "json"])?, 0, "verified")
}

/// A manifest that refers to an image and holds something.
fn refer(world: &World, repository: &str, subject: &str, kind: &str, content: &str) {
    let layer = world.registry.blob(repository, content.as_bytes());
    let text = format!(
        r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}","artifactType":"{kind}","config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{}","size":2}},"layers":[{{"mediaType":"{kind}","digest":"{layer}","size":{}}}],"subject":{{"mediaType":"{MANIFEST}","digest":"{subject}","size":1}}}}"#,
        digest(b"{}"),
        content.len()
    );
    world.registry.manifest(repository, None, MANIFEST, text.as_bytes());
}

fn strangers() -> Result<(), String> {
    let bundle = "application/vnd.dev.sigstore.bundle.v0.3+json";
    let world = World::new()?;
    let subject = world.image("app");
    for n in 0..20 {
        refer(&world, "app", &subject, bundle, &format!("{{\"junk\": {n}}}"));
        refer(&world, "app", &subject, "application/x-other", &format!("{n}"));
    }
    let image = format!("{}:v1", world.name("app"));
    world.program.run(&["sign", &image, "--key", &world.other_key])?.exits(0)?;
    expect(&world.verify("app:v1", &["-o", "json"])?, 1, "wrong-key")?;
    world.sign("app", &[])?;
    expect(&world.verify("app:v1", &["-o", "json"])?, 0, "verified")?;
    // Ten thousand of them: found, or honestly not looked at to the end.
    let world = World::new()?;
    let subject = world.image("app");
    for n in 0..10_000 {
        refer(&world, "app", &subject, bundle, &format!("{{\"junk\": {n}}}"));
    }
    world.registry.state().page = 100;
    let answer = world.verify("app:v1", &["-o", "json"])?;
    expect(&answer, 3, "could-not-look")?;
    answer.costs_less(20, 64)?;
    let asked = world.registry.asked();
    demand!(asked.len() <= 700, "{} requests", asked.len());
    world.sign("app", &[])?;
    let answer = world.verify("app:v1", &["-o", "json"])?;
    demand!([Some(0), Some(3)].contains(&answer.code), "{}", answer.stdout);
    // Pages that go round in a circle.
    let world = World::new()?;
    world.image("app");
    let link = vec![("Link", "</v2/app/referrers/x?from=1>; rel=\"next\"".to_owned())];
    world.registry.fault("/referrers/", ALWAYS, Act::Status(200, link, r#"{"manifests":[]}"#.to_owned()));
    expect(&world.verify("app:v1", &["-o", "json"])?, 3, "could-not-look")?;
    demand!(world.registry.asked().len() < 30, "a loop is seen");
    Ok(())
}

fn side_by_side() -> Result<(), String> {
    for native in [true, false] {
        let world = World::new()?;
        world.registry.state().no_referrers = !native;
        let subject = world.image("app");
        let image = format!("{}:v1", world.name("app"));
        world.program.run(&["sign", &image, "--key", &world.other_key])?.exits(0)?;
        world.sign("app", &["--format", "legacy"])?;
        for key in [&world.public, &world.other] {
            world.program.run(&["verify", &image, "--key", key])?.exits(0)?;
        }
        if !native {
            // An index that calls everything empty, as Cosign writes it.
            let tag = subject.replace(':', "-");
            let state = world.registry.state();
            let name = state.tags[&("app".to_owned(), tag.clone())].clone();
            let index = String::from_utf8_lossy(&state.manifests[&("app".to_owned(), name)].1).replace(
                "application/vnd.dev.sigstore.bundle.v0.3+json",
                "application/vnd.oci.empty.v1+json",
            );
            drop(state);
            world.registry.manifest("app", Some(&tag), INDEX, index.as_bytes());
            world.program.run(&["verify", &image, "--key", &world.other])?.exits(0)?;
        }
    }
    Ok(())
}

fn lies() -> Result<(), String> {
    let world = World::new()?;
    let good = world.image("app");
    world.sign("app", &[])?;
    let evil = world.image("evil");
    world.registry.state().tags.insert(("app".into(), "v2".into()), evil.clone());
    let manifest = world.registry.state().manifests[&("evil".to_owned(), evil.clone())].clone();
    world.registry.state().manifests.insert(("app".into(), evil.clone()), manifest);
    world.registry.fault("/manifests/v2", ALWAYS, Act::Header("Docker-Content-Digest", good.clone()));
    let answer = world.verify("app:v2", &["-o", "json"])?;
    expect(&answer, 1, "no-signature")?;
    demand!(answer.json()?["images"][0]["digest"] == *evil, "{}", answer.stdout);
    // Bytes that are not those of the digest.
    world.registry.state().faults.clear();
    world.registry.fault("/blobs/", ALWAYS, Act::Bytes(b"{}".to_vec()));
    expect(&world.verify(&format!("app@{good}"), &["-o", "json"])?, 3, "could-not-look")
}

fn floods() -> Result<(), String> {
    let world = World::new()?;
    world.image("app");
    world.sign("app", &[])?;
    for place in ["/manifests/v1", "/referrers/", "/blobs/", ".sig"] {
        let legacy = world.image("old");
        if place == ".sig" {
            world.sign("old", &["--format", "legacy"])?;
        }
        let image = if place == ".sig" { format!("old@{legacy}") } else { "app:v1".to_owned() };
        world.registry.state().faults.clear();
        world.registry.fault(place, ALWAYS, Act::Endless);
        let answer = world.verify(&image, &["-o", "json"])?;
        expect(&answer, 3, "could-not-look").map_err(|e| format!("{place}: {e}"))?;
        answer.costs_less(20, 64)?;
        world.registry.state().faults.clear();
        world.registry.fault(place, ALWAYS, Act::Bytes(vec![b' '; 100 << 20]));
        expect(&world.verify(&image, &["-o", "json"])?, 3, "could-not-look")?;
    }
    world.registry.state().faults.clear();
    world.registry.fault("/blobs/", 1, Act::Drip(Duration::from_millis(5)));
    world.verify("app:v1", &[])?.exits(0)?;
    Ok(())
}

/// As large as anything is read: junk in the shape of bundles, of attestations, of manifests, of lists; eight images of
/// it side by side, and the peak is that of one process that says so.
fn eight() -> Result<(), String> {
    let bundle = "application/vnd.dev.sigstore.bundle.v0.3+json";
    let world = World::new()?;
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let claim = folder.path().join("claim.json").display().to_string();
    std::fs::write(&claim, format!("[{}0]", "0,".repeat(5_000_000))).map_err(|e| e.to_string())?;
    let padded = |size: usize| format!("{{\"payload\":\"{}\"}}", "A".repeat(size));
    for n in 0..8 {
        let name = format!("evil{n}");
        let subject = world.image(&name);
        for m in 0..6 {
            refer(
                &world,
                &name,
                &subject,
                bundle,
                &format!("{}{}", padded((2 << 20) - 64), " ".repeat(n + m)),
            );
        }
        for m in 0..4 {
            let junk = " ".repeat((4 << 20) - 1024 - m);
            let text = format!(r#"{{"mediaType":"{MANIFEST}","subject":{{"digest":"{subject}"}}}}{junk}"#);
            world.registry.manifest(&name, None, MANIFEST, text.as_bytes());
        }
        // A stranger's claim about it, in all form, as long as any that is read: ten million bytes of numbers.
        let image = world.name(&format!("{name}:v1"));
        let attest = ["sign", "attest", &image, "--type", "vuln", "--predicate", &claim];
        world.program.run(&[&attest[..], &["--key", &world.other_key]].concat())?.exits(0)?;
    }
    let images: Vec<_> = (0..8).map(|n| world.name(&format!("evil{n}:v1"))).collect();
    let images: Vec<_> = images.iter().map(String::as_str).collect();
    for wanted in [&[][..], &["--attestation", "vuln"]] {
        let answer = world.program.run(&[&["verify", "--key", &world.public], wanted, &images].concat())?;
        demand!(answer.code == Some(1), "{:?}: {}", answer.code, answer.stdout);
        answer.costs_less(60, 64)?;
    }
    Ok(())
}

/// What is compressed is not unpacked: no layer of a signature is, and no answer was asked to be.
fn inflated() -> Result<(), String> {
    let world = World::new()?;
    let subject = world.image("app");
    // A gibibyte of nothing, deflated by hand: stored is what it begins with, and nobody looks further.
    let gzip = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0; 4096]].concat();
    let text = String::from_utf8_lossy(&gzip).into_owned();
    refer(&world, "app", &subject, "application/vnd.dev.sigstore.bundle.v0.3+json", &text);
    expect(&world.verify("app:v1", &["-o", "json"])?, 1, "malformed-bundle")?;
    refer(&world, "app", &subject, "application/vnd.dev.sigstore.bundle.v0.3+json+gzip", &text);
    let answer = world.verify("app:v1", &["-o", "json"])?;
    answer.costs_less(5, 64)?;
    demand!(answer.code == Some(1), "{}", answer.stdout);
    world.registry.fault("/referrers/", ALWAYS, Act::Header("Content-Encoding", "gzip".to_owned()));
    expect(&world.verify("app:v1", &["-o", "json"])?, 3, "could-not-look")
}

fn redirects() -> Result<(), String> {
    let world = World::new()?;
    world.image("app");
    world.sign("app", &[])?;
    for to in [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/",
        "http://0.0.0.0/",
        "gopher://x/",
    ] {
        world.registry.state().faults.clear();
        world.registry.fault(
            "/blobs/",
            ALWAYS,
            Act::Status(307, vec![("Location", to.to_owned())], String::new()),
        );
        expect(&world.verify("app:v1", &["-o", "json"])?, 3, "could-not-look")?;
        world.registry.state().faults.clear();
        let challenge = vec![("WWW-Authenticate", format!("Bearer realm=\"{to}\""))];
        world.registry.fault("/manifests/v1", ALWAYS, Act::Status(401, challenge, String::new()));
        expect(&world.verify("app:v1", &["-o", "json"])?, 3, "could-not-look")?;
    }
    Ok(())
}

fn moving_tag() -> Result<(), String> {
    let mut world = World::new()?;
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    world.program = world.program.env("RINGWALL_CACHE_DIR", folder.path());
    let good = world.image("app");
    world.sign("app", &[])?;
    let answer = world.verify("app:v1", &["-o", "json"])?;
    demand!(answer.json()?["images"][0]["digest"] == *good, "{}", answer.stdout);
    let evil = world.registry.manifest("app", Some("v1"), MANIFEST, b"{\"schemaVersion\":2,\"layers\":[]}");
    let answer = world.verify("app:v1", &["-o", "json"])?;
    expect(&answer, 1, "no-signature")?;
    demand!(answer.json()?["images"][0]["digest"] == *evil, "{}", answer.stdout);
    Ok(())
}

fn keys() -> Result<(), String> {
    let world = World::new()?;
    world.image("app");
    let image = format!("{}:v1", world.name("app"));
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).map(|()| path.display().to_string()).map_err(|e| e.to_string())
    };
    let key = std::fs::read_to_string(&world.key).map_err(|e| e.to_string())?;
    let envelope: String = key.lines().filter(|line| !line.contains("-----")).collect();
    let wrong = world.program.clone().env("COSIGN_PASSWORD", "another");
    wrong.run(&["sign", &image, "--key", &world.key])?.exits(3)?.talks_of(&["wrong password"])?;
    let cut = write("cut.key", &key.replace(&envelope[..64], &envelope[8..64]))?;
    let broken = world.program.run(&["sign", &image, "--key", &cut])?;
    broken.exits(3)?.talks_of(&["cut.key"])?;
    demand!(
        !broken.stderr.contains("wrong password"),
        "a broken file is not a wrong password: {}",
        broken.stderr
    );
    // {"kdf":{"name":"scrypt","params":{"N":1073741824,"r":8,"p":1},…: a terabyte, were it tried.
    let greedy = "eyJrZGYiOnsibmFtZSI6InNjcnlwdCIsInBhcmFtcyI6eyJOIjoxMDczNzQxODI0LCJyIjo4LCJwIjoxfSwic2FsdCI6IkFBQUEifSwiY2lwaGVyIjp7Im5hbWUiOiJuYWNsL3NlY3JldGJveCIsIm5vbmNlIjoiQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUEifSwiY2lwaGVydGV4dCI6IkFBQUEifQ==";
    let pem = format!(
        "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n{greedy}\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n"
    );
    let greedy = write("greedy.key", &pem)?;
    world
        .program
        .run(&["sign", &image, "--key", &greedy])?
        .exits(3)?
        .talks_of(&["greedy.key"])?
        .costs_less(5, 64)?;
    for (name, text) in [("empty.pub", ""), ("text.pub", "PEM"), ("private.pub", key.as_str())] {
        let path = write(name, text)?;
        world.program.run(&["verify", &image, "--key", &path])?.exits(3)?.talks_of(&[name, "PEM"])?;
    }
    world.program.run(&["verify", &image, "--key", "awskms://x"])?.exits(2)?;
    Ok(())
}
