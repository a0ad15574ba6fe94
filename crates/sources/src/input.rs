//! What a file is, told from its first bytes: manifests, and the other inputs that lie beside them.

use crate::snapshot_file::{HEADER, ZSTD_MAGIC};
use serde_json::Value;
use std::path::Path;

/// How many first bytes [`classify`] looks at.
pub const PEEK: usize = 64 * 1024;

/// What a file or folder holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InputKind {
    /// YAML or JSON that may hold Kubernetes objects.
    Manifest,
    /// A saved snapshot.
    Snapshot,
    /// A vulnerability report in Trivy's JSON.
    ScanReport,
    /// Kubernetes audit events, one a line or as an `EventList`.
    AuditLog,
    /// Runtime alerts in Falco's JSON, one a line.
    AlertLog,
    /// A catalogue of exploited vulnerabilities in CISA's JSON.
    KevCatalogue,
    /// Scores of how likely exploitation is, in FIRST's CSV.
    EpssScores,
    /// Image facts, a document of our own.
    ImageFacts,
    /// A folder in the OCI image layout.
    OciLayout,
    /// Nothing we read.
    Unknown,
}

/// Tells what `path` holds from its first bytes ([`PEEK`] of them are enough). For a folder pass no bytes: it is
/// an OCI layout when it has an `oci-layout` file.
///
/// Content decides; the name only tells a manifest from a file that is nothing we read.
pub fn classify(path: &Path, first: &[u8]) -> InputKind {
    if first.is_empty() && path.join("oci-layout").is_file() {
        return InputKind::OciLayout;
    }
    if first.starts_with(&ZSTD_MAGIC) || first.starts_with(HEADER) {
        return InputKind::Snapshot;
    }
    let trimmed = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first).trim_ascii_start();
    if trimmed.starts_with(b"{")
        && let Some(kind) = json(trimmed)
    {
        return kind;
    }
    if trimmed.starts_with(b"#model_version:") || trimmed.starts_with(b"cve,epss") {
        return InputKind::EpssScores;
    }
    if manifest_name(path) { InputKind::Manifest } else { InputKind::Unknown }
}

/// Whether a file of a folder is read for manifests.
pub(crate) fn manifest_name(path: &Path) -> bool {
    extension(path, &["yaml", "yml", "json"])
}

/// Whether a file of a folder is looked into for an input that is no manifest.
pub(crate) fn log_name(path: &Path) -> bool {
    extension(path, &["csv", "jsonl", "ndjson", "log", "snapshot", "zst"])
}

fn extension(path: &Path, known: &[&str]) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    known.iter().any(|k| k.eq_ignore_ascii_case(extension))
}

/// The input a JSON text is, when it is none of ours the file name decides.
fn json(text: &[u8]) -> Option<InputKind> {
    let keys = top_level(text);
    let text_of = |key: &str| {
        keys.iter().find(|(name, _)| name == key).and_then(|(_, value)| value.as_deref()).unwrap_or_default()
    };
    let has = |key: &str| keys.iter().any(|(name, _)| name == key);
    if has("SchemaVersion") && has("ArtifactName") {
        return Some(InputKind::ScanReport);
    }
    if text_of("apiVersion").starts_with("audit.k8s.io/") && matches!(text_of("kind"), "Event" | "EventList")
    {
        return Some(InputKind::AuditLog);
    }
    if has("catalogVersion") && (has("vulnerabilities") || has("dateReleased")) {
        return Some(InputKind::KevCatalogue);
    }
    if text_of("ringwall").starts_with("image-facts/") {
        return Some(InputKind::ImageFacts);
    }
    if has("rule") && has("output") && has("priority") {
        return Some(InputKind::AlertLog);
    }
    None
}

