//! What a timestamp authority answers, whatever the bytes.
#![no_main]

thread_local! {
    static DRAFT: Option<signing::Draft> = {
        let key = signing::PrivateKey::generate(&mut |bytes| bytes.fill(1)).ok();
        key.and_then(|key| signing::Draft::blob(b"file", signing::Credential::key(&key)).ok())
    };
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some(mut draft) = DRAFT.with(Clone::clone) else { return };
    let _ = draft.stamp(&[7; 16], data);
});
