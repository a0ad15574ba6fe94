//! Rules that can never match where they are bound.

use super::rules::{self, OneRule, and};
use crate::{Check, Report, Run, Whole};
use ::rbac::catalogue::{Home, home};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "rbac/inert-rule",
        title: "Rule can never match in a namespace",
        severity: Severity::Low,
        controls: &[],
        explain: "Requests for cluster-scoped resources and for paths carry no namespace, so a Role, or a ClusterRole \
                  that only RoleBindings name, never allows them. (`kubectl auth can-i` without `-A` asks with a \
                  namespace and says yes; the real request is refused.) Two exceptions work: the namespace itself, \
                  and `bind` on ClusterRoles.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    for rule in rules::each(whole) {
        let namespaced = !rule.role.reference.namespace.is_empty();
        if !namespaced && !bound_in_namespaces_alone(whole, &rule) {
            continue;
        }
        if !rule.words.non_resource_urls.is_empty() {
            let message = format!("paths such as {} are asked for in no namespace", and(&rule.words.non_resource_urls));
            report.finding(rule.finding(&CHECK.rule, "/nonResourceURLs", message));
            continue;
        }
        let inert: Vec<&str> = rule.words.resources.iter().copied().filter(|r| inert(&rule, r)).collect();
        if !inert.is_empty() {
            let message = format!("{} are asked for in no namespace: here the rule allows nothing on them", and(&inert));
            report.finding(rule.finding(&CHECK.rule, "/resources", message));
        }
    }
}

fn bound_in_namespaces_alone(whole: &Whole<'_>, rule: &OneRule<'_>) -> bool {
    let mut bindings = whole.rbac.bindings_to(rule.role).peekable();
    bindings.peek().is_some() && bindings.all(|binding| !binding.reference.namespace.is_empty())
}

fn inert(rule: &OneRule<'_>, resource: &str) -> bool {
    let words = &rule.words;
    let exception = resource == "namespaces" || (resource == "clusterroles" && words.verbs.contains(&"bind"));
    let homes: Vec<Option<Home>> = words.api_groups.iter().map(|group| home(group, resource)).collect();
    let known = homes.contains(&Some(Home::Cluster));
    !exception && known && homes.iter().all(|home| *home != Some(Home::Namespace))
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    fn found(kind: &str, binding: &str, rule: &str) -> usize {
        let set = format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: {kind}, metadata: {{name: r}}, rules: [{rule}]}}
---
{{apiVersion: rbac.authorization.k8s.io/v1, kind: {binding}, metadata: {{name: b}}, roleRef: {{kind: {kind}, name: \
             r}}, subjects: [{{kind: User, name: jane}}]}}"
        );
        run("rbac/inert-rule", &set).findings.len()
    }

    const NODES: &str = "{apiGroups: [''], resources: [nodes, pods], verbs: [get]}";

    #[test]
    fn in_a_role_and_through_a_role_binding() {
        assert_eq!(found("Role", "RoleBinding", NODES), 1);
        assert_eq!(found("ClusterRole", "RoleBinding", NODES), 1);
        assert_eq!(found("Role", "RoleBinding", "{nonResourceURLs: [/metrics], verbs: [get]}"), 1);
    }

    #[test]
    fn cluster_wide_it_works() {
        assert_eq!(found("ClusterRole", "ClusterRoleBinding", NODES), 0);
    }

    #[test]
    fn the_two_exceptions() {
        assert_eq!(found("Role", "RoleBinding", "{apiGroups: [''], resources: [namespaces], verbs: [get]}"), 0);
        let bind = "{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [bind]}";
        assert_eq!(found("Role", "RoleBinding", bind), 0);
    }
}
