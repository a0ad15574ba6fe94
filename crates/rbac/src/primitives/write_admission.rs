//! Changing admission control: webhooks and policies.

use super::{ADMISSION, Effect, Held, Primitive, Way, held};
use crate::RoleView;
use model::Capability;

pub(crate) static PRIMITIVE: Primitive = Primitive {
    id: "write-admission",
    title: "change admission control",
    gives: "every object on its way in, Secrets included, and the end of any policy that is enforced",
    rights: &[
        "create|update|patch|delete admissionregistration.k8s.io/validatingwebhookconfigurations, \
         mutatingwebhookconfigurations, validatingadmissionpolicies(bindings), mutatingadmissionpolicies(bindings)",
    ],
    ways: &[Way { effect: Effect::ClusterOnly, parts: &[write] }],
};

/// Kinds through which objects are seen or changed, or by whose removal enforcement ends.
const KINDS: &[&str] = &[
    "mutatingwebhookconfigurations",
    "validatingwebhookconfigurations",
    "mutatingadmissionpolicies",
    "mutatingadmissionpolicybindings",
    "validatingadmissionpolicies",
    "validatingadmissionpolicybindings",
];

fn write(role: &RoleView<'_>) -> Option<Held> {
    let verbs = &["create", "update", "patch", "delete", "deletecollection"];
    let any = KINDS.iter().find_map(|kind| role.any_of(verbs, ADMISSION, kind));
    any.map(held(Capability::WriteAdmission))
}

#[cfg(test)]
mod tests {
    use crate::testing::held_by_rules as held;
    use model::Capability::WriteAdmission;

    #[test]
    fn webhooks_and_policies() {
        for resource in ["mutatingwebhookconfigurations", "validatingadmissionpolicybindings"] {
            let rule = format!(
                "{{apiGroups: [admissionregistration.k8s.io], resources: [{resource}], verbs: [update]}}"
            );
            assert!(held(&rule).contains(&WriteAdmission), "{resource}");
        }
    }

    #[test]
    fn an_operator_that_keeps_its_own_webhook_is_not() {
        let rule = "{apiGroups: [admissionregistration.k8s.io], resources: [validatingwebhookconfigurations], \
                     resourceNames: [mine], verbs: [update, patch]}";
        assert!(held(rule).is_empty());
    }
}
