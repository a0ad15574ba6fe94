//! `ps -ef` and `ps -fC NAME`.

use super::{Job, Program, printed};
use crate::cis::node::{Need, Task};
use crate::cis::shell::Stop;

pub(super) static PROGRAM: Program = Program { names: &["ps"], read };

/// What it prints first.
const HEADER: &str = "UID          PID    PPID  C STIME TTY          TIME CMD";

fn read(words: &[&str]) -> Option<Job> {
    let name = match words.get(1..)? {
        ["-ef"] => None,
        ["-fC", name] => Some((*name).to_owned()),
        _ => return None,
    };
    Some(Box::new(move |node, _| {
        let all = node.processes.as_ref().ok_or(Stop::Needs(Need::Processes))?;
        let wanted = |task: &&Task| name.as_ref().is_none_or(|name| task.name == *name);
        let lines: Vec<String> = all.iter().filter(wanted).map(Task::line).collect();
        let none = lines.is_empty();
        let mut out = printed(std::iter::once(HEADER.to_owned()).chain(lines).collect());
        out.status = i32::from(none);
        Ok(out)
    }))
}
