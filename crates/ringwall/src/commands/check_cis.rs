//! `check cis`: kube-bench's control files, answered without a shell.

use super::check::{Format, configz};
use crate::exit::{self, Exit};
use crate::inputs::InputArgs;
use crate::output;
use anyhow::Context as _;
use clap::Args;
use posture::cis::audit::{Audit, Need};
use posture::cis::{
    Answer, Benchmark, Control, File, Kind, NodeReport, Variables, Verdict, judge, parse, seen_by_api,
};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Answers kube-bench's control files from the API, and with --local from this machine; each is pass, fail or unknown.
#[derive(Args)]
pub(crate) struct CisArgs {
    #[command(flatten)]
    input: InputArgs,
    /// kube-bench's `cfg` folder
    #[arg(long, value_name = "DIR")]
    cfg: PathBuf,
    /// Folder of the benchmark below it
    #[arg(long, value_name = "NAME", default_value = "cis-1.12")]
    benchmark: String,
    /// A kubelet's configuration: `kubectl get --raw /api/v1/nodes/NODE/proxy/configz` as a file
    #[arg(long, value_name = "[NODE=]FILE")]
    configz: Vec<String>,
    /// Look at this machine's processes and files instead of the API
    #[arg(long)]
    local: bool,
    /// Format of the answer
    #[arg(short, long, default_value = "text")]
    output: Format,
}

/// Where kubeadm writes the kubelet's configuration; `/configz` stands for it.
const KUBELET: &str = "/var/lib/kubelet/config.yaml";

impl CisArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let folder = self.cfg.join(&self.benchmark);
        let read =
            |path: &Path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        let common = read(&self.cfg.join("config.yaml"))?;
        let own = std::fs::read(folder.join("config.yaml")).unwrap_or_default();
        let benchmark = self.load(&folder)?;
        let node = if self.local { local(&benchmark, &common, &own) } else { self.by_api()? };
        let answers = answers(&benchmark, &common, &own, &node);
        let text = match self.output {
            Format::Json => format!("{:#}\n", document(&answers)),
            Format::Text => text(&answers),
            _ => return Err(exit::usage("answers to controls are written as text or json")),
        };
        output::write(&text, None)?;
        Ok(Exit::Done)
    }

    fn load(&self, folder: &Path) -> anyhow::Result<Benchmark> {
        let entries = std::fs::read_dir(folder).map_err(|error| {
            exit::unreadable(format!("{}: {error}; is there such a benchmark?", folder.display()))
        })?;
        let mut files: Vec<PathBuf> =
            entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        files.retain(|path| path.extension().is_some_and(|ext| ext == "yaml" || ext == "yml"));
        files.sort();
        let mut benchmark = Benchmark { name: self.benchmark.clone(), controls: Vec::new() };
        for path in files {
            let name = path.display().to_string();
            let (controls, odd) = parse(&std::fs::read(&path).with_context(|| name.clone())?, &name);
            odd.iter().for_each(|d| output::say(&model::escape(&format!("{}: {}", d.document, d.message))));
            benchmark.controls.extend(controls);
        }
        Ok(benchmark)
    }

    fn by_api(&self) -> anyhow::Result<NodeReport> {
        let kubelets = self.configz.iter().map(|given| configz(given)).collect::<Result<Vec<_>, _>>()?;
        let inputs = self.input.read()?;
        Ok(seen_by_api(&inputs.snapshot, &kubelets, KUBELET))
    }
}

fn answers<'b>(
    benchmark: &'b Benchmark,
    common: &[u8],
    own: &[u8],
    node: &NodeReport,
) -> Vec<(&'b Control, Answer)> {
    let mut all = Vec::new();
    for controls in &benchmark.controls {
        let (variables, _) = Variables::parse(common, own, &controls.section, node);
        for control in controls.groups.iter().flat_map(|group| &group.checks) {
            all.push((control, judge(control, &variables, node)));
        }
    }
    all
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Unknown(_) => "unknown",
        Verdict::Skipped => "skip",
    }
}

/// What upstream's question is unsound about, where it is.
fn differs(id: &str, text: &str) -> Option<&'static str> {
    match id {
        "5.1.1" if text.contains("cluster-admin") => {
            Some("upstream looks at names of bindings; see rbac lint")
        }
        "5.1.2" if text.contains("secrets") => {
            Some("upstream asks for a user called system:authenticated, not for the group; see rbac who-can")
        }
        "5.1.3" if text.contains("wildcard") => Some("upstream looks for exactly [\"*\"]; see rbac lint"),
        _ => None,
    }
}

