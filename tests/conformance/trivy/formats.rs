//! Reports in every format: Trivy's goldens, and random reports converted by both, byte for byte but for clock,
//! version and random ids.

use super::goldens::rows;
use super::world;
use integration::{Case, Program, Random, demand, ringwall, tell};
use regex::Regex;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// One golden that comes of converting another.
pub(super) struct Conversion {
    pub(super) name: &'static str,
    /// Below `testdata`, without its ending.
    from: &'static str,
    to: &'static str,
    words: &'static [&'static str],
}

const fn conversion(
    name: &'static str,
    from: &'static str,
    to: &'static str,
    words: &'static [&'static str],
) -> Conversion {
    Conversion { name, from, to, words }
}

/// Every golden of a conversion whose input is there.
pub(super) static CONVERSIONS: &[Conversion] = &[
    conversion("convert-sarif", "alpine-310.json", "alpine-310.sarif", &["--format", "sarif"]),
    conversion(
        "convert-junit",
        "alpine-310.json",
        "alpine-310.junit",
        &["-f", "template", "-t", "@contrib/junit.tpl"],
    ),
    conversion(
        "convert-html",
        "alpine-310.json",
        "alpine-310.html",
        &["-f", "template", "-t", "@contrib/html.tpl"],
    ),
    conversion(
        "convert-asff",
        "alpine-310.json",
        "alpine-310.asff",
        &["-f", "template", "-t", "@/contrib/asff.tpl"],
    ),
    conversion(
        "convert-gitlab",
        "alpine-310.json",
        "alpine-310.gitlab",
        &["-f", "template", "-t", "@/usr/local/share/trivy/templates/gitlab.tpl"],
    ),
    conversion(
        "convert-gitlab-codequality",
        "alpine-310.json",
        "alpine-310.gitlab-codequality",
        &["-f", "template", "-t", "@contrib/gitlab-codequality.tpl"],
    ),
    conversion(
        "convert-npm-gitlab",
        "npm.json",
        "npm.gitlab",
        &["-f", "template", "-t", "@contrib/gitlab.tpl"],
    ),
    conversion("convert-npm-cyclonedx", "npm.json", "npm-cyclonedx.json", &["--format", "cyclonedx"]),
    conversion(
        "convert-old-cyclonedx",
        "fixtures/convert/npm.json",
        "npm-cyclonedx.json",
        &["--format", "cyclonedx"],
    ),
    conversion(
        "convert-suppressed",
        "fixtures/convert/npm-with-suppressed.json",
        "fixtures/convert/npm-with-suppressed.json",
        &["--format", "json", "--show-suppressed", "--list-all-pkgs"],
    ),
];

/// Runs one conversion.
pub(super) fn check(conversion: &Conversion, ringwall: &Program, corpus: &Path) -> Result<(), String> {
    let at = |name: &str| corpus.join(format!("trivy/integration/testdata/{name}.golden"));
    let from = at(conversion.from).display().to_string();
    let words = [&["trivy", "convert"], conversion.words, &[from.as_str()]].concat();
    let answer = ringwall
        .clone()
        .env("AWS_REGION", "test-region")
        .env("AWS_ACCOUNT_ID", "123456789012")
        .run(&words)?;
    let got = &answer.exits(0)?.stdout;
    let want = std::fs::read_to_string(at(conversion.to)).map_err(|e| e.to_string())?;
    same(got, &want, conversion.to.contains("cyclonedx"))
}

/// One golden that comes of a scan.
pub(super) struct Written {
    pub(super) name: &'static str,
    to: &'static str,
    words: &'static [&'static str],
}

/// Bills of materials of folders.
pub(super) static WRITTEN: &[Written] = &[
    Written {
        name: "pom-cyclonedx",
        to: "pom-cyclonedx.json",
        words: &["fs", "testdata/fixtures/repo/pom", "--scanners", "vuln"],
    },
    Written {
        name: "conda-cyclonedx",
        to: "conda-cyclonedx.json",
        words: &["rootfs", "testdata/fixtures/repo/conda"],
    },
];

