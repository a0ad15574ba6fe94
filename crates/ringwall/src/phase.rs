//! What each phase of a run cost, for `-v`.

use std::time::{Duration, Instant};

/// Does one phase and says how long it took: by the clock and, where the kernel tells, on the processor.
pub(crate) fn timed<T>(phase: &'static str, work: impl FnOnce() -> T) -> T {
    let (start, busy) = (Instant::now(), busy());
    let done = work();
    let spent = busy.zip(self::busy()).map(|(before, after)| (after - before).as_millis() as u64);
    tracing::info!(phase, ms = start.elapsed().as_millis() as u64, cpu_ms = spent, "done");
    done
}

/// For how long this thread has run; other processes do not disturb it. Linux only.
fn busy() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
