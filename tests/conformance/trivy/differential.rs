//! Random images, scanned by Trivy and by us with one database: the same findings.
//!
//! Names and versions are those the database knows, near the versions where its advisories begin and end. The classes
//! in which we mean to differ are a table; anything else fails, with the seed that repeats it.

use super::forms;
use super::lists::findings;
use super::world::{self, Rows};
use integration::{Case, Program, Random, Skip, demand, ringwall, tell};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// How many images a run scans with both.
const IMAGES: usize = 50;

/// A class of differences that is meant, with its reason.
struct Class {
    name: &'static str,
    why: &'static str,
    /// Whether a finding that only one of the two has belongs to it.
    is: fn(&str) -> bool,
}

/// At most twelve. None is needed so far.
static CLASSES: &[Class] = &[];

pub(super) fn cases() -> Result<Vec<Case>, Skip> {
    let trivy = peers::installed("trivy").map_err(Skip)?;
    Ok(vec![
        Case::new("differential/classes-are-few-and-reasoned", || {
            demand!(CLASSES.len() <= 12, "{} classes", CLASSES.len());
            for class in CLASSES {
                demand!(!class.name.is_empty() && !class.why.is_empty() && !(class.is)(""), "{}", class.name);
            }
            Ok(())
        }),
        Case::new("differential/random-images", move || {
            let ringwall = ringwall()?;
            run(&ringwall, &trivy, integration::seed(), IMAGES)
        }),
    ])
}

