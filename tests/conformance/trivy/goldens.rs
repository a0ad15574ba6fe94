//! Reports Trivy's own tests expect, from the same inputs and the same database.

use super::world::{self, Rows};
use integration::{Program, demand};
use serde_json::Value;
use std::path::Path;

/// One golden: its name, the words that lead to it, whether packages are listed.
pub(super) struct Golden {
    pub(super) name: &'static str,
    golden: &'static str,
    words: &'static [&'static str],
    list: bool,
}

const fn repo(
    name: &'static str,
    golden: &'static str,
    words: &'static [&'static str],
    list: bool,
) -> Golden {
    Golden { name, golden, words, list }
}

const R: &str = "testdata/fixtures/repo";

/// Every golden of vulnerabilities whose input is there.
pub(super) static GOLDENS: &[Golden] = &[
    repo("gomod", "gomod", &["repo", "{R}/gomod"], false),
    repo("gomod-filesystem", "gomod", &["fs", "{R}/gomod"], false),
    repo(
        "gomod-skip-files",
        "gomod-skip",
        &["repo", "{R}/gomod", "--skip-files", "{R}/gomod/submod2/go.mod"],
        false,
    ),
    repo("gomod-skip-dirs", "gomod-skip", &["repo", "{R}/gomod", "--skip-dirs", "{R}/gomod/submod2"], false),
    repo("npm", "npm", &["repo", "{R}/npm"], true),
    repo("npm-with-dev", "npm-with-dev", &["repo", "{R}/npm", "--include-dev-deps"], true),
    repo(
        "npm-ubuntu-severity",
        "npm-ubuntu-severity",
        &["repo", "{R}/npm", "--vuln-severity-source", "alpine,ubuntu"],
        false,
    ),
    repo("pip", "pip", &["repo", "{R}/pip"], true),
    repo("poetry", "poetry", &["repo", "{R}/poetry"], true),
    repo("composer", "composer.lock", &["repo", "{R}/composer"], true),
    repo("cargo", "cargo.lock", &["repo", "{R}/cargo"], true),
    repo("pom", "pom", &["repo", "{R}/pom"], false),
    repo("gradle", "gradle", &["repo", "{R}/gradle"], false),
    repo(
        "gomod-vex",
        "gomod-vex",
        &["repo", "{R}/gomod", "--vex", "testdata/fixtures/vex/file/openvex.json"],
        false,
    ),
    repo("gomod-vex-repo", "gomod-vex", &["repo", "{R}/gomod", "--vex", "repo"], false),
    repo("sbom-spdx-tags", "centos-7", &["sbom", "testdata/fixtures/sbom/centos-7-spdx.txt"], false),
    repo("sbom-cyclonedx", "centos-7", &["sbom", "testdata/fixtures/sbom/centos-7-cyclonedx.json"], false),
    repo(
        "sbom-intoto",
        "centos-7",
        &["sbom", "testdata/fixtures/sbom/centos-7-cyclonedx.intoto.jsonl"],
        false,
    ),
    repo("sbom-spdx", "centos-7", &["sbom", "testdata/fixtures/sbom/centos-7-spdx.json"], false),
];

/// The database of the goldens, from its YAML.
pub(super) fn rows(corpus: &Path) -> Result<Rows, String> {
    let folder = corpus.join("trivy/integration/testdata/fixtures/db");
    let mut out = Rows::new();
    let mut names: Vec<_> =
        std::fs::read_dir(&folder).map_err(|e| e.to_string())?.flatten().map(|e| e.path()).collect();
    names.sort();
    for path in names {
        let text = std::fs::read(&path).map_err(|e| e.to_string())?;
        let (documents, diagnostics) = yaml::read(&text, &yaml::Caps::default());
        demand!(diagnostics.is_empty(), "{}: {diagnostics:?}", path.display());
        for document in documents {
            for entry in document.value.as_array().into_iter().flatten() {
                flatten(entry, "", &mut out);
            }
        }
    }
    demand!(out.len() > 140, "only {} rows", out.len());
    Ok(out)
}

fn flatten(entry: &Value, at: &str, out: &mut Rows) {
    let path = |key: &str| format!("{at}{key}");
    match (entry["bucket"].as_str(), entry["key"].as_str()) {
        (Some(bucket), _) => {
            for inner in entry["pairs"].as_array().into_iter().flatten() {
                flatten(inner, &path(&format!("{bucket}|")), out);
            }
        }
        (None, Some(key)) => out.push((path(key), whole(&entry["value"]).to_string())),
        _ => {}
    }
}

