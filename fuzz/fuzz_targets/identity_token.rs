//! An identity token, whatever the bytes: what is kept of it fits into a header.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(token) = signing::Token::read(text) {
        assert!(token.text().bytes().all(|byte| byte.is_ascii_graphic()));
        let _ = token.is_over(0);
    }
});
