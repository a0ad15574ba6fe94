//! People: whom the cloud's identity service lets in, and as whom.
//!
//! A mapping makes a cloud principal a user in some groups; which rights these have is RBAC's matter. What the
//! cluster cannot show (EKS access entries, members of a Google or Entra group) is a gap with the command that would.

use ::rbac::Rbac;
use model::{
    Capability, Confidence, Evidence, Fact, Gap, Grant, Identity, Lifetime, Origin, Predicate, ResourceRef,
    Ring, Scope, Source, Target,
};
use serde_json::Value;
use snapshot::{Resource, Snapshot};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One principal and what the cluster takes it for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The principal of the cloud, or the certificate.
    pub principal: Identity,
    /// The user name requests carry; `{{…}}` of a template stays as written.
    pub user: String,
    /// Groups, `system:authenticated` left out.
    pub groups: Vec<String>,
    /// Where the mapping is written.
    pub evidence: Evidence,
}

/// People found, and what could not be seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct People {
    /// Everyone mapped, in the order of the documents.
    pub mapped: Vec<Person>,
    /// Mappings that exist, or may exist, and were not seen.
    pub gaps: Vec<Gap>,
}

/// `aws eks list-access-entries` and `describe-access-entry`, as JSON: one entry, a list of them, or
/// `{"accessEntries": […]}`.
#[derive(Clone, Debug)]
pub struct AccessEntries<'a> {
    /// The document.
    pub document: &'a Value,
    /// Its name.
    pub name: &'a str,
}

/// Everyone the snapshot and access entries name.
pub fn people(snapshot: &Snapshot, entries: Option<AccessEntries<'_>>) -> People {
    let mut people = People::default();
    let aws_auth = snapshot.find("", "ConfigMap", "kube-system", "aws-auth");
    if let Some(map) = aws_auth {
        people.aws_auth(map);
    }
    match entries {
        Some(entries) => people.access_entries(&entries),
        None if aws_auth.is_some() || on_eks(snapshot) => people.gaps.push(gap(
            "EKS access entries",
            "they are kept outside the cluster",
            "aws eks list-access-entries --cluster-name NAME; give each as --access-entries FILE",
        )),
        None => {}
    }
    people.groups_of_clouds(snapshot);
    if snapshot.server_version.is_some() {
        people.gaps.push(gap(
            "holders of client certificates",
            "the cluster keeps no list of the certificates its authority signed, nor of their groups",
            "openssl x509 -noout -subject -in CERTIFICATE, for each kubeconfig that was handed out",
        ));
    }
    people
}

fn gap(what: &str, why: &str, help: &str) -> Gap {
    Gap { ring: Ring::Rbac, what: what.into(), why: why.into(), asked: false, help: Some(help.into()) }
}

fn on_eks(snapshot: &Snapshot) -> bool {
    snapshot.server_version.as_deref().is_some_and(|version| version.contains("-eks-"))
}

