//! `check cis`: kube-bench's control files, answered without a shell, and our own verdict beside each.

mod show;

use super::check::{Format, configz, read};
use super::rbac::lint::Threshold;
use crate::exit::{self, Exit};
use crate::inputs::InputArgs;
use crate::{node, output};
use ::rbac::{Rbac, ServerVersion};
use clap::Args;
use model::Finding;
use posture::cis::{
    Benchmark, NoShell, NodeReport, Outputs, Printed, Sources, assess, choose, node_file, parse, seen_by_api,
    wanted,
};
use posture::{Options, Whole};
use snapshot::Snapshot;
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Answers kube-bench's control files from the API, from this machine, or from a report that a node wrote; beside each
/// stands our own verdict, and where the two differ it says why. Each is pass, fail or unknown.
#[derive(Args)]
pub(crate) struct CisArgs {
    #[command(flatten)]
    input: InputArgs,
    /// kube-bench's `cfg` folder [default: ./cfg or /etc/kube-bench/cfg]
    #[arg(long, value_name = "DIR")]
    cfg: Option<PathBuf>,
    /// Folder of the benchmark below it [default: by the cluster's maker and version]
    #[arg(long, value_name = "NAME")]
    benchmark: Option<String>,
    /// A kubelet's configuration: `kubectl get --raw /api/v1/nodes/NODE/proxy/configz` as a file
    #[arg(long, value_name = "[NODE=]FILE")]
    configz: Vec<String>,
    /// Look at this machine's processes and files; the API is asked too when PATH, --context or --kubeconfig is given
    #[arg(long)]
    local: bool,
    /// What a node showed: `ringwall check node-report` on it; the API is asked as with --local
    #[arg(long, value_name = "FILE", conflicts_with = "local")]
    node_report: Option<String>,
    /// Give the commands that are not recognised to this machine's /bin/sh, each for ten seconds
    #[arg(long, requires = "local")]
    allow_shell: bool,
    /// Format of the answer
    #[arg(short, long, default_value = "text")]
    output: Format,
    /// End with 1 when a control fails: those that are scored are medium, the others low
    #[arg(long, value_name = "SEVERITY", value_enum)]
    fail_on: Option<Threshold>,
}

/// Writes what this machine shows as a node: processes, modes and owners of files, configuration without its secrets.
#[derive(Args)]
pub(crate) struct NodeReportArgs {
    /// kube-bench's `cfg` folder, to look at what its benchmarks ask about too
    #[arg(long, value_name = "DIR")]
    cfg: Option<PathBuf>,
    /// Where to write instead of standard output
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
}

/// Where kubeadm writes the kubelet's configuration; `/configz` stands for it.
const KUBELET: &str = "/var/lib/kubelet/config.yaml";
/// What a control file may weigh, in bytes.
const MAX_BYTES: usize = 4 << 20;

/// kube-bench's files.
struct Cfg {
    folder: PathBuf,
    common: Vec<u8>,
}

impl Cfg {
    fn find(given: Option<&Path>) -> anyhow::Result<Self> {
        let usual = || ["cfg", "/etc/kube-bench/cfg", "/opt/kube-bench/cfg"].iter().map(PathBuf::from);
        let folder =
            given.map(Path::to_path_buf).or_else(|| usual().find(|path| path.join("config.yaml").is_file()));
        let folder = folder.ok_or_else(|| {
            exit::usage(
                "no control files: give kube-bench's folder, --cfg DIR (its release and its image hold one)",
            )
        })?;
        let common = read(&folder.join("config.yaml").display().to_string(), MAX_BYTES)?;
        Ok(Self { folder, common })
    }

    /// Names of the benchmarks, sorted.
    fn names(&self) -> anyhow::Result<Vec<String>> {
        let entries = std::fs::read_dir(&self.folder)
            .map_err(|error| exit::unreadable(format!("{}: {error}", self.folder.display())))?;
        let folders = entries.flatten().filter(|entry| entry.path().is_dir());
        let mut names: Vec<String> =
            folders.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        Ok(names)
    }

    /// A benchmark with its own configuration.
    fn load(&self, name: &str) -> anyhow::Result<(Benchmark, Vec<u8>)> {
        let names = self.names()?;
        if !names.iter().any(|known| known == name) {
            return Err(exit::usage(format!("there is no benchmark {name}; there are {}", names.join(", "))));
        }
        let folder = self.folder.join(name);
        let entries = std::fs::read_dir(&folder)
            .map_err(|error| exit::unreadable(format!("{}: {error}", folder.display())))?;
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.retain(|path| path.extension().is_some_and(|ext| ext == "yaml" || ext == "yml"));
        files.sort();
        let (mut benchmark, mut own) =
            (Benchmark { name: name.to_owned(), controls: Vec::new() }, Vec::new());
        for path in files {
            let shown = path.display().to_string();
            let text = read(&shown, MAX_BYTES)?;
            if text.len() > MAX_BYTES {
                return Err(exit::unreadable(format!("{shown}: more than {MAX_BYTES} bytes")));
            }
            let (controls, odd) = parse(&text, &shown);
            odd.iter().for_each(|d| output::say(&model::escape(&format!("{}: {}", d.document, d.message))));
            match controls {
                Some(controls) => benchmark.controls.push(controls),
                None if path.ends_with("config.yaml") => own = text,
                None => {}
            }
        }
        // In the order of their numbers, whatever the files are called.
        let first = |text: &str| text.split('.').next().and_then(|number| number.parse::<u32>().ok());
        benchmark.controls.sort_by_key(|controls| controls.groups.first().and_then(|group| first(&group.id)));
        Ok((benchmark, own))
    }
}