/// Runs one scan.
pub(super) fn written(written: &Written, ringwall: &Program, corpus: &Path) -> Result<(), String> {
    let cache = tempfile::tempdir().map_err(|e| e.to_string())?;
    world::cache(cache.path(), &world::database(&rows(corpus)?))?;
    let inside = corpus.join("trivy/integration");
    let cache_dir = cache.path().display().to_string();
    let words = [
        &["trivy", "-q", "--cache-dir", &cache_dir],
        written.words,
        &["--skip-db-update", "--offline-scan", "--format", "cyclonedx"],
    ]
    .concat();
    let answer = ringwall.clone().inside(&inside).run(&words)?;
    let got = &answer.exits(0)?.stdout;
    let want = std::fs::read_to_string(inside.join(format!("testdata/{}.golden", written.to)));
    same(got, &want.map_err(|e| e.to_string())?, true)
}

/// Texts with what two runs cannot share masked; `lines` are sorted where random ids decide their order.
fn level(text: &str, sorted: bool) -> Result<String, String> {
    let mut out = text.to_owned();
    for (pattern, mask) in [
        ("[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "ID"),
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d| \+0000 UTC( m=\+[0-9.]+)?)?", "TIME"),
        (r#"("version": |"Version": )"(dev|\d+\.\d+\.\d+)""#, "${1}\"V\""),
        (r"trivy-(dev|\d+\.\d+\.\d+)", "trivy-V"),
    ] {
        let pattern = Regex::new(pattern).map_err(|e| e.to_string())?;
        out = pattern.replace_all(&out, mask).into_owned();
    }
    if sorted {
        let mut lines: Vec<&str> = out.lines().map(|line| line.trim_end_matches(',')).collect();
        lines.sort_unstable();
        out = lines.join("\n");
    }
    Ok(out)
}

fn same(got: &str, want: &str, sorted: bool) -> Result<(), String> {
    let (got, want) = (level(got, sorted)?, level(want, sorted)?);
    if got == want {
        return Ok(());
    }
    let (mut a, mut b) = (got.lines(), want.lines());
    let mut line = 0;
    loop {
        line += 1;
        let short =
            |text: Option<&str>| format!("{:?}", text.map(|t| t.chars().take(300).collect::<String>()));
        match (a.next(), b.next()) {
            (None, None) => return Err("line ends differ".to_owned()),
            (x, y) if x != y => return Err(format!("line {line}: {} instead of {}", short(x), short(y))),
            _ => {}
        }
    }
}

/// How many random reports a run converts.
const REPORTS: usize = 5;

/// Format, template of the corpus, and whether random ids decide an order.
const FORMATS: &[(&str, &str, bool)] = &[
    ("json", "", false),
    ("sarif", "", false),
    ("github", "", false),
    ("cyclonedx", "", true),
    ("spdx-json", "", false),
    ("spdx", "", false),
    ("template", "junit", false),
    ("template", "html", false),
    ("template", "asff", false),
    ("template", "gitlab", false),
    ("template", "gitlab-codequality", false),
];

/// Templates of users, with what the shipped ones do not use.
const INLINE: &[&str] = &[
    "{{ range . }}{{ .Target | quote }} {{ .Class | toString | upper }} {{ len .Vulnerabilities }}\n{{ range $i, $v := .Vulnerabilities }}{{ $i }} {{ $v.PkgName | trunc 4 }} {{ .Status }} {{ .Severity | lower | title }} {{ default \"none\" .FixedVersion }} {{ .PublishedDate }} {{ printf \"%-8s|%5.1f\" .PkgName (index .CVSS (sourceID \"nvd\")).V3Score }} {{ .VendorSeverity }} {{ join \",\" .References }}\n{{ end }}{{ end }}",
    "{{ $n := 0 }}{{ range . }}{{ range .Vulnerabilities }}{{ $n = add $n 1 }}{{ if and (eq .Severity \"HIGH\") .Title }}{{ .Title | abbrev 20 | squote }}{{ else }}{{ .Description | nospace | substr 0 3 }}{{ end }};{{ end }}{{ with .Secrets }}{{ range . }}{{ .RuleID }}:{{ .StartLine }}{{ end }}{{ end }}{{ end }}{{ $n }} {{ toJson (list $n \"<\" (dict \"a\" 1)) }}",
];

/// A random conversion by both.
pub(super) fn cases(corpus: &Path) -> Vec<Case> {
    let corpus = corpus.to_owned();
    let Ok(trivy) = peers::installed("trivy") else { return Vec::new() };
    vec![Case::new("formats/random-reports", move || {
        let seed = integration::seed();
        tell(&format!("seed {seed}"));
        let mut random = Random::new(seed);
        let ringwall = ringwall()?;
        let mut bytes = 0;
        for at in 0..REPORTS {
            let report = report(&mut random);
            bytes += both(&ringwall, &trivy, &corpus, &report)
                .map_err(|why| format!("RINGWALL_SEED={seed}, report {at}: {why}"))?;
        }
        tell(&format!(
            "{REPORTS} reports, {} documents each, {bytes} equal bytes",
            FORMATS.len() + INLINE.len()
        ));
        demand!(bytes > 10_000, "only {bytes} bytes");
        Ok(())
    })]
}

fn both(ringwall: &Program, trivy: &Path, corpus: &Path, report: &Value) -> Result<usize, String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let path = folder.path().join("report.json");
    std::fs::write(&path, report.to_string()).map_err(|e| e.to_string())?;
    let path = path.display().to_string();
    let mut all: Vec<(String, Vec<String>, Vec<String>, bool)> = Vec::new();
    for (format, template, sorted) in FORMATS {
        let words = |template: String| match template.as_str() {
            "" => vec!["--format".to_owned(), (*format).to_owned()],
            _ => vec!["--format".to_owned(), (*format).to_owned(), "--template".to_owned(), template],
        };
        let (ours, theirs) = match *template {
            "" => (String::new(), String::new()),
            name => {
                let file: PathBuf = corpus.join(format!("trivy/contrib/{name}.tpl"));
                (format!("@contrib/{name}.tpl"), format!("@{}", file.display()))
            }
        };
        all.push((format!("{format} {template}"), words(ours), words(theirs), *sorted));
    }
    for text in INLINE {
        let words = ["--format", "template", "--template", text].map(str::to_owned).to_vec();
        all.push((format!("template {text}"), words.clone(), words, false));
    }
    let mut bytes = 0;
    for (what, ours, theirs, sorted) in all {
        let words: Vec<&str> = ours.iter().map(String::as_str).collect();
        let words = [&["trivy", "convert", "--list-all-pkgs"], &*words, &[path.as_str()]].concat();
        let ours = ringwall
            .clone()
            .env("AWS_REGION", "r")
            .env("GITHUB_SHA", "0123")
            .run(&words)?
            .exits(0)?
            .stdout
            .clone();
        let out = Command::new(trivy)
            .args(["convert", "--quiet", "--list-all-pkgs"])
            .args(&theirs)
            .arg(&path)
            .current_dir(folder.path())
            .env_clear()
            .env("HOME", folder.path())
            .env("AWS_REGION", "r")
            .env("GITHUB_SHA", "0123")
            .output()
            .map_err(|e| format!("{}: {e}", trivy.display()))?;
        demand!(out.status.success(), "Trivy, {what}: {}", String::from_utf8_lossy(&out.stderr));
        let theirs = String::from_utf8_lossy(&out.stdout);
        // Parts that are passed through unread keep the order of their keys, which here is the alphabet's.
        let order = |text: &str| match what.starts_with("json") {
            true => serde_json::from_str::<Value>(text).map_or(text.to_owned(), |value| format!("{value:#}")),
            false => text.to_owned(),
        };
        same(&order(&ours), &order(&theirs), sorted)
            .map_err(|why| format!("{what}: {why}; report: {report}"))?;
        bytes += theirs.len();
    }
    Ok(bytes)
}

