//! The truth table's short way of writing objects and requests, spelled out.
//!
//! Read by the suite that asks a real server and by the tests of the `rbac` crate, so that both judge the same thing.

use serde_json::{Value, json};

/// One set of objects and what is asked of it.
pub(crate) struct Set {
    /// What it is about.
    pub(crate) name: String,
    /// The objects, as manifests.
    pub(crate) objects: Vec<Value>,
    /// The requests with their answers.
    pub(crate) requests: Vec<Asked>,
    /// Who holds which capability, as `[who, capability, namespace]` (no namespace: everywhere).
    #[allow(dead_code, reason = "the suite that asks the server has no use for it")]
    pub(crate) holds: Vec<Vec<String>>,
    /// The same, before 1.35 alone.
    #[allow(dead_code, reason = "the suite that asks the server has no use for it")]
    pub(crate) holds_before_35: Vec<Vec<String>>,
}

/// One request and its answer.
pub(crate) struct Asked {
    /// Whether it is allowed.
    pub(crate) allowed: bool,
    /// User name.
    pub(crate) user: String,
    /// Groups.
    pub(crate) groups: Vec<String>,
    /// Verb, group, resource, subresource, namespace and name; or verb and path.
    pub(crate) what: What,
}

/// What is asked for.
pub(crate) enum What {
    /// Something of the API.
    Resource {
        /// Verb.
        verb: String,
        /// API group.
        group: String,
        /// Resource.
        resource: String,
        /// Subresource.
        subresource: String,
        /// Namespace.
        namespace: String,
        /// Name.
        name: String,
    },
    /// A path.
    Path {
        /// Verb.
        verb: String,
        /// Path.
        path: String,
    },
}

const GROUP: &str = "rbac.authorization.k8s.io";

/// The sets of one document, or what is wrong with it.
pub(crate) fn sets(document: &Value) -> Result<Vec<Set>, String> {
    document.as_array().ok_or("a table is a list of sets")?.iter().map(set).collect()
}

