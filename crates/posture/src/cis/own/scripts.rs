//! What upstream's scripts would say of the same objects: they call `kubectl`, and are answered here without it.
//!
//! Their mistakes are theirs; our own verdict stands beside them.

use super::Seen;
use ::rbac::{Attributes, Request};
use model::Identity;
use serde_json::Value;
use snapshot::Json;

/// Fails bindings to `cluster-admin` by any other name.
pub(super) fn cluster_admin(seen: &Seen<'_>) -> Option<bool> {
    let whole = seen.rights().ok()?;
    Some(whole.rbac.bindings().iter().filter(|binding| binding.reference.namespace.is_empty()).all(
        |binding| &*binding.role_ref.name != "cluster-admin" || &*binding.reference.name == "cluster-admin",
    ))
}

/// `kubectl auth can-i VERB RESOURCE --all-namespaces --as=system:authenticated`: a user of that name.
fn can(seen: &Seen<'_>, verb: &str, resource: &str) -> Option<bool> {
    let whole = seen.rights().ok()?;
    let who = Identity::user("system:authenticated");
    let request = Request::by(&who, Attributes::resource(verb, "", resource, "", ""));
    Some(whole.rbac.authorize(&request).allowed())
}

pub(super) fn secrets(seen: &Seen<'_>) -> Option<bool> {
    // Three verbs with commas are one verb to the server.
    can(seen, "get,list,watch", "secrets").map(|can| !can)
}

pub(super) fn create_pods(seen: &Seen<'_>) -> Option<bool> {
    can(seen, "create", "pods").map(|can| !can)
}

/// Fails roles whose rules hold exactly `["*"]` in some list.
pub(super) fn wildcards(seen: &Seen<'_>) -> Option<bool> {
    let whole = seen.rights().ok()?;
    let star = |list: &[&str]| list == ["*"];
    Some(whole.rbac.roles().iter().flat_map(|role| whole.rbac.rules_of(role)).all(|words| {
        ![&words.api_groups, &words.resources, &words.verbs, &words.resource_names, &words.non_resource_urls]
            .iter()
            .any(|list| star(list))
    }))
}

pub(super) fn default_accounts(seen: &Seen<'_>) -> Option<bool> {
    let whole = seen.cluster(&["serviceaccounts"]).ok()?;
    let mut defaults = whole
        .snapshot
        .of("", "ServiceAccount")
        .iter()
        .filter(|account| &*account.reference.name == "default")
        .peekable();
    // Nothing printed is nothing that passes.
    defaults.peek()?;
    Some(defaults.all(|account| account.json().get("automountServiceAccountToken").bool() == Some(false)))
}

/// Every workload's pod spec, and whether this holds of all.
fn every(seen: &Seen<'_>, holds: impl Fn(&str, &Json<'_>) -> bool) -> Option<bool> {
    let whole = seen.cluster(&["pods"]).ok()?;
    let mut workloads = whole.snapshot.workloads().peekable();
    workloads.peek()?;
    Some(workloads.all(|workload| {
        let template = workload.parse();
        let spec = template.spec();
        holds(&workload.reference().namespace, spec.json)
    }))
}

pub(super) fn mounted_tokens(seen: &Seen<'_>) -> Option<bool> {
    let whole = seen.cluster(&["serviceaccounts"]).ok()?;
    every(seen, |namespace, spec| {
        let name = spec.get("serviceAccountName").str().unwrap_or("default");
        let account = whole.snapshot.find("", "ServiceAccount", namespace, name);
        let of_account =
            account.and_then(|account| account.json().get("automountServiceAccountToken").bool());
        let of_pod = spec.get("automountServiceAccountToken").bool();
        matches!((of_account, of_pod), (Some(false), Some(false) | None) | (Some(true), Some(false)))
    })
}

pub(super) fn host(seen: &Seen<'_>, field: &str) -> Option<bool> {
    every(seen, |_, spec| spec.get(field).bool() != Some(true))
}

fn containers(seen: &Seen<'_>, field: &str) -> Option<bool> {
    // Only ordinary containers are looked at.
    every(seen, |_, spec| {
        spec.get("containers")
            .items()
            .iter()
            .all(|one| one.at(&["securityContext", field]).bool() != Some(true))
    })
}

pub(super) fn privileged(seen: &Seen<'_>) -> Option<bool> {
    containers(seen, "privileged")
}

pub(super) fn escalation(seen: &Seen<'_>) -> Option<bool> {
    containers(seen, "allowPrivilegeEscalation")
}

/// The object of a text in a ConfigMap's data.
pub(super) fn in_map(seen: &Seen<'_>, name: &str, key: &str) -> Option<Value> {
    let whole = seen.whole.as_ref()?;
    let map = whole.snapshot.find("", "ConfigMap", "kube-system", name)?;
    let json = map.json();
    let text = json.get("data").get(key).str()?;
    let (documents, _) = yaml::read(text.as_bytes(), &crate::cis::small());
    documents.into_iter().next().map(|document| document.value).filter(Value::is_object)
}
