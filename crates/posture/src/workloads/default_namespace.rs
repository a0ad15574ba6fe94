//! Workloads in the namespace `default`.

use crate::{Check, Report, Run, Whole, report};
use model::{Finding, Grain, ResourceRef, Rule, Severity, Target};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "workloads/default-namespace",
        title: "Workloads run in the namespace default",
        severity: Severity::Low,
        controls: &["CIS 5.6.4", "AVD-KSV-0110"],
        explain: "Rights, network policies, quotas and Pod Security levels are set by namespace. What lands in \
                  `default` because nobody chose shares them with everything else that did.",
    },
    run: Run::Whole(run),
};

fn run(whole: &Whole<'_>, report: &mut Report) {
    // In a manifest without a namespace nobody has chosen yet: `kubectl -n` will.
    let chosen = |text: &str| snapshot::Json::parse(text).at(&["metadata", "namespace"]).text() == "default";
    let mut here = whole.snapshot.workloads().filter(|workload| {
        &*workload.reference().namespace == "default" && chosen(workload.resource.text())
    });
    let Some(first) = here.next() else { return };
    let count = 1 + here.count();
    let message = format!("{count} workloads share the namespace of whatever nobody placed");
    let target = Target::Resource(ResourceRef::new("", "Namespace", "", "default"));
    let mut finding =
        Finding::new(&CHECK.rule, target, first.resource.evidence("/metadata/namespace"), message);
    finding.fixes.push(report::by_hand(CHECK.rule.id, Grain::Object, 3, "give them a namespace of their own"));
    report.finding(finding);
}

#[cfg(test)]
mod tests {
    use crate::testing::run;

    fn found(metadata: &str) -> usize {
        let pod = format!("{{apiVersion: v1, kind: Pod, metadata: {{name: p{metadata}}}, spec: {{containers: []}}}}");
        run("workloads/default-namespace", &pod).findings.len()
    }

    #[test]
    fn hit() {
        assert_eq!(found(", namespace: default"), 1);
    }

    #[test]
    fn miss() {
        assert_eq!(found(", namespace: shop"), 0);
    }

    #[test]
    fn a_manifest_without_one_has_not_chosen() {
        assert_eq!(found(""), 0);
    }
}
