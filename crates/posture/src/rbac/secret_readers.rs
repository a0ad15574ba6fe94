//! Who can list every Secret of the cluster.

use crate::{Check, Report, Run, Whole};
use ::rbac::Attributes;
use model::{Capability, Finding, Rule, Severity, Target};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "rbac/secret-readers",
        title: "Binding lets its subjects read every Secret",
        severity: Severity::High,
        controls: &["CIS 5.1.2", "AVD-KSV-0041", "T1552.007"],
        explain: "`list` and `watch` return contents: passwords, keys, tokens of other accounts. Bind in the one \
                  namespace that is needed, and name the Secrets with `get`.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    for holder in whole.rbac.who_can(&Attributes::resource("list", "", "secrets", "", "")) {
        // Who holds everything is told by a check of its own.
        let everything = || whole.rbac.capabilities(&holder.binding.role_ref, None).contains(&Capability::ClusterAdmin);
        if holder.default() || everything() {
            continue;
        }
        let who: Vec<String> = holder.identities().map(|who| who.to_string()).collect();
        let Some(reason) = holder.reasons().next() else { continue };
        let message = format!("{} can list every Secret through {}", listed(&who), reason.role);
        let target = Target::Resource(holder.binding.reference.clone());
        // The role of a default is no file to look at; the binding is.
        let evidence = match holder.role.default {
            true => model::Evidence::field(
                &holder.binding.reference,
                &holder.binding.origin,
                "/roleRef",
            ),
            false => reason.evidence,
        };
        report.finding(Finding::new(&CHECK.rule, target, evidence, message));
    }
}

/// Three names and a count.
pub(crate) fn listed(names: &[String]) -> String {
    match names {
        [first, second, third, _, ..] => format!("{first}, {second}, {third} and {} more", names.len() - 3),
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{messages, run};

    fn set(kind: &str, verbs: &str) -> String {
        format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {{name: r}}, rules: \
             [{{apiGroups: [''], resources: [secrets], verbs: {verbs}}}]}}
---
{{apiVersion: rbac.authorization.k8s.io/v1, kind: {kind}, metadata: {{name: b}}, roleRef: {{kind: ClusterRole, name: \
             r}}, subjects: [{{kind: ServiceAccount, name: web, namespace: shop}}]}}"
        )
    }

    #[test]
    fn hit_names_who_and_through_what() {
        let posture = run("rbac/secret-readers", &set("ClusterRoleBinding", "[list]"));
        assert_eq!(
            messages(&posture),
            ["ServiceAccount shop/web can list every Secret through ClusterRole r"]
        );
        assert_eq!(posture.findings[0].target.to_string(), "ClusterRoleBinding b");
    }

    #[test]
    fn in_one_namespace_or_by_name_is_not_everywhere() {
        assert!(run("rbac/secret-readers", &set("RoleBinding", "[list]")).findings.is_empty());
        assert!(run("rbac/secret-readers", &set("ClusterRoleBinding", "[get]")).findings.is_empty());
    }

    #[test]
    fn the_defaults_are_silent() {
        assert!(run("rbac/secret-readers", "").findings.is_empty());
    }
}
