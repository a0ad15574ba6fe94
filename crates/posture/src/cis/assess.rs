//! A benchmark answered: each control by upstream's question and by our own, and where the two differ.

use super::own::{Own, Seen, Topic, Unsure};
use super::{Answer, Benchmark, Control, Kind, Need, NodeReport, Outputs, Variables, Verdict, judge, needs};
use crate::Whole;

/// A control with its answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<'b> {
    /// The control.
    pub control: &'b Control,
    /// The heading it stands under.
    pub group: &'b str,
    /// Its section (`master`, `policies`).
    pub section: &'b str,
    /// Upstream's verdict.
    pub upstream: Answer,
    /// Our own, with what it rests on; `None` where no topic answers it.
    pub ours: Option<(Verdict, String)>,
    /// The topic that answered.
    pub topic: Option<&'static str>,
    /// Why the two differ, where both are sure and do.
    pub differs: Option<&'static str>,
    /// What must be looked at on the node, where that is what is missing.
    pub needs: Option<Need>,
}

impl Row<'_> {
    /// What holds: our own verdict where there is one, else upstream's.
    pub fn verdict(&self) -> &Verdict {
        match &self.ours {
            Some((ours, _)) => ours,
            None => &self.upstream.verdict,
        }
    }

    /// Whether it passes or fails.
    pub fn answered(&self) -> bool {
        matches!(self.verdict(), Verdict::Pass | Verdict::Fail)
    }
}

/// What answers rest on.
pub struct Sources<'s> {
    /// The API's objects; `None` when nobody asked it.
    pub whole: Option<Whole<'s>>,
    /// The node.
    pub node: &'s NodeReport,
    /// Upstream's common `config.yaml`, and the benchmark's own.
    pub config: (&'s [u8], &'s [u8]),
    /// Who answers commands that are not recognised.
    pub others: &'s dyn Outputs,
}

/// Answers every control.
pub fn assess<'b>(benchmark: &'b Benchmark, sources: &Sources<'_>) -> Vec<Row<'b>> {
    let mut rows = Vec::new();
    let mut seen = Seen::new(sources.whole, sources.node, Variables::default());
    for controls in &benchmark.controls {
        let (common, own) = sources.config;
        seen.variables = Variables::parse(common, own, &controls.section, sources.node).0;
        for group in &controls.groups {
            rows.extend(group.checks.iter().map(|control| Row {
                section: &controls.section,
                ..row(control, &group.text, &seen, sources)
            }));
        }
    }
    rows
}

fn row<'b>(control: &'b Control, group: &'b str, seen: &Seen<'_>, sources: &Sources<'_>) -> Row<'b> {
    let mut upstream = judge(control, &seen.variables, sources.node, sources.others);
    let topic = Topic::of(control, group).filter(|_| control.kind != Kind::Skip);
    if let (Verdict::Unknown(_), Some(script)) = (
        &upstream.verdict,
        topic.filter(|_| control.kind == Kind::Automated).and_then(|t| t.script(control, seen)),
    ) {
        upstream.verdict = script;
    }
    let own = topic.map(|topic| topic.judge(control, seen));
    let need = match &own {
        Some(Err(Unsure::Needs(need))) => Some(need.clone()),
        Some(_) => None,
        None => needs(control, &seen.variables, sources.node).into_iter().next(),
    };
    let ours = own.map(verdict);
    let sure = |verdict: &Verdict| matches!(verdict, Verdict::Pass | Verdict::Fail);
    let differ = ours
        .as_ref()
        .is_some_and(|(ours, _)| sure(ours) && sure(&upstream.verdict) && *ours != upstream.verdict);
    Row {
        control,
        group,
        section: "",
        upstream,
        ours,
        topic: topic.map(|topic| topic.key),
        differs: topic.filter(|_| differ).map(|topic| topic.upstream),
        needs: need,
    }
}

fn verdict(own: Own) -> (Verdict, String) {
    match own {
        Ok(said) if said.holds => (Verdict::Pass, said.why),
        Ok(said) => (Verdict::Fail, said.why),
        Err(unsure) => (Verdict::Unknown(unsure.to_string()), String::new()),
    }
}

/// What must be looked at on a node so that a benchmark can be answered further than it is.
pub fn wanted(benchmark: &Benchmark, sources: &Sources<'_>) -> Vec<Need> {
    let mut all = Vec::new();
    for controls in &benchmark.controls {
        let (common, own) = sources.config;
        let (variables, _) = Variables::parse(common, own, &controls.section, sources.node);
        let seen = Seen::new(None, sources.node, variables.clone());
        for group in &controls.groups {
            for control in &group.checks {
                all.extend(needs(control, &variables, sources.node));
                if let Some(Err(Unsure::Needs(need))) =
                    Topic::of(control, &group.text).map(|topic| topic.judge(control, &seen))
                {
                    all.push(need);
                }
            }
        }
    }
    all.extend(kubelet_files(sources.node));
    all.sort();
    all.dedup();
    all
}

/// Configuration files that running kubelets name.
fn kubelet_files(node: &NodeReport) -> impl Iterator<Item = Need> + '_ {
    let kubelets = node.processes.iter().flatten().filter(|task| task.name == "kubelet");
    kubelets.filter_map(|task| {
        let arguments = crate::control_plane::Arguments::parse(task.command.split_whitespace().skip(1));
        node.content(arguments.get("config").filter(|path| path.starts_with('/'))?).err()
    })
}
