//! Keyless signing against a private Sigstore of real parts: what we sign verifies with cosign 3.1 and 2.5 and with us,
//! what cosign signs verifies here, and what an authority refuses is not pushed.

mod mutants;
mod world;

use super::cosign::image;
use integration::{Case, Skip, Suite, demand, skip};
use std::sync::{Arc, OnceLock};
use world::World;

pub(crate) static SUITE: Suite = Suite { name: "conformance/keyless", cases };

type Check = fn(&World) -> Result<(), String>;

const CHECKS: &[(&str, Check)] = &[
    ("forms", forms),
    ("tokens-of-the-ci", ambient),
    ("files", files),
    ("by-cosign", by_cosign),
    ("as-cosign", as_cosign),
    ("equal-entries", twice),
    ("refused-tokens", refused),
    ("services-that-are-away", away),
    ("unknown-instances", unknown),
    ("mutants", mutants::mutants),
];

fn cases() -> Result<Vec<Case>, Skip> {
    let found: Result<Vec<_>, _> = world::PEERS.into_iter().map(peers::installed).collect();
    let found = match found {
        Ok(found) => Arc::new(found),
        Err(why) => skip!("{why}"),
    };
    let world: Arc<OnceLock<Result<World, String>>> = Arc::default();
    let case = |(name, check): &(&'static str, Check)| {
        let (world, found, check) = (world.clone(), found.clone(), *check);
        Case::new(*name, move || {
            check(world.get_or_init(|| World::start(&found)).as_ref().map_err(Clone::clone)?)
        })
    };
    Ok(CHECKS.iter().map(case).collect())
}

/// One way to sign an image or a statement about it, and who reads it.
struct Form {
    name: &'static str,
    /// Words after the image; `REKOR`, `REKOR1`, `FULCIO` and `TSA` stand for the addresses.
    words: &'static str,
    attest: bool,
    /// Whether a key signs, not an identity.
    keyed: bool,
    /// Whether it is kept at a tag: read by cosign 2, and by 3 when told so.
    old: bool,
    /// Whether the log has it.
    logged: bool,
}

const FORM: Form = Form { name: "", words: "", attest: false, keyed: false, old: false, logged: true };

const FORMS: &[Form] = &[
    Form { name: "configured", words: "--signing-config config.json", ..FORM },
    Form { name: "named", words: "--fulcio-url FULCIO --tlog REKOR --tsa-url TSA", ..FORM },
    Form { name: "attested", words: "--signing-config config.json", attest: true, ..FORM },
    Form { name: "first-log", words: "--fulcio-url FULCIO --tlog REKOR1 --tlog-version 1", ..FORM },
    Form {
        name: "first-log-attested",
        words: "--fulcio-url FULCIO --tlog REKOR1 --tlog-version 1 --tsa-url TSA",
        attest: true,
        ..FORM
    },
    Form { name: "old", words: "--fulcio-url FULCIO --tlog REKOR1 --format legacy", old: true, ..FORM },
    Form {
        name: "old-attested",
        words: "--fulcio-url FULCIO --tlog REKOR1 --format legacy",
        old: true,
        attest: true,
        ..FORM
    },
    Form {
        name: "old-stamped",
        words: "--fulcio-url FULCIO --tlog none --tsa-url TSA --format legacy",
        old: true,
        logged: false,
        ..FORM
    },
    Form { name: "key", words: "--key own.key --signing-config config.json", keyed: true, ..FORM },
    Form {
        name: "key-first-log",
        words: "--key own.key --tlog REKOR1 --tlog-version 1",
        keyed: true,
        ..FORM
    },
    Form {
        name: "key-old",
        words: "--key own.key --tlog REKOR1 --format legacy",
        keyed: true,
        old: true,
        ..FORM
    },
    Form {
        name: "key-old-attested",
        words: "--key own.key --tlog REKOR1 --format legacy",
        keyed: true,
        old: true,
        attest: true,
        ..FORM
    },
];

fn words(world: &World, text: &str) -> Vec<String> {
    let address = |word: &str| match word {
        "FULCIO" => world.fulcio.clone(),
        "REKOR" => world.rekor.clone(),
        "REKOR1" => world.rekor1.clone(),
        "TSA" => world.tsa.clone(),
        word => word.to_owned(),
    };
    text.split_whitespace().map(address).collect()
}

