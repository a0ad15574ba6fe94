//! Reads `kyverno-test.yaml` folders and asks an engine for each of their rows.

use policy::{Operation, Policy, Request, RuleVerdict, User, Verdict, compile, kyverno};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use yaml::Caps;

/// What became of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Pass,
    /// Not yet, and why.
    Pending(String),
}

pub(crate) type Engine<'e> = &'e dyn Fn(&Policy, &Request) -> Vec<RuleVerdict>;

/// Every row (`dir policy rule resource`) with its outcome, in the order of the folders.
pub(crate) fn run(corpus: &Path, engine: Engine<'_>) -> Vec<(String, Outcome)> {
    let mut files = Vec::new();
    find(corpus, &mut files);
    files.sort();
    let mut rows = Vec::new();
    for file in files {
        let dir = file.parent().unwrap();
        let name = dir.strip_prefix(corpus).unwrap().to_string_lossy().into_owned();
        for document in documents(&file) {
            Test::load(dir, &document).rows(&name, engine, &mut rows);
        }
    }
    rows
}

fn find(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            find(&path, out);
        } else if path.file_name().is_some_and(|name| name == "kyverno-test.yaml") {
            out.push(path);
        }
    }
}

fn documents(file: &Path) -> Vec<Value> {
    let Ok(bytes) = std::fs::read(file) else { return Vec::new() };
    let (documents, _) = yaml::read(&bytes, &Caps::default());
    documents.into_iter().flat_map(yaml::items).map(|item| item.value).collect()
}

/// Documents of the files a test names; a directory stands for the files in it.
fn named(dir: &Path, list: Option<&Value>) -> Vec<Value> {
    let mut out = Vec::new();
    for path in texts(list) {
        let path = dir.join(path);
        if path.is_dir() {
            let mut files: Vec<_> = std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()).collect();
            files.sort();
            out.extend(files.iter().filter(|f| f.is_file()).flat_map(|f| documents(f)));
        } else {
            out.extend(documents(&path));
        }
    }
    out
}

fn texts(list: Option<&Value>) -> Vec<&str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn entries<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// One test document with its files.
struct Test {
    policies: Vec<(String, Result<Policy, String>)>,
    resources: Vec<Value>,
    values: Value,
    user: Option<User>,
    results: Vec<Value>,
    /// Something the whole test needs and this suite cannot give.
    missing: Option<String>,
}

impl Test {
    fn load(dir: &Path, document: &Value) -> Self {
        let compiled = |policy: &Value| {
            let name = text(policy, "/metadata/name").to_owned();
            (name, compile(policy).map(|(policy, _)| policy).map_err(|_| text(policy, "/kind").to_owned()))
        };
        let values = match text(document, "/variables") {
            "" => document.get("values").cloned().unwrap_or(Value::Null),
            file => documents(&dir.join(file)).into_iter().next().unwrap_or(Value::Null),
        };
        let user = match text(document, "/userinfo") {
            "" => None,
            file => documents(&dir.join(file)).first().map(user),
        };
        let unsupported =
            ["exceptions", "jsonPayloads", "httpPayloads", "envoyPayloads", "clusterResources", "context"];
        let missing = unsupported.into_iter().find(|key| document.get(*key).is_some());
        Self {
            policies: named(dir, document.get("policies")).iter().map(compiled).collect(),
            resources: named(dir, document.get("resources")).into_iter().map(placed).collect(),
            values,
            user,
            results: entries(document, "results").cloned().collect(),
            missing: missing.map(|key| format!("test needs {key}")),
        }
    }

    fn rows(&self, dir: &str, engine: Engine<'_>, rows: &mut Vec<(String, Outcome)>) {
        for result in &self.results {
            let names: Vec<String> = texts(result.get("resources"))
                .into_iter()
                .map(str::to_owned)
                .chain(entries(result, "resourceSpecs").map(|spec| match text(spec, "/namespace") {
                    "" => text(spec, "/name").to_owned(),
                    namespace => format!("{namespace}/{}", text(spec, "/name")),
                }))
                .collect();
            for resource in names {
                let (policy, rule) = (text(result, "/policy"), text(result, "/rule"));
                let rule = if rule.is_empty() { "-" } else { rule };
                let key = format!("{dir} {policy} {rule} {resource}");
                rows.push((key, self.judge(result, &resource, engine)));
            }
        }
    }

