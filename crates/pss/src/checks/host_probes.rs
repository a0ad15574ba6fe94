//! Probes and lifecycle hooks that make the kubelet call another host.

use crate::{Check, Level, Pod, Version, Violation};

pub(crate) static CHECK: Check = Check {
    id: "hostProbesAndHostLifecycle",
    control: "Host Probes / Lifecycle Hooks",
    level: Level::Baseline,
    title: "probes and hooks must not name a host",
    versions: &[Version::new(34, run)],
};

const HANDLERS: &[&[&str]] = &[
    &["livenessProbe"],
    &["readinessProbe"],
    &["startupProbe"],
    &["lifecycle", "postStart"],
    &["lifecycle", "preStop"],
];

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    for container in pod.containers() {
        for handler in HANDLERS {
            for how in ["httpGet", "tcpSocket"] {
                let host = container.json.at(handler).at(&[how, "host"]).text();
                if !host.is_empty() {
                    let (path, at) = (handler.join("."), handler.join("/"));
                    let says = format!("has a {path} that calls {}", model::escape(host));
                    found.push(CHECK.container(&container, &format!("/{at}/{how}/host"), host, &says));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Level;
    use crate::testing::{found, found_at};

    const SPEC: &str = r#"{"containers":[{"name":"a","livenessProbe":{"httpGet":{"host":"10.0.0.1","port":1}},
        "lifecycle":{"preStop":{"tcpSocket":{"host":"b"}}}}]}"#;

    #[test]
    fn probes_and_hooks() {
        let at = "/spec/containers/0";
        assert_eq!(
            found("hostProbesAndHostLifecycle", SPEC),
            [format!("{at}/livenessProbe/httpGet/host"), format!("{at}/lifecycle/preStop/tcpSocket/host")]
        );
    }

    #[test]
    fn the_pod_itself_may_be_asked() {
        let spec = r#"{"containers":[{"name":"a","livenessProbe":{"httpGet":{"host":"","port":1}}}]}"#;
        assert!(found("hostProbesAndHostLifecycle", spec).is_empty());
    }

    #[test]
    fn since_1_34() {
        let count = |minor| found_at("hostProbesAndHostLifecycle", SPEC, Level::Baseline, Some(minor)).len();
        assert_eq!((count(33), count(34)), (0, 2));
    }
}
