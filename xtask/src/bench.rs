//! The bench table: what the release binary may cost, measured and printed, never part of a timed test.
//!
//! One more bench is one more row of [`BENCHES`].

use crate::repository::{output, root};
use crate::{bench_scan, synthetic};
use peers::cost::{Cost, measure};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One row.
struct Bench {
    /// Its name.
    name: &'static str,
    /// Measured only when it is named: it takes minutes.
    slow: bool,
    run: fn(&Place) -> Result<Vec<Figure>, String>,
}

/// One figure of a row, with what it may be.
pub(crate) struct Figure {
    /// What is counted, with its unit.
    pub(crate) what: &'static str,
    pub(crate) value: f64,
    pub(crate) limit: Limit,
}

pub(crate) enum Limit {
    Most(f64),
    Least(f64),
    None,
}

/// Where things are measured.
pub(crate) struct Place {
    pub(crate) root: PathBuf,
    pub(crate) binary: PathBuf,
    /// For what a bench needs; gone afterwards.
    pub(crate) folder: PathBuf,
}

/// Limits of CPU time in milliseconds and of memory in MB. Over the four clusters the curve is a line.
static BENCHES: &[Bench] = &[
    Bench { name: "start", slow: false, run: |place| place.ringwall(&["--version"], 5.0, 12.0) },
    Bench {
        name: "risk-shop",
        slow: false,
        run: |place| place.ringwall(&["risk", "examples/shop"], 50.0, 60.0),
    },
    Bench { name: "small", slow: false, run: |place| place.cluster("small", 80.0, 60.0) },
    Bench { name: "medium", slow: false, run: |place| place.cluster("medium", 280.0, 140.0) },
    Bench { name: "large", slow: false, run: |place| place.cluster("large", 500.0, 250.0) },
    Bench { name: "largest", slow: false, run: |place| place.cluster("largest", 1500.0, 450.0) },
    Bench { name: "detect", slow: true, run: Place::detect },
    Bench { name: "scan", slow: true, run: bench_scan::figures },
    Bench { name: "yaml", slow: true, run: Place::yaml },
    Bench { name: "cold-build", slow: true, run: Place::cold_build },
];

/// Runs per figure; the cheapest CPU time and the largest peak count.
const RUNS: usize = 5;

/// Measures the rows (or the one named) and says which are over; an error when one is.
pub(crate) fn table(only: Option<&str>) -> Result<(), String> {
    let wanted = |bench: &&Bench| only.map_or(!bench.slow, |name| name == bench.name);
    let rows: Vec<&Bench> = BENCHES.iter().filter(wanted).collect();
    if rows.is_empty() {
        let names: Vec<_> = BENCHES.iter().map(|bench| bench.name).collect();
        return Err(format!("no such bench; there are: {}", names.join(", ")));
    }
    let place = Place::new()?;
    println!("{:<12} {:<24} {:>10} {:>10}", "bench", "figure", "measured", "limit");
    let mut over = Vec::new();
    for bench in rows {
        for figure in (bench.run)(&place)? {
            println!("{:<12} {figure}", bench.name);
            if !figure.fits() {
                over.push(format!("{} of {}", figure.what, bench.name));
            }
        }
    }
    std::fs::remove_dir_all(&place.folder).map_err(|e| format!("{}: {e}", place.folder.display()))?;
    if over.is_empty() { Ok(()) } else { Err(format!("over the limit: {}", over.join(", "))) }
}

/// Measures any command.
pub(crate) fn one(command: &[&str]) -> Result<(), String> {
    let (program, args) = command.split_first().ok_or("no command")?;
    let (status, cost) = measure(Command::new(program).args(args))?;
    eprintln!("{cost}, {status}");
    Ok(())
}

impl Figure {
    fn most(what: &'static str, value: f64, limit: f64) -> Self {
        Self { what, value, limit: Limit::Most(limit) }
    }

    fn fits(&self) -> bool {
        match self.limit {
            Limit::Most(limit) => self.value <= limit,
            Limit::Least(limit) => self.value >= limit,
            Limit::None => true,
        }
    }
}

impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let limit = match self.limit {
            Limit::Most(limit) => format!("<= {limit:.3}"),
            Limit::Least(limit) => format!(">= {limit}"),
            Limit::None => return write!(f, "{:<24} {:>10.2}", self.what, self.value),
        };
        let word = if self.fits() { "OK" } else { "over" };
        write!(f, "{:<24} {:>10.2} {limit:>10}  {word}", self.what, self.value)
    }
}

fn cpu_ms(cost: &Cost) -> f64 {
    cost.cpu.as_secs_f64() * 1e3
}

fn peak_mb(cost: &Cost) -> f64 {
    cost.peak as f64 / 1e6
}

impl Place {
    fn new() -> Result<Self, String> {
        let root = root();
        let binary = release(&root)?;
        let folder = std::env::temp_dir().join(format!("ringwall-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        Ok(Self { root, binary, folder })
    }

    fn ringwall(&self, words: &[&str], cpu: f64, peak: f64) -> Result<Vec<Figure>, String> {
        let (cost, _) = self.cheapest(words)?;
        Ok(vec![Figure::most("CPU ms", cpu_ms(&cost), cpu), Figure::most("peak MB", peak_mb(&cost), peak)])
    }

    /// `risk` on the saved snapshot of a synthetic cluster; `rank` limits the attack graph, its ranking and the fixes.
    fn cluster(&self, size: &str, rank: f64, peak: f64) -> Result<Vec<Figure>, String> {
        let file = self.folder.join(size);
        synthetic::write(size, "1", &file)?;
        let (cost, ranked) = self.cheapest(&["-v", "risk", &file.to_string_lossy()])?;
        Ok(vec![
            Figure::most("graph + ranking, CPU ms", ranked, rank),
            Figure { what: "whole process, CPU ms", value: cpu_ms(&cost), limit: Limit::None },
            Figure::most("peak MB", peak_mb(&cost), peak),
        ])
    }

    /// The cheapest of some runs, and the CPU time that ranking took of one.
    fn cheapest(&self, words: &[&str]) -> Result<(Cost, f64), String> {
        let said = self.folder.join("stderr");
        let mut best: Option<(Cost, f64)> = None;
        for _ in 0..RUNS {
            let file = File::create(&said).map_err(|e| format!("{}: {e}", said.display()))?;
            let mut command = Command::new(&self.binary);
            command.args(words).current_dir(&self.root).stdout(Stdio::null()).stderr(file);
            command.env("RINGWALL_STATE_DIR", &self.folder).env("NO_COLOR", "1");
            let (status, cost) = measure(&mut command)?;
            let said = std::fs::read_to_string(&said).unwrap_or_default();
            if !status.success() {
                return Err(format!("{}: {status}\n{said}", words.join(" ")));
            }
            let ranked = ranking(&said);
            best = Some(best.map_or((cost, ranked), |(best, rank)| {
                let (cpu, wall) = (best.cpu.min(cost.cpu), best.wall.min(cost.wall));
                (Cost { cpu, wall, peak: best.peak.max(cost.peak) }, rank.min(ranked))
            }));
        }
        best.ok_or_else(|| format!("{}: never ran", words.join(" ")))
    }

    /// Falco's rules over captures and audit events, and what the whole process holds.
    fn detect(&self) -> Result<Vec<Figure>, String> {
        let corpus = std::env::var_os("RINGWALL_CORPUS")
            .map_or_else(|| self.root.join("../shared/corpus"), PathBuf::from);
        let folder = corpus.to_string_lossy().into_owned();
        let args =
            ["run", "-q", "--release", "--package", "detect", "--example", "detect_bench", "--", &folder];
        let said = output(&self.root, "cargo", &args)?;
        let said = String::from_utf8_lossy(&said);
        let value = |what: &str| {
            let mut lines = said.lines().filter_map(|line| line.strip_prefix("figure ")?.split_once(" = "));
            let found = lines.find(|(name, _)| *name == what).and_then(|(_, value)| value.parse().ok());
            found.ok_or_else(|| format!("{what} was not measured:\n{said}"))
        };
        let mut figures = Vec::new();
        for (what, limit) in [
            ("replay, 25 rules, ns", Limit::Most(150.0)),
            ("replay, all rules, ns", Limit::Most(250.0)),
            ("audit, events/s", Limit::Least(200_000.0)),
            ("load all rules, ms", Limit::Most(50.0)),
        ] {
            figures.push(Figure { what, value: value(what)?, limit });
        }
        let file = |name: &str| corpus.join("falco").join(name).to_string_lossy().into_owned();
        let capture = file("captures/curl_google.scap");
        let rules = ["falco_rules", "falco-incubating_rules", "falco-sandbox_rules"]
            .map(|name| file(&format!("rules/{name}.yaml")));
        let mut words = vec!["detect", "replay", &capture];
        rules.iter().for_each(|rules| words.extend(["-r", rules]));
        let (cost, _) = self.cheapest(&words)?;
        figures.push(Figure::most("peak MB", peak_mb(&cost), 30.0));
        Ok(figures)
    }

    /// Text to tree against yaml_serde, over the corpus.
    fn yaml(&self) -> Result<Vec<Figure>, String> {
        let corpus = std::env::var_os("RINGWALL_CORPUS")
            .map_or_else(|| self.root.join("../shared/corpus"), PathBuf::from);
        let folders =
            ["manifests", "kyverno"].map(|folder| corpus.join(folder).to_string_lossy().into_owned());
        let mut args = vec!["run", "-q", "--release", "--package", "yaml", "--example", "speed", "--"];
        args.extend(folders.iter().map(String::as_str));
        let said = output(&self.root, "cargo", &args)?;
        let said = String::from_utf8_lossy(&said);
        let ratios = said.lines().filter_map(|line| line.trim().strip_prefix("ratio here : yaml_serde = "));
        let ratios: Vec<f64> = ratios.filter_map(|ratio| ratio.parse().ok()).collect();
        if ratios.len() != folders.len() {
            return Err(format!("not every folder was read:\n{said}"));
        }
        let figure = |value| Figure { what: "speed, yaml_serde = 1", value, limit: Limit::Least(1.0) };
        Ok(ratios.into_iter().map(figure).collect())
    }

    /// The first command of the README, nothing built before. The limit is that of `.ci/run`: all rings stand.
    fn cold_build(&self) -> Result<Vec<Figure>, String> {
        let mut command = Command::new("cargo");
        command.args(["build", "-q", "--locked", "--target-dir"]).arg(self.folder.join("target"));
        let (status, cost) = measure(command.current_dir(&self.root))?;
        if !status.success() {
            return Err(format!("cargo build: {status}"));
        }
        Ok(vec![Figure::most("CPU s", cost.cpu.as_secs_f64(), 400.0)])
    }
}

/// CPU milliseconds of the phases of a run that rank, from what `-v` says.
fn ranking(said: &str) -> f64 {
    let phases = ["phase=\"rank\"", "phase=\"propose\"", "phase=\"rank again\""];
    let lines = said.lines().filter(|line| phases.iter().any(|phase| line.contains(phase)));
    let cpu = |line: &str| line.split("cpu_ms=").nth(1)?.split_whitespace().next()?.parse::<f64>().ok();
    lines.filter_map(cpu).sum()
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
    fn rows_are_unique() {
        for (at, bench) in BENCHES.iter().enumerate() {
            let others = BENCHES.iter().skip(at + 1);
            assert!(others.into_iter().all(|other| other.name != bench.name), "{} twice", bench.name);
        }
    }

    #[test]
    fn every_size_has_a_row() {
        assert!(synthetic::SIZES.iter().all(|(size, _)| BENCHES.iter().any(|bench| bench.name == *size)));
    }

    #[test]
    fn ranking_is_the_sum_of_its_phases() {
        let said = " INFO ringwall::phase: done phase=\"load\" ms=9 cpu_ms=8\n\
                    INFO ringwall::phase: done phase=\"rank\" ms=5 cpu_ms=3\n\
                    INFO ringwall::phase: done phase=\"rank again\" ms=2 cpu_ms=1\n";
        assert_eq!(ranking(said), 4.0);
        assert_eq!(ranking("nothing"), 0.0);
    }

    #[test]
    fn a_limit_is_kept_or_not() {
        assert!(Figure::most("x", 1.0, 1.0).fits() && !Figure::most("x", 1.1, 1.0).fits());
        assert!(!Figure { what: "x", value: 0.9, limit: Limit::Least(1.0) }.fits());
        assert!(Figure { what: "x", value: 9.0, limit: Limit::None }.fits());
    }
}
