//! `VERB TYPE[/NAME]` or `VERB /PATH`, as `kubectl auth can-i` has it.

use crate::exit;
use ::rbac::Attributes;
use ::rbac::catalogue::{Home, groups_of, home, known_group};
use clap::Args;
use snapshot::Snapshot;

/// A request in words.
#[derive(Args, Clone, Debug)]
pub(crate) struct RequestArgs {
    /// get, list, watch, create, update, patch, delete, …; for a path the HTTP method
    #[arg(value_name = "VERB")]
    verb: String,
    /// TYPE, TYPE.GROUP, TYPE/NAME or TYPE/SUBRESOURCE; or a path that begins with /
    #[arg(value_name = "TYPE[/NAME] | /PATH")]
    what: String,
    /// Name of the object
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Subresource: log, exec, status, …
    #[arg(long, default_value = "")]
    subresource: String,
    /// Namespace of the request; without it `default`
    #[arg(short, long)]
    namespace: Option<String>,
    /// In all namespaces
    #[arg(short = 'A', long)]
    all_namespaces: bool,
}

/// Short names and kinds of kubectl, beside plurals and singulars.
const SHORT: &[(&str, &str)] = &[
    ("clusterrolebinding", "clusterrolebindings"),
    ("cm", "configmaps"),
    ("crd", "customresourcedefinitions"),
    ("crds", "customresourcedefinitions"),
    ("cj", "cronjobs"),
    ("csr", "certificatesigningrequests"),
    ("deploy", "deployments"),
    ("ds", "daemonsets"),
    ("endpoint", "endpoints"),
    ("ep", "endpoints"),
    ("ev", "events"),
    ("hpa", "horizontalpodautoscalers"),
    ("ing", "ingresses"),
    ("ingress", "ingresses"),
    ("netpol", "networkpolicies"),
    ("networkpolicy", "networkpolicies"),
    ("no", "nodes"),
    ("ns", "namespaces"),
    ("pdb", "poddisruptionbudgets"),
    ("po", "pods"),
    ("priorityclass", "priorityclasses"),
    ("pv", "persistentvolumes"),
    ("pvc", "persistentvolumeclaims"),
    ("quota", "resourcequotas"),
    ("rc", "replicationcontrollers"),
    ("rs", "replicasets"),
    ("runtimeclass", "runtimeclasses"),
    ("sa", "serviceaccounts"),
    ("sc", "storageclasses"),
    ("storageclass", "storageclasses"),
    ("sts", "statefulsets"),
    ("svc", "services"),
];

/// Words after the slash that are subresources, not names.
const SUBRESOURCES: &[&str] = &[
    "approval",
    "attach",
    "binding",
    "ephemeralcontainers",
    "eviction",
    "exec",
    "finalize",
    "log",
    "portforward",
    "proxy",
    "resize",
    "scale",
    "status",
    "token",
];

impl RequestArgs {
    /// The request. Types of custom resources are looked up in the snapshot's definitions.
    ///
    /// kubectl reads `pods/log` as a pod called `log`; that is never what is meant, so known subresources are read
    /// as such.
    pub(crate) fn attributes(&self, snapshot: &Snapshot) -> anyhow::Result<Attributes> {
        if self.what.starts_with('/') {
            if self.namespace.is_some() || self.all_namespaces || !self.subresource.is_empty() {
                return Err(exit::usage("a path has no namespace and no subresource"));
            }
            return Ok(Attributes::path(&self.verb, &self.what));
        }
        let (kind, after) = self.what.split_once('/').unwrap_or((&self.what, ""));
        let (mut subresource, mut name) = (self.subresource.as_str(), self.name.as_deref().unwrap_or(""));
        if subresource.is_empty() && SUBRESOURCES.contains(&after) {
            subresource = after;
        } else if name.is_empty() {
            name = after;
        }
        if kind.is_empty() {
            return Err(exit::usage("a TYPE is missing before the slash; a path begins with /"));
        }
        let (resource, group) = resolve(kind, snapshot);
        let namespace = self.namespace_of(&resource, &group, name);
        Ok(Attributes::Resource {
            verb: self.verb.clone(),
            group,
            resource,
            subresource: subresource.to_owned(),
            namespace,
            name: name.to_owned(),
        })
    }

    /// The namespace the real request would carry: none for what lives in none, itself for a namespace.
    fn namespace_of(&self, resource: &str, group: &str, name: &str) -> String {
        match (&self.namespace, self.all_namespaces) {
            (_, true) => String::new(),
            (Some(namespace), false) => namespace.clone(),
            (None, false) if group.is_empty() && resource == "namespaces" => name.to_owned(),
            (None, false) if home(group, resource) == Some(Home::Cluster) => String::new(),
            (None, false) => "default".to_owned(),
        }
    }
}

