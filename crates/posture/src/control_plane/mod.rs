//! The control plane: how its processes are set, by their command lines.

mod arguments;
mod process;

pub use arguments::Arguments;
pub(crate) use process::is_component;
pub use process::{COMPONENTS, Process, processes};

crate::checks![
    anonymous_auth,
    always_allow,
    insecure_port,
    static_tokens,
    admission_plugins,
    audit_off,
    encryption_off,
    kubelet_trust,
    etcd_client,
    etcd_open,
    shared_controller_account,
    open_bind_address,
    profiling,
];

use crate::{Check, Report, report};
use model::{Finding, Grain};

/// A finding about one flag of a process. `write` is what to write in its place.
fn tell(check: &'static Check, process: &Process, flag: &str, says: &str, write: &str, report: &mut Report) {
    report.finding(finding(check, process, flag, says, write));
}

fn finding(check: &'static Check, process: &Process, flag: &str, says: &str, write: &str) -> Finding {
    let how = match process.arguments.get(flag) {
        Some(value) => format!("--{flag}={}", model::escape(value)),
        None => format!("--{flag} is not set"),
    };
    let message = format!("{}: {how}: {says}", process.component);
    let mut finding =
        Finding::new(&check.rule, process.target.clone(), process.evidence("/command"), message);
    finding.instance = Some(format!("{} {flag} {says}", process.component));
    let title = format!("start {} with {write}", process.component);
    finding.fixes.push(report::by_hand(format!("{} --{flag}", process.target), Grain::Field, 2, title));
    finding
}
