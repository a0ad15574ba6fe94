//! How Go and Kubernetes read and print scalars: wildcards, durations, quantities, `%v`.
//!
//! Policies are written against these rules, so verdicts depend on them to the letter.

pub(crate) mod duration;
pub(crate) mod glob;
pub(crate) mod print;
pub(crate) mod quantity;
pub(crate) mod semver;
