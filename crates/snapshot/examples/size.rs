//! What a synthetic cluster costs as a snapshot: CPU seconds to add and build, resident memory after.
//!
//! `cargo run --release -p snapshot --example size -- small|medium|large|largest`
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program that measures needs the kernel's counters and a place to print"
)]

use snapshot::synthetic::{Size, cluster};

fn main() {
    let name = std::env::args().nth(1).unwrap_or_else(|| "large".to_owned());
    let size = match name.as_str() {
        "small" => Size::SMALL,
        "medium" => Size::MEDIUM,
        "largest" => Size::LARGEST,
        _ => Size::LARGE,
    };
    let mut dropping = 0.0;
    let before = memory("VmRSS:");
    let origin = model::Origin::Cluster { context: "synthetic".into(), owner: None };
    let mut builder = snapshot::Builder::new("default");
    let mut adding = 0.0;
    let mut objects = 0usize;
    // Objects come in chunks, so that the clock is not read for each.
    let mut source = cluster(1, &size);
    loop {
        let chunk: Vec<_> = source.by_ref().take(64).collect();
        if chunk.is_empty() {
            break;
        }
        objects += chunk.len();
        // What freeing the objects costs alone: `add` does it in any case.
        let copy = chunk.clone();
        let start = seconds();
        drop(copy);
        dropping += seconds() - start;
        let start = seconds();
        for value in chunk {
            builder.add(value, origin.clone());
        }
        adding += seconds() - start;
    }
    let start = seconds();
    let snapshot = builder.build();
    let building = seconds() - start;
    println!(
        "{name}: {objects} objects, {} pods, {} resources; add {:.2} s (freeing the objects alone {:.2} s), build {:.2} s; resident {:.0} MB (peak {:.0} MB)",
        snapshot.pods().len(),
        snapshot.resources().len(),
        adding,
        dropping,
        building,
        memory("VmRSS:") - before,
        memory("VmHWM:"),
    );
}

/// CPU time of this process, as the scheduler counts it in nanoseconds: other processes do not disturb it.
fn seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or_default() / 1e9
}

/// A line of the kernel's account of this process, in MB.
fn memory(field: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<f64>().ok()).unwrap_or_default() / 1024.0
}