fn all<'a>(parts: &[&'a [String]], more: &[&'a str]) -> Vec<&'a str> {
    parts.iter().flat_map(|part| part.iter().map(String::as_str)).chain(more.iter().copied()).collect()
}

fn forms(world: &World) -> Result<(), String> {
    let token = world.token("email", "")?;
    for form in FORMS {
        let image = image(&world.registry, &format!("forms/{}", form.name))?;
        let verb: &[&str] = match form.attest {
            true => &["sign", "attest", &image, "--type", "vuln", "--predicate", "predicate.json"],
            false => &["sign", &image],
        };
        let how = words(world, form.words);
        let who: &[&str] = if form.keyed { &[] } else { &["--identity-token", &token] };
        let signed = [verb, &["--trusted-root", "root.json"], who].concat();
        let answer = world.ours.run(&[&signed[..], &all(&[&how], &[])].concat())?;
        answer.exits(0).map_err(|why| format!("{}: {why}", form.name))?;
        if !form.keyed {
            answer.names(&["signed by: dev@example.com"])?;
        }
        read(world, form, &image).map_err(|why| format!("{}: {why}", form.name))?;
    }
    Ok(())
}

/// Everybody who can read a form accepts it, and refuses it for somebody else.
fn read(world: &World, form: &Form, image: &str) -> Result<(), String> {
    let issuer = format!("{}/email", world.issuer);
    for (name, right) in [("dev@example.com", true), ("eve@example.com", false)] {
        let key = if right { "own.pub" } else { "log.pub" };
        let who: &[&str] =
            if form.keyed { &["--key", key] } else { &["--identity", name, "--issuer", &issuer] };
        let log: &[&str] = match (form.keyed, form.logged) {
            (true, _) => &["--require-tlog"],
            (false, true) => &[],
            (false, false) => &["--ignore-tlog"],
        };
        let wanted: &[&str] = if form.attest { &["--attestation", "vuln"] } else { &[] };
        let verify = ["verify", image, "--trusted-root", "root.json"];
        let answer = world.ours.run(&[&verify, who, log, wanted].concat())?;
        answer.exits(i32::from(!right))?;
        let who: &[&str] = match form.keyed {
            true => &["--key", key],
            false => &["--certificate-identity", name, "--certificate-oidc-issuer", &issuer],
        };
        let verb: &[&str] = if form.attest { &["verify-attestation", "--type", "vuln"] } else { &["verify"] };
        let log: &[&str] =
            if form.logged { &[] } else { &["--insecure-ignore-tlog", "--use-signed-timestamps"] };
        let old: &[&str] = if form.old { &["--new-bundle-format=false"] } else { &[] };
        let told = [verb, &["--trusted-root", "root.json"], old, log, who, &[image]].concat();
        let code = world.cosign3.run(&told)?.code;
        demand!((code == Some(0)) == right, "cosign 3, {name}: {code:?}");
        if form.old && form.logged {
            let code = world.cosign2.run(&[verb, who, &[image]].concat())?.code;
            demand!((code == Some(0)) == right, "cosign 2, {name}: {code:?}");
        }
    }
    Ok(())
}

const SERVICES: [&str; 4] = ["--signing-config", "config.json", "--trusted-root", "root.json"];

fn ambient(world: &World) -> Result<(), String> {
    let image = image(&world.registry, "ambient/app")?;
    let sign = [&["sign", &image], &SERVICES[..]].concat();
    let nobody = world.ours.run(&sign)?;
    nobody.exits(2)?.talks_of(&["--identity-token", "SIGSTORE_ID_TOKEN", "id-token: write"])?;
    let gitlab = world.ours.clone().env("SIGSTORE_ID_TOKEN", world.token("email", "sub=ci@example.com")?);
    gitlab.run(&sign)?.exits(0)?.names(&["signed by: ci@example.com"])?;
    let url = format!("{}/github/ambient?api-version=2.0", world.issuer);
    let github = |request: &str| {
        let program = world.ours.clone().env("ACTIONS_ID_TOKEN_REQUEST_URL", &url);
        program.env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", request).run(&sign)
    };
    let workflow = "https://github.com/org/app/.github/workflows/build.yml@refs/heads/main";
    github("request")?.exits(0)?.names(&[workflow])?;
    github("another")?.exits(3)?.talks_of(&["401"])?;
    let verified = ["verify", &image, "--trusted-root", "root.json", "--identity", workflow, "--issuer"];
    world.ours.run(&[&verified[..], &[&format!("{}/github", world.issuer)]].concat())?.exits(0)?;
    Ok(())
}

fn files(world: &World) -> Result<(), String> {
    let token = world.token("email", "")?;
    let issuer = format!("{}/email", world.issuer);
    let sign = ["sign", "blob", "file", "--bundle", "file.json", "--identity-token", &token];
    world.ours.run(&[&sign, &SERVICES[..]].concat())?.exits(0)?.talks_of(&["signed by: dev@example.com"])?;
    let statement = format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"file","digest":{{"sha256":"{}"}}}}],"predicateType":"https://slsa.dev/provenance/v1","predicate":{{}}}}"#,
        "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
    );
    std::fs::write(world.folder.join("statement.json"), statement).map_err(|e| e.to_string())?;
    for (in_toto, bundle, file) in [(false, "plain.json", "file"), (true, "stated.json", "statement.json")] {
        let flag: &[&str] = if in_toto { &["--in-toto"] } else { &[] };
        let sign = ["conformance", "sign-bundle", "--identity-token", &token, "--bundle", bundle, file];
        world.ours.run(&[&sign, flag, &SERVICES[..]].concat())?.exits(0)?;
        let ours = ["conformance", "verify-bundle", "--bundle", bundle, "--trusted-root", "root.json"];
        let who = ["--certificate-identity", "dev@example.com", "--certificate-oidc-issuer", &issuer, "file"];
        world.ours.run(&[&ours[..], &who].concat())?.exits(0)?;
    }
    for bundle in ["file.json", "plain.json"] {
        let verify = ["verify-blob", "--bundle", bundle, "--trusted-root", "root.json"];
        let who = ["--certificate-identity", "dev@example.com", "--certificate-oidc-issuer", &issuer, "file"];
        world.cosign3.run(&[&verify[..], &who].concat())?.exits(0)?;
    }
    let attested = ["verify-blob-attestation", "--type", "slsaprovenance1", "--bundle", "stated.json"];
    let who = ["--certificate-identity", "dev@example.com", "--certificate-oidc-issuer", &issuer, "file"];
    world.cosign3.run(&[&attested[..], &["--trusted-root", "root.json"], &who].concat())?.exits(0)?;
    Ok(())
}

