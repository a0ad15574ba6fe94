//! `cat`.

use super::{Job, Program, input_of};

pub(super) static PROGRAM: Program = Program { names: &["cat"], read };

fn read(words: &[&str]) -> Option<Job> {
    let files: Vec<String> = words.iter().skip(1).map(|word| (*word).to_owned()).collect();
    if files.iter().any(|file| file.starts_with('-')) {
        return None;
    }
    Some(Box::new(move |node, input| input_of(node, input, &files)))
}
