//! The bench table: what the release binary may cost, measured and printed, never part of a timed test.
//!
//! One more bench is one more row of [`BENCHES`].

use crate::repository::{output, root};
use peers::cost::{Cost, measure};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// One row.
struct Bench {
    /// Its name.
    name: &'static str,
    /// The words given to `ringwall`.
    words: &'static [&'static str],
    /// CPU time allowed.
    cpu: Duration,
    /// Peak memory allowed, in MiB.
    peak: u64,
}

static BENCHES: &[Bench] = &[
    Bench { name: "start", words: &["--version"], cpu: Duration::from_millis(5), peak: 12 },
    Bench { name: "risk-shop", words: &["risk", "examples/shop"], cpu: Duration::from_millis(50), peak: 60 },
];

/// Runs per row; the cheapest CPU time and the largest peak count.
const RUNS: usize = 5;

/// Measures the rows (or the one named) and says which are over; an error when one is.
pub(crate) fn table(only: Option<&str>) -> Result<(), String> {
    let rows: Vec<&Bench> =
        BENCHES.iter().filter(|bench| only.is_none_or(|name| name == bench.name)).collect();
    if rows.is_empty() {
        let names: Vec<_> = BENCHES.iter().map(|bench| bench.name).collect();
        return Err(format!("no such bench; there are: {}", names.join(", ")));
    }
    let root = root();
    let binary = release(&root)?;
    println!("{:<14} {:>10} {:>10} {:>10} {:>10}  ", "bench", "CPU ms", "limit", "peak MiB", "limit");
    let mut over = Vec::new();
    for bench in rows {
        let cost = cheapest(&root, &binary, bench)?;
        let fits = cost.cpu <= bench.cpu && cost.peak >> 20 <= bench.peak;
        let (cpu, limit) = (cost.cpu.as_secs_f64() * 1e3, bench.cpu.as_secs_f64() * 1e3);
        let word = if fits { "OK" } else { "over" };
        println!(
            "{:<14} {cpu:>10.1} {limit:>10.1} {:>10} {:>10}  {word}",
            bench.name,
            cost.peak >> 20,
            bench.peak
        );
        if !fits {
            over.push(bench.name);
        }
    }
    if over.is_empty() { Ok(()) } else { Err(format!("over the limit: {}", over.join(", "))) }
}

/// Measures any command.
pub(crate) fn one(command: &[&str]) -> Result<(), String> {
    let (program, args) = command.split_first().ok_or("no command")?;
    let (status, cost) = measure(Command::new(program).args(args))?;
    eprintln!("{cost}, {status}");
    Ok(())
}

fn cheapest(root: &Path, binary: &Path, bench: &Bench) -> Result<Cost, String> {
    let mut best: Option<Cost> = None;
    for _ in 0..RUNS {
        let mut command = Command::new(binary);
        command.args(bench.words).current_dir(root).stdout(Stdio::null()).stderr(Stdio::null());
        let (status, cost) = measure(&mut command)?;
        if !status.success() {
            return Err(format!("{}: {status}", bench.name));
        }
        best = Some(best.map_or(cost, |best| Cost {
            cpu: best.cpu.min(cost.cpu),
            wall: best.wall.min(cost.wall),
            peak: best.peak.max(cost.peak),
        }));
    }
    best.ok_or_else(|| format!("{}: never ran", bench.name))
}

/// Builds the release binary and says where it lies.
fn release(root: &Path) -> Result<PathBuf, String> {
    let args = ["build", "--release", "--package", "ringwall", "--message-format", "json-render-diagnostics"];
    let lines = output(root, "cargo", &args)?;
    String::from_utf8_lossy(&lines)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .next_back()
        .ok_or_else(|| "cargo built no executable".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_unique_and_bounded() {
        for (at, bench) in BENCHES.iter().enumerate() {
            assert!(bench.cpu > Duration::ZERO && bench.peak > 0, "{}", bench.name);
            assert!(
                BENCHES.iter().skip(at + 1).all(|other| other.name != bench.name),
                "{} twice",
                bench.name
            );
        }
    }
}
