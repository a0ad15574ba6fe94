//! Signatures and attestations both ways with cosign 3.1 and 2.5, in every layout their versions know.

mod servers;

pub(crate) use servers::{Rekor, image, serve};

use integration::{Case, Program, Skip, Suite, demand, ringwall, skip};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Arc, Mutex, OnceLock};

pub(crate) static SUITE: Suite = Suite { name: "conformance/cosign", cases };

/// Who signs, and how it is told to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Ringwall,
    Cosign3,
    Cosign2,
}

/// Where it is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    Legacy,
    Oci11,
    Bundle,
}

const WHO: [(Who, &str); 3] =
    [(Who::Ringwall, "ringwall"), (Who::Cosign3, "cosign-3"), (Who::Cosign2, "cosign-2")];
const LAYOUTS: [(Layout, &str); 3] =
    [(Layout::Legacy, "legacy"), (Layout::Oci11, "oci11"), (Layout::Bundle, "bundle")];

/// The programs, a registry that lists referrers, one that does not, and keys.
struct World {
    cosign: [Program; 2],
    registries: [String; 2],
    keys: PathBuf,
    _processes: Vec<Mutex<Child>>,
}

/// The real programs, or what to do to have them.
fn programs() -> Result<Vec<PathBuf>, String> {
    ["cosign", "cosign-2", "registry"].into_iter().map(peers::installed).collect()
}

/// The cells that people meet: ours read by both versions, and each version's own read by us. `false`: the real
/// programs are not here.
pub(crate) fn both_ways() -> Result<bool, String> {
    let Ok(found) = programs() else { return Ok(false) };
    let world = start(&found)?;
    for (signer, layout, repository) in [
        (Who::Ringwall, Layout::Bundle, "guide/a"),
        (Who::Ringwall, Layout::Legacy, "guide/b"),
        (Who::Cosign3, Layout::Bundle, "guide/c"),
        (Who::Cosign2, Layout::Legacy, "guide/d"),
    ] {
        cell(&world, true, signer, layout, false, repository)?;
    }
    Ok(true)
}

fn cases() -> Result<Vec<Case>, Skip> {
    let found = match programs() {
        Ok(found) => found,
        Err(why) => skip!("{why}"),
    };
    let world: Arc<OnceLock<Result<World, String>>> = Arc::default();
    let found = Arc::new(found);
    let mut cases = Vec::new();
    for native in [true, false] {
        for (signer, signs) in WHO {
            for (layout, kept) in LAYOUTS {
                for attest in [false, true] {
                    if !makes(signer, layout, attest) {
                        continue;
                    }
                    let kind = if attest { "attest" } else { "sign" };
                    let registry = if native { "native" } else { "fallback" };
                    let (world, found) = (world.clone(), found.clone());
                    let name = format!("{kind}/{registry}/{kept}/by-{signs}");
                    let repository = name.replace("cosign-", "c");
                    cases.push(Case::new(name, move || {
                        let world = world.get_or_init(|| start(&found)).as_ref().map_err(Clone::clone)?;
                        cell(world, native, signer, layout, attest, &repository)
                    }));
                }
            }
        }
    }
    let more: [(&str, Check); 4] =
        [("keys", keys), ("log", logged), ("docker-registry", docker), ("carried", carried)];
    for (name, check) in more {
        let (world, found) = (world.clone(), found.clone());
        cases.push(Case::new(name, move || {
            check(world.get_or_init(|| start(&found)).as_ref().map_err(Clone::clone)?)
        }));
    }
    Ok(cases)
}

/// A case that is not a cell of the table.
type Check = fn(&World) -> Result<(), String>;

/// Which of them makes what.
fn makes(who: Who, layout: Layout, attest: bool) -> bool {
    match (who, layout) {
        (_, Layout::Legacy) | (Who::Ringwall | Who::Cosign3, Layout::Bundle) => true,
        // The old experiment: signatures alone, and by the old version alone.
        (Who::Cosign2, Layout::Oci11) => !attest,
        _ => false,
    }
}

/// Which of them reads what, without being told where to look.
fn reads(who: Who, layout: Layout) -> bool {
    matches!((who, layout), (Who::Ringwall, _) | (_, Layout::Legacy) | (Who::Cosign3, Layout::Bundle))
}

