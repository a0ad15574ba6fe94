//! Workloads: ways out of a container, and tokens and images that are more than needed.

mod node_path;

crate::checks![
    privileged,
    host_path,
    runtime_socket,
    host_namespaces,
    dangerous_capabilities,
    unneeded_token,
    pod_security,
    mutable_tag,
];
