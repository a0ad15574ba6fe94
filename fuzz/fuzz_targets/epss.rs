//! Exploit prediction scores, whatever the bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (epss, diagnostics) = vuln::columns::Epss::parse(data);
    assert!(epss.is_empty() != diagnostics.is_empty() || !diagnostics.is_empty());
});
