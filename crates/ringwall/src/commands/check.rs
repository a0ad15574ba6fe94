//! `check`: nodes, workloads, network and control plane, judged by what holds.

use super::check_cis::{CisArgs, NodeReportArgs};
use super::check_fix::{Plan, first_fixes};
use super::check_suppress::Accepted;
use super::rbac::lint::Threshold;
use crate::exit::{self, Exit};
use crate::inputs::InputArgs;
use crate::output;
use crate::place::Places;
use ::rbac::{Rbac, ServerVersion};
use clap::{Args, Subcommand, ValueEnum};
use model::{Coverage, Edit, Finding, Gap, NodeName, Rule};
use posture::network::firewall::Firewall;
use posture::nodes::components::{Component, Components, components};
use posture::nodes::kubelet::Kubelet;
use posture::nodes::tables::Tables;
use serde_json::{Value, json};
use snapshot::Snapshot;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::net::{IpAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

/// Each component found, its version and what could not be seen; then what is set badly, worst first, with the fix.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct CheckArgs {
    #[command(subcommand)]
    question: Option<Question>,
    #[command(flatten)]
    input: InputArgs,
    /// Only checks whose id begins so: `network`, `workloads/host-path`
    #[arg(long, value_name = "ID")]
    only: Vec<String>,
    /// The checks there are
    #[arg(long)]
    list: bool,
    /// A kubelet's configuration: `kubectl get --raw /api/v1/nodes/NODE/proxy/configz` as a file
    #[arg(long, value_name = "[NODE=]FILE")]
    configz: Vec<String>,
    /// Label that says whose code is not trusted, beside `ringwall.dev/trust=untrusted`
    #[arg(long, value_name = "KEY=VALUE")]
    untrusted: Vec<String>,
    /// What lets packets through to the nodes: a Terraform plan as JSON, or rules (docs/guide/firewall.md)
    #[arg(long, value_name = "FILE")]
    firewall: Option<PathBuf>,
    /// Try to connect to known ports of the nodes' own addresses, from here
    #[arg(long)]
    probe: bool,
    /// Newer tables of versions than the built-in ones
    #[arg(long, value_name = "FILE")]
    tables: Option<PathBuf>,
    /// Accepted findings (docs/guide/suppressions.md), or a .trivyignore; by default ringwall-suppressions.yaml, where it is
    #[arg(long, value_name = "FILE")]
    suppressions: Vec<PathBuf>,
    /// Format of the answer
    #[arg(short, long, default_value = "text")]
    output: Format,
    /// Write the manifests that the first fix of each finding changes, and nothing else
    #[arg(long, conflicts_with = "list")]
    fixed: bool,
    /// Write the first fix of each finding into the manifests it was found in; comments and order stay
    #[arg(long, conflicts_with_all = ["list", "fixed"])]
    fix: bool,
    /// With --fix: write nothing, print what would change as a diff
    #[arg(long, requires = "fix")]
    dry_run: bool,
    /// Every place of every finding
    #[arg(long)]
    all: bool,
    /// End with 1 when a finding is this bad or worse
    #[arg(long, value_name = "SEVERITY", value_enum)]
    fail_on: Option<Threshold>,
}

#[derive(Subcommand)]
enum Question {
    /// kube-bench's control files, answered without a shell, and our own verdict beside each
    Cis(Box<CisArgs>),
    /// What this machine shows as a node, as a file for `check cis --node-report` elsewhere
    NodeReport(NodeReportArgs),
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JUnit XML, for build servers
    Junit,
    /// One page that needs nothing else
    Html,
}

impl Format {
    /// The name of the format of findings that it is, if it is one.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Text | Self::Json => "",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Html => "html",
        }
    }
}

/// What there is to say.
struct Answer {
    snapshot: Snapshot,
    findings: Vec<Finding>,
    components: Components,
    coverage: Coverage,
    accepted: Accepted,
    places: Places,
}

