//! Captures, in one piece and in many: the same alerts and counts, whatever the bytes.
#![no_main]

use detect::falco::Loader;
use detect::state::StateLimits;
use detect::{Counts, Engine, Matching, Replay};
use event::scap::Limits;
use std::sync::OnceLock;

const RULES: &str = "\
- rule: all
  desc: every event
  condition: evt.num > 0
  output: \"%evt.type %evt.args %proc.name %proc.cmdline %proc.aname %fd.name %fd.sip %user.name %container.id %evt.res %evt.buffer\"
  priority: INFO
  warn_evttypes: false
";

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let mut loader = Loader::new(Default::default());
        assert!(loader.file("r", RULES.as_bytes()).successful());
        Engine::compile(loader.rules(), "syscall", Matching::All).0
    })
}

fn run(pieces: &[&[u8]]) -> (u64, Counts, bool) {
    let limits = Limits { inflated: 1 << 22, block: 1 << 16, rows: 1000 };
    let mut replay = Replay::new(engine(), limits, StateLimits { threads: 64, fds: 64, containers: 8 });
    let (mut alerts, mut failed) = (0, false);
    for piece in pieces {
        failed = failed || replay.push(piece, &mut |_| alerts += 1).is_err();
    }
    failed = failed || replay.finish().is_err();
    (alerts, replay.run.counts.clone(), failed)
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let limits = Limits { inflated: 1 << 22, block: 1 << 16, rows: 1000 };
    let _ = event::scap::inflate(data, &limits);
    // The header is given: without it there is nothing to find.
    let mut header = vec![0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 2, 0];
    header.extend([0xff; 8]);
    header.extend([28, 0, 0, 0]);
    let whole = [&header, data].concat();
    let (alerts, counts, failed) = run(&[&whole]);
    let dropped: u64 = counts.dropped.values().sum();
    assert_eq!(counts.seen, counts.matched + counts.unmatched + dropped);
    let pieces: Vec<&[u8]> = whole.chunks(37).collect();
    let (again, _, failed_again) = run(&pieces);
    assert_eq!((alerts, failed), (again, failed_again));
});