fn by_cosign(world: &World) -> Result<(), String> {
    let issuer = format!("{}/email", world.issuer);
    let token = world.token("email", "")?;
    std::fs::write(world.folder.join("theirs"), &token).map_err(|e| e.to_string())?;
    for old in [false, true] {
        let image = image(&world.registry, if old { "theirs/old" } else { "theirs/new" })?;
        let how: &[&str] = match old {
            false => &["--signing-config", "config.json"],
            true => &[
                "--new-bundle-format=false",
                "--use-signing-config=false",
                "--rekor-url",
                &world.rekor1,
                "--fulcio-url",
                &world.fulcio,
            ],
        };
        let sign = ["sign", "-y", "--trusted-root", "root.json", "--identity-token", "theirs"];
        world.cosign3.run(&[&sign, how, &[&image]].concat())?.exits(0)?;
        for (name, code) in [("dev@example.com", 0), ("eve@example.com", 1)] {
            let who = ["--identity", name, "--issuer", &issuer, "--trusted-root", "root.json"];
            world.ours.run(&[&["verify", &image], &who[..]].concat())?.exits(code)?;
        }
    }
    Ok(())
}

fn as_cosign(world: &World) -> Result<(), String> {
    let issuer = format!("{}/email", world.issuer);
    let who = ["--certificate-identity", "dev@example.com", "--certificate-oidc-issuer", &issuer];
    std::fs::write(world.folder.join("token"), world.token("email", "")? + "\n")
        .map_err(|e| e.to_string())?;
    let common = ["-y", "--trusted-root", "root.json", "--identity-token", "token"];
    let ours = |words: &[&str]| world.ours.run(&[&["cosign"], words].concat());
    for (name, how, old) in [
        ("as/new", &["--signing-config", "config.json"][..], &[][..]),
        (
            "as/old",
            &["--new-bundle-format=false", "--rekor-url", &world.rekor1, "--fulcio-url", &world.fulcio],
            &["--new-bundle-format=false"],
        ),
    ] {
        let image = image(&world.registry, name)?;
        ours(&[&["sign"], &common[..], how, &[&image]].concat())?.exits(0)?;
        for theirs in [false, true] {
            let words = [&["verify", "--trusted-root", "root.json"], old, &who[..], &[&image]].concat();
            let answer = if theirs { world.cosign3.run(&words)? } else { ours(&words)? };
            answer.exits(0)?;
        }
    }
    let sign = ["--signing-config", "config.json", "--bundle", "as.json", "file"];
    ours(&[&["sign-blob"], &common[..], &sign].concat())?.exits(0)?;
    let verify = ["verify-blob", "--bundle", "as.json", "--trusted-root", "root.json"];
    world.cosign3.run(&[&verify[..], &who, &["file"]].concat())?.exits(0)?;
    let image = image(&world.registry, "as/nobody")?;
    ours(&["sign", "-y", &image])?.exits(1)?.talks_of(&["no public service is asked"])?;
    Ok(())
}

