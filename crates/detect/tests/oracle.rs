//! Official conditions over captures: the same events as sysdig finds.
//!
//! The answers are kept beside the suite with sysdig's version. `RINGWALL_SYSDIG=ROOT` (a folder with an unpacked
//! sysdig, entered by chroot) asks it again and writes them.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    reason = "a test reads its corpus"
)]

use detect::condition::{Check, Expr, Op, Operand, Right};
use detect::falco::{Limits, Loader};
use detect::{DetectionRule, Engine, Matching, Replay, RuleSet};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const CAPTURES: [&str; 5] = [
    "test/trace_files/cat_write.scap",
    "test/trace_files/open-multiple-files.scap",
    "captures/curl_google.scap",
    "captures/single_ipv6_conn.scap",
    "captures/test_ipv6_client.scap",
];
const RULES: [&str; 3] =
    ["rules/falco_rules.yaml", "rules/falco-incubating_rules.yaml", "rules/falco-sandbox_rules.yaml"];

fn repo() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("RINGWALL_CORPUS").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| repo().join("../shared/corpus")).join("falco");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "no corpus at {}", folder.display());
    println!("skipped: no corpus");
    None
}

/// The condition with every check of container and pod fields replaced by a constant: sysdig here has no such fields.
fn without_containers(expr: &Expr, holds: bool) -> Expr {
    let all = |parts: &[Arc<Expr>]| parts.iter().map(|e| Arc::new(without_containers(e, holds))).collect();
    match expr {
        Expr::And(parts) => Expr::And(all(parts)),
        Expr::Or(parts) => Expr::Or(all(parts)),
        Expr::Not(inner) => Expr::Not(Arc::new(without_containers(inner, holds))),
        Expr::Check(check) => {
            let mut foreign = false;
            check
                .fields(&mut |name, _| foreign |= name.starts_with("container.") || name.starts_with("k8s."));
            match foreign {
                false => expr.clone(),
                true => Expr::Check(Check {
                    left: Operand::Field { name: "evt.num".into(), arg: None },
                    op: if holds { Op::Gt } else { Op::Eq },
                    right: Right::Value("0".into()),
                    at: 0,
                }),
            }
        }
        Expr::Macro { .. } => expr.clone(),
    }
}

fn capture(corpus: &Path, name: &str) -> Vec<u8> {
    let bytes = std::fs::read(corpus.join(name)).expect("capture");
    event::scap::inflate(&bytes, &Default::default()).expect("inflates").0.into_owned()
}

/// Numbers of the events each rule holds for.
fn ours(rules: &[DetectionRule], bytes: &[u8]) -> BTreeMap<String, Vec<u64>> {
    let set = RuleSet { rules: rules.to_vec() };
    let (engine, errors) = Engine::compile(&set, "syscall", Matching::All);
    assert!(errors.is_empty(), "{errors:?}");
    let mut found: BTreeMap<String, Vec<u64>> = rules.iter().map(|r| (r.name.clone(), Vec::new())).collect();
    let mut replay = Replay::new(&engine, Default::default(), Default::default());
    replay
        .push(bytes, &mut |alert| found.entry(alert.rule).or_default().push(alert.number))
        .expect("the capture reads");
    found
}

fn sysdig(root: &Path, capture: &Path, condition: &str) -> Vec<u64> {
    let inside = root.join("tmp/ringwall.scap");
    std::fs::copy(capture, &inside).expect("copies");
    let run = std::process::Command::new("chroot")
        .arg(root)
        .args(["/usr/bin/sysdig", "-r", "/tmp/ringwall.scap", "-p", "%evt.num", condition])
        .output()
        .expect("sysdig runs");
    assert!(run.status.success(), "{condition}: {}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8_lossy(&run.stdout).lines().filter_map(|line| line.trim().parse().ok()).collect()
}

fn rules(corpus: &Path, holds: bool) -> Vec<DetectionRule> {
    let mut loader = Loader::new(Limits::default());
    for file in RULES {
        loader.file(file, &std::fs::read(corpus.join(file)).expect("rules"));
    }
    let mut rules = loader.into_rules().rules;
    for rule in &mut rules {
        rule.enabled = true;
        rule.condition = Arc::new(without_containers(&rule.condition, holds));
    }
    rules
}

type Answers = BTreeMap<String, BTreeMap<String, Vec<u64>>>;

#[test]
fn official_conditions_find_the_same_events() {
    let Some(corpus) = corpus() else { return };
    let file = repo().join("tests/conformance/falco/sysdig-0.41.4.json");
    let ask = std::env::var_os("RINGWALL_SYSDIG").map(PathBuf::from);
    let mut answers: Answers =
        std::fs::read(&file).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    let (mut wrong, mut compared, mut hits) = (Vec::new(), 0, 0);
    for holds in [true, false] {
        let rules = rules(&corpus, holds);
        for name in CAPTURES {
            let key = format!("{name} {holds}");
            let mine = ours(&rules, &capture(&corpus, name));
            if let Some(root) = &ask {
                let asked =
                    |rule: &DetectionRule| sysdig(root, &corpus.join(name), &rule.condition.to_string());
                let found = rules.iter().map(|rule| (rule.name.clone(), asked(rule)));
                answers.insert(key.clone(), found.filter(|(_, events)| !events.is_empty()).collect());
            }
            let theirs = answers.get(&key).unwrap_or_else(|| panic!("no answers for {key}"));
            for (rule, events) in &mine {
                compared += 1;
                let want = theirs.get(rule).cloned().unwrap_or_default();
                hits += want.len();
                if *events != want {
                    wrong.push(format!("{key} {rule}: {events:?} instead of {want:?}"));
                }
            }
        }
    }
    if ask.is_some() {
        std::fs::write(&file, serde_json::to_string_pretty(&answers).expect("JSON") + "\n").expect("written");
    }
    println!("{compared} conditions compared, {hits} events found by both");
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
    assert!(hits > 10, "only {hits} hits: the comparison says nothing");
}
