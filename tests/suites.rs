//! Every suite that runs the real command line, in one binary: `cargo test -p integration`.

mod cli;
mod conformance;
mod guide;

use integration::Suite;
use std::process::ExitCode;

/// One line a suite; `tests/required.txt` names the same ones.
static SUITES: &[&Suite] = &[&cli::SUITE, &conformance::rbac::SUITE, &guide::SUITE];

fn main() -> ExitCode {
    integration::run(SUITES, include_str!("required.txt"))
}
