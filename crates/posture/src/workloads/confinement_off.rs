//! Confinement of the baseline that is switched off.

use super::standards::{Mend, broken, tell};
use crate::{Check, Report, Run, Workload};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "workloads/confinement-off",
        title: "Pod switches off a part of its confinement",
        severity: Severity::Medium,
        controls: &["PSS baseline", "CIS 5.2.10", "AVD-KSV-0002", "AVD-KSV-0025", "AVD-KSV-0026", "AVD-KSV-0027", "AVD-KSV-0103", "T1611"],
        explain: "AppArmor, SELinux, the masks over `/proc`, kernel parameters and the separation of Windows host processes stand between a container and its node. The default of each is right for nearly every workload: take the field away.",
    },
    run: Run::Workload(run),
};

const CHECKS: &[&str] = &[
    "appArmorProfile",
    "hostProbesAndHostLifecycle",
    "procMount",
    "seLinuxOptions",
    "sysctls",
    "windowsHostProcess",
];

fn run(workload: &Workload<'_, '_>, report: &mut Report) {
    let found = broken(workload, CHECKS);
    let said: Vec<&str> = found.iter().map(|violation| violation.message.as_str()).collect();
    let message = said.join("; ");
    let fix = ("take these settings away", "");
    // Removing from a list would move the places of what follows.
    let mend = |violation: &pss::Violation| if violation.check == "sysctls" { Mend::ByHand } else { Mend::Remove };
    tell(&CHECK, workload, &found, message, fix, mend, report);
}

#[cfg(test)]
mod tests {
    use crate::testing::{after_fixes, messages, pod};

    const ID: &str = "workloads/confinement-off";

    #[test]
    fn one_finding_and_its_fix_silences_it() {
        let spec = "{containers: [{name: a, securityContext: {procMount: Unmasked, appArmorProfile: {type: Unconfined}}}]}";
        assert_eq!(messages(&pod(ID, spec)), ["container a sets appArmorProfile to Unconfined; container a sets procMount to Unmasked"]);
        assert_eq!(after_fixes(ID, spec), 0);
    }

    #[test]
    fn miss() {
        assert!(pod(ID, "{containers: [{name: a, securityContext: {procMount: Default}}]}").findings.is_empty());
    }

    #[test]
    fn kernel_parameters() {
        let spec = "{securityContext: {sysctls: [{name: kernel.msgmax, value: '1'}]}, containers: [{name: a}]}";
        assert_eq!(pod(ID, spec).findings.len(), 1);
    }
}
