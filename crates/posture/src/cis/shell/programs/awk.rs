//! `awk '{print $N}'`, with `-F`.

use super::{Job, Program, lines};
use crate::cis::shell::pattern::{Dialect, compile};

pub(super) static PROGRAM: Program = Program { names: &["awk"], read };

fn read(words: &[&str]) -> Option<Job> {
    let (separator, script) = match words {
        [_, script] => (None, script),
        [_, "-F", separator, script] => (Some(*separator), script),
        [_, joined, script] => (Some(joined.strip_prefix("-F")?), script),
        _ => return None,
    };
    let field = script.trim().strip_prefix('{')?.strip_suffix('}')?.trim().strip_prefix("print")?.trim();
    let field = field.trim_end_matches(';').strip_prefix('$')?;
    let last = field == "NF";
    let field: usize = if last { 1 } else { field.parse().ok().filter(|field| *field > 0)? };
    let separator = match separator {
        None | Some(" ") => None,
        Some(text) if text.contains('\\') => return None,
        Some(text) if text.chars().count() == 1 => Some(compile(text, Dialect::Fixed, false)?),
        Some(text) => Some(compile(text, Dialect::Extended, false)?),
    };
    let at = field.saturating_sub(1);
    Some(lines(move |input| {
        let of = |line: &str| {
            let mut parts: Box<dyn Iterator<Item = &str>> = match &separator {
                None => Box::new(line.split_whitespace()),
                Some(separator) => Box::new(separator.split(line)),
            };
            if last { parts.last() } else { parts.nth(at) }.unwrap_or_default().to_owned()
        };
        input.map(of).collect()
    }))
}