fn start(found: &[PathBuf]) -> Result<World, String> {
    let [cosign3, cosign2, registry] = found else { return Err("three programs".to_owned()) };
    let keys = tempfile::tempdir().map_err(|e| e.to_string())?.keep();
    // Nothing is to be fetched from the public instance, and what is tried ends at once.
    let program = |path: &Path| {
        Program::new(path)
            .inside(&keys)
            .env("COSIGN_PASSWORD", "pw")
            .env("TUF_ROOT", keys.join("tuf"))
            .env("TUF_MIRROR", "http://127.0.0.1:1")
    };
    let cosign = [program(cosign3), program(cosign2)];
    for (name, by) in [("c3", &cosign[0]), ("c2", &cosign[1]), ("stranger", &cosign[0])] {
        by.run(&["generate-key-pair", "--output-key-prefix", name])?.exits(0)?;
    }
    let own = keys.join("own").display().to_string();
    ours(&keys)?.run(&["sign", "key", "generate", "--output-key-prefix", &own])?.exits(0)?;
    let (native, first) = serve(registry, &["127.0.0.1:0"])?;
    let (fallback, second) = serve(registry, &["127.0.0.1:0", "no-referrers"])?;
    Ok(World {
        cosign,
        registries: [native, fallback],
        keys,
        _processes: vec![Mutex::new(first), Mutex::new(second)],
    })
}

fn ours(keys: &Path) -> Result<Program, String> {
    Ok(ringwall()?.inside(keys).env("COSIGN_PASSWORD", "pw"))
}

impl World {
    fn key(&self, who: Who) -> (String, String) {
        let name = match who {
            Who::Ringwall => "own",
            Who::Cosign3 => "c3",
            Who::Cosign2 => "c2",
        };
        (format!("{name}.key"), format!("{name}.pub"))
    }

    fn sign(&self, who: Who, layout: Layout, attest: bool, image: &str, key: &str) -> Result<(), String> {
        let legacy = layout == Layout::Legacy;
        let predicate = ["--type", "vuln", "--predicate", "predicate.json"];
        let mut words = match who {
            Who::Ringwall => {
                let verb: &[&str] = if attest { &["sign", "attest"] } else { &["sign"] };
                let format = if legacy { "legacy" } else { "bundle" };
                [verb, &["--key", key, "--format", format]].concat()
            }
            Who::Cosign3 | Who::Cosign2 => {
                let verb = if attest { "attest" } else { "sign" };
                vec![verb, "-y", "--key", key, "--tlog-upload=false"]
            }
        };
        if who == Who::Cosign3 {
            words.push("--use-signing-config=false");
            words.extend(legacy.then_some("--new-bundle-format=false"));
        }
        if layout == Layout::Oci11 {
            words.push("--registry-referrers-mode=oci-1-1");
        }
        if attest {
            words.extend(predicate);
        }
        words.push(image);
        let program = match who {
            Who::Ringwall => ours(&self.keys)?,
            Who::Cosign3 => self.cosign[0].clone(),
            Who::Cosign2 => self.cosign[1].clone().env("COSIGN_EXPERIMENTAL", "1"),
        };
        program.run(&words)?.exits(0).map(drop)
    }

    fn verifies(&self, who: Who, attest: bool, image: &str, public: &str) -> Result<Option<i32>, String> {
        let answer = match who {
            Who::Ringwall => {
                let attestation: &[&str] = if attest { &["--attestation", "vuln"] } else { &[] };
                ours(&self.keys)?.run(&[&["verify", image, "--key", public], attestation].concat())?
            }
            Who::Cosign3 | Who::Cosign2 => {
                let verb: &[&str] =
                    if attest { &["verify-attestation", "--type", "vuln"] } else { &["verify"] };
                let program = &self.cosign[usize::from(who == Who::Cosign2)];
                program.run(&[verb, &["--key", public, "--insecure-ignore-tlog=true", image]].concat())?
            }
        };
        Ok(answer.code)
    }
}

