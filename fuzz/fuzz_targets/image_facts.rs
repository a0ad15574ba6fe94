//! Image facts, whatever the text: an entry gives facts or a diagnostic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (facts, diagnostics) = risk::read_image_facts(&String::from_utf8_lossy(data), "fuzz");
    for fact in facts {
        assert!(matches!(fact.target, model::Target::Image(image) if image != model::ImageId::default()));
    }
    assert!(diagnostics.iter().all(|diagnostic| &*diagnostic.document == "fuzz"));
});
