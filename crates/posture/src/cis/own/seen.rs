//! Everything our own verdicts look at.

use super::Unsure;
use crate::cis::{NodeReport, Task, Variables};
use crate::control_plane::{Process, processes};
use crate::nodes::kubelet::{Kind, Kubelet};
use crate::{Posture, Whole, checks, run_checks_as};
use model::{Evidence, NodeName, Source, Target};
use std::sync::Arc;

/// What was seen of a cluster and of one node.
pub struct Seen<'w> {
    /// The API's objects with their rights; `None` when nobody asked it.
    pub whole: Option<Whole<'w>>,
    /// The node.
    pub node: &'w NodeReport,
    /// What upstream's configuration says where the node's files lie.
    pub variables: Variables,
    /// Programs of the control plane, by their pods or by the node's processes.
    pub processes: Vec<Process>,
    /// Kubelets' configurations.
    pub kubelets: Vec<Kubelet>,
    /// What the checks found that topics rest on.
    pub posture: Posture,
}

impl<'w> Seen<'w> {
    /// From what was read; the checks run once, here.
    pub fn new(whole: Option<Whole<'w>>, node: &'w NodeReport, variables: Variables) -> Self {
        let mut processes = whole.as_ref().map(|whole| processes(whole.snapshot)).unwrap_or_default();
        let of_api = whole.as_ref().map(|whole| Kubelet::all(whole.snapshot)).unwrap_or_default();
        let runs = |kubelet: &&Kubelet| kubelet.kind == Kind::Configz || kubelet.node.is_some();
        let mut kubelets = whole.as_ref().map(|whole| whole.options.kubelets.clone()).unwrap_or_default();
        kubelets.extend(of_api.iter().filter(runs).cloned());
        let tasks = || node.processes.iter().flatten();
        if processes.is_empty() {
            processes.extend(tasks().filter_map(process));
        }
        if kubelets.is_empty() {
            kubelets.extend(tasks().filter_map(|task| kubelet(task, node)));
        }
        if kubelets.is_empty() {
            kubelets = of_api;
        }
        let rest_on = super::checks::rest_on();
        let posture = whole.as_ref().map(|whole| {
            let asked = checks().filter(|check| rest_on.contains(&check.rule.id));
            run_checks_as(whole.snapshot, whole.rbac, whole.options, asked)
        });
        Self { whole, node, variables, processes, kubelets, posture: posture.unwrap_or_default() }
    }

    /// The API's objects, with these resources read whole.
    pub(super) fn cluster(&self, reads: &[&str]) -> Result<&Whole<'w>, Unsure> {
        let why = "the API server was not asked: give a cluster, a snapshot or manifests";
        let whole = self.whole.as_ref().ok_or_else(|| Unsure::Because(why.to_owned()))?;
        if whole.snapshot.is_empty() {
            return Err(Unsure::Because("there is no object of the cluster to look at".to_owned()));
        }
        if let Some(unread) = reads.iter().find(|resource| whole.unread(resource)) {
            return Err(Unsure::Because(format!("{unread} could not be read")));
        }
        Ok(whole)
    }

    /// The same, with every right known.
    pub(super) fn rights(&self) -> Result<&Whole<'w>, Unsure> {
        let whole = self.cluster(&[])?;
        match whole.rbac.gaps().first() {
            None => Ok(whole),
            Some(gap) => Err(Unsure::Because(format!("{} could not be read: {}", gap.what, gap.why))),
        }
    }

    /// Processes of a program.
    pub(super) fn of(&self, program: &str) -> impl Iterator<Item = &Process> {
        self.processes.iter().filter(move |process| process.component == program)
    }
}

fn process(task: &Task) -> Option<Process> {
    let words: Vec<&str> = task.command.split_whitespace().collect();
    // What merely names a component in its arguments is none.
    let name = words.first()?.rsplit('/').next()?;
    if !crate::control_plane::COMPONENTS.contains(&name) && name != "hyperkube" {
        return None;
    }
    let evidence =
        Evidence::Document { source: Source::Node, name: Arc::from("processes"), line: None, at: None };
    Process::of_words(&words, Target::Node(NodeName("node".into())), evidence)
}

/// A kubelet by its command line and the file this names.
fn kubelet(task: &Task, node: &NodeReport) -> Option<Kubelet> {
    let mut words = task.command.split_whitespace();
    if words.next()?.rsplit('/').next() != Some("kubelet") {
        return None;
    }
    let arguments = crate::control_plane::Arguments::parse(words);
    let flags = arguments.pairs();
    let evidence =
        Evidence::Document { source: Source::Node, name: Arc::from("kubelet"), line: None, at: None };
    let path = arguments.get("config").filter(|path| !path.is_empty());
    // Where its file was not read, nobody knows what holds.
    let (kind, config) = match path {
        None => (Kind::Flags, serde_json::Value::Null),
        Some(path) => {
            let text = node.content(path).ok()??;
            let (documents, _) = yaml::read(text.as_bytes(), &crate::cis::small());
            (
                Kind::File,
                documents.into_iter().next().map(|document| document.value).filter(|v| v.is_object())?,
            )
        }
    };
    let name = node.name.as_deref().unwrap_or("this node");
    Some(Kubelet { node: Some(NodeName(name.into())), kind, config, flags, evidence })
}
