//! The composite action: its script, run with the inputs a workflow gives it.

use super::world::{self, Rows};
use integration::{Case, Program, demand, ringwall, root};
use std::path::Path;
use std::process::Command;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("action/every-input-reaches-the-script", inputs),
        Case::new("action/gates-follow-the-severities", || gates(&ringwall()?)),
    ]
}

/// The inputs upstream has; each is an input of ours.
const INPUTS: [&str; 29] = [
    "scan-type",
    "image-ref",
    "input",
    "scan-ref",
    "exit-code",
    "ignore-unfixed",
    "vuln-type",
    "severity",
    "format",
    "template",
    "output",
    "skip-dirs",
    "skip-files",
    "cache-dir",
    "timeout",
    "ignore-policy",
    "hide-progress",
    "list-all-pkgs",
    "scanners",
    "trivyignores",
    "github-pat",
    "trivy-config",
    "tf-vars",
    "limit-severities-for-sarif",
    "docker-host",
    "version",
    "cache",
    "skip-setup-trivy",
    "token-setup-trivy",
];

fn inputs() -> Result<(), String> {
    let folder = root().join("deploy/action");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).map_err(|e| format!("{name}: {e}"));
    let (action, script) = (read("action.yml")?, read("scan.sh")?);
    let (documents, diagnostics) = yaml::read(action.as_bytes(), &yaml::Caps::default());
    demand!(diagnostics.is_empty(), "{diagnostics:?}");
    let document = &documents.first().ok_or("no document")?.value;
    let inputs = document["inputs"].as_object().ok_or("no inputs")?;
    for name in INPUTS {
        demand!(inputs.contains_key(name), "no input {name}");
    }
    let passed = document["runs"]["steps"][0]["env"].as_object().ok_or("no variables")?;
    for (variable, value) in passed {
        demand!(script.contains(variable.as_str()), "the script does not read {variable}");
        demand!(value.as_str().is_some_and(|v| v.starts_with("${{ inputs.")), "{variable} is no input");
    }
    Ok(())
}

/// A database that knows one package with a HIGH and one with a MEDIUM.
pub(crate) fn rows() -> Rows {
    let row = |path: &str, value: &str| (path.to_owned(), value.to_owned());
    vec![
        row("npm::x|grave|CVE-2024-1001", r#"{"VulnerableVersions":["<2.0.0"],"PatchedVersions":["2.0.0"]}"#),
        row("npm::x|mild|CVE-2024-1002", r#"{"VulnerableVersions":["<2.0.0"],"PatchedVersions":["2.0.0"]}"#),
        row("data-source|npm::x", r#"{"ID":"ghsa","Name":"x","URL":"https://registry.test/"}"#),
        row("vulnerability|CVE-2024-1001", r#"{"Title":"grave","VendorSeverity":{"ghsa":3}}"#),
        row("vulnerability|CVE-2024-1002", r#"{"Title":"mild","VendorSeverity":{"ghsa":2}}"#),
        row("alpine 3.19|none|CVE-2024-1003", r#"{"FixedVersion":"1"}"#),
        row("vulnerability|CVE-2024-1003", r#"{"Title":"none"}"#),
    ]
}

/// An image whose only module is of this name, built on the first day of 2024.
pub(crate) fn image(module: &str) -> Vec<u8> {
    built(module, "2024-01-01T00:00:00Z")
}

/// The same, built in a future that has not come yet: never old.
pub(crate) fn fresh(module: &str) -> Vec<u8> {
    built(module, "2100-01-01T00:00:00Z")
}

fn built(module: &str, created: &str) -> Vec<u8> {
    let files = vec![
        ("etc/os-release".to_owned(), b"ID=alpine\nVERSION_ID=3.19.1\n".to_vec()),
        ("lib/apk/db/installed".to_owned(), b"P:musl\nV:1.2.4-r2\nA:x86_64\no:musl\n\n".to_vec()),
        (
            format!("app/node_modules/{module}/package.json"),
            format!(r#"{{"name":"{module}","version":"1.0.0"}}"#).into_bytes(),
        ),
    ];
    world::image(&[files], "registry.test/app:1", created)
}

/// Runs the script on an image in a folder; its exit code.
pub(crate) fn step(ringwall: &Program, folder: &Path, inputs: &[(&str, &str)]) -> Result<i32, String> {
    let mut command = Command::new("bash");
    command
        .arg(root().join("deploy/action/scan.sh"))
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("TRIVY_SKIP_DB_UPDATE", "true")
        .env("RINGWALL", ringwall.path())
        .env("INPUT_CACHE_DIR", folder);
    for (name, value) in inputs {
        command.env(format!("INPUT_{}", name.to_uppercase().replace('-', "_")), value);
    }
    let out = command.output().map_err(|e| format!("bash: {e}"))?;
    out.status.code().ok_or_else(|| "the step was killed".to_owned())
}

fn gates(ringwall: &Program) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let at = folder.path();
    world::cache(at, &world::database(&rows()))?;
    let cases = [
        ("grave", "sarif", "CRITICAL,HIGH", 1),
        ("mild", "sarif", "CRITICAL,HIGH", 0),
        ("mild", "sarif", "", 1),
        ("mild", "table", "CRITICAL,HIGH", 0),
        ("grave", "json", "CRITICAL,HIGH", 1),
    ];
    for (module, format, severity, want) in cases {
        std::fs::write(at.join("image.tar"), image(module)).map_err(|e| e.to_string())?;
        let output = format!("out.{format}");
        let inputs = [
            ("input", "image.tar"),
            ("format", format),
            ("severity", severity),
            ("exit-code", "1"),
            ("output", &output),
        ];
        let code = step(ringwall, at, &inputs)?;
        demand!(code == want, "{module} as {format} by '{severity}' ends with {code}");
        let text = std::fs::read_to_string(at.join(&output)).map_err(|e| format!("{output}: {e}"))?;
        if format == "sarif" {
            let sarif: serde_json::Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
            let results = sarif["runs"][0]["results"].as_array().map_or(0, Vec::len);
            demand!(results == 1, "{results} results in the SARIF of {module}");
        }
    }
    // Files of accepted findings are one; an image that cannot be read fails the step.
    for name in ["one", "two"] {
        let id = if name == "one" { "CVE-2024-1001" } else { "CVE-2024-1002" };
        std::fs::write(at.join(name), id).map_err(|e| e.to_string())?;
    }
    std::fs::write(at.join("image.tar"), image("grave")).map_err(|e| e.to_string())?;
    let accepted = [("input", "image.tar"), ("exit-code", "1"), ("trivyignores", "two,one"), ("output", "o")];
    demand!(step(ringwall, at, &accepted)? == 0, "an accepted finding fails the step");
    let missing = [("input", "none.tar"), ("exit-code", "7")];
    demand!(step(ringwall, at, &missing)? == 1, "an image that is not there does not fail the step");
    Ok(())
}
