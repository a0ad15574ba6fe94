//! Admission policies, whatever the document: a rule that is not understood is an error, never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let caps = yaml::Caps { nodes: 10_000, aliases: 1_000, documents: 16, ..yaml::Caps::default() };
    let (documents, _) = yaml::read(data, &caps);
    let mut builder = snapshot::Builder::new("default");
    let mut policies = Vec::new();
    for document in documents {
        policies.extend(policy::compile(&document.value).ok().map(|(policy, _)| policy));
        let _ = policy::is_policy(&document.value);
        builder.add(document.value, model::Origin::Builtin);
    }
    let judged = policy::judge(&policies, &builder.build());
    let _ = (judged.facts(), judged.findings());
});