/// A log enters equal signatures once, and says where: ours of one key and image are equal.
fn twice(world: &World) -> Result<(), String> {
    let image = image(&world.registry, "twice/app")?;
    let sign = ["sign", &image, "--key", "own.key", "--format", "legacy", "--tlog", &world.rekor1];
    for _ in 0..2 {
        world.ours.run(&[&sign[..], &["--trusted-root", "root.json"]].concat())?.exits(0)?;
    }
    let tree = world.ours.run(&["verify", "tree", &image])?;
    demand!(tree.exits(0)?.stdout.matches(".sig").count() == 1, "{}", tree.stdout);
    Ok(())
}

/// Nothing is attached to an image.
fn bare(world: &World, image: &str) -> Result<(), String> {
    world.ours.run(&["verify", "tree", image])?.exits(0)?.names(&["nothing is attached"]).map(drop)
}

fn refused(world: &World) -> Result<(), String> {
    let image = image(&world.registry, "refused/app")?;
    let sign =
        |token: &str| world.ours.run(&[&["sign", &image, "--identity-token", token], &SERVICES[..]].concat());
    let good = world.token("email", "")?;
    let (head, signature) = good.rsplit_once('.').ok_or("no token")?;
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    for (token, says) in [
        (world.token("email", "valid=-20")?, "is over since"),
        (world.token("email", "aud=other")?, "answered 400"),
        (world.token("email", "verified=false")?, "answered 400"),
        (forged, "answered 400"),
        ("not a token".to_owned(), "not an identity token"),
    ] {
        let answer = sign(&token)?;
        answer.exits(3)?.talks_of(&[says])?;
        demand!(!answer.stderr.contains(&token) || token.len() < 20, "the token is shown: {}", answer.stderr);
    }
    bare(world, &image)
}

fn away(world: &World) -> Result<(), String> {
    let (image, token) = (image(&world.registry, "away/app")?, world.token("email", "")?);
    let nobody = "http://127.0.0.1:1";
    let services = [
        ("--fulcio-url", world.fulcio.as_str()),
        ("--tlog", world.rekor.as_str()),
        ("--tsa-url", world.tsa.as_str()),
    ];
    for (at, (broken, _)) in services.iter().enumerate() {
        // One does not listen, another answers, but not with what was asked for.
        for stranger in [nobody, world.issuer.as_str()] {
            let mut words = vec!["sign", &image, "--identity-token", &token, "--trusted-root", "root.json"];
            for (n, (flag, url)) in services.iter().enumerate() {
                words.extend([*flag, if n == at { stranger } else { url }]);
            }
            world.ours.run(&words)?.exits(3).map_err(|why| format!("{broken} {stranger}: {why}"))?;
        }
    }
    // A token is a secret: it is sent to this machine or over TLS.
    let open = ["--fulcio-url", "http://fulcio.test", "--tlog", &world.rekor, "--tsa-url", &world.tsa];
    let sign = ["sign", &image, "--identity-token", &token];
    world.ours.run(&[&sign[..], &open].concat())?.exits(3)?.talks_of(&["without TLS"])?;
    bare(world, &image)
}

/// What does not verify against the root is not pushed.
fn unknown(world: &World) -> Result<(), String> {
    let (image, token) = (image(&world.registry, "unknown/app")?, world.token("email", "")?);
    let sign = ["sign", &image, "--identity-token", &token, "--signing-config", "config.json"];
    world.ours.run(&sign)?.exits(3)?.talks_of(&["not given away", "unknown-log"])?;
    let text = std::fs::read_to_string(world.folder.join("root.json")).map_err(|e| e.to_string())?;
    let root: serde_json::Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    for (part, code) in [
        ("certificateAuthorities", "untrusted-certificate"),
        ("ctlogs", "no-trust-root"),
        ("tlogs", "unknown-log"),
        ("timestampAuthorities", "invalid-timestamp"),
    ] {
        let mut less = root.clone();
        less[part] = serde_json::json!([]);
        std::fs::write(world.folder.join("less.json"), less.to_string()).map_err(|e| e.to_string())?;
        let answer = world.ours.run(&[&sign[..], &["--trusted-root", "less.json"]].concat())?;
        answer.exits(3)?.talks_of(&["not given away", code])?;
    }
    bare(world, &image)
}
