//! `create` and `deletecollection` limited to names.

use super::rules::{self, and, with_verbs};
use crate::{Check, Report, Run, Whole, report};
use model::{Grain, Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "rbac/name-limited-create",
        title: "Verb never carries the name it is limited to",
        severity: Severity::Low,
        controls: &[],
        explain: "A POST that creates an object carries no name, and deletecollection never does, not even with a \
                  selector: limited to names they are never allowed. Server-side apply (with `patch`) and PUT (with \
                  `update`, for kinds that may be created so) do carry the name and pass. Subresources carry it too.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    for rule in rules::each(whole) {
        if rule.words.resource_names.is_empty() {
            continue;
        }
        let objects: Vec<&str> = rule.words.resources.iter().copied().filter(|r| !r.contains('/')).collect();
        let mut dead = rule.verbs_among(&["deletecollection"]);
        let create = !objects.is_empty() && rule.words.verbs.contains(&"create");
        // On a subresource alone the name is carried.
        dead.retain(|_| !objects.is_empty());
        if !create && dead.is_empty() {
            continue;
        }
        let (patch, update) = (rule.words.verbs.contains(&"patch"), rule.words.verbs.contains(&"update"));
        let mut said: Vec<String> = Vec::new();
        if create {
            let way = match (patch, update) {
                (true, _) => "; server-side apply carries the name and does create them",
                (false, true) => "; a PUT carries the name and creates some kinds",
                (false, false) => "; server-side apply would, with patch",
            };
            said.push(format!("create of {} by POST carries no name and is never allowed{way}", and(&objects)));
        }
        if !dead.is_empty() {
            said.push("deletecollection never carries a name and is never allowed".to_owned());
        }
        let mut finding = rule.finding(&CHECK.rule, "/resourceNames", said.join("; "));
        let objects_alone = objects.len() == rule.words.resources.len();
        if objects_alone && !(create && (patch || update)) {
            let rest: Vec<&str> =
                rule.words.verbs.iter().copied().filter(|v| !["create", "deletecollection"].contains(v)).collect();
            if rest.is_empty() {
                let key = format!("{} dead rule", rule.role.reference);
                finding.fixes.push(report::by_hand(key, Grain::Field, 1, "take the rule out: it allows nothing"));
            } else {
                let value = with_verbs(&rule.words, &rest);
                finding.fixes.push(rule.replace(value, "leave out the verbs that never match"));
            }
        } else {
            let key = format!("{} create by name", rule.role.reference);
            let title = "grant create without names, in a Role of the one namespace where it is needed";
            finding.fixes.push(report::by_hand(key, Grain::Object, 2, title));
        }
        report.finding(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{messages, of_rule, rule_set, snapshot};

    const ID: &str = "rbac/name-limited-create";

    #[test]
    fn post_is_void_but_apply_is_not() {
        let rule = "{apiGroups: [apps], resources: [deployments], verbs: [create, patch], resourceNames: [web]}";
        let posture = of_rule(ID, rule);
        assert!(messages(&posture)[0].contains("POST"));
        assert!(messages(&posture)[0].contains("server-side apply carries the name"));
        assert!(posture.findings[0].fixes[0].edits.is_empty(), "taking create away would change what is allowed");
    }

    #[test]
    fn a_dead_verb_is_taken_out_by_an_edit() {
        let rule = "{apiGroups: [''], resources: [pods], verbs: [get, deletecollection], resourceNames: [web]}";
        let posture = of_rule(ID, rule);
        let (after, failed) = snapshot(&rule_set(rule)).with(&posture.findings[0].fixes[0].edits);
        assert_eq!(failed, [""; 0]);
        assert!(crate::run(&after).findings.iter().all(|f| f.rule.id != ID));
    }

    #[test]
    fn subresources_carry_the_name() {
        let rule = "{apiGroups: [''], resources: [pods/exec], verbs: [create], resourceNames: [web]}";
        assert!(of_rule(ID, rule).findings.is_empty());
    }
}
