//! The binary under the names of other tools: their words, defaults and exit codes.

pub(crate) mod trivy;
