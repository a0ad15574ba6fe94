//! Other tools' command lines: under their names the binary answers with their flags, defaults and exit codes.

pub(crate) mod cosign;
