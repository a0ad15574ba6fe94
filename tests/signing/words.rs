//! The words themselves: answers, formats, exit codes, files, other names.

use super::Check;
use super::fixture::{Act, MANIFEST, World, expect};
use integration::demand;

pub(super) static CHECKS: &[(&str, Check)] = &[
    ("three-answers", three),
    ("manifests-in-one-table", manifests),
    ("annotations", annotations),
    ("keyless", keyless),
    ("frozen-signatures-of-cosign", frozen),
    ("blobs", blobs),
    ("keys", keys),
    ("a-scan-through-a-pipe", piped),
    ("tree", tree),
    ("usage", usage),
    ("as-cosign", as_cosign),
    ("risk-knows-who-signed", risk),
];

fn three() -> Result<(), String> {
    let world = World::new()?;
    world.image("bare");
    let digest = world.image("app");
    world.sign("app", &[])?.names(&[&digest, "transparency log: none"])?;
    let answer = world.verify("app:v1", &[])?;
    answer.exits(0)?.names(&["verified", &digest, "transparency log: not checked"])?;
    world.verify("bare:v1", &[])?.exits(1)?.names(&["not verified", "no-signature"])?;
    world.verify("gone:v1", &[])?.exits(3)?.names(&["could not look"])?;
    let images = ["app:v1", "bare:v1", "gone:v1"].map(|image| world.name(image));
    let words =
        [&["verify", "--key", &world.public, "-o", "json"][..], &images.each_ref().map(String::as_str)]
            .concat();
    let json = world.program.run(&words)?.exits(1)?.json()?;
    let answers: Vec<_> =
        json["images"].as_array().into_iter().flatten().map(|image| image["answer"].clone()).collect();
    demand!(answers == ["verified", "not-verified", "could-not-look"], "{answers:?}");
    demand!(json["images"][0]["transparencyLog"] == "not checked", "{json}");
    demand!(
        json["images"][0]["signer"]["key"].as_str().is_some_and(|key| key.starts_with("sha256:")),
        "{json}"
    );
    // A log entry is asked for, and there is none.
    expect(&world.verify("app:v1", &["--require-tlog", "-o", "json"])?, 1, "log-entry-missing")?;
    // Nobody's certificate made it.
    let image = world.name("app:v1");
    let keyless =
        ["verify", &image, "--identity", "a@example.test", "--issuer", "https://issuer.test", "-o", "json"];
    expect(&world.program.run(&keyless)?, 1, "other-kind")
}

