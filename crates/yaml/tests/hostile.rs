//! Laws that hold for any bytes: no panic, caps hold, positions lie within the document, all is accounted for.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests read the corpus and may fail"
)]

#[path = "support/corpus.rs"]
mod corpus;

use proptest::prelude::*;
use yaml::{Caps, Places, Value, read};

fn measure(value: &Value) -> (usize, u64) {
    let below: Vec<(usize, u64)> = match value {
        Value::Array(items) => items.iter().map(measure).collect(),
        Value::Object(map) => map.values().map(measure).collect(),
        _ => return (0, 1),
    };
    let depth = below.iter().map(|b| b.0).max().unwrap_or(0);
    (depth + 1, below.iter().map(|b| b.1).sum::<u64>() + 1)
}

/// Some pointers into a value.
fn pointers(value: &Value, at: String, out: &mut Vec<String>) {
    if out.len() > 40 {
        return;
    }
    match value {
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                pointers(item, format!("{at}/{n}"), out);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                pointers(item, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), out);
            }
        }
        _ => {}
    }
    out.push(at);
}

fn laws(text: &[u8], caps: &Caps) {
    let (documents, diagnostics) = read(text, caps);
    assert!(documents.len() as u64 <= caps.documents);
    for diagnostic in &diagnostics {
        let position = diagnostic.position.unwrap();
        assert!(position.offset <= text.len() as u64, "{diagnostic:?}");
        assert!(position.line >= 1 && position.column >= 1);
        assert_eq!(position, yaml::position_at(text, position.offset));
        assert!(yaml::CODES.iter().any(|code| code.code == diagnostic.code), "{diagnostic:?}");
    }
    let ends = documents.iter().skip(1).map(|d| d.offset).chain([text.len() as u64]);
    for (document, end) in documents.iter().zip(ends) {
        let (depth, nodes) = measure(&document.value);
        assert!(depth <= caps.depth as usize && nodes <= caps.nodes + caps.aliases);
        let mut some = Vec::new();
        pointers(&document.value, String::new(), &mut some);
        let mut places = Places::new(text, document.offset).unwrap();
        for pointer in some {
            let place = places.get(&pointer).unwrap_or_else(|| panic!("{pointer:?} has no place"));
            assert!(
                document.offset <= place.at.offset && place.at.offset + place.length <= end,
                "{pointer:?}"
            );
            assert!(document.offset <= place.value.offset && place.value.offset <= end, "{pointer:?}");
            let first = text.get(place.at.offset as usize).copied().unwrap_or_default();
            assert!(first & 0xc0 != 0x80, "within a character");
        }
    }
}

/// Text made of what means something.
fn yamlish() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "a",
        "b: ",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "? ",
        "&a ",
        "*a",
        "<<: ",
        "!!int ",
        "!",
        "|\n",
        ">-\n",
        "'",
        "\"",
        "\\",
        "#",
        " # ",
        "---\n",
        "...\n",
        "%YAML 1.1\n",
        "\t",
        "\r\n",
        "\r",
        "🦀",
        "\u{feff}",
        "0x1",
        "1e9",
        "~",
        "{\"a\":1}",
        "\\u00e9",
        "\0",
        "\u{2028}",
        "kind: List\nitems:\n",
    ]);
    prop::collection::vec(parts, 0..60).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(text in prop::collection::vec(any::<u8>(), 0..300)) {
        laws(&text, &Caps::default());
    }

    #[test]
    fn any_yamlish_text(text in yamlish()) {
        laws(text.as_bytes(), &Caps::default());
    }

    #[test]
    fn small_caps_hold(text in yamlish(), depth in 0u32..6, nodes in 0u64..20, aliases in 0u64..10, documents in 0u64..4) {
        laws(text.as_bytes(), &Caps { depth, nodes, aliases, documents, ..Caps::default() });
    }

    #[test]
    fn any_json_value_is_itself(text in "[a-zé🦀\"\\\\\n ]{0,12}", number in any::<f64>(), int in any::<i64>(), big in any::<u64>()) {
        let value = serde_json::json!({"t": text, "n": if number.is_finite() { number } else { 0.0 }, "i": int, "b": [big, null, {text.clone(): true}]});
        let printed = serde_json::to_string_pretty(&value).unwrap();
        let (documents, diagnostics) = read(printed.as_bytes(), &Caps::default());
        prop_assert_eq!(diagnostics, vec![]);
        prop_assert_eq!(&documents[0].value, &value);
    }
}

#[test]
fn damaged_documents_of_the_corpus() {
    let Some(files) = corpus::corpus(&[".yaml", ".yml", ".json"]) else { return };
    let mut seed = 1u64;
    let mut below = |n: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % n.max(1)
    };
    for file in files.iter().step_by(2) {
        let mut text = std::fs::read(file).unwrap();
        laws(&text, &Caps::default());
        text.truncate(20_000);
        for _ in 0..3 {
            let mut damaged = text.clone();
            for _ in 0..1 + below(4) {
                let at = below(damaged.len());
                match below(3) {
                    0 if at < damaged.len() => damaged[at] = below(256) as u8,
                    1 => damaged.truncate(at),
                    _ => damaged.insert(at.min(damaged.len()), b"\n :-[]{}'\"|>&*#,"[below(16)]),
                }
            }
            laws(&damaged, &Caps::default());
        }
    }
}
