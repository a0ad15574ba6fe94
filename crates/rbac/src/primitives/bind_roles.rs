//! `bind`: giving oneself a role without holding its rights.

use super::{Effect, Held, Primitive, Way, held};
use crate::{GROUP, RoleView};
use model::Capability;

pub(crate) static PRIMITIVE: Primitive = Primitive {
    id: "bind-roles",
    title: "bind any role to oneself",
    gives: "every right of the roles it may bind, cluster-admin among them",
    rights: &[
        "bind rbac.authorization.k8s.io/clusterroles",
        "create|update|patch rbac.authorization.k8s.io/clusterrolebindings",
    ],
    ways: &[
        Way { effect: Effect::ClusterOnly, parts: &[bind_cluster_role, write_cluster_binding] },
        Way { effect: Effect::Anywhere, parts: &[bind_cluster_role, write_binding] },
        Way { effect: Effect::Anywhere, parts: &[bind_role, write_binding] },
    ],
};

const WRITE: &[&str] = &["create", "update", "patch"];

/// Binding named roles is harmless where each of them is known and holds nothing an attacker wants.
fn bind_cluster_role(role: &RoleView<'_>) -> Option<Held> {
    let names = role.names("bind", GROUP, "clusterroles")?;
    let wanted = names.any() || names.only.iter().any(|name| worth_binding(role, name));
    wanted.then(|| held(Capability::Escalate)(names))
}

fn worth_binding(role: &RoleView<'_>, name: &str) -> bool {
    role.rbac().role("", name).is_some_and(|named| role.rbac().worth_having(named))
}

fn bind_role(role: &RoleView<'_>) -> Option<Held> {
    role.any("bind", GROUP, "roles").map(held(Capability::Escalate))
}

fn write_cluster_binding(role: &RoleView<'_>) -> Option<Held> {
    role.any_of(WRITE, GROUP, "clusterrolebindings").map(held(Capability::Escalate))
}

fn write_binding(role: &RoleView<'_>) -> Option<Held> {
    role.any_of(WRITE, GROUP, "rolebindings").map(held(Capability::Escalate))
}

#[cfg(test)]
mod tests {
    use crate::testing::held_by_rules as held;
    use model::Capability::Escalate;

    const WRITE: &str = "{apiGroups: [rbac.authorization.k8s.io], resources: [clusterrolebindings], verbs: [create]}";

    fn bind(rest: &str) -> String {
        format!("{{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [bind]{rest}}}, {WRITE}")
    }

    #[test]
    fn any_role_or_cluster_admin_by_name() {
        assert!(held(&bind("")).contains(&Escalate));
        assert!(held(&bind(", resourceNames: [cluster-admin]")).contains(&Escalate));
    }

    #[test]
    fn writing_bindings_alone_gives_only_what_one_has() {
        assert!(!held(WRITE).contains(&Escalate));
    }

    #[test]
    fn the_server_never_asks_for_bind_on_bindings() {
        let rule = "{apiGroups: [rbac.authorization.k8s.io], resources: [clusterrolebindings], verbs: [bind, create]}";
        assert!(!held(rule).contains(&Escalate));
    }

    #[test]
    fn a_harmless_role_by_name_is_no_escalation() {
        assert!(!held(&bind(", resourceNames: [system:discovery]")).contains(&Escalate));
    }
}