const WORDS: &[&str] = &[
    "plain words",
    "",
    "<b>bold</b> & \"quoted\" 'single'",
    "tab\tand\nline",
    "größer – “dashes” \u{a0}space\u{200b}zero",
    "back\\slash `tick` $dollar {{ brace }} 100%",
    "emoji \u{1f600} and \u{301}mark",
    "control \u{1} \u{7f} end",
    "ends with a period.",
];

fn words(random: &mut Random) -> String {
    match random.chance(20) {
        // Cut at 512 bytes by one template, maybe within a character.
        true => format!("{}{}", "x".repeat(random.below(4)), "é".repeat(200 + random.below(200))),
        false => random.pick(WORDS).to_owned(),
    }
}

const SEVERITIES: &[&str] = &["UNKNOWN", "LOW", "MEDIUM", "HIGH", "CRITICAL"];
const LICENSES: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "GPL-2.0",
    "GPL-3.0+",
    "LGPL-2.1-or-later",
    "BSD",
    "Public Domain",
    "MIT OR Apache-2.0",
    "GPL-2.0 WITH Classpath-exception-2.0",
    "(ISC",
    "text://Do what you like",
    "nobody's",
    "Apache License, Version 2.0",
];

/// A report with findings of every class.
fn report(random: &mut Random) -> Value {
    let kind = random.pick(&["container_image", "filesystem", "repository"]).to_owned();
    let image = kind == "container_image";
    let mut results = Vec::new();
    if image {
        let (packages, found) = packages(random, "deb", "debian");
        results.push(json!({
            "Target": "registry.test/app:1 (debian 12.1)", "Class": "os-pkgs", "Type": "debian",
            "Packages": packages, "Vulnerabilities": found,
        }));
    }
    for (target, kind) in
        [("a/package-lock.json", "npm"), ("Node.js", "node-pkg"), ("app (x) ü.lock", "poetry")]
    {
        let (packages, found) = packages(random, if kind == "poetry" { "pypi" } else { "npm" }, kind);
        results.push(json!({
            "Target": target, "Class": "lang-pkgs", "Type": kind, "Packages": packages, "Vulnerabilities": found,
        }));
    }
    results.extend(others(random));
    let mut out = json!({
        "SchemaVersion": 2, "CreatedAt": "2024-01-02T03:04:05.000000006Z",
        "ArtifactName": if image { "registry.test/app:1" } else { "some/folder" },
        "ArtifactType": kind, "Results": results,
    });
    if image {
        out["Metadata"] = json!({
            "OS": {"Family": "debian", "Name": "12.1"}, "ImageID": "sha256:00", "DiffIDs": ["sha256:01"],
            "RepoTags": ["registry.test/app:1"],
            "RepoDigests": [format!("registry.test/app@sha256:{}", "0".repeat(64))],
        });
    }
    out
}