impl CheckArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        match self.question {
            Some(Question::Cis(args)) => return args.run(),
            Some(Question::NodeReport(args)) => return args.run(),
            None => {}
        }
        if self.list {
            output::write(&self.catalogue(), None)?;
            return Ok(Exit::Done);
        }
        let answer = self.judge()?;
        if self.fix {
            return answer.fix(self.dry_run);
        }
        let text = match (self.fixed, self.output) {
            (true, _) => answer.fixed(),
            (false, Format::Json) => format!("{:#}\n", answer.json()),
            (false, Format::Text) => answer.text(if self.all { usize::MAX } else { SHOWN }),
            (false, other) => answer.elsewhere(other.name())?,
        };
        output::write(&text, None)?;
        let bad = |finding: &Finding| self.fail_on.is_some_and(|limit| limit.reached(finding.severity));
        Ok(if answer.findings.iter().any(bad) {
            Exit::Findings
        } else if answer.coverage.incomplete() {
            Exit::Incomplete
        } else {
            Exit::Done
        })
    }

    fn asked(&self, rule: &Rule) -> bool {
        self.only.is_empty() || self.only.iter().any(|prefix| rule.id.starts_with(prefix.as_str()))
    }

    fn judge(&self) -> anyhow::Result<Answer> {
        let inputs = self.input.read()?;
        let snapshot = inputs.snapshot;
        let mut options = self.options()?;
        if self.probe {
            options.probes = probe(&snapshot);
        }
        let version = snapshot.server_version.as_deref().and_then(ServerVersion::parse).unwrap_or_default();
        let rbac = Rbac::new(&snapshot, version);
        let checks = posture::checks().filter(|check| self.asked(&check.rule));
        let posture = posture::run_checks_as(&snapshot, &rbac, &options, checks);
        let mut coverage = snapshot.coverage.clone();
        posture.gaps.into_iter().for_each(|gap| coverage.gap(gap));
        let mut components = components(&snapshot);
        let given = self.configz.len();
        let kubelets = |gap: &Gap| gap.what.starts_with("kubelet configuration");
        if given > 0 {
            // Files for all nodes, or nobody else was asked.
            let all = given >= snapshot.of("", "Node").len();
            components.gaps.retain(|gap| !(kubelets(gap) && (all || gap.what == "kubelet configuration")));
            coverage.gaps.retain(|gap| !(kubelets(gap) && all));
        }
        components.gaps.iter().for_each(|gap| coverage.gap(gap.clone()));
        let mut findings = posture.findings;
        findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.rule.id.cmp(b.rule.id)));
        let accepted = Accepted::new(&self.suppressions, &snapshot, &mut findings)?;
        let places = Places::new(inputs.stdin);
        Ok(Answer { snapshot, findings, components, coverage, accepted, places })
    }

    fn options(&self) -> anyhow::Result<posture::Options> {
        let mut options = posture::Options::default();
        for label in &self.untrusted {
            let (key, value) =
                label.split_once('=').ok_or_else(|| exit::usage(format!("`{label}` is no KEY=VALUE")))?;
            options.untrusted.push((key.to_owned(), value.to_owned()));
        }
        if let Some(path) = &self.tables {
            let text = std::fs::read_to_string(path)
                .map_err(|error| exit::unreadable(format!("{}: {error}", path.display())))?;
            options.tables =
                Tables::parse(&text).map_err(|why| exit::unreadable(format!("{}: {why}", path.display())))?;
        }
        if let Some(path) = &self.firewall {
            let path = path.display().to_string();
            let text = read(&path, posture::network::firewall::MAX_BYTES)?;
            let (firewall, odd) =
                Firewall::parse(&text).map_err(|why| exit::unreadable(format!("{path}: {why}")))?;
            odd.iter().for_each(|diagnostic| output::say(&format!("{path}: {}", diagnostic.message)));
            options.firewall = Some(firewall);
        }
        for given in &self.configz {
            options.kubelets.push(configz(given)?);
        }
        Ok(options)
    }

    fn catalogue(&self) -> String {
        let rules: Vec<&Rule> =
            posture::checks().map(|check| &check.rule).filter(|rule| self.asked(rule)).collect();
        if self.output == Format::Json {
            return format!("{:#}\n", json!(rules));
        }
        let mut out = String::new();
        for rule in &rules {
            let _ = writeln!(
                out,
                "{:<8} {:<36} {}  [{}]",
                rule.severity,
                rule.id,
                rule.title,
                rule.controls.join(", ")
            );
        }
        let _ = writeln!(out, "{} checks; what one means: ringwall explain ID", rules.len());
        out
    }
}

