//! `*` among `resourceNames`.

use super::rules::{self, manifest};
use crate::{Check, Report, Run, Whole};
use ::rbac::Words;
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "rbac/star-name",
        title: "Star among resourceNames is the name of an object",
        severity: Severity::Low,
        controls: &[],
        explain: "`resourceNames` knows no wildcard: `*` matches an object called `*`, which cannot exist. For every \
                  name leave the field out.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    for rule in rules::each(whole) {
        // Constrained impersonation does ask for the name `*`.
        let asked = rule.words.verbs.iter().any(|verb| verb.contains(':'));
        let stars: Vec<&str> = rule.words.resource_names.iter().copied().filter(|n| n.ends_with('*')).collect();
        let signers = rule.words.resources.contains(&"signers");
        if stars.is_empty() || asked || signers {
            continue;
        }
        let message = format!("resourceNames knows no wildcard: {} is taken for a name", rules::and(&stars));
        let mut finding = rule.finding(&CHECK.rule, "/resourceNames", message);
        if rule.words.resource_names == ["*"] {
            let value = manifest(&Words { resource_names: Vec::new(), ..rule.words.clone() });
            let mut fix = rule.replace(value, "leave resourceNames out, if every name is meant");
            fix.breaks.push("nothing; it grants more than today".to_owned());
            finding.fixes.push(fix);
        }
        report.finding(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::of_rule;

    #[test]
    fn hit() {
        let rule = "{apiGroups: [''], resources: [configmaps], verbs: [get], resourceNames: ['*']}";
        assert_eq!(of_rule("rbac/star-name", rule).findings.len(), 1);
        let prefix = "{apiGroups: [''], resources: [configmaps], verbs: [get], resourceNames: ['app-*']}";
        assert_eq!(of_rule("rbac/star-name", prefix).findings.len(), 1);
    }

    #[test]
    fn where_the_server_asks_for_it_it_is_silent() {
        let signer =
            "{apiGroups: [certificates.k8s.io], resources: [signers], verbs: [approve], resourceNames: ['a.test/*']}";
        assert!(of_rule("rbac/star-name", signer).findings.is_empty());
        let rule = "{apiGroups: [''], resources: [configmaps], verbs: [get], resourceNames: [a]}";
        assert!(of_rule("rbac/star-name", rule).findings.is_empty());
    }
}