impl CisArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let cfg = Cfg::find(self.cfg.as_deref())?;
        let of_node = self.local || self.node_report.is_some();
        let snapshot = if self.input.named() || !of_node { Some(self.input.read()?.snapshot) } else { None };
        let kubelets = self.configz.iter().map(|given| configz(given)).collect::<Result<Vec<_>, _>>()?;
        let (name, why) = self.benchmark(&cfg, snapshot.as_ref())?;
        let (benchmark, own) = cfg.load(&name)?;
        let mut node = self.node(&cfg, &benchmark, &own)?;
        if snapshot.is_some() || !kubelets.is_empty() {
            node =
                node.or(seen_by_api(snapshot.as_ref().unwrap_or(&Snapshot::default()), &kubelets, KUBELET));
        }
        let version =
            snapshot.as_ref().and_then(|s| s.server_version.as_deref()).and_then(ServerVersion::parse);
        let empty = Snapshot::default();
        let rbac = Rbac::new(snapshot.as_ref().unwrap_or(&empty), version.unwrap_or_default());
        let options = Options { kubelets, without_fixes: true, ..Options::default() };
        let shell = Sh { run: Cell::new(0) };
        let whole = Whole { snapshot: snapshot.as_ref().unwrap_or(&empty), rbac: &rbac, options: &options };
        let whole = (snapshot.is_some() || !options.kubelets.is_empty()).then_some(whole);
        let others: &dyn Outputs = if self.allow_shell { &shell } else { &NoShell };
        let rows = assess(&benchmark, &Sources { whole, node: &node, config: (&cfg.common, &own), others });
        let shown =
            show::Shown { name: &name, why: why.as_deref(), rows: &rows, of_node, api: snapshot.is_some() };
        let findings = shown.findings();
        let text = match self.output {
            Format::Json => format!("{:#}\n", shown.json()),
            Format::Text => shown.text(),
            other => shown.elsewhere(other.name(), &findings)?,
        };
        output::write(&text, None)?;
        if shell.run.get() > 0 {
            output::say(&format!("{} commands were given to /bin/sh", shell.run.get()));
        }
        let bad = |finding: &Finding| self.fail_on.is_some_and(|limit| limit.reached(finding.severity));
        Ok(if findings.iter().any(bad) { Exit::Findings } else { Exit::Done })
    }

    /// The benchmark's name, and why it was chosen where nobody named it.
    fn benchmark(&self, cfg: &Cfg, snapshot: Option<&Snapshot>) -> anyhow::Result<(String, Option<String>)> {
        if let Some(name) = &self.benchmark {
            return Ok((name.clone(), None));
        }
        let chosen = choose(&cfg.names()?, &cfg.common, snapshot);
        let (name, why) =
            chosen.ok_or_else(|| exit::usage("no benchmark fits: name one, --benchmark NAME"))?;
        Ok((name, Some(why)))
    }

    fn node(&self, cfg: &Cfg, benchmark: &Benchmark, own: &[u8]) -> anyhow::Result<NodeReport> {
        if let Some(path) = &self.node_report {
            let (report, odd) = node_file::read(&read(path, node_file::MAX_BYTES)?, path);
            odd.iter().for_each(|d| output::say(&model::escape(&format!("{}: {}", d.document, d.message))));
            return report
                .ok_or_else(|| exit::unreadable(format!("{path}: cannot be read as a node report")));
        }
        if !self.local {
            return Ok(NodeReport::default());
        }
        Ok(node::look(|node| wanted(benchmark, &about(node, &cfg.common, own))))
    }
}

/// What decides about what is looked at on a node.
fn about<'s>(node: &'s NodeReport, common: &'s [u8], own: &'s [u8]) -> Sources<'s> {
    Sources { whole: None, node, config: (common, own), others: &NoShell }
}

impl NodeReportArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let mut all: Vec<(Benchmark, Vec<u8>)> = Vec::new();
        let mut common = Vec::new();
        if let Some(folder) = &self.cfg {
            let cfg = Cfg::find(Some(folder))?;
            for name in cfg.names()? {
                all.push(cfg.load(&name)?);
            }
            common = cfg.common;
        }
        let nothing = Benchmark::default();
        let report = node::look(|node| {
            let mut needs = wanted(&nothing, &about(node, &common, &[]));
            for (benchmark, own) in &all {
                needs.extend(wanted(benchmark, &about(node, &common, own)));
            }
            needs
        });
        output::write(&node_file::write(&report), self.output_file.as_deref())?;
        Ok(Exit::Done)
    }
}

/// This machine's shell.
struct Sh {
    run: Cell<usize>,
}

const PATIENCE: Duration = Duration::from_secs(10);

impl Outputs for Sh {
    fn unrecognised(&self, command: &str) -> Result<Printed, String> {
        self.run.set(self.run.get() + 1);
        // As upstream does: the script is the shell's input.
        let printed = node::bounded(&mut Command::new("/bin/sh"), command.as_bytes(), PATIENCE);
        let (text, status) = printed.ok_or("the shell took too long or printed too much")?;
        if status != 0 && text.trim().is_empty() {
            return Err(format!("the shell ended with {status} and printed nothing"));
        }
        Ok(Printed { text, status })
    }
}
