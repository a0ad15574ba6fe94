//! Workloads: ways out of a container, and tokens, images and secrets, hardening that is missing.

mod node_path;
mod standards;

pub(crate) use standards::broken;

crate::checks![
    privileged,
    host_path,
    runtime_socket,
    host_namespaces,
    dangerous_capabilities,
    unneeded_token,
    powerful_token,
    mutable_tag,
    unpinned_images,
    secret_in_env,
    shared_processes,
    untrusted,
    confinement_off,
    run_as_root,
    privilege_escalation,
    no_seccomp,
    capabilities_kept,
    writable_root,
    pod_security,
    default_namespace,
];
