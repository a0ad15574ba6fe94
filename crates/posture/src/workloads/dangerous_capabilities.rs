//! Capabilities that are as good as root on the node.

use crate::{Check, Report, Run, Workload};
use model::{Edit, Escape, Finding, Fix, Grain, Rule, Severity};
use snapshot::Container;

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "workloads/dangerous-capabilities",
        title: "Container has a capability that is as good as root on the node",
        severity: Severity::High,
        controls: &["PSS baseline", "CIS 5.2.8", "CIS 5.2.9", "AVD-KSV-0005", "AVD-KSV-0022", "T1611"],
        explain: "`SYS_ADMIN` mounts the node's disks, `SYS_MODULE` loads kernel code, `DAC_READ_SEARCH` opens any \
                  file by handle, `SYS_PTRACE` with `hostPID` takes over a process of the node. Drop `ALL` and add \
                  what is proven to be needed.",
    },
    run: Run::Workload(run),
};

/// Name, whether it needs `hostPID` to be a way out, and what it gives.
const DANGEROUS: &[(&str, bool, &str)] = &[
    ("SYS_ADMIN", false, "it mounts the node's disks"),
    ("SYS_MODULE", false, "it loads code into the kernel"),
    ("DAC_READ_SEARCH", false, "it opens any file of the node by its handle"),
    ("SYS_PTRACE", true, "with hostPID it takes over processes of the node"),
];

fn run(workload: &Workload<'_, '_>, report: &mut Report) {
    let host_pid = workload.spec.json.get("hostPID").is_true();
    // A privileged container has them all, and says so itself.
    for container in workload.containers.iter().filter(|container| !container.privileged()) {
        for (index, added) in added(container).enumerate() {
            let name = added.to_ascii_uppercase();
            let name = name.strip_prefix("CAP_").unwrap_or(&name);
            let all = name == "ALL";
            for (capability, needs_pid, gives) in DANGEROUS {
                if (all || name == *capability) && (host_pid || !needs_pid) {
                    tell(workload, container, index, capability, gives, report);
                }
            }
        }
    }
}

fn added<'t>(container: &Container<'t, '_>) -> impl Iterator<Item = &'t str> {
    container.security().at(&["capabilities", "add"]).strings()
}

fn tell(
    workload: &Workload<'_, '_>,
    container: &Container<'_, '_>,
    index: usize,
    capability: &str,
    gives: &str,
    report: &mut Report,
) {
    let pointer = container.pointer(&format!("/securityContext/capabilities/add/{index}"));
    let evidence = workload.evidence(pointer);
    let name = model::escape(container.name());
    let message = format!("container {name} has {capability}: {gives}");
    let mut finding = Finding::new(&CHECK.rule, workload.target(), evidence.clone(), message);
    finding.instance = Some(format!("{}:{capability}", container.name()));
    let edits = vec![Edit::Remove {
        resource: workload.reference().clone(),
        pointer: container.pointer(&format!("/securityContext/capabilities/add/{index}")),
    }];
    finding.fixes.push(Fix {
        key: format!("{} {} {capability}", workload.reference(), container.name()),
        title: format!("drop {capability} from container {name}"),
        grain: Grain::Field,
        effort: 1,
        breaks: vec![format!("what container {name} does with it")],
        edits,
    });
    report.finding(finding);
    workload.escape(report, Escape::Capability(capability.to_owned()), evidence);
}

#[cfg(test)]
mod tests {
    use crate::testing::{escapes, pod};
    use model::Escape;

    fn found(add: &str, rest: &str) -> Vec<String> {
        let spec =
            format!("{{containers: [{{name: a, securityContext: {{capabilities: {{add: [{add}]}}{rest}}}}}]}}");
        names(&spec)
    }

    fn names(spec: &str) -> Vec<String> {
        let all = escapes(&pod("workloads/dangerous-capabilities", spec)).into_iter();
        all.map(|escape| if let Escape::Capability(name) = escape { name } else { panic!() }).collect()
    }

    #[test]
    fn named_prefixed_and_all() {
        assert_eq!(found("SYS_ADMIN", ""), ["SYS_ADMIN"]);
        assert_eq!(found("CAP_SYS_MODULE", ""), ["SYS_MODULE"]);
        assert_eq!(found("all", ""), ["SYS_ADMIN", "SYS_MODULE", "DAC_READ_SEARCH"]);
    }

    #[test]
    fn everyday_ones_are_silent() {
        assert!(found("NET_BIND_SERVICE, SYS_PTRACE, NET_ADMIN", "").is_empty());
    }

    #[test]
    fn ptrace_needs_the_processes_of_the_node() {
        let spec = "{hostPID: true, containers: [{name: a, securityContext: {capabilities: {add: [SYS_PTRACE]}}}]}";
        assert_eq!(names(spec), ["SYS_PTRACE"]);
    }

    #[test]
    fn privileged_says_it_all() {
        assert!(found("SYS_ADMIN", ", privileged: true").is_empty());
    }
}
