//! Which benchmark a cluster is judged by, where nobody says: by who made it, and by its version.

use serde_json::Value;
use snapshot::Snapshot;

/// Words by which a cluster's maker is known, and how its benchmarks' names begin.
const MAKERS: &[(&str, &str)] = &[
    ("eks.amazonaws.com/", "eks-"),
    ("cloud.google.com/gke-", "gke-"),
    ("kubernetes.azure.com/", "aks-"),
    ("node.openshift.io/", "rh-"),
    ("alibabacloud.com/", "ack-"),
    ("pks-system/", "tkgi-"),
];

/// The benchmark's name and why it is that; `None` where there is none to choose.
pub fn choose(names: &[String], common: &[u8], snapshot: Option<&Snapshot>) -> Option<(String, String)> {
    let newest = |start: &str| newest(names, start);
    let nodes = snapshot.map(|snapshot| snapshot.of("", "Node")).unwrap_or_default();
    let version = snapshot
        .and_then(|snapshot| snapshot.server_version.clone())
        .or_else(|| {
            nodes
                .first()
                .map(|node| node.json().at(&["status", "nodeInfo", "kubeletVersion"]).text().to_owned())
        })
        .unwrap_or_default();
    for (word, start) in [("+k3s", "k3s-cis-"), ("+rke2", "rke2-cis-")] {
        if version.contains(word) {
            let exact =
                minor(&version).map(|minor| format!("{start}1.{minor}")).filter(|name| names.contains(name));
            return exact.or_else(|| newest(start)).map(|name| (name, format!("the version is {version}")));
        }
    }
    for node in nodes.iter().take(100) {
        let json = node.json();
        let labels = json.at(&["metadata", "labels"]);
        let made = |word: &str| labels.fields().iter().any(|(key, _)| key.starts_with(word));
        if let Some((word, start)) = MAKERS.iter().find(|(word, _)| made(word)) {
            return newest(start)
                .map(|name| (name, format!("nodes carry labels of {}", word.trim_end_matches(['/', '-']))));
        }
    }
    let Some(minor) = minor(&version) else {
        return newest("cis-").map(|name| (name, "the cluster's version is not known".to_owned()));
    };
    let mapped = mapping(common, minor).filter(|name| names.contains(name)).or_else(|| newest("cis-"))?;
    Some((mapped, format!("the version is {version}")))
}

fn minor(version: &str) -> Option<u32> {
    let rest = version.trim_start_matches('v').strip_prefix("1.")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// What upstream's configuration says for a minor.
fn mapping(common: &[u8], minor: u32) -> Option<String> {
    let (documents, _) = yaml::read(common, &crate::cis::small());
    let map = documents.into_iter().find_map(|document| match document.value {
        Value::Object(mut object) => object.remove("version_mapping"),
        _ => None,
    })?;
    map.get(format!("1.{minor}")).and_then(Value::as_str).map(str::to_owned)
}

/// The newest edition: numbers of twenty and more are Kubernetes' own minors, which came before the editions did.
fn newest(names: &[String], start: &str) -> Option<String> {
    let edition = |name: &&String| {
        let rest = name.strip_prefix(start)?;
        let numbers: Option<Vec<u32>> = rest.split('.').map(|part| part.parse().ok()).collect();
        let numbers = numbers?;
        let old = numbers.get(1).is_some_and(|minor| *minor >= 20);
        Some((!old, numbers))
    };
    names.iter().filter_map(|name| Some((edition(&name)?, name))).max().map(|(_, name)| name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::snapshot;

    fn chosen(node: &str) -> String {
        let names = [
            "cis-1.5",
            "cis-1.12",
            "cis-1.24",
            "eks-1.2.0",
            "eks-1.8.0",
            "k3s-cis-1.24",
            "k3s-cis-1.9",
            "cis-1.9",
        ];
        let names = names.map(str::to_owned);
        let config = b"version_mapping:\n  \"1.27\": cis-1.9\n  \"1.24\": cis-1.24\n";
        let snapshot = snapshot(node);
        choose(&names, config, Some(&snapshot)).unwrap().0
    }

    fn node(version: &str, labels: &str) -> String {
        format!(
            "{{apiVersion: v1, kind: Node, metadata: {{name: cp, labels: {{{labels}}}}}, status: {{nodeInfo: \
             {{kubeletVersion: {version}}}}}}}"
        )
    }

    #[test]
    fn by_version() {
        assert_eq!(chosen(&node("v1.27.3", "")), "cis-1.9");
        assert_eq!(chosen(&node("v1.24.1", "")), "cis-1.24");
        assert_eq!(chosen(&node("v1.36.0", "")), "cis-1.12");
        assert_eq!(chosen("{apiVersion: v1, kind: Namespace, metadata: {name: a}}"), "cis-1.12");
    }

    #[test]
    fn by_maker() {
        assert_eq!(chosen(&node("v1.30.1-eks-1", "eks.amazonaws.com/nodegroup: a")), "eks-1.8.0");
        assert_eq!(chosen(&node("v1.30.1+k3s1", "")), "k3s-cis-1.9");
        assert_eq!(chosen(&node("v1.24.1+k3s1", "")), "k3s-cis-1.24");
    }

    #[test]
    fn none_to_choose() {
        assert_eq!(choose(&[], b"", None), None);
    }
}
