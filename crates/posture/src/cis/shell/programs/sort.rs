//! `sort` and `sort -u`, by bytes.

use super::{Job, Program, lines};

pub(super) static PROGRAM: Program = Program { names: &["sort"], read };

fn read(words: &[&str]) -> Option<Job> {
    let unique = match words.get(1..)? {
        [] => false,
        ["-u"] => true,
        _ => return None,
    };
    Some(lines(move |input| {
        let mut all: Vec<String> = input.map(str::to_owned).collect();
        all.sort();
        if unique {
            all.dedup();
        }
        all
    }))
}
