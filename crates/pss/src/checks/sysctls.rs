//! Kernel parameters.

use crate::{Check, Level, Pod, Version, Violation};

pub(crate) static CHECK: Check = Check {
    id: "sysctls",
    control: "Sysctls",
    level: Level::Baseline,
    title: "only kernel parameters that stay inside the pod may be set",
    versions: &[Version::new(0, run), Version::new(27, since_27), Version::new(29, since_29), Version::new(32, since_32), Version::new(37, since_37)],
};

/// Name and the minor it is allowed from.
const ALLOWED: &[(&str, u32)] = &[
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
    ("net.ipv4.tcp_notsent_lowat", 37),
    ("net.ipv4.tcp_slow_start_after_idle", 37),
];

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    judge(pod, 0, found);
}

fn since_27(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    judge(pod, 27, found);
}

fn since_29(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    judge(pod, 29, found);
}

fn since_32(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    judge(pod, 32, found);
}

fn since_37(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    judge(pod, 37, found);
}

fn judge(pod: &Pod<'_, '_>, minor: u32, found: &mut Vec<Violation>) {
    for (index, sysctl) in pod.security().get("sysctls").items().iter().enumerate() {
        let name = sysctl.get("name").text();
        if !ALLOWED.iter().any(|(allowed, from)| *allowed == name && *from <= minor) {
            let says = format!("the pod sets {}", model::escape(name));
            found.push(CHECK.pod(pod, &format!("/securityContext/sysctls/{index}"), name, &says));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Level;
    use crate::testing::found_at;

    fn found(name: &str, minor: u32) -> usize {
        let spec = format!(r#"{{"containers":[],"securityContext":{{"sysctls":[{{"name":"{name}","value":"1"}}]}}}}"#);
        found_at("sysctls", &spec, Level::Baseline, Some(minor)).len()
    }

    #[test]
    fn hit() {
        assert_eq!(found("kernel.msgmax", 38), 1);
    }

    #[test]
    fn miss() {
        assert_eq!(found("kernel.shm_rmid_forced", 0), 0);
    }

    #[test]
    fn lists_grow() {
        let rows =
            [("net.ipv4.ip_local_reserved_ports", 27), ("net.ipv4.tcp_fin_timeout", 29), ("net.ipv4.tcp_rmem", 32), ("net.ipv4.tcp_notsent_lowat", 37)];
        for (name, from) in rows {
            assert_eq!((found(name, from - 1), found(name, from)), (1, 0), "{name}");
        }
    }
}
