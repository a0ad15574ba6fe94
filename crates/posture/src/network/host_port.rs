//! Pods that open ports of their node.

use super::ports::{INSTEAD, known, login};
use crate::{Check, Report, Run, Workload, report};
use model::{Edit, Finding, Fix, Grain, Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "network/host-port",
        title: "Pod opens a port of its node",
        severity: Severity::Medium,
        controls: &["PSS baseline", "CIS 5.2.12", "AVD-KSV-0024", "T1133"],
        explain: "The port is open on every address of the node, a public one too, and no NetworkPolicy sees it. \
                  Put a Service in front. A login to the node (SSH) needs no open port at all: AWS Systems Manager \
                  Session Manager, Tailscale and their like connect from inside.",
    },
    run: Run::Workload(run),
};

fn run(workload: &Workload<'_, '_>, report: &mut Report) {
    let on_host = workload.spec.json.get("hostNetwork").is_true();
    for container in &workload.containers {
        for (index, port) in container.json.get("ports").items().iter().enumerate() {
            let written = port.get("hostPort").int().filter(|number| *number != 0);
            let Some(number) = written.or_else(|| port.get("containerPort").int().filter(|_| on_host)) else {
                continue;
            };
            // The control plane's own pods listen where they must; how is checked by their arguments.
            let component = on_host && &*workload.reference().namespace == "kube-system";
            if component && !login(number) {
                continue;
            }
            let field = if written.is_some() { "hostPort" } else { "containerPort" };
            let pointer = container.pointer(&format!("/ports/{index}/{field}"));
            let name = model::escape(container.name());
            let what = known(number).map(|what| format!(" ({what})")).unwrap_or_default();
            let message = format!("container {name} opens port {number}{what} of its node");
            let mut finding =
                Finding::new(&CHECK.rule, workload.target(), workload.evidence(pointer.clone()), message);
            finding.instance = Some(format!("{}:{number}", container.name()));
            finding.severity = if known(number).is_some() { Severity::High } else { Severity::Medium };
            let key = format!("{} port {number}", workload.reference());
            let title = if login(number) { INSTEAD } else { "take the port of the node away; a Service reaches the pod" };
            // On the node's own network every port is the node's, written or not.
            finding.fixes.push(if written.is_some() && !on_host {
                let edits = vec![Edit::Remove { resource: workload.reference().clone(), pointer }];
                let breaks = vec!["clients that call the node".to_owned()];
                Fix { key, title: title.to_owned(), grain: Grain::Field, effort: 2, breaks, edits }
            } else {
                report::by_hand(key, Grain::Field, 3, title)
            });
            report.finding(finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{after_fixes, messages, pod};
    use model::Severity;

    const ID: &str = "network/host-port";

    #[test]
    fn ssh_names_the_alternative() {
        let spec = "{containers: [{name: a, ports: [{containerPort: 22, hostPort: 22}]}]}";
        let posture = pod(ID, spec);
        assert_eq!(messages(&posture), ["container a opens port 22 (SSH) of its node"]);
        assert_eq!(posture.findings[0].severity, Severity::High);
        assert!(posture.findings[0].fixes[0].title.contains("Tailscale"));
        assert_eq!(after_fixes(ID, spec), 0);
    }

    #[test]
    fn container_ports_are_the_pods_own() {
        assert!(pod(ID, "{containers: [{name: a, ports: [{containerPort: 22}]}]}").findings.is_empty());
    }

    #[test]
    fn on_the_nodes_network_every_port_is_the_nodes() {
        let spec = "{hostNetwork: true, containers: [{name: a, ports: [{containerPort: 9100}]}]}";
        assert_eq!(messages(&pod(ID, spec)), ["container a opens port 9100 of its node"]);
    }
}
