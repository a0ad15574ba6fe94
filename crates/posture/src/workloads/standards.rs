//! Checks of the Pod Security Standards as findings: one a workload, with one fix that sets every field.

use crate::{Check, Report, Workload};
use model::{Edit, Finding, Fix, Grain};
use pss::{Pod, Violation};
use serde_json::Value;

/// What some checks of the standards find in a workload at the latest version.
pub(crate) fn broken(workload: &Workload<'_, '_>, ids: &[&str]) -> Vec<Violation> {
    let mut found = Vec::new();
    // The cluster's own components are what the confinement would keep others from.
    if workload.component {
        return found;
    }
    for check in pss::checks::CHECKS.iter().filter(|check| ids.contains(&check.id)) {
        check.violations(&Pod::of(workload.template), None, &mut found);
    }
    found
}

/// Names of the containers that break something, `the pod` for the pod itself; each once.
pub(crate) fn names(found: &[Violation]) -> String {
    let mut names: Vec<String> = Vec::new();
    for violation in found {
        let name = violation.container.as_deref().map_or("the pod".into(), model::escape).into_owned();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

/// What to do about a violation.
pub(crate) enum Mend {
    /// Set its field.
    Set(Value),
    /// Take its field away.
    Remove,
    /// Nothing a machine could do.
    ByHand,
}

/// One finding for what was found, if anything was. `title` is what the fix does; `breaks` what it may break.
pub(crate) fn tell(
    check: &'static Check,
    workload: &Workload<'_, '_>,
    found: &[Violation],
    message: String,
    (title, breaks): (&str, &str),
    mend: impl Fn(&Violation) -> Mend,
    report: &mut Report,
) {
    let Some(first) = found.first() else { return };
    let evidence = workload.evidence(first.pointer.clone());
    let mut finding = Finding::new(&check.rule, workload.target(), evidence, message);
    let edit = |violation: &Violation| {
        let (resource, pointer) = (workload.reference().clone(), violation.pointer.clone());
        match mend(violation) {
            Mend::Set(value) => Some(Edit::Set { resource, pointer, value }),
            Mend::Remove => Some(Edit::Remove { resource, pointer }),
            Mend::ByHand => None,
        }
    };
    let edits: Vec<Edit> = found.iter().filter_map(edit).collect();
    finding.fixes.push(Fix {
        key: format!("{} {}", workload.reference(), check.rule.id),
        title: title.to_owned(),
        grain: Grain::Field,
        effort: if edits.is_empty() { 3 } else { 1 },
        breaks: if breaks.is_empty() { Vec::new() } else { vec![breaks.to_owned()] },
        edits,
    });
    report.finding(finding);
}
