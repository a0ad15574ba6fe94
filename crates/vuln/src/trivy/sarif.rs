//! SARIF 2.1.0 as `--format sarif` writes it: one rule an id, one result a finding of whatever class.
//!
//! Semantics: Trivy's `pkg/report/sarif.go`, go-sarif's order of fields and Go's `net/url`.

use super::json::go;
use super::report::{DetectedVulnerability, Report, ScanResult};
use super::{Json, Setting, WriteError};
use regex::Regex;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Where the rules of secrets are.
const SECRET_RULES: &str =
    "https://github.com/aquasecurity/trivy/blob/main/pkg/fanal/secret/builtin-rules.go";

/// One finding, in the words of the format.
struct Entry {
    id: String,
    /// `vulnerability`, `misconfiguration`, `secret`, `license`.
    tag: &'static str,
    severity: String,
    score: String,
    /// Scores of the severity's source.
    scores: Vec<(&'static str, Json)>,
    link: String,
    short: String,
    full: String,
    help: String,
    markdown: String,
    message: String,
    path: String,
    place: String,
    lines: Vec<(i64, i64)>,
}

/// Writes the findings of a report.
pub(super) fn write(report: &Report, setting: &Setting) -> Result<String, WriteError> {
    let mut rules: Vec<Vec<(&str, Json)>> = Vec::new();
    let mut index: BTreeMap<String, usize> = BTreeMap::new();
    let mut results = Vec::new();
    for result in &report.results {
        for entry in entries(result) {
            let next = rules.len();
            let at = *index.entry(entry.id.clone()).or_insert(next);
            let mut rule = rule(result, &entry);
            // The last package of an id gives its rule the text; an address stays.
            match rules.get_mut(at) {
                Some(old) => {
                    let link = |rule: &[(&str, Json)]| rule.iter().position(|(key, _)| *key == "helpUri");
                    if let (None, Some(from)) = (link(&rule), link(old)) {
                        rule.insert(from, old.swap_remove(from));
                    }
                    *old = rule;
                }
                None => rules.push(rule),
            }
            results.push(finding(&entry, at));
        }
    }
    let run = run(report, setting, rules, results);
    let document = object(vec![
        ("version", text("2.1.0")),
        (
            "$schema",
            text(
                "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/main/sarif-2.1/schema/sarif-schema-2.1.0.json",
            ),
        ),
        ("runs", Json::List(vec![run])),
    ]);
    Ok(go(&document))
}

fn run(report: &Report, setting: &Setting, rules: Vec<Vec<(&str, Json)>>, results: Vec<Json>) -> Json {
    let driver = object(vec![
        ("fullName", text("Trivy Vulnerability Scanner")),
        ("informationUri", text("https://github.com/aquasecurity/trivy")),
        ("name", text("Trivy")),
        ("rules", Json::List(rules.into_iter().map(object).collect())),
        ("version", text(&setting.world.version)),
    ]);
    let mut out = vec![
        ("tool", object(vec![("driver", driver)])),
        ("results", Json::List(results)),
        ("columnKind", text("utf16CodeUnits")),
    ];
    let sources = matches!(report.artifact_type.as_str(), "filesystem" | "repository");
    if let Some(root) = setting.root.as_ref().filter(|_| sources) {
        let uri = object(vec![("uri", text(&format!("file://{}/", root.trim_end_matches('/'))))]);
        out.push(("originalUriBaseIds", object(vec![("ROOTPATH", uri)])));
    }
    if report.artifact_type == "container_image" {
        let metadata = &report.metadata;
        let list = |list: &[String]| match list {
            [] => Json::Null,
            list => Json::List(list.iter().map(|item| text(item)).collect()),
        };
        out.push((
            "properties",
            object(vec![
                ("imageID", text(&metadata.image_id)),
                ("imageName", text(&report.artifact_name)),
                ("repoDigests", list(&metadata.repo_digests)),
                ("repoTags", list(&metadata.repo_tags)),
            ]),
        ));
    }
    object(out)
}

fn text(text: &str) -> Json {
    Json::String(text.to_owned())
}

fn object(entries: Vec<(&str, Json)>) -> Json {
    Json::Object(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn message(value: &str) -> Json {
    object(vec![("text", text(value))])
}

fn level(severity: &str) -> &'static str {
    match severity {
        "CRITICAL" | "HIGH" => "error",
        "MEDIUM" => "warning",
        "LOW" | "UNKNOWN" => "note",
        _ => "none",
    }
}

fn rule_name(class: &str) -> &'static str {
    match class {
        "os-pkgs" => "OsPackageVulnerability",
        "lang-pkgs" => "LanguageSpecificPackageVulnerability",
        "config" => "Misconfiguration",
        "secret" => "Secret",
        "license" | "license-file" => "License",
        _ => "UnknownIssue",
    }
}

fn rule(result: &ScanResult, entry: &Entry) -> Vec<(&'static str, Json)> {
    let mut properties: Vec<(&str, Json)> = entry.scores.clone();
    properties.push(("precision", text("very-high")));
    properties.push(("security-severity", text(&entry.score)));
    let tags = [entry.tag, "security", &entry.severity];
    properties.push(("tags", Json::List(tags.iter().map(|tag| text(tag)).collect())));
    let mut out = vec![
        ("id", text(&entry.id)),
        ("name", text(rule_name(&result.class))),
        ("shortDescription", message(&entry.short)),
        ("fullDescription", message(&entry.full)),
        ("defaultConfiguration", object(vec![("level", text(level(&entry.severity)))])),
    ];
    if !entry.link.is_empty() {
        out.push(("helpUri", text(&uri(&entry.link))));
    }
    out.push(("help", object(vec![("text", text(&entry.help)), ("markdown", text(&entry.markdown))])));
    out.push(("properties", object(properties)));
    out
}

fn finding(entry: &Entry, at: usize) -> Json {
    let number = |value: i64| Json::Number(value.into());
    let location = |(start, end): &(i64, i64)| {
        // Nothing is known of the lines of some checks.
        let (start, end) = if (*start, *end) == (0, 0) { (1, 1) } else { (*start, *end) };
        let region = object(vec![
            ("startLine", number(start)),
            ("startColumn", number(1)),
            ("endLine", number(end)),
            ("endColumn", number(1)),
        ]);
        let artifact = object(vec![("uri", text(&uri(&entry.path))), ("uriBaseId", text("ROOTPATH"))]);
        let physical = object(vec![("artifactLocation", artifact), ("region", region)]);
        object(vec![("physicalLocation", physical), ("message", message(&entry.place))])
    };
    let lines: &[(i64, i64)] = if entry.lines.is_empty() { &[(1, 1)] } else { &entry.lines };
    object(vec![
        ("ruleId", text(&entry.id)),
        ("ruleIndex", Json::Number(at.into())),
        ("level", text(level(&entry.severity))),
        ("message", message(&entry.message)),
        ("locations", Json::List(lines.iter().map(location).collect())),
    ])
}

fn entries(result: &ScanResult) -> Vec<Entry> {
    let vulnerabilities = result.vulnerabilities.iter().map(|one| vulnerability(result, one));
    let checks = result.misconfigurations.iter().map(|one| misconfiguration(result, one));
    let secrets = result.secrets.iter().map(|one| secret(result, one));
    let licenses = result.licenses.iter().map(|one| license(result, one));
    vulnerabilities.chain(checks).chain(secrets).chain(licenses).collect()
}

fn vulnerability(result: &ScanResult, one: &DetectedVulnerability) -> Entry {
    let DetectedVulnerability { id, severity, pkg_name, installed_version, fixed_version, .. } = one;
    let (link, description) = (&one.primary_url, &one.description);
    let path = path(if one.pkg_path.is_empty() { &result.target } else { &one.pkg_path }, &result.class);
    let (scores, best) = scores(one);
    Entry {
        id: id.clone(),
        tag: "vulnerability",
        severity: severity.clone(),
        score: best.map_or_else(|| score(severity).to_owned(), |best| format!("{best:.1}")),
        scores,
        link: link.clone(),
        short: one.title.clone(),
        full: if description.is_empty() { one.title.clone() } else { description.clone() },
        help: format!(
            "Vulnerability {id}\nSeverity: {severity}\nPackage: {pkg_name}\nFixed Version: {fixed_version}\nLink: [{id}]({link})\n{description}"
        ),
        markdown: format!(
            "**Vulnerability {id}**\n| Severity | Package | Fixed Version | Link |\n| --- | --- | --- | --- |\n|{severity}|{pkg_name}|{fixed_version}|[{id}]({link})|\n\n{description}"
        ),
        message: format!(
            "Package: {pkg_name}\nInstalled Version: {installed_version}\nVulnerability {id}\nSeverity: {severity}\nFixed Version: {fixed_version}\nLink: [{id}]({link})"
        ),
        place: format!("{path}: {pkg_name}@{installed_version}"),
        path,
        lines: lines(result, one),
    }
}

/// Scores of the severity's source, sorted by name; and the one of version 3.
fn scores(one: &DetectedVulnerability) -> (Vec<(&'static str, Json)>, Option<f64>) {
    let Some(cvss) = one.cvss.get(&one.severity_source) else { return (Vec::new(), None) };
    let number = |value: f64| {
        serde_json::Number::from_f64(value).filter(|_| value != 0.0).map_or(Json::Null, Json::Number)
    };
    let all = [
        ("cvssv2_score", number(cvss.v2_score)),
        ("cvssv2_vector", text(&cvss.v2_vector)),
        ("cvssv3_baseScore", number(cvss.v3_score)),
        ("cvssv3_vector", text(&cvss.v3_vector)),
        ("cvssv40_baseScore", number(cvss.v40_score)),
        ("cvssv40_vector", text(&cvss.v40_vector)),
    ];
    let there = |value: &Json| !matches!(value, Json::Null) && value.as_str() != Some("");
    let all = all.into_iter().filter(|(_, value)| there(value)).collect();
    (all, Some(cvss.v3_score).filter(|score| *score != 0.0))
}

/// What stands for a severity.
fn score(severity: &str) -> &'static str {
    match severity {
        "CRITICAL" => "9.5",
        "HIGH" => "8.0",
        "MEDIUM" => "5.5",
        "LOW" => "2.0",
        _ => "0.0",
    }
}

fn field<'a>(one: &'a Json, key: &str) -> &'a str {
    one.get(key).and_then(Json::as_str).unwrap_or_default()
}

