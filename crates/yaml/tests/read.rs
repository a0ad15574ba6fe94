//! What is read, what is refused, and where it is said to be.

use serde_json::{Value, json};
use yaml::{Caps, Document, items, locate, locate_item, place, read};

/// The values of a text, and the diagnostics as `code line:column`.
fn told(text: impl AsRef<[u8]>) -> (Vec<Value>, Vec<String>) {
    told_under(text, &Caps::default())
}

fn told_under(text: impl AsRef<[u8]>, caps: &Caps) -> (Vec<Value>, Vec<String>) {
    let (documents, diagnostics) = read(text.as_ref(), caps);
    let place = |p: &model::Position| format!("{}:{}", p.line, p.column);
    (
        documents.into_iter().map(|d| d.value).collect(),
        diagnostics
            .iter()
            .map(|d| format!("{} {}", d.code, d.position.as_ref().map(place).unwrap_or_default()))
            .collect(),
    )
}

#[test]
fn documents_of_a_stream() {
    let text = "# Source: shop/templates/web.yaml\nkind: A\n---\n# nothing\n---   # Source: not here\n\
                # Source: shop/templates/db.yaml\nkind: B\n---\nkind: [C\n---\n---\nkind: D";
    let (documents, diagnostics) = read(text.as_bytes(), &Caps::default());
    let seen: Vec<(Value, u64, Option<&str>)> =
        documents.iter().map(|d| (d.value["kind"].clone(), d.offset, d.source.as_deref())).collect();
    let at = |needle: &str| text.find(needle).unwrap() as u64;
    assert_eq!(
        seen,
        [
            (json!("A"), 0, Some("shop/templates/web.yaml")),
            (json!("B"), at("# Source: shop/templates/db"), Some("shop/templates/db.yaml")),
            (json!("D"), at("kind: D"), None),
        ]
    );
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(diagnostics[0].code, "yaml/syntax");
    assert_eq!(diagnostics[0].position.unwrap().line, 9, "{diagnostics:?}");
}

