//! Capabilities must be dropped.

use crate::{Check, Level, Pod, Version, Violation};

pub(crate) static CHECK: Check = Check {
    id: "capabilities_restricted",
    control: "Capabilities",
    level: Level::Restricted,
    title: "all capabilities must be dropped, only NET_BIND_SERVICE may be added",
    versions: &[Version::overriding(22, run, &["capabilities_baseline"]), Version::overriding(25, unless_windows, &["capabilities_baseline"])],
};

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    for container in pod.containers() {
        let capabilities = container.security().get("capabilities");
        if !capabilities.get("drop").strings().any(|dropped| dropped == "ALL") {
            let field = "/securityContext/capabilities/drop";
            found.push(CHECK.container(&container, field, "", "does not drop all capabilities"));
        }
        for (index, added) in capabilities.get("add").items().iter().map(snapshot::Json::text).enumerate() {
            if added != "NET_BIND_SERVICE" {
                let field = format!("/securityContext/capabilities/add/{index}");
                let says = format!("adds the capability {}", model::escape(added));
                found.push(CHECK.container(&container, &field, added, &says));
            }
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
    use crate::Level;
    use crate::testing::{found, found_at};

    fn of(capabilities: &str) -> usize {
        let spec = format!(r#"{{"containers":[{{"name":"a","securityContext":{{"capabilities":{capabilities}}}}}]}}"#);
        found("capabilities_restricted", &spec).len()
    }

    #[test]
    fn added_and_not_dropped() {
        assert_eq!(of(r#"{"add":["CHOWN"]}"#), 2);
        assert_eq!(of(r#"{"drop":["all"]}"#), 1);
    }

    #[test]
    fn all_dropped_and_low_ports_pass() {
        assert_eq!(of(r#"{"drop":["NET_RAW","ALL"],"add":["NET_BIND_SERVICE"]}"#), 0);
    }

    #[test]
    fn windows_has_none_since_1_25_and_nobody_was_asked_before_1_22() {
        let spec = r#"{"os":{"name":"windows"},"containers":[{"name":"a"}]}"#;
        let count = |minor| found_at("capabilities_restricted", spec, Level::Restricted, Some(minor)).len();
        assert_eq!((count(21), count(24), count(25)), (0, 1, 0));
    }
}
