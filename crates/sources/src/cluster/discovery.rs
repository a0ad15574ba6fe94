//! What the server serves: group, version, resource. Aggregated discovery where it has it, the old form elsewhere.

use super::fetch::{Answer, Fetch};
use super::kinds::{KINDS, Kind};
use serde_json::Value;
use std::collections::BTreeSet;

/// Aggregated first; servers that do not know it answer the plain form.
const ACCEPT: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                      application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";
const PLAIN: &str = "application/json";

/// What is served, as far as it was told.
#[derive(Debug, Default)]
pub(super) struct Served {
    /// Group, version, plural.
    resources: BTreeSet<(String, String, String)>,
    /// Groups that could not be asked, with the reason; an empty name stands for all.
    pub(super) unknown: Vec<(String, String)>,
}

impl Served {
    /// The version to ask for; `Err` when the server was not able to say, then the best version is a guess.
    pub(super) fn version(&self, kind: &Kind) -> Result<Option<&'static str>, &'static str> {
        let served = |version: &&&'static str| {
            let (group, plural) = (kind.group.to_owned(), kind.plural.to_owned());
            self.resources.contains(&(group, (**version).to_owned(), plural))
        };
        match kind.versions.iter().find(served) {
            Some(version) => Ok(Some(version)),
            None if self.unknown.iter().any(|(group, _)| group.is_empty() || group == kind.group) => {
                Err(kind.versions.first().copied().unwrap_or("v1"))
            }
            None => Ok(None),
        }
    }
}

/// Asks the server what it serves. `Err` only for what makes every further question useless.
pub(super) async fn discover(fetch: &Fetch) -> Result<Served, Answer> {
    let mut served = Served::default();
    for root in ["/api", "/apis"] {
        match fetch.get(root, ACCEPT).await {
            Answer::Body(body) => match serde_json::from_slice::<Value>(&body) {
                Ok(value) if value.get("items").is_some() => aggregated(&value, &mut served),
                Ok(value) => plain(fetch, root, &value, &mut served).await,
                Err(error) => served.unknown.push((String::new(), format!("{root} is not JSON: {error}"))),
            },
            answer @ (Answer::Unauthorized(_) | Answer::Unreachable(_) | Answer::OutOfTime) => {
                return Err(answer);
            }
            Answer::Denied(why) | Answer::Failed(why) => served.unknown.push((String::new(), why)),
            _ => served.unknown.push((String::new(), format!("{root} has no answer"))),
        }
    }
    Ok(served)
}

/// `APIGroupDiscoveryList`: groups with versions with resources.
fn aggregated(list: &Value, served: &mut Served) {
    for group in items(list, "items") {
        let name = group.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        for version in items(group, "versions") {
            let number = text(version, "version");
            if text(version, "freshness") == "Stale" {
                served.unknown.push((name.to_owned(), "its API server does not answer".to_owned()));
            }
            for resource in items(version, "resources") {
                served.resources.insert((name.into(), number.into(), text(resource, "resource").into()));
            }
        }
    }
}

/// `APIVersions` or `APIGroupList`, then one `APIResourceList` for each version that matters.
async fn plain(fetch: &Fetch, root: &str, list: &Value, served: &mut Served) {
    let mut wanted: Vec<(String, String)> = Vec::new();
    let versions = |group: &str| -> Vec<&str> {
        let of_group = KINDS.iter().filter(|kind| kind.group == group);
        of_group.flat_map(|kind| kind.versions.iter().copied()).collect()
    };
    if root == "/api" {
        wanted.push((String::new(), "v1".to_owned()));
    }
    for group in items(list, "groups") {
        let name = text(group, "name");
        let known = versions(name);
        let offered = items(group, "versions").map(|version| text(version, "version"));
        wanted.extend(offered.filter(|v| known.contains(v)).map(|v| (name.to_owned(), v.to_owned())));
    }
    for (group, version) in wanted {
        let path =
            if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
        match fetch.get(&path, PLAIN).await {
            Answer::Body(body) => match serde_json::from_slice::<Value>(&body) {
                Ok(list) => {
                    for resource in items(&list, "resources") {
                        let plural = text(resource, "name").to_owned();
                        served.resources.insert((group.clone(), version.clone(), plural));
                    }
                }
                Err(error) => served.unknown.push((group, format!("{path} is not JSON: {error}"))),
            },
            Answer::Absent => {}
            Answer::Denied(why) | Answer::Failed(why) | Answer::Unauthorized(why) => {
                served.unknown.push((group, why));
            }
            _ => served.unknown.push((group, format!("{path} has no answer"))),
        }
    }
}

fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn kind(name: &str) -> &'static Kind {
        KINDS.iter().find(|kind| kind.kind == name).unwrap()
    }

    #[test]
    fn the_best_served_version_is_taken() {
        let mut served = Served::default();
        let list = json!({"items": [
            {"metadata": {"name": "gateway.networking.k8s.io"}, "versions": [
                {"version": "v1beta1", "resources": [{"resource": "gateways"}]},
                {"version": "v2", "resources": [{"resource": "gateways"}]}]},
            {"metadata": {}, "versions": [{"version": "v1", "resources": [{"resource": "pods"}]}]}
        ]});
        aggregated(&list, &mut served);
        assert_eq!(served.version(kind("Gateway")), Ok(Some("v1beta1")));
        assert_eq!(served.version(kind("Pod")), Ok(Some("v1")));
        assert_eq!(served.version(kind("HTTPRoute")), Ok(None));
    }

    #[test]
    fn a_group_that_could_not_be_asked_is_no_absent_group() {
        let mut served = Served::default();
        let stale = json!({"items": [{"metadata": {"name": "kyverno.io"},
            "versions": [{"version": "v1", "freshness": "Stale"}]}]});
        aggregated(&stale, &mut served);
        assert_eq!(served.version(kind("ClusterPolicy")), Err("v1"));
        assert_eq!(served.version(kind("Role")), Ok(None));
    }
}
