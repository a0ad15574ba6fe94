//! Pods for tests.

use crate::{Level, Pod, violations};
use model::Origin;
use snapshot::{Builder, Snapshot};

/// A snapshot of one pod with this spec.
pub(crate) fn pod(spec: &str) -> Snapshot {
    let text = format!(r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"p"}},"spec":{spec}}}"#);
    let mut builder = Builder::new("default");
    assert!(builder.add(serde_json::from_str(&text).expect("test JSON"), Origin::Builtin));
    builder.build()
}

/// Pointers that one check finds at the latest version.
pub(crate) fn found(check: &str, spec: &str) -> Vec<String> {
    let snapshot = pod(spec);
    let template = snapshot.workloads().next().expect("one pod").parse();
    let all = violations(&Pod::of(&template), Level::Restricted, None);
    all.into_iter().filter(|v| v.check == check).map(|v| v.pointer).collect()
}

/// Pointers that one check finds at a level and a minor.
pub(crate) fn at(check: &str, level: Level, minor: Option<u32>, spec: &str) -> Vec<String> {
    let snapshot = pod(spec);
    let template = snapshot.workloads().next().expect("one pod").parse();
    let all = violations(&Pod::of(&template), level, minor);
    all.into_iter().filter(|v| v.check == check).map(|v| v.pointer).collect()
}

/// Pointers that one baseline check finds in a pod with one annotation and a container `a`.
pub(crate) fn annotated(check: &str, minor: Option<u32>, key: &str, value: &str) -> Vec<String> {
    let text = format!(
        r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"p","annotations":{{"{key}":"{value}"}}}},"spec":{{"containers":[{{"name":"a"}}]}}}}"#
    );
    let mut builder = Builder::new("default");
    assert!(builder.add(serde_json::from_str(&text).expect("test JSON"), Origin::Builtin));
    let snapshot = builder.build();
    let template = snapshot.workloads().next().expect("one pod").parse();
    let all = violations(&Pod::of(&template), Level::Baseline, minor);
    all.into_iter().filter(|v| v.check == check).map(|v| v.pointer).collect()
}
