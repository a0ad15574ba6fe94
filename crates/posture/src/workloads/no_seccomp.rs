//! Containers without a filter of system calls.

use super::standards::{Mend, broken, names, tell};
use crate::{Check, Report, Run, Workload};
use model::{Rule, Severity};
use serde_json::json;

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "workloads/no-seccomp",
        title: "Container runs without a seccomp profile",
        severity: Severity::Low,
        controls: &["PSS restricted", "CIS 5.6.2", "NSA seccomp", "AVD-KSV-0030", "AVD-KSV-0104", "T1611"],
        explain: "Without a profile every system call of the kernel can be called, and most ways out of a container through the kernel need one that `RuntimeDefault` blocks. Set it for the pod, or make it the default with the kubelet's `seccompDefault`.",
    },
    run: Run::Workload(run),
};

fn run(workload: &Workload<'_, '_>, report: &mut Report) {
    let found = broken(workload, &["seccompProfile_restricted"]);
    let message = format!("{} may call every system call", names(&found));
    let fix = ("set the seccomp profile RuntimeDefault", "");
    let mend = |_: &pss::Violation| Mend::Set(json!({"type": "RuntimeDefault"}));
    tell(&CHECK, workload, &found, message, fix, mend, report);
}

#[cfg(test)]
mod tests {
    use crate::testing::{after_fixes, messages, pod};

    const ID: &str = "workloads/no-seccomp";

    #[test]
    fn one_finding_and_its_fix_silences_it() {
        let spec = "{containers: [{name: a}, {name: b, securityContext: {seccompProfile: {type: Unconfined}}}]}";
        assert_eq!(messages(&pod(ID, spec)), ["a, b may call every system call"]);
        assert_eq!(after_fixes(ID, spec), 0);
    }

    #[test]
    fn miss() {
        assert!(pod(ID, "{securityContext: {seccompProfile: {type: RuntimeDefault}}, containers: [{name: a}]}").findings.is_empty());
    }

    #[test]
    fn windows_has_none() {
        let spec = "{os: {name: windows}, containers: [{name: a}]}";
        assert_eq!(pod(ID, spec).findings.len(), 0);
    }
}
