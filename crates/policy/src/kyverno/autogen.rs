//! Rules for pods hold for what makes pods too: the generated rules.
//!
//! Semantics: Kyverno `pkg/autogen/v1`. A policy's rules are generated for controllers only when no rule selects by
//! name, labels or annotations, or mixes Pod with other kinds.

use serde_json::{Map, Value, json};

const ANNOTATION: &str = "pod-policies.kyverno.io/autogen-controllers";
/// Longest name a rule may have.
const MAX_NAME: usize = 63;

/// Controllers with a pod template, as `group/version/Kind` (CronJob is apart).
const CONTROLLERS: [(&str, &str); 6] = [
    ("DaemonSet", "apps/v1/DaemonSet"),
    ("Deployment", "apps/v1/Deployment"),
    ("Job", "batch/v1/Job"),
    ("ReplicaSet", "apps/v1/ReplicaSet"),
    ("ReplicationController", "v1/ReplicationController"),
    ("StatefulSet", "apps/v1/StatefulSet"),
];

/// How a generated rule reaches the pod.
struct Target {
    prefix: &'static str,
    /// Where the pod is in the controller.
    path: &'static [&'static str],
    kinds: Vec<&'static str>,
    /// Every filter gets the new kinds, not only those about Pod.
    all_filters: bool,
}

/// The policy's rules: its own, then the generated ones.
pub(super) fn rules(document: &Value) -> Vec<Value> {
    let own = document.pointer("/spec/rules").and_then(Value::as_array).cloned().unwrap_or_default();
    let wanted = wanted(document, &own);
    if wanted.is_empty() {
        return own;
    }
    let mut generated = Vec::new();
    for rule in &own {
        generated.extend(for_controllers(rule, &wanted));
        if wanted.contains(&"CronJob") {
            generated.extend(for_cron_jobs(rule));
        }
    }
    if generated.is_empty() {
        return own;
    }
    let is_generated = |rule: &Value| name(rule).starts_with("autogen-");
    own.into_iter().filter(|rule| !is_generated(rule)).chain(generated).collect()
}

fn name(rule: &Value) -> &str {
    rule.get("name").and_then(Value::as_str).unwrap_or_default()
}

/// The controllers rules are generated for: what the annotation asks of what is possible.
fn wanted(document: &Value, rules: &[Value]) -> Vec<&'static str> {
    if !possible(rules) {
        return Vec::new();
    }
    let all = || CONTROLLERS.iter().map(|(kind, _)| *kind).chain(["CronJob"]);
    let annotations = document.pointer("/metadata/annotations");
    match annotations.and_then(|a| a.get(ANNOTATION)).and_then(Value::as_str) {
        None | Some("" | "all") => all().collect(),
        Some(list) => {
            let asked: Vec<&str> = list.split(',').map(str::trim).collect();
            all().filter(|kind| asked.contains(kind)).collect()
        }
    }
}

fn possible(rules: &[Value]) -> bool {
    let mut needed = false;
    for rule in rules {
        let patches = |block: &Value| block.get("patchesJson6902").is_some();
        let mutate = rule.get("mutate");
        let loops = mutate.and_then(|m| m.get("foreach")).and_then(Value::as_array).into_iter().flatten();
        let json_patches = mutate.is_some_and(patches) || loops.into_iter().any(patches);
        if rule.get("generate").is_some() || json_patches {
            return false;
        }
        for filter in filters(rule.get("match")) {
            if selects_more(filter) {
                return false;
            }
            needed = needed || kinds(filter).iter().any(|kind| is_pod_or_controller(kind));
        }
        if filters(rule.get("exclude")).into_iter().any(selects_more) {
            return false;
        }
    }
    needed
}

/// The resource descriptions of a block: its own and those under `any` and `all`.
fn filters(block: Option<&Value>) -> Vec<&Value> {
    let Some(block) = block else { return Vec::new() };
    let lists = ["any", "all"].into_iter().filter_map(|key| block.get(key)?.as_array()).flatten();
    std::iter::once(block).chain(lists).filter_map(|filter| filter.get("resources")).collect()
}

