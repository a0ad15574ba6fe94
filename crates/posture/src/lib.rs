//! Checks over a snapshot: what is set badly, with evidence, and what an attacker could do with it.
//!
//! One check is one file and one line in its area's list. A workload's template is parsed once and handed to every
//! check that looks at workloads; the others see the whole snapshot and its rights.
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::string_slice))]

mod check;
pub mod cis;
pub mod control_plane;
pub mod network;
pub mod nodes;
pub mod rbac;
mod report;
mod sandbox;
pub mod suppress;
#[cfg(test)]
mod testing;
pub mod workloads;

pub use check::{Check, Options, Run, Seat, Whole, Workload};
pub use report::Report;
pub use sandbox::Sandbox;

use ::rbac::{Rbac, ServerVersion};
use model::{Fact, Finding, Gap};
use snapshot::Snapshot;

/// What the checks say of a snapshot.
#[derive(Clone, Debug, Default)]
pub struct Posture {
    /// What is wrong, by check and then by target.
    pub findings: Vec<Finding>,
    /// What an attacker could do with it, and who holds which rights.
    pub facts: Vec<Fact>,
    /// What the checks could not see.
    pub gaps: Vec<Gap>,
}

/// Every check, by area.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    [workloads::CHECKS, network::CHECKS, nodes::CHECKS, control_plane::CHECKS, rbac::CHECKS]
        .into_iter()
        .flatten()
        .copied()
}

/// Runs every check, judging rights by the server version the snapshot names, or the latest.
pub fn run(snapshot: &Snapshot) -> Posture {
    let version = snapshot.server_version.as_deref().and_then(ServerVersion::parse).unwrap_or_default();
    run_with(snapshot, &Rbac::new(snapshot, version))
}

/// The same, with rights that were read before. Facts hold those of [`Rbac::facts`] too, and those of people whom a
/// cloud's identity service lets in.
pub fn run_with(snapshot: &Snapshot, rbac: &Rbac) -> Posture {
    run_as(snapshot, rbac, &Options::default())
}

/// The same, by what the user said.
pub fn run_as(snapshot: &Snapshot, rbac: &Rbac, options: &Options) -> Posture {
    let mut posture = run_checks_as(snapshot, rbac, options, checks());
    posture.facts.extend(rbac.facts());
    let people = rbac::people(snapshot, None);
    posture.facts.extend(people.facts(rbac));
    posture.gaps.extend(people.gaps);
    posture
}

/// Runs some checks.
pub fn run_checks(
    snapshot: &Snapshot,
    rbac: &Rbac,
    checks: impl IntoIterator<Item = &'static Check>,
) -> Posture {
    run_checks_as(snapshot, rbac, &Options::default(), checks)
}

/// Runs some checks by what the user said.
pub fn run_checks_as(
    snapshot: &Snapshot,
    rbac: &Rbac,
    options: &Options,
    checks: impl IntoIterator<Item = &'static Check>,
) -> Posture {
    let mut report = Report::new(snapshot.taken_at, options.without_fixes);
    let (mut of_workloads, mut of_seats) = (Vec::new(), Vec::new());
    let (mut of_processes, mut of_kubelets) = (Vec::new(), Vec::new());
    let whole = Whole::new(snapshot, rbac, options);
    for check in checks {
        match check.run {
            Run::Workload(run) => of_workloads.push(run),
            Run::Seats(run) => of_seats.push(run),
            Run::Whole(run) => run(&whole, &mut report),
            Run::Process(run) => of_processes.push(run),
            Run::Kubelet(field) => of_kubelets.push((check, field)),
        }
    }
    if !of_processes.is_empty() {
        let processes = control_plane::processes(snapshot);
        for (process, run) in processes.iter().flat_map(|p| of_processes.iter().map(move |run| (p, run))) {
            run(process, &mut report);
        }
    }
    if !of_kubelets.is_empty() {
        let of_snapshot = nodes::kubelet::Kubelet::all(snapshot);
        for kubelet in of_snapshot.iter().chain(&options.kubelets) {
            of_kubelets.iter().for_each(|(check, field)| nodes::judge(check, field, kubelet, &mut report));
        }
    }
    let mut seats = Vec::new();
    if !(of_workloads.is_empty() && of_seats.is_empty()) {
        for workload in snapshot.workloads() {
            let template = workload.parse();
            let workload = Workload::new(&template, &whole);
            of_workloads.iter().for_each(|run| run(&workload, &mut report));
            if !of_seats.is_empty() {
                seats.push(workload.seat());
            }
        }
    }
    of_seats.iter().for_each(|run| run(&whole, &seats, &mut report));
    report.finish()
}

#[cfg(test)]
mod laws {
    use crate::checks;

    #[test]
    fn ids_are_unique_and_everything_is_explained() {
        let mut ids: Vec<_> = checks().map(|check| check.rule.id).collect();
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), all);
        for rule in checks().map(|check| check.rule) {
            let (area, name) = rule.id.split_once('/').unwrap();
            let kebab =
                |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            assert!(kebab(area) && kebab(name), "{}", rule.id);
            assert!(!rule.title.is_empty() && !rule.title.ends_with('.'), "{}", rule.id);
            assert!(rule.explain.len() > 60, "{}", rule.id);
        }
    }
}