fn line(one: &Json, key: &str) -> i64 {
    match one.get(key) {
        Some(Json::Number(number)) => number.as_i64().unwrap_or_default(),
        _ => 0,
    }
}

fn misconfiguration(result: &ScanResult, one: &Json) -> Entry {
    let (id, severity, title, words) =
        (field(one, "ID"), field(one, "Severity"), field(one, "Title"), field(one, "Message"));
    let (link, description, kind) = (field(one, "PrimaryURL"), field(one, "Description"), field(one, "Type"));
    let path = plain(&result.target);
    let cause = one.get("CauseMetadata").unwrap_or(&Json::Null);
    Entry {
        id: id.to_owned(),
        tag: "misconfiguration",
        severity: severity.to_owned(),
        score: score(severity).to_owned(),
        scores: Vec::new(),
        link: link.to_owned(),
        short: title.to_owned(),
        full: description.to_owned(),
        help: format!(
            "Misconfiguration {id}\nType: {kind}\nSeverity: {severity}\nCheck: {title}\nMessage: {words}\nLink: [{id}]({link})\n{description}"
        ),
        markdown: format!(
            "**Misconfiguration {id}**\n| Type | Severity | Check | Message | Link |\n| --- | --- | --- | --- | --- |\n|{kind}|{severity}|{title}|{words}|[{id}]({link})|\n\n{description}"
        ),
        message: format!(
            "Artifact: {path}\nType: {}\nVulnerability {id}\nSeverity: {severity}\nMessage: {words}\nLink: [{id}]({link})",
            result.kind
        ),
        place: path.clone(),
        path,
        lines: vec![(line(cause, "StartLine"), line(cause, "EndLine"))],
    }
}

