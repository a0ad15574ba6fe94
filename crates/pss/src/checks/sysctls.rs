//! Kernel parameters that reach beyond the pod.

use crate::{Check, Level, Pod, Violation};

pub(crate) static CHECK: Check = Check {
    id: "sysctls",
    level: Level::Baseline,
    title: "sysctls beyond the safe ones are forbidden",
    versions: &[(0, run_0), (27, run_27), (29, run_29), (32, run_32)],
    replaces: None,
};

/// Allowed names, and from which minor on.
const ALLOWED: &[(u32, &str)] = &[
    (0, "kernel.shm_rmid_forced"),
    (0, "net.ipv4.ip_local_port_range"),
    (0, "net.ipv4.tcp_syncookies"),
    (0, "net.ipv4.ping_group_range"),
    (0, "net.ipv4.ip_unprivileged_port_start"),
    (27, "net.ipv4.ip_local_reserved_ports"),
    (29, "net.ipv4.tcp_keepalive_time"),
    (29, "net.ipv4.tcp_fin_timeout"),
    (29, "net.ipv4.tcp_keepalive_intvl"),
    (29, "net.ipv4.tcp_keepalive_probes"),
    (32, "net.ipv4.tcp_rmem"),
    (32, "net.ipv4.tcp_wmem"),
];

fn run_0(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    run(pod, 0, found);
}

fn run_27(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    run(pod, 27, found);
}

fn run_29(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    run(pod, 29, found);
}

fn run_32(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    run(pod, 32, found);
}

fn run(pod: &Pod<'_, '_>, minor: u32, found: &mut Vec<Violation>) {
    for (index, sysctl) in pod.security().get("sysctls").items().iter().enumerate() {
        let name = sysctl.get("name").text();
        if !ALLOWED.iter().any(|(from, allowed)| *from <= minor && *allowed == name) {
            let at = pod.pointer(&format!("/securityContext/sysctls/{index}/name"));
            found.push(CHECK.violation(at, format!("sysctl {} is not among the safe ones", model::escape(name))));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Level;
    use crate::testing::at;

    #[test]
    fn the_list_grows() {
        for (name, from) in [
            ("net.ipv4.tcp_syncookies", 0),
            ("net.ipv4.ip_local_reserved_ports", 27),
            ("net.ipv4.tcp_fin_timeout", 29),
            ("net.ipv4.tcp_rmem", 32),
            ("kernel.msgmax", 99),
        ] {
            let spec = format!(r#"{{"securityContext":{{"sysctls":[{{"name":"{name}","value":"1"}}]}},"containers":[]}}"#);
            for minor in [18, 26, 27, 28, 29, 31, 32, 37] {
                let forbidden = at("sysctls", Level::Baseline, Some(minor), &spec).len();
                assert_eq!(forbidden, usize::from(minor < from), "{name} at {minor}");
            }
        }
    }
}
