//! A list of names that must pass and only grows: the progress of a suite that is not finished yet.

use crate::suite::Outcome;
use std::collections::BTreeSet;

/// The names of a `passing.txt`.
#[derive(Clone, Debug, Default)]
pub struct Ratchet {
    passing: BTreeSet<String>,
}

impl Ratchet {
    /// Reads a list: one name a line, `#` opens a comment.
    pub fn of(text: &str) -> Self {
        let names = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self { passing: names.map(str::to_owned).collect() }
    }

    /// How many names must pass.
    pub fn len(&self) -> usize {
        self.passing.len()
    }

    /// Whether nothing must pass yet.
    pub fn is_empty(&self) -> bool {
        self.passing.is_empty()
    }

    /// What a case's result means. A listed case must pass. An unlisted one may fail, and is then pending for
    /// `owner`; if it passes it must be listed, so that the list never lags behind.
    ///
    /// # Errors
    /// When a listed case fails or an unlisted one passes.
    pub fn judge(&self, name: &str, owner: &str, result: Result<(), String>) -> Result<Outcome, String> {
        match (self.passing.contains(name), result) {
            (true, Ok(())) => Ok(Outcome::Passed),
            (true, Err(why)) => Err(format!("{name} is listed in passing.txt and fails: {why}")),
            (false, Ok(())) => Err(format!("{name} passes now: add it to passing.txt")),
            (false, Err(why)) => {
                let first = why.lines().next().unwrap_or_default();
                Ok(Outcome::Pending(format!("pending ({owner}): {first}")))
            }
        }
    }

    /// Listed names that no case has: a case was renamed or lost.
    pub fn strangers<'a>(&self, known: impl Iterator<Item = &'a str>) -> Vec<String> {
        let known: BTreeSet<&str> = known.collect();
        self.passing.iter().filter(|name| !known.contains(name.as_str())).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_cases() {
        let ratchet = Ratchet::of("# rows\ng04\n\n g05 \n");
        assert_eq!(ratchet.len(), 2);
        assert_eq!(ratchet.judge("g04", "rbac", Ok(())), Ok(Outcome::Passed));
        assert!(ratchet.judge("g05", "rbac", Err("no".into())).is_err(), "a listed case must pass");
        assert!(ratchet.judge("g06", "rbac", Ok(())).is_err(), "a passing case must be listed");
        let pending = ratchet.judge("g06", "rbac", Err("no such command\nmore".into()));
        assert_eq!(pending, Ok(Outcome::Pending("pending (rbac): no such command".into())));
    }

    #[test]
    fn a_lost_name_is_seen() {
        assert_eq!(Ratchet::of("g04\ng99\n").strangers(["g04", "g05"].into_iter()), ["g99"]);
    }
}