fn text(answers: &[(&Control, Answer)]) -> String {
    let mut out = String::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (control, answer) in answers {
        *counts.entry(word(&answer.verdict)).or_default() += 1;
        let line = format!("{:<8} {:<8} {}", word(&answer.verdict), control.id, control.text);
        let _ = writeln!(out, "{}", model::escape(&line));
        if let Verdict::Unknown(why) = &answer.verdict {
            let _ = writeln!(out, "                  {}", model::escape(why));
        }
        if let Some(how) = differs(&control.id, &control.text) {
            let _ = writeln!(out, "                  differs from upstream: {how}");
        }
    }
    let counts: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    let _ = writeln!(out, "{} controls: {}", answers.len(), counts.join(", "));
    out
}

fn document(answers: &[(&Control, Answer)]) -> serde_json::Value {
    let row = |(control, answer): &(&Control, Answer)| {
        json!({
            "id": control.id,
            "text": control.text,
            "scored": control.scored,
            "automated": control.kind == Kind::Automated,
            "verdict": word(&answer.verdict),
            "why": match &answer.verdict { Verdict::Unknown(why) => Some(why), _ => None },
            "actual": answer.actual,
            "remediation": control.remediation,
            "differsFromUpstream": differs(&control.id, &control.text),
        })
    };
    json!({"controls": answers.iter().map(row).collect::<Vec<_>>()})
}

/// Looks at this machine: first where the configuration may lie, then at what the controls ask about.
fn local(benchmark: &Benchmark, common: &[u8], own: &[u8]) -> NodeReport {
    let mut looker = Looker::default();
    looker.node.processes = Some(processes());
    for path in Variables::candidates(common, own) {
        looker.file(&path, false);
    }
    for controls in &benchmark.controls {
        let (variables, _) = Variables::parse(common, own, &controls.section, &looker.node);
        for control in controls.groups.iter().flat_map(|group| &group.checks) {
            for command in [&control.audit, &control.audit_config, &control.audit_env].into_iter().flatten() {
                let needs = Audit::recognise(&variables.put_in(command)).map(|audit| audit.needs());
                for need in needs.into_iter().flatten() {
                    match need {
                        Need::File(path) => looker.file(&path, true),
                        Need::Folder(path) => looker.folder(Path::new(&path), 0),
                        Need::Processes | Need::Journal(_) => {}
                    }
                }
            }
        }
    }
    looker.node
}

/// Command lines of this machine's processes.
fn processes() -> Vec<String> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    let words = |line: Vec<u8>| {
        let text = String::from_utf8_lossy(&line).into_owned();
        text.split('\0').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    };
    lines.map(words).filter(|line| !line.is_empty()).collect()
}

/// Most that is read of a file, files of a folder, and folders within each other.
const MAX_BYTES: u64 = 4 << 20;
const MAX_FILES: usize = 10_000;
const MAX_DEPTH: u8 = 8;

struct Looker {
    node: NodeReport,
    users: BTreeMap<u32, String>,
    groups: BTreeMap<u32, String>,
}

impl Default for Looker {
    fn default() -> Self {
        Self { node: NodeReport::default(), users: names("/etc/passwd"), groups: names("/etc/group") }
    }
}

/// Numbers with their names.
fn names(path: &str) -> BTreeMap<u32, String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let row = |line: &str| {
        let mut parts = line.split(':');
        let name = parts.next()?.to_owned();
        Some((parts.nth(1)?.parse().ok()?, name))
    };
    text.lines().filter_map(row).collect()
}

impl Looker {
    fn file(&mut self, path: &str, content: bool) {
        let there = match std::fs::metadata(path) {
            Ok(meta) => meta,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.node.files.insert(path.to_owned(), None);
                return;
            }
            // What may not be seen was not looked at.
            Err(_) => return,
        };
        let name =
            |names: &BTreeMap<u32, String>, id: u32| names.get(&id).cloned().unwrap_or("UNKNOWN".to_owned());
        let read = content && there.is_file();
        let file = File {
            mode: there.mode() & 0o7777,
            owner: name(&self.users, there.uid()),
            group: name(&self.groups, there.gid()),
            content: read.then(|| whole(path)).flatten(),
        };
        self.node.files.insert(path.to_owned(), Some(file));
    }

    fn folder(&mut self, path: &Path, depth: u8) {
        let Ok(entries) = std::fs::read_dir(path) else {
            if !path.exists() {
                self.node.files.insert(path.display().to_string(), None);
            }
            return;
        };
        for entry in entries.flatten() {
            let inner = entry.path();
            self.file(&inner.display().to_string(), false);
            if depth < MAX_DEPTH
                && self.node.files.len() < MAX_FILES
                && entry.file_type().is_ok_and(|kind| kind.is_dir())
            {
                self.folder(&inner, depth + 1);
            }
        }
        self.node.folders.insert(path.display().to_string().trim_end_matches('/').to_owned());
    }
}

fn whole(path: &str) -> Option<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
