//! Signatures, composed: registries asked for what the engine wants to see, and what it made pushed to them.

mod ambient;
pub(crate) mod by;
pub(crate) mod facts;
pub(crate) mod folder;
pub(crate) mod keys;
pub(crate) mod look;
pub(crate) mod places;
pub(crate) mod registry_args;
pub(crate) mod send;
pub(crate) mod store;
pub(crate) mod who;

use std::future::Future;

/// Runs something that talks to registries, on this thread.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(work))
}

/// The time now in RFC 3339, to the second.
pub(crate) fn created() -> String {
    model::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Fills bytes from the kernel's source of randomness.
///
/// # Errors
/// When there is none.
pub(crate) fn random(bytes: &mut [u8]) -> std::io::Result<()> {
    use std::io::Read as _;
    std::fs::File::open("/dev/urandom")?.read_exact(bytes)
}
