//! `tr A B` of single characters.

use super::{Job, Program};
use crate::cis::shell::Printed;

pub(super) static PROGRAM: Program = Program { names: &["tr"], read };

fn read(words: &[&str]) -> Option<Job> {
    let [_, from, to] = words else { return None };
    let (from, to) = (single(from)?, single(to)?);
    Some(Box::new(move |_, input| Ok(Printed { text: input.replace(from, &to.to_string()), status: 0 })))
}

fn single(text: &str) -> Option<char> {
    let mut chars = text.chars();
    match (chars.next()?, chars.next(), chars.next()) {
        ('\\', Some('n'), None) => Some('\n'),
        (c, None, None) if c != '\\' => Some(c),
        _ => None,
    }
}
