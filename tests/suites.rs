//! Every suite that runs the real command line, in one binary: `cargo test -p integration`.

mod bad_input;
mod cli;
mod conformance;
mod detect;
mod e2e;
mod fixes;
mod golden;
mod guide;
mod joins;
mod plugin;
mod schema;
mod signing;

use integration::Suite;
use std::process::ExitCode;

/// One line a suite; `tests/required.txt` names the same ones.
static SUITES: &[&Suite] = &[
    &bad_input::SUITE,
    &cli::SUITE,
    &conformance::cis::SUITE,
    &conformance::cosign::SUITE,
    &conformance::falco::SUITE,
    &conformance::keyless::SUITE,
    &conformance::pss::SUITE,
    &conformance::rbac::SUITE,
    &conformance::sigstore::SUITE,
    &conformance::trivy::SUITE,
    &detect::SUITE,
    &e2e::SUITE,
    &e2e::detect::SUITE,
    &e2e::node::SUITE,
    &fixes::SUITE,
    &golden::SUITE,
    &golden::corpus::SUITE,
    &guide::SUITE,
    &joins::SUITE,
    &plugin::SUITE,
    &schema::SUITE,
    &signing::SUITE,
];

fn main() -> ExitCode {
    integration::run(SUITES, include_str!("required.txt"))
}
