//! Files searched for secrets: places are within the file and secrets hidden, whatever the bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    thread_local!(static RULES: std::sync::Arc<inventory::Rules> = std::sync::Arc::default());
    let mut search = RULES.with(|rules| inventory::Search::new(rules, true, &inventory::Limits::default()));
    for path in ["app/settings.xml", "app/a.pyc"] {
        assert!(search.file(path, &mut &*data).is_ok());
    }
    let lines = data.iter().filter(|byte| **byte == b'\n').count() as u64;
    for file in search.finish().files.iter().filter(|file| file.path.ends_with("xml")) {
        for finding in &file.findings {
            assert!(finding.offset < data.len() as u64 && finding.end_line <= lines + 1);
            assert!(finding.start_line >= 1 && finding.start_line <= finding.end_line);
            assert!(finding.lines.iter().any(|line| line.cause));
        }
    }
});
