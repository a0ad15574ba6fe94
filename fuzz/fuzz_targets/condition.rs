//! Conditions: what parses is shown as a text that parses to the same.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(expr) = detect::condition::parse(text, 100) {
        let shown = expr.to_string();
        match detect::condition::parse(&shown, 400) {
            Ok(again) => assert_eq!(again.to_string(), shown),
            Err(error) => panic!("{text:?} is shown as {shown:?}, which is not read: {error:?}"),
        }
    }
    let _ = detect::output::Template::parse(text);
});