/// Plural and group of what a person wrote.
fn resolve(written: &str, snapshot: &Snapshot) -> (String, String) {
    let lower = written.to_ascii_lowercase();
    let (word, group) = match lower.split_once('.') {
        Some((word, group)) => (word.to_owned(), Some(without_version(group))),
        None => (lower, None),
    };
    let known = |plural: &str| groups_of(plural).next().is_some();
    let plural = SHORT
        .iter()
        .find(|(short, _)| *short == word)
        .map(|(_, plural)| (*plural).to_owned())
        .or_else(|| known(&word).then(|| word.clone()))
        .or_else(|| Some(format!("{word}s")).filter(|plural| known(plural)));
    if let Some(group) = group {
        return (plural.unwrap_or(word), group);
    }
    match plural {
        // Events are in two groups; kubectl prefers the older one.
        Some(plural) => {
            let group = groups_of(&plural).next().unwrap_or_default().to_owned();
            (plural, group)
        }
        None => custom(&word, snapshot).unwrap_or((word, String::new())),
    }
}

/// `apps`, or `v1.apps` as kubectl also takes it.
fn without_version(group: &str) -> String {
    match group.split_once('.') {
        Some((version, rest)) if version.starts_with('v') && !known_group(group) && known_group(rest) => {
            rest.to_owned()
        }
        _ => group.to_owned(),
    }
}

fn custom(word: &str, snapshot: &Snapshot) -> Option<(String, String)> {
    snapshot.of("apiextensions.k8s.io", "CustomResourceDefinition").iter().find_map(|definition| {
        let json = definition.json();
        let names = json.at(&["spec", "names"]);
        let plural = names.get("plural").text();
        let same = |name: &str| name.eq_ignore_ascii_case(word);
        let named = [plural, names.get("singular").text(), names.get("kind").text()].into_iter().any(same)
            || names.get("shortNames").strings().any(same);
        named.then(|| (plural.to_owned(), json.at(&["spec", "group"]).text().to_owned()))
    })
}

/// `get pods/log web`, for messages.
pub(crate) fn words(attributes: &Attributes) -> String {
    let text = match attributes {
        Attributes::NonResource { verb, path } => format!("{verb} {path}"),
        Attributes::Resource { verb, group, resource, subresource, namespace, name } => {
            let sub = if subresource.is_empty() { String::new() } else { format!("/{subresource}") };
            let group = if group.is_empty() { String::new() } else { format!(".{group}") };
            let name = if name.is_empty() { String::new() } else { format!(" {name}") };
            let place = match namespace.as_str() {
                "" => " cluster-wide".to_owned(),
                namespace => format!(" in {namespace}"),
            };
            format!("{verb} {resource}{sub}{group}{name}{place}")
        }
    };
    model::escape(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(verb: &str, what: &str, namespace: Option<&str>, all: bool) -> String {
        let args = RequestArgs {
            verb: verb.into(),
            what: what.into(),
            name: None,
            subresource: String::new(),
            namespace: namespace.map(str::to_owned),
            all_namespaces: all,
        };
        words(&args.attributes(&Snapshot::default()).unwrap())
    }

    #[test]
    fn types_as_people_write_them() {
        for (what, want) in [
            ("pods", "get pods in default"),
            ("po", "get pods in default"),
            ("Pod", "get pods in default"),
            ("deploy", "get deployments.apps in default"),
            ("deployments.apps/web", "get deployments.apps web in default"),
            ("deployments.v1.apps", "get deployments.apps in default"),
            ("pods/log", "get pods/log in default"),
            ("pods/web", "get pods web in default"),
            ("ingress", "get ingresses.networking.k8s.io in default"),
            ("nodes", "get nodes cluster-wide"),
            ("ns/shop", "get namespaces shop in shop"),
            ("widgets.example.test", "get widgets.example.test in default"),
            ("/healthz", "get /healthz"),
        ] {
            assert_eq!(asked("get", what, None, false), want, "{what}");
        }
    }

    #[test]
    fn namespaces() {
        assert_eq!(asked("list", "secrets", None, true), "list secrets cluster-wide");
        assert_eq!(asked("list", "secrets", Some("shop"), false), "list secrets in shop");
        assert_eq!(asked("get", "nodes", Some("shop"), false), "get nodes in shop");
    }
}
