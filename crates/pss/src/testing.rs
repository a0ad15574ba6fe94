//! Pods for tests.

use crate::{Level, Pod, violations};
use model::Origin;
use snapshot::{Builder, Snapshot};

/// A snapshot of one object.
pub(crate) fn object(text: &str) -> Snapshot {
    let mut builder = Builder::new("default");
    assert!(builder.add(serde_json::from_str(text).expect("test JSON"), Origin::Builtin));
    builder.build()
}

/// Text of a pod with this spec.
pub(crate) fn pod(spec: &str) -> String {
    format!(r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"p"}},"spec":{spec}}}"#)
}

/// Pointers that one check finds at the restricted level and the latest version.
pub(crate) fn found(check: &str, spec: &str) -> Vec<String> {
    found_at(check, spec, Level::Restricted, None)
}

/// Pointers that one check finds.
pub(crate) fn found_at(check: &str, spec: &str, level: Level, minor: Option<u32>) -> Vec<String> {
    pointers(check, &pod(spec), level, minor)
}

/// Pointers that one check finds in a whole object at the baseline.
pub(crate) fn found_in(check: &str, text: &str, minor: Option<u32>) -> Vec<String> {
    pointers(check, text, Level::Baseline, minor)
}

fn pointers(check: &str, text: &str, level: Level, minor: Option<u32>) -> Vec<String> {
    let snapshot = object(text);
    let template = snapshot.workloads().next().expect("one workload").parse();
    let all = violations(&Pod::of(&template), level, minor);
    all.into_iter().filter(|v| v.check == check).map(|v| v.pointer).collect()
}
