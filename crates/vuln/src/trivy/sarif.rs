//! SARIF 2.1.0 as `--format sarif` writes it: one rule an id, one result a finding.

use super::Json;
use super::json::go;
use super::report::{Cvss, DetectedVulnerability, Report, ScanResult};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Writes the vulnerabilities and secrets of a report; findings of other classes are counted by [`left_out`].
pub fn sarif(report: &Report) -> String {
    let mut rules: Vec<Json> = Vec::new();
    let mut index: BTreeMap<&str, usize> = BTreeMap::new();
    let mut results = Vec::new();
    for result in &report.results {
        for one in &result.vulnerabilities {
            let at = put(&one.id, rule(result, one), &mut rules, &mut index);
            results.push(finding(result, one, at));
        }
        for one in &result.secrets {
            let secret = Secret::of(one);
            let at = put(secret.id, secret.rule(), &mut rules, &mut index);
            results.push(secret.finding(result, at));
        }
    }
    let version = report.trivy.as_ref().map(|tool| tool.version.as_str()).unwrap_or_default();
    let run = object([
        ("tool", object([("driver", driver(rules, version))])),
        ("results", Json::List(results)),
        ("columnKind", text("utf16CodeUnits")),
    ]);
    let document = object([
        ("version", text("2.1.0")),
        (
            "$schema",
            text(
                "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/main/sarif-2.1/schema/sarif-schema-2.1.0.json",
            ),
        ),
        ("runs", Json::List(vec![end(run, report)])),
    ]);
    go(&document)
}

/// Puts a rule in its place: the last finding of an id gives its rule the text.
fn put<'r>(id: &'r str, rule: Json, rules: &mut Vec<Json>, index: &mut BTreeMap<&'r str, usize>) -> usize {
    let next = rules.len();
    let at = *index.entry(id).or_insert(next);
    match rules.get_mut(at) {
        Some(old) => *old = rule,
        None => rules.push(rule),
    }
    at
}

/// Findings a SARIF document of ours does not hold: misconfigurations and licences.
pub fn left_out(report: &Report) -> usize {
    report.results.iter().fold(0, |sum: usize, r| {
        let others = [r.misconfigurations.len(), r.licenses.len()];
        others.iter().fold(sum, |sum, n| sum.saturating_add(*n))
    })
}

fn driver(rules: Vec<Json>, version: &str) -> Json {
    object([
        ("fullName", text("Trivy Vulnerability Scanner")),
        ("informationUri", text("https://github.com/aquasecurity/trivy")),
        ("name", text("Trivy")),
        ("rules", Json::List(rules)),
        ("version", text(version)),
    ])
}

/// What follows the results: the base of paths, and for an image its names.
fn end(run: Json, report: &Report) -> Json {
    let Json::Object(mut entries) = run else { return run };
    if report.artifact_type == "container_image" {
        let metadata = &report.metadata;
        let list = |list: &[String]| match list {
            [] => Json::Null,
            list => Json::List(list.iter().map(|item| text(item)).collect()),
        };
        let properties = object([
            ("imageID", text(&metadata.image_id)),
            ("imageName", text(&report.artifact_name)),
            ("repoDigests", list(&metadata.repo_digests)),
            ("repoTags", list(&metadata.repo_tags)),
        ]);
        entries.push(("properties".to_owned(), properties));
    } else {
        let base = object([("ROOTPATH", object([("uri", text("file:///"))]))]);
        let at = entries
            .iter()
            .position(|(key, _)| key == "columnKind")
            .map_or(entries.len(), |at| at.saturating_add(1));
        entries.insert(at, ("originalUriBaseIds".to_owned(), base));
    }
    Json::Object(entries)
}

fn text(text: &str) -> Json {
    Json::String(text.to_owned())
}

