//! Verbs no request has.

use super::rules;
use crate::{Check, Report, Run, Whole};
use ::rbac::catalogue::{METHODS, VERBS, known_group};
use model::{Confidence, Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "rbac/unknown-verb",
        title: "No request has this verb",
        severity: Severity::Low,
        controls: &[],
        explain: "Verbs are lower case words of the API (`get`, `list`, `create`, …), for paths the HTTP method in \
                  lower case. `GET`, `read` or `view` match nothing, and the rule grants less than it says.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    for rule in rules::each(whole) {
        let known = if rule.of_resources() { VERBS } else { METHODS };
        // Operators may ask for verbs of their own on kinds of their own.
        let ours = !rule.of_resources() || rule.words.api_groups.iter().all(|group| known_group(group));
        let odd = |verb: &&str| !known.contains(verb) && !verb.contains(':');
        let unknown: Vec<&str> = rule.words.verbs.iter().copied().filter(odd).collect();
        let upper = unknown.iter().any(|verb| known.contains(&&*verb.to_ascii_lowercase()));
        if unknown.is_empty() || !(ours || upper) {
            continue;
        }
        let message = format!("{} matches no request", rules::and(&unknown));
        let mut finding = rule.finding(&CHECK.rule, "/verbs", message);
        if !upper {
            finding.confidence = Confidence::Assumed;
        }
        report.finding(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::of_rule;

    #[test]
    fn hits() {
        for verbs in ["[GET]", "[read]", "[get, view]"] {
            let rule = format!("{{apiGroups: [''], resources: [pods], verbs: {verbs}}}");
            assert_eq!(of_rule("rbac/unknown-verb", &rule).findings.len(), 1, "{verbs}");
        }
        assert_eq!(of_rule("rbac/unknown-verb", "{nonResourceURLs: [/x], verbs: [list]}").findings.len(), 1);
    }

    #[test]
    fn misses() {
        let rule = "{apiGroups: [''], resources: [pods], verbs: [get, deletecollection]}";
        assert!(of_rule("rbac/unknown-verb", rule).findings.is_empty());
        assert!(of_rule("rbac/unknown-verb", "{nonResourceURLs: [/x], verbs: [head]}").findings.is_empty());
        let custom = "{apiGroups: [example.test], resources: [things], verbs: [promote]}";
        assert!(of_rule("rbac/unknown-verb", custom).findings.is_empty());
    }
}
