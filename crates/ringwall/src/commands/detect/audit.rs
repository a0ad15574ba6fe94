//! `detect audit`: rules over Kubernetes audit events, from files, streams, or the API server itself.

use super::options::{ChoiceArgs, WayArgs};
use crate::detection::{Choice, Ready, Session, Way};
use crate::exit::{self, Exit};
use crate::output;
use crate::page_server::{self, Pages, Post};
use clap::Args;
use detect::{Alert, Priority, Run};
use event::AuditEvent;
use event::audit::{Limits, Reading, Stream};
use sources::follow::{Begin, Follow};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Asks rules about Kubernetes audit events and prints the alerts.
///
/// Rules are loaded again when their files change or on SIGHUP, while events come; a set that does not load changes
/// nothing. Exit codes: 0 done; 1 an alert at or above --fail-on; 3 the log or the rules could not be read whole, or
/// an alert could not be delivered.
#[derive(Args)]
pub(crate) struct AuditArgs {
    /// The audit log: one event a line, or a list of them; `-` reads standard input
    #[arg(value_name = "FILE", required_unless_present = "listen", conflicts_with = "listen")]
    log: Option<PathBuf>,
    /// Go on with what is added to the log
    #[arg(short, long)]
    follow: bool,
    /// Begin with what is added from now on
    #[arg(long, requires = "follow")]
    from_end: bool,
    /// Listen there for what the API server sends (--audit-webhook-config-file), at the path /k8s-audit
    #[arg(long, value_name = "ADDRESS", value_parser = listening)]
    listen: Option<SocketAddr>,
    #[command(flatten)]
    choice: ChoiceArgs,
    #[command(flatten)]
    way: WayArgs,
}

fn listening(text: &str) -> Result<SocketAddr, String> {
    page_server::address(text).ok_or_else(|| "it is an address with a port, like 127.0.0.1:9765".to_owned())
}

/// Where events come from.
pub(crate) enum Input {
    /// A log, read to its end.
    File(PathBuf),
    /// A log that grows.
    Follow(PathBuf, Begin),
    Stdin,
    /// What is sent to a path at an address.
    Listen(SocketAddr, String),
}

impl Input {
    /// Whether events come when they come.
    pub(crate) fn live(&self) -> bool {
        matches!(self, Self::Follow(..) | Self::Listen(..))
    }
}

impl AuditArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let input = match (self.log, self.listen) {
            (_, Some(at)) => Input::Listen(at, "/k8s-audit".to_owned()),
            (Some(path), _) if path == Path::new("-") => Input::Stdin,
            (Some(path), _) if self.follow => {
                Input::Follow(path, if self.from_end { Begin::End } else { Begin::Start })
            }
            (Some(path), _) => Input::File(path),
            (None, None) => return Err(exit::usage("an audit log, `-` or --listen is needed")),
        };
        let way = self.way.way(input.live())?;
        let hostname = self.way.hostname.clone().unwrap_or_default();
        run(input, &self.choice.choice("k8s_audit"), way, &hostname, self.way.fail_on, None)
    }
}

/// What an input brings.
enum Piece {
    /// The next bytes of a log.
    Bytes(Vec<u8>),
    /// A document of its own.
    Document(Vec<u8>),
    End,
    Fault(String),
}

/// Pieces that wait to be read, and how many bytes each has at most.
const WAITING: usize = 64;
const PIECE: usize = 64 << 10;
/// How often something else than events is looked at.
const BEAT: Duration = Duration::from_millis(200);
const LOOK: Duration = Duration::from_secs(1);

/// What a signal asked for.
struct Signals {
    stop: Arc<AtomicBool>,
    reload: Arc<AtomicBool>,
    until: Option<Instant>,
}

impl Signals {
    fn listen(most: Option<Duration>) -> anyhow::Result<Self> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let until = most.map(|most| Instant::now() + most);
        let signals = Self { stop: Arc::default(), reload: Arc::default(), until };
        signal_hook::flag::register(SIGHUP, signals.reload.clone())?;
        for signal in [SIGINT, SIGTERM] {
            // The second one ends at once.
            signal_hook::flag::register_conditional_shutdown(signal, 130, signals.stop.clone())?;
            signal_hook::flag::register(signal, signals.stop.clone())?;
        }
        Ok(signals)
    }

    fn stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.until.is_some_and(|until| Instant::now() >= until)
    }
}

