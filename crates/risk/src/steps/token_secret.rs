//! From readable Secrets to the accounts whose tokens lie in them, and from rights over accounts to the accounts.

use super::{Line, Step};
use crate::fixes;
use crate::graph::{Edge, Graph, Index, NewEdge, State};
use crate::world::World;
use model::{Capability, Confidence, Evidence, Identity};
use rustc_hash::{FxHashMap, FxHashSet};

pub(crate) static STEP: Step = Step {
    id: "token-secret",
    title: "Take an account over",
    attack: "T1528",
    rights: false,
    explain: "A Secret of type service-account-token holds a token that never ends: who reads it is the account (ease 0.98). Who may \
              mint tokens or choose a pod's account is any account of the namespace (ease 1). Only accounts that hold some \
              right are followed.",
    edges,
    describe,
};

fn edges(world: &World<'_>, graph: &mut Graph) {
    let mut add = |from: State, to: Index, ease: f64, args: [Index; 2], fixes: &[crate::graph::FixKey]| {
        let confidence = Confidence::Confirmed;
        graph.add(NewEdge { from: &[from], to: State::Acts(to), ease, confidence, args, fixes });
    };
    for (at, secret) in world.token_secrets.iter().enumerate() {
        let fix = world.objects.find(&secret.resource.reference).map(fixes::delete_secret::key);
        let fixes = fix.as_slice();
        for scope in [0, secret.scope] {
            add(State::Secrets(scope), secret.account, 0.98, [at as Index, secret.account], fixes);
        }
    }
    let mut by_name: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    for (at, secret) in world.token_secrets.iter().enumerate() {
        by_name.entry(&secret.resource.reference.name).or_default().push(at);
    }
    for right in &world.grants {
        // Reading one Secret by its name is enough when that Secret is a token.
        let Capability::GetSecrets { names } = &right.grant.capability else { continue };
        let named = names.iter().filter_map(|name| by_name.get(name.as_str())).flatten();
        for (at, secret) in named.filter_map(|at| Some((*at, world.token_secrets.get(*at)?))) {
            if right.scope == 0 || right.scope == secret.scope {
                add(State::Acts(right.identity), secret.account, 0.95, [at as Index, secret.account], &[]);
            }
        }
    }
    let powerful: FxHashSet<Index> = world.grants.iter().map(|right| right.identity).collect();
    for (at, identity) in world.identities.iter().filter(|(at, _)| powerful.contains(at)) {
        let Identity::ServiceAccount { namespace, .. } = identity else { continue };
        let scope = world.scopes.find(namespace).unwrap_or(0);
        for scope in [0, scope] {
            add(State::AccountsOf(scope), at, 1.0, [Index::MAX, at], &[]);
        }
    }
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    let account = world.identities.get(edge.args[1]).map(ToString::to_string).unwrap_or_default();
    match world.token_secrets.get(edge.args[0] as usize) {
        Some(secret) => Line {
            text: format!("{} is a token of {account}", secret.resource.reference),
            evidence: secret.resource.evidence(""),
        },
        None => Line {
            text: format!("{account} is among them"),
            evidence: Evidence::Assumption("every account of the namespace".into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{edges, holds};
    use model::Scope;

    const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: t, namespace: ops, \
                          annotations: {kubernetes.io/service-account.name: admin}}\n\
                          type: kubernetes.io/service-account-token\n";

    #[test]
    fn whoever_reads_the_secret_is_the_account() {
        let want = ["secrets of * -> ServiceAccount ops/admin 0.98", "secrets of ops -> ServiceAccount ops/admin 0.98"];
        assert_eq!(edges("token-secret", SECRET, &[]), want);
    }

    #[test]
    fn an_opaque_secret_with_the_annotation_is_no_token() {
        assert!(edges("token-secret", &SECRET.replace("kubernetes.io/service-account-token", "Opaque"), &[]).is_empty());
    }

    #[test]
    fn a_right_to_read_it_by_name_is_enough() {
        let names = Capability::GetSecrets { names: vec!["t".into()] };
        let facts = [holds(Identity::account("a", "b"), names, Scope::Namespace("ops".into()))];
        let all = edges("token-secret", SECRET, &facts);
        assert!(all.contains(&"ServiceAccount a/b -> ServiceAccount ops/admin 0.95".to_owned()), "{all:?}");
        let elsewhere = Capability::GetSecrets { names: vec!["t".into()] };
        let facts = [holds(Identity::account("a", "b"), elsewhere, Scope::Namespace("dev".into()))];
        assert!(!edges("token-secret", SECRET, &facts).iter().any(|edge| edge.starts_with("ServiceAccount")));
    }
}
