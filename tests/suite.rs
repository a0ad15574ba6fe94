//! Suites and their cases, how they are run, and the last line that counts what was not looked at.

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::collections::BTreeSet;
use std::process::ExitCode;

/// One suite: a module of `tests/` and one line in the list of `suites.rs`.
#[derive(Clone, Copy, Debug)]
pub struct Suite {
    /// Its module path with `/`, as `tests/required.txt` names it.
    pub name: &'static str,
    /// Its cases, or why it cannot run here.
    pub cases: fn() -> Result<Vec<Case>, Skip>,
}

/// Why a suite cannot run here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip(
    /// The reason, in a few words.
    pub String,
);

/// How a case that did not fail ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It need not hold yet; the text says for whom it waits and what is missing.
    Pending(String),
}

/// One case of a suite.
pub struct Case {
    name: String,
    run: Box<dyn FnOnce() -> Result<Outcome, String> + Send>,
}

impl Case {
    /// A case that passes or fails. It fails by an error or by a panic.
    pub fn new(name: impl Into<String>, run: impl FnOnce() -> Result<(), String> + Send + 'static) -> Self {
        Self::pending(name, || run().map(|()| Outcome::Passed))
    }

    /// A case that may also be pending.
    pub fn pending(
        name: impl Into<String>,
        run: impl FnOnce() -> Result<Outcome, String> + Send + 'static,
    ) -> Self {
        Self { name: name.into(), run: Box::new(run) }
    }

    fn trial(self, suite: &str) -> Trial {
        Trial::ignorable_test(format!("{suite}::{}", self.name), || match (self.run)() {
            Ok(Outcome::Passed) => Ok(Completion::Completed),
            Ok(Outcome::Pending(why)) => Ok(Completion::ignored_with(why)),
            Err(why) => Err(Failed::from(why)),
        })
    }
}

/// Runs every suite and prints, last of all, how many cases passed and which suites were skipped.
///
/// `required` is the text of `tests/required.txt`. With `CI=true` a skipped suite fails the run.
pub fn run(suites: &[&Suite], required: &str) -> ExitCode {
    let arguments = Arguments::from_args();
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    let (mut trials, skipped) = gather(suites, ci);
    let names: Vec<&str> = suites.iter().map(|suite| suite.name).collect();
    let listed = mismatch(&names, required);
    trials.push(Trial::test("required", move || if listed.is_empty() { Ok(()) } else { Err(listed.into()) }));
    let conclusion = libtest_mimic::run(&arguments, trials);
    crate::end_cluster();
    if !arguments.list {
        println!("{}", last_line(conclusion.num_passed, conclusion.num_ignored, &skipped));
    }
    conclusion.exit_code()
}

fn gather(suites: &[&Suite], ci: bool) -> (Vec<Trial>, Vec<String>) {
    let (mut trials, mut skipped) = (Vec::new(), Vec::new());
    for suite in suites {
        match (suite.cases)() {
            Ok(cases) => trials.extend(cases.into_iter().map(|case| case.trial(suite.name))),
            Err(Skip(why)) => {
                println!("SKIPPED {}: {why}", suite.name);
                skipped.push(why.clone());
                if ci {
                    let name = format!("{}::runs", suite.name);
                    trials
                        .push(Trial::test(name, move || Err(format!("required, but skipped: {why}").into())));
                }
            }
        }
    }
    (trials, skipped)
}

/// What differs between the suites there are and the ones that are required; empty when nothing does.
fn mismatch(suites: &[&str], required: &str) -> String {
    let required: BTreeSet<&str> =
        required.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let suites: BTreeSet<&str> = suites.iter().copied().collect();
    let differing: Vec<_> = required.symmetric_difference(&suites).copied().collect();
    if differing.is_empty() {
        String::new()
    } else {
        format!("tests/required.txt and the list of suites differ: {}", differing.join(", "))
    }
}

fn last_line(passed: u64, pending: u64, skipped: &[String]) -> String {
    let mut line = format!("{passed} passed, {pending} pending, {} suites skipped", skipped.len());
    for (at, why) in skipped.iter().enumerate() {
        line.push_str(if at == 0 { ": " } else { ", " });
        line.push_str(why);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    static RUNS: Suite = Suite { name: "runs", cases: || Ok(vec![Case::new("holds", || Ok(()))]) };
    static SKIPS: Suite = Suite { name: "skips", cases: || crate::skip!("no {}", "root") };

    #[test]
    fn a_skipped_suite_is_counted_here_and_fails_in_ci() {
        let (trials, skipped) = gather(&[&RUNS, &SKIPS], false);
        assert_eq!((trials.len(), skipped.as_slice()), (1, ["no root".to_owned()].as_slice()));
        let (trials, _) = gather(&[&RUNS, &SKIPS], true);
        assert_eq!(trials.iter().map(Trial::name).collect::<Vec<_>>(), ["runs::holds", "skips::runs"]);
    }

    #[test]
    fn the_two_lists_must_agree() {
        assert_eq!(mismatch(&["cli", "guide"], "# why\ncli\nguide\n"), "");
        assert!(mismatch(&["cli"], "cli\nguide\n").ends_with(": guide"));
        assert!(mismatch(&["cli", "guide"], "cli\n").ends_with(": guide"));
    }

    #[test]
    fn the_last_line_says_what_was_not_looked_at() {
        assert_eq!(last_line(7, 0, &[]), "7 passed, 0 pending, 0 suites skipped");
        let line = last_line(412, 19, &["no root".into(), "no corpus".into()]);
        assert_eq!(line, "412 passed, 19 pending, 2 suites skipped: no root, no corpus");
    }
}
