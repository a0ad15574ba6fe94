//! Tokens mounted for accounts that can do nothing.

use crate::{Check, Report, Run, Whole, report};
use model::{Finding, ResourceRef, Rule, Severity, Target};
use serde_json::json;
use snapshot::{Json, Template};
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
    run: Run::Whole(run),
};

/// One finding an account, not one a workload: the account is where it is set.
fn run(whole: &Whole<'_>, report: &mut Report) {
    let mut accounts: BTreeMap<ResourceRef, (Option<bool>, Vec<ResourceRef>)> = BTreeMap::new();
    for workload in whole.snapshot.workloads() {
        let template = workload.parse();
        let name = template.spec().account_name().to_owned();
        let account = ResourceRef::new("", "ServiceAccount", &workload.reference().namespace, &name);
        let entry = accounts.entry(account).or_insert_with_key(|account| (automount(whole, account), Vec::new()));
        if mounts(&template, entry.0) {
            entry.1.push(workload.reference().clone());
        }
    }
    for (account, (_, workloads)) in accounts {
        let Some(first) = workloads.first() else { continue };
        if whole.rbac.is_bound(&model::Identity::account(&account.namespace, &account.name)) {
            continue;
        }
        tell(whole, &account, first, workloads.len(), report);
    }
}

fn automount(whole: &Whole<'_>, account: &ResourceRef) -> Option<bool> {
    whole.snapshot.get(account)?.json().get("automountServiceAccountToken").bool()
}

/// The pod's own word wins over the account's; without either the token is mounted.
fn mounts(template: &Template<'_>, account: Option<bool>) -> bool {
    let own: &Json<'_> = template.spec().json.get("automountServiceAccountToken");
    own.bool().or(account).unwrap_or(true)
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
    fn bound_or_switched_off_is_silent() {
        let off = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: default}, \
                   automountServiceAccountToken: false}";
        assert!(run("workloads/unneeded-token", &format!("{PODS}{off}")).findings.is_empty());
        let bound = "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: x}, roleRef: \
                     {kind: ClusterRole, name: view}, subjects: [{kind: ServiceAccount, name: default}]}";
        assert!(run("workloads/unneeded-token", &format!("{PODS}{bound}")).findings.is_empty());
    }
}
