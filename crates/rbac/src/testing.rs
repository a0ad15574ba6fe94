//! Objects for tests, written as YAML without the parts that are always the same.

use crate::{GROUP, Rbac, ServerVersion};
use model::{Capability, Identity, Origin};
use serde_json::Value;
use snapshot::{Builder, Snapshot};

/// A snapshot of `---`-separated objects; `apiVersion` may be left out.
pub(crate) fn snapshot(text: &str) -> Snapshot {
    let mut builder = Builder::new("default");
    let (documents, faults) = yaml::read(text.as_bytes(), &yaml::Caps::default());
    assert!(faults.is_empty(), "{faults:?}");
    for document in documents {
        let mut value: Value = document.value;
        if value.get("apiVersion").is_none() {
            value["apiVersion"] = format!("{GROUP}/v1").into();
        }
        assert!(builder.add(value, Origin::Builtin), "{text}");
    }
    builder.build()
}

/// The same, indexed, at the latest version.
pub(crate) fn rbac(text: &str) -> Rbac {
    Rbac::new(&snapshot(text), ServerVersion::LATEST)
}

/// What a user holds to whom a ClusterRole of these rules is bound cluster-wide.
pub(crate) fn held_at(version: ServerVersion, rules: &str) -> Vec<Capability> {
    let set = format!(
        "kind: ClusterRole\nmetadata: {{name: tested}}\nrules: [{rules}]\n---\nkind: ClusterRoleBinding\nmetadata: \
         {{name: tested}}\nroleRef: {{kind: ClusterRole, name: tested}}\nsubjects: [{{kind: User, name: jane}}]\n"
    );
    let rbac = Rbac::new(&snapshot(&set), version);
    let grants = rbac.grants().into_iter();
    grants.filter(|(who, _)| *who == Identity::user("jane")).map(|(_, grant)| grant.capability).collect()
}

/// [`held_at`] the latest version.
pub(crate) fn held_by_rules(rules: &str) -> Vec<Capability> {
    held_at(ServerVersion::LATEST, rules)
}
