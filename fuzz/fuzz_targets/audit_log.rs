//! Audit events, and what is made of them, whatever the bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut usage = audit::Usage::default();
    let limits = event::audit::Limits { line: 1 << 16, diagnostics: 8 };
    let mut handed = 0;
    let reading = event::audit::read(data, &limits, &mut |line, event| {
        handed += 1;
        let _ = audit::requests(event);
        usage.add(line, event);
    });
    assert_eq!(handed, reading.events);
    assert_eq!(reading.garbage == 0, reading.diagnostics.is_empty());
    let _ = usage.facts(&"fuzz".into());
});
