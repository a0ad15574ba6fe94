//! Nodes: versions, and how each kubelet is set.

pub mod components;
pub mod kubelet;
pub mod tables;

crate::checks![
    old_version,
    kubelet_anonymous,
    kubelet_authorization,
    kubelet_client_ca,
    kubelet_read_only_port,
    kubelet_idle_streams,
    kubelet_kernel_defaults,
    kubelet_iptables,
    kubelet_rotation,
    kubelet_seccomp_default,
    kubelet_debug_handlers,
    kubelet_pid_limit,
];

use crate::{Check, Report, report};
use kubelet::{Field, Kubelet};
use model::{Finding, Gap, Grain, Ring, Target};

/// Judges one field of one kubelet.
pub(crate) fn judge(check: &'static Check, field: &Field, kubelet: &Kubelet, report: &mut Report) {
    let holds = kubelet.effective(field);
    let whose = kubelet
        .node
        .as_ref()
        .map_or_else(|| "every node of this configuration".to_owned(), |n| n.0.to_string());
    match (field.safe)(&holds.value) {
        Some(true) => {}
        Some(false) => {
            let name = field.path.join(".");
            let shown = model::escape(&holds.value.to_string()).into_owned();
            let how = if holds.written {
                format!("{name} is {shown}")
            } else {
                format!("{name} is not set, which means {shown}")
            };
            let target = match &kubelet.node {
                Some(node) => Target::Node(node.clone()),
                None => Target::Unresolved { what: whose, why: "the document names no node".to_owned() },
            };
            let message = format!("{how}: {}", field.says);
            let mut finding = Finding::new(&check.rule, target, kubelet.evidence_of(field), message);
            let key = format!("kubelet {name}");
            let title = format!("write `{}` into the kubelet's configuration", field.write);
            finding.fixes.push(report::by_hand(key, Grain::Field, 2, title));
            report.finding(finding);
        }
        None => report.gap(Gap {
            ring: Ring::Nodes,
            what: format!("{} of the kubelet of {}", field.path.join("."), model::escape(&whose)),
            why: "the document gives it a value of another type".to_owned(),
            asked: false,
            help: None,
        }),
    }
}
