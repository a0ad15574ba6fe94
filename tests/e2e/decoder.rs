//! Documents as we read them and as the server and kubectl read them.

use integration::{Program, corpus, demand, kubectl, tell};
use peers::cluster::{Api, Cluster};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use yaml::Caps;

/// How many documents of the corpus are sent, at most.
const MOST: usize = 300;
/// How many of those must be accepted for the comparison to mean something.
const LEAST: usize = 80;
const SERVER_YAML: &str = "application/yaml";

/// Values that YAML's versions and readers disagree about.
const VALUES: &[&str] = &[
    "yes",
    "no",
    "on",
    "off",
    "y",
    "n",
    "Yes",
    "NO",
    "oN",
    "true",
    "True",
    "tRUE",
    "'yes'",
    "\"no\"",
    "~",
    "null",
    "Null",
    "nULL",
    "''",
    "0",
    "-0",
    "+1",
    "007",
    "0777",
    "0o17",
    "0x1F",
    "0b101",
    "08",
    "1_000",
    "1e3",
    "1E3",
    "1.0",
    ".5",
    "1.",
    "-.5e-3",
    "6.02e23",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "1:30",
    "190:20:30",
    "2001-01-01",
    "2001-12-14t21:59:43.10-05:00",
    "!!str 12",
    "!!int \"12\"",
    "!!bool \"yes\"",
    "!!float 3",
    "!!binary aGk=",
    "<<",
    "=",
    "\"\\u00e9\\t\"",
    "'it''s'",
    "[yes, 010, ~, {a: on}]",
    "{1: a, true: b}",
    "{null: x}",
    "a#b",
    "a: b",
    "- x",
    "%a",
    "*no",
    "&a yes",
    "|\n    on\n    two",
    "|-\n    on\n",
    ">\n    a\n    b\n\n    c",
    "|+\n    on\n\n",
    "\"a\n    b\"",
    "a\n    b",
];

/// Bodies of a `spec`, in whole.
const SPECS: &[&str] = &[
    "  a: &x {k: 010, l: yes}\n  b: *x\n  c: {<<: *x, k: 1}\n",
    "  a: 1\n  a: 2\n",
    "  a: {b: 1, b: 1}\n",
    "  ? a\n  : 1\n",
    "  on: 1\n  off: 2\n  yes: 3\n",
    "  1.0: a\n  0x10: b\n  1_0: c\n",
    "  a:\n  - b\n  - c:\n    - d\n",
    "  \"a\\nb\": 1\n  'c''d': 2\n",
    "  a: b # comment\n  # another\n  c: 'd # no comment'\n",
    "  a: |2\n      two more\n    end\n",
    "  a: \"\\x41\\U0001F600\"\n",
    "  caf\u{e9}: \u{1f600}\n",
    "  a:   \n  b: \t\n",
    "\n\n  a: 1\n...\n",
    "  a: !unknown x\n",
];

/// A document of a kind that may hold anything.
fn bag(number: usize, body: &str) -> String {
    format!(
        "apiVersion: e2e.test/v1\nkind: Bag\nmetadata: {{name: bag-{number}, namespace: default}}\nspec:\n{body}"
    )
}

fn definition() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "bags.e2e.test"},
        "spec": {
            "group": "e2e.test", "scope": "Namespaced", "names": {"kind": "Bag", "plural": "bags"},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
            }],
        },
    })
}

const BAGS: &str = "/apis/e2e.test/v1/namespaces/default/bags";

/// What the server says to a text it decodes itself, and to what we make of that text.
struct Sides {
    theirs: Result<Value, String>,
    ours: Result<Value, String>,
    /// Our value, if the text has one.
    read: Option<Value>,
}

