//! Rights for everyone.

use crate::{Check, Report, Run, Whole};
use model::{Capability, Evidence, Finding, Identity, Rule, Severity, Target};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "rbac/broad-groups",
        title: "Rights are bound to everyone",
        severity: Severity::High,
        controls: &["AVD-KSV-01011", "T1078.004"],
        explain: "`system:unauthenticated` is whoever reaches the API server; `system:authenticated` is every person \
                  and every pod; `system:serviceaccounts` is every pod. Bind the one account or group that needs it.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    for binding in whole.rbac.bindings().iter().filter(|binding| !binding.default) {
        for identity in whole.rbac.subjects_of(binding) {
            let Some((crowd, outside)) = crowd(&identity) else { continue };
            let namespace = Some(&*binding.reference.namespace).filter(|ns| !ns.is_empty());
            let gives = whole.rbac.capabilities(&binding.role_ref, namespace);
            let evidence = Evidence::field(&binding.reference, &binding.origin, "/subjects");
            let message = format!("{crowd} holds {}", binding.role_ref);
            let target = Target::Resource(binding.reference.clone());
            let mut finding = Finding::new(&CHECK.rule, target, evidence, message);
            finding.instance = Some(identity.to_string());
            finding.severity = match (gives.as_slice(), outside) {
                ([Capability::ClusterAdmin, ..], _) | ([_, ..], true) => Severity::Critical,
                ([_, ..], false) | ([], true) => Severity::High,
                ([], false) => Severity::Low,
            };
            report.finding(finding);
        }
    }
}

/// Who is meant, and whether that includes those without credentials.
fn crowd(identity: &Identity) -> Option<(String, bool)> {
    match identity {
        Identity::User(name) if &**name == "system:anonymous" => Some(("everyone without credentials".into(), true)),
        Identity::Group(name) => match &**name {
            Identity::UNAUTHENTICATED => Some(("everyone without credentials".into(), true)),
            Identity::AUTHENTICATED => Some(("every person and every pod".into(), false)),
            "system:serviceaccounts" => Some(("every pod of the cluster".into(), false)),
            other => {
                let namespace = other.strip_prefix("system:serviceaccounts:")?;
                Some((format!("every pod in {}", model::escape(namespace)), false))
            }
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::run;
    use model::Severity;

    fn severity(subject: &str, role: &str) -> Option<Severity> {
        let set = format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {{name: b}}, roleRef: \
             {{kind: ClusterRole, name: {role}}}, subjects: [{subject}]}}"
        );
        run("rbac/broad-groups", &set).findings.first().map(|f| f.severity)
    }

    #[test]
    fn by_crowd_and_role() {
        assert_eq!(severity("{kind: Group, name: 'system:unauthenticated'}", "view"), Some(Severity::High));
        assert_eq!(severity("{kind: User, name: 'system:anonymous'}", "edit"), Some(Severity::Critical));
        assert_eq!(severity("{kind: Group, name: 'system:authenticated'}", "view"), Some(Severity::Low));
        assert_eq!(severity("{kind: Group, name: 'system:serviceaccounts'}", "edit"), Some(Severity::High));
        let all = severity("{kind: Group, name: 'system:serviceaccounts:ci'}", "cluster-admin");
        assert_eq!(all, Some(Severity::Critical));
    }

    #[test]
    fn a_team_is_no_crowd_and_defaults_are_silent() {
        assert_eq!(severity("{kind: Group, name: developers}", "edit"), None);
        assert!(run("rbac/broad-groups", "").findings.is_empty());
    }
}
