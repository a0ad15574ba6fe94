//! One layer of an image, whatever the bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let limits =
        inventory::Limits { layer_bytes: 1 << 22, file_bytes: 1 << 20, ..inventory::Limits::default() };
    let layer = inventory::layer(&mut &*data, &limits, Some(&Default::default()));
    assert_eq!(layer.failure.is_none(), layer.diff_id.is_some());
    assert!(layer.bytes <= (1 << 22) + (1 << 17));
});
