//! Resources under a group that has none of that name.

use super::rules::{self, OneRule, and, manifest};
use crate::{Check, Report, Run, Whole};
use ::rbac::Words;
use ::rbac::catalogue::{groups_of, home, known_group};
use model::{Confidence, Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "rbac/wrong-group",
        title: "API group has no such resource",
        severity: Severity::Low,
        controls: &[],
        explain: "A rule matches group and resource together: deployments are in `apps`, not in the core group \
                  (`\"\"`) and no longer in `extensions`. Such a rule grants nothing, until somebody widens it.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    for rule in rules::each(whole) {
        let groups = &rule.words.api_groups;
        if groups.is_empty() || !groups.iter().all(|group| known_group(group)) {
            continue;
        }
        for resource in rule.words.resources.iter().copied() {
            let plain = !resource.contains('*');
            if plain && groups.iter().all(|group| home(group, resource).is_none()) {
                tell(&rule, resource, report);
            }
        }
    }
}

fn tell(rule: &OneRule<'_>, resource: &str, report: &mut Report) {
    let shown: Vec<&str> =
        rule.words.api_groups.iter().map(|group| if group.is_empty() { "the core group" } else { group }).collect();
    let real: Vec<&str> = groups_of(resource).collect();
    let hint = match real.as_slice() {
        [] => "Kubernetes has none of that name".to_owned(),
        [""] => "it is in the core group".to_owned(),
        groups => format!("it is in {}", and(groups)),
    };
    let message = format!("{} has no {}: {hint}", and(&shown), model::escape(resource));
    let mut finding = rule.finding(&CHECK.rule, "/apiGroups", message);
    finding.instance = Some(resource.to_owned());
    // The catalogue ages; what is elsewhere for certain is certain.
    if real.is_empty() {
        finding.confidence = Confidence::Assumed;
    } else if rule.words.resources.len() == 1 {
        let value = manifest(&Words { api_groups: real, ..rule.words.clone() });
        let mut fix = rule.replace(value, "write the group it is in");
        fix.breaks.push("nothing; it grants what was meant".to_owned());
        finding.fixes.push(fix);
    }
    report.finding(finding);
}

#[cfg(test)]
mod tests {
    use crate::testing::{messages, of_rule};

    const ID: &str = "rbac/wrong-group";

    #[test]
    fn hits() {
        let core = of_rule(ID, "{apiGroups: [''], resources: [deployments], verbs: [get]}");
        assert_eq!(messages(&core), ["the core group has no deployments: it is in apps"]);
        assert_eq!(core.findings[0].fixes[0].edits.len(), 1);
        assert_eq!(of_rule(ID, "{apiGroups: [extensions], resources: [ingresses], verbs: [get]}").findings.len(), 1);
        assert_eq!(of_rule(ID, "{apiGroups: [apps], resources: [widgets], verbs: [get]}").findings.len(), 1);
    }

    #[test]
    fn one_of_several_groups_is_enough_and_customs_are_not_judged() {
        let several = "{apiGroups: ['', apps, batch], resources: [pods, deployments, jobs], verbs: [get]}";
        assert!(of_rule(ID, several).findings.is_empty());
        let custom = "{apiGroups: [example.test], resources: [widgets], verbs: [get]}";
        assert!(of_rule(ID, custom).findings.is_empty());
        assert!(of_rule(ID, "{apiGroups: [''], resources: ['*'], verbs: [get]}").findings.is_empty());
    }
}
