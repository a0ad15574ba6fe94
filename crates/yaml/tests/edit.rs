//! Edits in place: what they write, what they refuse, and over real manifests that they never say anything else.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests read files, and may fail")]

#[path = "support/corpus.rs"]
mod corpus;

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use yaml::{Caps, Change, Refused, edit, read};

fn set(pointer: &str, to: Value) -> Change {
    Change { pointer: pointer.into(), to: Some(to) }
}

fn gone(pointer: &str) -> Change {
    Change { pointer: pointer.into(), to: None }
}

fn edited(text: &str, changes: &[Change]) -> Result<String, Refused> {
    edit(text.as_bytes(), 0, changes, &Caps::default()).map(|text| String::from_utf8(text).unwrap())
}

const POD: &str = "# a pod\nspec:\n  hostPID: true # why\n  containers:\n  - name: a # first\n    # its image\n    image: b\n  \
                   - name: c\n    args: [x, y]\n    securityContext: {}\n  empty:\n  # last\n";

#[test]
fn what_is_written() {
    let rows: &[(Change, &str, &str)] = &[
        (set("/spec/hostPID", json!(false)), "hostPID: true # why", "hostPID: false # why"),
        (set("/spec/hostIPC", json!(false)), "  empty:\n", "  empty:\n  hostIPC: false\n"),
        (set("/spec/empty", json!({"a": 1})), "  empty:\n", "  empty:\n    a: 1\n"),
        (set("/spec/empty/a/b", json!("on")), "  empty:\n", "  empty:\n    a:\n      b: \"on\"\n"),
        (
            set("/spec/containers/0/securityContext/privileged", json!(false)),
            "image: b\n",
            "image: b\n    securityContext:\n      privileged: false\n",
        ),
        (
            set("/spec/containers/1/securityContext/capabilities/drop", json!(["ALL"])),
            "securityContext: {}",
            "securityContext:\n      capabilities:\n        drop: [ALL]",
        ),
        (set("/spec/containers/1/args/1", json!("z")), "[x, y]", "[x, z]"),
        (set("/spec/containers/1/args/-", json!("z")), "[x, y]", "[x, y, z]"),
        (
            set("/spec/containers/-", json!({"name": "d", "args": [{"k": []}]})),
            "securityContext: {}\n",
            "securityContext: {}\n  - name: d\n    args:\n    - k: []\n",
        ),
        (gone("/spec/hostPID"), "  hostPID: true # why\n", ""),
        (gone("/spec/containers/0/name"), "- name: a # first\n    # its image", "- # its image"),
        (gone("/spec/containers/0"), "  - name: a # first\n    # its image\n    image: b\n", ""),
        (gone("/spec/containers/1/args/0"), "[x, y]", "[y]"),
        (gone("/spec/containers/1/args"), "    args: [x, y]\n", ""),
    ];
    for (change, old, new) in rows {
        assert_eq!(POD.matches(old).count(), 1, "{old}");
        assert_eq!(
            edited(POD, std::slice::from_ref(change)).as_deref(),
            Ok(&*POD.replace(old, new)),
            "{change:?}"
        );
    }
}

#[test]
fn the_last_one_leaves_an_empty_collection() {
    assert_eq!(edited("a:\n  b: # why\n    c: 1\n", &[gone("/a/b/c")]).unwrap(), "a:\n  b: {} # why\n");
    assert_eq!(edited("a:\n- 1\nb: 2\n", &[gone("/a/0")]).unwrap(), "a: []\nb: 2\n");
}

#[test]
fn line_ends_and_missing_ones_stay() {
    assert_eq!(
        edited("a: 1\r\nb: 2\r\n", &[set("/c/d", json!(3))]).unwrap(),
        "a: 1\r\nb: 2\r\nc:\r\n  d: 3\r\n"
    );
    assert_eq!(edited("a: 1\r\nb: 2\r\n", &[gone("/a")]).unwrap(), "b: 2\r\n");
    assert_eq!(edited("a: 1", &[set("/b", json!(2))]).unwrap(), "a: 1\nb: 2");
    assert_eq!(edited("a: |\n  x\n\n# c\nb: 1\n", &[set("/a", json!("z"))]).unwrap(), "a: z\n\n# c\nb: 1\n");
}

