//! What is asked: one object, an operation, and what is known of who asks and where.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What is being done to the object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// It is made.
    #[default]
    Create,
    /// It is changed.
    Update,
    /// It is removed.
    Delete,
    /// A subresource is connected to (`exec`, `portforward`, …).
    Connect,
}

impl Operation {
    /// As admission reviews write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }

    /// The operation of a word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Create, Self::Update, Self::Delete, Self::Connect].into_iter().find(|op| op.word() == word)
    }
}

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// User name as the authenticator gave it.
    pub name: String,
    /// Groups.
    pub groups: Vec<String>,
    /// Roles bound to the user, as `namespace:name`.
    pub roles: Vec<String>,
    /// ClusterRoles bound to the user.
    pub cluster_roles: Vec<String>,
}

/// One request for admission.
///
/// The object lives inside the `request` variable that expressions see, so that nothing is copied to evaluate one.
#[derive(Clone, Debug)]
pub struct Request {
    /// What expressions see as `request`.
    pub(crate) variable: Value,
    /// Other variables: what lookups brought, or a test's values.
    pub(crate) variables: Map<String, Value>,
    pub(crate) operation: Operation,
    /// Group, version and kind that rules match: the object's, or those of its parent.
    pub(crate) kind: [String; 3],
    pub(crate) subresource: String,
    pub(crate) user: Option<User>,
    pub(crate) namespace_labels: BTreeMap<String, String>,
}

impl Request {
    /// Creation of an object by nobody in particular.
    pub fn create(object: Value) -> Self {
        let text =
            |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (group, version) = match text("/apiVersion").rsplit_once('/') {
            Some((group, version)) => (group.to_owned(), version.to_owned()),
            None => (String::new(), text("/apiVersion")),
        };
        let variable_kind = serde_json::json!({"group": group, "version": version, "kind": text("/kind")});
        let kind = [group, version, text("/kind")];
        let name = text("/metadata/name");
        let namespace = text("/metadata/namespace");
        let mut variable = Map::new();
        variable.insert("kind".to_owned(), variable_kind);
        variable.insert("name".to_owned(), Value::String(name));
        variable.insert("namespace".to_owned(), Value::String(namespace));
        variable.insert("operation".to_owned(), Value::from(Operation::Create.word()));
        variable.insert("object".to_owned(), object);
        Self {
            variable: Value::Object(variable),
            variables: Map::new(),
            operation: Operation::Create,
            kind,
            subresource: String::new(),
            user: None,
            namespace_labels: BTreeMap::new(),
        }
    }

    /// The same with another operation. On deletion the object is the one that is removed.
    #[must_use]
    pub fn operation(mut self, operation: Operation) -> Self {
        self.operation = operation;
        self.set("operation", Value::from(operation.word()));
        if operation == Operation::Delete {
            let object = self.object().clone();
            self.set("oldObject", object);
        }
        self
    }

    /// The same with the object as it was before.
    #[must_use]
    pub fn old_object(mut self, old: Value) -> Self {
        self.set("oldObject", old);
        self
    }

    /// The same for a subresource (`exec`, `scale`, …) of a resource of this kind.
    #[must_use]
    pub fn subresource(mut self, group: &str, version: &str, kind: &str, name: &str) -> Self {
        self.kind = [group, version, kind].map(str::to_owned);
        name.clone_into(&mut self.subresource);
        self.set("subResource", Value::from(name));
        self
    }

    /// The same asked by somebody.
    #[must_use]
    pub fn user(mut self, user: User) -> Self {
        let info = serde_json::json!({"username": user.name, "groups": user.groups});
        self.set("userInfo", info);
        self.set("roles", Value::from(user.roles.clone()));
        self.set("clusterRoles", Value::from(user.cluster_roles.clone()));
        if let Some((namespace, name)) =
            user.name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'))
        {
            self.variables.insert("serviceAccountName".to_owned(), Value::from(name));
            self.variables.insert("serviceAccountNamespace".to_owned(), Value::from(namespace));
        }
        self.user = Some(user);
        self
    }

    /// The same with the labels of the object's namespace.
    #[must_use]
    pub fn namespace_labels(mut self, labels: BTreeMap<String, String>) -> Self {
        self.namespace_labels = labels;
        self
    }

    /// The same with one more variable; a dotted name reaches into objects (`request.operation`, `dictionary.data.env`).
    #[must_use]
    pub fn variable(mut self, name: &str, value: Value) -> Self {
        let (first, rest) = name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
        if first == "request" {
            if let (Some("operation"), Some(operation)) = (rest, value.as_str().and_then(Operation::of)) {
                return self.operation(operation);
            }
            put(&mut self.variable, rest, value);
        } else {
            put(self.variables.entry(first).or_insert(Value::Null), rest, value);
        }
        self
    }

    /// The object under admission.
    pub fn object(&self) -> &Value {
        self.variable.get("object").unwrap_or(&Value::Null)
    }

    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.object().pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    fn set(&mut self, key: &str, value: Value) {
        if let Some(fields) = self.variable.as_object_mut() {
            fields.insert(key.to_owned(), value);
        }
    }
}

/// Puts a value at a dotted path, making objects on the way.
fn put(at: &mut Value, path: Option<&str>, value: Value) {
    let Some(path) = path else {
        *at = value;
        return;
    };
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    if let Some(fields) = at.as_object_mut() {
        put(fields.entry(first).or_insert(Value::Null), rest, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn variables_reach_into_objects() {
        let request = Request::create(json!({"kind": "Pod", "metadata": {"name": "a"}}))
            .variable("request.operation", json!("DELETE"))
            .variable("dictionary.data.env", json!("prod"))
            .variable("dictionary.data.team", json!("x"));
        assert_eq!(request.operation, Operation::Delete);
        assert_eq!(request.variable.pointer("/oldObject/kind"), Some(&json!("Pod")));
        assert_eq!(request.variables["dictionary"], json!({"data": {"env": "prod", "team": "x"}}));
    }

    #[test]
    fn an_account_is_known_by_its_user_name() {
        let user = User { name: "system:serviceaccount:ci:bot".to_owned(), ..User::default() };
        let request = Request::create(json!({})).user(user);
        assert_eq!(request.variables["serviceAccountName"], json!("bot"));
        assert_eq!(request.variables["serviceAccountNamespace"], json!("ci"));
    }
}
