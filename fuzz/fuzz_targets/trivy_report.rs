//! A scan report of Trivy's: read, lowered and written, whatever the bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let caps = vuln::trivy::Caps { bytes: 1 << 20, vulnerabilities: 1000, diagnostics: 8 };
    let (report, diagnostics) = vuln::trivy::read(data, &caps);
    assert!(diagnostics.len() <= 10);
    let scan = vuln::trivy::import(&report, "fuzz".into(), &diagnostics);
    assert!(scan.found.len() <= 1000);
    let _ = (scan.findings(), scan.facts(), vuln::trivy::json(&report));
});
