//! `test` and `[`, by the number of arguments as POSIX has it.

use super::{Job, Program};
use crate::cis::node::{FileKind, NodeReport};
use crate::cis::shell::{Printed, Stop};

pub(super) static PROGRAM: Program = Program { names: &["test", "["], read };

fn read(words: &[&str]) -> Option<Job> {
    let mut words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let bracket = words.first().is_some_and(|word| word == "[");
    words.remove(0);
    if bracket && words.pop().as_deref() != Some("]") {
        return None;
    }
    if words.len() > 4 {
        return None;
    }
    Some(Box::new(move |node, _| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let holds = holds(&words, node)?;
        Ok(Printed { text: String::new(), status: i32::from(!holds) })
    }))
}

fn holds(words: &[&str], node: &NodeReport) -> Result<bool, Stop> {
    Ok(match words {
        [] => false,
        [word] => !word.is_empty(),
        ["!", rest @ ..] => !holds(rest, node)?,
        [op, word] => unary(op, word, node)?,
        [left, op, right] => binary(left, op, right)?,
        _ => return Err(Stop::Shell),
    })
}

fn unary(op: &str, word: &str, node: &NodeReport) -> Result<bool, Stop> {
    let kind = |want: FileKind| -> Result<bool, Stop> {
        Ok(node.file(word)?.and_then(|file| file.followed()).is_some_and(|file| file.kind == want))
    };
    match op {
        "-z" => Ok(word.is_empty()),
        "-n" => Ok(!word.is_empty()),
        // An empty name is no file, wherever one stands; another that is no path is relative to nobody's place.
        "-e" | "-f" | "-d" if word.is_empty() => Ok(false),
        "-e" | "-f" | "-d" if !word.starts_with('/') => Err(Stop::Shell),
        "-e" => Ok(node.exists(word)?),
        "-f" => kind(FileKind::File),
        "-d" => kind(FileKind::Folder),
        _ => Err(Stop::Shell),
    }
}

fn binary(left: &str, op: &str, right: &str) -> Result<bool, Stop> {
    let number = |text: &str| text.trim().parse::<i64>().map_err(|_| Stop::Shell);
    let numbers = || Ok::<_, Stop>((number(left)?, number(right)?));
    Ok(match op {
        "=" => left == right,
        "!=" => left != right,
        "-eq" => numbers().map(|(a, b)| a == b)?,
        "-ne" => numbers().map(|(a, b)| a != b)?,
        "-gt" => numbers().map(|(a, b)| a > b)?,
        "-ge" => numbers().map(|(a, b)| a >= b)?,
        "-lt" => numbers().map(|(a, b)| a < b)?,
        "-le" => numbers().map(|(a, b)| a <= b)?,
        _ => return Err(Stop::Shell),
    })
}