fn manifests() -> Result<(), String> {
    let world = World::new()?;
    world.image("app");
    world.image("bare");
    world.sign("app", &[])?;
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let host = world.registry.address;
    let text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: shop}}\nspec:\n  selector: {{matchLabels: {{a: b}}}}\n  template:\n    metadata: {{labels: {{a: b}}}}\n    spec:\n      containers: [{{name: c, image: \"{host}/app:v1\"}}]\n      ephemeralContainers: [{{name: e, image: \"{host}/bare:v1\"}}]\n---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: tick, namespace: shop}}\nspec:\n  schedule: \"* * * * *\"\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          restartPolicy: Never\n          initContainers: [{{name: i, image: \"{host}/gone:v1\"}}]\n          containers: [{{name: c, image: \"NOT AN IMAGE\"}}]\n          volumes: [{{name: data, image: {{reference: \"{host}/bare:v1\"}}}}]\n"
    );
    std::fs::write(folder.path().join("all.yaml"), text).map_err(|e| e.to_string())?;
    let path = folder.path().display().to_string();
    let answer = world.program.run(&["verify", "-f", &path, "--key", &world.public])?;
    answer.exits(1)?.names(&[
        "1 verified, 1 not verified, 2 could not be looked at",
        "Deployment shop/web (c)",
        "Deployment shop/web (e)",
        "CronJob shop/tick (i)",
        "volume data",
        "not an image reference",
    ])?;
    let json = world.program.run(&["verify", "-f", &path, "--key", &world.public, "-o", "json"])?.json()?;
    demand!(json["images"].as_array().is_some_and(|images| images.len() == 3), "{json}");
    Ok(())
}

fn annotations() -> Result<(), String> {
    for format in ["bundle", "legacy"] {
        let world = World::new()?;
        world.image("app");
        world.sign("app", &["-a", "env=prod", "-a", "team=shop", "--format", format])?;
        world.verify("app:v1", &["-a", "env=prod"])?.exits(0)?.names(&["team=shop"])?;
        expect(&world.verify("app:v1", &["-a", "env=test", "-o", "json"])?, 1, "annotation-missing")?;
    }
    Ok(())
}

fn fixtures() -> std::path::PathBuf {
    integration::root().join("crates/signing/tests/fixtures")
}

/// Puts a frozen repository into the registry.
fn load(world: &World, name: &str, file: &std::path::Path) -> Result<(), String> {
    let text = std::fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let stored: serde_json::Value = serde_json::from_slice(&text).map_err(|e| e.to_string())?;
    let texts = |list: &str| stored[list].as_array().cloned().unwrap_or_default();
    for blob in texts("blobs") {
        world.registry.blob(name, blob.as_str().unwrap_or_default().as_bytes());
    }
    for manifest in texts("manifests") {
        world.registry.manifest(name, None, MANIFEST, manifest.as_str().unwrap_or_default().as_bytes());
    }
    for (tag, to) in stored["tags"].as_object().into_iter().flatten() {
        let to = to.as_str().unwrap_or_default().to_owned();
        world.registry.state().tags.insert((name.to_owned(), tag.clone()), to);
    }
    Ok(())
}

/// Images that cosign signed by key, frozen: each layout is read.
pub(crate) fn frozen() -> Result<(), String> {
    let world = World::new()?;
    let key = fixtures().join("cosign.pub").display().to_string();
    for name in ["cosign-bundle", "cosign-legacy", "cosign-oci11", "cosign-fallback"] {
        world.registry.state().no_referrers = name == "cosign-fallback";
        load(&world, name, &fixtures().join(format!("{name}.json")))?;
        let image = subject_of(&world, name).ok_or_else(|| format!("{name}: no image"))?;
        let image = format!("{}@{image}", world.name(name));
        world.program.run(&["verify", &image, "--key", &key])?.exits(0)?;
        world.program.run(&["verify", &image, "--key", &world.other])?.exits(1)?;
    }
    Ok(())
}

/// What the signatures of a repository are about: the subject they name, or the tag they are kept at.
fn subject_of(world: &World, name: &str) -> Option<String> {
    let state = world.registry.state();
    let named = state.manifests.iter().filter(|((at, _), _)| at == name).find_map(|(_, (_, bytes))| {
        let document: serde_json::Value = serde_json::from_slice(bytes).ok()?;
        document["subject"]["digest"].as_str().map(str::to_owned)
    });
    let tagged = || {
        let tag =
            state.tags.keys().filter(|(at, _)| at == name).find_map(|(_, tag)| tag.strip_prefix("sha256-"));
        tag.map(|hex| format!("sha256:{}", hex.split('.').next().unwrap_or(hex)))
    };
    named.or_else(tagged)
}

/// Images that cosign signed keylessly against a private Sigstore, frozen beside the engine's own tests.
pub(crate) fn keyless() -> Result<(), String> {
    let world = World::new()?;
    let folder = fixtures();
    let root = folder.join("keyless/trusted_root.json").display().to_string();
    for name in ["keyless-email", "keyless-legacy", "key-logged"] {
        load(&world, name, &folder.join("keyless").join(format!("{name}.json")))?;
    }
    let image = |name: &str| format!("{}@{IMAGE}", world.name(name));
    let ask = |name: &str, who: &[&str]| {
        world.program.run(&[&["verify", &image(name), "--trusted-root", &root, "-o", "json"], who].concat())
    };
    let (name, issuer) = ("dev@example.com", "http://127.0.0.1:7001/email");
    let dev = ["--identity", name, "--issuer", issuer];
    for kept in ["keyless-email", "keyless-legacy"] {
        let answer = ask(kept, &dev)?;
        expect(&answer, 0, "verified")?;
        let json = answer.json()?;
        demand!(json["images"][0]["transparencyLog"] == "checked", "{json}");
        demand!(json["images"][0]["signer"]["identity"] == name, "{json}");
        expect(&ask(kept, &["--identity", "eve@example.com", "--issuer", issuer])?, 1, "other-identity")?;
        expect(&ask(kept, &["--identity", name, "--issuer", "http://127.0.0.1:7001"])?, 1, "other-issuer")?;
        let any_of =
            ["--identity", "eve@example.com", "--identity-regexp", "^dev@example[.]com$", "--issuer", issuer];
        expect(&ask(kept, &any_of)?, 0, "verified")?;
    }
    let key = folder.join("cosign.pub").display().to_string();
    expect(&ask("key-logged", &["--key", &key, "--require-tlog"])?, 0, "verified")?;
    // The public instance vouches for none of this, and says how old its own root is.
    let answer = world.program.run(&[&["verify", &image("keyless-email")], &dev[..]].concat())?;
    answer.exits(1)?.names(&["trust root: built in", "days old"])?;
    let missing = world
        .program
        .run(&[&["verify", &image("keyless-email"), "--trusted-root", "/nowhere"], &dev[..]].concat())?;
    missing.exits(3)?.talks_of(&["/nowhere"])?;
    Ok(())
}

const IMAGE: &str = "sha256:77d2e6466c024a743598341c400b1e615c09b1eee295bd7cd4955f25aa5d37d8";

fn blobs() -> Result<(), String> {
    let world = World::new()?;
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let file = folder.path().join("file").display().to_string();
    std::fs::write(&file, "content").map_err(|e| e.to_string())?;
    world.program.run(&["sign", "blob", &file, "--key", &world.key])?.exits(0)?;
    world
        .program
        .run(&["verify", "blob", &file, "--key", &world.public])?
        .exits(0)?
        .names(&["not checked"])?;
    world.program.run(&["verify", "blob", &file, "--key", &world.other])?.exits(1)?.names(&["wrong-key"])?;
    std::fs::write(&file, "other content").map_err(|e| e.to_string())?;
    world.program.run(&["verify", "blob", &file, "--key", &world.public])?.exits(1)?;
    world.program.run(&["verify", "blob", "/nowhere", "--key", &world.public])?.exits(3)?;
    Ok(())
}

fn keys() -> Result<(), String> {
    let world = World::new()?;
    let printed = world.program.run(&["sign", "key", "public", "--key", &world.key])?;
    let public = std::fs::read_to_string(&world.public).map_err(|e| e.to_string())?;
    demand!(printed.exits(0)?.stdout == public, "{}", printed.stdout);
    let again = world.key.trim_end_matches(".key");
    world
        .program
        .run(&["sign", "key", "generate", "--output-key-prefix", again])?
        .exits(2)?
        .talks_of(&["--force"])?;
    let mode = std::fs::metadata(&world.key).map_err(|e| e.to_string())?;
    use std::os::unix::fs::PermissionsExt as _;
    demand!(mode.permissions().mode() & 0o077 == 0, "others can read the key");
    // The password through a pipe.
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let prefix = folder.path().join("piped").display().to_string();
    let plain = integration::ringwall()?;
    plain.run_with(&["sign", "key", "generate", "--output-key-prefix", &prefix], "secret\n")?.exits(0)?;
    let key = format!("{prefix}.key");
    plain.run_with(&["sign", "key", "public", "--key", &key], "secret\n")?.exits(0)?;
    plain
        .run_with(&["sign", "key", "public", "--key", &key], "other\n")?
        .exits(3)?
        .talks_of(&["wrong password"])?;
    Ok(())
}

/// What a scan writes is what an attestation claims.
fn piped() -> Result<(), String> {
    let world = World::new()?;
    world.image("app");
    let (image, folder) = (world.name("app:v1"), tempfile::tempdir().map_err(|e| e.to_string())?);
    let folder = folder.path().display().to_string();
    let scan = ["scan", "fs", &folder, "--scanners", "secret", "--format", "cosign-vuln"];
    let predicate = world.program.run(&scan)?;
    let attest = ["sign", "attest", &image, "--type", "vuln", "--predicate", "-", "--key", &world.key];
    world.program.run_with(&attest, &predicate.exits(0)?.stdout)?.exits(0)?;
    world.verify("app:v1", &["--attestation", "vuln"])?.exits(0)?;
    world.verify("app:v1", &[])?.exits(1)?;
    Ok(())
}

fn tree() -> Result<(), String> {
    let world = World::new()?;
    let digest = world.image("app");
    let image = world.name("app:v1");
    world.program.run(&["verify", "tree", &image])?.exits(0)?.names(&["nothing is attached", &digest])?;
    world.sign("app", &[])?;
    world.sign("app", &["--format", "legacy"])?;
    let answer = world.program.run(&["verify", "tree", &image])?;
    answer.exits(0)?.names(&["referrers", ".sig", "sigstore.bundle", "Nothing of this was verified"])?;
    world.registry.fault("/referrers/", usize::MAX, Act::Status(403, Vec::new(), String::new()));
    world.program.run(&["verify", "tree", &image])?.exits(3)?.names(&["could not look"])?;
    Ok(())
}

fn usage() -> Result<(), String> {
    let world = World::new()?;
    let (key, none) = (world.public.as_str(), &[][..]);
    for (words, says) in [
        (&["verify"][..], "which image"),
        (&["verify", "a:1"], "--key"),
        (&["verify", "a:1", "--identity", "x"], "--issuer"),
        (&["verify", "a:1", "--key", key, "--identity", "x", "--issuer", "y"], "exclude"),
        (&["verify", "A b", "--key", key], "not an image reference"),
        (&["verify", "a:1", "--key", key, "--attestation", "vulns"], "known are"),
        (&["verify", "a:1", "--key", key, "-a", "x"], "KEY=VALUE"),
        (&["verify", "a:1", "--identity-regexp", "(", "--issuer", "x"], "regular expression"),
        (&["sign"], "which image"),
        (&["sign", "a:1"], "--key"),
    ] {
        world.program.run(&[words, none].concat())?.exits(2)?.talks_of(&[says])?;
    }
    let image = world.name("app:v1");
    world.image("app");
    let loose = world.program.run(&["verify", &image, "--identity-regexp", "ci@", "--issuer", "x"])?;
    loose.talks_of(&["warning", "^"])?;
    Ok(())
}

fn as_cosign() -> Result<(), String> {
    let world = World::new()?;
    for name in ["bundle", "legacy", "bare"] {
        world.image(name);
    }
    let cosign = |words: &[&str]| world.program.run(&[&["cosign"], words].concat());
    let image = |name: &str| world.name(&format!("{name}:v1"));
    let (bundle, legacy) = (image("bundle"), image("legacy"));
    cosign(&["sign", "-y", "--key", &world.key, "--tlog-upload=false", &bundle])?.exits(0)?;
    cosign(&[
        "sign",
        "-y",
        "--key",
        &world.key,
        "--tlog-upload=false",
        "--new-bundle-format=false",
        &legacy,
    ])?
    .exits(0)?;
    for (name, key, code) in [
        ("bundle", &world.public, 0),
        ("legacy", &world.public, 0),
        ("bundle", &world.other, 1),
        ("legacy", &world.other, 12),
        ("bare", &world.public, 10),
        ("gone", &world.public, 11),
    ] {
        cosign(&["verify", "--insecure-ignore-tlog", "--key", key, &image(name)])?.exits(code)?;
    }
    // Without being told otherwise it asks for a log entry, as Cosign does.
    cosign(&["verify", "--key", &world.public, &bundle])?.exits(1)?;
    let answer = cosign(&["verify", "--insecure-ignore-tlog=true", "--key", &world.public, &bundle])?;
    let payload: serde_json::Value =
        serde_json::from_str(&answer.stdout).map_err(|e| format!("{e}: {}", answer.stdout))?;
    demand!(payload[0]["critical"]["type"] == "https://sigstore.dev/cosign/sign/v1", "{payload}");
    demand!(payload[0]["critical"]["identity"]["docker-reference"] == *bundle, "{payload}");
    Ok(())
}

fn risk() -> Result<(), String> {
    let world = World::new()?;
    world.image("app");
    world.image("bare");
    world.sign("app", &[])?;
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let host = world.registry.address;
    let pod = |name: &str, image: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  containers: [{{name: c, image: \"{host}/{image}:v1\"}}]\n"
        )
    };
    let text = [pod("web", "app"), pod("db", "bare"), pod("cron", "gone")].concat();
    std::fs::write(folder.path().join("pods.yaml"), text).map_err(|e| e.to_string())?;
    let path = folder.path().display().to_string();
    let answer = world.program.run(&["risk", &path, "--verify", &world.public, "-o", "json"])?;
    answer.exits(3)?;
    demand!(answer.stdout.contains("images/unsigned"), "no finding: {}", answer.stdout);
    demand!(answer.stdout.contains("gone:v1"), "no gap: {}", answer.stdout);
    world.registry.asked();
    let answer = world.program.run(&["risk", &path, "-o", "json"])?;
    answer.exits(0)?;
    demand!(world.registry.asked().is_empty(), "a registry was asked although nobody said so");
    Ok(())
}
