//! Who can reach whom, and what is open to the outside.

pub mod firewall;
mod ports;

pub use public_node::PROBED;

crate::checks![
    no_policy,
    uncovered,
    selects_nothing,
    metadata_reachable,
    node_port,
    open_load_balancer,
    external_ips,
    host_port,
    public_node,
    plain_ingress,
];