fn packages(random: &mut Random, purl: &str, kind: &str) -> (Vec<Value>, Vec<Value>) {
    let count = 1 + random.below(5);
    let (mut packages, mut found) = (Vec::new(), Vec::new());
    let tag = random.below(1000);
    for n in 0..count {
        let (name, version) = (format!("pkg{n}-{kind}-{tag}"), format!("{}.{n}", random.below(20)));
        let namespace = if purl == "deb" { "debian/" } else { "" };
        let system = if purl == "deb" { "?distro=debian-12.1" } else { "" };
        let identifier = json!({
            "PURL": format!("pkg:{purl}/{namespace}{name}@{version}{system}"), "UID": format!("{n:x}{tag:x}{}", kind.len()),
        });
        let mut package = json!({
            "ID": format!("{name}@{version}"), "Name": name, "Identifier": identifier, "Version": version,
        });
        let needed: Vec<String> = (n + 1..count)
            .filter(|_| random.chance(30))
            .map(|m| format!("pkg{m}-{kind}-{tag}@0.{m}"))
            .collect();
        for (key, value) in [
            ("SrcName", json!("source")),
            ("SrcVersion", json!("2.0")),
            ("SrcEpoch", json!(1)),
            ("Maintainer", json!(words(random).replace(['\n', '\u{1}', '\u{7f}'], " "))),
            ("Licenses", json!(random.some(LICENSES, 3))),
            ("Relationship", json!(random.pick(&["direct", "indirect", "root"]))),
            ("DependsOn", json!(needed)),
            ("FilePath", json!(format!("f/{n}.json"))),
            ("Digest", json!(format!("sha1:{}", "a".repeat(40)))),
            ("Layer", json!({"DiffID": "sha256:01", "Digest": "sha256:02"})),
            ("Locations", json!([{"StartLine": n + 1, "EndLine": n + 4}])),
        ] {
            let empty = value == json!([]) || value == json!("");
            if random.chance(50) && !empty {
                package[key] = value;
            }
        }
        for _ in 0..random.below(3) {
            found.push(vulnerability(random, &package));
        }
        packages.push(package);
    }
    (packages, found)
}

