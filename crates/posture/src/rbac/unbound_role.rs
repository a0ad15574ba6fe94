//! ClusterRoles that nothing binds.

use super::rules::{self};
use crate::{Check, Report, Run, Whole};
use model::{Confidence, Evidence, Finding, Rule, Severity, Target};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "rbac/unbound-role",
        title: "ClusterRole is bound to nobody here",
        severity: Severity::Low,
        controls: &[],
        explain: "A ClusterRole grants nothing until bound, and the binding decides where it holds: a \
                  ClusterRoleBinding in every namespace, a RoleBinding in its own. Ship role and binding together, \
                  so that a reader sees who gets what and where.",
    },
    run: Run::Whole(run),
};

/// Only where the role limits by name, as if it decided where it holds: an unbound role by itself is everyday.
fn run(whole: &Whole<'_>, report: &mut Report) {
    if !whole.rbac.gaps().is_empty() {
        return;
    }
    let mut told: Option<&model::ResourceRef> = None;
    for rule in rules::each(whole) {
        let role = rule.role;
        let cluster = role.reference.namespace.is_empty();
        let named = !rule.words.resource_names.is_empty();
        if !cluster || !named || told == Some(&role.reference) || whole.rbac.bindings_to(role).next().is_some() {
            continue;
        }
        if &*role.reference.name == ::rbac::fragment::NAME || aggregated_elsewhere(whole, role) {
            continue;
        }
        told = Some(&role.reference);
        let message = "it grants nothing until bound, and the binding decides where: a ClusterRoleBinding makes \
                       its names hold in every namespace, a RoleBinding in one";
        let evidence = Evidence::field(&role.reference, &role.origin, "");
        let mut finding = Finding::new(&CHECK.rule, Target::Resource(role.reference.clone()), evidence, message);
        finding.confidence = Confidence::Assumed;
        report.finding(finding);
    }
}

/// Whether labels feed it into another role.
fn aggregated_elsewhere(whole: &Whole<'_>, role: &::rbac::Role) -> bool {
    let labels = |resource: &snapshot::Resource| {
        let json = resource.json();
        json.at(&["metadata", "labels"]).fields().iter().any(|(key, _)| key.contains("aggregate-to-"))
    };
    whole.snapshot.get(&role.reference).is_some_and(labels)
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    fn found(names: &str, labels: &str) -> usize {
        let set = format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {{name: r{labels}}}, rules: \
             [{{apiGroups: [''], resources: [secrets], verbs: [get]{names}}}]}}"
        );
        run("rbac/unbound-role", &set).findings.len()
    }

    #[test]
    fn hit_only_where_names_pretend_to_limit() {
        assert_eq!(found(", resourceNames: [dev]", ""), 1);
        assert_eq!(found("", ""), 0);
        let label = ", labels: {rbac.authorization.k8s.io/aggregate-to-edit: 'true'}";
        assert_eq!(found(", resourceNames: [dev]", label), 0);
    }
}
