//! Expressions over one document.

use super::*;
use serde_json::{Map, json};

fn ask(text: &str) -> Result<Value, Fault> {
    let object = json!({
        "kind": "Pod",
        "metadata": {"labels": {"app": "web", "a.b/c": "x"}},
        "spec": {"containers": [
            {"name": "a", "image": "r/a:1", "ports": [{"n": 80}, {"n": 443}]},
            {"name": "b", "image": "r/b:2"},
        ]},
        "n": 3,
    });
    let table = Map::new();
    let scope = Scope::root(&table, "object", &object);
    let expression = Expression::compile(text).unwrap();
    expression.evaluate(&scope).map(Cow::into_owned)
}

#[test]
fn values() {
    for (text, want) in [
        ("object.kind", json!("Pod")),
        ("object.metadata.labels.\"a.b/c\"", json!("x")),
        ("object.spec.containers[].name", json!(["a", "b"])),
        ("object.spec.containers[*].ports[].n", json!([80, 443])),
        ("object.spec.containers[*].ports", json!([[{"n": 80}, {"n": 443}]])),
        ("object.spec.containers[?name=='b'].image | [0]", json!("r/b:2")),
        ("object.spec.containers[-1].name", json!("b")),
        ("object.spec.containers[0:1].name", json!(["a"])),
        ("object.spec.containers[::-1].name", json!(["b", "a"])),
        ("object.spec.nothing || 'x'", json!("x")),
        ("object.spec.a.b.c || `[]`", json!([])),
        ("object.nothing == null_too", json!(true)),
        ("object.n > `2` && object.n < `4`", json!(true)),
        ("!(object.nothing)", json!(true)),
        ("length(object.spec.containers)", json!(2)),
        ("object.metadata.labels.* | sort(@)", json!(["web", "x"])),
        ("object.spec.containers[].[name, image][]", json!(["a", "r/a:1", "b", "r/b:2"])),
        ("{a: object.n, b: `true`}", json!({"a": 3, "b": true})),
        ("object.spec.containers[?contains(image, '/a')].name", json!(["a"])),
        ("contains(['a', 'b'], 'b')", json!(true)),
        ("regex_match('^r/.*', object.spec.containers[0].image)", json!(true)),
        ("regex_replace_all('([a-z])/', 'x/y', '$1-')", json!("x-y")),
        ("sort_by(object.spec.containers, &image)[-1].name", json!("b")),
        ("max([`1`, `3`, `2`])", json!(3)),
        ("items({b: `1`}, 'k', 'v')", json!([{"k": "b", "v": 1}])),
        ("to_number('2.5')", json!(2.5)),
        ("divide('1Gi', '256Mi')", json!(4)),
        ("`foo`", json!("foo")),
        ("object.kind.x", json!(null)),
        ("merge({a: `1`}, {a: `2`}).a", json!(2)),
        ("semver_compare('4.1.3', '>=4.1.0 <5.0.0')", json!(true)),
    ] {
        assert_eq!(ask(text), Ok(want), "{text}");
    }
}

#[test]
fn a_missing_key_is_an_error_at_the_end_of_a_chain_only() {
    for text in ["object.spec.x", "object.x.y", "nothing", "object.kind && object.x"] {
        assert!(matches!(ask(text), Err(Fault::NotFound(_))), "{text}");
    }
    for text in ["object.x | @", "object.x[*].y", "[object.x][0]", "object.x[?y]"] {
        assert_eq!(ask(text), Ok(json!(null)), "{text}");
    }
}

#[test]
fn refusals() {
    for text in ["length(`1`)", "to_boolean('x')", "regex_match('(', 'x')", "sort([`1`, 'a'])"] {
        assert!(matches!(ask(text), Err(Fault::Invalid(_))), "{text}");
    }
    let deep = "(".repeat(5000);
    for text in ["a.", "a[", "a b", "a ||", "f(", "no_such_function(@)", "'x", "a[1:2:3:4]", "=", &deep] {
        assert!(Expression::compile(text).is_err(), "{text}");
    }
}
