//! Bindings to roles that do not exist.

use super::rules::everyone;
use crate::{Check, Report, Run, Whole};
use model::{Confidence, Evidence, Finding, Rule, Severity, Target};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "rbac/dangling-role",
        title: "Binding names a role that does not exist",
        severity: Severity::Low,
        controls: &[],
        explain: "It grants nothing today, and everything that a role of this name will hold the day somebody \
                  creates one. Delete the binding.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    let live = whole.snapshot.server_version.is_some();
    let unread = !whole.rbac.gaps().is_empty();
    for binding in whole.rbac.bindings().iter().filter(|b| !b.default && whole.rbac.role_of(b).is_none()) {
        // A Role must lie in the same namespace, and is shipped with its binding; a ClusterRole may come from anywhere.
        if unread || (!live && &*binding.role_ref.kind == "ClusterRole") {
            continue;
        }
        let message = format!("{} does not exist; {} will hold what it says one day", binding.role_ref, everyone(whole, binding));
        let evidence = Evidence::field(&binding.reference, &binding.origin, "/roleRef");
        let target = Target::Resource(binding.reference.clone());
        let mut finding = Finding::new(&CHECK.rule, target, evidence, message);
        if !live {
            finding.confidence = Confidence::Assumed;
        }
        report.finding(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    fn found(kind: &str, name: &str) -> usize {
        let set = format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {{name: b}}, roleRef: {{kind: \
             {kind}, name: {name}}}, subjects: [{{kind: User, name: jane}}]}}"
        );
        run("rbac/dangling-role", &set).findings.len()
    }

    #[test]
    fn a_role_is_missed_but_a_cluster_role_may_come_from_elsewhere() {
        assert_eq!(found("Role", "gone"), 1);
        assert_eq!(found("ClusterRole", "gone"), 0);
        assert_eq!(found("ClusterRole", "view"), 0);
    }
}
