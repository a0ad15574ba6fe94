//! What hostile texts cost: milliseconds, peak memory, and what is said of them.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a measurement reads the clock and prints"
)]

use std::time::Instant;

/// Peak memory of this process so far, in MB (Linux; else 0).
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) / 1024
}

fn bomb(width: usize, depth: usize) -> String {
    let level = |i: usize| format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); width].join(", "));
    format!("a0: &a0 lol\n{}", (1..=depth).map(level).collect::<String>())
}

fn main() {
    let many = |part: &str, n: usize| part.repeat(n);
    let texts: Vec<(&str, String)> = vec![
        ("100,000 brackets", many("[", 100_000)),
        ("100,000 brackets, closed", many("[", 100_000) + &many("]", 100_000)),
        ("100,000 braces in YAML", format!("a: {}", many("{a: ", 100_000))),
        ("200,000 deep JSON", many("{\"a\":", 200_000)),
        ("100,000 dashes", many("- ", 100_000)),
        ("100,000 question marks", many("? ", 100_000)),
        ("3,000 deep blocks", (0..3000).map(|i| format!("{}a:\n", " ".repeat(i))).collect()),
        ("alias bomb 9^9", bomb(9, 9)),
        ("alias of a long text", format!("a: &a {}\nb: [{}]\n", many("x", 1 << 20), many("*a, ", 100_000))),
        ("100,000 anchors", many("- &a x\n", 100_000) + &many("- *a\n", 100_000)),
        (
            "merge bomb",
            (1..40).fold("a0: &a0 {k0: 1}\n".into(), |s, i| {
                format!("{s}a{i}: &a{i} {{<<: [*a{0}, *a{0}], k{i}: 1}}\n", i - 1)
            }),
        ),
        ("self-alias", "a: &a [*a]\n".into()),
        ("flow of 5,000,000 commas", format!("a: [{}", many(",", 5_000_000))),
        ("900,000 items in flow", format!("a: [{}]", many("x, ", 900_000))),
        ("300,000 keys", (0..300_000).map(|i| format!("key{i}: value\n")).collect()),
        (
            "300,000 keys in flow",
            format!("{{{}}}", (0..300_000).map(|i| format!("key{i}: v, ")).collect::<String>()),
        ),
        ("long plain scalar", format!("a: {}", many("x ", 8_000_000))),
        ("long quoted scalar, badly indented", format!("a:\n  b: \"{}\"", many("x\n", 4_000_000))),
        ("flow, badly indented", format!("a:\n  b: [\n{}]\n", many("x,\n", 300_000))),
        ("quotes never closed", format!("a: {}", many("\"", 999_999))),
        ("16 MB of spaces", many(" ", 16 << 20) + "x"),
        ("16 MB of comments", many("#\n", 8 << 20) + "x: 1"),
        ("10,000 broken documents", many("a: [\n---\n", 10_000)),
        ("10,000 duplicate keys", many("a: 1\na: 2\n---\n", 10_000)),
        ("10,000 good documents", many("kind: Pod\nmetadata: {name: x}\n---\n", 10_000)),
        ("1,000,000 separators", many("---\n", 1_000_000)),
        ("100,000 directives", many("%YAML 1.1\n---\n", 100_000)),
        ("broken JSON lines", many("{\"a\":\n", 100_000)),
        ("200 MB document", many("key: value\n", 200_000_000 / 11)),
    ];
    for (name, text) in &texts {
        let start = Instant::now();
        let (mut documents, mut told, mut first) = (0, 0, String::new());
        for part in yaml::stream(text.as_bytes(), &yaml::Caps::default()) {
            match part {
                Ok(_) => documents += 1,
                Err(diagnostic) => {
                    told += 1;
                    if first.is_empty() {
                        first = format!(
                            "{} {}",
                            diagnostic.code,
                            diagnostic.message.chars().take(60).collect::<String>()
                        );
                    }
                }
            }
        }
        let ms = start.elapsed().as_secs_f64() * 1e3;
        println!(
            "{name:36} {:9} bytes {ms:8.1} ms  peak {:4} MB  {documents} read, {told} told: {first}",
            text.len(),
            peak()
        );
    }
}
