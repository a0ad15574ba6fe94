//! Documents that are wrong in themselves.

use super::{Check, MIB, Place, SMALL_MIB};
use integration::demand;
use std::io::{Seek as _, SeekFrom, Write as _};

pub(super) static CHECKS: &[(&str, Check)] = &[
    ("alias-bomb", alias_bomb),
    ("self-alias", self_alias),
    ("nested-brackets", nested_brackets),
    ("nested-json", nested_json),
    ("duplicate-keys", duplicate_keys),
    ("large-document", large_document),
    ("sparse-document", sparse_document),
    ("control-and-bidi-in-names", control_and_bidi),
    ("raw-nul", raw_nul),
    ("invalid-utf8", invalid_utf8),
    ("byte-order-mark", byte_order_mark),
    ("utf-16", utf_16),
    ("crlf", crlf),
    ("tags-are-inert", tags_are_inert),
    ("odd-numbers", odd_numbers),
    ("endless-name", endless_name),
    ("lists-in-lists", lists_in_lists),
];

fn alias_bomb(place: &Place<'_>) -> Result<(), String> {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..10 {
        let nine = vec![format!("*a{}", level - 1); 9].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{nine}]\n"));
    }
    place.put("bomb.yaml", text)?;
    place.bad(&["bomb.yaml:", "alias"], SMALL_MIB)?;
    Ok(())
}

fn self_alias(place: &Place<'_>) -> Result<(), String> {
    place.put("self.yaml", "kind: Pod\nspec: &me\n  inner: *me\n")?;
    place.bad(&["self.yaml:3:"], SMALL_MIB)?;
    Ok(())
}

fn nested_brackets(place: &Place<'_>) -> Result<(), String> {
    place.put("deep.yaml", format!("a: {}", "[".repeat(100_000)))?;
    place.put("closed.yaml", format!("a: {}{}", "[".repeat(100_000), "]".repeat(100_000)))?;
    place.bad(&["deep.yaml:1:", "closed.yaml:1:"], SMALL_MIB)?;
    Ok(())
}

fn nested_json(place: &Place<'_>) -> Result<(), String> {
    place.put("deep.json", format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000)))?;
    place.bad(&["deep.json:1:"], SMALL_MIB)?;
    Ok(())
}

/// Both lines are told, and the other document of the file is read.
fn duplicate_keys(place: &Place<'_>) -> Result<(), String> {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: twice, namespace: court}\nspec:\n  hostPID: false\n  hostPID: true\n";
    let other = "apiVersion: v1\nkind: Pod\nmetadata: {name: other, namespace: court}\nspec:\n  containers: \
                 [{name: c, image: registry.test/o:1, securityContext: {privileged: true}}]\n";
    place.put("twice.yaml", format!("{pod}---\n{other}"))?;
    place.bad(&["twice.yaml:6:", "hostPID", "lines 5 and 6"], SMALL_MIB)?;
    place.reached(&["court/other"], SMALL_MIB)?;
    let page = place.run(&["risk", ".", "-o", "json"], b"", SMALL_MIB)?.json()?;
    demand!(
        !page["items"].to_string().contains("court/twice"),
        "half of a document was read: {}",
        page["items"]
    );
    Ok(())
}

/// 200 MiB in one scalar.
fn large_document(place: &Place<'_>) -> Result<(), String> {
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::File::create(place.folder.join("large.yaml"))?;
        file.write_all(b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: large}\ndata:\n  text: |\n")?;
        let line = format!("    {}\n", "x".repeat(1019));
        let block = line.repeat(1024);
        for _ in 0..200 {
            file.write_all(block.as_bytes())?;
        }
        Ok(())
    };
    write().map_err(|e| format!("large.yaml: {e}"))?;
    place.bad(&["large.yaml", "bytes"], MIB)?;
    Ok(())
}

/// 200 MiB of nothing: holes that read as NUL.
fn sparse_document(place: &Place<'_>) -> Result<(), String> {
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::File::create(place.folder.join("sparse.yaml"))?;
        file.write_all(b"apiVersion: v1\nkind: ConfigMap\n")?;
        file.seek(SeekFrom::Start(200 << 20))?;
        file.write_all(b"metadata: {name: large}\n")
    };
    write().map_err(|e| format!("sparse.yaml: {e}"))?;
    place.bad(&["sparse.yaml"], MIB)?;
    Ok(())
}

/// Such names are shown, never obeyed: escaped in the page and in JSON.
fn control_and_bidi(place: &Place<'_>) -> Result<(), String> {
    let name = "a\\0b\\e[31mc\\u202egnp\\u2066x\\ny";
    place.put("odd.yaml", format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: \"{name}\", namespace: \"court\"}}\nspec:\n  containers:\n    \
         - {{name: \"{name}\", image: \"registry.test/{name}:1\", securityContext: {{privileged: true}}}}\n"
    ))?;
    for words in [
        &["risk", ".", "--all"][..],
        &["risk", "."],
        &["risk", ".", "-o", "json"],
        &["snapshot", "show", "."],
    ] {
        let answer = place.run(words, b"", SMALL_MIB)?;
        demand!(matches!(answer.code, Some(0 | 3)), "{words:?} ended with {:?}", answer.code);
    }
    let answer = place.run(&["risk", ".", "-o", "json"], b"", SMALL_MIB)?;
    let page = answer.json()?;
    let names: Vec<&str> = page["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|item| item["through"][0].as_str())
        .collect();
    let odd =
        names.iter().find(|name| name.contains("gnp")).ok_or(format!("the pod is in no item: {names:?}"))?;
    demand!(odd.contains("a\\u{0}b") || odd.contains("a\\0b"), "the NUL is not shown: {odd}");
    demand!(odd.contains("202e"), "the mark is not shown: {odd}");
    Ok(())
}

