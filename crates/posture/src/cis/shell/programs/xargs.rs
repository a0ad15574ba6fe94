//! `xargs`: words of the input become words of a command.

use super::{Job, Program, job};
use crate::cis::shell::{Printed, Stop};

pub(super) static PROGRAM: Program = Program { names: &["xargs"], read };

/// Commands that one may start.
const MAX_COMMANDS: usize = 10_000;

fn read(words: &[&str]) -> Option<Job> {
    let mut words = words.iter().skip(1).copied().peekable();
    let (mut place, mut never_empty, mut each) = (None, false, false);
    while let Some(option) = words.next_if(|word| word.starts_with('-')) {
        match option {
            "-r" | "--no-run-if-empty" => never_empty = true,
            "-I" => place = Some(words.next()?.to_owned()),
            "-L" | "-n" => each = (words.next()? == "1").then_some(true)?,
            "-L1" | "-n1" => each = true,
            option => place = Some(option.strip_prefix("-I").filter(|place| !place.is_empty())?.to_owned()),
        }
    }
    let command: Vec<String> = words.map(str::to_owned).collect();
    // Its options must be known before the words are.
    let with = |word: &str| filled(&command, place.as_deref(), &[word]);
    drop(job(&with("x"))?);
    Some(Box::new(move |node, input| {
        if input.contains(['\'', '"', '\\']) {
            return Err(Stop::Shell);
        }
        let lines = || input.lines().map(str::trim_start).filter(|line| !line.is_empty());
        let calls: Vec<Vec<&str>> = match (&place, each) {
            (Some(_), _) => lines().map(|line| vec![line]).collect(),
            (None, true) => input.split_whitespace().map(|word| vec![word]).collect(),
            (None, false) => vec![input.split_whitespace().collect()],
        };
        let mut out = Printed::default();
        for words in calls.iter().take(MAX_COMMANDS).filter(|words| !(words.is_empty() && never_empty)) {
            let run = job(&filled(&command, place.as_deref(), words)).ok_or(Stop::Shell)?;
            let printed = run(node, "")?;
            out.text.push_str(&printed.text);
            if printed.status != 0 {
                out.status = 123;
            }
        }
        Ok(out)
    }))
}

fn filled(command: &[String], place: Option<&str>, words: &[&str]) -> Vec<String> {
    match place {
        Some(place) => {
            let word = words.first().copied().unwrap_or_default();
            command.iter().map(|part| part.replace(place, word)).collect()
        }
        None => command.iter().cloned().chain(words.iter().map(|word| (*word).to_owned())).collect(),
    }
}