/// Numbers as a database has them, without what is null.
fn whole(value: &Value) -> Value {
    match value {
        Value::Number(n) => match n.as_f64().filter(|f| f.fract() == 0.0) {
            Some(f) => Value::from(f as i64),
            None => value.clone(),
        },
        Value::Array(list) => list.iter().map(whole).collect(),
        Value::Object(fields) => {
            fields.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), whole(v))).collect()
        }
        other => other.clone(),
    }
}

/// Runs one golden.
pub(super) fn check(golden: &Golden, ringwall: &Program, corpus: &Path) -> Result<(), String> {
    let cache = tempfile::tempdir().map_err(|e| e.to_string())?;
    world::cache(cache.path(), &world::database(&rows(corpus)?))?;
    let inside = corpus.join("trivy/integration");
    stage(&inside.join("testdata/fixtures/vex"), cache.path()).map_err(|e| e.to_string())?;
    let words: Vec<String> = golden.words.iter().map(|word| word.replace("{R}", R)).collect();
    let mut all: Vec<&str> = vec!["trivy"];
    all.extend(words.iter().map(String::as_str));
    let list = format!("--list-all-pkgs={}", golden.list);
    let cache_dir = cache.path().display().to_string();
    all.extend(["--skip-db-update", "--offline-scan", "--scanners", "vuln", "--format", "json", &list]);
    let answer = ringwall
        .clone()
        .inside(&inside)
        .env("XDG_DATA_HOME", &cache_dir)
        .env("TRIVY_CACHE_DIR", &cache_dir)
        .run(&all)?;
    let mut got = answer.exits(0)?.json()?;
    let path = inside.join(format!("testdata/{}.json.golden", golden.golden));
    let text = std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut want: Value = serde_json::from_slice(&text).map_err(|e| e.to_string())?;
    let sbom = words.first().is_some_and(|word| word == "sbom");
    for report in [&mut got, &mut want] {
        level(report, sbom, golden.name == "gomod-filesystem")?;
    }
    same(&got, &want, "")
}

/// A repository of VEX documents, as it lies once it was fetched.
fn stage(vex: &Path, cache: &Path) -> std::io::Result<()> {
    let (settings, repository) = (cache.join(".trivy/vex"), cache.join("vex/repositories/default"));
    std::fs::create_dir_all(&settings)?;
    std::fs::create_dir_all(repository.join("0.1"))?;
    for (from, to) in [
        ("config/repository.yaml", settings.join("repository.yaml")),
        ("repositories/default/vex-repository.json", repository.join("vex-repository.json")),
        ("repositories/default/0.1/index.json", repository.join("0.1/index.json")),
        ("file/openvex.json", repository.join("0.1/openvex.json")),
    ] {
        std::fs::copy(vex.join(from), to)?;
    }
    std::fs::write(repository.join("cache.json"), r#"{"UpdatedAt":"2100-01-01T00:00:00Z"}"#)
}

/// Takes out what the two cannot share: clock, version, and for a bill of materials what only an image has.
fn level(report: &mut Value, sbom: bool, filesystem: bool) -> Result<(), String> {
    let fields = report.as_object_mut().ok_or("no report")?;
    for key in ["ReportID", "CreatedAt", "Trivy"] {
        demand!(fields.remove(key).is_some(), "no {key}");
    }
    if filesystem {
        fields.remove("ArtifactType");
    }
    if sbom {
        for key in ["ArtifactID", "ArtifactName", "ArtifactType", "Metadata"] {
            fields.remove(key);
        }
        for result in fields.get_mut("Results").and_then(Value::as_array_mut).into_iter().flatten() {
            result["Target"] = Value::Null;
            for one in result["Vulnerabilities"].as_array_mut().into_iter().flatten() {
                one["Fingerprint"] = Value::Null;
                one["Layer"] = Value::Null;
                let names = one["PkgIdentifier"].as_object_mut().ok_or("no PkgIdentifier")?;
                names.remove("UID");
                names.remove("BOMRef");
            }
        }
    }
    Ok(())
}

/// Where two documents differ first.
fn same(got: &Value, want: &Value, at: &str) -> Result<(), String> {
    match (got, want) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys()) {
                let null = Value::Null;
                same(a.get(key).unwrap_or(&null), b.get(key).unwrap_or(&null), &format!("{at}/{key}"))?;
            }
            Ok(())
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().try_for_each(|(n, (a, b))| same(a, b, &format!("{at}/{n}")))
        }
        _ if got == want => Ok(()),
        _ => {
            let short = |v: &Value| v.to_string().chars().take(200).collect::<String>();
            Err(format!("{at}: {} instead of {}", short(got), short(want)))
        }
    }
}
