//! Containers that may run as root.

use super::standards::{Mend, broken, names, tell};
use crate::{Check, Report, Run, Workload};
use model::{Rule, Severity};
use serde_json::json;

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "workloads/run-as-root",
        title: "Container may run as root",
        severity: Severity::Low,
        controls: &["PSS restricted", "CIS 5.2.7", "NSA non-root", "AVD-KSV-0012", "AVD-KSV-0105", "T1611"],
        explain: "A process that is root in its container is root on the node after any way out, and may write whatever is mounted. Build the image with a `USER` of its own and set `runAsNonRoot: true`; where that cannot be, `hostUsers: false` makes its root nobody on the node.",
    },
    run: Run::Workload(run),
};

fn run(workload: &Workload<'_, '_>, report: &mut Report) {
    let found = broken(workload, &["runAsNonRoot", "runAsUser"]);
    let message = format!("{} may run as root", names(&found));
    let fix = ("refuse to run as root", "images that run as root do not start");
    let mend = |violation: &pss::Violation| match violation.check {
        "runAsUser" => Mend::Remove,
        _ => Mend::Set(json!(true)),
    };
    tell(&CHECK, workload, &found, message, fix, mend, report);
}

#[cfg(test)]
mod tests {
    use crate::testing::{after_fixes, messages, pod};

    const ID: &str = "workloads/run-as-root";

    #[test]
    fn one_finding_and_its_fix_silences_it() {
        let spec = "{containers: [{name: a}, {name: b, securityContext: {runAsUser: 0, runAsNonRoot: false}}]}";
        assert_eq!(messages(&pod(ID, spec)), ["a, b may run as root"]);
        assert_eq!(after_fixes(ID, spec), 0);
    }

    #[test]
    fn miss() {
        assert!(pod(ID, "{securityContext: {runAsNonRoot: true}, containers: [{name: a}]}").findings.is_empty());
    }

    #[test]
    fn a_user_namespace_makes_root_nobody() {
        let spec = "{hostUsers: false, containers: [{name: a}]}";
        assert_eq!(pod(ID, spec).findings.len(), 0);
    }
}
