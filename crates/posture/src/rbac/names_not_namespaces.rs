//! `resourceNames` that hold names of namespaces.

use super::rules::{self, OneRule, and, manifest};
use crate::{Check, Report, Run, Whole};
use ::rbac::{GROUP, Words};
use model::{Rule, Severity};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "rbac/names-not-namespaces",
        title: "Names of namespaces limit nothing but objects of that name",
        severity: Severity::Medium,
        controls: &[],
        explain: "`resourceNames` are names of objects, not namespaces. The rule grants objects that happen to be \
                  called so, in every namespace where it is bound, production too, and nothing in the namespaces \
                  that were meant. Where a right holds is decided by the binding: write a Role in each namespace.",
    },
    run: Run::Whole(run),
};

/// Names that namespaces have everywhere.
const USUAL: &[&str] = &[
    "default", "dev", "develop", "development", "int", "integration", "kube-public", "kube-system", "preprod",
    "preview", "prod", "production", "qa", "sandbox", "stage", "staging", "test", "testing", "uat",
];

fn run(whole: &Whole<'_>, report: &mut Report) {
    let known = namespaces(whole);
    for rule in rules::each(whole) {
        let names = &rule.words.resource_names;
        let all = !names.is_empty() && names.iter().all(|n| known.contains(*n) || USUAL.contains(n));
        let about_namespaces = rule.words.resources.contains(&"namespaces");
        if !all || about_namespaces || !rule.of_resources() || exist(whole, &rule) {
            continue;
        }
        let words = &rule.words;
        let message = format!(
            "resourceNames are names of objects, not namespaces: it grants {} on {} named {} in every namespace \
             where it is bound, production too, and nothing else in those namespaces",
            and(&words.verbs),
            and(&words.resources),
            and(names),
        );
        let mut finding = rule.finding(&CHECK.rule, "/resourceNames", message);
        if words.resources.contains(&"secrets") {
            finding.severity = Severity::High;
        }
        finding.fixes.push(per_namespace(whole, &rule));
        report.finding(finding);
    }
}

fn namespaces<'a>(whole: &Whole<'a>) -> BTreeSet<&'a str> {
    whole.snapshot.resources().iter().filter(|r| !r.reference.namespace.is_empty())
        .map(|resource| &*resource.reference.namespace)
        .chain(whole.snapshot.of("", "Namespace").iter().map(|resource| &*resource.reference.name))
        .collect()
}

/// Whether objects of these names and this kind are in the snapshot: then the names mean what they say.
fn exist(whole: &Whole<'_>, rule: &OneRule<'_>) -> bool {
    let kind = |kind: &str| {
        let plural = kind.to_ascii_lowercase();
        rule.words.resources.iter().any(|r| r.strip_prefix(&*plural).is_some_and(|end| matches!(end, "" | "s" | "es")))
    };
    whole.snapshot.resources().iter().any(|resource| {
        rule.words.resource_names.contains(&&*resource.reference.name) && kind(&resource.reference.kind)
    })
}

/// A Role in each of the namespaces that were meant, bound to whom the rule is bound now.
fn per_namespace(whole: &Whole<'_>, rule: &OneRule<'_>) -> model::Fix {
    let free = manifest(&Words { resource_names: Vec::new(), ..rule.words.clone() });
    let name = &*rule.role.reference.name;
    let mut created: Vec<Value> = Vec::new();
    for namespace in &rule.words.resource_names {
        created.push(json!({
            "apiVersion": format!("{GROUP}/v1"),
            "kind": "Role",
            "metadata": {"name": name, "namespace": namespace},
            "rules": [free],
        }));
        for binding in whole.rbac.bindings_to(rule.role) {
            let subjects: Vec<Value> = whole.rbac.subjects_of(binding).map(|who| subject(&who)).collect();
            created.push(json!({
                "apiVersion": format!("{GROUP}/v1"),
                "kind": "RoleBinding",
                "metadata": {"name": &*binding.reference.name, "namespace": namespace},
                "roleRef": {"apiGroup": GROUP, "kind": "Role", "name": name},
                "subjects": subjects,
            }));
        }
    }
    // Every rule that makes the same mistake goes the same way: one Role a namespace holds them all.
    let same = |words: &Words<'_>| words.resource_names == rule.words.resource_names;
    let rest = whole.rbac.own_rules(rule.role).filter(|(_, words)| !same(words)).map(|(_, w)| manifest(&w)).collect();
    let moved: Vec<Value> = whole
        .rbac
        .own_rules(rule.role)
        .filter(|(_, words)| same(words))
        .map(|(_, words)| manifest(&Words { resource_names: Vec::new(), ..words }))
        .collect();
    for role in created.iter_mut().filter(|value| value["kind"] == "Role") {
        role["rules"] = json!(moved);
    }
    let title = format!("write a Role in {} and bind it there", and(&rule.words.resource_names));
    let mut fix = rule.move_to(created, rest, title);
    fix.breaks.push("who should not change Secrets there: leave that rule out of the Role".to_owned());
    if !moved.iter().any(|rule| rule["resources"].as_array().is_some_and(|r| r.contains(&json!("secrets")))) {
        fix.breaks.clear();
    }
    fix
}

fn subject(who: &model::Identity) -> Value {
    match who {
        model::Identity::ServiceAccount { namespace, name } => {
            json!({"kind": "ServiceAccount", "name": &**name, "namespace": &**namespace})
        }
        model::Identity::Group(name) => json!({"apiGroup": GROUP, "kind": "Group", "name": &**name}),
        other => json!({"apiGroup": GROUP, "kind": "User", "name": other.username()}),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{of_rule, rule_set, run, snapshot};

    const RULE: &str = "{apiGroups: [apps], resources: [deployments], verbs: [update], resourceNames: [dev, staging]}";

    #[test]
    fn hit_and_the_edit_leaves_none() {
        let posture = of_rule("rbac/names-not-namespaces", RULE);
        assert!(posture.findings[0].message.contains("not namespaces"));
        let (after, failed) = snapshot(&rule_set(RULE)).with(&posture.findings[0].fixes[0].edits);
        assert_eq!(failed, [""; 0]);
        let again = crate::run(&after);
        assert!(again.findings.iter().all(|f| f.rule.id != "rbac/names-not-namespaces"));
        assert!(after.find("rbac.authorization.k8s.io", "RoleBinding", "staging", "tested").is_some());
    }

    #[test]
    fn names_of_objects_are_silent() {
        let own = RULE.replace("dev, staging", "web, cart");
        assert!(of_rule("rbac/names-not-namespaces", &own).findings.is_empty());
        let namespaces = "{apiGroups: [''], resources: [namespaces], verbs: [get], resourceNames: [dev]}";
        assert!(of_rule("rbac/names-not-namespaces", namespaces).findings.is_empty());
    }

    #[test]
    fn an_object_really_called_so_is_silent() {
        let deployment = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: dev}}";
        let set = format!("{}\n---\n{deployment}", rule_set(RULE));
        assert!(run("rbac/names-not-namespaces", &set).findings.is_empty());
    }
}
