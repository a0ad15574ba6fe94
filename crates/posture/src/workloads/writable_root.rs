//! Containers whose own file system can be written.

use crate::{Check, Report, Run, Workload};
use model::{Edit, Finding, Fix, Grain, Rule, Severity};
use serde_json::json;

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "workloads/writable-root",
        title: "Container can change its own programs",
        severity: Severity::Low,
        controls: &["NSA immutable containers", "CIS 5.6.3", "AVD-KSV-0014", "T1105"],
        explain: "An intruder's first act is to fetch a tool and write it somewhere. With \
                  `readOnlyRootFilesystem: true` there is nowhere but the volumes you mount for data, and what runs \
                  stays what was scanned and signed. Mount an `emptyDir` over `/tmp` where one is needed.",
    },
    run: Run::Workload(run),
};

fn run(workload: &Workload<'_, '_>, report: &mut Report) {
    if workload.windows() || workload.component {
        return;
    }
    let open: Vec<_> = workload
        .containers
        .iter()
        .filter(|container| !container.security().get("readOnlyRootFilesystem").is_true())
        .collect();
    let Some(first) = open.first() else { return };
    let names: Vec<_> = open.iter().map(|container| model::escape(container.name())).collect();
    let field = "/securityContext/readOnlyRootFilesystem";
    let message = format!("{} can write where its programs are", names.join(", "));
    let mut finding = Finding::new(&CHECK.rule, workload.target(), first.evidence(field), message);
    let set = |container: &&snapshot::Container<'_, '_>| Edit::Set {
        resource: workload.reference().clone(),
        pointer: container.pointer(field),
        value: json!(true),
    };
    finding.fixes.push(Fix {
        key: format!("{} {}", workload.reference(), CHECK.rule.id),
        title: "make the root file system read-only".to_owned(),
        grain: Grain::Field,
        effort: 2,
        breaks: vec!["programs that write outside their volumes".to_owned()],
        edits: open.iter().map(set).collect(),
    });
    report.finding(finding);
}

#[cfg(test)]
mod tests {
    use crate::testing::{after_fixes, messages, pod};

    const ID: &str = "workloads/writable-root";

    #[test]
    fn one_finding_and_its_fix_silences_it() {
        let spec = "{containers: [{name: a}, {name: b, securityContext: {readOnlyRootFilesystem: false}}]}";
        assert_eq!(messages(&pod(ID, spec)), ["a, b can write where its programs are"]);
        assert_eq!(after_fixes(ID, spec), 0);
    }

    #[test]
    fn miss() {
        let spec = "{containers: [{name: a, securityContext: {readOnlyRootFilesystem: true}}]}";
        assert!(pod(ID, spec).findings.is_empty());
    }

    #[test]
    fn windows_has_no_such_thing() {
        assert!(pod(ID, "{os: {name: windows}, containers: [{name: a}]}").findings.is_empty());
    }
}
