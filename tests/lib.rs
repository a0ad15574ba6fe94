//! What suites share: where things lie, the real binary, and how cases are run and counted.
#![expect(clippy::print_stdout, reason = "a test run talks to the person who started it")]

mod binary;
mod cluster;
mod places;
mod random;
mod ratchet;
mod suite;

pub use binary::{Answer, Program, ringwall};
pub use cluster::{end_cluster, kubectl, needs_cluster, needs_node, with_cluster, with_node};
pub use places::{corpus, originals, root};
pub use random::{Random, seed};
pub use ratchet::Ratchet;
pub use suite::{Case, Outcome, Skip, Suite, run};

/// Prints a line of what a case found: a seed, a count.
pub fn tell(text: &str) {
    println!("{text}");
}

/// Leaves a suite's `cases` with a reason: `skip!("no corpus at {}", path)`.
///
/// The run prints `SKIPPED suite: reason` and counts it in its last line; with `CI=true` it is a failure.
#[macro_export]
macro_rules! skip {
    ($($reason:tt)+) => {
        return Err($crate::Skip(format!($($reason)+)))
    };
}

/// Fails a case with a reason unless the condition holds: `demand!(n > 3, "only {n} findings")`.
#[macro_export]
macro_rules! demand {
    ($holds:expr, $($otherwise:tt)+) => {
        if !$holds {
            return Err(format!($($otherwise)+));
        }
    };
}