/// Sends a document both ways; nothing is kept. Duplicate keys are an error on both sides.
fn both(api: &Api, path: &str, text: &str) -> Sides {
    let dry = |validation: &str| format!("{path}?dryRun=All&fieldValidation={validation}");
    let (documents, diagnostics) = yaml::read(text.as_bytes(), &Caps::default());
    let read = documents.into_iter().next().map(|document| document.value);
    // Unknown fields are the document's own matter; only where we saw doubled keys is the server asked to look.
    let doubled = diagnostics.iter().any(|d| d.code == "yaml/duplicate-key");
    let theirs = api.post_text(&dry(if doubled { "Strict" } else { "Ignore" }), SERVER_YAML, text);
    let ours = match &read {
        Some(value) => api.post(&dry("Ignore"), value).map_err(String::from),
        None => Err(diagnostics.first().map_or("no document".to_owned(), |d| d.message.clone())),
    };
    Sides { theirs: theirs.map_err(String::from), ours, read }
}

/// An object without what is new with every answer.
fn lasting(mut object: Value) -> Value {
    let generated = object["metadata"]["generateName"].is_string();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for field in ["uid", "creationTimestamp", "managedFields", "resourceVersion"] {
            metadata.remove(field);
        }
        if generated {
            metadata.remove("name");
        }
    }
    // Pods get a volume with a random name, Jobs select by their uid, Services get an address and a port.
    let mut text = object.to_string();
    while let Some((before, after)) = text.split_once("\"kube-api-access-") {
        text = format!("{before}\"token{}", after.get(5..).unwrap_or_default());
    }
    object = serde_json::from_str(&text).unwrap_or(object);
    if object["kind"] == "Job" {
        object["metadata"]["labels"] = Value::Null;
        object["spec"]["selector"] = Value::Null;
        object["spec"]["template"]["metadata"]["labels"] = Value::Null;
    }
    if object["kind"] == "Service" {
        for field in ["clusterIP", "clusterIPs", "healthCheckNodePort"] {
            object["spec"][field] = Value::Null;
        }
        for port in object["spec"]["ports"].as_array_mut().into_iter().flatten() {
            port["nodePort"] = Value::Null;
        }
    }
    object
}

/// Equal, numbers by what they are worth: the server writes `1000` for `1e3`.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// What differs between the sides, in words.
fn difference(sides: Sides) -> Option<String> {
    match (sides.theirs, sides.ours) {
        (Ok(theirs), Ok(ours)) => {
            let (theirs, ours) = (lasting(theirs), lasting(ours));
            (!same(&theirs, &ours)).then(|| format!("the server makes of it {theirs}\nand of ours {ours}"))
        }
        (Err(_), Err(_)) => None,
        (Ok(theirs), Err(ours)) => Some(format!("refused here ({ours}), accepted there as {theirs}")),
        (Err(theirs), Ok(ours)) => Some(format!("refused there ({theirs}), read here as {ours}")),
    }
}

/// Our own documents: the server's decoder, kubectl's and ours see the same values.
pub(super) fn own_documents(cluster: &Cluster, _: &Program) -> Result<(), String> {
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    cluster.api().post(definitions, &definition())?;
    served_is(cluster, true)?;
    let told = own_in(cluster);
    cluster.api().delete(&format!("{definitions}/bags.e2e.test"))?;
    served_is(cluster, false)?;
    told
}

