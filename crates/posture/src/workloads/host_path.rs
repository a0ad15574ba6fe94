//! Paths of the node that containers mount.

use super::node_path::{Worth, seen, socket, worth};
use crate::{Check, Report, Run, Workload, report};
use model::{Escape, Evidence, Finding, Rule, Severity};
use serde_json::json;

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "workloads/host-path",
        title: "Container mounts a path of its node",
        severity: Severity::High,
        controls: &["PSS baseline", "CIS 5.2.11", "AVD-KSV-0023", "T1611"],
        explain: "Writing the node's own files (`/`, `/etc`, `/var/lib/kubelet`, `/usr`) is running code on the \
                  node; reading the kubelet's directory is reading the tokens of every pod there. Mount the one \
                  file that is needed, read-only, or use a volume that is no part of the node.",
    },
    run: Run::Workload(run),
};

fn run(workload: &Workload<'_, '_>, report: &mut Report) {
    // What only shows how the node is built is told once a workload.
    let mut shown: Vec<(String, Evidence)> = Vec::new();
    for seen in seen(workload.spec, &workload.containers) {
        // A runtime's socket is another check's: reading or writing says nothing about it.
        if socket(&seen.path).is_some() {
            continue;
        }
        let (severity, gives) = match (worth(&seen.path), seen.writable) {
            (Worth::Node | Worth::System, true) => (Severity::High, "writing there is running code on the node"),
            (Worth::Node, false) => (Severity::High, "credentials of the node or its pods can be read there"),
            (Worth::Data, true) => {
                (Severity::Medium, "links put there make the kubelet show any file of the node as a log")
            }
            (Worth::Little, true) => (Severity::Low, "data is left on the node, where other pods may find it"),
            (Worth::System | Worth::Data | Worth::Little, false) => {
                if worth(&seen.path) == Worth::System {
                    let at = seen.container.pointer(&format!("/volumeMounts/{}", seen.mount));
                    let evidence = workload.evidence(at);
                    let escape = Escape::HostPath { path: seen.path.clone(), writable: false };
                    workload.escape(report, escape, evidence.clone());
                    shown.push((seen.path, evidence));
                }
                continue;
            }
        };
        let (path, name) = (model::escape(&seen.path), model::escape(seen.container.name()));
        let how = if seen.writable { "can write" } else { "can read" };
        let pointer = seen.container.pointer(&format!("/volumeMounts/{}", seen.mount));
        let evidence = workload.evidence(pointer.clone());
        let message = format!("container {name} {how} {path} of its node: {gives}");
        let mut finding = Finding::new(&CHECK.rule, workload.target(), evidence.clone(), message);
        finding.severity = severity;
        finding.instance = Some(format!("{}:{}", seen.container.name(), seen.path));
        // Of what is as dangerous to read, nothing less helps.
        if worth(&seen.path) == Worth::Node && !seen.kept {
            finding.fixes.push(seen.unmount(workload));
        }
        // What keeps its data there stops working without, or read-only.
        if seen.writable && !seen.kept {
            let title = format!("mount {path} read-only in container {name}");
            finding.fixes.push(report::set(
                workload.reference(),
                format!("{pointer}/readOnly"),
                json!(true),
                title,
            ));
        }
        report.finding(finding);
        if matches!(worth(&seen.path), Worth::Node | Worth::System) {
            let escape = Escape::HostPath { path: seen.path, writable: seen.writable };
            workload.escape(report, escape, evidence);
        }
    }
    tell_shown(workload, shown, report);
}

fn tell_shown(workload: &Workload<'_, '_>, mut shown: Vec<(String, Evidence)>, report: &mut Report) {
    shown.sort();
    shown.dedup_by(|a, b| a.0 == b.0);
    let Some((_, first)) = shown.first() else { return };
    let paths: Vec<_> = shown.iter().map(|(path, _)| model::escape(path)).collect();
    let message = format!("{} can be read: they show how the node is built", paths.join(", "));
    let mut finding = Finding::new(&CHECK.rule, workload.target(), first.clone(), message);
    finding.severity = Severity::Low;
    finding.instance = Some("read-only".to_owned());
    report.finding(finding);
}

#[cfg(test)]
mod tests {
    use crate::testing::{escapes, pod};
    use model::{Escape, Severity};

    fn spec(path: &str, mount: &str) -> String {
        format!(
            "{{volumes: [{{name: v, hostPath: {{path: {path}}}}}], containers: [{{name: a, volumeMounts: [{{name: \
             v, mountPath: /x{mount}}}]}}]}}"
        )
    }

    fn severity(path: &str, mount: &str) -> Option<Severity> {
        pod("workloads/host-path", &spec(path, mount)).findings.first().map(|f| f.severity)
    }

    #[test]
    fn hits() {
        assert_eq!(severity("/", ""), Some(Severity::High));
        assert_eq!(severity("/var/lib/kubelet", ", readOnly: true"), Some(Severity::High));
        assert_eq!(severity("/proc", ", readOnly: true"), Some(Severity::Low));
        assert_eq!(severity("/", ", subPath: etc/cron.d"), Some(Severity::High));
        let posture = pod("workloads/host-path", &spec("/proc", ", readOnly: true"));
        assert_eq!(escapes(&posture), [Escape::HostPath { path: "/proc".into(), writable: false }]);
    }

    #[test]
    fn misses() {
        assert_eq!(severity("/etc/localtime", ", readOnly: true"), None);
        assert_eq!(severity("/", ", subPath: etc/localtime, readOnly: true"), None);
        assert_eq!(severity("/var/run/docker.sock", ""), None);
        assert!(escapes(&pod("workloads/host-path", &spec("/data/pg", ""))).is_empty());
    }

    #[test]
    fn what_keeps_its_data_there_is_not_told_to_mount_it_read_only() {
        let fixes = |command: &str| {
            let spec = format!(
                "{{volumes: [{{name: v, hostPath: {{path: /var/lib/etcd}}}}], containers: [{{name: a, {command} \
                 volumeMounts: [{{name: v, mountPath: /var/lib/etcd/}}]}}]}}"
            );
            pod("workloads/host-path", &spec).findings.first().map(|f| f.fixes.len())
        };
        assert_eq!(fixes("command: [etcd, --data-dir=/var/lib/etcd],"), Some(0));
        assert_eq!(fixes("args: [--wal-dir, /var/lib/etcd/wal],"), Some(0));
        assert_eq!(fixes("command: [sh, -c, 'exec etcd --data-dir=/var/lib/etcd'],"), Some(0));
        assert_eq!(fixes("command: [backup, --config=/var/lib/etcd/x, --data-dir=/tmp],"), Some(2));
        assert_eq!(fixes("command: [backup, --data-dir=/var/lib/etcdx],"), Some(2));
    }

    #[test]
    fn a_volume_nobody_mounts_reaches_nobody() {
        let spec = "{volumes: [{name: v, hostPath: {path: /}}], containers: [{name: a}]}";
        assert!(pod("workloads/host-path", spec).findings.is_empty());
    }
}
