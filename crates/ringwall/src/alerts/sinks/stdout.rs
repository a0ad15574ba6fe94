//! Standard output. When nobody reads it any more the run ends quietly.

use super::{Fault, Sink};
use crate::alerts::Style;
use detect::Alert;
use std::io::Write as _;
use std::sync::Arc;

pub(super) struct Stdout {
    style: Style,
}

impl Stdout {
    pub(super) fn new(style: Style) -> Self {
        Self { style }
    }
}

impl Sink for Stdout {
    fn take(&mut self, alerts: &[Arc<Alert>]) -> Result<(), Fault> {
        let mut text = String::new();
        for alert in alerts {
            text.push_str(&self.style.line(alert));
            text.push('\n');
        }
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| Fault {
            gone: error.kind() == std::io::ErrorKind::BrokenPipe,
            ..Fault::new(error)
        })
    }
}