fn object<const N: usize>(entries: [(&str, Json); N]) -> Json {
    Json::Object(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn message(value: &str) -> Json {
    object([("text", text(value))])
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
        "secret" => "Secret",
        _ => "UnknownIssue",
    }
}

fn rule(result: &ScanResult, one: &DetectedVulnerability) -> Json {
    let DetectedVulnerability { id, severity, pkg_name, fixed_version, primary_url, description, .. } = one;
    let help = format!(
        "Vulnerability {id}\nSeverity: {severity}\nPackage: {pkg_name}\nFixed Version: {fixed_version}\nLink: [{id}]({primary_url})\n{description}"
    );
    let markdown = format!(
        "**Vulnerability {id}**\n| Severity | Package | Fixed Version | Link |\n| --- | --- | --- | --- |\n|{severity}|{pkg_name}|{fixed_version}|[{id}]({primary_url})|\n\n{description}"
    );
    let full = if description.is_empty() { &one.title } else { description };
    let mut out = vec![
        ("id", text(id)),
        ("name", text(rule_name(&result.class))),
        ("shortDescription", message(&html(&one.title))),
        ("fullDescription", message(&html(full))),
        ("defaultConfiguration", object([("level", text(level(severity)))])),
    ];
    if !primary_url.is_empty() {
        out.push(("helpUri", text(primary_url)));
    }
    out.push(("help", object([("text", text(&help)), ("markdown", text(&markdown))])));
    out.push(("properties", properties(one)));
    Json::Object(out.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// Scores of the severity's source, sorted by name as Go sorts a map.
fn properties(one: &DetectedVulnerability) -> Json {
    let mut out: Map<String, Value> = Map::new();
    let cvss = one.cvss.get(&one.severity_source);
    if let Some(cvss) = cvss {
        let Cvss { v2_vector, v3_vector, v40_vector, v2_score, v3_score, v40_score } = cvss;
        for (key, vector) in
            [("cvssv2_vector", v2_vector), ("cvssv3_vector", v3_vector), ("cvssv40_vector", v40_vector)]
        {
            if !vector.is_empty() {
                out.insert(key.to_owned(), json!(vector));
            }
        }
        for (key, score) in
            [("cvssv2_score", v2_score), ("cvssv3_baseScore", v3_score), ("cvssv40_score", v40_score)]
        {
            if *score > 0.0 {
                out.insert(key.to_owned(), json!(score));
            }
        }
    }
    out.insert("precision".to_owned(), json!("very-high"));
    out.insert("security-severity".to_owned(), json!(score(one, cvss)));
    out.insert("tags".to_owned(), json!(["vulnerability", "security", one.severity]));
    let entry = |(key, value): (String, Value)| (key, from(value));
    let mut entries: Vec<(String, Json)> = out.into_iter().map(entry).collect();
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    Json::Object(entries)
}

fn from(value: Value) -> Json {
    serde_json::from_value(value).unwrap_or(Json::Null)
}

/// The score with one decimal: the source's, else one that stands for the severity.
fn score(one: &DetectedVulnerability, cvss: Option<&Cvss>) -> String {
    let best =
        cvss.map(|c| if c.v40_score > 0.0 { c.v40_score } else { c.v3_score }).filter(|score| *score > 0.0);
    match best {
        Some(score) => format!("{score:.1}"),
        None => stand_in(&one.severity).to_owned(),
    }
}

/// The score that stands for a severity.
fn stand_in(severity: &str) -> &'static str {
    match severity {
        "CRITICAL" => "9.5",
        "HIGH" => "8.0",
        "MEDIUM" => "5.5",
        "LOW" => "2.0",
        _ => "0.0",
    }
}

/// Where the rules of secrets are told of.
const SECRET_RULES: &str =
    "https://github.com/aquasecurity/trivy/blob/main/pkg/fanal/secret/builtin-rules.go";

/// A secret of a report.
struct Secret<'r> {
    id: &'r str,
    severity: &'r str,
    title: &'r str,
    matched: &'r str,
    lines: (u64, u64),
}

impl<'r> Secret<'r> {
    fn of(one: &'r Json) -> Self {
        let text = |key: &str| one.get(key).and_then(Json::as_str).unwrap_or_default();
        let line = |key: &str| match one.get(key) {
            Some(Json::Number(number)) => number.as_u64().unwrap_or(0),
            _ => 0,
        };
        let lines = match (line("StartLine"), line("EndLine")) {
            (0, 0) => (1, 1),
            lines => lines,
        };
        Self {
            id: text("RuleID"),
            severity: text("Severity"),
            title: text("Title"),
            matched: text("Match"),
            lines,
        }
    }

    fn rule(&self) -> Json {
        let Self { id, severity, title, matched, .. } = self;
        let help = format!("Secret {title}\nSeverity: {severity}\nMatch: {matched}");
        let markdown =
            format!("**Secret {title}**\n| Severity | Match |\n| --- | --- |\n|{severity}|{matched}|");
        let tags = ["secret", "security", severity].map(text);
        object([
            ("id", text(id)),
            ("name", text(rule_name("secret"))),
            ("shortDescription", message(&html(title))),
            ("fullDescription", message(&html(matched))),
            ("defaultConfiguration", object([("level", text(level(severity)))])),
            ("helpUri", text(SECRET_RULES)),
            ("help", object([("text", text(&help)), ("markdown", text(&markdown))])),
            (
                "properties",
                object([
                    ("precision", text("very-high")),
                    ("security-severity", text(stand_in(severity))),
                    ("tags", Json::List(tags.into())),
                ]),
            ),
        ])
    }

    fn finding(&self, result: &ScanResult, at: usize) -> Json {
        let Self { id, severity, title, matched, lines } = self;
        let words = format!(
            "Artifact: {}\nType: {}\nSecret {title}\nSeverity: {severity}\nMatch: {matched}",
            result.target, result.kind
        );
        let path = path(&result.target, &result.class);
        object([
            ("ruleId", text(id)),
            ("ruleIndex", number(at as u64)),
            ("level", text(level(severity))),
            ("message", message(&words)),
            ("locations", Json::List(vec![location(&path, &path, *lines)])),
        ])
    }
}

/// Lines of a file, and what is there.
fn location(path: &str, place: &str, (start, end): (u64, u64)) -> Json {
    let region = object([
        ("startLine", number(start)),
        ("startColumn", number(1)),
        ("endLine", number(end)),
        ("endColumn", number(1)),
    ]);
    let artifact = object([("uri", text(&uri(path))), ("uriBaseId", text("ROOTPATH"))]);
    let physical = object([("artifactLocation", artifact), ("region", region)]);
    object([("physicalLocation", physical), ("message", message(place))])
}

fn finding(result: &ScanResult, one: &DetectedVulnerability, at: usize) -> Json {
    let DetectedVulnerability {
        id, severity, pkg_name, installed_version, fixed_version, primary_url, ..
    } = one;
    let path = path(if one.pkg_path.is_empty() { &result.target } else { &one.pkg_path }, &result.class);
    let words = format!(
        "Package: {pkg_name}\nInstalled Version: {installed_version}\nVulnerability {id}\nSeverity: {severity}\nFixed Version: {fixed_version}\nLink: [{id}]({primary_url})"
    );
    let place = format!("{path}: {pkg_name}@{installed_version}");
    let location = |lines| location(&path, &place, lines);
    object([
        ("ruleId", text(id)),
        ("ruleIndex", number(at as u64)),
        ("level", text(level(severity))),
        ("message", message(&words)),
        ("locations", Json::List(lines(result, one).into_iter().map(location).collect())),
    ])
}

fn number(value: u64) -> Json {
    Json::Number(value.into())
}

/// Lines of a lock file that name the package; the first line where none are known.
fn lines(result: &ScanResult, one: &DetectedVulnerability) -> Vec<(u64, u64)> {
    let is = |package: &&Json, key, want: &str| package.get(key).and_then(Json::as_str) == Some(want);
    let named = result
        .packages
        .iter()
        .filter(|p| is(p, "Name", &one.pkg_name) && is(p, "Version", &one.installed_version));
    let locations = named.filter_map(|package| match package.get("Locations") {
        Some(Json::List(list)) => Some(list),
        _ => None,
    });
    let line = |location: &Json, key| match location.get(key) {
        Some(Json::Number(number)) => number.as_u64(),
        _ => None,
    };
    let out: Vec<_> =
        locations.flatten().filter_map(|l| Some((line(l, "StartLine")?, line(l, "EndLine")?))).collect();
    if out.is_empty() { vec![(1, 1)] } else { out }
}

/// The target as a path: for system packages, the image's repository without its system in parentheses.
fn path(target: &str, class: &str) -> String {
    let target = target.replace('\\', "/");
    if class != "os-pkgs" {
        return target.replace("git::https:/", "");
    }
    let name = target.split_once(" (").map_or(target.as_str(), |(name, _)| name).trim_end();
    match name.parse::<model::Reference>() {
        Ok(reference) => reference.repository.to_string(),
        Err(_) => name.to_owned(),
    }
}

/// A path as Go's `net/url` writes it: left alone when every sign of it may stand in an address, else escaped.
fn uri(path: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&b);
    let fine = |b: u8| plain(b) || b"!'()*[]%?#".contains(&b);
    match path.bytes().all(fine) {
        true => path.to_owned(),
        false => {
            let escaped = |b: u8| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") };
            path.bytes().map(escaped).collect()
        }
    }
}