fn raw_nul(place: &Place<'_>) -> Result<(), String> {
    place.put("nul.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a\0b}\n")?;
    place.bad(&["nul.yaml:3:"], SMALL_MIB)?;
    Ok(())
}

fn invalid_utf8(place: &Place<'_>) -> Result<(), String> {
    place.put("latin.yaml", b"apiVersion: v1\nkind: Pod\nmetadata: {name: caf\xe9}\n")?;
    place.bad(&["latin.yaml:3:", "UTF-8"], SMALL_MIB)?;
    Ok(())
}

/// The same pod, privileged, under another name: whatever reads it must find it.
const PLAIN: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: plain\n  namespace: court\nspec:\n  containers:\n  - name: c\n    \
                     image: registry.test/plain:1\n    securityContext:\n      privileged: true\n";

fn byte_order_mark(place: &Place<'_>) -> Result<(), String> {
    place.put("bom.yaml", format!("\u{feff}{PLAIN}"))?;
    place.fine(&["court/plain"], SMALL_MIB)?;
    Ok(())
}

/// Read, or refused in words: never half.
fn utf_16(place: &Place<'_>) -> Result<(), String> {
    let little: Vec<u8> =
        std::iter::once(0xfeff).chain(PLAIN.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = PLAIN.replace("plain", "large").encode_utf16().flat_map(u16::to_be_bytes).collect();
    place.put("little.yaml", little)?;
    place.put("big.yaml", big)?;
    let answer = place.run(&["risk", ".", "--all"], b"", SMALL_MIB)?;
    for (file, pod) in
        [("little.yaml", "court/plain is privileged"), ("big.yaml", "court/large is privileged")]
    {
        let read = answer.stdout.contains(pod);
        let refused = answer.stdout.contains(&format!("{file}:"))
            && answer.stdout.contains("UTF-16")
            && answer.code == Some(3);
        demand!(read != refused, "{file}: read: {read}, refused: {refused}:\n{}", answer.stdout);
    }
    place.reached(&["court/witness"], SMALL_MIB)?;
    Ok(())
}

/// Lines end where they end: the place is the same as without.
fn crlf(place: &Place<'_>) -> Result<(), String> {
    place.put("windows.yaml", PLAIN.replace('\n', "\r\n"))?;
    place.fine(&["court/plain"], SMALL_MIB)?.names(&["windows.yaml:11"])?;
    Ok(())
}

fn tags_are_inert(place: &Place<'_>) -> Result<(), String> {
    place.put("tags.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: t}\ndata:\n  a: !!python/object/apply:os.system [\"touch owned\"]\n")?;
    let answer = place.run(&["risk", ".", "--all"], b"", SMALL_MIB)?;
    demand!(matches!(answer.code, Some(0 | 3)), "it ended with {:?}", answer.code);
    place.reached(&["court/witness"], SMALL_MIB)?;
    demand!(!place.folder.join("owned").exists(), "a tag was obeyed");
    Ok(())
}

/// Numbers no machine word holds, and fields of the wrong kind.
fn odd_numbers(place: &Place<'_>) -> Result<(), String> {
    place.put("odd.yaml", PLAIN.replace("    securityContext", "    ports: [{containerPort: 5E5555, hostPort: 99999999999999999999}, {hostPort: -1}, 7]\n    securityContext"))?;
    place.put("kinds.yaml", "apiVersion: v1\nkind: 0\nmetadata: []\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: 7}\nspec: none\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: seven}\nspec: {containers: {a: b}}\n")?;
    let answer = place.run(&["risk", ".", "--all"], b"", SMALL_MIB)?;
    demand!(matches!(answer.code, Some(0 | 3)), "it ended with {:?}", answer.code);
    place.reached(&["court/witness", "court/plain"], SMALL_MIB)?;
    Ok(())
}

/// A name of a million letters neither fills the page nor is lost.
fn endless_name(place: &Place<'_>) -> Result<(), String> {
    place.put("endless.yaml", PLAIN.replace("plain", &"n".repeat(1 << 20)))?;
    let answer = place.run(&["risk", "."], b"", SMALL_MIB)?;
    answer.exits(0)?;
    place.reached(&["court/witness"], SMALL_MIB)?;
    let lines = answer.stdout.lines().count();
    demand!(lines <= 23, "one long name makes a page of {lines} lines");
    Ok(())
}

/// Lists within lists within lists are no way around the cap on depth.
fn lists_in_lists(place: &Place<'_>) -> Result<(), String> {
    let pod = "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"deep\"},\"spec\":{}}";
    let open = "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[";
    place.put("shallow.json", format!("{}{pod}{}", open.repeat(3), "]}".repeat(3)))?;
    place.put("lists.json", format!("{}{pod}{}", open.repeat(20_000), "]}".repeat(20_000)))?;
    place.bad(&["lists.json:1:"], SMALL_MIB)?;
    Ok(())
}
