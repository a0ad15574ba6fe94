//! Services that open a port on every node.

use crate::{Check, Report, Run, Whole};
use model::{Edit, Finding, Fix, Grain, Rule, Severity, Target};
use serde_json::json;
use snapshot::{Json, Resource};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "network/node-port",
        title: "Service opens a port on every node",
        severity: Severity::Medium,
        controls: &["NSA network", "T1133", "T1190"],
        explain: "A NodePort is open on every node, on every address the node has, past the load balancer, its \
                  source ranges and its TLS. Make the Service a ClusterIP behind an Ingress, or a LoadBalancer with \
                  `loadBalancerSourceRanges` and without node ports.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    for service in whole.snapshot.of("", "Service") {
        let json = service.json();
        if json.at(&["spec", "type"]).text() == "NodePort" {
            tell(service, &json, report);
        }
    }
}

fn tell(service: &Resource, json: &Json<'_>, report: &mut Report) {
    let ports = json.at(&["spec", "ports"]).items();
    let shown: Vec<String> = ports
        .iter()
        .map(|port| match port.get("nodePort").int() {
            Some(number) => number.to_string(),
            None => "one between 30000 and 32767".to_owned(),
        })
        .collect();
    let message = format!("NodePort {} is open on every node", shown.join(", "));
    let target = Target::Resource(service.reference.clone());
    let mut finding = Finding::new(&CHECK.rule, target, service.evidence("/spec/type"), message);
    finding.fixes = vec![behind_ingress(service, json), behind_balancer(service, json)];
    report.finding(finding);
}

/// The type, and no port of the nodes.
fn retype(service: &Resource, json: &Json<'_>, kind: &str) -> Vec<Edit> {
    let resource = || service.reference.clone();
    let set = Edit::Set { resource: resource(), pointer: "/spec/type".to_owned(), value: json!(kind) };
    let ports = json.at(&["spec", "ports"]).items().iter().enumerate();
    let closed = ports.filter(|(_, port)| !port.get("nodePort").is_null()).map(|(index, _)| {
        Edit::Remove { resource: resource(), pointer: format!("/spec/ports/{index}/nodePort") }
    });
    [set].into_iter().chain(closed).collect()
}

fn behind_ingress(service: &Resource, json: &Json<'_>) -> Fix {
    let mut edits = retype(service, json, "ClusterIP");
    // The API server refuses it on a ClusterIP.
    for field in ["externalTrafficPolicy", "healthCheckNodePort"] {
        if !json.at(&["spec", field]).is_null() {
            let pointer = format!("/spec/{field}");
            edits.push(Edit::Remove { resource: service.reference.clone(), pointer });
        }
    }
    let port = json.at(&["spec", "ports"]).items().first().and_then(|port| port.get("port").int()).unwrap_or(80);
    let (name, namespace) = (&*service.reference.name, &*service.reference.namespace);
    edits.push(Edit::Create {
        value: json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"defaultBackend": {"service": {"name": name, "port": {"number": port}}}}}),
    });
    Fix {
        key: format!("{} behind-ingress", service.reference),
        title: "make it a ClusterIP behind an Ingress".to_owned(),
        grain: Grain::Object,
        effort: 2,
        breaks: vec!["clients that call the nodes' ports".to_owned()],
        edits,
    }
}

fn behind_balancer(service: &Resource, json: &Json<'_>) -> Fix {
    let mut edits = retype(service, json, "LoadBalancer");
    let own = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
    for (pointer, value) in [
        ("/spec/loadBalancerSourceRanges", json!(own)),
        ("/spec/allocateLoadBalancerNodePorts", json!(false)),
    ] {
        edits.push(Edit::Set { resource: service.reference.clone(), pointer: pointer.to_owned(), value });
    }
    Fix {
        key: format!("{} behind-balancer", service.reference),
        title: "make it a LoadBalancer with loadBalancerSourceRanges (here the private ranges: name yours)".to_owned(),
        grain: Grain::Object,
        effort: 2,
        breaks: vec!["clients that call the nodes' ports, or come from elsewhere".to_owned()],
        edits,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fixed, run, snapshot};

    const ID: &str = "network/node-port";

    fn service(spec: &str) -> String {
        format!("{{apiVersion: v1, kind: Service, metadata: {{name: s, namespace: shop}}, spec: {{{spec}}}}}")
    }

    #[test]
    fn hit_and_both_fixes_silence_it() {
        let text = service("type: NodePort, externalTrafficPolicy: Local, ports: [{port: 443, nodePort: 30443}]");
        let posture = run(ID, &text);
        assert!(posture.findings[0].message.contains("30443"));
        let after = fixed(ID, &text);
        assert!(after.findings.is_empty());
        let (second, failed) = snapshot(&text).with(&posture.findings[0].fixes[1].edits);
        assert!(failed.is_empty());
        let kept = second.find("", "Service", "shop", "s").unwrap().json();
        let port = kept.at(&["spec", "ports"]).items()[0].get("nodePort").is_null();
        assert!(port && kept.at(&["spec", "type"]).text() == "LoadBalancer");
    }

    #[test]
    fn others_are_silent() {
        assert!(run(ID, &service("ports: [{port: 80}]")).findings.is_empty());
        assert!(run(ID, &service("type: LoadBalancer, ports: [{port: 80}]")).findings.is_empty());
    }

    #[test]
    fn a_port_that_is_not_chosen_yet() {
        let posture = run(ID, &service("type: NodePort, ports: [{port: 80}]"));
        assert!(posture.findings[0].message.contains("between 30000 and 32767"));
    }
}