fn secret(result: &ScanResult, one: &Json) -> Entry {
    let (severity, title, found) = (field(one, "Severity"), field(one, "Title"), field(one, "Match"));
    let path = path(&result.target, &result.class);
    Entry {
        id: field(one, "RuleID").to_owned(),
        tag: "secret",
        severity: severity.to_owned(),
        score: score(severity).to_owned(),
        scores: Vec::new(),
        link: SECRET_RULES.to_owned(),
        short: title.to_owned(),
        full: found.to_owned(),
        help: format!("Secret {title}\nSeverity: {severity}\nMatch: {found}"),
        markdown: format!("**Secret {title}**\n| Severity | Match |\n| --- | --- |\n|{severity}|{found}|"),
        message: format!(
            "Artifact: {}\nType: {}\nSecret {title}\nSeverity: {severity}\nMatch: {found}",
            result.target, result.kind
        ),
        place: path.clone(),
        path,
        lines: vec![(line(one, "StartLine"), line(one, "EndLine"))],
    }
}

fn license(result: &ScanResult, one: &Json) -> Entry {
    let (name, package, severity) = (field(one, "Name"), field(one, "PkgName"), field(one, "Severity"));
    let (category, file) = (field(one, "Category"), field(one, "FilePath"));
    let words = format!("{name} in {package}");
    Entry {
        id: format!("{package}:{name}"),
        tag: "license",
        severity: severity.to_owned(),
        score: score(severity).to_owned(),
        scores: Vec::new(),
        link: field(one, "Link").to_owned(),
        short: words.clone(),
        full: words,
        help: format!("License {name}\nClassification: {category}\nPkgName: {package}\nPath: {file}"),
        markdown: format!(
            "**License {name}**\n| PkgName | Classification | Path |\n| --- | --- | --- |\n|{package}|{category}|{file}|"
        ),
        message: format!(
            "Artifact: {}\nLicense {name}\nPkgName: {package}\n Classification: {category}\n Path: {file}",
            result.target
        ),
        path: path(&result.target, &result.class),
        place: String::new(),
        lines: Vec::new(),
    }
}

