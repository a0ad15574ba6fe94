//! What all checks cost over a synthetic cluster: CPU seconds and peak memory.
//!
//! `cargo run --release -p posture --example speed`
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program that measures needs the kernel's counters and a place to print"
)]

use snapshot::synthetic::{Size, cluster};

fn main() {
    let size = Size::LARGE;
    let mut builder = snapshot::Builder::new("default");
    let origin = model::Origin::Cluster { context: "synthetic".into(), owner: None };
    for value in cluster(1, &size) {
        builder.add(value, origin.clone());
    }
    let snapshot = builder.build();
    println!("{} pods, {} workloads, {} MB", snapshot.pods().len(), snapshot.workloads().count(), memory());
    let rbac = rbac::Rbac::new(&snapshot, rbac::ServerVersion::LATEST);
    let mut costs = Vec::new();
    for check in posture::checks() {
        let start = seconds();
        let found = posture::run_checks(&snapshot, &rbac, [check]).findings.len();
        costs.push((seconds() - start, check.rule.id, found));
    }
    costs.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (cost, id, found) in costs.iter().take(8) {
        println!("  {cost:.3} s {id}: {found}");
    }
    let start = seconds();
    let found = posture::run_checks(&snapshot, &rbac, posture::checks()).findings.len();
    println!("{found} findings in {:.2} s CPU, peak {} MB", seconds() - start, memory());
}

/// CPU seconds of this process.
fn seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

/// Peak resident memory in MB.
fn memory() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) / 1024
}
