//! The sinks, one a file. Each takes a few alerts at a time, or says why it did not.

mod file;
mod http;
mod program;
mod stdout;
mod syslog;

use super::{Destination, Style};
use anyhow::Context as _;
use detect::Alert;
use std::sync::Arc;
use std::time::Duration;

/// Takes alerts to some place.
pub(super) trait Sink: Send {
    /// Takes these alerts, in order.
    fn take(&mut self, alerts: &[Arc<Alert>]) -> Result<(), Fault>;
}

/// Why alerts were not taken.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) why: String,
    /// How many were, before.
    pub(super) taken: u64,
    /// Whether nobody will ever take one again.
    pub(super) gone: bool,
}

impl Fault {
    pub(super) fn new(why: impl ToString) -> Self {
        Self { why: why.to_string(), taken: 0, gone: false }
    }

    fn after(taken: usize, why: impl ToString) -> Self {
        Self { taken: taken as u64, ..Self::new(why) }
    }
}

/// How long a place on the network may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens a place: what is wrong with it now is said now.
pub(super) fn open(destination: &Destination, style: Style) -> anyhow::Result<Box<dyn Sink>> {
    Ok(match destination {
        Destination::Stdout => Box::new(stdout::Stdout::new(style)),
        Destination::File(path) => {
            let shown = path.display();
            Box::new(file::File::open(path, style).with_context(|| format!("cannot write {shown}"))?)
        }
        Destination::Syslog(socket) => Box::new(syslog::Local::new(socket, style)),
        Destination::SyslogUdp(host) => Box::new(syslog::Udp::new(host, style)),
        Destination::SyslogTcp(host) => Box::new(syslog::Tcp::new(host, style)),
        Destination::Http(url) => Box::new(http::Http::new(url, http::Form::Falco, style)),
        Destination::Otlp(url) => Box::new(http::Http::new(url, http::Form::Otlp, style)),
        Destination::Program { command, keep } => Box::new(program::Program::new(command, *keep, style)),
    })
}
