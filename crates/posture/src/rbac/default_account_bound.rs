//! Bindings to a namespace's `default` account.

use crate::{Check, Report, Run, Whole};
use model::{Capability, Evidence, Finding, Identity, Rule, Severity, Target};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "rbac/default-account-bound",
        title: "Rights are bound to a default account",
        severity: Severity::Medium,
        controls: &["CIS 5.1.5"],
        explain: "Every pod of the namespace that names no account runs as `default` and gets these rights, today's \
                  and those of anyone who may create a pod tomorrow. Make an account for the workload that needs \
                  them.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    for binding in whole.rbac.bindings().iter().filter(|binding| !binding.default) {
        for who in whole.rbac.subjects_of(binding) {
            let Identity::ServiceAccount { namespace, name } = &who else { continue };
            if &**name != "default" {
                continue;
            }
            let scope = Some(&*binding.reference.namespace).filter(|ns| !ns.is_empty());
            let gives = whole.rbac.capabilities(&binding.role_ref, scope);
            let evidence = Evidence::field(&binding.reference, &binding.origin, "/subjects");
            let message =
                format!("every pod in {} without an account holds {}", model::escape(namespace), binding.role_ref);
            let target = Target::Resource(binding.reference.clone());
            let mut finding = Finding::new(&CHECK.rule, target, evidence, message);
            finding.instance = Some(who.to_string());
            finding.severity = match gives.as_slice() {
                [] => Severity::Low,
                [Capability::ClusterAdmin, ..] => Severity::Critical,
                _ => Severity::Medium,
            };
            report.finding(finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::run;
    use model::Severity;

    fn severity(role: &str, account: &str) -> Option<Severity> {
        let set = format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {{name: b}}, roleRef: \
             {{kind: ClusterRole, name: {role}}}, subjects: [{{kind: ServiceAccount, name: {account}, namespace: \
             shop}}]}}"
        );
        run("rbac/default-account-bound", &set).findings.first().map(|f| f.severity)
    }

    #[test]
    fn as_bad_as_the_role() {
        assert_eq!(severity("cluster-admin", "default"), Some(Severity::Critical));
        assert_eq!(severity("edit", "default"), Some(Severity::Medium));
        assert_eq!(severity("view", "default"), Some(Severity::Low));
    }

    #[test]
    fn an_account_of_its_own_is_silent() {
        assert_eq!(severity("edit", "web"), None);
    }
}
