//! Entrances without TLS.

use crate::{Check, Report, Run, Whole, report};
use model::{Finding, Grain, Rule, Severity, Target};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "network/plain-ingress",
        title: "Entrance speaks without TLS",
        severity: Severity::Low,
        controls: &["NSA network", "T1557"],
        explain: "What comes in over plain HTTP can be read and changed on the way: session cookies, tokens, \
                  passwords. Give the Ingress a `tls` entry with a certificate, a Gateway an HTTPS listener.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    for ingress in whole.snapshot.of("networking.k8s.io", "Ingress") {
        let json = ingress.json();
        if json.at(&["spec", "tls"]).items().is_empty() {
            tell(ingress, "/spec", "no host of it has a certificate".to_owned(), report);
        }
    }
    for gateway in whole.snapshot.of("gateway.networking.k8s.io", "Gateway") {
        let json = gateway.json();
        let listeners = json.at(&["spec", "listeners"]).items();
        let plain = |listener: &&snapshot::Json<'_>| listener.get("protocol").text() == "HTTP";
        // One listener that sends everything to the other is how HTTPS is introduced.
        if !listeners.is_empty() && listeners.iter().all(|listener| plain(&listener)) {
            tell(gateway, "/spec/listeners", "every listener of it is plain HTTP".to_owned(), report);
        }
    }
}

fn tell(resource: &snapshot::Resource, pointer: &str, message: String, report: &mut Report) {
    let target = Target::Resource(resource.reference.clone());
    let mut finding = Finding::new(&CHECK.rule, target, resource.evidence(pointer), message);
    let key = format!("{} tls", resource.reference);
    finding.fixes.push(report::by_hand(key, Grain::Object, 2, "give it a certificate"));
    report.finding(finding);
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    fn ingress(spec: &str) -> usize {
        let text = format!("{{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {{name: i}}, spec: {spec}}}");
        run("network/plain-ingress", &text).findings.len()
    }

    fn gateway(listeners: &str) -> usize {
        let text = format!(
            "{{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {{name: g}}, spec: {{listeners: \
             [{listeners}]}}}}"
        );
        run("network/plain-ingress", &text).findings.len()
    }

    #[test]
    fn hit() {
        assert_eq!(ingress("{rules: []}"), 1);
        assert_eq!(gateway("{name: a, protocol: HTTP}"), 1);
    }

    #[test]
    fn miss() {
        assert_eq!(ingress("{tls: [{secretName: s}]}"), 0);
        assert_eq!(gateway("{name: a, protocol: HTTPS}"), 0);
    }

    #[test]
    fn a_plain_listener_beside_another_is_a_signpost() {
        assert_eq!(gateway("{name: a, protocol: HTTP}, {name: b, protocol: HTTPS}"), 0);
    }
}
