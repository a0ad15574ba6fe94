//! Privileged containers.

use crate::{Check, Level, Pod, Version, Violation};

pub(crate) static CHECK: Check = Check {
    id: "privileged",
    control: "Privileged Containers",
    level: Level::Baseline,
    title: "privileged containers are forbidden",
    versions: &[Version::new(0, run)],
};

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    for container in pod.containers().filter(|container| container.privileged()) {
        found.push(CHECK.container(&container, "/securityContext/privileged", "true", "is privileged"));
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
