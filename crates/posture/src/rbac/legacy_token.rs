//! Secrets that hold a lasting token of an account.

use crate::{Check, Report, Run, Whole};
use model::{Edit, Finding, Fix, Grain, Identity, Rule, Severity, Target};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "rbac/legacy-token",
        title: "Secret holds a token that never expires",
        severity: Severity::Medium,
        controls: &["CIS 3.1.2", "T1528"],
        explain: "A Secret of type `kubernetes.io/service-account-token` is a password for the account: it has no \
                  end, and whoever reads Secrets here has it. Use `kubectl create token` or a projected token, \
                  which expire.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    for secret in whole.snapshot.of("", "Secret") {
        let json = secret.json();
        let account = json.at(&["metadata", "annotations", "kubernetes.io/service-account.name"]).text();
        // A live Secret is read without its values and without its type; then the account it names tells.
        let (told, pointer) = match json.get("type").text() {
            "" => (!account.is_empty(), "/metadata/annotations/kubernetes.io~1service-account.name"),
            kind => (kind == "kubernetes.io/service-account-token", "/type"),
        };
        if !told {
            continue;
        }
        let who = Identity::account(&secret.reference.namespace, account);
        let message = format!("it is a lasting token of {who}");
        let target = Target::Resource(secret.reference.clone());
        let mut finding = Finding::new(&CHECK.rule, target, secret.evidence(pointer), message);
        if !whole.rbac.is_bound(&who) {
            finding.severity = Severity::Low;
        }
        finding.fixes.push(Fix {
            key: format!("delete {}", secret.reference),
            title: format!("delete {}", secret.reference),
            grain: Grain::Object,
            effort: 1,
            breaks: vec!["whatever uses this token".to_owned()],
            edits: vec![Edit::Delete { resource: secret.reference.clone() }],
        });
        report.finding(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{messages, run};

    #[test]
    fn hit() {
        let set = "{apiVersion: v1, kind: Secret, metadata: {name: t, namespace: ops, annotations: \
                   {kubernetes.io/service-account.name: ci}}, type: kubernetes.io/service-account-token}";
        let posture = run("rbac/legacy-token", set);
        assert_eq!(messages(&posture), ["it is a lasting token of ServiceAccount ops/ci"]);
    }

    #[test]
    fn other_types_are_silent() {
        for rest in ["type: Opaque", "data: {a: eA==}"] {
            let set = format!("{{apiVersion: v1, kind: Secret, metadata: {{name: t}}, {rest}}}");
            assert!(run("rbac/legacy-token", &set).findings.is_empty(), "{rest}");
        }
    }

    #[test]
    fn metadata_alone_tells() {
        let set = "{apiVersion: v1, kind: Secret, metadata: {name: t, namespace: ops, annotations: \
                   {kubernetes.io/service-account.name: ci}}}";
        assert_eq!(messages(&run("rbac/legacy-token", set)), ["it is a lasting token of ServiceAccount ops/ci"]);
    }
}
