//! Ports of the host.

use crate::{Check, Level, Pod, Violation};

pub(crate) static CHECK: Check = Check {
    id: "hostPorts",
    level: Level::Baseline,
    title: "ports of the host are forbidden",
    versions: &[(0, run)],
    replaces: None,
};

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    for container in pod.containers() {
        for (index, port) in container.json.get("ports").items().iter().enumerate() {
            if let Some(port) = port.get("hostPort").int().filter(|port| *port != 0) {
                let message = format!("container {} takes port {port} of the host", model::escape(container.name()));
                found.push(CHECK.violation(container.pointer(&format!("/ports/{index}/hostPort")), message));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    #[test]
    fn hit() {
        let found = found("hostPorts", r#"{"containers":[{"name":"a","ports":[{"containerPort":80},{"hostPort":80}]}]}"#);
        assert_eq!(found, ["/spec/containers/0/ports/1/hostPort"]);
    }

    #[test]
    fn miss() {
        let found = found("hostPorts", r#"{"containers":[{"name":"a","ports":[{"containerPort":80}]}]}"#);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn zero_is_none() {
        let found = found("hostPorts", r#"{"containers":[{"name":"a","ports":[{"hostPort":0}]}]}"#);
        assert_eq!(found, [""; 0]);
    }
}
