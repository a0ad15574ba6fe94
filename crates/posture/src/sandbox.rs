//! RuntimeClasses whose handler puts a kernel between the container and its node.

use model::Escape;
use snapshot::{PodSpec, Snapshot};

/// A sandbox around a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sandbox {
    /// gVisor: a kernel in user space.
    Gvisor,
    /// Kata Containers or another virtual machine.
    Machine,
}

impl Sandbox {
    /// What a handler of a RuntimeClass is. Names are chosen by whoever configures the runtime; these are the ones
    /// that the projects' own instructions use.
    pub fn of_handler(handler: &str) -> Option<Self> {
        let is = |name: &str| {
            handler == name || handler.strip_prefix(name).is_some_and(|rest| rest.starts_with('-'))
        };
        if is("runsc") || is("gvisor") {
            Some(Self::Gvisor)
        } else if is("kata") || is("firecracker") || is("cloud-hypervisor") {
            Some(Self::Machine)
        } else {
            None
        }
    }

    /// The sandbox of a pod: by the RuntimeClass it names, which must be there.
    pub fn of(spec: PodSpec<'_, '_>, snapshot: &Snapshot) -> Option<Self> {
        let name = spec.json.get("runtimeClassName").str()?;
        let class = snapshot.find("node.k8s.io", "RuntimeClass", "", name)?.json();
        let handler = class.get("handler").str().or(class.at(&["spec", "runtimeHandler"]).str())?;
        Self::of_handler(handler)
    }

    /// Whether it stops a way out. Paths and sockets that are mounted stay mounted, the node's network stays the
    /// node's; a privileged container of a virtual machine is given the node's devices unless its runtime is told
    /// otherwise.
    pub fn stops(self, escape: &Escape) -> bool {
        match escape {
            Escape::Capability(_) | Escape::HostPid | Escape::HostIpc | Escape::VulnerableNode { .. } => true,
            Escape::Privileged => self == Self::Gvisor,
            Escape::HostNetwork | Escape::HostPath { .. } | Escape::RuntimeSocket { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{escapes, run};

    #[test]
    fn handlers() {
        for (handler, want) in [
            ("runsc", Some(Sandbox::Gvisor)),
            ("gvisor", Some(Sandbox::Gvisor)),
            ("kata-qemu", Some(Sandbox::Machine)),
            ("runc", None),
            ("runscy", None),
            ("", None),
        ] {
            assert_eq!(Sandbox::of_handler(handler), want, "{handler}");
        }
    }

    #[test]
    fn the_step_is_gone_only_where_the_class_exists() {
        let pod = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {runtimeClassName: gvisor, containers: [{name: a, \
                   securityContext: {privileged: true}}]}}";
        let class = "\n---\n{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: gvisor}, handler: runsc}";
        let of = |text: &str| escapes(&run("workloads/privileged", text));
        assert_eq!(of(pod), [Escape::Privileged]);
        assert!(of(&format!("{pod}{class}")).is_empty());
        let runc = class.replace("runsc", "runc");
        assert_eq!(of(&format!("{pod}{runc}")), [Escape::Privileged]);
    }

    #[test]
    fn what_is_mounted_stays_mounted() {
        let path = Escape::HostPath { path: "/".into(), writable: true };
        assert!(!Sandbox::Gvisor.stops(&path) && !Sandbox::Machine.stops(&Escape::Privileged));
        assert!(Sandbox::Machine.stops(&Escape::Capability("SYS_ADMIN".into())));
    }
}
