//! A saved snapshot, whatever the bytes: what is loaded can be looked at, and saved and loaded again as it is.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(snapshot) = snapshot::load(data) else { return };
    let mut text = Vec::new();
    snapshot::save(&snapshot, &mut text).expect("memory takes everything");
    let again = snapshot::load(&*text).expect("what was saved is loaded");
    let mut twice = Vec::new();
    snapshot::save(&again, &mut twice).expect("memory takes everything");
    assert_eq!(text, twice);
    for pod in snapshot.pods() {
        let _ = (snapshot.node_of(pod), snapshot.workload_of(pod));
    }
    for resource in snapshot.resources() {
        let _ = resource.json();
    }
});
