//! What could not be read from a cluster, each with the words and the command that would help.

use super::kinds::{Kind, Need};
use crate::shell::word;
use model::{Coverage, Gap, Ring};

/// Gaps while a cluster is read; refused kinds share one command.
#[derive(Default)]
pub(super) struct Gaps {
    namespace: Option<String>,
    denied: Vec<(Kind, String)>,
    others: Vec<Gap>,
}

impl Gaps {
    /// For a look at one namespace, or at all.
    pub(super) fn new(namespace: Option<&str>) -> Self {
        Self { namespace: namespace.map(str::to_owned), ..Self::default() }
    }

    /// A right that is missing.
    pub(super) fn denied(&mut self, kind: &Kind, why: String) {
        self.denied.push((*kind, why));
    }

    /// A kind every server should have and this one has not.
    pub(super) fn not_served(&mut self, kind: &Kind) {
        if kind.need != Need::Optional {
            let why = format!("the server serves none of {}", group_versions(kind));
            self.other(kind.ring, kind.resource(), why, kind.need == Need::Core, None);
        }
    }

    /// A list that broke.
    pub(super) fn broken(&mut self, kind: &Kind, seen: u64, why: String) {
        let help = "run it again; `kubectl get --raw /readyz?verbose` shows how the server is";
        self.other(kind.ring, after(kind, seen), why, true, Some(help.to_owned()));
    }

    /// A list the time did not suffice for.
    pub(super) fn out_of_time(&mut self, kind: &Kind, seen: u64, seconds: u64) {
        let why = format!("{seconds} s were over");
        let help = "look at one namespace at a time with -n NAMESPACE";
        self.other(kind.ring, after(kind, seen), why, true, Some(help.to_owned()));
    }

    /// Any other gap.
    pub(super) fn other(&mut self, ring: Ring, what: String, why: String, asked: bool, help: Option<String>) {
        self.others.push(Gap { ring, what, why, asked, help });
    }

    /// Puts them into the coverage.
    pub(super) fn finish(self, coverage: &mut Coverage) {
        let help = self.grant();
        for (kind, why) in &self.denied {
            coverage.gap(Gap {
                ring: kind.ring,
                what: format!("{} (right to list)", kind.resource()),
                why: why.clone(),
                asked: kind.need == Need::Core,
                help: help.clone(),
            });
        }
        for gap in self.others {
            coverage.gap(gap);
        }
    }

    /// The command of an administrator that grants every right that was missing, and nothing more.
    fn grant(&self) -> Option<String> {
        let (_, why) = self.denied.first()?;
        let resources: Vec<String> = self.denied.iter().map(|(kind, _)| kind.resource()).collect();
        let resources = resources.join(",");
        let subject = subject(why);
        let narrow = self.denied.iter().all(|(kind, _)| kind.namespaced);
        Some(match self.namespace.as_deref().filter(|_| narrow) {
            Some(namespace) => format!(
                "kubectl -n {0} create role ringwall-read --verb=get,list --resource={resources} && \
                 kubectl -n {0} create rolebinding ringwall-read --role=ringwall-read {subject}",
                word(namespace)
            ),
            None => format!(
                "kubectl create clusterrole ringwall-read --verb=get,list --resource={resources} && \
                 kubectl create clusterrolebinding ringwall-read --clusterrole=ringwall-read {subject}"
            ),
        })
    }
}

fn group_versions(kind: &Kind) -> String {
    let of = |version: &&str| match kind.group {
        "" => (*version).to_owned(),
        group => format!("{group}/{version}"),
    };
    kind.versions.iter().map(of).collect::<Vec<_>>().join(", ")
}

fn after(kind: &Kind, seen: u64) -> String {
    match seen {
        0 => kind.resource(),
        seen => format!("{} after the first {seen}", kind.resource()),
    }
}

/// Who asked, from the server's words (`User "jane" cannot list …`), as an option of kubectl.
pub(super) fn subject(why: &str) -> String {
    let name = why.split_once("User \"").and_then(|(_, rest)| rest.split_once('"')).map(|(name, _)| name);
    let Some(name) = name.filter(|name| !name.is_empty()) else { return "--user=NAME".to_owned() };
    match name.strip_prefix("system:serviceaccount:") {
        Some(account) => format!("--serviceaccount={}", word(account)),
        None => format!("--user={}", word(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::kinds::KINDS;
    use super::*;

    fn kind(name: &str) -> &'static Kind {
        KINDS.iter().find(|kind| kind.kind == name).unwrap()
    }

    fn denied(namespace: Option<&str>, names: &[&str], user: &str) -> Coverage {
        let mut gaps = Gaps::new(namespace);
        for name in names {
            gaps.denied(kind(name), format!("the server answered 403: User \"{user}\" cannot list it"));
        }
        let mut coverage = Coverage::default();
        gaps.finish(&mut coverage);
        coverage
    }

    #[test]
    fn one_command_grants_all_that_was_refused() {
        let coverage = denied(None, &["Pod", "Role"], "jane@example.test");
        let helps: Vec<_> = coverage.gaps.iter().map(|gap| gap.help.as_deref().unwrap()).collect();
        assert_eq!(helps[0], helps[1]);
        assert_eq!(
            helps[0],
            "kubectl create clusterrole ringwall-read --verb=get,list \
             --resource=pods,roles.rbac.authorization.k8s.io && kubectl create clusterrolebinding ringwall-read \
             --clusterrole=ringwall-read --user=jane@example.test"
        );
        assert!(coverage.incomplete());
    }

    #[test]
    fn a_namespace_asks_for_a_role_only() {
        let coverage = denied(Some("shop"), &["Pod"], "system:serviceaccount:ci:scan");
        let help = coverage.gaps[0].help.clone().unwrap();
        assert!(help.starts_with("kubectl -n shop create role ringwall-read"), "{help}");
        assert!(help.ends_with("--serviceaccount=ci:scan"), "{help}");
        let coverage = denied(Some("shop"), &["Pod", "Node"], "x");
        assert!(coverage.gaps[0].help.clone().unwrap().starts_with("kubectl create clusterrole "));
    }

    #[test]
    fn a_hostile_name_stays_one_word() {
        assert_eq!(subject("User \"a; rm -rf ~\" cannot"), "--user='a; rm -rf ~'");
        assert_eq!(subject("no name"), "--user=NAME");
    }

    #[test]
    fn names_of_secrets_were_not_asked_for() {
        assert!(!denied(None, &["Secret"], "x").incomplete());
    }
}