impl People {
    /// Someone by principal or by the user name it is mapped to.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Person> + 'a {
        self.mapped.iter().filter(move |person| {
            matches!(&person.principal, Identity::Cloud { principal, .. } if &**principal == name)
        })
    }

    /// Everyone who is this identity, or in it.
    pub fn behind<'a>(&'a self, identity: &'a Identity) -> impl Iterator<Item = &'a Person> + 'a {
        self.mapped.iter().filter(move |person| match identity {
            Identity::Group(name) => person.groups.iter().any(|group| **group == **name),
            other => other.username().as_deref() == Some(&person.user),
        })
    }

    /// What each of them holds, through the user and the groups they are mapped to.
    ///
    /// A mapping to `system:masters` needs no binding: it is told as cluster-admin through the server's default one.
    pub fn facts(&self, rbac: &Rbac) -> Vec<Fact> {
        if self.mapped.is_empty() {
            return Vec::new();
        }
        let mut held: BTreeMap<Identity, Vec<Grant>> = BTreeMap::new();
        for (who, grant) in rbac.grants() {
            held.entry(who).or_default().push(grant);
        }
        let mut facts = Vec::new();
        for person in &self.mapped {
            let user = Some(&person.user).filter(|user| !user.is_empty()).map(|user| Identity::user(user));
            let groups = person.groups.iter().map(|group| Identity::group(group));
            for identity in user.into_iter().chain(groups) {
                if identity == Identity::group(Identity::MASTERS) {
                    facts.push(fact(rbac, person, masters()));
                }
                let grants = held.get(&identity).into_iter().flatten();
                facts.extend(grants.map(|grant| fact(rbac, person, grant.clone())));
            }
        }
        facts
    }

    /// `aws-auth`: `mapRoles`, `mapUsers` and `mapAccounts` hold YAML of their own.
    fn aws_auth(&mut self, map: &Resource) {
        let json = map.json();
        for (key, principal) in [("mapRoles", "rolearn"), ("mapUsers", "userarn")] {
            let text = json.at(&["data", key]).text();
            if text.trim().is_empty() {
                continue;
            }
            let (documents, faults) = yaml::read(text.as_bytes(), &yaml::Caps::default());
            let entries = documents.first().and_then(|document| document.value.as_array());
            match entries.filter(|_| faults.is_empty()) {
                Some(entries) => {
                    entries.iter().for_each(|entry| self.mapped_by(entry, principal, map, key));
                }
                None => self.gaps.push(gap(
                    &format!("aws-auth {key}"),
                    "it is no list of mappings",
                    "kubectl get configmap aws-auth -n kube-system -o yaml",
                )),
            }
        }
        if !json.at(&["data", "mapAccounts"]).text().trim().is_empty() {
            self.gaps.push(gap(
                "users of the AWS accounts in aws-auth's mapAccounts",
                "every user of those accounts is let in by its ARN",
                "aws iam list-users, in each of those accounts",
            ));
        }
    }

    fn mapped_by(&mut self, entry: &Value, principal: &str, map: &Resource, key: &str) {
        let Some(arn) = entry.get(principal).and_then(Value::as_str) else { return };
        let user =
            entry.get("username").and_then(Value::as_str).filter(|user| !user.is_empty()).unwrap_or(arn);
        self.mapped.push(Person {
            principal: cloud("aws", arn),
            user: user.to_owned(),
            groups: strings(entry.get("groups")),
            evidence: map.evidence(format!("/data/{key}")),
        });
    }

    fn access_entries(&mut self, entries: &AccessEntries<'_>) {
        let document = entries.document;
        let list = document.get("accessEntries").unwrap_or(document);
        let one = std::slice::from_ref(list);
        for entry in list.as_array().map_or(one, Vec::as_slice) {
            let entry = entry.get("accessEntry").unwrap_or(entry);
            let text = |key: &str| entry.get(key).and_then(Value::as_str);
            let Some(arn) = text("principalArn") else {
                self.gaps.push(gap(
                    &format!("an access entry in {}", entries.name),
                    "it names no principalArn (a bare list of names says nothing of groups)",
                    "aws eks describe-access-entry --cluster-name NAME --principal-arn ARN",
                ));
                continue;
            };
            let mut groups = strings(entry.get("kubernetesGroups"));
            // Access policies grant beside RBAC; the widest is as good as the group nobody can take away.
            let policies = entry.get("associatedAccessPolicies").and_then(Value::as_array);
            for policy in policies.into_iter().flatten().filter_map(|p| p.get("policyArn")?.as_str()) {
                if policy.ends_with("/AmazonEKSClusterAdminPolicy") {
                    groups.push(Identity::MASTERS.to_owned());
                }
            }
            self.mapped.push(Person {
                principal: cloud("aws", arn),
                user: text("username").unwrap_or(arn).to_owned(),
                groups,
                evidence: Evidence::Document {
                    source: Source::Cluster,
                    name: entries.name.into(),
                    line: None,
                    at: None,
                },
            });
        }
    }

    /// Groups that are bound and whose members live in a cloud's directory.
    fn groups_of_clouds(&mut self, snapshot: &Snapshot) {
        let mut groups: Vec<(String, &Resource)> = Vec::new();
        for kind in ["ClusterRoleBinding", "RoleBinding"] {
            for binding in snapshot.of(::rbac::GROUP, kind) {
                for subject in binding.json().get("subjects").items() {
                    if subject.get("kind").text() == "Group" {
                        groups.push((subject.get("name").text().to_owned(), binding));
                    }
                }
            }
        }
        groups.sort_by(|a, b| a.0.cmp(&b.0));
        groups.dedup_by(|a, b| a.0 == b.0);
        for (group, binding) in groups {
            let Some((provider, help)) = directory(&group) else { continue };
            let shown = model::escape(&group).into_owned();
            self.gaps.push(gap(
                &format!("members of the {provider} group {shown}"),
                "they are kept in the directory, not in the cluster",
                &help.replace("GROUP", &shown),
            ));
            let key = if provider == "Google" { "gcp" } else { "azure" };
            self.mapped.push(Person {
                principal: cloud(key, &group),
                user: String::new(),
                groups: vec![group],
                evidence: binding.evidence("/subjects"),
            });
        }
    }
}

