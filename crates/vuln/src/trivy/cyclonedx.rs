//! `--format cyclonedx`: a bill of materials in CycloneDX 1.7, with what was found of its components.
//!
//! Semantics: Trivy's `pkg/sbom/cyclonedx/marshal.go` and cyclonedx-go's encoder.

use super::bom::{Bom, Component, Kind};
use super::report::{Cvss, DetectedVulnerability};
use super::setting::seconds;
use super::{Json, Report, Setting, WriteError, license};
use std::collections::BTreeMap;

/// Writes the components of a report and its vulnerabilities.
pub(super) fn write(report: &Report, setting: &Setting) -> Result<String, WriteError> {
    let bom = Bom::new(report, &setting.ids);
    let serial = setting.ids.uuid(bom.components.len().saturating_add(1));
    let mut components: Vec<&Component> = bom.components.iter().skip(1).collect();
    components.sort_by(|a, b| a.reference.cmp(&b.reference));
    let document = object([
        ("$schema", text("http://cyclonedx.org/schema/bom-1.7.schema.json")),
        ("bomFormat", text("CycloneDX")),
        ("specVersion", text("1.7")),
        ("serialNumber", text(&format!("urn:uuid:{serial}"))),
        ("version", Json::Number(1.into())),
        ("metadata", metadata(&bom, setting)),
        ("components", Json::List(components.into_iter().map(component).collect())),
        ("dependencies", dependencies(&bom)),
        ("vulnerabilities", vulnerabilities(&bom)),
    ]);
    let mut out = super::json::plain(&document);
    out.push('\n');
    Ok(out)
}

fn text(text: &str) -> Json {
    Json::String(text.to_owned())
}

/// An object without what is empty.
fn object<const N: usize>(entries: [(&str, Json); N]) -> Json {
    let there = |value: &Json| !matches!(value, Json::Null) && value.as_str() != Some("");
    Json::Object(
        entries.into_iter().filter(|(_, v)| there(v)).map(|(key, value)| (key.to_owned(), value)).collect(),
    )
}

fn metadata(bom: &Bom<'_>, setting: &Setting) -> Json {
    let tool = object([
        ("type", text("application")),
        ("manufacturer", object([("name", text("Aqua Security Software Ltd."))])),
        ("group", text("aquasecurity")),
        ("name", text("trivy")),
        ("version", text(&setting.world.version)),
    ]);
    object([
        ("timestamp", text(&offset(&seconds(setting.world.now)))),
        ("tools", object([("components", Json::List(vec![tool]))])),
        ("component", bom.components.first().map_or(Json::Null, component)),
    ])
}

/// `Z` as an offset of nothing.
fn offset(moment: &str) -> String {
    moment.replace('Z', "+00:00")
}

fn component(component: &Component) -> Json {
    let kind = match component.kind {
        Kind::Image | Kind::Machine => "container",
        Kind::System => "operating-system",
        Kind::Library => "library",
        Kind::Folder | Kind::Repository | Kind::Application => "application",
    };
    let supplier = match component.supplier.as_str() {
        "" => Json::Null,
        name => object([("name", text(name))]),
    };
    let property = |(name, value): &(String, String)| {
        let name = text(&format!("aquasecurity:trivy:{name}"));
        Json::Object(vec![("name".to_owned(), name), ("value".to_owned(), text(value))])
    };
    let mut out = object([
        ("bom-ref", text(&component.reference)),
        ("type", text(kind)),
        ("supplier", supplier),
        ("group", text(&component.group)),
        // A name is there even when it is empty.
        ("name", Json::List(vec![text(&component.name)])),
        ("version", text(&component.version)),
        ("hashes", hashes(&component.digest)),
        ("licenses", license::cyclonedx(&component.licenses)),
        ("purl", text(&component.purl)),
        ("properties", Json::List(component.properties.iter().map(property).collect())),
    ]);
    if let Json::Object(entries) = &mut out {
        for (_, value) in entries.iter_mut().filter(|(key, _)| key == "name") {
            *value = text(&component.name);
        }
    }
    out
}

