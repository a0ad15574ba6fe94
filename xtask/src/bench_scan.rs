//! Scanning against Trivy: the same image and database, one after the other in turns, and the middle of what each cost.

use crate::bench::{Figure, Limit, Place};
use peers::cost::{Cost, measure};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Turns of a pair.
const TURNS: usize = 3;

/// What both are run on, each with a cache of its own.
struct Pair<'p> {
    ours: &'p Path,
    theirs: PathBuf,
    caches: [PathBuf; 2],
}

/// Figures of the issue's table: ratios of CPU time in the same run, and our own peaks.
pub(crate) fn figures(place: &Place) -> Result<Vec<Figure>, String> {
    let applications = peers::installed("image-applications")?;
    let [archive, layout] = ["large.tar", "large"].map(|name| place.folder.join(name));
    let made = Command::new("sh")
        .arg(place.root.join("tests/peers/images/large.sh"))
        .args([&applications, &archive, &layout])
        .status()
        .map_err(|e| format!("sh: {e}"))?;
    if !made.success() {
        return Err(format!("no image to measure with: {made}"));
    }
    let caches = ["ours", "theirs"].map(|name| place.folder.join(name));
    for cache in &caches {
        database(cache)?;
    }
    let pair = Pair { ours: &place.binary, theirs: peers::installed("trivy")?, caches };
    let mut out = Vec::new();
    for (input, scanners, cold, ratio, what, peak) in [
        (&archive, "vuln", true, 1.0 / 3.0, "plain, CPU of Trivy's", "plain, peak MB"),
        (&layout, "vuln", true, 2.0 / 3.0, "gzip, CPU of Trivy's", "gzip, peak MB"),
        (&archive, "vuln,secret", true, 0.2, "secrets, CPU of Trivy's", "secrets, peak MB"),
        (&archive, "vuln", false, 1.0, "warm, CPU of Trivy's", "warm, peak MB"),
    ] {
        let [ours, theirs] = pair.measure(input, scanners, cold)?;
        out.push(Figure {
            what,
            value: ours.cpu.as_secs_f64() / theirs.cpu.as_secs_f64(),
            limit: Limit::Most(ratio),
        });
        let most = if cold { 64.0 } else { 40.0 };
        out.push(Figure { what: peak, value: ours.peak as f64 / 1e6, limit: Limit::Most(most) });
        if !cold {
            out.push(Figure {
                what: "warm, CPU ms",
                value: ours.cpu.as_secs_f64() * 1e3,
                limit: Limit::Most(20.0),
            });
        }
    }
    Ok(out)
}

/// The corpus' database in a cache folder. No database of Java archives: both are told not to fetch one.
fn database(cache: &Path) -> Result<(), String> {
    let corpus = std::env::var_os("RINGWALL_CORPUS")
        .map_or_else(|| crate::repository::root().join("../shared/corpus"), PathBuf::from);
    let at = cache.join("db");
    std::fs::create_dir_all(&at).map_err(|e| format!("{}: {e}", at.display()))?;
    let packed = corpus.join("advisories/trivy-db/db.tar.gz");
    let status = Command::new("tar")
        .arg("-xzf")
        .arg(&packed)
        .arg("-C")
        .arg(&at)
        .status()
        .map_err(|e| format!("tar: {e}"))?;
    let metadata = r#"{"Version":2,"NextUpdate":"2100-01-01T00:00:00Z","UpdatedAt":"2026-01-01T00:00:00Z","DownloadedAt":"2026-01-01T00:00:00Z"}"#;
    std::fs::write(at.join("metadata.json"), metadata).map_err(|e| e.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("{}: {status}", packed.display())) }
}

impl Pair<'_> {
    /// The middle cost of ours and of theirs.
    fn measure(&self, input: &Path, scanners: &str, cold: bool) -> Result<[Cost; 2], String> {
        let mut costs = [Vec::new(), Vec::new()];
        for turn in 0..=TURNS {
            for (who, costs) in costs.iter_mut().enumerate() {
                let cost = self.run(who, input, scanners, cold)?;
                // The first turn fills the caches.
                if turn > 0 {
                    costs.push(cost);
                }
            }
        }
        Ok(costs.map(|mut costs| {
            costs.sort_by_key(|cost| cost.cpu);
            Cost { peak: costs.iter().map(|cost| cost.peak).max().unwrap_or(0), ..costs[costs.len() / 2] }
        }))
    }

    fn run(&self, who: usize, input: &Path, scanners: &str, cold: bool) -> Result<Cost, String> {
        let cache = &self.caches[who];
        if cold {
            for layers in ["ringwall", "fanal"] {
                let _ = std::fs::remove_dir_all(cache.join(layers));
            }
        }
        let mut command = Command::new(if who == 0 { self.ours } else { &self.theirs });
        if who == 0 {
            command.arg("trivy");
        }
        command.args([
            "image",
            "--quiet",
            "--format",
            "json",
            "--skip-db-update",
            "--skip-java-db-update",
            "--offline-scan",
        ]);
        command.args(["--scanners", scanners]).arg("--cache-dir").arg(cache).arg("--input").arg(input);
        let (status, cost) = measure(command.env("HOME", cache).stdout(Stdio::null()).stderr(Stdio::null()))?;
        if status.success() {
            Ok(cost)
        } else {
            Err(format!("{} of {}: {status}", command.get_program().display(), input.display()))
        }
    }
}
