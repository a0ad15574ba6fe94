//! Images named by tag, a namespace at a time.

use crate::{Check, Report, Run, Whole, report};
use model::{Evidence, Finding, Grain, ResourceRef, Rule, Severity, Target};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "workloads/unpinned-images",
        title: "Images are named by tag, not by digest",
        severity: Severity::Low,
        controls: &["AVD-KSV-0013", "T1525"],
        explain: "A tag can be pushed again: what was scanned and signed need not be what runs after the next \
                  restart, and whoever can push the tag runs code here. A digest names one image for ever. Let \
                  the build or an admission policy write it in.",
    },
    run: Run::Whole(run),
};

#[derive(Default)]
struct Count {
    all: u64,
    first: Option<Evidence>,
    loose: u64,
}

fn run(whole: &Whole<'_>, report: &mut Report) {
    let mut namespaces: BTreeMap<Arc<str>, Count> = BTreeMap::new();
    for workload in whole.snapshot.workloads() {
        let template = workload.parse();
        let count = namespaces.entry(workload.reference().namespace.clone()).or_default();
        for container in template.spec().containers() {
            let Some(image) = container.image() else { continue };
            count.all += 1;
            if image.digest.is_none() {
                count.loose += 1;
                count.first.get_or_insert_with(|| container.evidence("/image"));
            }
        }
    }
    for (namespace, count) in namespaces {
        let Some(evidence) = count.first else { continue };
        let target = Target::Resource(ResourceRef::new("", "Namespace", "", &namespace));
        let message = format!("{} of {} containers run whatever their tag names", count.loose, count.all);
        let mut finding = Finding::new(&CHECK.rule, target, evidence, message);
        let key = format!("{} {namespace}", CHECK.rule.id);
        finding.fixes.push(report::by_hand(key, Grain::Policy, 2, "write the digests in, or let admission do it"));
        report.finding(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{messages, pod};

    #[test]
    fn one_finding_a_namespace() {
        let spec = "{containers: [{name: a, image: 'nginx:1.27'}, {name: b, image: nginx}]}";
        let posture = pod("workloads/unpinned-images", spec);
        assert_eq!(messages(&posture), ["2 of 2 containers run whatever their tag names"]);
    }

    #[test]
    fn a_digest_names_one_image() {
        let spec = format!("{{containers: [{{name: a, image: 'nginx@sha256:{}'}}]}}", "a".repeat(64));
        assert!(pod("workloads/unpinned-images", &spec).findings.is_empty());
    }

    #[test]
    fn what_is_no_reference_is_not_counted() {
        assert!(pod("workloads/unpinned-images", "{containers: [{name: a, image: ''}]}").findings.is_empty());
    }
}
