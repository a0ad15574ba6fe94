//! Changing what existing pods run.

use super::{CONTROLLERS, Effect, Held, Primitive, Way, held};
use crate::RoleView;
use model::Capability;

pub(crate) static PRIMITIVE: Primitive = Primitive {
    id: "patch-workloads",
    title: "change what workloads run",
    gives: "code in those workloads: their accounts, their Secrets, their network",
    rights: &["update|patch pods", "update|patch apps/deployments (or any controller of pods)"],
    ways: &[Way { effect: Effect::Anywhere, parts: &[change] }],
};

const WRITE: &[&str] = &["patch", "update"];

fn change(role: &RoleView<'_>) -> Option<Held> {
    let controllers = CONTROLLERS.iter().find_map(|(group, resource)| role.widest(WRITE, group, resource));
    controllers.or_else(|| role.widest(WRITE, "", "pods")).map(held(Capability::PatchWorkloads))
}

#[cfg(test)]
mod tests {
    use crate::testing::held_by_rules as held;
    use model::Capability::PatchWorkloads;

    #[test]
    fn pods_and_controllers() {
        assert!(held("{apiGroups: [''], resources: [pods], verbs: [patch]}").contains(&PatchWorkloads));
        assert!(held("{apiGroups: [apps], resources: [daemonsets], verbs: [update]}").contains(&PatchWorkloads));
    }

    #[test]
    fn in_the_wrong_group_it_means_nothing() {
        assert!(held("{apiGroups: [''], resources: [deployments], verbs: [patch]}").is_empty());
    }

    #[test]
    fn status_is_not_the_template() {
        assert!(held("{apiGroups: [apps], resources: [deployments/status], verbs: [patch]}").is_empty());
    }
}
