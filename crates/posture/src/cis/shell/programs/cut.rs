//! `cut -d X -f N`.

use super::{Job, Program, lines};

pub(super) static PROGRAM: Program = Program { names: &["cut"], read };

fn read(words: &[&str]) -> Option<Job> {
    let (mut separator, mut field) = ('\t', None);
    let mut rest = words.iter().skip(1);
    while let Some(word) = rest.next() {
        let mut value = |option: &str| {
            let joined = word.strip_prefix(option)?;
            if joined.is_empty() { rest.next().copied() } else { Some(joined) }
        };
        if let Some(text) = value("-d") {
            let mut chars = text.chars();
            separator = chars.next().filter(|_| chars.next().is_none())?;
        } else if let Some(text) = value("-f") {
            field = Some(text.parse::<usize>().ok().filter(|field| *field > 0)?);
        } else {
            return None;
        }
    }
    let at = field?.saturating_sub(1);
    Some(lines(move |input| {
        // A line without the separator is printed as it is.
        let of = |line: &str| match line.contains(separator) {
            true => line.split(separator).nth(at).unwrap_or_default().to_owned(),
            false => line.to_owned(),
        };
        input.map(of).collect()
    }))
}
