//! `list` and `watch` limited to names.

use super::rules::{self, and, with_verbs};
use crate::{Check, Report, Run, Whole};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "rbac/name-limited-list",
        title: "List limited to names works only with a selector",
        severity: Severity::Low,
        controls: &[],
        explain: "A list carries a name only when it is asked with `--field-selector metadata.name=NAME`; what \
                  `kubectl get` and every informer send is refused. People then add a list without names, which \
                  voids the limit. Use `get`, which carries the name.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    for rule in rules::each(whole) {
        let verbs = rule.verbs_among(&["list", "watch"]);
        // An empty name is what requests without one carry: it is no limit.
        let named = rule.words.resource_names.iter().any(|name| !name.is_empty());
        if !named || verbs.is_empty() || !rule.of_resources() {
            continue;
        }
        let message = format!(
            "{} of {} limited to {} passes only with --field-selector metadata.name=NAME; kubectl get and informers \
             are refused",
            and(&verbs),
            and(&rule.words.resources),
            and(&rule.words.resource_names),
        );
        let mut finding = rule.finding(&CHECK.rule, "/verbs", message);
        let mut rest: Vec<&str> =
            rule.words.verbs.iter().copied().filter(|verb| !["list", "watch"].contains(verb)).collect();
        if !rest.contains(&"get") {
            rest.insert(0, "get");
        }
        finding.fixes.push(rule.replace(with_verbs(&rule.words, &rest), "ask by name: get alone"));
        report.finding(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{messages, of_rule, rule_set, snapshot};

    const ID: &str = "rbac/name-limited-list";

    #[test]
    fn hit_and_the_edit_leaves_none() {
        let rule = "{apiGroups: [''], resources: [secrets], verbs: [get, list], resourceNames: [web-tls]}";
        let posture = of_rule(ID, rule);
        assert!(messages(&posture)[0].contains("metadata.name"));
        let (after, failed) = snapshot(&rule_set(rule)).with(&posture.findings[0].fixes[0].edits);
        assert_eq!(failed, [""; 0]);
        assert!(crate::run(&after).findings.iter().all(|f| f.rule.id != ID));
    }

    #[test]
    fn get_by_name_and_list_of_all_are_silent() {
        assert!(of_rule(ID, "{apiGroups: [''], resources: [secrets], verbs: [get], resourceNames: [a]}").findings.is_empty());
        assert!(of_rule(ID, "{apiGroups: [''], resources: [pods], verbs: [list]}").findings.is_empty());
    }

    #[test]
    fn the_empty_name_is_a_plain_list() {
        let rule = "{apiGroups: [''], resources: [pods], verbs: [list], resourceNames: ['']}";
        assert!(of_rule(ID, rule).findings.is_empty());
    }
}
