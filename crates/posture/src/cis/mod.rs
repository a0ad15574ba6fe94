//! Control files of kube-bench, read as they are and answered without a shell.
//!
//! Semantics: kube-bench's `check` package. Three answers, not two: what was not looked at, what an unknown operator
//! asks and what only a shell could say is unknown, never a pass.

mod assess;
mod choice;
mod judge;
mod load;
mod node;
pub mod node_file;
pub mod own;
mod shell;
mod variables;

pub use assess::{Row, Sources, assess, wanted};
pub use choice::choose;
pub use judge::{Answer, NoShell, Outputs, Verdict, judge, needs};
pub use load::{Benchmark, Compare, Control, Controls, Group, Item, Kind, Op, Tests, parse};
pub use node::{File, FileKind, Need, NodeReport, Task};
pub use shell::{Audit, Printed, Stop};
pub use variables::Variables;

use crate::control_plane::processes;
use crate::nodes::kubelet::{Kind as KubeletKind, Kubelet};
use snapshot::Snapshot;

/// Configuration of programs is small; what is not is no configuration.
pub(crate) fn small() -> yaml::Caps {
    yaml::Caps {
        bytes: MAX_CONTENT,
        document_bytes: MAX_CONTENT,
        nodes: 100_000,
        aliases: 10_000,
        ..yaml::Caps::default()
    }
}

/// What a file of a node may hold, in bytes.
const MAX_CONTENT: u64 = 4 << 20;

/// What the API alone shows of the nodes: the control plane's processes by their pods, and kubelets by `/configz`,
/// which stands for their configuration file (`path`) and has their flags in it.
pub fn seen_by_api(snapshot: &Snapshot, kubelets: &[Kubelet], path: &str) -> NodeReport {
    let line = |process: &crate::control_plane::Process| {
        let flags: Vec<String> = process.arguments.written().collect();
        Task::of_command(&format!("{} {}", process.component, flags.join(" ")))
    };
    let mut lines: Vec<Task> = processes(snapshot).iter().map(line).collect();
    let mut report = NodeReport::default();
    let of_api = Kubelet::all(snapshot);
    let runs = of_api.iter().filter(|kubelet| kubelet.kind == KubeletKind::Configz);
    if let Some(kubelet) = kubelets.iter().chain(runs).find(|kubelet| kubelet.kind != KubeletKind::Flags) {
        lines.push(Task::of_command("kubelet"));
        let content = Some(kubelet.config.to_string());
        let file = File { content, ..File::default() };
        report.files.insert(path.to_owned(), Some(file));
        report.by_api.insert(path.to_owned());
        report.half_seen.insert("kubelet".to_owned());
    }
    report.processes = (!lines.is_empty()).then_some(lines);
    report
}
