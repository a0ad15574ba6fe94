//! Services that answer for addresses of their own choice.

use crate::{Check, Report, Run, Whole};
use model::{Edit, Finding, Fix, Grain, Rule, Severity, Target};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "network/external-ips",
        title: "Service takes the traffic of external addresses",
        severity: Severity::Medium,
        controls: &["CIS 1.2.3", "AVD-KSV-0108", "T1557"],
        explain: "Every node sends packets for the listed addresses to this Service, whosever they are: who may \
                  create Services can take over a name server or a registry for the whole cluster \
                  (CVE-2020-8554). Use a LoadBalancer, and switch on the `DenyServiceExternalIPs` admission plugin.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    for service in whole.snapshot.of("", "Service") {
        let json = service.json();
        let addresses: Vec<_> = json.at(&["spec", "externalIPs"]).strings().map(model::escape).collect();
        if addresses.is_empty() {
            continue;
        }
        let pointer = "/spec/externalIPs";
        let message = format!("it answers for {}", addresses.join(", "));
        let target = Target::Resource(service.reference.clone());
        let mut finding = Finding::new(&CHECK.rule, target, service.evidence(pointer), message);
        finding.fixes.push(Fix {
            key: format!("{}{pointer}", service.reference),
            title: "take externalIPs away".to_owned(),
            grain: Grain::Field,
            effort: 2,
            breaks: vec!["clients that use these addresses".to_owned()],
            edits: vec![Edit::Remove { resource: service.reference.clone(), pointer: pointer.to_owned() }],
        });
        report.finding(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fixed, run};

    const ID: &str = "network/external-ips";

    fn service(ips: &str) -> String {
        format!("{{apiVersion: v1, kind: Service, metadata: {{name: s}}, spec: {{externalIPs: [{ips}]}}}}")
    }

    #[test]
    fn hit_and_fixed() {
        assert_eq!(run(ID, &service("203.0.113.9")).findings[0].message, "it answers for 203.0.113.9");
        assert!(fixed(ID, &service("203.0.113.9")).findings.is_empty());
    }

    #[test]
    fn miss() {
        assert!(run(ID, "{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {}}").findings.is_empty());
    }

    #[test]
    fn an_empty_list_takes_nothing() {
        assert!(run(ID, &service("")).findings.is_empty());
    }
}
