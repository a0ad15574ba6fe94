//! Ports of the node.

use crate::{Check, Level, Pod, Version, Violation};

pub(crate) static CHECK: Check = Check {
    id: "hostPorts",
    control: "Host Ports",
    level: Level::Baseline,
    title: "ports of the node are forbidden",
    versions: &[Version::new(0, run)],
};

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    for container in pod.containers() {
        for (index, port) in container.json.get("ports").items().iter().enumerate() {
            if let Some(number) = port.get("hostPort").int().filter(|port| *port != 0) {
                let says = format!("takes port {number} of its node");
                let field = format!("/ports/{index}/hostPort");
                found.push(CHECK.container(&container, &field, &number.to_string(), &says));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    #[test]
    fn hit_also_in_init_containers() {
        let spec = r#"{"initContainers":[{"name":"i","ports":[{"containerPort":1},{"hostPort":22}]}],"containers":[]}"#;
        assert_eq!(found("hostPorts", spec), ["/spec/initContainers/0/ports/1/hostPort"]);
    }

    #[test]
    fn container_ports_pass() {
        assert!(found("hostPorts", r#"{"containers":[{"name":"a","ports":[{"containerPort":80}]}]}"#).is_empty());
    }

    #[test]
    fn zero_is_none() {
        assert!(found("hostPorts", r#"{"containers":[{"name":"a","ports":[{"hostPort":0}]}]}"#).is_empty());
    }
}
