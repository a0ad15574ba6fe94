//! Reading a report: each vulnerability on its own, so that a bad one does not hide the others.

use super::report::{DetectedVulnerability, Metadata, Report, ScanResult};
use model::Diagnostic;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// What a report may cost to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Bytes of the report. Default 512 MiB.
    pub bytes: usize,
    /// Vulnerabilities of all its results. Default 1,000,000.
    pub vulnerabilities: usize,
    /// Diagnostics; more of the same kind are counted in the last one. Default 64.
    pub diagnostics: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self { bytes: 512 << 20, vulnerabilities: 1_000_000, diagnostics: 64 }
    }
}

type Fields<'a> = BTreeMap<String, &'a RawValue>;

struct Reader {
    caps: Caps,
    vulnerabilities: usize,
    diagnostics: Vec<Diagnostic>,
    more: usize,
}

/// Reads a report of schema version 2, or the bare list of results that came before it.
///
/// What could not be read is not in the report and named in a diagnostic of level error.
pub fn read(text: &[u8], caps: &Caps) -> (Report, Vec<Diagnostic>) {
    let mut reader = Reader { caps: *caps, vulnerabilities: 0, diagnostics: Vec::new(), more: 0 };
    let report = reader.report(text);
    if reader.more > 0 {
        let message = format!("{} more parts could not be read", reader.more);
        reader.diagnostics.push(Diagnostic::error("trivy/more", message));
    }
    (report, reader.diagnostics)
}

impl Reader {
    fn error(&mut self, code: &'static str, message: String) {
        if self.diagnostics.len() < self.caps.diagnostics {
            self.diagnostics.push(Diagnostic::error(code, message));
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    fn report(&mut self, text: &[u8]) -> Report {
        if text.len() > self.caps.bytes {
            self.error("trivy/too-large", format!("{} bytes are over the limit", text.len()));
            return Report::default();
        }
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        if let Ok(results) = serde_json::from_slice::<Vec<&RawValue>>(text) {
            let message = "a list of results without metadata names no image".to_owned();
            self.diagnostics.push(Diagnostic::warning("trivy/old-schema", message));
            return Report { schema_version: 1, results: self.results(&results), ..Report::default() };
        }
        let mut fields: Fields<'_> = match serde_json::from_slice(text) {
            Ok(fields) => fields,
            Err(error) => {
                self.error("trivy/json", format!("not a JSON report: {error}"));
                return Report::default();
            }
        };
        if !fields.contains_key("SchemaVersion") && !fields.contains_key("ArtifactName") {
            self.error("trivy/shape", "neither SchemaVersion nor ArtifactName: not a Trivy report".into());
            return Report::default();
        }
        let results = fields.remove("Results");
        let metadata = fields.remove("Metadata");
        let mut report: Report = self.object(fields, "report").unwrap_or_default();
        if !(1..=2).contains(&report.schema_version) {
            let message = format!("schema version {} is not known; read as version 2", report.schema_version);
            self.diagnostics.push(Diagnostic::warning("trivy/schema-version", message));
        }
        report.metadata = metadata.map(|raw| self.metadata(raw)).unwrap_or_default();
        report.results = match results.map(|raw| serde_json::from_str::<Option<Vec<&RawValue>>>(raw.get())) {
            Some(Ok(list)) => self.results(&list.unwrap_or_default()),
            Some(Err(error)) => {
                self.error("trivy/results", format!("Results: {error}"));
                Vec::new()
            }
            None => Vec::new(),
        };
        report
    }

    /// Reads an object; when a field has the wrong type, reads it without that field.
    fn object<T: for<'a> Deserialize<'a>>(&mut self, mut fields: Fields<'_>, what: &str) -> Option<T> {
        let whole = |fields: &Fields<'_>| {
            let text = serde_json::to_string(fields).map_err(|error| error.to_string())?;
            serde_json::from_str::<T>(&text).map_err(|error| error.to_string())
        };
        let error = match whole(&fields) {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        let bad = |(key, raw): (&String, &&RawValue)| {
            let one = BTreeMap::from([(key.clone(), *raw)]);
            whole(&one).is_err().then(|| key.clone())
        };
        let keys: Vec<String> = fields.iter().filter_map(bad).collect();
        for key in &keys {
            fields.remove(key);
        }
        self.error("trivy/field", format!("{what}: {} ({error})", keys.join(", ")));
        whole(&fields).ok()
    }

    fn metadata(&mut self, raw: &RawValue) -> Metadata {
        match serde_json::from_str::<Option<Fields<'_>>>(raw.get()) {
            Ok(fields) => self.object(fields.unwrap_or_default(), "Metadata").unwrap_or_default(),
            Err(error) => {
                self.error("trivy/metadata", format!("Metadata: {error}"));
                Metadata::default()
            }
        }
    }

