//! Pods that reach the cloud's metadata service or the kubelets past the policies of their namespace.

use reach::{Allowed, Direction, End, Endpoint, Port, Reach};
use crate::{Check, Report, Run, Whole, report};
use model::{Evidence, Finding, Grain, ResourceRef, Rule, Severity, Target};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "network/metadata-reachable",
        title: "Pods reach the metadata service or the kubelet",
        severity: Severity::Medium,
        controls: &["NSA network", "T1552.005"],
        explain: "The metadata service of a cloud (169.254.169.254) hands the node's credentials to whoever asks \
                  from the node; the kubelet (10250) runs commands in every pod of its node for whoever \
                  authenticates. An egress policy whose `ipBlock` has `except: [169.254.169.254/32]` and the nodes' \
                  range closes both; on AWS, require IMDSv2 with a hop limit of 1 as well.",
    },
    run: Run::Whole(run),
};

/// Where EC2, Azure, Google and others answer.
const METADATA: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254));

fn run(whole: &Whole<'_>, report: &mut Report) {
    let reach = Reach::new(whole.snapshot);
    let kubelet = address_of_a_node(whole);
    let mut namespaces: BTreeMap<Arc<str>, (usize, Vec<&'static str>, Evidence)> = BTreeMap::new();
    for workload in whole.snapshot.workloads() {
        let template = workload.parse();
        let pod = Endpoint::of(&template);
        // Pods that nothing limits are counted by other checks; here are holes in what limits.
        if !reach.limits(&pod, Direction::Egress) {
            continue;
        }
        let open = |address: IpAddr, port: u16| {
            reach.allows(End::Pod(&pod), End::Address(address), Port::tcp(port)) == Allowed::Yes
        };
        let mut what = Vec::new();
        if open(METADATA, 80) {
            what.push("the metadata service");
        }
        if kubelet.is_some_and(|address| open(address, 10250)) {
            what.push("the kubelets");
        }
        if what.is_empty() {
            continue;
        }
        let first = || (0, Vec::new(), workload.resource.evidence("/metadata/labels"));
        let entry = namespaces.entry(workload.reference().namespace.clone()).or_insert_with(first);
        entry.0 += 1;
        for name in what {
            if !entry.1.contains(&name) {
                entry.1.push(name);
            }
        }
    }
    for (namespace, (count, what, evidence)) in namespaces {
        let target = Target::Resource(ResourceRef::new("", "Namespace", "", &namespace));
        let message = format!("the policies let {count} workloads reach {}", what.join(" and "));
        let mut finding = Finding::new(&CHECK.rule, target, evidence, message);
        let title = "except 169.254.169.254/32 and the nodes' range from the egress ipBlock";
        finding.fixes.push(report::by_hand(format!("{} {namespace}", CHECK.rule.id), Grain::Policy, 2, title));
        report.finding(finding);
    }
}

fn address_of_a_node(whole: &Whole<'_>) -> Option<IpAddr> {
    whole.snapshot.of("", "Node").iter().find_map(|node| {
        let json = node.json();
        let addresses = json.at(&["status", "addresses"]).items();
        let inside = addresses.iter().find(|address| address.get("type").text() == "InternalIP")?;
        inside.get("address").text().parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{messages, run};

    fn found(egress: &str) -> Vec<String> {
        let text = format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: a, namespace: shop}}, spec: {{containers: []}}}}\n---\n\
             {{apiVersion: v1, kind: Node, metadata: {{name: n1}}, status: {{addresses: [{{type: InternalIP, address: \
             10.0.0.7}}]}}}}\n---\n{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: p, \
             namespace: shop}}, spec: {{podSelector: {{}}, policyTypes: [Egress], egress: [{egress}]}}}}"
        );
        let posture = run("network/metadata-reachable", &text);
        messages(&posture).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn a_wide_block() {
        assert_eq!(
            found("{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}"),
            ["the policies let 1 workloads reach the metadata service and the kubelets"]
        );
    }

    #[test]
    fn exceptions_close_it() {
        assert!(found("{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [169.254.169.254/32, 10.0.0.0/8]}}]}").is_empty());
        assert!(found("").is_empty());
    }

    #[test]
    fn ports_count() {
        assert_eq!(
            found("{ports: [{port: 80}]}"),
            ["the policies let 1 workloads reach the metadata service"]
        );
    }
}
