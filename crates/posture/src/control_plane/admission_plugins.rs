//! Admission plugins that should be on.

use super::{Process, tell};
use crate::{Check, Report, Run};
use model::{Rule, Severity};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "control-plane/admission-plugins",
        title: "Admission plugin that protects the cluster is off",
        severity: Severity::Medium,
        controls: &["CIS 1.2.10", "CIS 1.2.12", "CIS 1.2.13", "CIS 1.2.14", "AVD-KCV-0011", "AVD-KCV-0014", "AVD-KCV-0015", "AVD-KCV-0016"],
        explain: "`NodeRestriction` keeps a stolen kubelet from changing other nodes; `ServiceAccount`, `NamespaceLifecycle` and `PodSecurity` are on by default and should stay so; `AlwaysAdmit` admits everything.",
    },
    run: Run::Process(run),
};

fn run(process: &Process, report: &mut Report) {
    if process.component != "kube-apiserver" {
        return;
    }
    let on: Vec<&str> = process.arguments.list("enable-admission-plugins").collect();
    let old: Vec<&str> = process.arguments.list("admission-control").collect();
    if !on.contains(&"NodeRestriction") && !old.contains(&"NodeRestriction") {
        let says = "NodeRestriction is off: a stolen kubelet may change other nodes";
        tell(&CHECK, process, "enable-admission-plugins", says, "--enable-admission-plugins=NodeRestriction", report);
    }
    let off: Vec<&str> = process.arguments.list("disable-admission-plugins").collect();
    for plugin in ["ServiceAccount", "NamespaceLifecycle", "PodSecurity"] {
        if off.contains(&plugin) {
            let says = format!("{plugin} is switched off");
            tell(&CHECK, process, "disable-admission-plugins", &says, &format!("the list without {plugin}"), report);
        }
    }
    if on.contains(&"AlwaysAdmit") {
        let says = "AlwaysAdmit admits everything";
        tell(&CHECK, process, "enable-admission-plugins", says, "the list without AlwaysAdmit", report);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::component;

    const ID: &str = "control-plane/admission-plugins";

    #[test]
    fn hit() {
        assert_eq!(component(ID, "kube-apiserver", &["--disable-admission-plugins=PodSecurity"]), 2);
    }

    #[test]
    fn miss() {
        assert_eq!(component(ID, "kube-apiserver", &["--enable-admission-plugins=NodeRestriction"]), 0);
    }

    #[test]
    fn one_that_admits_everything() {
        assert_eq!(component(ID, "kube-apiserver", &["--enable-admission-plugins=NodeRestriction,AlwaysAdmit"]), 1);
    }
}
