//! Version schemes: the order is the same both ways round, whatever the texts.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (a, b) = text.split_once(' ').unwrap_or((text, "1"));
    for scheme in vuln::SCHEMES {
        let there = (scheme.compare)(a, b);
        assert_eq!(there, (scheme.compare)(b, a).map(std::cmp::Ordering::reverse), "{}", scheme.id);
    }
});
