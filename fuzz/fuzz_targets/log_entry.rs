//! What a transparency log of either version answers, whatever the bytes.
#![no_main]

thread_local! {
    static DRAFT: Option<signing::Draft> = {
        let key = signing::PrivateKey::generate(&mut |bytes| bytes.fill(1)).ok();
        key.and_then(|key| signing::Draft::blob(b"file", signing::Credential::key(&key)).ok())
    };
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some(mut draft) = DRAFT.with(Clone::clone) else { return };
    for version in [signing::LogVersion::First, signing::LogVersion::Second] {
        let _ = draft.enter(version, data);
    }
});
