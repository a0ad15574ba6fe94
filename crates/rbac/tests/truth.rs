//! The truth table, offline. The same requests are put to a real API server by the suite `conformance/rbac`.
#![expect(clippy::disallowed_methods, reason = "a test reads its table")]

#[path = "../../../tests/conformance/rbac/table.rs"]
mod table;

use model::{Capability, Origin, Scope};
use rbac::{Rbac, Request, ServerVersion};
use snapshot::Builder;
use table::Set;

fn all() -> Vec<Set> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance/rbac");
    let mut all = Vec::new();
    for name in ["authorizer", "escalations", "developers"] {
        let text =
            std::fs::read(folder.join(format!("{name}.yaml"))).expect("the table lies beside the crates");
        let (documents, faults) = yaml::read(&text, &yaml::Caps::default());
        assert!(faults.is_empty(), "{name}: {faults:?}");
        for document in documents {
            all.extend(table::sets(&document.value).expect(name));
        }
    }
    all
}

fn rbac(set: &Set, version: ServerVersion) -> Rbac {
    let mut builder = Builder::new("default");
    for object in &set.objects {
        assert!(builder.add(object.clone(), Origin::Builtin), "{}", set.name);
    }
    Rbac::new(&builder.build(), version)
}

#[test]
fn every_answer() {
    let sets = all();
    let (mut yes, mut no) = (0, 0);
    for set in &sets {
        let rbac = rbac(set, ServerVersion(36));
        for asked in &set.requests {
            let request: Request = serde_json::from_value(asked.request()).expect("a request");
            let answer = rbac.authorize(&request).allowed();
            assert_eq!(answer, asked.allowed, "{}: {:?}", set.name, request);
            if answer { yes += 1 } else { no += 1 }
        }
    }
    assert!(
        sets.len() >= 60 && yes + no >= 150 && yes >= 60 && no >= 60,
        "{} sets, {yes} yes, {no} no",
        sets.len()
    );
}

/// A capability by the word of the table.
fn word(capability: &Capability) -> String {
    match capability {
        Capability::GetSecrets { .. } => "get-secrets".into(),
        Capability::Other(id) => id.clone(),
        other => {
            let name = format!("{other:?}");
            let mut out = String::new();
            for c in name.chars() {
                if c.is_uppercase() && !out.is_empty() {
                    out.push('-');
                }
                out.extend(c.to_lowercase());
            }
            out
        }
    }
}

/// Capabilities that are an escalation of their own; the others are told in passing.
const DANGEROUS: &[&str] = &[
    "cluster-admin",
    "list-secrets",
    "create-tokens",
    "create-pods",
    "exec-pods",
    "escalate",
    "impersonate",
    "nodes-proxy",
    "write-admission",
    "approve-certificates",
];

fn holds(set: &Set, version: ServerVersion) -> Vec<Vec<String>> {
    let mut held: Vec<Vec<String>> = rbac(set, version)
        .grants()
        .into_iter()
        .map(|(who, grant)| {
            let mut line = vec![who.username().unwrap_or_default(), word(&grant.capability)];
            if let Scope::Namespace(namespace) = grant.scope {
                line.push(namespace);
            }
            line
        })
        .filter(|line| DANGEROUS.contains(&line[1].as_str()))
        .collect();
    held.sort();
    held.dedup();
    held
}

/// The escalation table: what is dangerous is found, where it holds; what is not is silent.
#[test]
fn every_escalation() {
    let text = include_str!("../../../tests/conformance/rbac/escalations.yaml");
    let (documents, _) = yaml::read(text.as_bytes(), &yaml::Caps::default());
    let sets = table::sets(&documents[0].value).expect("the table");
    assert!(sets.len() >= 25);
    for set in &sets {
        let sorted = |mut lines: Vec<Vec<String>>| {
            lines.sort();
            lines
        };
        assert_eq!(holds(set, ServerVersion(36)), sorted(set.holds.clone()), "{}", set.name);
        let mut before = set.holds.clone();
        before.extend(set.holds_before_35.clone());
        assert_eq!(holds(set, ServerVersion(34)), sorted(before), "{} before 1.35", set.name);
    }
}
