//! Nodes with an address that the internet may reach.

use super::ports::INSTEAD;
use crate::{Check, Report, Run, Whole, report};
use model::{Finding, Grain, NodeName, Rule, Severity, Target};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "network/public-node",
        title: "Node has an external address",
        severity: Severity::Medium,
        controls: &["NSA network", "CIS 5.6.5", "T1133"],
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
        let message = format!(
            "it has the external address {}; whether a firewall closes SSH, kubelet and NodePorts there is unknown \
             (--probe asks the node, --firewall FILE reads the rules)",
            shown.join(", ")
        );
        let name = &node.reference.name;
        let evidence = node.evidence(format!("/status/addresses/{index}"));
        let mut finding = Finding::new(&CHECK.rule, Target::Node(NodeName(name.clone())), evidence, message);
        let title = format!("move it to a private subnet; if SSH is why it is public, {INSTEAD}");
        finding.fixes.push(report::by_hand(format!("Node {name} address"), Grain::Object, 4, title));
        report.finding(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    fn found(addresses: &str) -> Vec<String> {
        let text = format!("{{apiVersion: v1, kind: Node, metadata: {{name: n}}, status: {{addresses: [{addresses}]}}}}");
        run("network/public-node", &text).findings.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn hit_with_what_is_unknown() {
        let found = found("{type: InternalIP, address: 10.0.0.7}, {type: ExternalIP, address: 203.0.113.7}");
        assert!(found[0].contains("203.0.113.7") && found[0].contains("unknown") && !found[0].contains("10.0.0.7"));
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
