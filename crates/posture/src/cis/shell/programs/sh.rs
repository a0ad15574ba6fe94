//! `sh -c SCRIPT`.

use super::{Job, Program};
use crate::cis::shell::Audit;

pub(super) static PROGRAM: Program = Program { names: &["sh", "bash"], read };

fn read(words: &[&str]) -> Option<Job> {
    let [_, "-c", script] = words else { return None };
    let audit = Audit::recognise(script)?;
    Some(Box::new(move |node, _| audit.run(node)))
}
