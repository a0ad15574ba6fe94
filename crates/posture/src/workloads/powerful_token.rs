//! Tokens mounted for accounts that can do much.

use crate::{Check, Report, Run, Whole, Workload, report};
use model::{Capability, Finding, Grant, Identity, Grain, Rule, Scope, Severity};
use std::collections::BTreeMap;

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "workloads/powerful-token",
        title: "Pod carries the token of an account with dangerous rights",
        severity: Severity::Medium,
        controls: &["CIS 5.1.6", "NSA service account tokens", "AVD-KSV-0036", "T1552.007", "T1078"],
        explain: "Whoever runs code in the pod reads the token and is the account. How bad that is depends on what \
                  the account can do, so this is weighed by its bindings. Split the account, narrow its role, or do \
                  not mount the token where the program does not use it.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    let mut held: BTreeMap<Identity, Vec<Grant>> = BTreeMap::new();
    for (identity, grant) in whole.rbac.grants() {
        held.entry(identity).or_default().push(grant);
    }
    for workload in whole.snapshot.workloads() {
        let template = workload.parse();
        let workload = Workload::new(&template, whole);
        if !mounts(&workload) {
            continue;
        }
        let account = workload.spec.account();
        let grants = held.get(&account).map_or(&[][..], Vec::as_slice);
        let Some(worst) = grants.iter().max_by_key(|grant| weight(grant)) else { continue };
        if let Some(severity) = severity(weight(worst)) {
            tell(&workload, &account, worst, severity, report);
        }
    }
}

/// The pod's own word wins over the account's; without either the token is mounted.
fn mounts(workload: &Workload<'_, '_>) -> bool {
    let own = workload.spec.json.get("automountServiceAccountToken").bool();
    let namespace = &workload.reference().namespace;
    let account = workload.whole.snapshot.find("", "ServiceAccount", namespace, workload.spec.account_name());
    let of_account = || account.and_then(|a| a.json().get("automountServiceAccountToken").bool());
    own.or_else(of_account).unwrap_or(true)
}

/// How much a grant is worth to an intruder: 0 for what is everyday.
fn weight(grant: &Grant) -> u8 {
    let cluster = u8::from(grant.scope == Scope::Cluster);
    match grant.capability {
        Capability::ClusterAdmin | Capability::Escalate | Capability::Impersonate => 4 + cluster,
        Capability::ListSecrets | Capability::CreateTokens | Capability::NodesProxy
        | Capability::WriteAdmission | Capability::ApproveCertificates => 3 + cluster,
        Capability::CreatePods | Capability::PatchWorkloads | Capability::ExecPods => 2 + cluster,
        Capability::MovePods => 2,
        Capability::GetSecrets { .. } => 1,
        Capability::Other(_) => 0,
    }
}

fn severity(weight: u8) -> Option<Severity> {
    match weight {
        5.. => Some(Severity::Critical),
        4 => Some(Severity::High),
        2..=3 => Some(Severity::Medium),
        1 => Some(Severity::Low),
        0 => None,
    }
}

fn tell(
    workload: &Workload<'_, '_>,
    account: &Identity,
    grant: &Grant,
    severity: Severity,
    report: &mut Report,
) {
    let place = match &grant.scope {
        Scope::Cluster => "everywhere".to_owned(),
        Scope::Namespace(name) => format!("in {}", model::escape(name)),
    };
    let message = format!("who is in it is {account}, which can {} {place}", words(&grant.capability));
    let evidence = workload.spec.evidence("/serviceAccountName");
    let mut finding = Finding::new(&CHECK.rule, workload.target(), evidence, message);
    finding.severity = severity;
    let key = format!("{} {}", CHECK.rule.id, grant.binding);
    let title = format!("narrow {} or give the workload an account of its own", grant.role);
    finding.fixes.push(report::by_hand(key, Grain::Object, 3, title));
    report.finding(finding);
}

fn words(capability: &Capability) -> &'static str {
    match capability {
        Capability::ClusterAdmin => "do everything",
        Capability::ListSecrets => "read every Secret",
        Capability::GetSecrets { .. } => "read Secrets by name",
        Capability::CreateTokens => "mint tokens of accounts",
        Capability::CreatePods => "create pods",
        Capability::PatchWorkloads => "change workloads",
        Capability::ExecPods => "execute in pods",
        Capability::Escalate => "grant rights it does not have",
        Capability::Impersonate => "act as others",
        Capability::NodesProxy => "use the kubelets",
        Capability::WriteAdmission => "change admission control",
        Capability::ApproveCertificates => "approve certificates",
        Capability::MovePods => "move pods",
        Capability::Other(_) => "do more",
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::run;
    use model::Severity;

    const POD: &str = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: []}}\n---\n";

    fn bound(role: &str, kind: &str) -> String {
        format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: {kind}, metadata: {{name: b}}, roleRef: {{kind: \
             ClusterRole, name: {role}}}, subjects: [{{kind: ServiceAccount, name: default, namespace: default}}]}}"
        )
    }

    fn severities(text: &str) -> Vec<Severity> {
        run("workloads/powerful-token", text).findings.iter().map(|f| f.severity).collect()
    }

    #[test]
    fn weighed_by_what_the_account_can_do() {
        let roles = "\n---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: all}, rules: \
                     [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]}\n---\n{apiVersion: \
                     rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: pods}, rules: [{apiGroups: \
                     [''], resources: [pods], verbs: [create]}]}";
        let with = |role: &str, kind: &str| severities(&format!("{POD}{}{roles}", bound(role, kind)));
        assert_eq!(with("all", "ClusterRoleBinding"), [Severity::Critical]);
        assert_eq!(with("pods", "RoleBinding"), [Severity::Medium]);
    }

    #[test]
    fn nothing_bound_is_another_check() {
        assert!(severities(POD).is_empty());
    }

    #[test]
    fn no_token_no_finding() {
        let off = POD.replace("containers: []", "containers: [], automountServiceAccountToken: false");
        assert!(severities(&format!("{off}{}", bound("cluster-admin", "ClusterRoleBinding"))).is_empty());
    }
}
