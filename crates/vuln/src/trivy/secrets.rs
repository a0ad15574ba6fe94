//! Secrets as a report lists them: a target a file, and the image's config as one more.
//!
//! Semantics: Trivy's `secretsToResults` in `pkg/scan/local` and `pkg/fanal/types/secret.go`.

use super::report::{Layer, ScanResult};
use super::{Json, config, json};
use inventory::{CodeLine, Inventory, LayerInfo, SecretFinding};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Detected<'a> {
    #[serde(rename = "RuleID")]
    rule_id: &'a str,
    category: &'a str,
    severity: &'a str,
    title: &'a str,
    start_line: u64,
    end_line: u64,
    code: Code<'a>,
    #[serde(rename = "Match")]
    matched: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    layer: Option<Layer>,
    #[serde(skip_serializing_if = "none")]
    offset: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Code<'a> {
    lines: Option<Vec<Line<'a>>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Line<'a> {
    number: u64,
    content: &'a str,
    is_cause: bool,
    annotation: &'static str,
    truncated: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    highlighted: &'a str,
    first_cause: bool,
    last_cause: bool,
}

fn none(offset: &u64) -> bool {
    *offset == 0
}

/// The secrets of an inventory; `name` is the target of those in its config.
pub(super) fn results(inventory: &Inventory, name: &str) -> Vec<ScanResult> {
    let Some(secrets) = &inventory.secrets else { return Vec::new() };
    let files = secrets.files.iter().map(|file| (file.path.as_str(), &file.findings));
    let config = Some((name, &secrets.config)).filter(|(_, findings)| !findings.is_empty());
    let result = |(target, findings): (&str, &Vec<SecretFinding>)| ScanResult {
        target: target.to_owned(),
        class: "secret".to_owned(),
        secrets: findings.iter().filter_map(|finding| detected(finding, inventory)).collect(),
        ..ScanResult::default()
    };
    files.chain(config).map(result).collect()
}

fn detected(finding: &SecretFinding, inventory: &Inventory) -> Option<Json> {
    let written = Detected {
        rule_id: &finding.rule,
        category: &finding.category,
        severity: &finding.severity,
        title: &finding.title,
        start_line: finding.start_line,
        end_line: finding.end_line,
        code: Code { lines: (!finding.lines.is_empty()).then(|| lines(&finding.lines)) },
        matched: &finding.matched,
        layer: layer(finding, &inventory.layers),
        offset: finding.offset,
    };
    serde_json::to_string(&written).ok().and_then(|text| serde_json::from_str(&text).ok())
}

fn lines(lines: &[CodeLine]) -> Vec<Line<'_>> {
    let first = lines.iter().position(|line| line.cause);
    let last = lines.iter().rposition(|line| line.cause);
    let mut out = Vec::with_capacity(lines.len());
    for (at, CodeLine { number, content, cause }) in lines.iter().enumerate() {
        out.push(Line {
            number: *number,
            content,
            is_cause: *cause,
            annotation: "",
            truncated: false,
            highlighted: content,
            first_cause: Some(at) == first,
            last_cause: Some(at) == last,
        });
    }
    out
}

/// The layer with the instruction that made it. A history that does not fit the layers tells none.
fn layer(finding: &SecretFinding, layers: &[LayerInfo]) -> Option<Layer> {
    let diff_id = finding.layer.as_ref()?;
    let info = layers.iter().find(|layer| layer.diff_id == *diff_id);
    let made = layers.iter().all(|layer| layer.created_by.is_some());
    let by = info.filter(|_| made).and_then(|info| info.created_by.as_deref()).unwrap_or_default();
    let by = by.strip_prefix("/bin/sh -c ").unwrap_or(by);
    Some(Layer {
        digest: info.and_then(|info| info.digest.as_ref()).map(ToString::to_string).unwrap_or_default(),
        diff_id: diff_id.to_string(),
        created_by: by.strip_prefix("#(nop) ").unwrap_or(by).to_owned(),
        ..Layer::default()
    })
}

/// An image's config as it is searched for secrets; `None` when it cannot be read.
pub fn searchable(config: &str) -> Option<String> {
    let text = json::go(&config::ordered(config)?);
    let mut out = String::with_capacity(text.len());
    for (at, line) in text.lines().enumerate() {
        if at > 0 {
            // Two spaces before every line, and no more for what is deeper.
            out.push_str("\n  ");
        }
        out.push_str(line.trim_start_matches(' '));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use inventory::{SecretFile, Secrets};
    use model::Digest;

    fn inventory() -> Inventory {
        let digest = |n: u8| Digest::parse(&format!("sha256:{}", format!("{n:02x}").repeat(32))).unwrap();
        let line = |number, cause| CodeLine { number, content: format!("line <{number}>"), cause };
        let finding = SecretFinding {
            rule: "github-pat".into(),
            category: "GitHub".into(),
            severity: "CRITICAL".into(),
            title: "Token".into(),
            start_line: 2,
            end_line: 3,
            lines: vec![line(1, false), line(2, true), line(3, true)],
            matched: "line <2>".into(),
            offset: 9,
            layer: Some(digest(1)),
        };
        let config = SecretFinding { layer: None, offset: 0, lines: Vec::new(), ..finding.clone() };
        let secrets = Secrets {
            files: vec![SecretFile { path: "/a".into(), findings: vec![finding] }],
            config: vec![config],
            ..Secrets::default()
        };
        let layers = vec![LayerInfo {
            diff_id: digest(1),
            digest: Some(digest(2)),
            bytes: None,
            created_by: Some("/bin/sh -c #(nop) COPY a /a".into()),
        }];
        Inventory { secrets: Some(secrets), layers, ..Inventory::default() }
    }

    #[test]
    fn as_a_report_lists_them() {
        let results = results(&inventory(), "app:1");
        let targets: Vec<_> = results.iter().map(|r| (r.target.as_str(), r.class.as_str())).collect();
        assert_eq!(targets, [("/a", "secret"), ("app:1", "secret")]);
        let text = serde_json::to_string(&results[0].secrets[0]).unwrap();
        assert!(text.starts_with(r#"{"RuleID":"github-pat","Category":"GitHub","Severity":"CRITICAL","Title":"Token","StartLine":2,"EndLine":3,"Code":{"Lines":[{"Number":1,"Content":"line <1>","IsCause":false,"Annotation":"","Truncated":false,"Highlighted":"line <1>","FirstCause":false,"LastCause":false},"#), "{text}");
        assert!(text.contains(r#""FirstCause":true,"LastCause":false},{"Number":3"#), "{text}");
        assert!(text.ends_with(&format!(r#""Match":"line <2>","Layer":{{"Digest":"sha256:{}","DiffID":"sha256:{}","CreatedBy":"COPY a /a"}},"Offset":9}}"#, "02".repeat(32), "01".repeat(32))), "{text}");
        let config = serde_json::to_string(&results[1].secrets[0]).unwrap();
        assert!(config.ends_with(r#""Code":{"Lines":null},"Match":"line <2>"}"#), "{config}");
        assert!(super::results(&Inventory::default(), "x").is_empty());
    }

    #[test]
    fn configs() {
        let text = r#"{"architecture":"amd64","os":"linux","config":{"Env":["A=<b>"]},"rootfs":{"type":"layers","diff_ids":[]}}"#;
        let got = searchable(text).unwrap();
        assert!(got.starts_with("{\n  \"architecture\": \"amd64\",\n  \"os\""), "{got}");
        assert!(got.contains("\n  \"Env\": [\n  \"A=\\u003cb\\u003e\"\n  ]\n  }"), "{got}");
        assert!(searchable("x").is_none());
    }
}
