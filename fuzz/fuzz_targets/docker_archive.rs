//! A docker archive: memory and time are bounded and every member is accounted for, whatever the bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let limits = inventory::Limits {
        layer_bytes: 1 << 22,
        image_bytes: 1 << 24,
        file_bytes: 1 << 20,
        entries: 1 << 12,
        ..inventory::Limits::default()
    };
    if let Ok(inventory) = inventory::archive(&mut &*data, &limits, None) {
        assert!(inventory.account.balanced());
    }
});
