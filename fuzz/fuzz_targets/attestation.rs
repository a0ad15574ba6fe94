//! An envelope at the tag of old attestations, or a payload at that of old signatures, whatever the bytes: neither
//! verifies.
#![no_main]

use sha2::{Digest as _, Sha256};
use signing::{Answer, Ask, PrivateKey, PublicKey, Requirement, Wanted};

thread_local! {
    static KEY: Option<PublicKey> =
        PrivateKey::generate(&mut |bytes| bytes.fill(1)).ok().map(|key| key.public().clone());
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let hex: String = Sha256::digest(data).iter().map(|byte| format!("{byte:02x}")).collect();
    let Some(image) = model::Digest::parse(&format!("sha256:{}", "0".repeat(64))) else { return };
    let Some(key) = KEY.with(Clone::clone) else { return };
    for (kind, wanted) in [
        ("application/vnd.dev.cosign.simplesigning.v1+json", Wanted::Signature),
        (
            "application/vnd.dsse.envelope.v1+json",
            Wanted::Attestation { predicate_type: "https://example.test/claim".to_owned(), every: true },
        ),
    ] {
        let manifest = format!(
            r#"{{"schemaVersion":2,"config":{{"mediaType":"a/b","digest":"sha256:{hex}","size":1}},"layers":[{{"mediaType":"{kind}","digest":"sha256:{hex}","size":1,"annotations":{{"dev.cosignproject.cosign/signature":"AA=="}}}}]}}"#
        );
        let mut look = |ask: &Ask| match ask {
            Ask::Tag(_) => Answer::Found(manifest.clone().into_bytes()),
            Ask::Blob(_) => Answer::Found(data.to_vec()),
            _ => Answer::Absent,
        };
        let requirement = Requirement { wanted, ..Requirement::by_keys([key.clone()]) };
        let verdict = signing::verify_with(&image, &requirement, &signing::Limits::default(), &mut look);
        assert!(!matches!(verdict.outcome, signing::Outcome::Verified { .. }));
    }
});