/// Reads one kubelet's configuration; without a name of its own the file's name stands for the node.
pub(super) fn configz(given: &str) -> anyhow::Result<Kubelet> {
    let (node, path) = given.split_once('=').map_or((None, given), |(node, path)| (Some(node), path));
    let text = read(path, posture::nodes::kubelet::MAX_BYTES)?;
    let node = node.map(|name| NodeName(name.into()));
    Kubelet::parse(&text, path, node).map_err(|d| exit::unreadable(format!("{path}: {}", d.message)))
}

/// A file, and one byte more than it may have, so that the engine can refuse it.
pub(super) fn read(path: &str, cap: usize) -> anyhow::Result<Vec<u8>> {
    let unreadable = |error: std::io::Error| exit::unreadable(format!("{path}: {error}"));
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut text = Vec::new();
    file.take(cap as u64 + 1).read_to_end(&mut text).map_err(unreadable)?;
    Ok(text)
}

/// Nodes and time that a probe may take.
const PROBED_NODES: usize = 64;
const PATIENCE: Duration = Duration::from_millis(500);

/// Connects to known ports of the nodes' own addresses, the external one where there is one.
fn probe(snapshot: &Snapshot) -> Vec<(NodeName, u16, bool)> {
    let mut all = Vec::new();
    for node in snapshot.of("", "Node").iter().take(PROBED_NODES) {
        let json = node.json();
        let of = |kind: &str| {
            let addresses = json.at(&["status", "addresses"]).items();
            addresses
                .iter()
                .find(|a| a.get("type").text() == kind)?
                .get("address")
                .text()
                .parse::<IpAddr>()
                .ok()
        };
        let Some(address) = of("ExternalIP").or_else(|| of("InternalIP")) else { continue };
        let answers = std::thread::scope(|scope| {
            let ask =
                |port: u16| move || TcpStream::connect_timeout(&(address, port).into(), PATIENCE).is_ok();
            let asked: Vec<_> =
                posture::network::PROBED.iter().map(|port| (*port, scope.spawn(ask(*port)))).collect();
            asked.into_iter().map(|(port, asked)| (port, asked.join().unwrap_or(false))).collect::<Vec<_>>()
        });
        let name = NodeName(node.reference.name.clone());
        all.extend(answers.into_iter().map(|(port, open)| (name.clone(), port, open)));
    }
    all
}

/// Places shown of one check.
const SHOWN: usize = 5;

impl Answer {
    fn text(&self, shown: usize) -> String {
        let mut out = String::new();
        self.components_text(&mut out);
        let mut groups: Vec<(&Rule, Vec<&Finding>)> = Vec::new();
        for finding in &self.findings {
            match groups.iter_mut().find(|(rule, _)| rule.id == finding.rule.id) {
                Some((_, group)) => group.push(finding),
                None => groups.push((finding.rule, vec![finding])),
            }
        }
        for (rule, group) in &groups {
            self.group(&mut out, rule, group, shown);
        }
        for warning in self.accepted.warnings() {
            let _ = writeln!(out, "{}", output::line("", &warning));
        }
        if shown == usize::MAX {
            for hidden in self.accepted.hidden() {
                let _ = writeln!(out, "{}", output::line("suppressed: ", &hidden));
            }
        }
        self.end(&mut out);
        out
    }

