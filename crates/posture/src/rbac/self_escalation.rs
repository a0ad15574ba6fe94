//! Roles that carry the way to more rights in themselves.

use super::rules::everyone;
use crate::{Check, Report, Run, Whole};
use model::{Capability, Evidence, Finding, Rule, Severity, Target};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "rbac/self-escalation",
        title: "Role carries its own escalation",
        severity: Severity::High,
        controls: &["CIS 5.1.8", "CIS 5.1.11", "CIS 5.1.13", "AVD-KSV-0043", "T1098"],
        explain: "With `bind`, `escalate`, `impersonate`, `serviceaccounts/token` or the approval of client \
                  certificates the rest of the role does not matter: its holder takes what is missing. Give these \
                  verbs to nobody but those who administer rights.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    for binding in whole.rbac.bindings().iter().filter(|binding| !binding.default) {
        // The server's own roles say what they are; `cluster-admin` has a check of its own.
        if whole.rbac.role_of(binding).is_none_or(|role| role.default) {
            continue;
        }
        let namespace = Some(&*binding.reference.namespace).filter(|ns| !ns.is_empty());
        let ways: Vec<&str> =
            whole.rbac.capabilities(&binding.role_ref, namespace).iter().filter_map(way).collect();
        if ways.is_empty() {
            continue;
        }
        let place = namespace.map_or("everywhere".to_owned(), |ns| format!("in {}", model::escape(ns)));
        let message = format!(
            "{} can {} {place}, so the rest of {} does not limit them",
            everyone(whole, binding),
            ways.join(", "),
            binding.role_ref
        );
        let role = &binding.role_ref;
        let origin = whole.rbac.role_of(binding).map_or(&binding.origin, |role| &role.origin);
        let evidence = Evidence::field(role, origin, "/rules");
        let mut finding =
            Finding::new(&CHECK.rule, Target::Resource(binding.reference.clone()), evidence, message);
        if namespace.is_some() {
            finding.severity = Severity::Medium;
        }
        report.finding(finding);
    }
}

fn way(capability: &Capability) -> Option<&'static str> {
    match capability {
        Capability::Escalate => Some("give itself any role"),
        Capability::Impersonate => Some("act as others"),
        Capability::CreateTokens => Some("mint tokens of accounts"),
        Capability::ApproveCertificates => Some("approve client certificates"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{messages, of_rule, run};

    #[test]
    fn editing_with_token_minting() {
        let rule = "{apiGroups: [''], resources: [configmaps, serviceaccounts/token], verbs: [create]}";
        let posture = of_rule("rbac/self-escalation", rule);
        assert_eq!(
            messages(&posture),
            ["jane can mint tokens of accounts everywhere, so the rest of ClusterRole tested does not limit them"]
        );
    }

    #[test]
    fn making_bindings_is_not() {
        let rule = "{apiGroups: [rbac.authorization.k8s.io], resources: [rolebindings, roles], verbs: [create]}";
        assert!(of_rule("rbac/self-escalation", rule).findings.is_empty());
    }

    #[test]
    fn defaults_are_silent() {
        let admin = "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: b}, roleRef: \
                     {kind: ClusterRole, name: admin}, subjects: [{kind: User, name: jane}]}";
        assert!(run("rbac/self-escalation", admin).findings.is_empty());
    }
}
