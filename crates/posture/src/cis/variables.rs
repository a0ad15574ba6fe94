//! What `$kubeletconf` and the like stand for: kube-bench's `config.yaml`, a benchmark's own over the common one.

use super::NodeReport;
use super::node::NAME;
use model::Diagnostic;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Names with what they stand for, in one section (`master`, `node`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables {
    known: BTreeMap<String, String>,
}

/// Kinds of variables: the end of the name, the list of candidates, and the default where none is there.
const KINDS: &[(&str, &str, &str)] = &[
    ("conf", "confs", "defaultconf"),
    ("svc", "svc", "defaultsvc"),
    ("kubeconfig", "kubeconfig", "defaultkubeconfig"),
    ("cafile", "cafile", "defaultcafile"),
    ("datadir", "datadirs", "defaultdatadir"),
];

impl Variables {
    /// Reads `config.yaml` and a benchmark's own over it (either may be empty), for one section.
    pub fn parse(common: &[u8], own: &[u8], section: &str, node: &NodeReport) -> (Self, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        let mut read = |text: &[u8]| {
            let (documents, read) = yaml::read(text, &crate::cis::small());
            diagnostics.extend(read);
            documents.into_iter().find_map(|document| match document.value {
                Value::Object(object) => Some(object),
                _ => None,
            })
        };
        let mut config = read(common).unwrap_or_default();
        overlay(&mut config, read(own).unwrap_or_default());
        let mut known = BTreeMap::new();
        let components = config.get(section).and_then(Value::as_object);
        for (name, component) in components.into_iter().flatten() {
            add(&mut known, name, component, node);
        }
        (Self { known }, diagnostics)
    }

    /// The paths that any variable may stand for.
    pub fn candidates(common: &[u8], own: &[u8]) -> Vec<String> {
        let mut all = Vec::new();
        for text in [common, own] {
            let (documents, _) = yaml::read(text, &crate::cis::small());
            for document in documents {
                paths(&document.value, &mut all);
            }
        }
        all.sort();
        all.dedup();
        all
    }

    /// What a name stands for.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.known.get(name).map(String::as_str)
    }

    /// A command with the variables put in, longest names first.
    pub fn put_in(&self, command: &str) -> String {
        let mut names: Vec<&String> = self.known.keys().collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        names.iter().fold(command.to_owned(), |text, name| {
            let value = self.known.get(*name).map_or("", String::as_str);
            // Several words are one to the shell.
            let value =
                if value.contains(char::is_whitespace) { format!("'{value}'") } else { value.to_owned() };
            text.replace(&format!("${name}"), &value)
        })
    }
}

/// A benchmark's own values over the common ones.
fn overlay(base: &mut Map<String, Value>, own: Map<String, Value>) {
    for (key, value) in own {
        match (base.get_mut(&key), value) {
            (Some(Value::Object(base)), Value::Object(own)) => overlay(base, own),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

fn words(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn add(known: &mut BTreeMap<String, String>, name: &str, component: &Value, node: &NodeReport) {
    let bins = words(component.get("bins"));
    let runs = |bin: &&&str| {
        let first = bin.split_whitespace().next().unwrap_or_default();
        node.processes.iter().flatten().any(|task| {
            let program = task.command.split_whitespace().next().unwrap_or_default();
            let folder = program.rsplit_once('/').map_or(0, |(folder, _)| folder.len().saturating_add(1));
            let named = task.command.get(folder..).unwrap_or_default();
            (task.name.len() == NAME && first.starts_with(&task.name) || task.name == first)
                && named.starts_with(**bin)
        })
    };
    // Where none of them runs, one that is a program of its own; else the component's own name.
    let single = || bins.iter().find(|bin| !bin.contains(' '));
    let bin = bins.iter().find(runs).or_else(single).map_or(name, |bin| *bin);
    known.insert(format!("{name}bin"), bin.to_owned());
    for (end, list, default) in KINDS {
        let candidates = words(component.get(*list));
        let there = candidates.iter().find(|path| node.exists(path) == Ok(true)).copied();
        let default = component.get(*default).and_then(Value::as_str);
        if let Some(path) = there.or(default).or(candidates.first().copied()) {
            known.insert(format!("{name}{end}"), path.to_owned());
        }
    }
}

fn paths(value: &Value, all: &mut Vec<String>) {
    match value {
        Value::String(text) if text.starts_with('/') => all.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| paths(item, all)),
        Value::Object(object) => object.values().for_each(|value| paths(value, all)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cis::{File, Task};

    const COMMON: &[u8] =
        b"node:\n  components: [kubelet]\n  kubelet:\n    bins: [hyperkube kubelet, kubelet]\n    \
                           confs: [/a, /b]\n    defaultconf: /d\n    defaultkubeconfig: /k\n";

    fn put(own: &[u8], node: &NodeReport, text: &str) -> String {
        Variables::parse(COMMON, own, "node", node).0.put_in(text)
    }

    #[test]
    fn what_runs_and_what_is_there_wins() {
        let none = NodeReport::default();
        assert_eq!(put(b"", &none, "$kubeletbin $kubeletconf $kubeletkubeconfig"), "kubelet /d /k");
        let file = File::default();
        let node = NodeReport {
            processes: Some(vec![Task::of_command("/usr/bin/kubelet --v=2")]),
            files: [("/a".to_owned(), None), ("/b".to_owned(), Some(file))].into(),
            ..NodeReport::default()
        };
        assert_eq!(put(b"", &node, "$kubeletbin $kubeletconf"), "kubelet /b");
    }

    #[test]
    fn a_benchmarks_own_values_win() {
        let own = b"node:\n  kubelet:\n    bins: [containerd]\n    confs: []\n    defaultconf: /own\n";
        assert_eq!(put(own, &NodeReport::default(), "$kubeletbin $kubeletconf"), "containerd /own");
    }

    #[test]
    fn names_that_are_not_known_stay() {
        assert_eq!(put(b"", &NodeReport::default(), "$etcdbin"), "$etcdbin");
        assert!(Variables::candidates(COMMON, b"").contains(&"/a".to_owned()));
    }
}