fn hashes(digest: &str) -> Json {
    let Some((algorithm, content)) = digest.split_once(':') else { return Json::Null };
    let algorithm = match algorithm {
        "sha1" => "SHA-1",
        "sha256" => "SHA-256",
        "sha512" => "SHA-512",
        "md5" => "MD5",
        _ => return Json::Null,
    };
    Json::List(vec![object([("alg", text(algorithm)), ("content", text(content))])])
}

fn dependencies(bom: &Bom<'_>) -> Json {
    let name = |at: &usize| bom.components.get(*at).map(|c| c.reference.as_str());
    let mut out: Vec<(&str, Vec<&str>)> = Vec::new();
    for (at, bonds) in &bom.bonds {
        let Some(reference) = name(at) else { continue };
        let mut needed: Vec<&str> = bonds.iter().filter_map(|(to, _)| name(to)).collect();
        needed.sort_unstable();
        out.push((reference, needed));
    }
    out.sort();
    let entry = |(reference, needed): (&str, Vec<&str>)| {
        object([("ref", text(reference)), ("dependsOn", Json::List(needed.into_iter().map(text).collect()))])
    };
    Json::List(out.into_iter().map(entry).collect())
}

/// What one id is to all the components it affects.
struct Affecting<'a> {
    one: &'a DetectedVulnerability,
    advice: Vec<String>,
    /// Names and versions.
    affects: Vec<(&'a str, &'a str)>,
}

fn vulnerabilities(bom: &Bom<'_>) -> Json {
    let mut found: BTreeMap<&str, Affecting<'_>> = BTreeMap::new();
    for (at, all) in &bom.vulnerabilities {
        let Some(component) = bom.components.get(*at) else { continue };
        for one in all {
            let entry =
                found.entry(&one.id).or_insert(Affecting { one, advice: Vec::new(), affects: Vec::new() });
            let advice = format!("Upgrade {} to version {}", one.pkg_name, one.fixed_version);
            if !one.fixed_version.is_empty() && !entry.advice.contains(&advice) {
                entry.advice.push(advice);
            }
            entry.affects.push((&component.reference, &one.installed_version));
        }
    }
    Json::List(found.into_values().map(vulnerability).collect())
}

fn vulnerability(mut found: Affecting<'_>) -> Json {
    let one = found.one;
    found.advice.sort();
    found.affects.sort();
    let affected = |(reference, version): &(&str, &str)| {
        let versions = object([("version", text(version)), ("status", text("affected"))]);
        object([("ref", text(reference)), ("versions", Json::List(vec![versions]))])
    };
    let source = one
        .data_source
        .as_ref()
        .map_or(Json::Null, |source| object([("name", text(&source.id)), ("url", text(&source.url))]));
    let date = |date: &Option<String>| date.as_deref().map_or(Json::Null, |date| text(&moment(date)));
    object([
        ("id", text(&one.id)),
        ("source", source),
        ("ratings", ratings(one)),
        ("cwes", cwes(&one.cwe_ids)),
        ("description", text(&one.description)),
        ("recommendation", text(&found.advice.join("; "))),
        ("advisories", advisories(one)),
        ("published", date(&one.published_date)),
        ("updated", date(&one.last_modified_date)),
        ("affects", Json::List(found.affects.iter().map(affected).collect())),
    ])
}

/// A date of a report to the second.
fn moment(date: &str) -> String {
    date.parse().map_or_else(|_| date.to_owned(), |at| offset(&seconds(at)))
}

fn cwes(ids: &[String]) -> Json {
    if ids.is_empty() {
        return Json::Null;
    }
    let number = |id: &String| id.to_lowercase().trim_start_matches("cwe-").parse::<i64>().ok();
    Json::List(ids.iter().filter_map(number).map(|n| Json::Number(n.into())).collect())
}

fn advisories(one: &DetectedVulnerability) -> Json {
    let mut seen = Vec::new();
    for link in std::iter::once(&one.primary_url).chain(&one.references) {
        if !seen.contains(&link) {
            seen.push(link);
        }
    }
    let links: Vec<Json> =
        seen.into_iter().filter_map(|link| address(link)).map(|link| object([("url", text(link))])).collect();
    if links.is_empty() { Json::Null } else { Json::List(links) }
}

/// The first address in a text: references of some sources say more than that.
fn address(link: &str) -> Option<&str> {
    link.split(' ').find(|part| {
        let Some((scheme, rest)) = part.split_once("://") else { return false };
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(sound) && !host.is_empty()
    })
}

