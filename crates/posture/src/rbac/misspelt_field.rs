//! Fields of a rule that are misspelt, and so not there.

use crate::{Check, Report, Run, Whole, report};
use ::rbac::GROUP;
use model::{Edit, Finding, Grain, Rule, Severity, Target};
use serde_json::Value;

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "rbac/misspelt-field",
        title: "Field of a rule is misspelt and dropped",
        severity: Severity::High,
        controls: &[],
        explain: "Without strict validation the server drops fields it does not know: `resourcenames` leaves the rule \
                  without any limit to names. Write `resourceNames`.",
    },
    run: Run::Whole(run),
};

const FIELDS: &[&str] = &["apiGroups", "nonResourceURLs", "resourceNames", "resources", "verbs"];

fn run(whole: &Whole<'_>, report: &mut Report) {
    for role in ["ClusterRole", "Role"].into_iter().flat_map(|kind| whole.snapshot.of(GROUP, kind)) {
        let json = role.json();
        for (place, rule) in json.get("rules").items().iter().enumerate() {
            for (field, value) in rule.fields() {
                let Some(meant) = meant(field) else { continue };
                let pointer = format!("/rules/{place}/{field}");
                let message = format!("{} is no field of a rule; {meant} is", model::escape(field));
                let target = Target::Resource(role.reference.clone());
                let mut finding = Finding::new(&CHECK.rule, target, role.evidence(pointer.clone()), message);
                finding.instance = Some(format!("{field}:{}", value.strings().collect::<Vec<_>>().join(",")));
                if meant != "resourceNames" {
                    finding.severity = Severity::Medium;
                }
                let value: Value = value.strings().collect();
                let set = format!("/rules/{place}/{meant}");
                let mut fix = report::set(&role.reference, set, value, format!("write {meant}"));
                fix.grain = Grain::Field;
                fix.edits.push(Edit::Remove { resource: role.reference.clone(), pointer });
                finding.fixes.push(fix);
                report.finding(finding);
            }
        }
    }
}

/// The field that was meant, if this is none. The server's decoder does not mind case in every release; a reader
/// must not have to know.
fn meant(field: &str) -> Option<&'static str> {
    if FIELDS.contains(&field) {
        return None;
    }
    let plain = |text: &str| text.to_ascii_lowercase().trim_end_matches('s').to_owned();
    FIELDS.iter().copied().find(|known| plain(known) == plain(field))
}

#[cfg(test)]
mod tests {
    use crate::testing::{messages, of_rule, rule_set, snapshot};

    #[test]
    fn hit_and_the_edit_leaves_none() {
        let rule = "{apiGroups: [''], resources: [secrets], verbs: [get], resourcenames: [a]}";
        let posture = of_rule("rbac/misspelt-field", rule);
        assert_eq!(messages(&posture), ["resourcenames is no field of a rule; resourceNames is"]);
        let (after, failed) = snapshot(&rule_set(rule)).with(&posture.findings[0].fixes[0].edits);
        assert_eq!(failed, [""; 0]);
        assert!(crate::run(&after).findings.iter().all(|f| f.rule.id != "rbac/misspelt-field"));
    }

    #[test]
    fn miss() {
        let rule = "{apiGroups: [''], resources: [secrets], verbs: [get], resourceNames: [a], note: x}";
        assert!(of_rule("rbac/misspelt-field", rule).findings.is_empty());
    }
}
