//! Runtime alerts: every line is an alert or counted, whatever the bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let limits = detect::alert::ImportLimits { line: 1 << 16, alerts: 100, diagnostics: 8 };
    let imported = detect::import(data, &limits);
    assert!(imported.alerts.len() <= 100 && imported.diagnostics.len() <= 8);
    assert_eq!(imported.garbage == 0, imported.diagnostics.is_empty());
    let name = "fuzz".into();
    assert_eq!(detect::facts(&imported.alerts, &name).len(), imported.alerts.len());
    let _ = detect::findings(&imported.alerts, &name);
});