    fn judge(&self, result: &Value, resource: &str, engine: Engine<'_>) -> Outcome {
        let pending = |reason: &str| Outcome::Pending(reason.to_owned());
        if let Some(missing) = &self.missing {
            return pending(missing);
        }
        let makes = [
            "patchedResources",
            "patchedResource",
            "generatedResource",
            "generatedResources",
            "cloneSourceResource",
        ];
        if let Some(key) = makes.into_iter().find(|key| result.get(*key).is_some()) {
            return pending(&format!("result has {key}"));
        }
        let policy = text(result, "/policy").rsplit('/').next().unwrap_or_default();
        let Some((_, policy)) = self.policies.iter().find(|(name, _)| name == policy) else {
            return pending("no such policy");
        };
        let policy = match policy {
            Ok(policy) => policy,
            Err(kind) => return pending(&format!("kind {kind}")),
        };
        let kind = text(result, "/kind");
        let is_named = |r: &&Value| {
            let (namespace, name) = (text(r, "/metadata/namespace"), text(r, "/metadata/name"));
            (resource == name || resource == format!("{namespace}/{name}"))
                && (kind.is_empty() || text(r, "/kind") == kind)
        };
        let found: Vec<&Value> = self.resources.iter().filter(is_named).collect();
        if found.is_empty() {
            return pending("no such resource");
        }
        let mut answers = Vec::new();
        for resource in found {
            let request = self.request(policy, resource, result);
            answers
                .extend(engine(policy, &request).into_iter().filter(|v| is_rule(v, text(result, "/rule"))));
        }
        score(&answers, text(result, "/result"))
    }

    fn request(&self, policy: &Policy, resource: &Value, result: &Value) -> Request {
        let namespace = text(resource, "/metadata/namespace");
        let mut labels: BTreeMap<String, String> = BTreeMap::new();
        for entry in entries(&self.values, "namespaceSelector").filter(|e| text(e, "/name") == namespace) {
            let fields = entry.get("labels").and_then(Value::as_object).into_iter().flatten();
            labels.extend(fields.map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned())));
        }
        let mut request = Request::create(resource.clone()).namespace_labels(labels);
        for entry in entries(&self.values, "subresources") {
            if text(entry, "/subresource/kind") == text(resource, "/kind") {
                let parent = |key: &str| text(entry, &format!("/parentResource/{key}"));
                let name = text(entry, "/subresource/name").rsplit('/').next().unwrap_or_default();
                request = request.subresource(parent("group"), parent("version"), parent("kind"), name);
            }
        }
        if let Some(user) = &self.user {
            request = request.user(user.clone());
        }
        let own = entries(&self.values, "policies").filter(|p| text(p, "/name") == &*policy.name);
        let mut given: Vec<&Value> = self.values.get("globalValues").into_iter().collect();
        for policy in own {
            let name = text(resource, "/metadata/name");
            given.extend(entries(policy, "rules").filter_map(|rule| rule.get("values")));
            let named = entries(policy, "resources").filter(|r| text(r, "/name") == name);
            given.extend(named.filter_map(|resource| resource.get("values")));
        }
        for (name, value) in given.into_iter().filter_map(Value::as_object).flatten() {
            request = request.variable(name, value.clone());
        }
        match Operation::of(text(result, "/operation")) {
            Some(operation) => request.operation(operation),
            None => request,
        }
    }
}

/// Namespaced resources without a namespace are in `default`.
fn placed(mut resource: Value) -> Value {
    let group = model::ResourceRef::group_of(text(&resource, "/apiVersion")).to_owned();
    let cluster = snapshot::cluster_scoped(&group, text(&resource, "/kind"));
    if let Some(metadata) = resource.get_mut("metadata").and_then(Value::as_object_mut).filter(|_| !cluster) {
        metadata.entry("namespace").or_insert_with(|| "default".into());
    }
    resource
}

fn user(document: &Value) -> User {
    let list = |pointer: &str| texts(document.pointer(pointer)).into_iter().map(str::to_owned).collect();
    User {
        name: text(document, "/userInfo/username").to_owned(),
        groups: list("/userInfo/groups"),
        roles: list("/roles"),
        cluster_roles: list("/clusterRoles"),
    }
}

/// A row about a rule takes the answers of the rules generated from it.
fn is_rule(verdict: &RuleVerdict, rule: &str) -> bool {
    let own = &*verdict.rule;
    rule.is_empty()
        || own == rule
        || own.strip_prefix("autogen-").is_some_and(|r| r == rule)
        || own.strip_prefix("autogen-cronjob-").is_some_and(|r| r == rule)
}

fn score(answers: &[RuleVerdict], want: &str) -> Outcome {
    let Some(first) = answers.first() else {
        return Outcome::Pending(format!("no answer, wanted {want}"));
    };
    if answers.iter().all(|answer| kyverno::word(answer) == want) {
        return Outcome::Pass;
    }
    let wrong = answers.iter().find(|answer| kyverno::word(answer) != want).unwrap_or(first);
    Outcome::Pending(match wrong.verdict {
        Verdict::Error => {
            let short: String = wrong.message.chars().take(90).collect();
            format!("error: {}", short.replace('\n', " "))
        }
        _ => format!("wanted {want}, got {}", kyverno::word(wrong)),
    })
}
