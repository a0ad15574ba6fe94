//! `pods/*`, which matches nothing.

use super::rules;
use crate::{Check, Report, Run, Whole};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "rbac/slash-star",
        title: "Star after the slash is no wildcard",
        severity: Severity::Low,
        controls: &[],
        explain: "`pods/*` means nothing in RBAC (it does in audit policies). `*/exec` is one subresource of every \
                  resource, `*` is everything with subresources. Name the subresources that are needed.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    for rule in rules::each(whole) {
        let void: Vec<&str> = rule.words.resources.iter().copied().filter(|r| r.ends_with("/*")).collect();
        if !void.is_empty() {
            let message = format!("{} matches nothing: name each subresource", rules::and(&void));
            report.finding(rule.finding(&CHECK.rule, "/resources", message));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::of_rule;

    #[test]
    fn hit_and_miss() {
        let rule = |r: &str| format!("{{apiGroups: [''], resources: ['{r}'], verbs: [get]}}");
        assert_eq!(of_rule("rbac/slash-star", &rule("pods/*")).findings.len(), 1);
        assert_eq!(of_rule("rbac/slash-star", &rule("*/*")).findings.len(), 1);
        assert!(of_rule("rbac/slash-star", &rule("*/exec")).findings.is_empty());
        assert!(of_rule("rbac/slash-star", &rule("*")).findings.is_empty());
    }
}
