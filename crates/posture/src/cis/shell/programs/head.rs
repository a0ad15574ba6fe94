//! `head` and `tail` by lines.

use super::{Job, Program, lines};

pub(super) static PROGRAM: Program = Program { names: &["head", "tail"], read };

fn read(words: &[&str]) -> Option<Job> {
    let count = match words.get(1..)? {
        [] => "10",
        ["-n", count] => count,
        [word] => word.strip_prefix("-n").or_else(|| word.strip_prefix('-'))?,
        _ => return None,
    };
    let count: usize = count.parse().ok()?;
    let last = words.first()?.ends_with("tail");
    Some(lines(move |input| {
        let all: Vec<String> = input.map(str::to_owned).collect();
        let skipped = if last { all.len().saturating_sub(count) } else { 0 };
        all.into_iter().skip(skipped).take(count).collect()
    }))
}
