//! Probes and lifecycle handlers that reach another host.

use crate::{Check, Level, Pod, Violation};

pub(crate) static CHECK: Check = Check {
    id: "hostProbesAndHostLifecycle",
    level: Level::Baseline,
    title: "probes and lifecycle handlers must not name a host",
    versions: &[(34, run)],
    replaces: None,
};

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    for container in pod.containers() {
        for path in [
            ["livenessProbe", ""],
            ["readinessProbe", ""],
            ["startupProbe", ""],
            ["lifecycle", "postStart"],
            ["lifecycle", "preStop"],
        ] {
            let path: Vec<&str> = path.into_iter().filter(|part| !part.is_empty()).collect();
            for handler in ["httpGet", "tcpSocket"] {
                if !container.json.at(&path).at(&[handler, "host"]).text().is_empty() {
                    let at = container.pointer(&format!("/{}/{handler}/host", path.join("/")));
                    let message = format!("container {} names a host to reach", model::escape(container.name()));
                    found.push(CHECK.violation(at, message));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    #[test]
    fn hit() {
        let found = found("hostProbesAndHostLifecycle", r#"{"containers":[{"name":"a","livenessProbe":{"httpGet":{"host":"10.0.0.1"}},"lifecycle":{"preStop":{"tcpSocket":{"host":"x"}}}}]}"#);
        assert_eq!(found, ["/spec/containers/0/livenessProbe/httpGet/host", "/spec/containers/0/lifecycle/preStop/tcpSocket/host"]);
    }

    #[test]
    fn miss() {
        let found = found("hostProbesAndHostLifecycle", r#"{"containers":[{"name":"a","livenessProbe":{"httpGet":{"host":"","path":"/"}}}]}"#);
        assert_eq!(found, [""; 0]);
    }
    #[test]
    fn it_begins_with_1_34() {
        let spec = r#"{"containers":[{"name":"a","livenessProbe":{"httpGet":{"host":"x"}}}]}"#;
        let at = |minor| crate::testing::at("hostProbesAndHostLifecycle", crate::Level::Baseline, Some(minor), spec);
        assert_eq!((at(33).len(), at(34).len()), (0, 1));
    }
}