#[test]
fn json_stays_json() {
    let text = "{\n  \"a\": {\n    \"b\": true\n  }\n}\n";
    assert_eq!(
        edited(text, &[set("/a/c", json!({"d": "é"}))]).unwrap(),
        "{\n  \"a\": {\n    \"b\": true,\n    \"c\": {\"d\":\"é\"}\n  }\n}\n"
    );
    assert_eq!(edited("{\"a\": [1, 2]}", &[gone("/a/1"), gone("/a/0")]).unwrap(), "{\"a\": []}");
}

#[test]
fn one_document_of_several() {
    let text = "a: 1\n---\n# b\nb: 2\n---\nc: 3\n";
    let at = text.find("# b").unwrap() as u64;
    let of = |changes: &[Change]| {
        String::from_utf8(edit(text.as_bytes(), at, changes, &Caps::default()).unwrap()).unwrap()
    };
    assert_eq!(of(&[set("/b", json!(5)), set("/d", json!(6))]), "a: 1\n---\n# b\nb: 5\nd: 6\n---\nc: 3\n");
    assert_eq!(of(&[gone("")]), "a: 1\n---\nc: 3\n");
}

#[test]
fn what_is_refused() {
    let rows: &[(&str, Change, Refused)] = &[
        ("a: &x 1\nb: *x\n", set("/b", json!(2)), Refused::Alias("/b".into())),
        ("a: &x 1\nb: *x\n", set("/a", json!(2)), Refused::Marked("/a".into())),
        ("a: &x {b: 1}\nc: *x\n", set("/c/b", json!(2)), Refused::Alias("/c/b".into())),
        ("a: &x {b: 1}\nc: *x\n", set("/a/b", json!(2)), Refused::Unproven),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", gone("/c/b"), Refused::Alias("/c/b".into())),
        ("a: !!str 1\n", set("/a", json!(2)), Refused::Marked("/a".into())),
        ("a: 1\n", set("/a/b", json!(2)), Refused::NoPlace("/a/b".into())),
        ("a: [1]\n", set("/a/7", json!(2)), Refused::NoPlace("/a/7".into())),
        ("a: 1\n", gone("/b"), Refused::NoPlace("/b".into())),
        ("a: 1\n", set("", json!({})), Refused::Form(String::new())),
        ("a: [b: 1]\n", set("/a/0/b", json!(2)), Refused::Form("/a/0/b".into())),
        ("a: 1\n", gone("/a"), Refused::Form("/a".into())),
        ("a: [\n", gone("/a"), Refused::NoDocument),
    ];
    for (text, change, want) in rows {
        assert_eq!(edited(text, std::slice::from_ref(change)).as_ref(), Err(want), "{text}");
    }
    // A key beside a merge overrides it.
    let merged = "a: &x {b: 1}\nc:\n  <<: *x\n";
    assert_eq!(edited(merged, &[set("/c/b", json!(2))]).unwrap(), "a: &x {b: 1}\nc:\n  <<: *x\n  b: 2\n");
    let many = vec![set("/a", json!(1)); 1 << 20];
    assert_eq!(edited(&format!("a: {}\n", "x".repeat(2000)), &many), Err(Refused::Cost));
}

/// Every pointer of a value.
fn pointers(value: &Value, at: &str, out: &mut Vec<String>) {
    let token = |key: &str| key.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                out.push(format!("{at}/{}", token(key)));
                pointers(value, &format!("{at}/{}", token(key)), out);
            }
        }
        Value::Array(items) => {
            for (n, value) in items.iter().enumerate() {
                out.push(format!("{at}/{n}"));
                pointers(value, &format!("{at}/{n}"), out);
            }
        }
        _ => {}
    }
}

