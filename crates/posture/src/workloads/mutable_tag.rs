//! Images without a tag, or tagged `latest`.

use crate::{Check, Report, Run, Workload};
use model::{Finding, Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "workloads/mutable-tag",
        title: "Image is whatever was pushed last",
        severity: Severity::Low,
        controls: &["AVD-KSV-0013"],
        explain: "`latest` (or no tag) runs what was pushed last, differs from node to node, and cannot be rolled \
                  back to. Pin a version, better a digest.",
    },
    run: Run::Workload(run),
};

fn run(workload: &Workload<'_, '_>, report: &mut Report) {
    let loose: Vec<_> = workload
        .containers
        .iter()
        .filter(|container| {
            container.image().is_some_and(|image| {
                image.digest.is_none() && image.tag.as_deref().is_none_or(|tag| tag == "latest")
            })
        })
        .collect();
    let Some(first) = loose.first() else { return };
    let names: Vec<_> = loose.iter().map(|container| model::escape(container.name()).into_owned()).collect();
    let message = format!("{} {} latest", names.join(", "), if names.len() == 1 { "runs" } else { "run" });
    report.finding(Finding::new(&CHECK.rule, workload.target(), first.evidence("/image"), message));
}

#[cfg(test)]
mod tests {
    use crate::testing::{messages, pod};

    #[test]
    fn no_tag_and_latest_in_one_finding() {
        let spec = "{containers: [{name: a, image: nginx}, {name: b, image: 'registry.test/x:latest'}, {name: c, \
                    image: 'nginx:1.27'}]}";
        assert_eq!(messages(&pod("workloads/mutable-tag", spec)), ["a, b run latest"]);
    }

    #[test]
    fn a_digest_is_no_tag() {
        let digest = "a".repeat(64);
        let spec = format!("{{containers: [{{name: a, image: 'nginx:latest@sha256:{digest}'}}]}}");
        assert!(pod("workloads/mutable-tag", &spec).findings.is_empty());
    }

    #[test]
    fn what_is_no_reference_is_left_to_others() {
        assert!(pod("workloads/mutable-tag", "{containers: [{name: a, image: ''}]}").findings.is_empty());
    }
}
