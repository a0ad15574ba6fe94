//! Every format of advisories, whatever the bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for source in vuln::SOURCES {
        let mut out = vuln::Advisories::default();
        let _ = (source.read)(data, &yaml::Caps { bytes: 1 << 20, ..yaml::Caps::default() }, &mut out);
    }
});
