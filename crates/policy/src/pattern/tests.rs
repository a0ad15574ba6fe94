//! Anchors and lists, one table per meaning.

use super::*;
use serde_json::json;

#[derive(Debug, PartialEq)]
enum Got {
    Fit,
    Skip,
    Fail(String),
    Missing,
}

fn judge(pattern: Value, resource: Value) -> Got {
    match Pattern::compile(&pattern).unwrap().judge(&resource) {
        Ok(()) => Got::Fit,
        Err(Misfit::Skip(_)) => Got::Skip,
        Err(Misfit::Fail { path, .. }) => Got::Fail(path),
        Err(Misfit::Missing(_)) => Got::Missing,
    }
}

fn fail(path: &str) -> Got {
    Got::Fail(path.to_owned())
}

#[test]
fn plain_fields() {
    let pattern = json!({"spec": {"hostPID": false, "image": "?*"}});
    assert_eq!(judge(pattern.clone(), json!({"spec": {"hostPID": false, "image": "a"}})), Got::Fit);
    assert_eq!(judge(pattern.clone(), json!({"spec": {"image": "a"}})), fail("/spec/hostPID/"));
    assert_eq!(judge(pattern.clone(), json!({"spec": []})), fail("/spec/"));
    assert_eq!(judge(pattern, json!({})), fail("/spec/"));
}

#[test]
fn a_star_wants_the_field_and_blames_its_parent() {
    let pattern = json!({"metadata": {"labels": {"app": "*"}}});
    assert_eq!(judge(pattern.clone(), json!({"metadata": {"labels": {"app": ""}}})), Got::Fit);
    assert_eq!(judge(pattern, json!({"metadata": {"labels": {}}})), fail("/metadata/labels/"));
}

#[test]
fn a_list_of_one_map_is_for_every_element() {
    let pattern = json!({"containers": [{"image": "!*:latest"}]});
    assert_eq!(judge(pattern.clone(), json!({"containers": [{"image": "a:1"}, {"image": "b:2"}]})), Got::Fit);
    assert_eq!(
        judge(pattern.clone(), json!({"containers": [{"image": "a:1"}, {"image": "b:latest"}]})),
        fail("/containers/1/image/")
    );
    assert_eq!(judge(pattern, json!({"containers": []})), Got::Fit);
}

#[test]
fn a_list_of_one_scalar_is_for_every_element() {
    let pattern = json!({"drop": ["ALL | KILL"]});
    assert_eq!(judge(pattern.clone(), json!({"drop": ["ALL", "KILL"]})), Got::Fit);
    assert_eq!(judge(pattern, json!({"drop": ["ALL", "CHOWN"]})), fail("/drop/"));
}

#[test]
fn equality_is_if_present() {
    let pattern = json!({"=(security)": {"=(privileged)": false}});
    assert_eq!(judge(pattern.clone(), json!({})), Got::Fit);
    assert_eq!(judge(pattern.clone(), json!({"security": {}})), Got::Fit);
    assert_eq!(judge(pattern, json!({"security": {"privileged": true}})), fail("/security/privileged/"));
}

#[test]
fn negation_wants_absence() {
    let pattern = json!({"volumes": [{"X(hostPath)": "null"}]});
    assert_eq!(judge(pattern.clone(), json!({"volumes": [{"name": "a"}]})), Got::Fit);
    assert_eq!(
        judge(pattern, json!({"volumes": [{"name": "a"}, {"hostPath": {"path": "/"}}]})),
        fail("/volumes/1/hostPath/")
    );
}

#[test]
fn condition_decides_per_element() {
    let pattern = json!({"containers": [{"(name)": "web*", "image": "ok/*"}]});
    let container = |name, image| json!({"name": name, "image": image});
    let judge = |list: Value| judge(pattern.clone(), json!({"containers": list}));
    assert_eq!(judge(json!([container("web", "ok/a"), container("db", "x")])), Got::Fit);
    assert_eq!(judge(json!([container("web", "x")])), fail("/containers/0/image/"));
    assert_eq!(judge(json!([container("db", "x")])), Got::Skip);
}

#[test]
fn global_skips_the_whole_rule() {
    let pattern = json!({"containers": [{"<(image)": "corp/*"}], "secrets": [{"name": "key"}]});
    let secrets = json!([{"name": "other"}]);
    assert_eq!(
        judge(pattern.clone(), json!({"containers": [{"image": "x"}], "secrets": secrets})),
        Got::Skip
    );
    assert_eq!(
        judge(pattern, json!({"containers": [{"image": "corp/x"}], "secrets": secrets})),
        fail("/secrets/0/name/")
    );
}

#[test]
fn existence_wants_one() {
    let pattern = json!({"^(containers)": [{"image": "sidecar"}]});
    assert_eq!(
        judge(pattern.clone(), json!({"containers": [{"image": "x"}, {"image": "sidecar"}]})),
        Got::Fit
    );
    assert_eq!(judge(pattern.clone(), json!({"containers": [{"image": "x"}]})), fail("/containers/"));
    assert_eq!(judge(pattern, json!({})), Got::Fit);
}

#[test]
fn an_anchor_whose_field_is_nowhere_turns_failure_into_error() {
    let pattern = json!({"spec": {"X(a)": "null", "b": "1"}});
    assert_eq!(judge(pattern.clone(), json!({"spec": {"b": "1"}})), Got::Fit);
    assert_eq!(judge(pattern, json!({"spec": {"b": "2"}})), Got::Missing);
}

#[test]
fn wildcard_keys_in_labels() {
    let pattern = json!({"metadata": {"=(annotations)": {"=(apparmor/*)": "runtime/default"}}});
    let with = |key: &str, value: &str| json!({"metadata": {"annotations": {key: value}}});
    assert_eq!(judge(pattern.clone(), with("apparmor/web", "runtime/default")), Got::Fit);
    assert_eq!(judge(pattern.clone(), with("other", "x")), Got::Fit);
    assert_eq!(
        judge(pattern, with("apparmor/web", "unconfined")),
        fail("/metadata/annotations/apparmor/web/")
    );
}

#[test]
fn too_deep_and_references_are_refused() {
    let mut deep = json!(1);
    for _ in 0..200 {
        deep = json!({"a": deep});
    }
    assert_eq!(Pattern::compile(&deep), Err(PatternError::Deep));
    assert!(matches!(Pattern::compile(&json!({"a": "$(./../b)"})), Err(PatternError::Reference(_))));
}
