//! The real `ringwall` binary as a value: give it words, get an answer with what it printed and its exit code.

use crate::places::root;
use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use wait4::Wait4 as _;

/// How long one command may take before it is killed: a hang is a failure, not a stuck run.
const PATIENCE: Duration = Duration::from_secs(120);

/// The binary under test: `RINGWALL_BIN`, or the one that `cargo build -p ringwall` makes (once per run).
///
/// # Errors
/// When it cannot be built; the compiler's words are in the message.
pub fn ringwall() -> Result<Program, String> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    BUILT.get_or_init(build).clone().map(Program::new)
}

fn build() -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os("RINGWALL_BIN").filter(|path| !path.is_empty()) {
        let path = PathBuf::from(path);
        return if path.is_file() {
            Ok(path)
        } else {
            Err(format!("RINGWALL_BIN: no file {}", path.display()))
        };
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // The same command as the README's first one, so that its build is reused.
    let out = Command::new(cargo)
        .args(["build", "--quiet", "--package", "ringwall", "--message-format", "json-render-diagnostics"])
        .current_dir(root())
        .output()
        .map_err(|e| format!("cargo could not be started: {e}"))?;
    if !out.status.success() {
        return Err(format!("ringwall does not build:\n{}", String::from_utf8_lossy(&out.stderr)));
    }
    String::from_utf8_lossy(&out.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .next_back()
        .ok_or_else(|| "cargo built no executable".into())
}

/// A program that answers words as `ringwall` should.
#[derive(Clone, Debug)]
pub struct Program {
    path: PathBuf,
    before: Vec<String>,
    folder: Option<PathBuf>,
    environment: Vec<(String, OsString)>,
}

impl Program {
    /// The program at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), before: Vec::new(), folder: None, environment: Vec::new() }
    }

    /// The same program with words that go before every command's own.
    #[must_use]
    pub fn with(mut self, before: &[&str]) -> Self {
        self.before = before.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// The same program, run in a folder instead of the root of the clone.
    #[must_use]
    pub fn inside(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_path_buf());
        self
    }

    /// The same program with one more variable in its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs it in its folder with nothing on stdin.
    ///
    /// # Errors
    /// When it cannot be started or does not end in time. An exit code is no error.
    pub fn run(&self, words: &[&str]) -> Result<Answer, String> {
        self.run_with(words, "")
    }

    /// Runs it with `input` on stdin.
    ///
    /// It sees no cluster, no terminal and a home of its own, so that answers depend on the words alone.
    ///
    /// # Errors
    /// As [`Program::run`].
    pub fn run_with(&self, words: &[&str], input: &str) -> Result<Answer, String> {
        self.run_bytes(words, input.as_bytes())
    }

    /// Runs it with `input` on stdin, which need not be text.
    ///
    /// # Errors
    /// As [`Program::run`].
    pub fn run_bytes(&self, words: &[&str], input: &[u8]) -> Result<Answer, String> {
        let home = tempfile::tempdir().map_err(|e| format!("no temporary folder: {e}"))?;
        let mut child =
            self.command(words, home.path()).spawn().map_err(|e| format!("{}: {e}", self.path.display()))?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let input = input.to_owned();
        // A program that ends without reading its input is no failure of ours.
        std::thread::spawn(move || stdin.map(|mut pipe| pipe.write_all(&input)));
        let stdout = std::thread::spawn(move || drain(stdout));
        let stderr = std::thread::spawn(move || drain(stderr));
        let deadline = Instant::now() + PATIENCE;
        let process = format!("/proc/{}", child.id());
        // Until the new program is in place, the child still shows our own memory.
        let ours = std::fs::read_link("/proc/self/exe").ok();
        let started = || ours.is_some() && std::fs::read_link(format!("{process}/exe")).ok() != ours;
        let mut peak = None;
        let used = loop {
            // What the system tells at the end includes what this process held when it started the other.
            if started() {
                let status = std::fs::read_to_string(format!("{process}/status")).ok();
                peak = peak.max(status.and_then(|text| high_water(&text)));
            }
            match child.try_wait4() {
                Ok(Some(used)) => break used,
                Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(2)),
                Ok(None) => {
                    child.kill().ok();
                    child.wait().ok();
                    return Err(format!("`{}` did not end within {} s", words.join(" "), PATIENCE.as_secs()));
                }
                Err(e) => return Err(format!("`{}`: {e}", words.join(" "))),
            }
        };
        Ok(Answer {
            words: words.join(" "),
            code: used.status.code(),
            stdout: stdout.join().unwrap_or_default(),
            stderr: stderr.join().unwrap_or_default(),
            cpu: used.rusage.utime + used.rusage.stime,
            // One that ended before it could be looked at had no time to take much.
            peak_bytes: peak.unwrap_or(0),
        })
    }

    fn command(&self, words: &[&str], home: &Path) -> Command {
        let mut command = Command::new(&self.path);
        command
            .args(&self.before)
            .args(words)
            .current_dir(self.folder.clone().unwrap_or_else(root))
            .env("NO_COLOR", "1")
            .env("COLUMNS", "80")
            .env("LINES", "24")
            .env("HOME", home)
            .env("XDG_STATE_HOME", home.join("state"))
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("KUBECONFIG", home.join("no-cluster"))
            .env_remove("KUBERNETES_SERVICE_HOST")
            .env_remove("RINGWALL_STATE_DIR")
            .env_remove("RINGWALL_LOG")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

/// Bytes of `VmHWM`, the most that was resident.
fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)
}

