//! Nodes with an address that the internet may reach.

use super::ports::{INSTEAD, known};
use crate::{Check, Report, Run, Whole, report};
use model::{Finding, Grain, NodeName, Rule, Severity, Target};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "network/public-node",
        title: "Node has an external address",
        severity: Severity::Medium,
        controls: &["NSA network", "CIS GKE 5.6.5", "T1133"],
        explain: "Whatever listens on the node (SSH, the kubelet, every NodePort) is as open as its firewall, which \
                  the API does not show. Put nodes into a private network with a gateway for what goes out; log in \
                  through AWS Systems Manager Session Manager, Tailscale or a console of the provider.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    for node in whole.snapshot.of("", "Node") {
        let json = node.json();
        let addresses = json.at(&["status", "addresses"]).items().iter().enumerate();
        let public: Vec<_> =
            addresses.filter(|(_, address)| address.get("type").text() == "ExternalIP").collect();
        let Some((index, _)) = public.first() else { continue };
        let shown: Vec<_> = public.iter().map(|(_, a)| model::escape(a.get("address").text())).collect();
        let name = &node.reference.name;
        let message = format!("it has the external address {}; {}", shown.join(", "), reachable(whole, name));
        let evidence = node.evidence(format!("/status/addresses/{index}"));
        let mut finding = Finding::new(&CHECK.rule, Target::Node(NodeName(name.clone())), evidence, message);
        let title = format!("move it to a private subnet; if SSH is why it is public, {INSTEAD}");
        finding.fixes.push(report::by_hand(format!("Node {name} address"), Grain::Object, 4, title));
        report.finding(finding);
    }
}

/// What of it can be reached, by what was tried, by the rules that were given, or unknown.
fn reachable(whole: &Whole<'_>, node: &str) -> String {
    let options = whole.options;
    let tried: Vec<_> = options.probes.iter().filter(|(name, ..)| &*name.0 == node).collect();
    let mut said = Vec::new();
    if !tried.is_empty() {
        let open: Vec<u16> = tried.iter().filter(|(.., answers)| *answers).map(|(_, port, _)| *port).collect();
        said.push(format!("from here {} of {} ports answer{}", open.len(), tried.len(), listed(&open)));
    }
    if let Some(firewall) = &options.firewall {
        let open: Vec<u16> = PROBED.iter().copied().filter(|port| firewall.open(*port).next().is_some()).collect();
        let word = if open.is_empty() { "closes every port that is asked" } else { "opens" };
        said.push(format!("the firewall that was given {word}{}", listed(&open)));
    }
    if said.is_empty() {
        "whether a firewall closes SSH, kubelet and NodePorts there is unknown (--probe asks the node, --firewall FILE \
         reads the rules)"
            .to_owned()
    } else {
        said.join("; ")
    }
}

fn listed(ports: &[u16]) -> String {
    let named = |port: &u16| match known(i64::from(*port)) {
        Some(name) => format!("{port} ({name})"),
        None => port.to_string(),
    };
    let all: Vec<String> = ports.iter().map(named).collect();
    if all.is_empty() { String::new() } else { format!(": {}", all.join(", ")) }
}

/// Ports of a node that are asked about; the first NodePort stands for all.
pub const PROBED: &[u16] = &[22, 2222, 2375, 2376, 2379, 2380, 6443, 10250, 10255, 10257, 10259, 30000];

#[cfg(test)]
mod tests {
    use crate::testing::run;

    fn found(addresses: &str) -> Vec<String> {
        let text = format!("{{apiVersion: v1, kind: Node, metadata: {{name: n1}}, status: {{addresses: [{addresses}]}}}}");
        run("network/public-node", &text).findings.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn hit_with_what_is_unknown() {
        let found = found("{type: InternalIP, address: 10.0.0.7}, {type: ExternalIP, address: 203.0.113.7}");
        assert!(found[0].contains("203.0.113.7") && found[0].contains("unknown") && !found[0].contains("10.0.0.7"));
    }

    #[test]
    fn rules_and_probes_turn_unknown_into_an_answer() {
        let snapshot = crate::testing::snapshot(
            "{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {addresses: [{type: ExternalIP, address: 203.0.113.7}]}}",
        );
        let rules = br#"{"rules":[{"from":["0.0.0.0/0"],"ports":[22]}]}"#;
        let options = crate::Options {
            firewall: Some(crate::network::firewall::Firewall::parse(rules).unwrap().0),
            probes: vec![(model::NodeName("n1".into()), 10250, true), (model::NodeName("n1".into()), 22, false)],
            ..crate::Options::default()
        };
        let rbac = ::rbac::Rbac::new(&snapshot, ::rbac::ServerVersion::LATEST);
        let posture = crate::run_checks_as(&snapshot, &rbac, &options, [&super::CHECK]);
        let message = &posture.findings[0].message;
        assert!(message.contains("1 of 2 ports answer: 10250 (kubelet)") && message.contains("opens: 22 (SSH)"), "{message}");
        assert!(!message.contains("unknown"));
    }

    #[test]
    fn private_is_silent() {
        assert!(found("{type: InternalIP, address: 10.0.0.7}").is_empty());
    }

    #[test]
    fn a_name_is_no_address() {
        assert!(found("{type: ExternalDNS, address: n.example.test}").is_empty());
    }
}
