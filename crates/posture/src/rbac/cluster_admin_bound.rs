//! Everything, given to somebody.

use super::rules::{everyone, who};
use crate::{Check, Report, Run, Whole};
use ::rbac::{Binding, GROUP};
use model::{Capability, Edit, Evidence, Finding, Fix, Grain, Identity, Rule, Severity, Target};
use serde_json::{Value, json};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "rbac/cluster-admin-bound",
        title: "Binding gives every right on everything",
        severity: Severity::High,
        controls: &["CIS 5.1.1", "AVD-KSV-0111", "T1078"],
        explain: "Whoever holds this identity holds the cluster: every Secret, every node, every later binding. Bind \
                  `admin` or `edit` in the namespaces that are needed, and keep one way in for emergencies. What is \
                  really needed is proven by an audit log (`ringwall audit`).",
    },
    run: Run::Whole(run),
};

/// The group of admin.conf since kubeadm 1.29.
const KUBEADM: &str = "kubeadm:cluster-admins";

fn run(whole: &Whole<'_>, report: &mut Report) {
    for binding in whole.rbac.bindings().iter().filter(|binding| !binding.default) {
        let cluster_wide = binding.reference.namespace.is_empty();
        let all = || whole.rbac.capabilities(&binding.role_ref, None).contains(&Capability::ClusterAdmin);
        if !cluster_wide || !all() || whole.rbac.subjects_of(binding).next().is_none() {
            continue;
        }
        let evidence = Evidence::field(&binding.reference, &binding.origin, "/roleRef");
        let target = Target::Resource(binding.reference.clone());
        let subjects: Vec<Identity> = whole.rbac.subjects_of(binding).collect();
        let masters = subjects.iter().all(|s| *s == Identity::group(Identity::MASTERS));
        let message = if masters {
            "group system:masters needs no binding: it passes every check, and deleting this takes nothing away"
                .to_owned()
        } else {
            format!("{} may do everything ({})", everyone(whole, binding), binding.role_ref.name)
        };
        let mut finding = Finding::new(&CHECK.rule, target, evidence, message);
        if masters {
            finding.severity = Severity::Low;
        } else if subjects.iter().all(|subject| *subject == Identity::group(KUBEADM)) {
            // kubeadm's own way in: it can be revoked, unlike system:masters, and somebody must have it.
            finding.severity = Severity::Low;
            finding.message = format!("holders of kubeadm's admin.conf (group {KUBEADM}) may do everything");
        } else {
            finding.fixes.push(narrower(binding, &subjects));
        }
        report.finding(finding);
    }
}

/// The same subjects with less: accounts in their own namespace, people and groups in namespaces yet to be named.
fn narrower(binding: &Binding, subjects: &[Identity]) -> Fix {
    let mut edits = vec![Edit::Delete { resource: binding.reference.clone() }];
    let mut places: Vec<String> = Vec::new();
    for subject in subjects {
        if let Identity::ServiceAccount { namespace, name } = subject {
            edits.push(Edit::Create { value: role_binding(&binding.reference.name, namespace, name) });
            places.push(format!("edit in {namespace} for {}", who(subject)));
        } else {
            places.push(format!("admin in the namespaces of {}", who(subject)));
        }
    }
    // A person's namespaces are not written anywhere: deleting the binding alone would lock them out.
    if subjects.iter().any(|subject| !matches!(subject, Identity::ServiceAccount { .. })) {
        edits.clear();
    }
    Fix {
        key: format!("replace {}", binding.reference),
        title: format!("write a RoleBinding instead: {} (unproven: no audit log shows what is used)", places.join("; ")),
        grain: Grain::Object,
        effort: 3,
        breaks: vec!["whatever it does outside those namespaces".to_owned()],
        edits,
    }
}

fn role_binding(name: &str, namespace: &str, account: &str) -> Value {
    json!({
        "apiVersion": format!("{GROUP}/v1"),
        "kind": "RoleBinding",
        "metadata": {"name": name, "namespace": namespace},
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": "edit"},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{messages, run};
    use model::Severity;

    fn set(kind: &str, subject: &str) -> String {
        format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: {kind}, metadata: {{name: b}}, roleRef: {{kind: \
             ClusterRole, name: cluster-admin}}, subjects: [{subject}]}}"
        )
    }

    #[test]
    fn an_account_gets_a_smaller_grant_that_leaves_nothing() {
        let text = set("ClusterRoleBinding", "{kind: ServiceAccount, name: ci, namespace: ops}");
        let posture = run("rbac/cluster-admin-bound", &text);
        assert_eq!(messages(&posture), ["system:serviceaccount:ops:ci may do everything (cluster-admin)"]);
        let fix = &posture.findings[0].fixes[0];
        assert!(fix.title.contains("unproven"));
        let (after, failed) = crate::testing::snapshot(&text).with(&fix.edits);
        assert_eq!(failed, [""; 0]);
        let again = crate::run(&after);
        assert!(again.findings.iter().all(|f| f.rule.id != "rbac/cluster-admin-bound"));
    }

    #[test]
    fn people_are_not_locked_out_by_an_edit() {
        let posture = run("rbac/cluster-admin-bound", &set("ClusterRoleBinding", "{kind: User, name: jane}"));
        assert!(posture.findings[0].fixes[0].edits.is_empty());
    }

    #[test]
    fn the_way_in_of_kubeadm_is_low() {
        let posture = run("rbac/cluster-admin-bound", &set("ClusterRoleBinding", "{kind: Group, name: 'kubeadm:cluster-admins'}"));
        assert_eq!(posture.findings[0].severity, Severity::Low);
        let both = "{kind: Group, name: 'kubeadm:cluster-admins'}, {kind: User, name: jane}";
        assert_eq!(run("rbac/cluster-admin-bound", &set("ClusterRoleBinding", both)).findings[0].severity, Severity::High);
    }

    #[test]
    fn masters_and_namespaces() {
        let masters = "{kind: Group, name: 'system:masters'}";
        let posture = run("rbac/cluster-admin-bound", &set("ClusterRoleBinding", masters));
        assert_eq!(posture.findings[0].severity, Severity::Low);
        assert!(run("rbac/cluster-admin-bound", &set("RoleBinding", "{kind: User, name: jane}")).findings.is_empty());
        assert!(run("rbac/cluster-admin-bound", "").findings.is_empty());
    }
}