    fn results(&mut self, list: &[&RawValue]) -> Vec<ScanResult> {
        let mut out = Vec::with_capacity(list.len().min(1024));
        for (at, raw) in list.iter().enumerate() {
            match serde_json::from_str::<Fields<'_>>(raw.get()) {
                Ok(fields) => out.extend(self.result(fields, at)),
                Err(error) => self.error("trivy/result", format!("Results[{at}]: {error}")),
            }
        }
        out
    }

    fn result(&mut self, mut fields: Fields<'_>, at: usize) -> Option<ScanResult> {
        let vulnerabilities = fields.remove("Vulnerabilities");
        let mut result: ScanResult = self.object(fields, &format!("Results[{at}]"))?;
        let list = match vulnerabilities.map(|raw| serde_json::from_str::<Option<Vec<&RawValue>>>(raw.get()))
        {
            Some(Ok(list)) => list.unwrap_or_default(),
            Some(Err(error)) => {
                self.error("trivy/result", format!("Results[{at}].Vulnerabilities: {error}"));
                Vec::new()
            }
            None => Vec::new(),
        };
        for (n, raw) in list.iter().enumerate() {
            let what = format!("Results[{at}].Vulnerabilities[{n}]");
            if self.vulnerabilities >= self.caps.vulnerabilities {
                self.error("trivy/too-many", format!("{what}: over the limit"));
                break;
            }
            self.vulnerabilities = self.vulnerabilities.saturating_add(1);
            result.vulnerabilities.extend(self.vulnerability(raw, &what));
        }
        Some(result)
    }

    fn vulnerability(&mut self, raw: &RawValue, what: &str) -> Option<DetectedVulnerability> {
        let read = match serde_json::from_str::<DetectedVulnerability>(raw.get()) {
            Ok(one) => Some(one),
            // Odd references must not hide a vulnerability: what can be read is read.
            Err(error) => match serde_json::from_str::<Fields<'_>>(raw.get()) {
                Ok(fields) => self.object(fields, what),
                Err(_) => {
                    self.error("trivy/vulnerability", format!("{what}: {error}"));
                    None
                }
            },
        };
        let read = read?;
        if read.id.is_empty() || read.pkg_name.is_empty() {
            self.error("trivy/vulnerability", format!("{what}: no VulnerabilityID or no PkgName"));
            return None;
        }
        Some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Level;

    fn run(text: &str) -> (Report, Vec<String>) {
        let (report, diagnostics) = read(text.as_bytes(), &Caps::default());
        (report, diagnostics.iter().map(|d| format!("{:?} {}", d.level, d.code)).collect())
    }

    fn ids(report: &Report) -> Vec<&str> {
        report.results.iter().flat_map(|r| &r.vulnerabilities).map(|v| v.id.as_str()).collect()
    }

    #[test]
    fn a_bad_part_leaves_the_rest() {
        let text = r#"{"SchemaVersion":2,"ArtifactName":"a","CreatedAt":3,"Metadata":{"ImageID":"x","RepoTags":null,"OS":7},
            "Results":[{"Target":"t","Vulnerabilities":[
                {"VulnerabilityID":"CVE-1","PkgName":"p"},
                {"VulnerabilityID":"CVE-2","PkgName":"p","References":7,"CVSS":null},
                {"PkgName":"p"}, 3, {"VulnerabilityID":"CVE-3","PkgName":"p","Severity":"HIGH"}]},
              7, {"Target":"u","Vulnerabilities":{}}, {"Target":"v","Vulnerabilities":null}]}"#;
        let (report, diagnostics) = run(text);
        assert_eq!(ids(&report), ["CVE-1", "CVE-2", "CVE-3"]);
        assert_eq!((report.artifact_name.as_str(), report.metadata.image_id.as_str()), ("a", "x"));
        assert_eq!(report.results.len(), 3);
        assert_eq!(diagnostics.len(), 7, "{diagnostics:?}");
        assert!(diagnostics.iter().all(|d| d.starts_with("Error")));
    }

    #[test]
    fn schemas() {
        assert_eq!(run(r#"{"SchemaVersion":2,"Results":null}"#).1, Vec::<String>::new());
        assert_eq!(run(r#"{"SchemaVersion":3,"ArtifactName":"a"}"#).1, ["Warning trivy/schema-version"]);
        let (report, diagnostics) =
            run(r#"[{"Target":"t","Vulnerabilities":[{"VulnerabilityID":"CVE-1","PkgName":"p"}]}]"#);
        assert_eq!((ids(&report), diagnostics), (vec!["CVE-1"], vec!["Warning trivy/old-schema".to_owned()]));
    }

    #[test]
    fn what_is_no_report_is_an_error() {
        for text in ["", "{", "7", "{}", r#"{"apiVersion":"v1"}"#, "\u{feff}"] {
            let (report, diagnostics) = read(text.as_bytes(), &Caps::default());
            assert_eq!(report, Report::default());
            assert!(diagnostics.iter().any(|d| d.level == Level::Error), "{text}");
        }
        let deep = format!(r#"{{"SchemaVersion":2,"Results":{}"#, "[".repeat(100_000));
        assert!(!run(&deep).1.is_empty());
    }

    #[test]
    fn caps_hold() {
        let one = r#"{"VulnerabilityID":"CVE-1","PkgName":"p"}"#;
        let text = format!(
            r#"{{"SchemaVersion":2,"Results":[{{"Target":"t","Vulnerabilities":[{one},{one},{one}]}}]}}"#
        );
        let caps = Caps { vulnerabilities: 2, ..Caps::default() };
        let (report, diagnostics) = read(text.as_bytes(), &caps);
        assert_eq!((ids(&report).len(), diagnostics.len()), (2, 1));
        assert_eq!(read(text.as_bytes(), &Caps { bytes: 10, ..caps }).1[0].code, "trivy/too-large");
        let many = format!(r#"{{"SchemaVersion":2,"Results":[{}7]}}"#, "7,".repeat(99));
        let (_, diagnostics) = read(many.as_bytes(), &Caps { diagnostics: 3, ..Caps::default() });
        assert_eq!(diagnostics.len(), 4);
        assert!(diagnostics[3].message.starts_with("97 more"));
    }
}
