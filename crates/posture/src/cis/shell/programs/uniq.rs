//! `uniq`.

use super::{Job, Program, lines};

pub(super) static PROGRAM: Program = Program { names: &["uniq"], read };

fn read(words: &[&str]) -> Option<Job> {
    (words.len() == 1).then(|| {
        lines(|input| {
            let mut all: Vec<String> = input.map(str::to_owned).collect();
            all.dedup();
            all
        })
    })
}