    fn components_text(&self, out: &mut String) {
        let mut rows: BTreeMap<(&str, &str, String), Vec<&Component>> = BTreeMap::new();
        for component in &self.components.found {
            let version = component.version.as_deref().unwrap_or("unknown");
            rows.entry((&component.name, version, component.settings.join(" "))).or_default().push(component);
        }
        for ((name, version, settings), all) in rows {
            let Some(first) = all.first() else { continue };
            let node = first.node.as_ref().map_or("-", |node| &*node.0);
            let on = if all.len() == 1 { node.to_owned() } else { format!("{} nodes", all.len()) };
            let place = self.places.of(&first.source);
            let line = format!("{name:<24} {version:<20} {on:<20} {place}");
            let _ = writeln!(out, "{}", model::escape(line.trim_end()));
            if !settings.is_empty() {
                let _ = writeln!(out, "{}", output::line("    ", &settings));
            }
        }
        for gap in &self.components.gaps {
            let help = gap.help.as_deref().map(|help| format!(" ({help})")).unwrap_or_default();
            let what = model::escape(&gap.what);
            // A long name has a line of its own.
            let indent = if what.chars().count() > 24 {
                let _ = writeln!(out, "{what}");
                "    ".to_owned()
            } else {
                format!("{what:<24} ")
            };
            let _ = writeln!(out, "{}", output::line(&indent, &format!("unknown: {}{help}", gap.why)));
        }
        if !out.is_empty() {
            out.push('\n');
        }
    }

    fn group(&self, out: &mut String, rule: &Rule, group: &[&Finding], shown: usize) {
        let worst = group.iter().map(|finding| finding.severity).max().unwrap_or(rule.severity);
        let _ = writeln!(out, "{worst}  {}  {}  {} found", rule.id, rule.title, group.len());
        let mut fixes: Vec<&str> = Vec::new();
        for finding in group.iter().take(shown) {
            let place = self.places.of(&finding.evidence);
            let _ = writeln!(out, "  {}  {}", finding.target, model::escape(&place));
            let _ = writeln!(out, "{}", output::line("    ", &finding.message));
            // `--fix` makes the first that a program can make.
            let made = finding.fixes.iter().find(|fix| !fix.edits.is_empty()).map(|fix| &fix.key);
            for fix in finding.fixes.iter().filter(|fix| !fixes.contains(&fix.title.as_str())) {
                let how = if made == Some(&fix.key) { " [--fix]" } else { "" };
                let _ = writeln!(out, "{}", output::line("    fix: ", &format!("{}{how}", fix.title)));
                if !fix.breaks.is_empty() {
                    let _ =
                        writeln!(out, "{}", output::line("         it may break: ", &fix.breaks.join("; ")));
                }
            }
            fixes.extend(finding.fixes.iter().map(|fix| fix.title.as_str()));
        }
        if let Some(more) = group.len().checked_sub(shown).filter(|more| *more > 0) {
            let _ = writeln!(out, "  and {more} more (--all)");
        }
        out.push('\n');
    }

    fn end(&self, out: &mut String) {
        let count = self.findings.len();
        let plural = if count == 1 { "" } else { "s" };
        let hidden = self.accepted.count();
        let _ = write!(out, "{count} finding{plural}{hidden} in {} resources", self.snapshot.len());
        let unseen = self.coverage.gaps.len();
        let plural = if unseen == 1 { "" } else { "s" };
        match unseen {
            0 => out.push_str("; nothing was out of sight\n"),
            _ => {
                let _ = writeln!(out, "; {unseen} thing{plural} not seen");
            }
        }
        // What of the components is unknown stands beside them.
        for gap in self.coverage.gaps.iter().filter(|gap| !self.components.gaps.contains(gap)) {
            let help = gap.help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
            let _ = writeln!(out, "{}", output::line("  ", &format!("{}: {}{help}", gap.what, gap.why)));
        }
    }

