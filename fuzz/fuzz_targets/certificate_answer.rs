//! What a certificate authority answers, whatever the bytes: no certificate is taken for a key that nobody certified.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(key) = signing::PrivateKey::generate(&mut |bytes| bytes.fill(1)) else { return };
    assert!(signing::certificate_answer(data, &key).is_err());
});
