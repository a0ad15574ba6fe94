//! `list` or `watch` of Secrets without `get`, as if it were harmless.

use super::rules;
use crate::{Check, Report, Run, Whole};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "rbac/list-is-read",
        title: "Listing Secrets is reading them",
        severity: Severity::Medium,
        controls: &["CIS 5.1.2", "AVD-KSV-0041"],
        explain: "Leaving out `get` protects nothing: `list` and `watch` return every Secret with its contents.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    for rule in rules::each(whole) {
        let core = rule.words.api_groups.iter().any(|group| matches!(*group, "" | "*"));
        let lists = rule.verbs_among(&["list", "watch"]);
        let secrets = rule.words.resources.contains(&"secrets") && rule.words.resource_names.is_empty();
        if !(core && secrets) || lists.is_empty() || !rule.verbs_among(&["get", "*"]).is_empty() {
            continue;
        }
        // Where get is limited to names, the limit's own check says it.
        let named = |words: &::rbac::Words<'_>| words.resources.contains(&"secrets") && !words.resource_names.is_empty();
        if whole.rbac.own_rules(rule.role).any(|(_, words)| named(&words)) {
            continue;
        }
        let message = format!("{} of secrets returns their contents, with or without get", rules::and(&lists));
        report.finding(rule.finding(&CHECK.rule, "/verbs", message));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::of_rule;

    #[test]
    fn list_alone() {
        let rule = "{apiGroups: [''], resources: [secrets], verbs: [watch]}";
        assert_eq!(of_rule("rbac/list-is-read", rule).findings.len(), 1);
    }

    #[test]
    fn with_get_it_says_what_it_does() {
        let rule = "{apiGroups: [''], resources: [secrets], verbs: [get, list]}";
        assert!(of_rule("rbac/list-is-read", rule).findings.is_empty());
        let other = "{apiGroups: [example.test], resources: [secrets], verbs: [list]}";
        assert!(of_rule("rbac/list-is-read", other).findings.is_empty());
    }
}