    /// In a format of other programs.
    fn elsewhere(&self, name: &str) -> anyhow::Result<String> {
        let format = report::FINDINGS_FORMATS.iter().find(|format| format.name == name);
        let format = format.ok_or_else(|| exit::usage(format!("there is no format {name}")))?;
        let place = |evidence: &model::Evidence| self.places.of(evidence);
        let mut notes = self.accepted.warnings();
        notes.extend(self.accepted.hidden().map(|hidden| format!("suppressed: {hidden}")));
        Ok((format.write)(&report::Findings {
            tool: concat!("ringwall ", env!("CARGO_PKG_VERSION")),
            findings: &self.findings,
            gaps: &self.coverage.gaps,
            notes: &notes,
            place: &place,
        }))
    }

    fn json(&self) -> Value {
        let finding = |finding: &Finding| {
            json!({
                "id": finding.id(),
                "rule": finding.rule.id,
                "title": finding.rule.title,
                "controls": finding.rule.controls,
                "severity": finding.severity,
                "confidence": finding.confidence,
                "target": finding.target.to_string(),
                "message": finding.message,
                "place": self.places.of(&finding.evidence),
                "fixes": finding.fixes,
            })
        };
        let component = |component: &Component| {
            json!({
                "name": component.name,
                "version": component.version,
                "node": component.node.as_ref().map(|node| &*node.0),
                "settings": component.settings,
                "place": self.places.of(&component.source),
            })
        };
        json!({
            "components": self.components.found.iter().map(component).collect::<Vec<_>>(),
            "findings": self.findings.iter().map(finding).collect::<Vec<_>>(),
            "suppressed": self.accepted.json(),
            "suppressionWarnings": self.accepted.warnings(),
            "notSeen": self.coverage.gaps,
        })
    }

    /// Writes the fixes into the files, or shows what that would do.
    fn fix(&self, dry_run: bool) -> anyhow::Result<Exit> {
        let plan = Plan::new(&self.snapshot, &self.findings, self.places.stdin());
        if dry_run {
            output::write(&plan.diff(), None)?;
        } else if plan.of_stdin() {
            return Err(exit::usage("standard input cannot be written to: --fix --dry-run, or --fixed"));
        } else {
            plan.write()?;
        }
        for breaks in &plan.breaks {
            output::say(&output::line("may break: ", breaks));
        }
        for why in &plan.refused {
            output::say(&output::line("not fixed: ", why));
        }
        let by_hand = self.findings.iter().filter(|f| f.fixes.iter().all(|fix| fix.edits.is_empty())).count();
        let would = if dry_run { "would change" } else { "changed" };
        let waiting = match plan.waiting {
            0 => String::new(),
            n => format!("{n} wait for another run, "),
        };
        output::say(&format!(
            "{} fixes {would} {} files; {waiting}{} could not be written, {by_hand} findings have no fix a program can make",
            plan.applied,
            plan.len(),
            plan.refused.len()
        ));
        Ok(if plan.refused.is_empty() { Exit::Done } else { Exit::Incomplete })
    }

    /// What the first machine-applicable fix of each finding makes of the resources it touches. The others are not
    /// written: of a Secret, for one, the values are not known.
    fn fixed(&self) -> String {
        let mut edits: Vec<Edit> = Vec::new();
        for edit in first_fixes(&self.findings).fixes.into_iter().flat_map(|(_, fix)| &fix.edits) {
            if !edits.contains(edit) {
                edits.push(edit.clone());
            }
        }
        let (after, failed) = self.snapshot.with(&edits);
        failed.iter().for_each(|problem| output::complain(problem));
        let touched = |resource: &&snapshot::Resource| {
            self.snapshot.get(&resource.reference).is_none_or(|before| before.text() != resource.text())
        };
        let manifest = |resource: &snapshot::Resource| {
            let value: Value = serde_json::from_str(resource.text()).unwrap_or_default();
            format!("---\n{}", yaml::write(&value))
        };
        after.resources().iter().filter(touched).map(manifest).collect()
    }
}
