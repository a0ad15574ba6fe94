//! `get` limited to names, `list` of the same resource not.

use super::rules::{self, OneRule, and, manifest, with_verbs};
use crate::{Check, Report, Run, Whole};
use ::rbac::Words;
use model::{Rule, Severity};
use serde_json::Value;

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "rbac/void-name-limit",
        title: "Limit to names is void: the same role lists all of them",
        severity: Severity::Medium,
        controls: &["CIS 5.1.2"],
        explain: "`list` and `watch` return whole objects. A role that gets two named Secrets and lists Secrets reads \
                  every Secret; the names limit nothing. Take the list away, or name what it is for.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    for rule in rules::each(whole) {
        if rule.words.resource_names.is_empty() || rule.verbs_among(&["get", "*"]).is_empty() {
            continue;
        }
        for resource in rule.words.resources.iter().copied() {
            let wide = whole.rbac.own_rules(rule.role).find(|(_, other)| lists_all(other, &rule, resource));
            if let Some((place, wide)) = wide {
                tell(whole, &rule, resource, (place, &wide), report);
            }
        }
    }
}

fn lists_all(other: &Words<'_>, limited: &OneRule<'_>, resource: &str) -> bool {
    let verbs = ["list", "watch", "*"];
    other.resource_names.is_empty()
        && other.verbs.iter().any(|verb| verbs.contains(verb))
        && (other.resources.contains(&resource) || other.resources.contains(&"*"))
        && limited.words.api_groups.iter().any(|g| other.api_groups.contains(g) || other.api_groups.contains(&"*"))
}

fn tell(whole: &Whole<'_>, rule: &OneRule<'_>, resource: &str, wide: (usize, &Words<'_>), report: &mut Report) {
    let (place, words) = wide;
    let listing: Vec<&str> = words.verbs.iter().copied().filter(|v| ["list", "watch", "*"].contains(v)).collect();
    let message = format!(
        "{resource} are limited to {} for get, but rules[{place}] allows {} of all of them, contents included",
        and(&rule.words.resource_names),
        and(&listing),
    );
    let mut finding = rule.finding(&CHECK.rule, "/resourceNames", message);
    finding.instance = Some(resource.to_owned());
    if resource == "secrets" {
        finding.severity = Severity::High;
    }
    let rest: Vec<Value> = whole.rbac.own_rules(rule.role).flat_map(|(at, words)| {
        if at == place { without(&words, resource) } else { vec![manifest(&words)] }
    }).collect();
    let mut fix = rule.move_to(Vec::new(), rest, format!("take list and watch of all {resource} away"));
    fix.breaks.push("an informer that watches them all".to_owned());
    finding.fixes.push(fix);
    report.finding(finding);
}

/// The rule without list and watch of one resource: other resources keep their verbs. Nothing is left of a rule by
/// wildcard: what it should say is not known.
fn without(words: &Words<'_>, resource: &str) -> Vec<Value> {
    if words.verbs.contains(&"*") || words.resources.contains(&"*") {
        return vec![manifest(words)];
    }
    let others: Vec<&str> = words.resources.iter().copied().filter(|r| *r != resource).collect();
    let verbs: Vec<&str> = words.verbs.iter().copied().filter(|v| !["list", "watch"].contains(v)).collect();
    let mut rules = Vec::new();
    if !others.is_empty() {
        rules.push(manifest(&Words { resources: others, ..words.clone() }));
    }
    if !verbs.is_empty() {
        rules.push(with_verbs(&Words { resources: vec![resource], ..words.clone() }, &verbs));
    }
    rules
}

#[cfg(test)]
mod tests {
    use crate::testing::{messages, of_rule, rule_set, snapshot};

    const ID: &str = "rbac/void-name-limit";
    const VOID: &str = "{apiGroups: [''], resources: [configmaps, secrets], verbs: [list, watch]}, {apiGroups: [''], \
                        resources: [secrets], verbs: [get], resourceNames: [app-secret]}";

    #[test]
    fn hit_and_the_edit_leaves_none() {
        let posture = of_rule(ID, VOID);
        assert_eq!(
            messages(&posture),
            ["secrets are limited to app-secret for get, but rules[0] allows list and watch of all of them, \
              contents included"]
        );
        let (after, failed) = snapshot(&rule_set(VOID)).with(&posture.findings[0].fixes[0].edits);
        assert_eq!(failed, [""; 0]);
        assert!(crate::run(&after).findings.iter().all(|f| f.rule.id != ID));
    }

    #[test]
    fn another_group_or_resource_is_silent() {
        let other = VOID.replacen("secrets]", "pods]", 1);
        assert!(of_rule(ID, &other).findings.is_empty());
        let group = VOID.replacen("['']", "[example.test]", 1);
        assert!(of_rule(ID, &group).findings.is_empty());
    }
}
