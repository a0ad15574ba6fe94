//! `*` in rules.

use super::rules::{self, and};
use crate::{Check, Report, Run, Whole, report};
use model::{Grain, Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "rbac/wildcards",
        title: "Rule grants by wildcard",
        severity: Severity::Medium,
        controls: &["CIS 5.1.3", "AVD-KSV-0044", "AVD-KSV-0045", "AVD-KSV-0046"],
        explain: "`*` grants what exists today and what is added tomorrow: verbs include escalate, bind and \
                  impersonate; resources include subresources such as pods/exec and kinds of operators not yet \
                  installed. Write the groups, resources and verbs that are used.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    for rule in rules::each(whole) {
        let star = |list: &[&str]| list.contains(&"*");
        let words = &rule.words;
        let (verbs, groups, resources) = (star(&words.verbs), star(&words.api_groups), star(&words.resources));
        let urls = words.non_resource_urls.contains(&"*");
        if !(verbs || groups || resources) {
            continue;
        }
        // Paths by wildcard beside everything else add nothing to say.
        if urls && words.resources.is_empty() {
            continue;
        }
        let mut what = Vec::new();
        what.extend(verbs.then_some("verbs (escalate, bind and impersonate among them)"));
        let all = if core(words) { "resources (subresources and secrets among them)" } else { "resources" };
        what.extend(resources.then_some(all));
        what.extend(groups.then_some("API groups"));
        let message = format!("wildcard for {}", and(&what));
        let mut finding = rule.finding(&CHECK.rule, "", message);
        finding.severity = match (verbs, groups, resources) {
            (true, true, true) => Severity::High,
            (true, false, false) if !words.resource_names.is_empty() => Severity::Low,
            (false, _, _) if words.verbs.iter().all(|v| ["get", "list", "watch"].contains(v)) && !core(words) => {
                Severity::Low
            }
            _ => Severity::Medium,
        };
        let title = "write instead the groups, resources and verbs it uses, for instance \
                     {apiGroups: [apps], resources: [deployments], verbs: [get, list, watch]}";
        let key = format!("{} wildcards", rule.role.reference);
        finding.fixes.push(report::by_hand(key, Grain::Object, 2, title));
        report.finding(finding);
    }
}

/// Whether the rule reaches Secrets.
fn core(words: &::rbac::Words<'_>) -> bool {
    words.api_groups.contains(&"") || words.api_groups.contains(&"*")
}

#[cfg(test)]
mod tests {
    use crate::testing::{of_rule, run};
    use model::Severity;

    fn severity(rule: &str) -> Option<Severity> {
        of_rule("rbac/wildcards", rule).findings.first().map(|f| f.severity)
    }

    #[test]
    fn as_bad_as_what_it_reaches() {
        assert_eq!(severity("{apiGroups: ['*'], resources: ['*'], verbs: ['*']}"), Some(Severity::High));
        assert_eq!(severity("{apiGroups: [''], resources: [pods], verbs: ['*']}"), Some(Severity::Medium));
        assert_eq!(severity("{apiGroups: [''], resources: ['*'], verbs: [get]}"), Some(Severity::Medium));
        assert_eq!(severity("{apiGroups: [apps], resources: ['*'], verbs: [get, list]}"), Some(Severity::Low));
    }

    #[test]
    fn words_are_silent_and_so_are_defaults() {
        assert_eq!(severity("{apiGroups: [apps], resources: [deployments], verbs: [get]}"), None);
        assert_eq!(severity("{nonResourceURLs: ['*'], verbs: [get]}"), None);
        assert!(run("rbac/wildcards", "").findings.is_empty());
    }
}
