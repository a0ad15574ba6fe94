//! Every analyzer of package files, whatever the bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for analyzer in inventory::ANALYZERS {
        let mut out = inventory::Packages::default();
        (analyzer.parse)("any/path", data, &mut out);
    }
});
