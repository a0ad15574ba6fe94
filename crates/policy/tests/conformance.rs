//! Kyverno's own command line tests over its policy library and test folders, strictly scored.
//!
//! A row passes only when a rule of ours answered with the wanted word. `tests/conformance/kyverno/passing.txt`
//! lists the rows that pass and only grows; `UPDATE_EXPECT=1` writes it anew.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test binary that reads a corpus, not a pure engine"
)]

#[path = "conformance/suite.rs"]
mod suite;

use policy::{Policy, Request, RuleVerdict, evaluate};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use suite::Outcome;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The corpus, or nothing where it is absent; with `CI=true` its absence is a failure.
fn corpus() -> Option<PathBuf> {
    let path = match std::env::var_os("RINGWALL_CORPUS") {
        Some(path) => PathBuf::from(path),
        None => root().join("../shared/corpus"),
    };
    let kyverno = path.join("kyverno");
    if kyverno.is_dir() {
        return Some(kyverno);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "no corpus at {}", path.display());
    println!("skipped: no corpus");
    None
}

fn ours(policy: &Policy, request: &Request) -> Vec<RuleVerdict> {
    evaluate(policy, request).verdicts
}

#[test]
fn passing_rows_only_grow() {
    let Some(corpus) = corpus() else { return };
    let rows = suite::run(&corpus, &ours);
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    let mut passing = BTreeSet::new();
    let mut not_passing = BTreeSet::new();
    let mut assertions = 0_u64;
    for (key, outcome) in &rows {
        match outcome {
            Outcome::Pass => {
                assertions += 1;
                passing.insert(key.clone());
            }
            Outcome::Pending(reason) => {
                *reasons.entry(reason).or_default() += 1;
                not_passing.insert(key.clone());
            }
        }
    }
    let passing: BTreeSet<String> = passing.difference(&not_passing).cloned().collect();
    println!("{assertions} of {} assertions pass, {} rows", rows.len(), passing.len());
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(reason, count)| (std::cmp::Reverse(*count), *reason));
    for (reason, count) in reasons {
        println!("{count:6}  {reason}");
    }
    let list = root().join("tests/conformance/kyverno/passing.txt");
    let written: BTreeSet<String> =
        std::fs::read_to_string(&list).unwrap_or_default().lines().map(str::to_owned).collect();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let text: String = passing.iter().map(|row| format!("{row}\n")).collect();
        std::fs::create_dir_all(list.parent().unwrap()).unwrap();
        std::fs::write(&list, text).unwrap();
        return;
    }
    let lost: Vec<_> = written.difference(&passing).collect();
    assert!(lost.is_empty(), "{} rows passed before and do not now: {lost:#?}", lost.len());
    let new: Vec<_> = passing.difference(&written).collect();
    assert!(
        new.is_empty(),
        "{} rows pass and are not listed (UPDATE_EXPECT=1 lists them): {new:#?}",
        new.len()
    );
}

#[test]
fn a_do_nothing_engine_scores_nothing() {
    let Some(corpus) = corpus() else { return };
    let rows = suite::run(&corpus, &|_, _| Vec::new());
    assert!(rows.len() > 1000, "only {} rows were read", rows.len());
    let passed = rows.iter().filter(|(_, outcome)| *outcome == Outcome::Pass).count();
    assert_eq!(passed, 0);
}
