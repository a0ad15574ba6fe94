//! Files of detection rules: whatever the bytes, they load or are told, and what loads compiles and is linted.
#![no_main]

use detect::falco::{Limits, Loader};
use detect::{Engine, Matching, lint};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let limits = Limits { condition: 1 << 14, depth: 60, checks: 2000, ..Limits::default() };
    let mut loader = Loader::new(limits);
    let result = loader.file("fuzz.yaml", data);
    assert_eq!(result.successful(), result.errors().next().is_none());
    let _ = (result.text(true), result.json(), result.diagnostics());
    for source in ["syscall", "k8s_audit"] {
        let _ = Engine::compile(loader.rules(), source, Matching::All);
    }
    let _ = lint::lint(loader.rules(), &[], &lint::Limits { steps: 200 });
});
