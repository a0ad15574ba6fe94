//! A private key in PEM, encrypted or not, whatever the bytes; the cost it asks for is capped.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = signing::PrivateKey::import(text);
        let cap = signing::ScryptCap { memory: 1 << 16, passes: 1 };
        let _ = signing::PrivateKey::open(text, b"password", cap);
    }
});
