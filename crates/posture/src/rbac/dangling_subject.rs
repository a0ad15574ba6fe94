//! Subjects that do not exist, or that can never match.

use super::rules::who;
use crate::{Check, Report, Run, Whole};
use model::{Confidence, Evidence, Finding, Identity, Rule, Severity, Target};
use std::collections::BTreeSet;

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "rbac/dangling-subject",
        title: "Binding names an account that does not exist",
        severity: Severity::Low,
        controls: &[],
        explain: "Whoever may create an account of that name in that namespace takes over the rights. Delete the \
                  subject, or create the account. A ClusterRoleBinding's account without a namespace matches nobody, \
                  and a server refuses it.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    if whole.unread("serviceaccounts") {
        return;
    }
    let live = whole.snapshot.server_version.is_some();
    // The accounts of a namespace were read, or are among the manifests, when one of them is there.
    let accounts = whole.snapshot.of("", "ServiceAccount").iter();
    let known: BTreeSet<&str> = accounts.map(|account| &*account.reference.namespace).collect();
    let namespaces: BTreeSet<&str> =
        whole.snapshot.of("", "Namespace").iter().map(|namespace| &*namespace.reference.name).collect();
    // On a server every namespace is listed, so one that is not does not exist.
    let gone = |namespace: &str| live && !namespaces.is_empty() && !namespaces.contains(namespace);
    for binding in whole.rbac.bindings().iter().filter(|binding| !binding.default) {
        for identity in whole.rbac.subjects_of(binding) {
            let Identity::ServiceAccount { namespace, name } = &identity else { continue };
            if &**name == "default" || exists(whole, namespace, name) || !(known.contains(&**namespace) || gone(namespace)) {
                continue;
            }
            let message = format!("{} does not exist: whoever creates it holds {}", who(&identity), binding.role_ref);
            let mut finding = finding(binding, &identity, message);
            let gives = whole.rbac.capabilities(&binding.role_ref, Some(namespace));
            if !gives.is_empty() {
                finding.severity = Severity::Medium;
            }
            if !live {
                finding.confidence = Confidence::Assumed;
            }
            report.finding(finding);
        }
        for identity in whole.rbac.nobody_in(binding) {
            let message = format!("{} has no namespace or no known kind: it matches nobody", model::escape(&identity.to_string()));
            report.finding(finding(binding, &identity, message));
        }
    }
}

fn finding(binding: &::rbac::Binding, identity: &Identity, message: String) -> Finding {
    let evidence = Evidence::field(&binding.reference, &binding.origin, "/subjects");
    let target = Target::Resource(binding.reference.clone());
    let mut finding = Finding::new(&CHECK.rule, target, evidence, message);
    finding.instance = Some(identity.to_string());
    finding
}

fn exists(whole: &Whole<'_>, namespace: &str, name: &str) -> bool {
    whole.snapshot.find("", "ServiceAccount", namespace, name).is_some()
}


#[cfg(test)]
mod tests {
    use crate::testing::run;

    fn found(subject: &str, rest: &str) -> usize {
        let set = format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {{name: b}}, roleRef: \
             {{kind: ClusterRole, name: view}}, subjects: [{subject}]}}{rest}"
        );
        run("rbac/dangling-subject", &set).findings.len()
    }

    const ACCOUNT: &str = "\n---\n{apiVersion: v1, kind: ServiceAccount, metadata: {name: web, namespace: shop}}";

    #[test]
    fn an_account_missing_among_others() {
        assert_eq!(found("{kind: ServiceAccount, name: gone, namespace: shop}", ACCOUNT), 1);
        assert_eq!(found("{kind: ServiceAccount, name: web, namespace: shop}", ACCOUNT), 0);
        assert_eq!(found("{kind: ServiceAccount, name: default, namespace: shop}", ACCOUNT), 0);
    }

    #[test]
    fn manifests_without_accounts_prove_nothing() {
        assert_eq!(found("{kind: ServiceAccount, name: gone, namespace: shop}", ""), 0);
    }

    #[test]
    fn nobody_is_told() {
        assert_eq!(found("{kind: ServiceAccount, name: web}", ""), 1);
    }
}