fn drain(pipe: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        pipe.read_to_end(&mut bytes).ok();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What a command answered. Every expectation returns the answer again, or says what was there instead.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The words it was given.
    pub words: String,
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Data.
    pub stdout: String,
    /// Talk.
    pub stderr: String,
    /// Processor time it used: unlike the clock's, it does not grow with what else the machine does.
    pub cpu: Duration,
    /// The most memory it held at once.
    pub peak_bytes: u64,
}

impl Answer {
    /// It ended with this code.
    ///
    /// # Errors
    /// When it did not.
    pub fn exits(&self, code: i32) -> Result<&Self, String> {
        self.when(self.code == Some(code), &format!("exit code {code}"))
    }

    /// Its first line of data is this.
    ///
    /// # Errors
    /// When it is not.
    pub fn first_line(&self, line: &str) -> Result<&Self, String> {
        self.when(self.stdout.lines().next() == Some(line), &format!("`{line}` as first line"))
    }

    /// Its data names each of these, whatever their case.
    ///
    /// # Errors
    /// Names the first that is absent.
    pub fn names(&self, words: &[&str]) -> Result<&Self, String> {
        let said = self.stdout.to_lowercase();
        for word in words {
            self.when(said.contains(&word.to_lowercase()), &format!("`{word}` on stdout"))?;
        }
        Ok(self)
    }

    /// Its data names at least one of these, whatever their case.
    ///
    /// # Errors
    /// When it names none.
    pub fn names_one_of(&self, words: &[&str]) -> Result<&Self, String> {
        let said = self.stdout.to_lowercase();
        let any = words.iter().any(|word| said.contains(&word.to_lowercase()));
        self.when(any, &format!("one of {words:?} on stdout"))
    }

    /// Its data names none of these, whatever their case.
    ///
    /// # Errors
    /// Names the first that is there.
    pub fn names_none_of(&self, words: &[&str]) -> Result<&Self, String> {
        let said = self.stdout.to_lowercase();
        for word in words {
            self.when(!said.contains(&word.to_lowercase()), &format!("no `{word}` on stdout"))?;
        }
        Ok(self)
    }

    /// The first of these stands before the second in its data.
    ///
    /// # Errors
    /// When one is absent or the order is the other one.
    pub fn ranks(&self, first: &str, second: &str) -> Result<&Self, String> {
        let order = self.stdout.find(first).zip(self.stdout.find(second)).is_some_and(|(a, b)| a < b);
        self.when(order, &format!("`{first}` before `{second}` on stdout"))
    }

    /// Its talk names each of these.
    ///
    /// # Errors
    /// Names the first that is absent.
    pub fn talks_of(&self, words: &[&str]) -> Result<&Self, String> {
        let said = self.stderr.to_lowercase();
        for word in words {
            self.when(said.contains(&word.to_lowercase()), &format!("`{word}` on stderr"))?;
        }
        Ok(self)
    }

    /// It used at most so many seconds of a processor and so many MiB of memory.
    ///
    /// # Errors
    /// When it used more.
    pub fn costs_less(&self, seconds: u64, mib: u64) -> Result<&Self, String> {
        let (cpu, peak) = (self.cpu.as_secs_f64(), self.peak_bytes >> 20);
        self.when(
            self.cpu.as_secs() < seconds,
            &format!("less than {seconds} s of processor time, not {cpu:.1}"),
        )?;
        self.when(peak < mib, &format!("less than {mib} MiB of memory, not {peak}"))
    }

    /// Its data as JSON.
    ///
    /// # Errors
    /// When it is something else.
    pub fn json(&self) -> Result<serde_json::Value, String> {
        serde_json::from_str(&self.stdout).map_err(|e| self.complaint(&format!("JSON ({e})")))
    }

    fn when(&self, holds: bool, wanted: &str) -> Result<&Self, String> {
        if holds { Ok(self) } else { Err(self.complaint(wanted)) }
    }

    fn complaint(&self, wanted: &str) -> String {
        let code = self.code.map_or("a signal".into(), |code| format!("exit code {code}"));
        let mut told = format!("`ringwall {}`: wanted {wanted}; it ended with {code}", self.words);
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            let head: Vec<&str> = text.lines().take(12).collect();
            if !head.is_empty() {
                told.push_str(&format!("\n--- {name} ---\n{}", head.join("\n")));
            }
        }
        told
    }
}
