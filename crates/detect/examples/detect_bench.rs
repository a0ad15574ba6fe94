//! What an event costs: `detect_bench CORPUS [stable|all|audit|load]`, processor time of this thread.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench reads files and prints")]

use detect::falco::{Limits, Loader};
use detect::{Engine, Matching, Replay, RuleSet, Run};
use std::path::Path;
use std::time::Duration;

/// Times the events of the captures and logs are repeated.
const ROUNDS: usize = 600;

const STABLE: &[&str] = &["rules/falco_rules.yaml"];
const ALL: &[&str] =
    &["rules/falco_rules.yaml", "rules/falco-incubating_rules.yaml", "rules/falco-sandbox_rules.yaml"];
const AUDIT: &[&str] = &["plugins/k8saudit/rules/k8s_audit_rules.yaml"];

/// Runs per figure; the cheapest counts.
const RUNS: usize = 3;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [corpus, wanted @ ..] = args.as_slice() else {
        println!("usage: detect_bench CORPUS [stable|all|audit|load]");
        return;
    };
    let corpus = &Path::new(corpus).join("falco");
    let asked = |what: &str| wanted.is_empty() || wanted.iter().any(|word| word == what);
    let least = |run: &dyn Fn() -> f64| (0..RUNS).map(|_| run()).fold(f64::MAX, f64::min);
    if asked("stable") {
        println!("figure replay, 25 rules, ns = {:.1}", least(&|| replay(corpus, STABLE)));
    }
    if asked("all") {
        println!("figure replay, all rules, ns = {:.1}", least(&|| replay(corpus, ALL)));
    }
    if asked("audit") {
        println!("figure audit, events/s = {:.0}", 1e9 / least(&|| audit(corpus, AUDIT)));
    }
    if asked("load") {
        println!("figure load all rules, ms = {:.1}", least(&|| load(corpus)));
    }
}

/// For how long this thread has run: other processes do not disturb it.
fn busy() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells");
    Duration::from_nanos(text.split(' ').next().and_then(|n| n.parse().ok()).expect("a number"))
}

/// The rules of files, the ones that are switched off included.
fn rules(corpus: &Path, files: &[&str]) -> RuleSet {
    let mut loader = Loader::new(Limits::default());
    for file in files {
        let text = std::fs::read(corpus.join(file)).expect("a rules file");
        assert!(loader.file(file, &text).successful(), "{file} does not load");
    }
    let mut rules = loader.into_rules();
    rules.rules.iter_mut().for_each(|rule| rule.enabled = true);
    rules
}

/// Milliseconds to load and compile every official rule.
fn load(corpus: &Path) -> f64 {
    let start = busy();
    let rules = rules(corpus, &[ALL, AUDIT].concat());
    for source in ["syscall", "k8s_audit"] {
        let (engine, errors) = Engine::compile(&rules, source, Matching::All);
        assert!(errors.is_empty() && engine.rules().next().is_some());
    }
    millis(busy() - start)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The blocks of a capture: tables first, then system calls alone.
fn blocks(bytes: &[u8]) -> (Vec<u8>, Vec<u8>, usize) {
    let (mut head, mut body, mut count) = (Vec::new(), Vec::new(), 0);
    let mut rest = bytes;
    while let [a, b, c, d, w, x, y, z, ..] = rest {
        let kind = u32::from_le_bytes([*a, *b, *c, *d]);
        let length = u32::from_le_bytes([*w, *x, *y, *z]) as usize;
        let (block, after) = rest.split_at(length);
        rest = after;
        let event = matches!(kind, 0x204 | 0x208 | 0x216 | 0x217);
        let code = block.get(30..32).map(|c| u16::from_le_bytes([c[0], c[1]]));
        match event {
            false => head.extend_from_slice(block),
            // Threads that end would make every later round one of strangers.
            true if !matches!(code, Some(186 | 234)) => {
                body.extend_from_slice(block);
                count += 1;
            }
            true => {}
        }
    }
    (head, body, count)
}

/// Nanoseconds an event of a capture costs.
fn replay(corpus: &Path, files: &[&str]) -> f64 {
    let rules = rules(corpus, files);
    let (engine, _) = Engine::compile(&rules, "syscall", Matching::First);
    let bytes = std::fs::read(corpus.join("captures/curl_google.scap")).expect("a capture");
    let (bytes, _) = event::scap::inflate(&bytes, &Default::default()).expect("inflates");
    let (head, body, count) = blocks(&bytes);
    let mut replay = Replay::new(&engine, Default::default(), Default::default());
    let mut alerts = 0u64;
    replay.push(&head, &mut |_| {}).expect("reads");
    replay.push(&body, &mut |_| {}).expect("reads");
    let start = busy();
    for _ in 0..ROUNDS {
        replay.push(&body, &mut |_| alerts += 1).expect("reads");
    }
    let events = count * ROUNDS;
    (busy() - start).as_secs_f64() * 1e9 / events as f64
}

/// Nanoseconds an audit event costs.
fn audit(corpus: &Path, files: &[&str]) -> f64 {
    let rules = rules(corpus, files);
    let (engine, _) = Engine::compile(&rules, "k8s_audit", Matching::All);
    let mut text = Vec::new();
    let folder = std::fs::read_dir(corpus.join("test/trace_files/k8s_audit")).expect("traces");
    let mut names: Vec<_> = folder.flatten().map(|entry| entry.path()).collect();
    names.sort();
    for name in names {
        // As most of a cluster's traffic is: reads by its own components, about which no rule has anything to say.
        let trace = String::from_utf8(std::fs::read(name).expect("a trace")).expect("text");
        let trace = trace.replace("\"verb\":\"create\"", "\"verb\":\"list\"");
        let trace = trace.replace("\"verb\":\"delete\"", "\"verb\":\"watch\"");
        text.extend(trace.trim().replace("\"username\":\"", "\"username\":\"system:").bytes());
        text.push(b'\n');
    }
    let (mut run, mut alerts) = (Run::default(), 0u64);
    let rounds = ROUNDS * 20;
    let start = busy();
    for _ in 0..rounds {
        event::audit::read(&text, &Default::default(), &mut |_, event| {
            engine.audit(&mut run, event, &mut |_| alerts += 1);
        });
    }
    assert!(alerts < run.counts.seen);
    (busy() - start).as_secs_f64() * 1e9 / run.counts.seen as f64
}
