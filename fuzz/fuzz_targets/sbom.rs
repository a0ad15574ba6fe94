//! Bills of materials, whatever the bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = inventory::sbom(data, &inventory::Limits { file_bytes: 1 << 20, ..inventory::Limits::default() });
});
