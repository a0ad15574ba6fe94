//! Tokens mounted for accounts that can do nothing.

use crate::{Check, Report, Run, Seat, Whole, report};
use model::{Finding, ResourceRef, Rule, Severity, Target};
use serde_json::json;
use std::collections::BTreeMap;

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "workloads/unneeded-token",
        title: "Token is mounted for an account that nothing is bound to",
        severity: Severity::Low,
        controls: &["CIS 5.1.6", "AVD-KSV-0036"],
        explain: "A token in a pod is what an intruder uses first, and a binding made next year turns it into \
                  rights. Where the account holds none, the workload cannot need it: set \
                  `automountServiceAccountToken: false` on the account.",
    },
    run: Run::Seats(run),
};

/// An account's own word on its token, and the workloads that mount it.
struct Mounted<'a> {
    automount: Option<bool>,
    by: Vec<&'a ResourceRef>,
}

/// One finding an account, not one a workload: the account is where it is set.
fn run(whole: &Whole<'_>, seats: &[Seat<'_>], report: &mut Report) {
    if whole.unread("serviceaccounts") || !whole.rbac.gaps().is_empty() {
        return;
    }
    let mut accounts: BTreeMap<(&str, &str), Mounted<'_>> = BTreeMap::new();
    for seat in seats {
        let key = (&*seat.workload.namespace, seat.account.as_str());
        let entry = accounts.entry(key).or_insert_with(|| Mounted { automount: automount(whole, key), by: Vec::new() });
        // The pod's own word wins over the account's; without either the token is mounted.
        if seat.automount.or(entry.automount).unwrap_or(true) {
            entry.by.push(seat.workload);
        }
    }
    for ((namespace, name), Mounted { by: workloads, .. }) in accounts {
        let Some(first) = workloads.first() else { continue };
        if !whole.rbac.is_bound(&model::Identity::account(namespace, name)) {
            let account = ResourceRef::new("", "ServiceAccount", namespace, name);
            tell(whole, &account, first, workloads.len(), report);
        }
    }
}

fn automount(whole: &Whole<'_>, (namespace, name): (&str, &str)) -> Option<bool> {
    let account = whole.snapshot.find("", "ServiceAccount", namespace, name)?;
    account.json().get("automountServiceAccountToken").bool()
}

fn tell(whole: &Whole<'_>, account: &ResourceRef, first: &ResourceRef, count: usize, report: &mut Report) {
    let more = if count == 1 { String::new() } else { format!(" and {} more", count - 1) };
    let verb = if count == 1 { "mounts" } else { "mount" };
    let message = format!("{first}{more} {verb} its token, and nothing is bound to it");
    let written = whole.snapshot.get(account);
    let Some(evidence) = written.or_else(|| whole.snapshot.get(first)).map(|r| r.evidence("")) else { return };
    let mut finding = Finding::new(&CHECK.rule, Target::Resource(account.clone()), evidence, message);
    if written.is_some() {
        finding.fixes.push(report::set(
            account,
            "/automountServiceAccountToken".to_owned(),
            json!(false),
            format!("switch off the token of {account}"),
        ));
    }
    report.finding(finding);
}

#[cfg(test)]
mod tests {
    use crate::testing::{messages, run};

    const PODS: &str = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: []}}
---
{apiVersion: v1, kind: Pod, metadata: {name: b}, spec: {containers: []}}
---
{apiVersion: v1, kind: Pod, metadata: {name: c}, spec: {containers: [], automountServiceAccountToken: false}}
---
";

    #[test]
    fn one_finding_an_account() {
        let posture = run("workloads/unneeded-token", PODS);
        assert_eq!(messages(&posture), ["Pod default/a and 1 more mount its token, and nothing is bound to it"]);
    }

    #[test]
    fn the_picture_of_a_static_pod_mounts_none() {
        let mirror = "{apiVersion: v1, kind: Pod, metadata: {name: a, annotations: {kubernetes.io/config.mirror: x}}, \
                      spec: {containers: []}}";
        assert!(run("workloads/unneeded-token", mirror).findings.is_empty());
    }

    #[test]
    fn bound_or_switched_off_is_silent() {
        let off = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: default}, \
                   automountServiceAccountToken: false}";
        assert!(run("workloads/unneeded-token", &format!("{PODS}{off}")).findings.is_empty());
        let bound = "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: x}, roleRef: \
                     {kind: ClusterRole, name: view}, subjects: [{kind: ServiceAccount, name: default}]}";
        assert!(run("workloads/unneeded-token", &format!("{PODS}{bound}")).findings.is_empty());
    }
}
