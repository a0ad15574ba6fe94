//! ConfigMaps that the cluster itself obeys.

use super::{Effect, Held, Primitive, Way, other};
use crate::RoleView;

pub(crate) static PRIMITIVE: Primitive = Primitive {
    id: "write-config",
    title: "change the cluster's own configuration",
    gives: "admin through aws-auth, names through coredns, trust through cluster-info",
    rights: &["update|patch configmaps in kube-system or kube-public"],
    ways: &[Way { effect: Effect::In(&["kube-system", "kube-public"]), parts: &[write] }],
};

/// ConfigMaps whose content decides who is who or who is where.
const OBEYED: &[&str] = &[
    "aws-auth",
    "coredns",
    "kubeadm-config",
    "kubelet-config",
    "kube-proxy",
    "extension-apiserver-authentication",
    "cluster-info",
];

fn write(role: &RoleView<'_>) -> Option<Held> {
    let names = role.widest(&["update", "patch"], "", "configmaps")?;
    OBEYED.iter().any(|name| names.has(name)).then(|| other("write-config")(names))
}

#[cfg(test)]
mod tests {
    use crate::testing::held_by_rules as held;
    use model::Capability::Other;

    #[test]
    fn any_or_one_that_is_obeyed() {
        let rule = |rest: &str| format!("{{apiGroups: [''], resources: [configmaps], verbs: [update]{rest}}}");
        assert_eq!(held(&rule("")), [Other("write-config".into())]);
        assert_eq!(held(&rule(", resourceNames: [aws-auth]")), [Other("write-config".into())]);
        assert!(held(&rule(", resourceNames: [my-leader]")).is_empty());
    }
}
