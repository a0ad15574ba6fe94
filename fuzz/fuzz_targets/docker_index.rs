//! The index of a docker archive, whatever the bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = inventory::index(&data.to_vec(), &inventory::Limits { entries: 1000, ..inventory::Limits::default() });
});
