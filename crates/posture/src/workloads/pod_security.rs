//! The level of the Pod Security Standards that a namespace could enforce today.

use crate::{Check, Report, Run, Whole};
use model::{Edit, Evidence, Finding, Fix, Grain, ResourceRef, Rule, Severity, Target};
use pss::{Level, Pod, meets, violations};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "workloads/pod-security",
        title: "Namespace enforces less than it could, or nothing",
        severity: Severity::Low,
        controls: &["CIS 5.2.1", "NSA pod security", "PSS"],
        explain: "The API server refuses pods below a level when the namespace carries the label \
                  `pod-security.kubernetes.io/enforce`. Where everything that runs meets a level, the label costs \
                  nothing and stops the next privileged pod, an intruder's too. Where something is in the way, it \
                  is named.",
    },
    run: Run::Whole(run),
};

const ENFORCE: &str = "pod-security.kubernetes.io/enforce";
const VERSION: &str = "pod-security.kubernetes.io/enforce-version";

/// What a namespace's workloads meet, and who stands in the way of more.
struct Standing {
    level: Level,
    first: Evidence,
    /// Workloads below the baseline, with the first thing that is wrong.
    below: Vec<(ResourceRef, String)>,
}

fn run(whole: &Whole<'_>, report: &mut Report) {
    let server = whole.rbac.version().0;
    let mut namespaces: BTreeMap<Arc<str>, Standing> = BTreeMap::new();
    for workload in whole.snapshot.workloads() {
        let minor = minor(whole, &workload.reference().namespace).unwrap_or(server);
        let template = workload.parse();
        let pod = Pod::of(&template);
        let level = meets(&pod, Some(minor));
        let first = || Standing { level, first: workload.resource.evidence("/metadata/namespace"), below: Vec::new() };
        let standing = namespaces.entry(workload.reference().namespace.clone()).or_insert_with(first);
        standing.level = standing.level.min(level);
        if level == Level::Privileged {
            let why = violations(&pod, Level::Baseline, Some(minor)).into_iter().next();
            standing.below.push((workload.reference().clone(), why.map(|v| v.message).unwrap_or_default()));
        }
    }
    for (namespace, standing) in &namespaces {
        tell(whole, namespace, standing, report);
    }
}

/// The minor that a namespace's label names.
fn minor(whole: &Whole<'_>, namespace: &str) -> Option<u32> {
    let json = whole.snapshot.find("", "Namespace", "", namespace)?.json();
    json.at(&["metadata", "labels", VERSION]).str()?.strip_prefix("v1.")?.parse().ok()
}

fn tell(whole: &Whole<'_>, namespace: &str, standing: &Standing, report: &mut Report) {
    let reference = ResourceRef::new("", "Namespace", "", namespace);
    let written = whole.snapshot.get(&reference);
    let label = written.map(|r| r.json()).unwrap_or_default();
    let enforced = Level::parse(label.at(&["metadata", "labels", ENFORCE]).text()).unwrap_or(Level::Privileged);
    if enforced >= standing.level && !(enforced == Level::Privileged && namespace != "kube-system") {
        return;
    }
    let pointer = format!("/metadata/labels/{}", ENFORCE.replace('/', "~1"));
    let evidence = written.map_or_else(|| standing.first.clone(), |resource| resource.evidence(pointer.clone()));
    let target = Target::Resource(reference.clone());
    let now = if enforced == Level::Privileged { "nothing" } else { enforced.as_str() };
    if standing.level == Level::Privileged {
        let message = format!("enforces nothing, and could not: {}", blockers(&standing.below));
        report.finding(Finding::new(&CHECK.rule, target, evidence, message));
        return;
    }
    let level = standing.level.as_str();
    let message = format!("enforces {now} and could enforce {level} today");
    let mut finding = Finding::new(&CHECK.rule, target, evidence, message);
    let edit = match written {
        Some(_) => Edit::Set { resource: reference, pointer, value: json!(level) },
        None => Edit::Create {
            value: json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": {ENFORCE: level}}}),
        },
    };
    finding.fixes.push(Fix {
        key: format!("Namespace {namespace} {ENFORCE}"),
        title: format!("label {} {ENFORCE}={level}", model::escape(namespace)),
        grain: Grain::Policy,
        effort: 1,
        breaks: Vec::new(),
        edits: vec![edit],
    });
    report.finding(finding);
}

/// The first few that stand in the way.
fn blockers(below: &[(ResourceRef, String)]) -> String {
    let shown: Vec<String> =
        below.iter().take(3).map(|(workload, why)| format!("{workload} ({why})")).collect();
    let more = below.len().saturating_sub(shown.len());
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more} do not meet the baseline", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use crate::testing::{fixed, messages, run};

    const ID: &str = "workloads/pod-security";

    fn text(labels: &str, spec: &str) -> String {
        format!(
            "{{apiVersion: v1, kind: Namespace, metadata: {{name: shop, labels: {{{labels}}}}}}}\n---\n{{apiVersion: v1, \
             kind: Pod, metadata: {{name: p, namespace: shop}}, spec: {spec}}}"
        )
    }

    #[test]
    fn more_could_be_enforced_and_the_label_is_the_fix() {
        let text = text("", "{containers: [{name: a}]}");
        assert_eq!(messages(&run(ID, &text)), ["enforces nothing and could enforce baseline today"]);
        assert!(fixed(ID, &text).findings.is_empty());
    }

    #[test]
    fn enforced_is_silent() {
        let text = text("pod-security.kubernetes.io/enforce: baseline", "{containers: [{name: a}]}");
        assert!(run(ID, &text).findings.is_empty());
    }

    #[test]
    fn who_stands_in_the_way_is_named() {
        let text = text("", "{hostPID: true, containers: [{name: a}]}");
        assert_eq!(
            messages(&run(ID, &text)),
            ["enforces nothing, and could not: Pod shop/p (hostPID is true) do not meet the baseline"]
        );
    }

    #[test]
    fn a_namespace_nobody_wrote_is_made() {
        let pod = "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop}, spec: {containers: []}}";
        assert!(fixed(ID, pod).findings.is_empty());
    }
}
