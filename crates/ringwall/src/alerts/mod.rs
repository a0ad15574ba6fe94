//! Alerts on their way out: one bounded queue and one thread a sink, so that none of them holds up the engine.
//!
//! A stream that cannot wait drops what does not fit a queue and counts it; a file waits for its sinks.

mod destination;
mod sinks;

pub(crate) use destination::Destination;

use detect::Alert;
use detect::alert::Shape;
use detect::metrics::SinkCounts;
use sinks::Sink;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How alerts are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// As JSON.
    pub(crate) json: bool,
    pub(crate) shape: Shape,
    /// Who writes them.
    pub(crate) program: &'static str,
}

impl Style {
    /// The line of an alert, without its end.
    pub(crate) fn line(&self, alert: &Alert) -> String {
        if self.json { alert.json_line(&self.shape) } else { alert.text(&self.shape) }
    }
}

/// Alerts a queue holds unless told otherwise.
pub(crate) const QUEUE: usize = 10_000;
/// Alerts a sink takes at once.
const BATCH: usize = 64;
/// Failures after which a sink is left alone for a while.
const FAILURES: u32 = 3;
/// Longest time it is left alone.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The sinks of a run.
pub(crate) struct Outputs {
    sinks: Vec<Running>,
    wait: bool,
}

struct Running {
    sender: SyncSender<Arc<Alert>>,
    state: Arc<State>,
    thread: std::thread::JoinHandle<()>,
}

/// What a sink's thread and the run share.
#[derive(Default)]
struct State {
    name: String,
    given: AtomicU64,
    sent: AtomicU64,
    lost: Mutex<BTreeMap<&'static str, u64>>,
    /// Nobody reads any more.
    gone: AtomicBool,
}

impl State {
    fn lose(&self, reason: &'static str, count: u64) {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        *lost.entry(reason).or_default() += count;
    }

    fn counts(&self) -> SinkCounts {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner).clone();
        SinkCounts { name: self.name.clone(), sent: self.sent.load(Ordering::Relaxed), lost }
    }
}

impl Outputs {
    /// Opens every destination. With `wait` a full queue is waited for.
    pub(crate) fn start(
        destinations: &[Destination],
        style: Style,
        queue: usize,
        wait: bool,
    ) -> anyhow::Result<Self> {
        let mut sinks = Vec::new();
        for destination in destinations {
            let sink = sinks::open(destination, style)?;
            sinks.push(Running::start(destination.to_string(), sink, queue)?);
        }
        Ok(Self { sinks, wait })
    }

    /// No sink at all.
    pub(crate) fn none() -> Self {
        Self { sinks: Vec::new(), wait: false }
    }

    /// Hands an alert to every sink.
    pub(crate) fn give(&self, alert: Alert) {
        let alert = Arc::new(alert);
        for sink in &self.sinks {
            sink.state.given.fetch_add(1, Ordering::Relaxed);
            let refused = match self.wait {
                true => sink.sender.send(alert.clone()).err().map(|_| "ended"),
                false => match sink.sender.try_send(alert.clone()) {
                    Ok(()) => None,
                    Err(TrySendError::Full(_)) => Some("queue full"),
                    Err(TrySendError::Disconnected(_)) => Some("ended"),
                },
            };
            if let Some(reason) = refused {
                sink.state.lose(reason, 1);
            }
        }
    }

    /// Whether somebody who read along has gone away: nothing more is to be done for them.
    pub(crate) fn gone(&self) -> bool {
        self.sinks.iter().any(|sink| sink.state.gone.load(Ordering::Relaxed))
    }

    /// What became of the alerts so far.
    pub(crate) fn counts(&self) -> Vec<SinkCounts> {
        self.sinks.iter().map(|sink| sink.state.counts()).collect()
    }

    /// Lets every sink write what it has, for so long at most; the rest is counted as lost.
    pub(crate) fn end(self, patience: Duration) -> Vec<SinkCounts> {
        let deadline = Instant::now() + patience;
        let ending: Vec<_> = self
            .sinks
            .into_iter()
            .map(|sink| {
                drop(sink.sender);
                (sink.state, sink.thread)
            })
            .collect();
        for (state, thread) in ending.iter().map(|(state, thread)| (state, thread)) {
            while !thread.is_finished() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(2));
            }
            let counts = state.counts();
            let told = counts.lost.values().sum::<u64>() + counts.sent;
            let left = state.given.load(Ordering::Relaxed).saturating_sub(told);
            if left > 0 {
                state.lose("not written in time", left);
            }
        }
        ending.iter().map(|(state, _)| state.counts()).collect()
    }
}

