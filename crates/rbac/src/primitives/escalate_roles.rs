//! `escalate`: writing rights into a role that one does not hold.

use super::{Effect, Held, Primitive, Way, held};
use crate::{GROUP, RoleView};
use model::Capability;

pub(crate) static PRIMITIVE: Primitive = Primitive {
    id: "escalate-roles",
    title: "write any right into a role",
    gives: "any right: the role it is bound to, or one that aggregates into it, is rewritten",
    rights: &[
        "escalate rbac.authorization.k8s.io/clusterroles",
        "create|update|patch rbac.authorization.k8s.io/clusterroles",
    ],
    ways: &[
        Way { effect: Effect::ClusterOnly, parts: &[escalate_cluster_roles, write_cluster_roles] },
        Way { effect: Effect::Anywhere, parts: &[escalate_roles, write_roles] },
    ],
};

const WRITE: &[&str] = &["update", "patch", "create"];

fn escalate_cluster_roles(role: &RoleView<'_>) -> Option<Held> {
    role.names("escalate", GROUP, "clusterroles").map(held(Capability::Escalate))
}

fn write_cluster_roles(role: &RoleView<'_>) -> Option<Held> {
    role.widest(WRITE, GROUP, "clusterroles").map(held(Capability::Escalate))
}

fn escalate_roles(role: &RoleView<'_>) -> Option<Held> {
    role.names("escalate", GROUP, "roles").map(held(Capability::Escalate))
}

fn write_roles(role: &RoleView<'_>) -> Option<Held> {
    role.widest(WRITE, GROUP, "roles").map(held(Capability::Escalate))
}

#[cfg(test)]
mod tests {
    use crate::testing::held_by_rules as held;
    use model::Capability::Escalate;

    #[test]
    fn explicit_or_by_star() {
        for verbs in ["[escalate, update]", "['*']"] {
            let rule =
                format!("{{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: {verbs}}}");
            assert!(held(&rule).contains(&Escalate), "{verbs}");
        }
    }

    #[test]
    fn writing_roles_without_it_gives_only_what_one_has() {
        let rule = "{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [create, update]}";
        assert!(!held(rule).contains(&Escalate));
    }
}
