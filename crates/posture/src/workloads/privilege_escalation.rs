//! Programs that gain privileges by their file mode.

use super::standards::{Mend, broken, names, tell};
use crate::{Check, Report, Run, Workload};
use model::{Rule, Severity};
use serde_json::json;

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "workloads/privilege-escalation",
        title: "Container may gain privileges",
        severity: Severity::Low,
        controls: &["PSS restricted", "CIS 5.2.6", "NSA privilege escalation", "AVD-KSV-0001", "T1548.001"],
        explain: "With `allowPrivilegeEscalation` unset, a set-user-id program in the image (`sudo`, `su`, an old `mount`) turns an intruder into root of the container. Set it to `false`: almost nothing needs it.",
    },
    run: Run::Workload(run),
};

fn run(workload: &Workload<'_, '_>, report: &mut Report) {
    let mut found = broken(workload, &["allowPrivilegeEscalation"]);
    // A privileged container cannot set it, and says worse of itself.
    let privileged: Vec<&str> =
        workload.containers.iter().filter(|c| c.privileged()).map(|c| c.name()).collect();
    found.retain(|v| v.container.as_deref().is_none_or(|name| !privileged.contains(&name)));
    let message = format!("{} may gain privileges by set-user-id programs", names(&found));
    let fix = ("set allowPrivilegeEscalation to false", "");
    tell(&CHECK, workload, &found, message, fix, |_| Mend::Set(json!(false)), report);
}

#[cfg(test)]
mod tests {
    use crate::testing::{after_fixes, messages, pod};

    const ID: &str = "workloads/privilege-escalation";

    #[test]
    fn one_finding_and_its_fix_silences_it() {
        let spec = "{containers: [{name: a, securityContext: {allowPrivilegeEscalation: true}}, {name: b}]}";
        assert_eq!(messages(&pod(ID, spec)), ["a, b may gain privileges by set-user-id programs"]);
        assert_eq!(after_fixes(ID, spec), 0);
    }

    #[test]
    fn miss() {
        assert!(pod(ID, "{containers: [{name: a, securityContext: {allowPrivilegeEscalation: false}}]}").findings.is_empty());
    }

    #[test]
    fn privileged_containers_cannot_set_it() {
        let spec = "{containers: [{name: a, securityContext: {privileged: true}}]}";
        assert_eq!(pod(ID, spec).findings.len(), 0);
    }
}
