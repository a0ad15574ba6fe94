//! `detect replay`: rules over the system calls of a capture.

use super::options::{ChoiceArgs, WayArgs};
use crate::detection::{Choice, Ready, Session, Way};
use crate::exit::{self, Exit};
use crate::output;
use clap::Args;
use detect::{Priority, Replay};
use event::scap::{Limits, ScapError};
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

/// Asks rules about the system calls of a capture (.scap, compressed with gzip or not) and prints the alerts.
///
/// Exit codes: 0 done; 1 an alert at or above --fail-on; 3 the capture or the rules could not be read whole, or an
/// alert could not be delivered.
#[derive(Args)]
pub(crate) struct ReplayArgs {
    /// The capture; `-` reads standard input
    #[arg(value_name = "FILE")]
    capture: PathBuf,
    #[command(flatten)]
    choice: ChoiceArgs,
    #[command(flatten)]
    way: WayArgs,
    /// Say at the end what each rule cost: checks asked for its sake, and alerts
    #[arg(long)]
    costs: bool,
}

impl ReplayArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let run = Run {
            capture: &self.capture,
            hostname: self.way.hostname.as_deref(),
            fail_on: self.way.fail_on,
            costs: self.costs,
            quiet: false,
        };
        let choice = self.choice.choice("syscall");
        run_capture(&run, &choice, self.way.way(false)?)
    }
}

/// What is replayed, and how it is told.
pub(crate) struct Run<'a> {
    pub(crate) capture: &'a Path,
    pub(crate) hostname: Option<&'a str>,
    pub(crate) fail_on: Option<Priority>,
    pub(crate) costs: bool,
    /// Without the line that sums up.
    pub(crate) quiet: bool,
}

/// Bytes read at once, and the largest block of a capture.
const PIECE: usize = 256 << 10;
const BLOCK: usize = 64 << 20;

/// Replays a capture.
pub(crate) fn run_capture(run: &Run<'_>, choice: &Choice, way: Way) -> anyhow::Result<Exit> {
    let Ready { engine, rules, .. } = choice.ready()?;
    let falco = way.style.program == "falco";
    let mut bytes = Bytes::open(run.capture)?;
    let mut session = Session::start(way, choice.source)?;
    let limits = Limits { block: BLOCK, ..Limits::default() };
    let mut replay = Replay::new(&engine, limits, Default::default());
    if let Some(name) = run.hostname {
        replay = replay.on_host(name);
    }
    if run.costs {
        replay.run.count_costs(&engine);
    }
    let broken = loop {
        let piece = match bytes.next() {
            Ok(Some(piece)) => piece,
            Ok(None) => match replay.finish() {
                Err(error @ ScapError::NotACapture) => {
                    return Err(exit::unreadable(format!(
                        "{}: {error}; {}",
                        shown(run.capture),
                        advice(&[])
                    )));
                }
                other => break other.err().map(|error| error.to_string()),
            },
            Err(error) => {
                replay.run.counts.drop("cut off", 1);
                break Some(error.to_string());
            }
        };
        if let Err(error) = replay.push(piece, &mut |alert| session.alert(alert)) {
            if matches!(error, ScapError::NotACapture) {
                return Err(exit::unreadable(format!("{}: {error}; {}", shown(run.capture), advice(piece))));
            }
            replay.run.counts.drop("broken block", 1);
            break Some(error.to_string());
        }
        session.tick(&replay.run.counts, &rules);
        if session.gone() {
            break None;
        }
    };
    bytes.bar.finish_and_clear();
    if let Some(why) = &broken {
        output::say(&model::escape(&format!(
            "{}: {why}; what was read before it counts",
            shown(run.capture)
        )));
    }
    let outcome = session.end(&replay.run.counts, &rules, run.quiet);
    if run.costs {
        costs(&engine, &replay.run);
    }
    if falco {
        crate::compat::falco::statistics(&replay.run.counts, &rules)?;
    }
    Ok(outcome.exit(run.fail_on, broken.is_none()))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// What a file that is no capture may be instead.
fn advice(bytes: &[u8]) -> &'static str {
    match bytes.first() {
        Some(b'{' | b'[') => "audit logs are read by `ringwall detect audit`",
        Some(_) => "captures are what `sysdig -w FILE` and Falco write",
        None => "it is empty, or shorter than a header",
    }
}

/// What each rule cost, dearest first.
fn costs(engine: &detect::Engine, run: &detect::Run) {
    let mut all: Vec<(&str, u64)> = engine.costs(run).collect();
    all.sort_by_key(|(_, asked)| std::cmp::Reverse(*asked));
    output::say("checks asked  alerts  rule");
    for (rule, asked) in all.iter().filter(|(_, asked)| *asked > 0) {
        let alerts = run.counts.alerts.get(*rule).copied().unwrap_or(0);
        output::say(&format!("{asked:>12} {alerts:>7}  {}", model::escape(rule)));
    }
}

/// The bytes of a capture, inflated.
struct Bytes {
    reader: Box<dyn Read>,
    buffer: Vec<u8>,
    left: u64,
    bar: ProgressBar,
}

impl Bytes {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let unreadable = |error: std::io::Error| exit::unreadable(format!("{}: {error}", shown(path)));
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {bytes}/{total_bytes} {wide_msg}") {
            bar.set_style(style);
        }
        let raw: Box<dyn Read> = if path == Path::new("-") {
            Box::new(std::io::stdin())
        } else {
            let file = File::open(path).map_err(unreadable)?;
            let meta = file.metadata().map_err(unreadable)?;
            if meta.is_dir() {
                return Err(exit::unreadable(format!("{}: it is a folder; give one capture", shown(path))));
            }
            bar.set_length(meta.len());
            Box::new(bar.wrap_read(file))
        };
        let mut raw = BufReader::with_capacity(PIECE, raw);
        let compressed = raw.fill_buf().map_err(unreadable)?.starts_with(&[0x1f, 0x8b]);
        let reader: Box<dyn Read> =
            if compressed { Box::new(flate2::bufread::MultiGzDecoder::new(raw)) } else { Box::new(raw) };
        Ok(Self { reader, buffer: vec![0; PIECE], left: Limits::default().inflated, bar })
    }

    /// The next piece; `None` at the end.
    fn next(&mut self) -> std::io::Result<Option<&[u8]>> {
        let read = self.reader.read(&mut self.buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            std::io::Error::other(format!("it is larger than {} GiB", Limits::default().inflated >> 30))
        })?;
        Ok((read > 0).then(|| self.buffer.get(..read).unwrap_or_default()))
    }
}
