//! What a timestamp authority answers, whatever the bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(key) = signing::PrivateKey::generate(&mut |bytes| bytes.fill(1)) else { return };
    let Ok(mut draft) = signing::Draft::blob(b"file", signing::Credential::key(&key)) else { return };
    let _ = draft.stamp(&[7; 16], data);
});