/// Waits until bags are served, or no longer anything of their group.
fn served_is(cluster: &Cluster, wanted: bool) -> Result<(), String> {
    let deadline = Instant::now() + Duration::from_secs(20);
    let served = || -> Result<bool, String> {
        let listed = cluster.api().get("/apis")?["groups"].to_string().contains("\"e2e.test\"");
        Ok(if wanted { listed && cluster.api().get(BAGS).is_ok() } else { listed })
    };
    while served()? != wanted {
        demand!(Instant::now() < deadline, "bags are served: still not {wanted}");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn own_in(cluster: &Cluster) -> Result<(), String> {
    let values = VALUES.iter().map(|value| format!("  v: {value}\n"));
    let texts: Vec<String> = values
        .chain(SPECS.iter().map(|body| (*body).to_owned()))
        .enumerate()
        .map(|(number, body)| bag(number, &body))
        .collect();
    let sides = cluster.api().each(&texts, |api, text| Ok(both(api, BAGS, text)))?;
    let (mut wrong, mut accepted) = (Vec::new(), Vec::new());
    for (text, sides) in texts.iter().zip(sides) {
        if let (Ok(theirs), Some(read)) = (&sides.theirs, &sides.read) {
            if !same(&theirs["spec"], &read["spec"]) {
                wrong.push(format!("{text}: here {}, there {}", read["spec"], theirs["spec"]));
            }
            accepted.push((text, read["spec"].clone()));
        }
        wrong.extend(difference(sides).map(|why| format!("{text}: {why}")));
    }
    demand!(wrong.is_empty(), "{} documents differ:\n{}", wrong.len(), wrong.join("\n"));
    demand!(accepted.len() > 60, "only {} documents are accepted", accepted.len());
    demand!(texts.len() - accepted.len() > 2, "no document is refused");
    by_kubectl(cluster, &accepted)
}

/// One kubectl reads all of them as one stream.
fn by_kubectl(cluster: &Cluster, accepted: &[(&String, Value)]) -> Result<(), String> {
    let end = |text: &str| if text.ends_with('\n') { "" } else { "\n" };
    let stream: String = accepted.iter().map(|(text, _)| format!("---\n{text}{}", end(text))).collect();
    let words = ["create", "--dry-run=server", "--validate=ignore", "-o", "json", "-f", "-"];
    let answer = kubectl(cluster, "admin")?.run_with(&words, &stream)?;
    let mut specs = BTreeMap::new();
    for object in serde_json::Deserializer::from_str(&answer.exits(0)?.stdout).into_iter::<Value>() {
        let mut object = object.map_err(|e| format!("kubectl: {e}"))?;
        let items = match object["items"].take() {
            Value::Array(items) => items,
            _ => vec![object],
        };
        for item in items {
            specs.insert(
                item["metadata"]["name"].as_str().unwrap_or_default().to_owned(),
                item["spec"].clone(),
            );
        }
    }
    demand!(specs.len() == accepted.len(), "kubectl read {} of {} documents", specs.len(), accepted.len());
    for (text, spec) in accepted {
        let name =
            text.split_once("name: ").and_then(|(_, rest)| rest.split_once(',')).map_or("", |(name, _)| name);
        let theirs = specs.get(name).unwrap_or(&Value::Null);
        demand!(same(theirs, spec), "{text}: here {spec}, by kubectl {theirs}");
    }
    Ok(())
}

/// API version and kind, to the plural and whether it is namespaced.
pub(crate) type Served = BTreeMap<(String, String), (String, bool)>;

/// What the server serves.
pub(crate) fn served(api: &Api) -> Result<Served, String> {
    let mut versions = vec!["v1".to_owned()];
    for group in api.get("/apis")?["groups"].as_array().into_iter().flatten() {
        let of_group = group["versions"].as_array().into_iter().flatten();
        versions.extend(of_group.filter_map(|version| version["groupVersion"].as_str().map(str::to_owned)));
    }
    let mut all = BTreeMap::new();
    for version in versions {
        let root = if version.contains('/') { "apis" } else { "api" };
        let list = api.get(&format!("/{root}/{version}"))?;
        for resource in list["resources"].as_array().into_iter().flatten() {
            let text = |field: &str| resource[field].as_str().unwrap_or_default().to_owned();
            let creatable = resource["verbs"].to_string().contains("\"create\"");
            if creatable && !text("name").contains('/') {
                let namespaced = resource["namespaced"] == true;
                all.insert((version.clone(), text("kind")), (text("name"), namespaced));
            }
        }
    }
    Ok(all)
}

/// A document of the corpus and where it would be created.
struct Sent {
    file: PathBuf,
    text: String,
    namespace: Option<String>,
    path: String,
}

/// Objects of the server's own kinds in the corpus, no two alike, spread evenly over it.
fn of_corpus(folder: &Path, api: &Api) -> Result<Vec<Sent>, String> {
    let served = served(api)?;
    let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
    for file in files(folder)? {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        for (value, text) in documents(&text) {
            let part = |at: &Value| at.as_str().unwrap_or_default().to_owned();
            let key = (part(&value["apiVersion"]), part(&value["kind"]));
            let Some((plural, namespaced)) = served.get(&key) else { continue };
            if !seen.insert(text.clone()) {
                continue;
            }
            let root = if key.0.contains('/') { "apis" } else { "api" };
            let own = value["metadata"]["namespace"].as_str().filter(|name| !name.is_empty());
            let namespace = namespaced.then(|| own.unwrap_or("default").to_owned());
            let place = namespace.as_ref().map(|name| format!("namespaces/{name}/")).unwrap_or_default();
            let path = format!("/{root}/{}/{place}{plural}", key.0);
            all.push(Sent { file: file.clone(), text, namespace, path });
        }
    }
    let step = all.len().div_ceil(MOST).max(1);
    Ok(all.into_iter().step_by(step).collect())
}

/// The documents of a text that we read whole, each with its own text.
fn documents(text: &str) -> Vec<(Value, String)> {
    let (read, diagnostics) = yaml::read(text.as_bytes(), &Caps::default());
    if !diagnostics.is_empty() {
        return Vec::new();
    }
    let ends = read.iter().skip(1).map(|document| document.offset as usize).chain([text.len()]);
    let ends: Vec<usize> = ends.collect();
    read.into_iter()
        .zip(ends)
        .filter_map(|(document, end)| {
            Some((document.value, own_text(text.get(document.offset as usize..end)?)))
        })
        .collect()
}

/// A document's text without the separator of the next one.
fn own_text(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let end = lines.iter().skip(1).position(|line| line.starts_with("---")).map_or(lines.len(), |at| at + 1);
    lines[..end].join("\n") + "\n"
}

/// Every manifest below a folder, in a fixed order.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        for entry in entries {
            let path = entry.map_err(|e| format!("{}: {e}", folder.display()))?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Documents of the corpus: the server accepts what we read of them exactly where it accepts their text.
pub(super) fn corpus_documents(cluster: &Cluster, _: &Program) -> Result<(), String> {
    let Some(folder) = corpus() else {
        demand!(std::env::var("CI").as_deref() != Ok("true"), "no corpus");
        tell("e2e: skipped: no corpus");
        return Ok(());
    };
    let sent = of_corpus(&folder, cluster.api())?;
    let names: BTreeSet<&str> = sent.iter().filter_map(|one| one.namespace.as_deref()).collect();
    cluster.namespaces(&names.into_iter().filter(|name| valid(name)).collect::<Vec<_>>())?;
    let sides = cluster.api().each(&sent, |api, one| Ok(both(api, &one.path, &one.text)))?;
    let accepted = sides.iter().filter(|sides| sides.theirs.is_ok()).count();
    let mut wrong = Vec::new();
    for (one, sides) in sent.iter().zip(sides) {
        let file = one.file.strip_prefix(&folder).unwrap_or(&one.file).display();
        wrong.extend(difference(sides).map(|why| format!("{file} ({}): {why}", one.path)));
    }
    let count = wrong.len();
    tell(&format!("e2e: {} documents of the corpus, {accepted} accepted, {count} differ", sent.len()));
    wrong.truncate(5);
    demand!(wrong.is_empty(), "{count} of {} documents differ:\n{}", sent.len(), wrong.join("\n"));
    demand!(accepted >= LEAST, "only {accepted} of {} documents are accepted", sent.len());
    Ok(())
}

/// Whether a namespace may have this name.
pub(crate) fn valid(name: &str) -> bool {
    let inner = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    inner && !name.starts_with('-') && !name.ends_with('-') && name.len() < 64
}
