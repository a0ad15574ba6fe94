//! Falco's own rules, captures and expectations, replayed. Needs the corpus; see `corpus`.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test reads its corpus and says when it cannot"
)]

use detect::falco::{Limits, Loader};
use detect::{Engine, Matching, Priority, Run};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The corpus folder, or `None` when it is not there (in CI that is a failure).
fn corpus() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder =
        std::env::var_os("RINGWALL_CORPUS").map(PathBuf::from).unwrap_or(root.join("../shared/corpus"));
    let folder = folder.join("falco");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "no corpus at {}", folder.display());
    println!("skipped: no corpus");
    None
}

fn load(corpus: &std::path::Path, files: &[&str]) -> (Loader, Vec<detect::falco::LoadResult>) {
    let mut loader = Loader::new(Limits::default());
    let results = files
        .iter()
        .map(|file| loader.file(file, &std::fs::read(corpus.join(file)).expect("corpus file")))
        .collect();
    (loader, results)
}

const K8S: &str = "plugins/k8saudit/rules/k8s_audit_rules.yaml";

#[test]
fn official_audit_rules_load_without_errors() {
    let Some(corpus) = corpus() else { return };
    let (loader, results) = load(&corpus, &[K8S]);
    let errors: Vec<String> = results.iter().flat_map(|r| r.errors()).map(|p| p.message.clone()).collect();
    assert_eq!(errors, [] as [String; 0]);
    assert_eq!(loader.rules().rules.len(), 48);
    let (engine, errors) = Engine::compile(loader.rules(), "k8s_audit", Matching::All);
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(engine.rules().count(), 48);
}

/// Rows written for a loader that was laxer: the error today's gives, beside which the row must still hold.
const CORRECTIONS: &[(&str, &str)] = &[
    ("compat_engine_v4_create_disallowed_pod", "'contains' operator not supported for list fields"),
    ("compat_engine_v4_create_allowed_pod", "'contains' operator not supported for list fields"),
    ("compat_engine_v4_create_unprivileged_pod", "'contains' operator not supported for list fields"),
    // Its lists are named otherwise in today's rules.
    ("create_unprivileged_trusted_pod", "list is appended to, but no list by that name exists"),
];

/// Runs one audit row; the reason why it does not hold, if it does not.
fn audit_row(corpus: &std::path::Path, row: &Value) -> Result<(), String> {
    let mut files: Vec<&str> = Vec::new();
    if row["needs_default_rules"] == true {
        files.push(K8S);
    }
    files.extend(row["rules"].as_array().into_iter().flatten().filter_map(Value::as_str));
    let (loader, results) = load(corpus, &files);
    let name = row["name"].as_str().unwrap_or("");
    let corrected = CORRECTIONS.iter().find(|(row, _)| *row == name).map(|(_, error)| *error);
    let mut errors = results.iter().flat_map(|r| r.errors());
    if let Some(problem) = errors.find(|p| corrected.is_none_or(|message| message != p.message)) {
        return Err(format!("does not load: {}", problem.message));
    }
    let (engine, errors) = Engine::compile(loader.rules(), "k8s_audit", Matching::First);
    if let Some((rule, error)) = errors.first() {
        return Err(format!("{rule}: {error}"));
    }
    let text = std::fs::read(corpus.join(row["trace"].as_str().unwrap_or(""))).map_err(|e| e.to_string())?;
    let mut run = Run::default();
    let mut alerts = Vec::new();
    let reading = event::audit::read(&text, &Default::default(), &mut |_, event| {
        engine.audit(&mut run, event, &mut |alert| alerts.push(alert));
    });
    if reading.garbage > 0 {
        return Err("trace does not read".into());
    }
    if row["detect"] != (!alerts.is_empty()) {
        return Err(format!("alerts: {:?}", alerts.iter().map(|a| &a.rule).collect::<Vec<_>>()));
    }
    let level = row["level"].as_str().and_then(Priority::parse);
    if let Some(odd) = alerts.iter().find(|a| level.is_some_and(|level| level != a.priority)) {
        return Err(format!("{} has priority {}", odd.rule, odd.priority));
    }
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for alert in &alerts {
        *counts.entry(&alert.rule).or_default() += 1;
    }
    for (rule, want) in
        row["counts"].as_array().into_iter().flatten().flat_map(|c| c.as_object().into_iter().flatten())
    {
        // The old name of what is two rules today.
        let names: &[&str] = match rule.as_str() {
            "K8s Role/Clusterrole Deleted" => &["K8s Role Deleted", "K8s ClusterRole Deleted"],
            other => &[other],
        };
        let got: u64 = names.iter().filter_map(|name| counts.get(name)).sum();
        if want.as_u64() != Some(got) {
            return Err(format!("{rule}: {got} instead of {want}"));
        }
    }
    Ok(())
}

#[test]
fn expected_audit_rows() {
    let Some(corpus) = corpus() else { return };
    let rows: Vec<Value> =
        serde_json::from_slice(&std::fs::read(corpus.join("expectations.json")).expect("expectations"))
            .expect("JSON");
    let mut failed = Vec::new();
    for row in rows.iter().filter(|row| row["trace"].as_str().is_some_and(|t| t.ends_with(".json"))) {
        if let Err(why) = audit_row(&corpus, row) {
            failed.push(format!("{}: {why}", row["name"]));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

const SYSCALL: [&str; 3] =
    ["rules/falco_rules.yaml", "rules/falco-incubating_rules.yaml", "rules/falco-sandbox_rules.yaml"];

#[test]
fn official_syscall_rules_load_without_errors() {
    let Some(corpus) = corpus() else { return };
    let (loader, results) = load(&corpus, &SYSCALL);
    let errors: Vec<String> = results.iter().flat_map(|r| r.errors()).map(|p| p.message.clone()).collect();
    assert_eq!(errors, [] as [String; 0]);
    assert_eq!(loader.rules().rules.len(), 93);
    let (engine, errors) = Engine::compile(loader.rules(), "syscall", Matching::All);
    assert!(errors.is_empty(), "{errors:?}");
    println!("{} rules, {:?} leaves and steps", engine.rules().count(), engine.size());
    for result in &results {
        println!("{}", result.text(false));
    }
}