impl Running {
    fn start(name: String, sink: Box<dyn Sink>, queue: usize) -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel(queue.max(1));
        let state = Arc::new(State { name, ..State::default() });
        let shared = state.clone();
        let thread =
            std::thread::Builder::new().name("sink".into()).spawn(move || serve(sink, &receiver, &shared))?;
        Ok(Self { sender, state, thread })
    }
}

/// Takes alerts until the run ends. A sink that keeps failing is left alone for a while, and what comes is counted.
fn serve(mut sink: Box<dyn Sink>, receiver: &Receiver<Arc<Alert>>, state: &State) {
    let (mut failures, mut until) = (0u32, Instant::now());
    while let Ok(first) = receiver.recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH {
            match receiver.try_recv() {
                Ok(next) => batch.push(next),
                Err(_) => break,
            }
        }
        let count = batch.len() as u64;
        if failures >= FAILURES && Instant::now() < until {
            state.lose("sink down", count);
            continue;
        }
        match sink.take(&batch) {
            Ok(()) => {
                state.sent.fetch_add(count, Ordering::Relaxed);
                failures = 0;
            }
            Err(fault) => {
                state.sent.fetch_add(fault.taken, Ordering::Relaxed);
                state.lose("not taken", count.saturating_sub(fault.taken));
                if fault.gone {
                    state.gone.store(true, Ordering::Relaxed);
                    return;
                }
                if failures == 0 {
                    tracing::warn!(sink = %model::escape(&state.name), error = %model::escape(&fault.why), "alerts are not taken");
                }
                failures = failures.saturating_add(1);
                until = Instant::now() + Duration::from_millis(250u64 << failures.min(7)).min(LONGEST_PAUSE);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sinks::Fault;

    fn alert() -> Alert {
        let line = r#"{"rule":"r","priority":"Critical","output":"o"}"#;
        detect::import(line.as_bytes(), &Default::default()).alerts.pop().expect("an alert")
    }

    /// A sink in memory that takes its time and may fail.
    struct Memory {
        taken: Arc<AtomicU64>,
        pause: Duration,
        fails: bool,
    }

    impl Sink for Memory {
        fn take(&mut self, alerts: &[Arc<Alert>]) -> Result<(), Fault> {
            std::thread::sleep(self.pause);
            if self.fails {
                return Err(Fault::new("no"));
            }
            self.taken.fetch_add(alerts.len() as u64, Ordering::Relaxed);
            Ok(())
        }
    }

    fn run(queue: usize, wait: bool, pause: u64, fails: bool, count: u64) -> (SinkCounts, u64) {
        let taken = Arc::new(AtomicU64::new(0));
        let sink = Memory { taken: taken.clone(), pause: Duration::from_millis(pause), fails };
        let running = Running::start("memory".into(), Box::new(sink), queue).expect("a thread");
        let outputs = Outputs { sinks: vec![running], wait };
        (0..count).for_each(|_| outputs.give(alert()));
        let counts = outputs.end(Duration::from_millis(500)).pop().expect("counts");
        (counts, taken.load(Ordering::Relaxed))
    }

    #[test]
    fn every_alert_is_sent_or_counted() {
        for (queue, wait, pause, fails) in [
            (4, true, 1, false),
            (1000, false, 0, false),
            (2, false, 50, false),
            (1000, false, 0, true),
            (10, false, 700, false),
        ] {
            let (counts, taken) = run(queue, wait, pause, fails, 200);
            let lost: u64 = counts.lost.values().sum();
            assert_eq!(counts.sent + lost, 200, "{queue} {wait} {pause} {fails}: {counts:?}");
            assert!(counts.sent >= taken.min(counts.sent));
            assert_eq!(wait, lost == 0 && queue == 4, "{counts:?}");
            assert_eq!(fails, counts.sent == 0 && counts.lost.contains_key("not taken"), "{counts:?}");
        }
    }
}