fn set(value: &Value) -> Result<Set, String> {
    let name = value["set"].as_str().ok_or("a set has a name")?.to_owned();
    let told = |why: String| format!("{name}: {why}");
    let list = |key: &str| value[key].as_array().cloned().unwrap_or_default();
    let words = |key: &str| {
        let lists = list(key);
        lists.iter().map(|line| line.as_array().into_iter().flatten().map(text).collect()).collect()
    };
    Ok(Set {
        objects: list("objects").iter().map(object).collect::<Result<_, _>>().map_err(&told)?,
        requests: list("requests").iter().map(asked).collect::<Result<_, _>>().map_err(&told)?,
        holds: words("holds"),
        holds_before_35: words("holds_before_35"),
        name,
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn split(text: &str) -> Vec<String> {
    text.split(',').map(|word| if word == "core" { String::new() } else { word.to_owned() }).collect()
}

fn object(value: &Value) -> Result<Value, String> {
    for kind in ["ClusterRole", "Role", "ClusterRoleBinding", "RoleBinding"] {
        let Some(name) = value[kind].as_str() else { continue };
        let (namespace, name) = name.split_once('/').unwrap_or(("", name));
        let mut metadata = json!({"name": name});
        if !namespace.is_empty() {
            metadata["namespace"] = json!(namespace);
        }
        let mut out = json!({"apiVersion": format!("{GROUP}/v1"), "kind": kind, "metadata": metadata});
        if kind.ends_with("Binding") {
            let role = value["role"].as_str().and_then(|role| role.split_once('/'));
            let (of, role) = role.ok_or_else(|| format!("{kind} {name} names no role"))?;
            out["roleRef"] = json!({"apiGroup": GROUP, "kind": of, "name": role});
            let subjects = value["subjects"].as_array().cloned().unwrap_or_default();
            let subjects: Result<Vec<Value>, String> = subjects.iter().map(|s| subject(&text(s))).collect();
            out["subjects"] = json!(subjects?);
        } else {
            let rules = value["rules"].as_array().cloned().unwrap_or_default();
            out["rules"] = rules.iter().map(rule).collect();
        }
        return Ok(out);
    }
    Err(format!("no object: {value}"))
}

fn rule(value: &Value) -> Value {
    if value.is_object() {
        return json!({"nonResourceURLs": value["urls"], "verbs": value["verbs"]});
    }
    let part = |at: usize| value.get(at).and_then(Value::as_str).map(split);
    let mut rule = json!({"apiGroups": part(0), "resources": part(1), "verbs": part(2)});
    if let Some(names) = part(3) {
        rule["resourceNames"] = json!(names);
    }
    rule
}

fn subject(text: &str) -> Result<Value, String> {
    let (kind, name) = text.split_once(':').ok_or_else(|| format!("no subject: {text}"))?;
    Ok(match (kind, name.split_once('/')) {
        ("user", _) => json!({"apiGroup": GROUP, "kind": "User", "name": name}),
        ("group", _) => json!({"apiGroup": GROUP, "kind": "Group", "name": name}),
        ("account", Some((namespace, name))) => {
            json!({"kind": "ServiceAccount", "namespace": namespace, "name": name})
        }
        ("account", None) => json!({"kind": "ServiceAccount", "name": name}),
        _ => return Err(format!("no subject: {text}")),
    })
}

fn asked(value: &Value) -> Result<Asked, String> {
    let allowed = value.get(0).and_then(Value::as_bool).ok_or_else(|| format!("no answer: {value}"))?;
    let part = |at: usize| value.get(at).map(text).unwrap_or_default();
    let (user, groups) = asker(&part(1));
    let verb = part(2);
    let what = if part(3).starts_with('/') {
        What::Path { verb, path: part(3) }
    } else {
        let resource = part(3);
        let (group, resource) = resource.split_once(':').unwrap_or(("", &resource));
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        What::Resource {
            verb,
            group: group.to_owned(),
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            namespace: part(4),
            name: part(5),
        }
    };
    Ok(Asked { allowed, user, groups, what })
}

/// A user and groups; an account with the groups it is in anyway.
fn asker(text: &str) -> (String, Vec<String>) {
    if let Some((namespace, name)) = text.strip_prefix("account:").and_then(|rest| rest.split_once('/')) {
        let groups = [
            "system:serviceaccounts",
            &format!("system:serviceaccounts:{namespace}"),
            "system:authenticated",
        ];
        return (format!("system:serviceaccount:{namespace}:{name}"), groups.map(str::to_owned).to_vec());
    }
    let mut words = text.split('+').map(str::to_owned);
    (words.next().unwrap_or_default(), words.collect())
}

impl Asked {
    /// As `ringwall rbac can-each` reads it.
    pub(crate) fn request(&self) -> Value {
        let attributes = match &self.what {
            What::Path { verb, path } => json!({"nonResource": {"verb": verb, "path": path}}),
            What::Resource { verb, group, resource, subresource, namespace, name } => json!({"resource": {
                "verb": verb, "group": group, "resource": resource, "subresource": subresource,
                "namespace": namespace, "name": name,
            }}),
        };
        json!({"user": self.user, "groups": self.groups, "attributes": attributes})
    }

    /// As the server is asked: the `spec` of a SubjectAccessReview.
    #[allow(dead_code, reason = "only the suite that asks the server uses it")]
    pub(crate) fn spec(&self) -> Value {
        let mut spec = json!({"user": self.user, "groups": self.groups});
        match &self.what {
            What::Path { verb, path } => spec["nonResourceAttributes"] = json!({"verb": verb, "path": path}),
            What::Resource { verb, group, resource, subresource, namespace, name } => {
                spec["resourceAttributes"] = json!({
                    "verb": verb, "group": group, "version": "*", "resource": resource, "subresource": subresource,
                    "namespace": namespace, "name": name,
                });
            }
        }
        spec
    }
}
