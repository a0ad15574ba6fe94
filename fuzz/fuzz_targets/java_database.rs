//! The database of Java archives: whatever the bytes, it is opened and asked, or refused.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(database) = inventory::JavaDatabase::open(Box::new(data.to_vec())) else { return };
    let archive = inventory::JavaArchive {
        path: "lib-1.0.jar".into(),
        sha1: "02".repeat(20),
        file: Some(("lib".into(), "1.0".into())),
        silent: true,
        ..inventory::JavaArchive::default()
    };
    let mut inventory = inventory::Inventory { archives: vec![archive], ..inventory::Inventory::default() };
    inventory::identify(&mut inventory, &database);
    assert!(inventory.packages.len() + inventory.unknown.len() == 1);
});