fn vulnerability(random: &mut Random, package: &Value) -> Value {
    let mut out = json!({
        // Which of several packages speaks for an id is a matter of chance with Trivy.
        "VulnerabilityID": format!("CVE-2024-{}", random.below(100_000_000)),
        "PkgID": package["ID"], "PkgName": package["Name"], "PkgIdentifier": package["Identifier"],
        "InstalledVersion": package["Version"], "Severity": random.pick(SEVERITIES),
        "Status": random.pick(&["affected", "fixed", "will_not_fix"]), "SeveritySource": "nvd",
    });
    let score = random.below(100) as f64 / 10.0;
    for (key, value) in [
        ("FixedVersion", json!("9.9")),
        ("Title", json!(words(random))),
        ("Description", json!(words(random))),
        ("PrimaryURL", json!("https://avd.test/x?a=b&c=d")),
        (
            "References",
            json!([
                "https://a.test/<x>",
                "ftp://b.test",
                "mailto:x",
                "see https://c.test now",
                "https://a.test/<x>"
            ]),
        ),
        ("CweIDs", json!(["CWE-79", "CWE-20"])),
        ("VendorSeverity", json!({"nvd": 3, "redhat": 1, "ghsa": 4})),
        (
            "CVSS",
            json!({"nvd": {"V2Vector": "AV:N", "V2Score": score, "V3Vector": "CVSS:3.1/AV:N", "V3Score": score},
            "redhat": {"V3Vector": "CVSS:3.0/AV:L", "V3Score": 4.0, "V40Score": 5.5}}),
        ),
        ("PublishedDate", json!("2019-10-02T03:04:05.5Z")),
        ("LastModifiedDate", json!("2020-01-01T00:00:00Z")),
        ("DataSource", json!({"ID": "ghsa", "Name": "G", "URL": "https://g.test/?a&b"})),
        ("Layer", json!({"DiffID": "sha256:01"})),
    ] {
        let empty = value == json!("");
        if random.chance(60) && !empty {
            out[key] = value;
        }
    }
    out
}

fn others(random: &mut Random) -> Vec<Value> {
    let mut out = Vec::new();
    let severity = |random: &mut Random| random.pick(SEVERITIES).to_owned();
    if random.chance(70) {
        let mut checks: Vec<Value> = (0..1 + random.below(3)).map(|n| json!({
            "Type": "Dockerfile Security Check", "ID": format!("DS-{n}"), "Title": words(random), "Description": words(random),
            "Message": words(random), "Resolution": "Do it", "Severity": severity(random), "PrimaryURL": "https://avd.test/ds",
            "Status": random.pick(&["FAIL", "FAIL", "PASS"]),
            "CauseMetadata": {"Provider": "Dockerfile", "StartLine": n + 1, "EndLine": n * 2 + 1,
                "Code": {"Lines": [{"Number": n + 1, "Content": words(random), "IsCause": true, "Annotation": "", "Truncated": false, "FirstCause": true, "LastCause": true}]},
                "Occurrences": [{"Resource": "r", "Filename": "f.tf", "Location": {"StartLine": 1, "EndLine": 2}}]},
        })).collect();
        // Trivy leaves out what is empty; what is passed through unread is passed through.
        for check in checks.iter_mut().filter_map(Value::as_object_mut) {
            check.retain(|_, value| value != "");
        }
        out.push(json!({"Target": "Dockerfile", "Class": "config", "Type": "dockerfile", "Misconfigurations": checks}));
    }
    if random.chance(70) {
        out.push(json!({"Target": "/app/.env", "Class": "secret", "Secrets": [{
            "RuleID": "aws-access-key-id", "Category": "AWS", "Severity": severity(random), "Title": "AWS Access Key ID",
            "StartLine": 3, "EndLine": 3, "Code": {"Lines": [{"Number": 3, "Content": "K=****", "IsCause": true, "Annotation": "",
                "Truncated": false, "FirstCause": true, "LastCause": true}]}, "Match": words(random), "Offset": 7,
        }]}));
    }
    if random.chance(70) {
        out.push(json!({"Target": "OS Packages", "Class": "license", "Licenses": [{
            "Severity": severity(random), "Category": "restricted", "PkgName": "musl", "FilePath": "", "Name": "GPL-2.0", "Text": "",
            "Confidence": 1, "Link": "",
        }]}));
    }
    out
}
