//! Privileged containers.

use crate::{Check, Level, Pod, Violation};

pub(crate) static CHECK: Check = Check {
    id: "privileged",
    level: Level::Baseline,
    title: "privileged containers are forbidden",
    versions: &[(0, run)],
    replaces: None,
};

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    for container in pod.containers().filter(|container| container.privileged()) {
        let message = format!("container {} is privileged", model::escape(container.name()));
        found.push(CHECK.violation(container.pointer("/securityContext/privileged"), message));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    #[test]
    fn hit_in_every_list() {
        for list in ["containers", "initContainers", "ephemeralContainers"] {
            let spec = format!(r#"{{"{list}":[{{"name":"a","securityContext":{{"privileged":true}}}}]}}"#);
            assert_eq!(found("privileged", &spec), [format!("/spec/{list}/0/securityContext/privileged")]);
        }
    }

    #[test]
    fn miss() {
        let spec = r#"{"containers":[{"name":"a","securityContext":{"privileged":false}},{"name":"b"}]}"#;
        assert!(found("privileged", spec).is_empty());
    }

    #[test]
    fn only_the_boolean_counts() {
        let spec = r#"{"containers":[{"name":"a","securityContext":{"privileged":"true"}}]}"#;
        assert!(found("privileged", spec).is_empty());
    }
}
