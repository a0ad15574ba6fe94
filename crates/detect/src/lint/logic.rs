//! Whether a condition can hold at all: a search for an assignment, given up after so many steps.

use super::values::Facts;
use crate::condition::{Check, Expr};

/// Why no event makes the condition hold; `None` when one may, or when that cannot be told in so many steps.
pub(super) fn contradiction(expr: &Expr, steps: u32) -> Option<String> {
    let mut search = Search { steps, conflict: None };
    match search.holds(Todo { what: vec![(expr, true)], choices: Vec::new() }, Facts::default()) {
        Some(false) => search.conflict,
        _ => None,
    }
}

/// What must still hold: what is certain first, then choices.
#[derive(Clone)]
struct Todo<'e> {
    what: Vec<(&'e Expr, bool)>,
    choices: Vec<(&'e Expr, bool)>,
}

struct Search {
    steps: u32,
    conflict: Option<String>,
}

impl Search {
    /// Whether everything in `todo` can hold beside the facts; `None` when the steps ran out.
    fn holds<'e>(&mut self, mut todo: Todo<'e>, mut facts: Facts<'e>) -> Option<bool> {
        while let Some((expr, wanted)) = todo.what.pop() {
            self.steps = self.steps.checked_sub(1)?;
            match expr {
                Expr::Not(inner) => todo.what.push((inner, !wanted)),
                Expr::And(parts) if wanted => todo.what.extend(parts.iter().rev().map(|e| (&**e, true))),
                Expr::Or(parts) if !wanted => todo.what.extend(parts.iter().rev().map(|e| (&**e, false))),
                Expr::And(_) | Expr::Or(_) => todo.choices.push((expr, wanted)),
                Expr::Check(check) => {
                    if !self.learn(&mut facts, check, wanted) {
                        return Some(false);
                    }
                }
                Expr::Macro { .. } => return None,
            }
        }
        let Some((expr, wanted)) = todo.choices.pop() else { return Some(true) };
        let (Expr::And(parts) | Expr::Or(parts)) = expr else { return None };
        for part in parts {
            let mut branch = todo.clone();
            branch.what.push((part, wanted));
            if self.holds(branch, facts.clone())? {
                return Some(true);
            }
        }
        if self.conflict.is_none() {
            self.conflict = Some("none of its alternatives can hold".to_owned());
        }
        Some(false)
    }

    fn learn<'e>(&mut self, facts: &mut Facts<'e>, check: &'e Check, wanted: bool) -> bool {
        match facts.learn(check, wanted) {
            Ok(()) => true,
            Err(why) => {
                self.conflict.get_or_insert(why);
                false
            }
        }
    }
}