/// Keys of the first JSON object, with their value where it is a string, as far as the bytes go.
///
/// A tolerant scan, not a parser: it stops quietly where the peeked bytes end.
fn top_level(text: &[u8]) -> Vec<(String, Option<String>)> {
    let mut keys = Vec::new();
    let mut depth = 0_u32;
    let mut pending: Option<String> = None;
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
            }
            b'"' => {
                let Some((string, after)) = string(rest) else { break };
                rest = after;
                if depth != 1 {
                    continue;
                }
                let is_key = rest.trim_ascii_start().first() == Some(&b':');
                match (is_key, pending.take()) {
                    (false, Some(key)) => keys.push((key, Some(string))),
                    (true, previous) => {
                        keys.extend(previous.map(|key| (key, None)));
                        pending = Some(string);
                    }
                    (false, None) => {}
                }
            }
            _ => {}
        }
    }
    keys.extend(pending.map(|key| (key, None)));
    keys
}

/// A string literal whose opening quote is already read, and what follows it.
fn string(text: &[u8]) -> Option<(String, &[u8])> {
    let mut escaped = false;
    let end = text.iter().position(|byte| match (escaped, byte) {
        (true, _) => {
            escaped = false;
            false
        }
        (false, b'\\') => {
            escaped = true;
            false
        }
        (false, byte) => *byte == b'"',
    })?;
    let (inner, rest) = text.split_at_checked(end)?;
    let quoted = [b"\"", inner, b"\""].concat();
    let string = serde_json::from_slice::<Value>(&quoted).ok()?.as_str()?.to_owned();
    Some((string, rest.get(1..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_tells_inputs_apart() {
        let cases: &[(&str, &[u8], InputKind)] = &[
            ("a.yaml", b"kind: Pod\n", InputKind::Manifest),
            ("a.YML", b"", InputKind::Manifest),
            ("pod.json", br#"{"apiVersion":"v1","kind":"Pod"}"#, InputKind::Manifest),
            ("notes.txt", b"hello", InputKind::Unknown),
            ("x", &[0x28, 0xb5, 0x2f, 0xfd, 0], InputKind::Snapshot),
            ("x", br#"{"ringwall_snapshot":1,"#, InputKind::Snapshot),
            (
                "web.trivy.json",
                br#"{"SchemaVersion":2,"CreatedAt":"x","ArtifactName":"registry.test/web:1","Resu"#,
                InputKind::ScanReport,
            ),
            ("a.json", br#"{"Results":[{"SchemaVersion":2,"ArtifactName":"x"}]}"#, InputKind::Manifest),
            (
                "audit.log",
                br#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata"}"#,
                InputKind::AuditLog,
            ),
            (
                "audit.json",
                br#" { "kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [ "#,
                InputKind::AuditLog,
            ),
            ("ev.json", br#"{"kind":"Event","apiVersion":"v1"}"#, InputKind::Manifest),
            (
                "alerts.jsonl",
                br#"{"hostname":"n","output":"a \" b","priority":"Notice","rule":"r","tags":["x"]}"#,
                InputKind::AlertLog,
            ),
            ("b.json", br#"{"output":"only"}"#, InputKind::Manifest),
            ("cut.json", br#"{"SchemaVersion":2,"Artifact"#, InputKind::Manifest),
        ];
        for (path, bytes, want) in cases {
            assert_eq!(classify(Path::new(path), bytes), *want, "{path}");
        }
    }

    #[test]
    fn an_oci_layout_is_a_folder_with_its_mark() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(classify(folder.path(), b""), InputKind::Unknown);
        std::fs::write(folder.path().join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        assert_eq!(classify(folder.path(), b""), InputKind::OciLayout);
    }

    #[test]
    fn foreign_bytes_never_panic() {
        for text in ["{", "{\"", "{\"a\\", "{{{{", "}", "{\"a\":\"\\ud800\"}", "{\"a\":{\"rule\":1}}"] {
            assert_eq!(classify(Path::new("x.json"), text.as_bytes()), InputKind::Manifest, "{text}");
        }
    }
}
