//! Load balancers that take anybody.

use crate::{Check, Report, Run, Whole, report};
use model::{Finding, Grain, Rule, Severity, Target};
use snapshot::Json;

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "network/open-load-balancer",
        title: "Load balancer takes packets from anywhere",
        severity: Severity::Medium,
        controls: &["NSA network", "T1133", "T1190"],
        explain: "Without `loadBalancerSourceRanges` the balancer of most clouds is open to the internet. Name the \
                  ranges that have business here, or make it internal by the cloud's annotation. Its node ports \
                  stay open on every node unless `allocateLoadBalancerNodePorts` is false.",
    },
    run: Run::Whole(run),
};

/// Annotations with which clouds keep a load balancer inside.
const INTERNAL: &[(&str, &str)] = &[
    ("service.beta.kubernetes.io/aws-load-balancer-internal", "true"),
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", "internal"),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", "true"),
    ("service.beta.kubernetes.io/oci-load-balancer-internal", "true"),
    ("networking.gke.io/load-balancer-type", "Internal"),
    ("cloud.google.com/load-balancer-type", "Internal"),
];

fn run(whole: &Whole<'_>, report: &mut Report) {
    for service in whole.snapshot.of("", "Service") {
        let json = service.json();
        if json.at(&["spec", "type"]).text() != "LoadBalancer" || !open(&json) {
            continue;
        }
        let ports = json.at(&["spec", "ports"]).items().iter().filter_map(|port| port.get("port").int());
        let ports: Vec<String> = ports.map(|port| port.to_string()).collect();
        let node_ports = json.at(&["spec", "allocateLoadBalancerNodePorts"]).bool() != Some(false);
        let also = if node_ports { ", and on every node" } else { "" };
        let message = format!("port {} is open to whoever reaches the balancer{also}", ports.join(", "));
        let target = Target::Resource(service.reference.clone());
        let pointer = "/spec/loadBalancerSourceRanges";
        let mut finding = Finding::new(&CHECK.rule, target, service.evidence(pointer), message);
        finding.fixes.push(report::by_hand(
            format!("{}{pointer}", service.reference),
            Grain::Field,
            2,
            "name loadBalancerSourceRanges, or keep the balancer inside by the cloud's annotation",
        ));
        report.finding(finding);
    }
}

fn open(json: &Json<'_>) -> bool {
    let annotations = json.at(&["metadata", "annotations"]);
    if INTERNAL.iter().any(|(key, value)| annotations.get(key).text() == *value) {
        return false;
    }
    let written = json.at(&["spec", "loadBalancerSourceRanges"]);
    let mut ranges: Vec<&str> = written.strings().collect();
    if ranges.is_empty() {
        let annotation = annotations.get("service.beta.kubernetes.io/load-balancer-source-ranges").text();
        ranges = annotation.split(',').map(str::trim).filter(|range| !range.is_empty()).collect();
    }
    ranges.is_empty() || ranges.iter().any(|range| matches!(*range, "0.0.0.0/0" | "::/0"))
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    fn found(annotations: &str, spec: &str) -> usize {
        let text = format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: s, annotations: {{{annotations}}}}}, spec: {{type: \
             LoadBalancer, ports: [{{port: 80}}]{spec}}}}}"
        );
        run("network/open-load-balancer", &text).findings.len()
    }

    #[test]
    fn hit() {
        assert_eq!(found("", ""), 1);
        assert_eq!(found("", ", loadBalancerSourceRanges: [10.0.0.0/8, 0.0.0.0/0]"), 1);
    }

    #[test]
    fn ranges_or_inside() {
        assert_eq!(found("", ", loadBalancerSourceRanges: [10.0.0.0/8]"), 0);
        assert_eq!(found("networking.gke.io/load-balancer-type: Internal", ""), 0);
    }

    #[test]
    fn the_old_annotation_counts() {
        assert_eq!(found("service.beta.kubernetes.io/load-balancer-source-ranges: '10.0.0.0/8, 10.1.0.0/16'", ""), 0);
    }
}
