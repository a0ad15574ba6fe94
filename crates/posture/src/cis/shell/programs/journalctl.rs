//! `journalctl -u UNIT…`.

use super::{Job, Program, printed};
use crate::cis::node::Need;

pub(super) static PROGRAM: Program = Program { names: &["journalctl"], read };

fn read(words: &[&str]) -> Option<Job> {
    let mut rest = words.iter().skip(1).copied();
    let mut units = Vec::new();
    while let Some(word) = rest.next() {
        match word {
            "-m" | "--no-pager" => {}
            "-u" => units.push(rest.next()?),
            _ => return None,
        }
    }
    units.sort_unstable();
    let key = units.join(" ");
    if key.is_empty() {
        return None;
    }
    Some(Box::new(move |node, _| {
        let lines = node.journal.get(&key).ok_or_else(|| Need::Journal(key.clone()))?;
        Ok(printed(lines.clone()))
    }))
}
