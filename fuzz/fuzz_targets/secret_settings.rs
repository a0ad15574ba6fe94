//! Settings of the search for secrets: any bytes are an answer, and what is accepted can be searched with.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok((settings, _)) = inventory::settings(data) else { return };
    let rules = inventory::Rules::new(Some(settings), "trivy-secret.yaml", data).into();
    let mut search = inventory::Search::new(&rules, false, &inventory::Limits::default());
    search.text("a.env", b"token: ghp_0123456789abcdefghijABCDEFGHIJ012345\nkey = value\n");
    search.text("a.env", data);
    search.finish();
});
