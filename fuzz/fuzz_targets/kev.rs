//! The catalogue of exploited vulnerabilities, whatever the bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = vuln::columns::Kev::parse(data);
});
