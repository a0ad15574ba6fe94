//! A program's standard input.

use super::{Fault, Sink};
use crate::alerts::Style;
use detect::Alert;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

pub(super) struct Program {
    command: String,
    keep: bool,
    child: Option<Child>,
    style: Style,
}

impl Program {
    pub(super) fn new(command: &str, keep: bool, style: Style) -> Self {
        Self { command: command.to_owned(), keep, child: None, style }
    }

    fn start(&self) -> std::io::Result<Child> {
        Command::new("/bin/sh").args(["-c", &self.command]).stdin(Stdio::piped()).spawn()
    }

    fn write(&mut self, line: &str) -> std::io::Result<()> {
        let mut child = match self.child.take() {
            Some(child) => child,
            None => self.start()?,
        };
        if let Some(stdin) = &mut child.stdin {
            stdin.write_all(line.as_bytes())?;
            stdin.flush()?;
        }
        if self.keep {
            self.child = Some(child);
            return Ok(());
        }
        end(child)
    }
}

/// Closes the program's input and waits for it.
fn end(mut child: Child) -> std::io::Result<()> {
    drop(child.stdin.take());
    let status = child.wait()?;
    if status.success() {
        Ok(())
    } else {
        Err(std::io::Error::other(format!("the program ended with {status}")))
    }
}

impl Sink for Program {
    fn take(&mut self, alerts: &[Arc<Alert>]) -> Result<(), Fault> {
        for (n, alert) in alerts.iter().enumerate() {
            let line = format!("{}\n", self.style.line(alert));
            self.write(&line).map_err(|error| Fault::after(n, error))?;
        }
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(child) = self.child.take() {
            let _ = end(child);
        }
    }
}
