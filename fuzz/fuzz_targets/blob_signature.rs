//! A signature of a file in any dialect: it verifies nothing without a key, whatever the bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(signature) = signing::BlobSignature::read(data) {
        let artifact = signing::Artifact::Bytes(b"file");
        assert!(signing::verify_blob(artifact, &signature, &signing::Requirement::default()).is_err());
    }
});