/// Lines of the first entry of a lock file that is the package.
fn lines(result: &ScanResult, one: &DetectedVulnerability) -> Vec<(i64, i64)> {
    let mut packages = result.packages.iter();
    let named =
        packages.find(|p| field(p, "Name") == one.pkg_name && field(p, "Version") == one.installed_version);
    match named.and_then(|package| package.get("Locations")) {
        Some(Json::List(list)) => {
            list.iter().map(|at| (line(at, "StartLine"), line(at, "EndLine"))).collect()
        }
        _ => Vec::new(),
    }
}

/// The target as a path: for system packages, the image's repository without its system in parentheses.
fn path(target: &str, class: &str) -> String {
    static SYSTEM: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(.+?)(?:\s*\(.*?\).*?)?$").expect("a constant pattern"));
    if class != "os-pkgs" {
        return target.to_owned();
    }
    let name = SYSTEM.captures(target).and_then(|found| found.get(1)).map_or(target, |name| name.as_str());
    match name.parse::<model::Reference>() {
        Ok(reference) => plain(&reference.repository),
        Err(_) => plain(name),
    }
}

/// A target as an address: of modules that are fetched, the address they are fetched from.
fn plain(target: &str) -> String {
    let target = target.replace('\\', "/");
    let bare = |rest: &str, end: &str| rest.replace(end, "");
    if let Some(rest) = target.strip_prefix("git@github.com:") {
        return bare(&format!("github.com/{rest}"), ".git").replace("?ref=", "/tree/");
    }
    for (start, end) in [
        ("git::https:/", ".git"),
        ("git::ssh://", ".git"),
        ("git::", ".git"),
        ("hg::", ".hg"),
        ("s3::", ""),
        ("gcs::", ""),
    ] {
        let Some(rest) = target.strip_prefix(start) else { continue };
        return match start {
            "git::https:/" if rest.starts_with('/') => continue,
            "git::ssh://" => bare(rest.split_once('@').map_or(&target, |(_, host)| host), end),
            _ if end.is_empty() => rest.to_owned(),
            _ => bare(rest, end),
        };
    }
    target
}

