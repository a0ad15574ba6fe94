//! Templates, whatever is written in them: they are refused or end within their limits.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let caps = vuln::template::Caps { template: 1 << 16, steps: 20_000, output: 1 << 20, depth: 20 };
    let Ok(template) = vuln::template::Template::parse(text, &caps) else { return };
    let value = vuln::template::Value::list(vec![vuln::template::Value::text("a"), vuln::template::Value::Int(1)]);
    let _ = template.run(value, &vuln::template::World::default(), &caps);
});
