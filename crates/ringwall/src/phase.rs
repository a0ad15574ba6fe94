//! How long each phase of a run took, for `-v`.

use std::time::Instant;

/// Does one phase and says how long it took.
pub(crate) fn timed<T>(phase: &'static str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    tracing::info!(phase, ms = start.elapsed().as_millis() as u64, "done");
    done
}