#[test]
fn json_and_its_streams() {
    assert_eq!(
        told(r#" {"a": [1, 2.5, "\ud83e\udd80", null]} "#),
        (vec![json!({"a": [1, 2.5, "🦀", null]})], vec![])
    );
    assert_eq!(
        told("{\"a\":1}{\"a\":2}\n{\"a\":3}\n"),
        (vec![json!({"a":1}), json!({"a":2}), json!({"a":3})], vec![])
    );
    assert_eq!(told("{\"a\":1}\n---\n[yes]\n"), (vec![json!({"a":1}), json!([true])], vec![]));
    assert_eq!(told("{a: 1}\n"), (vec![json!({"a":1})], vec![]));
    let (values, codes) = told("{\"a\":1}\n{\"a\":\n{\"a\":3}\n{\"a\":4}}\n{\"a\":5}\n");
    assert_eq!((values.first(), values.last()), (Some(&json!({"a":1})), Some(&json!({"a":5}))));
    assert!(!codes.is_empty());
    assert_eq!(told("{\"a\":1,\n \"b\":{\"c\":1,\n\"c\":2}}").1, ["yaml/duplicate-key 3:1"]);
    let (values, codes) = told("{\"a\":1,\"a\":1}\n{\"a\":5E5555}\n{\"a\":3}\n");
    assert_eq!(
        (values, codes),
        (vec![json!({"a":3})], vec!["yaml/duplicate-key 1:8".into(), "yaml/number 2:11".into()])
    );
    assert_eq!(told("{\"a\": 5E5555}").1, ["yaml/number 1:12"]);
    assert_eq!(told("{\"a\": tru}"), (vec![json!({"a": "tru"})], vec![]), "what is no JSON may be YAML");
    assert_eq!(told("{\"a\": 1").1, ["yaml/json 1:7"]);
    assert_eq!(
        told("{\"big\": 9007199254740993, \"u\": 18446744073709551615}").0[0]["big"],
        json!(9007199254740993u64)
    );
}

#[test]
fn duplicate_keys_name_both_lines() {
    let text = "kind: Pod\nspec:\n  privileged: false\n  other: 1\n  privileged: true\n";
    let (documents, diagnostics) = read(text.as_bytes(), &Caps::default());
    assert!(documents.is_empty());
    assert_eq!(diagnostics[0].code, "yaml/duplicate-key");
    assert_eq!(diagnostics[0].message, "key \"privileged\" is there twice: lines 3 and 5");
    assert_eq!(diagnostics[0].position.unwrap().column, 3);
    let (_, diagnostics) = read(b"{\"a\":1,\n\"a\":2}", &Caps::default());
    assert_eq!(diagnostics[0].message, "key \"a\" is there twice: lines 1 and 2");
    assert_eq!(told("1: a\n\"1\": b\n").1, ["yaml/duplicate-key 2:1"], "equal once they are text");
    assert_eq!(told("{a: 1, b: 2, a: 3}").1, ["yaml/duplicate-key 1:14"]);
}

#[test]
fn merges() {
    let base = "b: &b {x: 1, w: 2}\nc: &c {x: 3, z: 4}\n";
    let of = |rest: &str| told(format!("{base}{rest}")).0[0]["d"].clone();
    assert_eq!(of("d: {<<: *b, x: 9}"), json!({"x": 9, "w": 2}));
    assert_eq!(of("d: {x: 9, <<: *b}"), json!({"x": 1, "w": 2}), "the last write wins, as in the decoder");
    assert_eq!(of("d: {<<: [*b, *c]}"), json!({"x": 1, "w": 2, "z": 4}));
    assert_eq!(of("d: {<<: {q: 1}}"), json!({"q": 1}));
    assert_eq!(of("d: {\"<<\": 1}"), json!({"<<": 1}));
    for bad in ["d: {<<: 1}", "d: {<<: [1]}", "s: &s [*b]\nd: {<<: *s}"] {
        assert_eq!(told(format!("{base}{bad}")).1[0].split(' ').next(), Some("yaml/merge"), "{bad}");
    }
    assert_eq!(told(format!("{base}d: {{<<: *b, x: 1, x: 2}}")).1, ["yaml/duplicate-key 3:19"]);
}

#[test]
fn tags_are_inert_or_refused() {
    for (text, value) in [
        ("!!str 12", json!("12")),
        ("!!int \"12\"", json!(12)),
        ("!!float 3", json!(3)),
        ("!!bool 'yes'", json!(true)),
        ("!!binary aGk=", json!("hi")),
        ("!!binary gIE=", json!("\u{fffd}\u{fffd}")),
        ("!!python/object/apply:os.system [echo]", json!(["echo"])),
        ("!!python/name:os.system x", json!("x")),
        ("!foo 12", json!("12")),
        ("!!timestamp 2001-1-1", json!("2001-1-1")),
        ("2001-01-01", json!("2001-01-01")),
    ] {
        assert_eq!(told(format!("a: {text}\n")), (vec![json!({ "a": value })], vec![]), "{text}");
    }
    for bad in
        ["!!int x", "!!null x", "!!bool 1", "!!binary '%'", "!!timestamp x", "!!float 18446744073709551615"]
    {
        assert_eq!(told(format!("a: {bad}\n")).1, ["yaml/tag 1:4"], "{bad}");
    }
    assert_eq!(told("a: .inf").1, ["yaml/number 1:4"]);
    assert_eq!(told("~: 1").1, ["yaml/key 1:1"]);
    assert_eq!(told("a: {[b]: 1}").1, ["yaml/key 1:5"]);
}

#[test]
fn encodings_and_characters() {
    assert_eq!(told("\u{feff}a: 1\r\nb: |\r\n  x\r\n").0, [json!({"a": 1, "b": "x\n"})]);
    assert_eq!(told("a: |\n  x").0, [json!({"a": "x\n"})], "the last line is ended");
    assert_eq!(told(b"\xff\xfea\0:\0 \x001\0").1, ["yaml/encoding 1:1"]);
    assert_eq!(told(b"\0a\0:\0 \x001").1, ["yaml/encoding 1:1"]);
    assert_eq!(
        told(b"ok: 1\n---\nb: \xe9\n---\nok: 2\n"),
        (vec![json!({"ok":1}), json!({"ok":2})], vec!["yaml/encoding 3:4".into()])
    );
    assert_eq!(told("a: x\0y").1, ["yaml/character 1:5"]);
    assert_eq!(told("a: 🦀\u{202e}b").0, [json!({"a": "🦀\u{202e}b"})], "shown escaped, not refused");
    assert_eq!(told("# note\u{2028}a: 1\n").1.len(), 0, "no content at all");
    assert_eq!(told("b: 1 # note\u{2028}a: 1\n").1, ["yaml/character 1:12"]);
}

#[test]
fn text_beside_documents() {
    assert_eq!(told("a: 1\n--- {b: 2}\n---\nc: 3\n").1, ["yaml/separator 2:4"]);
    assert_eq!(told("a: 1\n--- {b: 2}\n---\nc: 3\n").0, [json!({"a":1}), json!({"c":3})]);
    assert_eq!(
        told("%YAML 1.1\n---\na: 1\n---\nb: 2\n"),
        (vec![json!({"a":1}), json!({"b":2})], vec!["yaml/directive 1:1".into()])
    );
    assert_eq!(told("a: 1\n...\nb: 2\n"), (vec![json!({"a":1})], vec!["yaml/ignored 3:1".into()]));
    assert_eq!(told("a: 1\n...\n---\nb: 2\n"), (vec![json!({"a":1}), json!({"b":2})], vec![]));
    assert_eq!(told("kind: {{ .Values.kind }}\n").1, ["yaml/template 1:8"]);
}

#[test]
fn caps_hold() {
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert_eq!(told(deep(100)).1.len(), 0);
    assert!(told(deep(101)).1[0].starts_with("yaml/depth"));
    for n in [128, 300, 100_000] {
        assert!(told(deep(n)).1[0].starts_with("yaml/depth"), "{n} JSON");
        assert!(told(format!("a: {}", deep(n))).1[0].starts_with("yaml/depth"), "{n} YAML");
        assert!(told(format!("a: {}", "[".repeat(n))).1[0].starts_with("yaml/depth"), "{n} unclosed");
        assert!(told("- ".repeat(n)).1[0].starts_with("yaml/depth"), "{n} block");
        assert!(told("{\"a\":".repeat(n)).1[0].starts_with("yaml/depth"), "{n} objects");
    }
    let blocks: String = (0..3000).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    assert_eq!(told(blocks).1, ["yaml/depth 101:101"]);
    let bomb: String =
        (1..10).map(|i| format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 9].join(", "))).collect();
    assert!(told(format!("a0: &a0 lol\n{bomb}")).1[0].starts_with("yaml/alias"));
    assert!(told("a: &a [*a]\n").1[0].starts_with("yaml/alias"));
    assert!(told("a: &a\n  b: *a\n").1[0].starts_with("yaml/alias"));
    assert!(told("a: *nothing\n").1[0].starts_with("yaml/alias"));
    let caps = Caps { bytes: 100, document_bytes: 10, documents: 2, nodes: 4, ..Caps::default() };
    assert_eq!(told_under("a: 1\n---\nb: 234567890\n", &caps).1, ["yaml/size 3:1"]);
    assert_eq!(told_under("x".repeat(101), &caps).1, ["yaml/size 1:1"]);
    assert_eq!(told_under("a: 1\n---\na: 1\n---\na: 1\n---\na: 1\n", &caps).1, ["yaml/documents 5:1"]);
    assert_eq!(told_under("{}{}{}{}", &caps).1, ["yaml/documents 1:5"]);
    assert_eq!(told_under("[1,2,3]", &caps).1.len(), 0);
    assert!(told_under("[1,2,3,4]", &caps).1[0].starts_with("yaml/nodes"));
    assert!(told_under("[a,b,c,d]", &caps).1[0].starts_with("yaml/nodes"));
}