/// Advisories of our own about names that are easy to have: what the corpus' database has none of.
fn rows() -> Rows {
    let mut out = Rows::new();
    let mut add = |path: String, value: String| out.push((path, value));
    for (n, severity) in [1, 2, 3, 4].into_iter().enumerate() {
        for k in 0..30 {
            let id = format!("CVE-20{:02}-{}", 20 + n, 1000 + k);
            let score = format!(
                r#"{{"nvd":{{"V3Vector":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H","V3Score":{}.{}}}}}"#,
                severity * 2,
                k % 10
            );
            let vendor = if k % 3 == 0 {
                format!(r#"{{"nvd":{severity},"ghsa":{}}}"#, (severity + 1).min(4))
            } else {
                format!(r#"{{"nvd":{severity}}}"#)
            };
            add(
                format!("vulnerability|{id}"),
                format!(
                    r#"{{"Title":"{id} <breaks> & enters","VendorSeverity":{vendor},"CVSS":{score},"CweIDs":["CWE-{k}"],"References":["https://registry.test/{id}"],"PublishedDate":"2020-01-01T00:00:00Z"}}"#
                ),
            );
        }
    }
    let id = |n: usize| format!("CVE-20{:02}-{}", 20 + n % 4, 1000 + n / 4 % 30);
    let mut n = 0;
    let mut next = || {
        n += 1;
        id(n)
    };
    for (bucket, source, names) in [
        ("npm::GitHub Security Advisory Npm", "ghsa", NPM),
        ("pip::GitHub Security Advisory Pip", "ghsa", PYPI),
        ("maven::GitHub Security Advisory Maven", "ghsa", MAVEN),
        ("rubygems::GitHub Security Advisory RubyGems", "ghsa", forms::RUBY),
        ("composer::GitHub Security Advisory Composer", "ghsa", forms::PHP),
        ("nuget::GitHub Security Advisory NuGet", "ghsa", forms::NUGET),
        ("cargo::RustSec", "rustsec", CARGO),
    ] {
        add(
            format!("data-source|{bucket}"),
            format!(r#"{{"ID":"{source}","Name":"{bucket}","URL":"https://registry.test/"}}"#),
        );
        for name in names {
            // As the database has them; the case of a name is of no account.
            let name = name.to_lowercase();
            add(
                format!("{bucket}|{name}|{}", next()),
                r#"{"PatchedVersions":["1.5.0"],"VulnerableVersions":["<1.5.0"]}"#.into(),
            );
            add(format!("{bucket}|{name}|{}", next()), r#"{"VulnerableVersions":["\u003e=1.0.0, \u003c1.2.3","\u003e=2.0.0, \u003c2.1.0"],"PatchedVersions":["1.2.3","2.1.0"]}"#.into());
            add(format!("{bucket}|{name}|{}", next()), r#"{"VulnerableVersions":["<=1.2.0"]}"#.into());
            add(
                format!("{bucket}|{name}|{}", next()),
                r#"{"VulnerableVersions":["=1.4.0"],"VendorIDs":["GHSA-x"]}"#.into(),
            );
        }
    }
    for (bucket, source) in [
        ("alpine 3.19", "alpine"),
        ("debian 12", "debian"),
        ("ubuntu 22.04", "ubuntu"),
        ("wolfi", "wolfi"),
        ("SUSE Linux Enterprise 15.3", "suse-cvrf"),
    ] {
        add(
            format!("data-source|{bucket}"),
            format!(r#"{{"ID":"{source}","Name":"{bucket}","URL":"https://registry.test/"}}"#),
        );
        for name in SYSTEM {
            for fixed in ["1.2.3-r1", "1.5.0-r0", "2.0.0-r3"] {
                let fixed = if bucket.starts_with("alpine") || bucket == "wolfi" {
                    fixed.to_owned()
                } else {
                    fixed.replace("-r", "-")
                };
                add(format!("{bucket}|{name}|{}", next()), format!(r#"{{"FixedVersion":"{fixed}"}}"#));
            }
            if source == "debian" || source == "ubuntu" {
                add(format!("{bucket}|{name}|{}", next()), r#"{"Severity":2,"Status":5}"#.into());
                add(format!("{bucket}|{name}|CVE-2030-{}", name.len()), "{}".into());
            }
        }
    }
    out
}

pub(super) const NPM: &[&str] = &["left-pad", "@scope/thing", "lodash", "minimist"];
pub(super) const PYPI: &[&str] = &["flask", "zope-interface", "jinja2", "pyyaml"];
const MAVEN: &[&str] =
    &["org.apache.logging.log4j:log4j-core", "com.example:lib", "com.example:app", "org.other:lib"];
const CARGO: &[&str] = &["smallvec", "time"];
pub(super) const SYSTEM: &[&str] = &["openssl", "musl", "zlib", "bash", "libxml2"];

/// A version near where advisories begin and end.
pub(super) fn version(random: &mut Random) -> String {
    let core = random.pick(&[
        "0.9.0", "1.0.0", "1.2.0", "1.2.2", "1.2.3", "1.2.4", "1.4.0", "1.4.9", "1.5.0", "1.5.1", "2.0.0",
        "2.0.9", "2.1.0", "3.0.0",
    ]);
    core.to_owned()
}

/// One random image, and the folder form of its lock files.
fn files(random: &mut Random) -> Vec<(String, Vec<u8>)> {
    let mut out: Vec<(String, Vec<u8>)> = Vec::new();
    let system = random.pick(&[
        "alpine 3.19.1",
        "debian 12",
        "ubuntu 22.04",
        "wolfi 20230201",
        "alpine 3.10.2",
        "debian 9",
        "sles 15.3",
    ]);
    let (id, release) = system.split_once(' ').unwrap_or((system, ""));
    out.push(("etc/os-release".into(), format!("ID={id}\nVERSION_ID=\"{release}\"\n").into_bytes()));
    // Trivy tells these two by files of their own.
    match id {
        "debian" => {
            out.push(("etc/debian_version".into(), format!("{release}.{}\n", random.below(9)).into_bytes()))
        }
        "ubuntu" => out.push((
            "etc/lsb-release".into(),
            format!("DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE={release}\n").into_bytes(),
        )),
        _ => {}
    }
    let mut database = String::new();
    for source in random.some(SYSTEM, SYSTEM.len()) {
        let version = version(random);
        let number = random.below(4);
        for name in random.some(&["", "-libs", "-dev"], 2) {
            let name = format!("{source}{name}");
            match id {
                "alpine" | "wolfi" => {
                    let suffix = random.pick(&["", "_rc1", "_p2", "a"]);
                    database.push_str(&format!(
                        "P:{name}\nV:{version}{suffix}-r{number}\nA:x86_64\no:{source}\n\n"
                    ));
                }
                "sles" => {}
                _ => {
                    let epoch = random.pick(&["", "", "1:"]);
                    let suffix = random.pick(&["", "~rc1", "+b1", "+deb12u1"]);
                    let built = if random.chance(30) {
                        format!("Source: {source} ({epoch}{version}-{number})\n")
                    } else {
                        format!("Source: {source}\n")
                    };
                    let status =
                        if random.chance(90) { "install ok installed" } else { "deinstall ok config-files" };
                    let who =
                        if random.chance(10) { "Docker <support@docker.com>" } else { "D <d@debian.org>" };
                    database.push_str(&format!("Package: {name}\nStatus: {status}\nMaintainer: {who}\nArchitecture: amd64\n{built}Version: {epoch}{version}{suffix}-{number}\n\n"));
                }
            }
        }
    }
    match id {
        "sles" => out.extend(forms::rpms(random)),
        "alpine" | "wolfi" => out.push(("lib/apk/db/installed".into(), database.into_bytes())),
        _ => out.push(("var/lib/dpkg/status".into(), database.into_bytes())),
    }
    out.extend(forms::installed(random));
    for name in random.some(PYPI, 3) {
        let version =
            format!("{}{}", version(random), random.pick(&["", "", "rc1", ".post1", ".dev2", "+local"]));
        let spelled = if random.chance(50) { name.to_owned() } else { name.replace('-', "_").to_uppercase() };
        let body = format!("Metadata-Version: 2.1\nName: {spelled}\nVersion: {version}\n\ntext\n");
        out.push((
            format!("usr/lib/python3/site-packages/{name}-{version}.dist-info/METADATA"),
            body.into_bytes(),
        ));
    }
    for name in random.some(NPM, 3) {
        let version = format!("{}{}", version(random), random.pick(&["", "", "-beta.1", "-rc1", "+build"]));
        let body = format!(r#"{{"name":"{name}","version":"{version}","license":"MIT"}}"#);
        out.push((format!("app/node_modules/{name}/package.json"), body.into_bytes()));
    }
    if random.chance(60) {
        let lock: String = CARGO
            .iter()
            .map(|name| format!("[[package]]\nname = \"{name}\"\nversion = \"{}\"\n\n", version(random)))
            .collect();
        out.push(("app/Cargo.lock".into(), format!("version = 3\n\n{lock}").into_bytes()));
    }
    for full in random.some(MAVEN, 2) {
        let (group, name) = full.split_once(':').unwrap_or((full, ""));
        let version = version(random);
        let properties = format!("groupId={group}\nartifactId={name}\nversion={version}\n");
        let inside = format!("META-INF/maven/{group}/{name}/pom.properties");
        let jar = world::zip(&[(&inside, properties.as_bytes())]);
        let nested = format!("WEB-INF/lib/{name}-{version}.jar");
        match random.chance(50) {
            true => out.push((format!("opt/{name}-{version}.jar"), jar)),
            false => out.push((format!("opt/{name}-app.war"), world::zip(&[(&nested, &jar)]))),
        }
    }
    out
}

/// Upper layers change and hide what lower ones hold.
fn layers(random: &mut Random) -> Vec<Vec<(String, Vec<u8>)>> {
    let lower = files(random);
    let mut upper = Vec::new();
    for (path, body) in &lower {
        if path.starts_with("etc/")
            || path.contains("/lib/") && path.ends_with("installed")
            || path.contains("rpm/Packages")
        {
            continue;
        }
        if random.chance(15) {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            upper.push((format!("{folder}/.wh.{name}"), Vec::new()));
        } else if random.chance(10) {
            upper.push((path.clone(), body.clone()));
        }
    }
    vec![lower, upper]
}

pub(super) fn trivy(program: &Path, target: &[&str], cache: &str) -> Result<Value, String> {
    let out = Command::new(program)
        .args(target)
        .args(["--quiet", "--cache-dir", cache, "--skip-db-update", "--skip-java-db-update"])
        .args([
            "--offline-scan",
            "--scanners",
            "vuln",
            "--format",
            "json",
            "--list-all-pkgs",
            "--disable-telemetry",
            "--skip-version-check",
        ])
        .current_dir(cache)
        .env_clear()
        .env("HOME", cache)
        .output()
        .map_err(|e| format!("{}: {e}", program.display()))?;
    demand!(out.status.success(), "Trivy: {}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).map_err(|e| format!("Trivy's report: {e}"))
}

/// Packages of a report, as both must list them.
fn packages(report: &Value) -> BTreeSet<String> {
    let results = report["Results"].as_array().into_iter().flatten();
    results
        .flat_map(|r| {
            let target = r["Type"].as_str().unwrap_or_default();
            r["Packages"].as_array().into_iter().flatten().map(move |p| {
                let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
                format!(
                    "{target} {} {} {} {} {} {}",
                    text(&p["Relationship"]),
                    p["Dev"],
                    text(&p["ID"]),
                    text(&p["Name"]),
                    text(&p["Identifier"]["PURL"]),
                    text(&p["FilePath"])
                )
            })
        })
        .collect()
}

/// What two programs found, held against each other.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) agreed: usize,
    empty: usize,
    classes: BTreeMap<&'static str, usize>,
}

impl Tally {
    /// # Errors
    /// What only one of them has, outside the classes that are meant.
    pub(super) fn compare(&mut self, at: &str, ours: &Value, theirs: &Value) -> Result<(), String> {
        for (what, ours, theirs) in
            [("findings", findings(ours), findings(theirs)), ("packages", packages(ours), packages(theirs))]
        {
            for one in ours.symmetric_difference(&theirs) {
                let class = CLASSES.iter().find(|class| (class.is)(one));
                let who = if ours.contains(one) { "ringwall" } else { "Trivy" };
                let class = class.ok_or_else(|| {
                    let all: Vec<&String> = ours.symmetric_difference(&theirs).collect();
                    format!("{at}: only {who} has of {what}: {one}; all differences: {all:#?}")
                })?;
                *self.classes.entry(class.name).or_default() += 1;
            }
            if what == "findings" {
                self.agreed += ours.intersection(&theirs).count();
                self.empty += usize::from(theirs.is_empty());
            }
        }
        Ok(())
    }
}

fn run(ringwall: &Program, program: &Path, seed: u64, count: usize) -> Result<(), String> {
    tell(&format!("seed {seed}"));
    let mut random = Random::new(seed);
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    world::cache(folder.path(), &world::database(&rows()))?;
    let cache = folder.path().display().to_string();
    let archive = folder.path().join("image.tar").display().to_string();
    let mut tally = Tally::default();
    let ours = |target: &[&str]| -> Result<Value, String> {
        let mut words = vec!["trivy"];
        words.extend(target);
        words.extend([
            "--cache-dir",
            &cache,
            "--skip-db-update",
            "--skip-java-db-update",
            "--scanners",
            "vuln",
            "-f",
            "json",
        ]);
        ringwall.run(&words)?.exits(0)?.json()
    };
    for at in 0..count {
        let image =
            world::image(&layers(&mut random), &format!("registry.test/app{at}:1"), "2024-01-01T00:00:00Z");
        std::fs::write(&archive, image).map_err(|e| e.to_string())?;
        let target = ["image", "--input", &archive];
        let seeded = format!("RINGWALL_SEED={seed}, image {at}");
        tally.compare(&seeded, &ours(&target)?, &trivy(program, &target, &cache)?)?;
    }
    // Lock files count in a folder of sources; every other image has one.
    for at in 0..count / 2 {
        let sources = tempfile::tempdir().map_err(|e| e.to_string())?;
        for (path, body) in forms::declared(&mut random) {
            let file = sources.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap_or(sources.path())).map_err(|e| e.to_string())?;
            std::fs::write(file, body).map_err(|e| e.to_string())?;
        }
        let path = sources.path().display().to_string();
        let all = ["fs", &path, "--include-dev-deps"];
        let target = if random.chance(50) { &all[..2] } else { &all[..] };
        let seeded = format!("RINGWALL_SEED={seed}, folder {at}");
        tally.compare(&seeded, &ours(target)?, &trivy(program, target, &cache)?)?;
    }
    let Tally { agreed, empty, classes } = tally;
    tell(&format!(
        "{count} images and {} folders, {agreed} equal findings, {empty} without any; differences: {classes:?}",
        count / 2
    ));
    demand!(agreed > count * 5, "only {agreed} findings in {count} images");
    Ok(())
}