/// One source's rating.
struct Rating<'a> {
    source: &'a str,
    score: Option<f64>,
    severity: &'static str,
    method: &'static str,
    vector: &'a str,
}

fn severity(number: i64) -> &'static str {
    match number {
        1 => "low",
        2 => "medium",
        3 => "high",
        4 => "critical",
        _ => "unknown",
    }
}

fn ratings(one: &DetectedVulnerability) -> Json {
    let mut all: Vec<Rating<'_>> = Vec::new();
    for (source, number) in &one.vendor_severity {
        match one.cvss.get(source) {
            Some(scores) => all.extend(scored(source, severity(*number), scores)),
            None => {
                all.push(Rating { source, score: None, severity: severity(*number), method: "", vector: "" })
            }
        }
    }
    all.sort_by(|a, b| {
        let scores = match (a.score, b.score) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => a.vector.cmp(b.vector),
        };
        a.source.cmp(b.source).then(a.method.cmp(b.method)).then(scores)
    });
    let rating = |rating: Rating<'_>| {
        let score = rating.score.and_then(serde_json::Number::from_f64);
        object([
            ("source", object([("name", text(rating.source))])),
            ("score", score.map_or(Json::Null, Json::Number)),
            ("severity", text(rating.severity)),
            ("method", text(rating.method)),
            ("vector", text(rating.vector)),
        ])
    };
    Json::List(all.into_iter().map(rating).collect())
}

fn scored<'a>(source: &'a str, severity: &'static str, scores: &'a Cvss) -> Vec<Rating<'a>> {
    // NVD's severity is that of version 3; of version 2 only the score tells.
    let old = match (source, scores.v2_score) {
        ("nvd", score) if score < 4.0 => "info",
        ("nvd", score) if score < 7.0 => "medium",
        ("nvd", _) => "high",
        _ => severity,
    };
    let newer = if scores.v3_vector.starts_with("CVSS:3.1") { "CVSSv31" } else { "CVSSv3" };
    let mut out = Vec::new();
    for (score, vector, method, severity) in [
        (scores.v2_score, &scores.v2_vector, "CVSSv2", old),
        (scores.v3_score, &scores.v3_vector, newer, severity),
        (scores.v40_score, &scores.v40_vector, "CVSSv4", severity),
    ] {
        if score != 0.0 || !vector.is_empty() {
            out.push(Rating { source, score: Some(score), severity, method, vector });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{Caps, read};
    use super::*;
    use crate::template::World;

    #[test]
    fn goldens() {
        for (report, want) in
            [("npm.json", "npm-cyclonedx.json"), ("fixtures/convert/npm.json", "npm-cyclonedx.json")]
        {
            let corpus =
                |name: &str| crate::corpus::read(&format!("trivy/integration/testdata/{name}.golden"));
            let (Some(report), Some(want)) = (corpus(report), corpus(want)) else { return };
            let report = read(&report, &Caps::default()).0;
            let now = "2021-08-25T12:20:30.000000005Z".parse().unwrap();
            let world = World { now, version: "dev".to_owned(), ..World::default() };
            let got = write(&report, &Setting { world, ..Setting::default() }).unwrap();
            let want = String::from_utf8(want).unwrap();
            for (at, (got, want)) in got.lines().zip(want.lines()).enumerate() {
                assert_eq!(got, want, "line {}", at + 1);
            }
            assert_eq!(got, want);
        }
    }

    #[test]
    fn addresses() {
        for (link, want) in [
            ("https://a/b", Some("https://a/b")),
            ("see http://a now", Some("http://a")),
            ("http://", None),
            ("a://b", Some("a://b")),
            ("nothing", None),
        ] {
            assert_eq!(address(link), want, "{link}");
        }
        assert_eq!(moment("2019-04-20T00:29:00.5Z"), "2019-04-20T00:29:00+00:00");
    }

    #[test]
    fn empty() {
        let got = write(&Report::default(), &Setting::default()).unwrap();
        assert!(got.contains("\"components\": [],\n  \"dependencies\": [\n    {\n      \"ref\""), "{got}");
        assert!(got.ends_with("\"vulnerabilities\": []\n}\n"));
    }
}
