//! How a run ends.

use std::process::ExitCode;

/// How a run ends; the numbers are a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, and nothing at or above the threshold.
    Done,
    /// Findings at or above the threshold, or the answer is no.
    Findings,
    /// The command line is wrong.
    Usage,
    /// Something asked for could not be read.
    Incomplete,
    /// Our own fault.
    Internal,
    /// The number the user asked for.
    Code(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Findings => 1,
            Exit::Usage => 2,
            Exit::Incomplete => 3,
            Exit::Internal => 4,
            Exit::Code(code) => code,
        })
    }
}

/// An error that says how the run ends.
#[derive(Debug)]
pub(crate) struct Ends {
    pub(crate) exit: Exit,
    pub(crate) message: String,
}

impl std::fmt::Display for Ends {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Ends {}

/// The command line asks for something that cannot be.
pub(crate) fn usage(message: impl Into<String>) -> anyhow::Error {
    Ends { exit: Exit::Usage, message: message.into() }.into()
}

/// Something asked for could not be read.
pub(crate) fn unreadable(message: impl Into<String>) -> anyhow::Error {
    Ends { exit: Exit::Incomplete, message: message.into() }.into()
}

/// The end an error stands for: what we did not foresee is our own fault, unless a file was the matter.
pub(crate) fn of(error: &anyhow::Error) -> Exit {
    if let Some(ends) = error.downcast_ref::<Ends>() {
        return ends.exit;
    }
    if error.chain().any(|cause| cause.is::<std::io::Error>()) { Exit::Incomplete } else { Exit::Internal }
}
