//! Secrets: files with planted ones of every rule, decoys and settings, searched by Trivy and by us. The same findings,
//! to the letter of every line that is shown.

use super::world;
use integration::{Case, Program, Random, Skip, demand, ringwall, tell};
use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Files of a folder or image.
type Files = Vec<(String, Vec<u8>)>;

pub(super) fn cases() -> Result<Vec<Case>, Skip> {
    let trivy = peers::installed("trivy").map_err(Skip)?;
    let again = trivy.clone();
    Ok(vec![
        Case::new("secrets/random-folders", move || folders(&ringwall()?, &trivy, integration::seed())),
        Case::new("secrets/random-images", move || images(&ringwall()?, &again, integration::seed())),
        Case::new("secrets/settings-that-are-wrong", || wrong_settings(&ringwall()?)),
        Case::new("secrets/gates-and-cache", || gates(&ringwall()?)),
        Case::new("secrets/what-no-editor-opens", || unusual(&ringwall()?)),
    ])
}

/// A text an expression matches.
fn text(hir: &Hir, random: &mut Random, out: &mut Vec<u8>) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.extend(&literal.0[..]),
        HirKind::Class(Class::Unicode(class)) => {
            let holds = |c: char| class.ranges().iter().any(|r| r.start() <= c && c <= r.end());
            // Line ends now and then, signs mostly.
            let signs: String = (' '..='~').filter(|c| holds(*c)).collect();
            match random.below(if holds('\n') { 8 } else { 1 }) {
                7 => out.push(b'\n'),
                _ => out.push(signs.as_bytes()[random.below(signs.len())]),
            }
        }
        HirKind::Class(Class::Bytes(_)) => out.push(b'a'),
        HirKind::Repetition(repeat) => {
            let most = repeat.max.unwrap_or(repeat.min + 40).min(repeat.min + 40);
            let count = repeat.min as usize + random.below((most - repeat.min) as usize + 1);
            (0..count).for_each(|_| text(&repeat.sub, random, out));
        }
        HirKind::Capture(capture) => text(&capture.sub, random, out),
        HirKind::Concat(parts) => parts.iter().for_each(|part| text(part, random, out)),
        HirKind::Alternation(ways) => text(&ways[random.below(ways.len())], random, out),
    }
}

/// Rules with their parsed expressions.
fn rules() -> Result<Vec<(&'static str, Hir)>, String> {
    let parse = |rule: inventory::BuiltInRule| {
        let hir = regex_syntax::Parser::new().parse(&rule.expression);
        hir.map(|hir| (rule.id, hir)).map_err(|error| format!("{}: {error}", rule.id))
    };
    inventory::built_in_rules().map(parse).collect()
}

const FILLERS: &[&str] = &[
    "\n",
    "\r\n",
    "# a line of words that says nothing\n",
    "key = value\n",
    "password: hunter2\n",
    "caf\u{e9} \u{212a}ey = \u{4e16}\u{754c}\n",
    "sk_test_short AKIA pk_live_ SK0123 dapi ghp_0123\n",
    "-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----\n",
    "export AWS_KEY=",
    " ",
    "\t",
    "\"",
    "'",
];

