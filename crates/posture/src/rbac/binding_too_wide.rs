//! ClusterRoleBindings that a RoleBinding could replace.

use super::rules::who;
use crate::{Check, Report, Run, Whole};
use ::rbac::catalogue::{Home, home};
use ::rbac::{Binding, GROUP};
use model::{Capability, Confidence, Edit, Evidence, Finding, Fix, Grain, Identity, Rule, Severity, Target};
use serde_json::json;
use std::sync::Arc;

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "rbac/binding-too-wide",
        title: "ClusterRoleBinding where a RoleBinding may suffice",
        severity: Severity::Low,
        controls: &["CIS 5.1.1"],
        explain: "The role speaks of namespaced resources alone and its holders live in one namespace, yet it holds \
                  in all of them. A RoleBinding to the same role limits it to that namespace. Whether the workload \
                  looks elsewhere is known to its audit log only.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    for binding in whole.rbac.bindings().iter().filter(|b| !b.default && b.reference.namespace.is_empty()) {
        let Some(namespace) = one_namespace(whole, binding) else { continue };
        let gives = whole.rbac.capabilities(&binding.role_ref, Some(&namespace));
        // Everything has a check of its own; what is harmless is not worth a word.
        let everything = whole.rbac.capabilities(&binding.role_ref, None).contains(&Capability::ClusterAdmin);
        if gives.is_empty() || everything || !namespaced_alone(whole, binding) {
            continue;
        }
        let subjects: Vec<Identity> = whole.rbac.subjects_of(binding).collect();
        let names: Vec<String> = subjects.iter().map(who).collect();
        let message =
            format!("{} holds {} in every namespace and lives in {namespace}", names.join(", "), binding.role_ref);
        let evidence = Evidence::field(&binding.reference, &binding.origin, "");
        let mut finding =
            Finding::new(&CHECK.rule, Target::Resource(binding.reference.clone()), evidence, message);
        finding.confidence = Confidence::Assumed;
        finding.fixes.push(narrowed(whole, binding, &namespace));
        report.finding(finding);
    }
}

/// The one namespace that every subject, each an account, lives in.
fn one_namespace(whole: &Whole<'_>, binding: &Binding) -> Option<Arc<str>> {
    let mut found: Option<Arc<str>> = None;
    for subject in whole.rbac.subjects_of(binding) {
        let Identity::ServiceAccount { namespace, .. } = subject else { return None };
        if found.as_ref().is_some_and(|known| *known != namespace) {
            return None;
        }
        found = Some(namespace);
    }
    found
}

fn namespaced_alone(whole: &Whole<'_>, binding: &Binding) -> bool {
    let Some(role) = whole.rbac.role_of(binding) else { return false };
    whole.rbac.rules_of(role).all(|rule| {
        rule.non_resource_urls.is_empty()
            && rule.resources.iter().all(|resource| {
                rule.api_groups.iter().all(|group| home(group, resource) == Some(Home::Namespace))
            })
    })
}

fn narrowed(whole: &Whole<'_>, binding: &Binding, namespace: &str) -> Fix {
    let subjects: Vec<_> = whole
        .rbac
        .subjects_of(binding)
        .filter_map(|subject| match subject {
            Identity::ServiceAccount { namespace, name } => {
                Some(json!({"kind": "ServiceAccount", "name": &*name, "namespace": &*namespace}))
            }
            _ => None,
        })
        .collect();
    let value = json!({
        "apiVersion": format!("{GROUP}/v1"),
        "kind": "RoleBinding",
        "metadata": {"name": &*binding.reference.name, "namespace": namespace},
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": &*binding.role_ref.name},
        "subjects": subjects,
    });
    Fix {
        key: format!("narrow {}", binding.reference),
        title: format!("bind it in {namespace} alone (unproven: no audit log shows what is used)"),
        grain: Grain::Object,
        effort: 2,
        breaks: vec![format!("whatever it does outside {namespace}")],
        edits: vec![Edit::Delete { resource: binding.reference.clone() }, Edit::Create { value }],
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{run, snapshot};

    fn set(resource: &str, subjects: &str) -> String {
        format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {{name: r}}, rules: \
             [{{apiGroups: [''], resources: [{resource}], verbs: [list]}}]}}
---
{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {{name: b}}, roleRef: {{kind: \
             ClusterRole, name: r}}, subjects: [{subjects}]}}"
        )
    }

    const WEB: &str = "{kind: ServiceAccount, name: web, namespace: shop}";

    #[test]
    fn hit_and_the_edit_leaves_none() {
        let text = set("secrets", WEB);
        let posture = run("rbac/binding-too-wide", &text);
        let (after, failed) = snapshot(&text).with(&posture.findings[0].fixes[0].edits);
        assert_eq!(failed, [""; 0]);
        assert!(crate::run(&after).findings.iter().all(|f| f.rule.id != "rbac/binding-too-wide"));
    }

    #[test]
    fn cluster_scoped_harmless_or_elsewhere_is_silent() {
        assert!(run("rbac/binding-too-wide", &set("'secrets', nodes", WEB)).findings.is_empty());
        assert!(run("rbac/binding-too-wide", &set("pods", WEB)).findings.is_empty());
        let two = format!("{WEB}, {{kind: ServiceAccount, name: x, namespace: other}}");
        assert!(run("rbac/binding-too-wide", &set("secrets", &two)).findings.is_empty());
    }
}
