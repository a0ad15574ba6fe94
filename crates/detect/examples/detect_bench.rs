//! What an event costs: `detect_bench CORPUS replay|audit|load [RULE FILE…]`, CPU time of this process.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench reads files and prints")]

use detect::falco::{Limits, Loader};
use detect::{Engine, Matching, Replay, RuleSet, Run};
use std::path::Path;
use std::time::Instant;

/// Times the events of the captures and logs are repeated.
const ROUNDS: usize = 600;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [corpus, what, files @ ..] = args.as_slice() else {
        println!("usage: detect_bench CORPUS replay|audit|load [RULE FILE...]");
        return;
    };
    let corpus = Path::new(corpus);
    match what.as_str() {
        "load" => load(corpus, files),
        "audit" => audit(corpus, files),
        _ => replay(corpus, files),
    }
}

fn rules(corpus: &Path, files: &[String]) -> RuleSet {
    let mut loader = Loader::new(Limits::default());
    for file in files {
        let text = std::fs::read(corpus.join(file)).expect("a rules file");
        assert!(loader.file(file, &text).successful(), "{file} does not load");
    }
    loader.into_rules()
}

fn load(corpus: &Path, files: &[String]) {
    let start = Instant::now();
    let rules = rules(corpus, files);
    let loaded = start.elapsed();
    for source in ["syscall", "k8s_audit"] {
        let (engine, _) = Engine::compile(&rules, source, Matching::All);
        println!("{source}: {} rules, {:?} leaves and steps", engine.rules().count(), engine.size());
    }
    println!("load {:.1} ms, load and compile {:.1} ms", millis(loaded), millis(start.elapsed()));
}

fn millis(time: std::time::Duration) -> f64 {
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

fn replay(corpus: &Path, files: &[String]) {
    let rules = rules(corpus, files);
    let (engine, _) = Engine::compile(&rules, "syscall", Matching::First);
    let bytes = std::fs::read(corpus.join("captures/curl_google.scap")).expect("a capture");
    let (bytes, _) = event::scap::inflate(&bytes, &Default::default()).expect("inflates");
    let (head, body, count) = blocks(&bytes);
    let mut replay = Replay::new(&engine, Default::default(), Default::default());
    let mut alerts = 0u64;
    replay.push(&head, &mut |_| {}).expect("reads");
    replay.push(&body, &mut |_| {}).expect("reads");
    let start = Instant::now();
    for _ in 0..ROUNDS {
        replay.push(&body, &mut |_| alerts += 1).expect("reads");
    }
    let time = start.elapsed();
    let events = count * ROUNDS;
    println!(
        "replay: {} rules, {events} events, {alerts} alerts, {:.0} ns an event",
        engine.rules().count(),
        time.as_secs_f64() * 1e9 / events as f64
    );
}

fn audit(corpus: &Path, files: &[String]) {
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
    let start = Instant::now();
    for _ in 0..rounds {
        event::audit::read(&text, &Default::default(), &mut |_, event| {
            engine.audit(&mut run, event, &mut |_| alerts += 1);
        });
    }
    let time = start.elapsed().as_secs_f64();
    println!(
        "audit: {} rules, {} events, {alerts} alerts, {:.0} events a second, {:.0} MB/s",
        engine.rules().count(),
        run.counts.seen,
        run.counts.seen as f64 / time,
        (text.len() * rounds) as f64 / time / 1e6
    );
}
