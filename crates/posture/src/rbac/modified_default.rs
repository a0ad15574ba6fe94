//! Defaults of the server that somebody widened.

use crate::{Check, Report, Run, Whole};
use ::rbac::defaults;
use model::{Evidence, Finding, Rule, Severity, Target};
use std::collections::BTreeSet;

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "rbac/modified-default",
        title: "Default role or binding of the server was widened",
        severity: Severity::High,
        controls: &["T1098"],
        explain: "Objects the server creates itself are trusted by name and looked at by nobody, which makes them a \
                  good place to hide a right. The server puts back what is taken away, but leaves what is added, \
                  unless the object says otherwise.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    let known: BTreeSet<_> = defaults::table().map(|default| default.reference).collect();
    let roles = whole.rbac.roles().iter().filter(|role| !role.default).map(|r| (&r.reference, &r.origin, "/rules"));
    let bindings =
        whole.rbac.bindings().iter().filter(|b| !b.default).map(|b| (&b.reference, &b.origin, "/subjects"));
    for (reference, origin, pointer) in roles.chain(bindings).filter(|(reference, ..)| known.contains(*reference)) {
        let message = match pointer {
            "/rules" => "it grants more than the server's default of any known version",
            _ => "it names other subjects or another role than the server's default",
        };
        let evidence = Evidence::field(reference, origin, pointer);
        report.finding(Finding::new(&CHECK.rule, Target::Resource(reference.clone()), evidence, message));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    fn found(verbs: &str) -> usize {
        let set = format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {{name: \
             'system:public-info-viewer'}}, rules: [{{nonResourceURLs: [/healthz, /version], verbs: {verbs}}}]}}"
        );
        run("rbac/modified-default", &set).findings.len()
    }

    #[test]
    fn more_is_found_less_is_not() {
        assert_eq!(found("[get, post]"), 1);
        assert_eq!(found("[get]"), 0);
    }

    #[test]
    fn a_name_like_a_default_is_none() {
        let set = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: 'system:extra'}, \
                   rules: []}";
        assert!(run("rbac/modified-default", set).findings.is_empty());
    }
}
