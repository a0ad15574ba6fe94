//! Reports, whatever is in them, written in every format; bills of materials are read again.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let caps = vuln::trivy::Caps { bytes: 1 << 20, vulnerabilities: 1000, diagnostics: 8 };
    let (report, _) = vuln::trivy::read(data, &caps);
    let setting = vuln::trivy::Setting {
        template: Some("{{ range . }}{{ . }}{{ toJson . }}{{ end }}".to_owned()),
        ..vuln::trivy::Setting::default()
    };
    for format in vuln::trivy::FORMATS {
        let Ok(text) = (format.write)(&report, &setting) else { continue };
        if matches!(format.id, "cyclonedx" | "spdx-json" | "spdx") {
            let limits = inventory::Limits { file_bytes: 64 << 20, ..inventory::Limits::default() };
            let _ = inventory::sbom(text.as_bytes(), &limits);
        }
    }
});