/// The events of an input, rules asked of each.
struct Watch<'c> {
    choice: &'c Choice,
    ready: Ready,
    session: Session,
    run: Run,
    stream: Stream,
    /// Of documents that came on their own.
    apart: Reading,
    hostname: &'c str,
    looked: Instant,
}

/// Asks rules about everything an input brings, until it ends, a signal says so, or so much time has passed.
pub(crate) fn run(
    input: Input,
    choice: &Choice,
    way: Way,
    hostname: &str,
    fail_on: Option<Priority>,
    most: Option<Duration>,
) -> anyhow::Result<Exit> {
    let falco = way.style.program == "falco";
    let ready = choice.ready()?;
    let (live, name) = (input.live(), input.name());
    let endless = live || matches!(input, Input::Stdin);
    let signals = Signals::listen(most)?;
    let pieces = input.start()?;
    let session = Session::start(way, choice.source)?;
    let mut watch = Watch {
        choice,
        ready,
        session,
        run: Run::default(),
        stream: Stream::new(Limits::default()),
        apart: Reading::default(),
        hostname,
        looked: Instant::now(),
    };
    let fault = watch.until_the_end(&pieces, &signals, endless);
    if let Some(why) = &fault {
        output::say(&model::escape(&format!("{name}: {why}")));
    }
    let garbage = watch.garbage(&name, live);
    let outcome = watch.session.end(&watch.run.counts, &watch.ready.rules, falco);
    if falco {
        crate::compat::falco::statistics(&watch.run.counts, &watch.ready.rules)?;
    }
    Ok(outcome.exit(fail_on, fault.is_none() && (live || garbage == 0)))
}