#[test]
fn positions_point_at_the_text() {
    let text = "# 🦀 größe\n---\n# ü\nmetadata:\n  name: wéb # 🦀\nspec:\n  a/b:\n  - {x: 🦀, w: [1, 2]}\n  - z\n  empty:\n";
    let offset = read(text.as_bytes(), &Caps::default()).0[0].offset;
    let at = |pointer: &str| {
        let place = place(text.as_bytes(), offset, pointer).unwrap();
        let start = place.at.offset as usize;
        let shown = &text[start..start + place.length as usize];
        (
            shown,
            text[place.value.offset as usize..].chars().next().unwrap(),
            place.exact,
            place.at.line,
            place.at.column,
        )
    };
    assert_eq!(at("/metadata/name"), ("name", 'w', true, 5, 3));
    assert_eq!(at("/metadata/nothing/at/all"), ("metadata", 'n', false, 4, 1));
    assert_eq!(at("/spec/a~1b"), ("a/b", '-', true, 7, 3));
    assert_eq!(at("/spec/a~1b/0/x"), ("x", '🦀', true, 8, 6));
    assert_eq!(at("/spec/a~1b/0/w/1"), ("2", '2', true, 8, 19));
    assert_eq!(at("/spec/a~1b/1"), ("z", 'z', true, 9, 5));
    assert_eq!(at("/spec/empty"), ("empty", 'e', true, 10, 3));
    assert_eq!(at("/spec/a~1b/7"), ("a/b", '-', false, 7, 3));
    assert_eq!(at("/nothing"), ("", 'm', false, 4, 1));
    assert_eq!(place(text.as_bytes(), 9999, "/x"), None);
}