/// Escapes what HTML gives a meaning.
fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\'' => out.push_str("&#39;"),
            '"' => out.push_str("&#34;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{Caps, read};
    use super::*;

    #[test]
    fn golden() {
        let Some(report) = crate::corpus::read("trivy/integration/testdata/alpine-310.json.golden") else {
            return;
        };
        let Some(want) = crate::corpus::read("trivy/integration/testdata/alpine-310.sarif.golden") else {
            return;
        };
        let got = sarif(&read(&report, &Caps::default()).0);
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
           "Vulnerabilities":[{"VulnerabilityID":"CVE-1","PkgName":"a","InstalledVersion":"1","Severity":"CRITICAL","Title":"a < b"}],
           "Licenses":[{}]},
          {"Target":"a.env","Class":"secret","Secrets":[{"RuleID":"own","Severity":"HIGH","Title":"Own","StartLine":7,"EndLine":8,"Match":"k=<***>"}]}]}"#;
        let report = read(text.as_bytes(), &Caps::default()).0;
        let value: Value = serde_json::from_str(&sarif(&report)).unwrap();
        let run = &value["runs"][0];
        let rule = &run["tool"]["driver"]["rules"][0];
        assert_eq!(rule["name"], "LanguageSpecificPackageVulnerability");
        assert_eq!(rule["shortDescription"]["text"], "a &lt; b");
        assert_eq!(rule["properties"]["security-severity"], "9.5");
        let region = &run["results"][0]["locations"][0]["physicalLocation"]["region"];
        assert_eq!((&region["startLine"], &region["endLine"]), (&json!(3), &json!(5)));
        assert_eq!(run["originalUriBaseIds"]["ROOTPATH"]["uri"], "file:///");
        assert_eq!(left_out(&report), 1);
        let (rule, found) = (&run["tool"]["driver"]["rules"][1], &run["results"][1]);
        assert_eq!((&rule["id"], &rule["name"]), (&json!("own"), &json!("Secret")));
        assert_eq!(rule["fullDescription"]["text"], "k=&lt;***&gt;");
        assert_eq!(rule["properties"]["tags"], json!(["secret", "security", "HIGH"]));
        assert_eq!(
            found["message"]["text"],
            "Artifact: a.env\nType: \nSecret Own\nSeverity: HIGH\nMatch: k=<***>"
        );
        assert_eq!(found["locations"][0]["physicalLocation"]["region"]["endLine"], 8);
    }

    #[test]
    fn paths() {
        assert_eq!(path("nginx:1.2 (debian 12)", "os-pkgs"), "library/nginx");
        assert_eq!(path("registry.test/a/b:1 (alpine 3.10)", "os-pkgs"), "a/b");
        assert_eq!(path("a (b).lock", "lang-pkgs"), "a (b).lock");
        assert_eq!(uri("a(b)/c.lock"), "a(b)/c.lock");
        assert_eq!(uri("a (b)/é"), "a%20%28b%29/%C3%A9");
    }
}