/// A file with secrets of some rules between fillers.
fn body(random: &mut Random, rules: &[(&'static str, Hir)], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let wide = random.chance(10);
    while out.len() < size {
        match random.below(10) {
            0..=2 => {
                let (_, hir) = &rules[random.below(rules.len())];
                out.extend(random.pick(&[" ", "\n", "=", "x", "\"", ""]).bytes());
                let mut secret = Vec::new();
                text(hir, random, &mut secret);
                if random.chance(10) {
                    // A decoy: one sign short.
                    secret.pop();
                }
                out.extend(&secret);
                out.extend(random.pick(&[" ", "\n", "\r\n", ".", "y", ""]).bytes());
            }
            3 if size > 20_000 => {
                let line = "words in a long file ".repeat(random.below(400));
                out.extend(line.bytes());
                out.extend(if wide { &b" "[..] } else { b"\n" });
            }
            4 if random.chance(20) => out.extend(b"\xe9\xff latin \xfe\n"),
            5 => out.extend("w".repeat(random.below(150)).bytes()),
            _ => out.extend(random.pick(FILLERS).bytes()),
        }
    }
    out
}

const FOLDERS: &[&str] = &[
    "app",
    "srv/conf",
    "usr/share/doc",
    "opt/usr/lib",
    "home/u/.m2",
    "a/tests",
    "a/vendor/b",
    "node_modules/x",
    "x/locale/y",
    "usr/lib/gems",
    "lib/a.dist-info",
    "var/log/anaconda",
    "proc",
    "dev/x",
    "run",
    "etc",
];
const NAMES: &[&str] = &[
    "a.env",
    "settings.xml",
    "settings-security.xml",
    "README.md",
    "go.sum",
    "b.pyc",
    "c.conf",
    "example.txt",
    "id_rsa",
    "Test.java",
    "d.tar",
    "my file (1).txt",
    "e\u{e9}.yaml",
];

/// Random files; one of every rule among them.
fn files(random: &mut Random, count: usize) -> Result<Files, String> {
    let rules = rules()?;
    let mut out: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (at, (id, hir)) in rules.iter().enumerate() {
        let mut bytes = format!("# {at}\n ").into_bytes();
        text(hir, random, &mut bytes);
        bytes.extend(b"\n\n");
        let name = match *id {
            id if id.starts_with("maven-settings-security") => format!("m{at}/settings-security.xml"),
            id if id.starts_with("maven") => format!("m{at}/settings.xml"),
            _ => format!("one/{at}.env"),
        };
        out.insert(name, bytes);
    }
    // What a text made from the expression alone hardly has: the keyword, letter by letter.
    let rare = format!(
        "https://hooks.slack.com/services/{}\n eyJ{}.eyJ{}.{}\n",
        "aB3/".repeat(11),
        "x".repeat(20),
        "y".repeat(20),
        "z".repeat(12)
    );
    out.insert("one/rare.env".into(), rare.into_bytes());
    for at in 0..count {
        let path = format!("{}/{at}/{}", random.pick(FOLDERS), random.pick(NAMES));
        let size = match random.below(12) {
            0 => 66_000 + random.below(140_000),
            1 => 60_000 + random.below(8000),
            2 => random.below(12),
            _ => random.below(3000),
        };
        let mut bytes = body(random, &rules, size);
        if path.ends_with(".pyc") || random.chance(4) {
            bytes.splice(0..0, b"\x0d\x0a\0\0\x01ab".iter().copied());
            bytes.extend(b"\0\0\x02\xc3");
        }
        out.insert(path, bytes);
    }
    Ok(out.into_iter().collect())
}

/// Settings of a kind, from own rules to none.
fn settings(kind: usize) -> &'static str {
    match kind {
        0 => "",
        1 => {
            "disable-rules: [twilio-api-key, jwt-token]\ndisable-allow-rules: [tests, markdown, examples]\nskip-patterns: ['**/*.tar']\n\
             allow-rules:\n- id: own\n  description: d\n  path: ^srv/conf|/srv/conf\n- id: words\n  regex: (?i)aws\n\
             exclude-block:\n  regexes: ['BEGIN[^E]*END']\n"
        }
        _ => {
            "enable-builtin-rules: [github-pat, private-key, facebook-token]\nrules:\n\
             - id: hunter\n  category: general\n  title: Hunter's\n  severity: high\n  regex: (?i)password:\\s*(?P<word>\\S+)\n  secret-group-name: word\n  keywords: [PassWord]\n\
             - id: world\n  category: general\n  title: World\n  severity: terrible\n  regex: \u{4e16}.\n\
             - id: env-only\n  category: general\n  title: Env\n  severity: LOW\n  regex: key = [^x\\n]{1,5}\n  path: \\.(env|yaml)$\n\
             - id: pair\n  category: general\n  title: Pair\n  severity: low\n  regex: (?P<s>AWS)_(?P<s>KEY)\n  secret-group-name: s\n\
             - id: signs\n  category: general\n  title: Signs\n  severity: medium\n  regex: '.{2} \\Qlatin\\E\\s.'\n  allow-rules:\n  - id: a\n    path: usr\n\
             \x20 exclude-block:\n    description: d\n    regexes: ['# a line.*']\n"
        }
    }
}

fn trivy(program: &Path, at: &Path, words: &[&str]) -> Result<Value, String> {
    let out = Command::new(program)
        .args(words)
        .args(["--quiet", "--scanners", "secret", "--disable-telemetry", "--skip-version-check"])
        .current_dir(at)
        .env_clear()
        .env("HOME", at)
        .env("PATH", "/nowhere")
        .output()
        .map_err(|e| format!("{}: {e}", program.display()))?;
    demand!(out.status.success(), "Trivy: {}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).map_err(|e| format!("Trivy's report: {e}"))
}

fn ours(ringwall: &Program, at: &Path, words: &[&str]) -> Result<Value, String> {
    let mut all = vec!["trivy"];
    all.extend(words);
    all.extend(["--quiet", "--scanners", "secret"]);
    ringwall.clone().inside(at).run(&all)?.exits(0)?.json()
}

/// Every finding as its whole text, under its target; targets in order.
fn found(report: &Value) -> Vec<(String, Vec<String>)> {
    let secret = |result: &&Value| result["Class"] == "secret";
    let one = |result: &Value| {
        let list = result["Secrets"].as_array().into_iter().flatten();
        let mut all: Vec<String> = list.map(Value::to_string).collect();
        // Of one rule on one line, in a file of many: Go's sorting is not stable.
        all.sort();
        (result["Target"].as_str().unwrap_or_default().to_owned(), all)
    };
    report["Results"].as_array().into_iter().flatten().filter(secret).map(one).collect()
}

/// Compares, and counts the findings of every rule.
fn same(
    ours: &Value,
    theirs: &Value,
    what: &str,
    rules: &mut BTreeMap<String, usize>,
) -> Result<usize, String> {
    let (ours, theirs) = (found(ours), found(theirs));
    let targets = |list: &[(String, Vec<String>)]| list.iter().map(|(t, _)| t.clone()).collect::<Vec<_>>();
    let (a, b): (BTreeSet<_>, BTreeSet<_>) =
        (targets(&ours).into_iter().collect(), targets(&theirs).into_iter().collect());
    let apart: Vec<_> = a.symmetric_difference(&b).collect();
    demand!(apart.is_empty(), "{what}: only one of the two has {apart:?}");
    demand!(targets(&ours) == targets(&theirs), "{what}: the order of targets differs");
    let mut count = 0;
    for ((target, ours), (_, theirs)) in ours.iter().zip(&theirs) {
        let (a, b): (BTreeSet<_>, BTreeSet<_>) = (ours.iter().collect(), theirs.iter().collect());
        if ours != theirs {
            let only = |x: &BTreeSet<&String>, y: &BTreeSet<&String>| {
                x.difference(y).take(3).map(|s| (*s).clone()).collect::<Vec<_>>().join("\n    ")
            };
            return Err(format!(
                "{what}: {target}:\n  only ringwall ({}):\n    {}\n  only Trivy ({}):\n    {}",
                ours.len(),
                only(&a, &b),
                theirs.len(),
                only(&b, &a)
            ));
        }
        count += ours.len();
        for one in ours {
            let value: Value = serde_json::from_str(one).unwrap_or_default();
            *rules.entry(value["RuleID"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
    }
    Ok(count)
}

fn write(at: &Path, files: &Files) -> Result<(), String> {
    for (path, bytes) in files {
        let path = at.join(path);
        let folder = path.parent().map(PathBuf::from).unwrap_or_default();
        std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(&path, bytes))
            .map_err(|e| e.to_string())?;
    }
    Ok(())
}

fn folders(ringwall: &Program, program: &Path, seed: u64) -> Result<(), String> {
    tell(&format!("seed {seed}"));
    let mut random = Random::new(seed);
    let (mut count, mut rules) = (0, BTreeMap::new());
    for kind in 0..3 {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let (at, inside) = (folder.path(), folder.path().join("src"));
        write(&inside, &files(&mut random, 150)?)?;
        std::fs::write(at.join("own.yaml"), settings(kind)).map_err(|e| e.to_string())?;
        let cache = at.join("cache").display().to_string();
        let mut words = vec!["fs", "src", "--format", "json", "--cache-dir", &cache];
        if kind > 0 {
            words.extend(["--secret-config", "own.yaml"]);
        }
        let theirs = trivy(program, at, &words)?;
        let what = format!("RINGWALL_SEED={seed}, settings {kind}");
        count += same(&ours(ringwall, at, &words)?, &theirs, &what, &mut rules)?;
    }
    let missing: Vec<_> =
        inventory::built_in_rules().filter(|r| !rules.contains_key(r.id)).map(|r| r.id).collect();
    tell(&format!("{count} equal findings of {} rules; none of {missing:?}", rules.len()));
    // A generated text may match nothing (a word in a word); a rule that never finds anything is none.
    demand!(missing.len() < 4, "no secret of {missing:?} was found by either");
    demand!(
        count > 500
            && ["hunter", "world", "env-only", "signs", "pair"].iter().all(|id| rules.contains_key(*id)),
        "{rules:?}"
    );
    Ok(())
}

/// A docker archive with a history and variables.
fn image(layers: &[Files], steps: &[(&str, bool)], env: &[String]) -> Vec<u8> {
    let packed: Vec<Vec<u8>> = layers.iter().map(|files| world::tar(files)).collect();
    let digest = |bytes: &[u8]| inventory::sha256(bytes).map(|d| d.to_string()).unwrap_or_default();
    let ids: Vec<String> = packed.iter().map(|bytes| digest(bytes)).collect();
    let steps: Vec<Value> = steps
        .iter()
        .map(|(by, empty)| match empty {
            true => json!({"created": "2024-01-01T00:00:00Z", "created_by": by, "empty_layer": true}),
            false => json!({"created": "2024-01-01T00:00:00Z", "created_by": by}),
        })
        .collect();
    let config = json!({
        "architecture": "amd64", "os": "linux", "created": "2024-01-01T00:00:00Z", "config": {"Env": env, "Cmd": ["sh"]},
        "rootfs": {"type": "layers", "diff_ids": ids}, "history": steps,
    })
    .to_string()
    .into_bytes();
    let name = digest(&config).replace("sha256:", "") + ".json";
    let names: Vec<String> = (0..packed.len()).map(|n| format!("{n}/layer.tar")).collect();
    let manifest =
        json!([{"Config": name, "RepoTags": ["registry.test/app:1"], "Layers": names}]).to_string();
    let mut files: Files = names.into_iter().zip(packed).collect();
    files.push((name, config));
    files.push(("manifest.json".into(), manifest.into_bytes()));
    world::tar(&files)
}

/// Three layers: what is above hides, changes and adds; the lowest may be a base image's.
fn layered(random: &mut Random) -> Result<(Vec<Files>, Vec<String>), String> {
    let plain = |files: Files| -> Files { files.into_iter().filter(|(path, _)| path.len() < 99).collect() };
    let lower = plain(files(random, 60)?);
    let rules = rules()?;
    let (mut middle, mut upper) = (plain(files(random, 10)?), Vec::new());
    middle.retain(|_| random.chance(50));
    for (path, _) in &lower {
        match random.below(12) {
            0 => {
                let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
                upper.push((format!("{folder}/.wh.{name}"), Vec::new()));
            }
            1 | 2 => upper.push((path.clone(), body(random, &rules, 400))),
            _ => {}
        }
    }
    let mut env = vec!["PATH=/bin".to_owned()];
    for _ in 0..6 {
        let mut secret = b"KEY= ".to_vec();
        text(&rules[random.below(rules.len())].1, random, &mut secret);
        env.push(String::from_utf8_lossy(&secret).into_owned());
    }
    env.push("TOKEN= ghp_0123456789abcdefghijABCDEFGHIJ012345 <&>".to_owned());
    Ok((vec![lower, middle, upper], env))
}

fn images(ringwall: &Program, program: &Path, seed: u64) -> Result<(), String> {
    tell(&format!("seed {seed}"));
    let mut random = Random::new(seed);
    let (mut count, mut rules) = (0, BTreeMap::new());
    let run = |by| (by, false);
    let command = ("/bin/sh -c #(nop)  CMD [\"sh\"]", true);
    let histories: [&[(&str, bool)]; 4] = [
        &[run("/bin/sh -c #(nop) ADD file:x in / "), run("/bin/sh -c apk add x"), run("COPY . . # buildkit")],
        &[run("ADD rootfs.tar /"), command, run("RUN a"), run("RUN b"), ("CMD [\"app\"]", true)],
        &[run("ADD rootfs.tar /"), run("RUN a"), ("CMD [\"sh\"]", true), ("ENV A=b", true), run("RUN b")],
        &[run("only one step")],
    ];
    for (at, steps) in histories.iter().enumerate() {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let place = folder.path();
        let (layers, env) = layered(&mut random)?;
        let archive = image(&layers, steps, &env);
        std::fs::write(place.join("image.tar"), archive).map_err(|e| e.to_string())?;
        std::fs::write(place.join("trivy-secret.yaml"), settings(if at == 3 { 2 } else { 1 }))
            .map_err(|e| e.to_string())?;
        let mut words = vec!["image", "--input", "image.tar", "--format", "json", "--cache-dir", "cache"];
        words.extend(if at == 0 {
            ["--secret-config", "none.yaml"]
        } else {
            ["--skip-files", "etc/**,**/*.conf"]
        });
        let theirs = trivy(program, place, &words)?;
        let what = format!("RINGWALL_SEED={seed}, image {at}");
        count += same(&ours(ringwall, place, &words)?, &theirs, &what, &mut rules)?;
        // Once more from the cache, and as SARIF.
        same(&ours(ringwall, place, &words)?, &theirs, &format!("{what}, again"), &mut rules)?;
        for word in words.iter_mut().filter(|word| **word == "json") {
            *word = "sarif";
        }
        let (mut ours, mut theirs) = (ours(ringwall, place, &words)?, trivy(program, place, &words)?);
        for report in [&mut ours, &mut theirs] {
            report["runs"][0]["tool"]["driver"]["version"] = Value::Null;
        }
        let order = |report: &Value| {
            let results = report["runs"][0]["results"].as_array();
            let mut all: Vec<String> = results.into_iter().flatten().map(Value::to_string).collect();
            all.sort();
            all
        };
        let (a, b) = (order(&ours), order(&theirs));
        let differ = a.iter().zip(&b).find(|(a, b)| a != b);
        demand!(
            a.len() == b.len() && differ.is_none(),
            "{what}: as SARIF {} and {}: {differ:?}",
            a.len(),
            b.len()
        );
    }
    tell(&format!("{count} equal findings of {} rules", rules.len()));
    demand!(count > 150 && rules.len() > 60, "only {count} findings");
    Ok(())
}

fn wrong_settings(ringwall: &Program) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let at = folder.path();
    std::fs::write(at.join("a.env"), "nothing at all\n").map_err(|e| e.to_string())?;
    let run = |words: &[&str]| {
        let mut all = vec!["scan", "fs", ".", "--scanners", "secret"];
        all.extend(words);
        ringwall.clone().inside(at).run(&all)
    };
    run(&[])?.exits(0)?.names(&["secrets: 0 found in 1 file searched", "Nothing was found"])?;
    run(&["--secret-config", "none.yaml"])?.exits(0)?.talks_of(&["none.yaml: there is no such file"])?;
    for (text, want) in [
        ("rules:\n- id: own\n  regex: '('\n", "rule own: regex"),
        ("rules: 1\n", "rules is no list"),
        ("", "it is empty"),
        ("a: [", "trivy-secret.yaml"),
    ] {
        std::fs::write(at.join("trivy-secret.yaml"), text).map_err(|e| e.to_string())?;
        run(&[])?.exits(3)?.talks_of(&[want])?;
        ringwall
            .clone()
            .inside(at)
            .run(&["trivy", "fs", ".", "--scanners", "secret"])?
            .exits(1)?
            .talks_of(&[want])?;
        // Who looks for no secrets needs no settings.
        ringwall.clone().inside(at).run(&["scan", "fs", ".", "--scanners", "license"])?.exits(0)?;
    }
    std::fs::write(at.join("trivy-secret.yaml"), "rules:\n- {id: own, severity: bad, regex: not}\n")
        .map_err(|e| e.to_string())?;
    run(&[])?.exits(0)?.talks_of(&["bad", "is no severity", "own"])?;
    Ok(())
}

/// One line without end, bytes that are no text, secrets without end: found or named, in bounded memory.
fn unusual(ringwall: &Program) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let at = folder.path();
    let token = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    let mut line = b"aws_secret_access_key = -----BEGIN PRIVATE KEY----- sk_live_ ".repeat(1 << 20);
    line.extend(format!(" {token} ").bytes());
    let files = [
        ("line.txt", line),
        ("nul.txt", format!("{}\0 {token} ", "a".repeat(400)).into_bytes()),
        ("binary.txt", format!("a\0b {token} ").into_bytes()),
        ("latin.txt", [b"\xe9\xff ", token.as_bytes(), b" \xfe\r\n"].concat()),
    ];
    let scan = |more: &[&str]| {
        let mut words = vec!["scan", "fs", ".", "--scanners", "secret", "--strict"];
        words.extend(more);
        ringwall.clone().inside(at).run(&words)
    };
    for (name, bytes) in files {
        std::fs::write(at.join(name), bytes).map_err(|e| e.to_string())?;
    }
    let answer = scan(&["--format", "json"])?;
    answer.exits(0)?.costs_less(60, 96)?;
    let report = answer.json()?;
    let found: Vec<String> =
        found(&report).into_iter().map(|(target, all)| format!("{target} {}", all.len())).collect();
    demand!(found == ["latin.txt 1", "line.txt 1", "nul.txt 1"], "found {found:?}");
    scan(&[])?.exits(0)?.names(&["secrets: 3 found in 3 files searched; 1 are no text"])?;
    // More than there is room for: what is left out is unknown, and --strict says so.
    std::fs::write(at.join("many.txt"), format!("{token} some words around it\n").repeat(60_000))
        .map_err(|e| e.to_string())?;
    let answer = scan(&[])?;
    answer.exits(3)?.costs_less(60, 160)?;
    answer.names(&["secrets: there are more than the limit"])?;
    Ok(())
}

fn gates(ringwall: &Program) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let at = folder.path();
    let put = |name: &str, text: &str| std::fs::write(at.join(name), text).map_err(|e| e.to_string());
    let token = "token: ghp_0123456789abcdefghijABCDEFGHIJ012345\n";
    let layer = vec![("app/a.env".to_owned(), token.as_bytes().to_vec())];
    let archive = image(&[layer], &[("RUN a", false)], &[]);
    std::fs::write(at.join("image.tar"), archive).map_err(|e| e.to_string())?;
    let scan = |scanners: &str, more: &[&str]| {
        let mut words =
            vec!["scan", "image", "--input", "image.tar", "--cache-dir", "cache", "--exit-code", "9"];
        words.extend(["--scanners", scanners]);
        words.extend(more);
        ringwall.clone().inside(at).run(&words)
    };
    // What is kept of a scan without secrets does not answer one with.
    scan("license", &[])?.exits(0)?.names(&["secrets: not scanned"])?;
    for _ in 0..2 {
        let answer = scan("secret", &[])?;
        let words =
            ["secrets: 1 found in 1 file searched", "/app/a.env (secrets)", "github-pat", "brought by RUN a"];
        answer.exits(9)?.names(&words)?;
        answer.names_none_of(&["ghp_0123"])?;
    }
    scan("secret", &["--severity", "HIGH"])?.exits(0)?;
    put(".trivyignore", "github-pat\n")?;
    scan("secret", &[])?.exits(0)?;
    std::fs::remove_file(at.join(".trivyignore")).map_err(|e| e.to_string())?;
    for (entry, code) in [
        ("- id: github-pat\n  paths: ['/app/**']\n", 0),
        ("- id: github-pat\n  paths: ['/etc/**']\n", 9),
        ("- id: github-pat\n  expired_at: 2020-01-01\n", 9),
        ("- id: other\n", 9),
    ] {
        put(".trivyignore.yaml", &format!("secrets:\n{entry}"))?;
        scan("secret", &[])?.exits(code)?;
    }
    // Other settings are another search.
    put(".trivyignore.yaml", "secrets: []\n")?;
    put("trivy-secret.yaml", "disable-rules: [github-pat]\n")?;
    scan("secret", &[])?.exits(0)?;
    put("trivy.yaml", "secret:\n  config: other.yaml\n")?;
    ringwall
        .clone()
        .inside(at)
        .run(&[
            "trivy",
            "image",
            "--input",
            "image.tar",
            "--cache-dir",
            "cache",
            "--scanners",
            "secret",
            "--exit-code",
            "9",
        ])?
        .exits(9)?
        .talks_of(&["other.yaml"])?;
    Ok(())
}
