//! Manifests to a ranked page: rights, posture and risk over whatever the documents say.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let caps = yaml::Caps { nodes: 10_000, aliases: 1_000, documents: 32, ..yaml::Caps::default() };
    let (documents, _) = yaml::read(data, &caps);
    let mut builder = snapshot::Builder::new("default");
    for document in documents {
        for item in yaml::items(document) {
            builder.add(item.value, model::Origin::Builtin);
        }
    }
    let snapshot = builder.build();
    let rights = rbac::Rbac::new(&snapshot, rbac::ServerVersion::default());
    let posture = posture::run_with(&snapshot, &rights);
    let assessment = risk::assess(&snapshot, &posture.facts, &risk::Options::default());
    assert!(assessment.risk.total.is_finite() && assessment.risk.total >= 0.0);
    for fix in assessment.fixes() {
        let _ = snapshot.with(&fix.edits);
    }
    for item in &assessment.items {
        assert!((0.0..=1.0).contains(&item.ease), "{}", item.ease);
        assert!(item.fixes.iter().all(|fix| fix.residual <= assessment.risk.total + 1e-3));
    }
});
