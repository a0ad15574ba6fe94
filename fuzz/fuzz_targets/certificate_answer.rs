//! What a certificate authority answers, whatever the bytes: no certificate is taken for a key that nobody certified.
#![no_main]

thread_local! {
    static KEY: Option<signing::PrivateKey> = signing::PrivateKey::generate(&mut |bytes| bytes.fill(1)).ok();
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    KEY.with(|key| {
        let Some(key) = key else { return };
        assert!(signing::certificate_answer(data, key).is_err());
    });
});
