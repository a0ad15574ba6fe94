//! Alpine's security database: per release and repository, which version of which origin fixed what.

use super::AdvisorySource;
use crate::{Advisories, Advisory, Affected, Status};
use model::Diagnostic;
use yaml::Value;

pub(super) static SOURCE: AdvisorySource = AdvisorySource {
    id: "alpine-secdb",
    name: "Alpine Secdb",
    url: "https://secdb.alpinelinux.org/",
    read,
};

/// `packages[].pkg.{name, secfixes: {version: [ids]}}`. A fix in version `0` says the package never was affected.
fn read(text: &[u8], caps: &yaml::Caps, out: &mut Advisories) -> Vec<Diagnostic> {
    let (documents, mut diagnostics) = yaml::read(text, caps);
    if documents.is_empty() && diagnostics.is_empty() {
        diagnostics.push(Diagnostic::error("advisories/empty", "the document is empty"));
    }
    for document in documents {
        database(&document.value, out, &mut diagnostics);
    }
    diagnostics
}

fn database(value: &Value, out: &mut Advisories, diagnostics: &mut Vec<Diagnostic>) {
    let release = value.get("distroversion").and_then(Value::as_str);
    let packages = value.get("packages").and_then(Value::as_array);
    let (Some(release), Some(packages)) = (release, packages) else {
        diagnostics.push(Diagnostic::error("advisories/shape", "no distroversion and packages: not Alpine's database"));
        return;
    };
    let bucket = format!("alpine {}", release.strip_prefix('v').unwrap_or(release));
    out.bucket(&bucket);
    for (at, package) in packages.iter().enumerate() {
        if let Err(why) = entry(package.get("pkg"), &bucket, out, diagnostics) {
            diagnostics.push(Diagnostic::error("advisories/entry", format!("packages[{at}]: {why}")));
        }
    }
}

fn entry(
    package: Option<&Value>,
    bucket: &str,
    out: &mut Advisories,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<(), &'static str> {
    let package = package.ok_or("no pkg")?;
    let name = package.get("name").and_then(Value::as_str).ok_or("no name")?;
    let fixes = match package.get("secfixes") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Object(fixes)) => fixes,
        Some(_) => return Err("secfixes is no mapping"),
    };
    for (version, ids) in fixes {
        let ids = ids.as_array().map(Vec::as_slice).unwrap_or_default();
        let words = ids.iter().filter_map(Value::as_str).flat_map(str::split_whitespace);
        for word in words {
            let Some(id) = id(word) else {
                let message = format!("{name} {version}: {word} is no id");
                diagnostics.push(Diagnostic::warning("advisories/id", message));
                continue;
            };
            let advisory = Advisory {
                id,
                affected: Affected::Before(version.clone()),
                status: Status::Fixed,
                severity: None,
                vector: None,
                title: None,
                source: SOURCE.id,
            };
            out.add(bucket, name, advisory);
        }
    }
    Ok(())
}

/// An id out of what people write: `CVE_2019-2426` is meant as a CVE, `(+` and a bare `CVE` are nothing.
fn id(word: &str) -> Option<String> {
    let word = word.trim_matches([',', ';', '(', ')', '+']);
    let word = word.replacen("CVE_", "CVE-", 1);
    let shaped = word.split_once('-').is_some_and(|(prefix, rest)| {
        prefix.len() >= 2
            && prefix.bytes().all(|b| b.is_ascii_alphanumeric())
            && prefix.starts_with(|c: char| c.is_ascii_alphabetic())
            && rest.bytes().any(|b| b.is_ascii_digit())
    });
    (shaped && word.len() <= 64).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advisory::Key;

    fn run(text: &str) -> (Advisories, Vec<Diagnostic>) {
        let mut out = Advisories::default();
        let diagnostics = read(text.as_bytes(), &yaml::Caps::default(), &mut out);
        (out, diagnostics)
    }

    #[test]
    fn reads_yaml_and_json() {
        let text = "distroversion: v3.10\npackages:\n  - pkg:\n      name: openssl\n      secfixes:\n        1.1.1d-r0:\n          - CVE-2019-1549\n          - CVE_2019-2426 XSA-298\n        0:\n          - CVE-2017-1\n  - pkg:\n      name: none\n";
        let (out, diagnostics) = run(text);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let ids: Vec<_> = out.of(Key::Bucket("alpine 3.10"), "openssl").iter().map(|a| a.id.clone()).collect();
        assert_eq!(ids.len(), 4);
        assert!(ids.contains(&"CVE-2019-2426".to_owned()) && ids.contains(&"XSA-298".to_owned()));
        let json = r#"{"distroversion":"v3.19","packages":[{"pkg":{"name":"a","secfixes":{"1-r0":["CVE-1-1"]}}}]}"#;
        assert_eq!(run(json).0.len(), 1);
    }

    #[test]
    fn a_bad_part_leaves_the_rest() {
        let text = "distroversion: v3.10\npackages:\n  - pkg: {name: a, secfixes: [x]}\n  - {}\n  - pkg: {name: b, secfixes: {1-r0: [CVE, CVE-2020-1]}}\n";
        let (out, diagnostics) = run(text);
        assert_eq!((out.len(), diagnostics.len()), (1, 3), "{diagnostics:?}");
    }

    #[test]
    fn corpus() {
        let mut out = Advisories::default();
        for release in ["v3.9", "v3.10", "v3.11"] {
            for repository in ["main", "community"] {
                let path = format!("advisories/alpine-secdb/{release}/{repository}.yaml");
                let Some(bytes) = crate::corpus::read(&path) else { return };
                let diagnostics = read(&bytes, &yaml::Caps::default(), &mut out);
                let errors: Vec<_> = diagnostics.iter().filter(|d| d.level == model::Level::Error).collect();
                assert!(errors.is_empty(), "{path}: {errors:?}");
            }
        }
        assert!(out.len() > 3000, "{}", out.len());
    }
}
