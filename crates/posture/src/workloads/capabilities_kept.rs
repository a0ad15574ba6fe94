//! Containers that keep the default capabilities.

use super::standards::{Mend, broken, names, tell};
use crate::{Check, Report, Run, Workload};
use model::{Rule, Severity};
use serde_json::json;

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "workloads/capabilities-kept",
        title: "Container keeps capabilities that it may not need",
        severity: Severity::Low,
        controls: &["PSS restricted", "CIS 5.2.8", "CIS 5.2.9", "AVD-KSV-0003", "AVD-KSV-0004", "AVD-KSV-0106"],
        explain: "The default set lets a container forge packets (`NET_RAW`), change owners and modes, and bind low ports. Drop `ALL` and add what is proven to be needed.",
    },
    run: Run::Workload(run),
};

fn run(workload: &Workload<'_, '_>, report: &mut Report) {
    let mut found = broken(workload, &["capabilities_restricted"]);
    // What is added is another check's matter.
    found.retain(|violation| violation.value.is_empty());
    let message = format!("the default capabilities are kept by {}", names(&found));
    let fix = ("drop all capabilities", "programs that change owners or bind ports below 1024");
    tell(&CHECK, workload, &found, message, fix, |_| Mend::Set(json!(["ALL"])), report);
}

#[cfg(test)]
mod tests {
    use crate::testing::{after_fixes, messages, pod};

    const ID: &str = "workloads/capabilities-kept";

    #[test]
    fn one_finding_and_its_fix_silences_it() {
        let spec = "{containers: [{name: a}, {name: b, securityContext: {capabilities: {drop: [NET_RAW]}}}]}";
        assert_eq!(messages(&pod(ID, spec)), ["the default capabilities are kept by a, b"]);
        assert_eq!(after_fixes(ID, spec), 0);
    }

    #[test]
    fn miss() {
        assert!(pod(ID, "{containers: [{name: a, securityContext: {capabilities: {drop: [ALL]}}}]}").findings.is_empty());
    }

    #[test]
    fn what_is_added_is_another_matter() {
        let spec = "{containers: [{name: a, securityContext: {capabilities: {drop: [ALL], add: [CHOWN]}}}]}";
        assert_eq!(pod(ID, spec).findings.len(), 0);
    }
}
