//! `docs/schema/risk.v1.json` is what `risk -o json` prints: every real page is valid, and no changed one is.

mod validator;

use integration::{Case, Skip, Suite, corpus, demand, ringwall, root};
use serde_json::{Value, json};
use validator::Schema;

pub(crate) static SUITE: Suite = Suite { name: "schema", cases };

const PATH: &str = "docs/schema/risk.v1.json";

fn cases() -> Result<Vec<Case>, Skip> {
    let mut cases = vec![
        Case::new("every-field-is-described", || {
            let missing = schema()?.undescribed();
            demand!(missing.is_empty(), "{PATH} describes no {}", missing.join(", "));
            Ok(())
        }),
        Case::new("the-validator-refuses", the_validator_refuses),
        Case::new("changed-pages-are-invalid", changed_pages_are_invalid),
        Case::new("every-field-is-printed", every_field_is_printed),
        Case::new("version", || {
            let page = page(&["examples/shop"], "")?;
            demand!(page["schemaVersion"] == 1, "schemaVersion is {}", page["schemaVersion"]);
            Ok(())
        }),
        Case::new("shop", || valid(&["examples/shop"], "")),
        Case::new("shop-alert", || valid(&["examples/shop", "--alerts", "examples/shop-alert.json"], "")),
        Case::new("empty-input", || valid(&["-"], "")),
        Case::new("broken-input", || valid(&["-", "--all"], "kind: [\n---\na: 1\na: 2\n")),
        Case::new("one-pod", || valid(&["-"], ONE_POD)),
    ];
    for name in ["kubernetes-goat", "bad-pods", "argo-cd/install.yaml"] {
        if let Some(path) = corpus().map(|corpus| corpus.join("manifests").join(name)) {
            cases.push(Case::new(name, move || valid(&[&path.to_string_lossy()], "")));
        }
    }
    Ok(cases)
}

const ONE_POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\nspec:\n  hostNetwork: true\n  \
                       containers: [{name: c, image: registry.test/c:1, ports: [{hostPort: 80, containerPort: 80}], \
                       securityContext: {privileged: true}}]\n";

fn schema() -> Result<Schema, String> {
    let text = std::fs::read_to_string(root().join(PATH)).map_err(|e| format!("{PATH}: {e}"))?;
    Schema::new(&text).map_err(|why| format!("{PATH}: {why}"))
}

fn page(words: &[&str], input: &str) -> Result<Value, String> {
    ringwall()?.run_with(&[&["risk", "-o", "json"], words].concat(), input)?.json()
}

fn valid(words: &[&str], input: &str) -> Result<(), String> {
    let errors = schema()?.errors(&page(words, input)?);
    demand!(errors.is_empty(), "{words:?} is not what {PATH} says:\n{}", errors.join("\n"));
    Ok(())
}

/// A change of a page.
type Change = fn(&mut Value);

/// Each change is one a careless edit of the program could make.
fn changed_pages_are_invalid() -> Result<(), String> {
    let (schema, page) = (schema()?, page(&["examples/shop"], "")?);
    let changes: &[(&str, Change)] = &[
        ("a field more", |page| page["items"][0]["score"] = json!(9.8)),
        ("a field less", |page| drop(page["items"][0].as_object_mut().map(|item| item.remove("why")))),
        ("a top field less", |page| drop(page.as_object_mut().map(|page| page.remove("headline")))),
        ("another version", |page| page["schemaVersion"] = json!(2)),
        ("a number as text", |page| page["risk"] = json!("115.5")),
        ("a fraction of a workload", |page| page["headline"]["workloads"] = json!(1.5)),
        ("a tier of its own", |page| page["items"][0]["tier"] = json!("SOON")),
        ("more than certain", |page| page["items"][0]["steps"][0]["ease"] = json!(1.1)),
        ("a short id", |page| page["items"][0]["id"] = json!("RW-1")),
        ("null for a list", |page| page["plan"]["steps"] = Value::Null),
        ("an edit that is none", |page| page["items"][0]["fixes"][0]["edits"][0]["op"] = json!("burn")),
        ("half of what was seen", |page| page["items"][0]["steps"][0]["seen"] = json!(["rule"])),
    ];
    for (what, change) in changes {
        let mut changed = page.clone();
        change(&mut changed);
        demand!(changed != page, "{what}: changes nothing");
        demand!(!schema.errors(&changed).is_empty(), "{what}: is still valid");
    }
    Ok(())
}

/// No field of the schema is a leftover: each is in one of two pages.
fn every_field_is_printed() -> Result<(), String> {
    let text = std::fs::read_to_string(root().join(PATH)).map_err(|e| format!("{PATH}: {e}"))?;
    let schema: Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    let alert = page(&["examples/shop", "--alerts", "examples/shop-alert.json"], "")?.to_string();
    let pod = page(&["-"], ONE_POD)?.to_string();
    let definitions = schema["$defs"].as_object().into_iter().flatten().map(|(_, definition)| definition);
    let shapes = definitions.flat_map(|d| d["anyOf"].as_array().into_iter().flatten().chain([d]));
    let fields = shapes.chain([&schema]).filter_map(|shape| shape["properties"].as_object()).flatten();
    let printed = |name: &str| [&alert, &pod].iter().any(|page| page.contains(&format!("\"{name}\":")));
    // The uid is one of a live object's.
    let lost: Vec<&String> =
        fields.map(|(name, _)| name).filter(|name| *name != "uid" && !printed(name)).collect();
    demand!(lost.is_empty(), "no page has {lost:?}");
    Ok(())
}

/// A validator that allows everything would pass every case above it.
fn the_validator_refuses() -> Result<(), String> {
    let text = r##"{"type": "object", "required": ["a"], "additionalProperties": false, "properties": {
        "a": {"type": "integer", "minimum": 1}, "b": {"type": "array", "items": {"enum": ["x", "y"]}},
        "c": {"anyOf": [{"$ref": "#/$defs/n"}, {"type": "null"}]}}, "$defs": {"n": {"type": "string"}}}"##;
    let schema = Schema::new(text)?;
    for good in [json!({"a": 1}), json!({"a": 2, "b": ["x", "y"], "c": null}), json!({"a": 1, "c": "t"})] {
        demand!(schema.errors(&good).is_empty(), "{good} is refused: {:?}", schema.errors(&good));
    }
    for bad in [
        json!([]),
        json!({}),
        json!({"a": 0}),
        json!({"a": 1.5}),
        json!({"a": "1"}),
        json!({"a": 1, "b": ["z"]}),
        json!({"a": 1, "c": 1}),
        json!({"a": 1, "d": 1}),
    ] {
        demand!(!schema.errors(&bad).is_empty(), "{bad} is valid");
    }
    demand!(Schema::new(r#"{"typ": "object"}"#).is_err(), "a keyword that is none is taken");
    demand!(Schema::new(r##"{"$ref": "#/$defs/none"}"##).is_err(), "a reference to nothing is taken");
    Ok(())
}
