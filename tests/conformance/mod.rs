//! Our answers beside those of the real programs.

pub(crate) mod cis;
pub(crate) mod cosign;
pub(crate) mod falco;
pub(crate) mod keyless;
pub(crate) mod pss;
pub(crate) mod rbac;
pub(crate) mod sigstore;
pub(crate) mod trivy;