impl Watch<'_> {
    /// Takes pieces as they come; the reason, where the input failed.
    fn until_the_end(
        &mut self,
        pieces: &Receiver<Piece>,
        signals: &Signals,
        endless: bool,
    ) -> Option<String> {
        loop {
            match pieces.recv_timeout(BEAT) {
                Ok(Piece::Bytes(bytes)) => self.bytes(&bytes),
                Ok(Piece::Document(text)) => self.document(&text),
                Ok(Piece::Fault(why)) => return Some(why),
                Ok(Piece::End) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.session.tick(&self.run.counts, &self.ready.rules);
            if endless {
                self.look(signals);
            }
            if self.session.gone() || signals.stop() {
                break;
            }
        }
        let mut taken = Vec::new();
        let (engine, run) = (&self.ready.engine, &mut self.run);
        self.stream.finish(&mut |_, event| engine.audit(run, event, &mut |alert| taken.push(alert)));
        self.raise(taken);
        None
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let mut taken = Vec::new();
        let (engine, run) = (&self.ready.engine, &mut self.run);
        self.stream.push(bytes, &mut |_, event| engine.audit(run, event, &mut |alert| taken.push(alert)));
        self.raise(taken);
    }

    fn document(&mut self, text: &[u8]) {
        let mut taken = Vec::new();
        let (engine, run) = (&self.ready.engine, &mut self.run);
        let each: &mut dyn FnMut(u32, &AuditEvent<'_>) =
            &mut |_, event| engine.audit(run, event, &mut |alert| taken.push(alert));
        let read = event::audit::read(text, &Limits::default(), each);
        self.apart.events = self.apart.events.saturating_add(read.events);
        self.apart.garbage = self.apart.garbage.saturating_add(read.garbage);
        self.raise(taken);
    }

    fn raise(&mut self, alerts: Vec<Alert>) {
        for mut alert in alerts {
            self.hostname.clone_into(&mut alert.hostname);
            self.session.alert(alert);
        }
    }

    /// Loads the rules again where that is due.
    fn look(&mut self, signals: &Signals) {
        let asked = signals.reload.swap(false, Ordering::Relaxed);
        if !asked && self.looked.elapsed() < LOOK {
            return;
        }
        self.looked = Instant::now();
        if !asked && self.choice.files.stamp() == self.ready.stamp {
            return;
        }
        match self.choice.ready() {
            Ok(ready) => {
                self.session.reloads += 1;
                output::say(&format!("rules loaded again: {} are switched on", ready.rules.rules.len()));
                self.ready = ready;
            }
            Err(error) => {
                self.session.reloads_failed += 1;
                output::say(&model::escape(&format!("{error:#}; the rules from before stay in force")));
                // Said once for each change.
                self.ready.stamp = self.choice.files.stamp();
            }
        }
    }

    /// Counts and tells what could not be decoded.
    fn garbage(&mut self, name: &str, live: bool) -> u64 {
        let reading = self.stream.reading();
        let garbage = reading.garbage.saturating_add(self.apart.garbage);
        for diagnostic in reading.diagnostics.iter().take(5) {
            let line = diagnostic.position.map_or(String::new(), |at| format!(":{}", at.line));
            output::say(&model::escape(&format!("{name}{line}: {}", diagnostic.message)));
        }
        self.run.counts.drop("not an audit event", garbage);
        if garbage > 0 && reading.events == 0 && !live {
            output::say("no line is an audit event; captures are read by `ringwall detect replay`");
        }
        garbage
    }
}

impl Input {
    fn name(&self) -> String {
        match self {
            Self::File(path) | Self::Follow(path, _) => path.display().to_string(),
            Self::Stdin => "stdin".to_owned(),
            Self::Listen(at, _) => at.to_string(),
        }
    }

    /// Begins to read, on a thread of its own.
    fn start(self) -> anyhow::Result<Receiver<Piece>> {
        let (sender, receiver) = sync_channel(WAITING);
        let unreadable = |path: &Path, error: std::io::Error| {
            exit::unreadable(format!("{}: {error}; is the path right?", path.display()))
        };
        match self {
            Self::Listen(at, path) => listen(at, path, sender)?,
            Self::File(path) => {
                let file = std::fs::File::open(&path).map_err(|error| unreadable(&path, error))?;
                if file.metadata().is_ok_and(|meta| meta.is_dir()) {
                    return Err(exit::unreadable(format!(
                        "{}: it is a folder; give one log",
                        path.display()
                    )));
                }
                spawn(move || to_the_end(file, &sender))?;
            }
            Self::Stdin => spawn(move || to_the_end(std::io::stdin(), &sender))?,
            Self::Follow(path, begin) => {
                let follow = Follow::open(&path, begin).map_err(|error| unreadable(&path, error))?;
                spawn(move || ever_on(follow, &sender))?;
            }
        }
        Ok(receiver)
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    std::thread::Builder::new().name("events".into()).spawn(work).map(drop)
}

fn to_the_end(mut from: impl std::io::Read, to: &SyncSender<Piece>) {
    loop {
        let mut piece = vec![0; PIECE];
        let sent = match from.read(&mut piece) {
            Ok(0) => {
                let _ = to.send(Piece::End);
                return;
            }
            Ok(read) => {
                piece.truncate(read);
                to.send(Piece::Bytes(piece))
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => {
                let _ = to.send(Piece::Fault(error.to_string()));
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

fn ever_on(mut from: Follow, to: &SyncSender<Piece>) {
    loop {
        let mut piece = vec![0; PIECE];
        let sent = match from.read(&mut piece) {
            Ok(0) => {
                std::thread::sleep(BEAT);
                continue;
            }
            Ok(read) => {
                piece.truncate(read);
                to.send(Piece::Bytes(piece))
            }
            Err(error) => to.send(Piece::Fault(error.to_string())),
        };
        if sent.is_err() {
            return;
        }
    }
}

/// What the API server sends is taken when there is room for it; otherwise it sends it again.
fn listen(at: SocketAddr, path: String, to: SyncSender<Piece>) -> anyhow::Result<()> {
    let post: Post = Box::new(move |body| to.try_send(Piece::Document(body)).is_ok());
    let pages = Pages { pages: Vec::new(), post: Some((path.clone(), post)) };
    let at = page_server::serve(at, pages).map_err(|error| exit::usage(format!("--listen {at}: {error}")))?;
    output::say(&format!("listening for audit events at http://{at}{path}"));
    Ok(())
}
