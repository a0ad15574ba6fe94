//! Sigstore's signing configuration, whatever the bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = signing::Services::from_signing_config(data, model::Timestamp::UNIX_EPOCH);
});
