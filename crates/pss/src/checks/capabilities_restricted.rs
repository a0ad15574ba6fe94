//! Capabilities that are kept.

use crate::{Check, Level, Pod, Violation};

pub(crate) static CHECK: Check = Check {
    id: "capabilities_restricted",
    level: Level::Restricted,
    title: "all capabilities must be dropped, and only NET_BIND_SERVICE added",
    versions: &[(22, run), (25, unless_windows)],
    replaces: Some("capabilities_baseline"),
};

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    for container in pod.containers() {
        let (name, capabilities) = (model::escape(container.name()), container.security().get("capabilities"));
        if !capabilities.get("drop").strings().any(|dropped| dropped == "ALL") {
            let at = container.pointer("/securityContext/capabilities/drop");
            found.push(CHECK.violation(at, format!("container {name} does not drop ALL capabilities")));
        }
        let added = capabilities.get("add").strings().enumerate();
        for (index, added) in added.filter(|(_, added)| *added != "NET_BIND_SERVICE") {
            let at = container.pointer(&format!("/securityContext/capabilities/add/{index}"));
            found.push(CHECK.violation(at, format!("container {name} adds the capability {}", model::escape(added))));
        }
    }
}

fn unless_windows(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    if !pod.windows() {
        run(pod, found);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    #[test]
    fn hit() {
        let found = found("capabilities_restricted", r#"{"containers":[{"name":"a"},{"name":"b","securityContext":{"capabilities":{"drop":["ALL"],"add":["NET_BIND_SERVICE","CHOWN"]}}}]}"#);
        assert_eq!(found, ["/spec/containers/0/securityContext/capabilities/drop", "/spec/containers/1/securityContext/capabilities/add/1"]);
    }

    #[test]
    fn miss() {
        let found = found("capabilities_restricted", r#"{"containers":[{"name":"a","securityContext":{"capabilities":{"drop":["ALL"],"add":["NET_BIND_SERVICE"]}}}]}"#);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn windows_has_none() {
        let found = found("capabilities_restricted", r#"{"os":{"name":"windows"},"containers":[{"name":"a"}]}"#);
        assert_eq!(found, [""; 0]);
    }
}