/// Signed by one, verified by all who can read it; and never with another key.
fn cell(
    world: &World,
    native: bool,
    signer: Who,
    layout: Layout,
    attest: bool,
    repository: &str,
) -> Result<(), String> {
    let host = &world.registries[usize::from(!native)];
    let image = image(host, repository)?;
    let (key, public) = world.key(signer);
    let predicate = world.keys.join("predicate.json");
    std::fs::write(predicate, r#"{"scanner":{"result":{}}}"#).map_err(|e| e.to_string())?;
    world.sign(signer, layout, attest, &image, &key)?;
    for (reader, name) in WHO {
        if !reads(reader, layout) {
            continue;
        }
        let code = world.verifies(reader, attest, &image, &public)?;
        demand!(code == Some(0), "{name} does not accept it: {code:?}");
        let code = world.verifies(reader, attest, &image, "stranger.pub")?;
        demand!(code != Some(0), "{name} accepts it with another key");
    }
    // Ours never takes the one for the other.
    let code = world.verifies(Who::Ringwall, !attest, &image, &public)?;
    demand!(code == Some(1), "an attestation and a signature are two things: {code:?}");
    Ok(())
}

/// Key files are one format.
fn keys(world: &World) -> Result<(), String> {
    let text =
        |name: &str| std::fs::read_to_string(world.keys.join(name)).map_err(|e| format!("{name}: {e}"));
    for (reader, name) in [(&world.cosign[0], "cosign 3"), (&world.cosign[1], "cosign 2")] {
        let answer = reader.run(&["public-key", "--key", "own.key"])?;
        answer.exits(0)?;
        demand!(
            answer.stdout.trim() == text("own.pub")?.trim(),
            "{name} reads another key: {}",
            answer.stdout
        );
    }
    for (key, public) in [("c3.key", "c3.pub"), ("c2.key", "c2.pub")] {
        let answer = ours(&world.keys)?.run(&["sign", "key", "public", "--key", key])?;
        answer.exits(0)?;
        demand!(answer.stdout.trim() == text(public)?.trim(), "another key: {}", answer.stdout);
    }
    Ok(())
}

/// Signatures entered into a real Rekor 2: cosign and we each find the other's entry good, offline, by a trust root.
fn logged(world: &World) -> Result<(), String> {
    let (ours, cosign) = (ours(&world.keys)?, &world.cosign[0]);
    let log = Rekor::start(&world.keys)?;
    logged_by(world, &ours, cosign, &log.address)
}

fn logged_by(world: &World, ours: &Program, cosign: &Program, log: &str) -> Result<(), String> {
    let start = "start-time=2024-01-01T00:00:00Z";
    let root = format!("url={log},public-key=log.pub,{start},origin=127.0.0.1");
    cosign.run(&["trusted-root", "create", "--out", "root.json", "--rekor", &root])?.exits(0)?;
    let config = format!("url={log},api-version=2,{start},operator=test");
    let create =
        ["signing-config", "create", "--out", "config.json", "--rekor", &config, "--rekor-config", "ANY"];
    cosign.run(&create)?.exits(0)?;
    let host = &world.registries[0];
    let images = [
        image(host, "log/ours")?,
        image(host, "log/theirs")?,
        image(host, "log/as-cosign")?,
        image(host, "log/none")?,
    ];
    ours.run(&["sign", &images[0], "--key", "own.key", "--tlog", log])?.exits(0)?.names(&["entered into"])?;
    let theirs = ["sign", "-y", "--signing-config", "config.json", "--trusted-root", "root.json"];
    cosign.run(&[&theirs[..], &["--key", "c3.key", &images[1]]].concat())?.exits(0)?;
    ours.run(&[&["cosign"], &theirs[..], &["--key", "own.key", &images[2]]].concat())?.exits(0)?;
    ours.run(&["sign", &images[3], "--key", "own.key"])?.exits(0)?;
    for (image, public) in images.iter().zip(["own.pub", "c3.pub", "own.pub"]) {
        cosign.run(&["verify", "--trusted-root", "root.json", "--key", public, image])?.exits(0)?;
        let verify = ["verify", "--require-tlog", "--trusted-root", "root.json", "--key", public, image];
        ours.run(&verify)?.exits(0)?.names(&["transparency log: checked"])?;
        ours.run(&["verify", "--require-tlog", "--key", public, image])?.exits(1)?.names(&["unknown-log"])?;
    }
    ours.run(&["verify", "--require-tlog", "--trusted-root", "root.json", "--key", "own.pub", &images[3]])?
        .exits(1)?
        .names(&["log-entry-missing"])?;
    demand!(
        cosign.run(&["verify", "--trusted-root", "root.json", "--key", "own.pub", &images[3]])?.code
            != Some(0),
        "cosign wants an entry"
    );
    Ok(())
}

/// Debian's registry, which lists no referrers and refuses what it does not know.
fn docker(world: &World) -> Result<(), String> {
    let registry = servers::Docker::start(&world.keys, "docker")?;
    both_kept(world, &registry.host)
}

/// An image that umoci made and skopeo pushed, signed there; carried to a folder with its signatures by skopeo, and by
/// cosign, and verified in it.
fn carried(world: &World) -> Result<(), String> {
    let (umoci, skopeo) = (peers::installed("umoci")?, peers::installed("skopeo")?);
    let registry = servers::Docker::start(&world.keys, "carried")?;
    let program = |path: &Path| Program::new(path).inside(&world.keys).env("REGISTRY_AUTH_FILE", "/nowhere");
    let (umoci, skopeo) = (program(&umoci), program(&skopeo));
    let copy = |from: &str, to: &str| {
        let plain = ["--src-tls-verify=false", "--dest-tls-verify=false", "--insecure-policy"];
        skopeo.run(&[&["copy", "--quiet", from, to], &plain[..]].concat())?.exits(0).map(drop)
    };
    umoci.run(&["init", "--layout", "made"])?.exits(0)?;
    umoci.run(&["new", "--image", "made:v1"])?.exits(0)?;
    umoci.run(&["config", "--image", "made:v1", "--author", "somebody"])?.exits(0)?;
    let name = format!("{}/team/app", registry.host);
    let image = format!("{name}:v1");
    copy("oci:made:v1", &format!("docker://{image}"))?;
    for layout in [Layout::Bundle, Layout::Legacy] {
        world.sign(Who::Ringwall, layout, false, &image, "own.key")?;
    }
    for who in [Who::Ringwall, Who::Cosign3, Who::Cosign2] {
        let code = world.verifies(who, false, &image, "own.pub")?;
        demand!(code == Some(0), "in the registry: {code:?}");
    }
    let ours = ours(&world.keys)?;
    let verify = |folder: &str, key: &str, code: i32| {
        ours.run(&["verify", "--layout", folder, "app:v1", "--key", key])?.exits(code).map(drop)
    };
    verify("made", "own.pub", 1)?;
    // The image alone is carried without its signatures; they go by their own names.
    let told = ours.run(&["verify", &image, "--key", "own.pub", "-o", "json"])?.json()?;
    let digest = told["images"][0]["digest"].as_str().unwrap_or_default().replace(':', "-");
    copy(&format!("docker://{image}"), "oci:kept:v1")?;
    verify("kept", "own.pub", 1)?;
    copy(&format!("docker://{name}:{digest}.sig"), &format!("oci:kept:{digest}.sig"))?;
    verify("kept", "own.pub", 0)?;
    verify("kept", "stranger.pub", 1)?;
    verify("nowhere", "own.pub", 3)?;
    // What cosign saves.
    world.cosign[1].run(&["save", "--dir", "saved", &image])?.exits(0)?;
    let local = ["verify", "--local-image", "--insecure-ignore-tlog", "--key"];
    for (key, right) in [("own.pub", true), ("stranger.pub", false)] {
        let theirs = world.cosign[1].run(&[&local[..], &[key, "saved"]].concat())?.code;
        let code = ours.run(&[&["cosign"], &local[..], &[key, "saved"]].concat())?.code;
        demand!((theirs == Some(0)) == right && code == theirs, "{key}: {theirs:?}, ours {code:?}");
    }
    Ok(())
}

fn both_kept(world: &World, host: &str) -> Result<(), String> {
    for (layout, repository) in [(Layout::Bundle, "docker/bundle"), (Layout::Legacy, "docker/legacy")] {
        let image = image(host, repository)?;
        for (signer, key, public) in
            [(Who::Ringwall, "own.key", "own.pub"), (Who::Cosign3, "c3.key", "c3.pub")]
        {
            world.sign(signer, layout, false, &image, key)?;
            for reader in [Who::Ringwall, Who::Cosign3] {
                let code = world.verifies(reader, false, &image, public)?;
                demand!(code == Some(0), "{repository} by {key}: {code:?}");
            }
        }
        // Whoever signed second took nothing away from whoever was first.
        demand!(
            world.verifies(Who::Ringwall, false, &image, "own.pub")? == Some(0),
            "the first signature is gone"
        );
        demand!(world.verifies(Who::Ringwall, false, &image, "stranger.pub")? == Some(1), "a stranger's key");
    }
    Ok(())
}
