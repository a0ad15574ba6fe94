//! What one command cost: CPU seconds of it and everything it waited for, and its peak memory.

use std::fmt;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};
use wait4::Wait4;

/// The cost of one finished command.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// User and system CPU time, with that of waited-for children.
    pub cpu: Duration,
    /// Wall clock: how long a person waited. Varies with whatever else runs.
    pub wall: Duration,
    /// The largest resident set of one process of it, in bytes. Never below this chore's own few MB,
    /// because Linux carries the parent's peak over into the child.
    pub peak: u64,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = self.peak >> 20;
        write!(f, "{:.2} CPU s, {mib} MiB, {:.2} s wall", self.cpu.as_secs_f64(), self.wall.as_secs_f64())
    }
}

/// Runs the command to its end.
///
/// # Errors
/// When it cannot be started. How it ends is no error.
pub fn measure(command: &mut Command) -> Result<(ExitStatus, Cost), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let start = Instant::now();
    let child = command.spawn().map_err(|e| format!("{name} could not be started: {e}"))?;
    let end = child.wait4().map_err(|e| format!("{name} could not be waited for: {e}"))?;
    let usage = end.rusage;
    Ok((end.status, Cost { cpu: usage.utime + usage.stime, wall: start.elapsed(), peak: usage.maxrss }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_seen_and_failure_kept() {
        let loops = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exit 3";
        let (status, busy) = measure(Command::new("sh").args(["-c", loops])).expect("sh");
        let (_, idle) = measure(&mut Command::new("true")).expect("true");
        assert_eq!(status.code(), Some(3));
        assert!(busy.cpu > idle.cpu, "{busy} against {idle}");
        assert!(busy.peak > 100 << 10, "peak is in bytes: {}", busy.peak);
    }

    #[test]
    fn children_of_the_command_count() {
        let nested = "sh -c 'i=0; while [ $i -lt 40000 ]; do i=$((i+1)); done'; true";
        let (_, cost) = measure(Command::new("sh").args(["-c", nested])).expect("sh");
        assert!(cost.cpu > Duration::from_millis(4), "{cost}");
    }

    #[test]
    fn a_missing_program_is_an_error() {
        assert!(measure(&mut Command::new("no-such-program-here")).is_err());
    }
}