#[test]
fn positions_in_json_and_lists() {
    let text = "{\"a\": 1}\n{\"kind\": \"List\",\n \"items\": [{}, {\"ü\": {\"\\u0062\": [true]}}]}";
    let documents = read(text.as_bytes(), &Caps::default()).0;
    let offset = documents[1].offset;
    assert_eq!(offset, 9);
    let pod = items(documents[1].clone()).remove(1);
    let at = locate_item(text.as_bytes(), offset, pod.index, "/ü/b").unwrap();
    assert_eq!((at.line, at.column), (3, 23));
    let at = locate(text.as_bytes(), offset, "/items/1/ü/b/0").unwrap();
    assert_eq!(&text[at.offset as usize..][..4], "true");
}

#[test]
fn positions_through_merges_and_aliases() {
    let text = "b: &b {x: 1}\nd:\n  <<: *b\n  w: 2\ne: *b\n";
    let at = |pointer: &str| {
        let place = place(text.as_bytes(), 0, pointer).unwrap();
        (place.at.line, place.exact)
    };
    assert_eq!(at("/d/x"), (3, false));
    assert_eq!(at("/d/w"), (4, true));
    assert_eq!(at("/e/x"), (5, false));
    assert_eq!(at("/e"), (5, true));
}

#[test]
fn ten_thousand_documents_are_streamed() {
    let text = "kind: Pod\nmetadata:\n  name: x\n---\n".repeat(10_000);
    let mut count = 0;
    for part in yaml::stream(text.as_bytes(), &Caps::default()) {
        let Document { value, .. } = part.unwrap();
        assert_eq!(value["kind"], "Pod");
        count += 1;
    }
    assert_eq!(count, 10_000);
}