fn masters() -> Grant {
    let reference = |kind: &str| ResourceRef::new(::rbac::GROUP, kind, "", "cluster-admin");
    Grant {
        capability: Capability::ClusterAdmin,
        scope: Scope::Cluster,
        binding: reference("ClusterRoleBinding"),
        role: reference("ClusterRole"),
        rule: None,
        through: Identity::group(Identity::MASTERS),
    }
}

fn fact(rbac: &Rbac, person: &Person, grant: Grant) -> Fact {
    Fact {
        target: Target::Identity(person.principal.clone()),
        predicate: Predicate::Holds(grant),
        source: match &person.evidence {
            Evidence::Field { origin: Origin::File { .. } | Origin::Builtin, .. } => Source::Manifest,
            _ => Source::Cluster,
        },
        observed_at: rbac.taken_at(),
        lifetime: Lifetime::Snapshot,
        confidence: Confidence::Confirmed,
        evidence: person.evidence.clone(),
    }
}

/// Whose directory a group's name is from: Google names groups by mail address, Entra by object id.
fn directory(group: &str) -> Option<(&'static str, &'static str)> {
    if !group.starts_with("system:") && group.contains('@') {
        return Some(("Google", "gcloud identity groups memberships list --group-email GROUP"));
    }
    let parts: Vec<usize> = group.split('-').map(str::len).collect();
    let hex = group.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    (parts == [8, 4, 4, 4, 12] && hex).then_some(("Entra", "az ad group member list --group GROUP"))
}

fn cloud(provider: &str, principal: &str) -> Identity {
    Identity::Cloud { provider: Arc::from(provider), principal: Arc::from(principal) }
}

fn strings(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::snapshot;
    use serde_json::json;

    const AUTH: &str = r"
apiVersion: v1
kind: ConfigMap
metadata: {name: aws-auth, namespace: kube-system}
data:
  mapRoles: |
    - rolearn: arn:aws:iam::111122223333:role/ops
      username: ops
      groups: [system:masters]
  mapUsers: |
    - userarn: arn:aws:iam::111122223333:user/lee
      groups: [readers]
";

    #[test]
    fn aws_auth() {
        let people = people(&snapshot(AUTH), None);
        assert_eq!(people.mapped.len(), 2);
        assert_eq!(people.mapped[0].groups, ["system:masters"]);
        assert_eq!(people.mapped[1].user, "arn:aws:iam::111122223333:user/lee");
        assert_eq!(people.gaps[0].what, "EKS access entries");
        let masters = Identity::group("system:masters");
        assert_eq!(people.behind(&masters).count(), 1);
    }

    #[test]
    fn what_they_hold() {
        let bound = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: readers}
roleRef: {kind: ClusterRole, name: edit}
subjects: [{kind: Group, name: readers}]";
        let snapshot = snapshot(&format!("{AUTH}\n---\n{bound}"));
        let rbac = Rbac::new(&snapshot, ::rbac::ServerVersion::LATEST);
        let facts = people(&snapshot, None).facts(&rbac);
        let of = |arn: &str| facts.iter().filter(|f| f.target == Target::Identity(cloud("aws", arn))).count();
        assert_eq!(of("arn:aws:iam::111122223333:role/ops"), 1);
        assert!(of("arn:aws:iam::111122223333:user/lee") > 3);
    }

    #[test]
    fn access_entries_close_the_gap() {
        let document = json!({"accessEntry": {
            "principalArn": "arn:aws:iam::1:role/a", "kubernetesGroups": ["devs"], "username": "a",
        }});
        let entries = AccessEntries { document: &document, name: "entries.json" };
        let people = people(&snapshot(AUTH), Some(entries));
        assert_eq!(people.mapped[2].groups, ["devs"]);
        assert!(people.gaps.is_empty());
    }

    #[test]
    fn what_is_no_mapping_is_a_gap() {
        let broken = AUTH.replace("- rolearn: arn", "rolearn: [arn");
        let people = people(&snapshot(&broken), None);
        assert!(people.gaps.iter().any(|gap| gap.what == "aws-auth mapRoles"), "{:?}", people.gaps);
    }

    #[test]
    fn groups_of_directories() {
        for (group, want) in [
            ("devs@example.test", Some("Google")),
            ("6f1c2c1e-52a5-4c5e-9a35-0d8d8f0f7e11", Some("Entra")),
            ("system:masters", None),
            ("developers", None),
        ] {
            assert_eq!(directory(group).map(|(provider, _)| provider), want, "{group}");
        }
    }
}
