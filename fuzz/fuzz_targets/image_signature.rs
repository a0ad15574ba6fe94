//! What a registry answers about signatures: nothing it says verifies without a key, whatever the bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let digest = model::Digest::parse(&format!("sha256:{}", "0".repeat(64)));
    let Some(digest) = digest else { return };
    let mut look = |ask: &signing::Ask| match ask {
        signing::Ask::Tag(_) | signing::Ask::Blob(_) => signing::Answer::Found(data.to_vec()),
        _ => signing::Answer::Absent,
    };
    let requirement = signing::Requirement::default();
    let verdict = signing::verify_with(&digest, &requirement, &signing::Limits::default(), &mut look);
    assert!(!matches!(verdict.outcome, signing::Outcome::Verified { .. }));
    let _ = signing::OciLayout::parse(data);
});
