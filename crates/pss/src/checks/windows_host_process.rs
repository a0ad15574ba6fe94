//! Windows containers that are processes of the host.

use crate::{Check, Level, Pod, Violation};

pub(crate) static CHECK: Check = Check {
    id: "windowsHostProcess",
    level: Level::Baseline,
    title: "Windows HostProcess containers are forbidden",
    versions: &[(0, run)],
    replaces: None,
};

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    let own = (pod.security(), pod.pointer("/securityContext"), "the pod".to_owned());
    let containers = pod.containers().map(|container| {
        let who = format!("container {}", model::escape(container.name()));
        (container.security(), container.pointer("/securityContext"), who)
    });
    for (security, pointer, who) in std::iter::once(own).chain(containers) {
        if security.at(&["windowsOptions", "hostProcess"]).is_true() {
            let at = format!("{pointer}/windowsOptions/hostProcess");
            found.push(CHECK.violation(at, format!("{who} is a process of the host")));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    #[test]
    fn hit() {
        let found = found("windowsHostProcess", r#"{"securityContext":{"windowsOptions":{"hostProcess":true}},"containers":[]}"#);
        assert_eq!(found, ["/spec/securityContext/windowsOptions/hostProcess"]);
    }

    #[test]
    fn miss() {
        let found = found("windowsHostProcess", r#"{"securityContext":{"windowsOptions":{"hostProcess":false}},"containers":[{"name":"a"}]}"#);
        assert_eq!(found, [""; 0]);
    }
}
