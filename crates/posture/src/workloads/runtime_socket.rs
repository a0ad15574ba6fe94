//! Sockets of the container runtime.

use super::node_path::{seen, socket};
use crate::{Check, Report, Run, Workload};
use model::{Escape, Finding, Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "workloads/runtime-socket",
        title: "Container mounts the container runtime's socket",
        severity: Severity::Critical,
        controls: &["PSS baseline", "AVD-KSV-0006", "T1611"],
        explain: "Whoever speaks to the runtime starts privileged containers on the node, past the API server, \
                  admission and audit. `readOnly` does not help: connecting is no write. Build images with a \
                  rootless builder; read container metadata through the kubelet.",
    },
    run: Run::Workload(run),
};

fn run(workload: &Workload<'_, '_>, report: &mut Report) {
    for seen in seen(workload.spec, &workload.containers) {
        let Some(socket) = socket(&seen.path) else { continue };
        let (path, name) = (model::escape(&seen.path), model::escape(seen.container.name()));
        let evidence =
            workload.evidence(seen.container.pointer(&format!("/volumeMounts/{}", seen.mount)));
        let message = format!("container {name} mounts {path}: it can start anything on the node");
        let mut finding = Finding::new(&CHECK.rule, workload.target(), evidence.clone(), message);
        finding.instance = Some(format!("{}:{}", seen.container.name(), seen.path));
        let mut fix = seen.unmount(workload);
        fix.title.push_str("; build or inspect without the runtime");
        fix.effort = 4;
        finding.fixes.push(fix);
        report.finding(finding);
        workload.escape(report, Escape::RuntimeSocket { path: socket.to_owned() }, evidence);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{escapes, pod};
    use model::Escape;

    fn found(path: &str, mount: &str) -> Vec<Escape> {
        let spec = format!(
            "{{volumes: [{{name: v, hostPath: {{path: {path}}}}}], containers: [{{name: a, volumeMounts: [{{name: \
             v, mountPath: /x{mount}}}]}}]}}"
        );
        escapes(&pod("workloads/runtime-socket", &spec))
    }

    #[test]
    fn read_only_does_not_matter() {
        let docker = [Escape::RuntimeSocket { path: "/run/docker.sock".into() }];
        assert_eq!(found("/var/run/docker.sock", ", readOnly: true"), docker);
        assert_eq!(found("/run/containerd", "").len(), 1);
        assert_eq!(found("/var/run", ", subPath: crio/crio.sock").len(), 1);
    }

    #[test]
    fn another_socket_is_not() {
        assert!(found("/run/dbus/system_bus_socket", "").is_empty());
        assert!(found("/csi/csi.sock", "").is_empty());
    }
}