fn selects_more(resources: &Value) -> bool {
    let given = |key: &str| match resources.get(key) {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(list)) => !list.is_empty(),
        Some(_) => true,
    };
    let kinds = kinds(resources);
    ["name", "names", "selector", "annotations"].into_iter().any(given)
        || (kinds.len() > 1 && kinds.iter().any(|kind| is_kind(kind, "Pod")))
}

fn kinds(resources: &Value) -> Vec<&str> {
    let list = resources.get("kinds").and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).collect()
}

/// Whether a selector names a kind, whatever its group and subresource.
fn is_kind(selector: &str, kind: &str) -> bool {
    crate::selection::KindSelector::parse(selector).kind == kind
}

fn is_pod_or_controller(kind: &str) -> bool {
    matches!(kind, "Pod" | "CronJob") || CONTROLLERS.iter().any(|(known, _)| *known == kind)
}

fn for_controllers(rule: &Value, wanted: &[&'static str]) -> Option<Value> {
    let kinds: Vec<_> =
        CONTROLLERS.iter().filter(|(kind, _)| wanted.contains(kind)).map(|(_, path)| *path).collect();
    if kinds.is_empty() {
        return None;
    }
    generate(rule, &Target { prefix: "autogen", path: &["spec", "template"], kinds, all_filters: false })
}

fn for_cron_jobs(rule: &Value) -> Option<Value> {
    generate(
        rule,
        &Target {
            prefix: "autogen-cronjob",
            path: &["spec", "jobTemplate", "spec", "template"],
            kinds: vec!["batch/v1/CronJob"],
            all_filters: true,
        },
    )
}

fn about_pods(rule: &Value) -> bool {
    if name(rule).starts_with("autogen-") {
        return false;
    }
    let named = |key: &str| -> Vec<bool> {
        let kinds = filters(rule.get(key)).into_iter().flat_map(kinds);
        kinds.map(|kind| is_kind(kind, "Pod")).collect()
    };
    let (matched, excluded) = (named("match"), named("exclude"));
    matched.contains(&true) && (excluded.is_empty() || excluded.contains(&true))
}

fn generate(rule: &Value, target: &Target) -> Option<Value> {
    if !about_pods(rule) {
        return None;
    }
    let mut out = rule.as_object()?.clone();
    let name: String = format!("{}-{}", target.prefix, name(rule)).chars().take(MAX_NAME).collect();
    out.insert("name".to_owned(), Value::String(name));
    if let Some(block) = out.get_mut("match") {
        replace_kinds(block, target, true);
    }
    if let Some(block) = out.get_mut("exclude") {
        replace_kinds(block, target, false);
    }
    if let Some(validate) = out.get_mut("validate") {
        wrap(validate, target.path);
    }
    Some(shift(&Value::Object(out), &target.path.join(".")))
}

fn replace_kinds(block: &mut Value, target: &Target, is_match: bool) {
    let Some(fields) = block.as_object_mut() else { return };
    for key in ["any", "all"] {
        let Some(list) = fields.get_mut(key).and_then(Value::as_array_mut).filter(|l| !l.is_empty()) else {
            continue;
        };
        for filter in list {
            let Some(resources) = filter.get_mut("resources") else { continue };
            if target.all_filters || kinds(resources).iter().any(|kind| is_kind(kind, "Pod")) {
                set_kinds(resources, target);
            }
        }
        return;
    }
    let resources = fields.entry("resources").or_insert_with(|| json!({}));
    if is_match || !kinds(resources).is_empty() {
        set_kinds(resources, target);
    }
}

fn set_kinds(resources: &mut Value, target: &Target) {
    if let Some(fields) = resources.as_object_mut() {
        fields.insert("kinds".to_owned(), Value::from(target.kinds.clone()));
    }
}

/// Puts the patterns of a `validate` below the path; conditions and loops stay, their expressions are rewritten.
fn wrap(validate: &mut Value, path: &[&str]) {
    let below = |pattern: &Value| path.iter().rev().fold(pattern.clone(), |inner, key| json!({*key: inner}));
    let Some(fields) = validate.as_object_mut() else { return };
    if let Some(pattern) = fields.get_mut("pattern") {
        *pattern = below(pattern);
    }
    if let Some(list) = fields.get_mut("anyPattern").and_then(Value::as_array_mut) {
        list.iter_mut().for_each(|pattern| *pattern = below(pattern));
    }
}

/// Rewrites `request.object.spec` and `.metadata` in every text (and key) of a rule.
fn shift(value: &Value, path: &str) -> Value {
    let text = |text: &str| {
        let mut out = text.to_owned();
        for object in ["request.object", "request.oldObject"] {
            for part in ["spec", "metadata"] {
                out = out.replace(&format!("{object}.{part}"), &format!("{object}.{path}.{part}"));
            }
        }
        out
    };
    match value {
        Value::String(s) => Value::String(text(s)),
        Value::Array(items) => Value::Array(items.iter().map(|item| shift(item, path)).collect()),
        Value::Object(fields) => {
            let pair = |(key, value): (&String, &Value)| (text(key), shift(value, path));
            Value::Object(fields.iter().map(pair).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(rule: Value) -> Value {
        json!({"metadata": {"name": "p"}, "spec": {"rules": [rule]}})
    }

    fn names(document: &Value) -> Vec<String> {
        rules(document).iter().map(|rule| name(rule).to_owned()).collect()
    }

    fn pods() -> Value {
        json!({"name": "r", "match": {"any": [{"resources": {"kinds": ["Pod"]}}]},
            "preconditions": {"all": [{"key": "{{ request.object.spec.a }}", "operator": "Equals",
                "value": "{{request.object.metadata.b}}"}]},
            "validate": {"message": "m", "pattern": {"spec": {"hostPID": false}}}})
    }

    #[test]
    fn pod_rules_are_generated() {
        let rules = rules(&policy(pods()));
        assert_eq!(names(&policy(pods())), ["r", "autogen-r", "autogen-cronjob-r"]);
        let pattern = |at: usize| rules[at].pointer("/validate/pattern").unwrap().clone();
        assert_eq!(pattern(1), json!({"spec": {"template": {"spec": {"hostPID": false}}}}));
        let cron = json!({"spec": {"jobTemplate": {"spec": {"template": {"spec": {"hostPID": false}}}}}});
        assert_eq!(pattern(2), cron);
        let key = |at: usize| rules[at].pointer("/preconditions/all/0/key").unwrap().clone();
        assert_eq!(key(1), json!("{{ request.object.spec.template.spec.a }}"));
        assert_eq!(key(2), json!("{{ request.object.spec.jobTemplate.spec.template.spec.a }}"));
        let value = rules[2].pointer("/preconditions/all/0/value").unwrap();
        assert_eq!(value, "{{request.object.spec.jobTemplate.spec.template.metadata.b}}");
        let kinds = rules[2].pointer("/match/any/0/resources/kinds").unwrap();
        assert_eq!(kinds, &json!(["batch/v1/CronJob"]));
    }

    #[test]
    fn nothing_is_generated_when_it_cannot_be() {
        for (key, value) in [
            ("selector", json!({"matchLabels": {"a": "b"}})),
            ("names", json!(["x"])),
            ("annotations", json!({"a": "b"})),
            ("kinds", json!(["Pod", "Deployment"])),
            ("kinds", json!(["Service"])),
        ] {
            let mut rule = pods();
            rule["match"]["any"][0]["resources"][key] = value;
            assert_eq!(names(&policy(rule)), ["r"], "{key}");
        }
    }

    #[test]
    fn the_annotation_chooses() {
        let with = |value: &str| {
            let mut policy = policy(pods());
            policy["metadata"]["annotations"] = json!({ANNOTATION: value});
            policy
        };
        assert_eq!(names(&with("none")), ["r"]);
        assert_eq!(names(&with("CronJob")), ["r", "autogen-cronjob-r"]);
        let rules = rules(&with("Deployment,StatefulSet"));
        assert_eq!(rules.len(), 2);
        let kinds = rules[1].pointer("/match/any/0/resources/kinds").unwrap();
        assert_eq!(kinds, &json!(["apps/v1/Deployment", "apps/v1/StatefulSet"]));
    }
}