/// A change at a random place, and the value after it by another way than the editor's own.
fn draw(random: &mut TestRng, value: &Value) -> Option<(Change, Value)> {
    let mut below = |n: usize| (random.next_u64() % n as u64) as usize;
    let mut all = Vec::new();
    pointers(value, "", &mut all);
    let pointer = all.get(below(all.len().max(1)))?.clone();
    let (parent, last) = pointer.rsplit_once('/')?;
    let last = last.replace("~1", "/").replace("~0", "~");
    let new = [
        json!(false),
        json!(7),
        json!("yes"),
        json!("a: # b\n"),
        json!({"x-new": {"deep": [1, {"k": "v"}]}}),
        json!([]),
        json!(["ALL", "9"]),
        json!(null),
    ][below(8)]
    .clone();
    let mut after = value.clone();
    let change = match below(4) {
        0 => {
            match after.pointer_mut(parent)? {
                Value::Object(fields) => drop(fields.remove(&last)),
                Value::Array(items) => drop(items.remove(last.parse().ok()?)),
                _ => return None,
            }
            gone(&pointer)
        }
        1 => {
            let Value::Object(fields) = after.pointer_mut(parent)? else { return None };
            fields.insert("x-added".into(), json!({"a/b": new.clone()}));
            set(&format!("{parent}/x-added/a~1b"), new)
        }
        _ => {
            *after.pointer_mut(&pointer)? = new.clone();
            set(&pointer, new)
        }
    };
    Some((change, after))
}

/// Longest common start and end of two texts: what an edit left alone.
fn kept(a: &[u8], b: &[u8]) -> usize {
    let head = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let tail = a[head..].iter().rev().zip(b[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    head + tail
}

/// In every readable document of the corpus, at random places: the edited text says what the edited value says, the
/// other documents are what they were, comments outside of the place stay, and hardly anything is refused.
#[test]
fn real_manifests() {
    let Some(files) = corpus::corpus(&[".yaml", ".yml"]) else { return };
    let seed: u64 = std::env::var("RINGWALL_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(7);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let (mut done, mut refused) = (0u32, BTreeMap::<String, (u32, String)>::new());
    for path in &files {
        let text = std::fs::read(path).unwrap();
        if text.len() > 1 << 20 {
            continue;
        }
        let (documents, _) = read(&text, &Caps::default());
        for _ in 0..4.min(documents.len()) {
            let n = (random.next_u64() % documents.len() as u64) as usize;
            let Some((change, after)) = draw(&mut random, &documents[n].value) else { continue };
            match edit(&text, documents[n].offset, std::slice::from_ref(&change), &Caps::default()) {
                Ok(new) => {
                    done += 1;
                    let (again, _) = read(&new, &Caps::default());
                    assert_eq!(again.len(), documents.len(), "{} {change:?}", path.display());
                    for (at, (old, new)) in documents.iter().zip(&again).enumerate() {
                        let want = if at == n { &after } else { &old.value };
                        assert_eq!(&new.value, want, "{} {change:?}", path.display());
                    }
                    let small = documents[n]
                        .value
                        .pointer(&change.pointer)
                        .is_none_or(|old| !(old.is_object() || old.is_array()) && old.to_string().len() < 60);
                    let lost = text.len() - kept(&text, &new);
                    assert!(!small || lost < 400, "{} {change:?}: {lost} bytes lost", path.display());
                }
                Err(why) => {
                    let kind = format!("{why:?}").split('(').next().unwrap_or_default().to_owned();
                    let example = format!("{} {change:?}", path.display());
                    refused.entry(kind).or_insert((0, example)).0 += 1;
                }
            }
        }
    }
    let total: u32 = refused.values().map(|(n, _)| n).sum();
    eprintln!("{done} edits of {} files, {total} refused: {refused:#?}", files.len());
    assert!(done > 1_000 && total * 50 < done, "seed {seed}: {done} edits, refused {refused:#?}");
}