/// A path as an address has it: as it is where it is one, else with what must not stand there escaped.
fn uri(path: &str) -> String {
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:@[]/%?#".contains(&byte);
    if path.bytes().all(sound) {
        return path.to_owned();
    }
    let kept = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(byte);
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match kept(&byte) {
            true => out.push(char::from(byte)),
            false => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{Caps, read};
    use super::*;
    use serde_json::{Value, json};

    fn setting(root: &str) -> Setting {
        let mut setting = Setting { root: Some(root.to_owned()), ..Setting::default() };
        setting.world.version = "dev".to_owned();
        setting
    }

    #[test]
    fn golden() {
        let Some(report) = crate::corpus::read("trivy/integration/testdata/alpine-310.json.golden") else {
            return;
        };
        let Some(want) = crate::corpus::read("trivy/integration/testdata/alpine-310.sarif.golden") else {
            return;
        };
        let got = write(&read(&report, &Caps::default()).0, &setting("/x")).unwrap();
        let want = String::from_utf8(want).unwrap();
        for (at, (got, want)) in got.lines().zip(want.lines()).enumerate() {
            assert_eq!(got, want, "line {}", at + 1);
        }
        assert_eq!(got, want);
    }

    #[test]
    fn own() {
        let text = r#"{"SchemaVersion":2,"ArtifactName":".","ArtifactType":"filesystem","Results":[
          {"Target":"package-lock.json","Class":"lang-pkgs","Packages":[{"Name":"a","Version":"1","Locations":[{"StartLine":3,"EndLine":5}]}],
           "Vulnerabilities":[{"VulnerabilityID":"CVE-1","PkgName":"a","InstalledVersion":"1","Severity":"CRITICAL","Title":"a < b's"}]},
          {"Target":"a b.env","Class":"secret","Secrets":[{"RuleID":"r","Severity":"HIGH","Title":"T","Match":"m","StartLine":2,"EndLine":2}]},
          {"Target":"Dockerfile","Class":"config","Type":"dockerfile","Misconfigurations":[{"ID":"DS-1","Severity":"LOW","Status":"FAIL"}]},
          {"Target":"OS","Class":"license","Licenses":[{"Name":"GPL","PkgName":"p","Severity":"MEDIUM"}]}]}"#;
        let report = read(text.as_bytes(), &Caps::default()).0;
        let value: Value = serde_json::from_str(&write(&report, &setting("/a/")).unwrap()).unwrap();
        let run = &value["runs"][0];
        let rules = &run["tool"]["driver"]["rules"];
        assert_eq!(rules[0]["name"], "LanguageSpecificPackageVulnerability");
        assert_eq!(rules[0]["shortDescription"]["text"], "a < b's");
        assert_eq!(rules[0]["properties"]["security-severity"], "9.5");
        let region = |n: usize| &run["results"][n]["locations"][0]["physicalLocation"]["region"];
        assert_eq!((&region(0)["startLine"], &region(0)["endLine"]), (&json!(3), &json!(5)));
        assert_eq!(run["originalUriBaseIds"]["ROOTPATH"]["uri"], "file:///a/");
        let names: Vec<&str> =
            rules.as_array().unwrap().iter().map(|rule| rule["name"].as_str().unwrap()).collect();
        assert_eq!(names[1..], ["Secret", "Misconfiguration", "License"]);
        assert_eq!(
            run["results"][1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            "a%20b.env"
        );
        assert_eq!((&region(1)["startLine"], &region(2)["startLine"]), (&json!(2), &json!(1)));
        assert_eq!(run["results"][3]["ruleId"], "p:GPL");
    }

    #[test]
    fn paths() {
        assert_eq!(path("nginx:1.2 (debian 12)", "os-pkgs"), "library/nginx");
        assert_eq!(path("registry.test/a/b:1 (alpine 3.10)", "os-pkgs"), "a/b");
        assert_eq!(path("a (b).lock", "lang-pkgs"), "a (b).lock");
        for (target, want) in [
            ("git::https:/github.com/a/b.git/main.tf", "github.com/a/b/main.tf"),
            ("git::https://example.com/vpc.git", "https://example.com/vpc"),
            ("git::ssh://me@example.com/storage.git", "example.com/storage"),
            ("git@github.com:a/b.git?ref=v1/main.tf", "github.com/a/b/tree/v1/main.tf"),
            ("s3::https://x/y.zip", "https://x/y.zip"),
            ("a\\b", "a/b"),
        ] {
            assert_eq!(plain(target), want, "{target}");
        }
        assert_eq!((uri("a(b)"), uri("a (b"), uri("é")), ("a(b)".into(), "a%20%28b".into(), "%C3%A9".into()));
    }
}
