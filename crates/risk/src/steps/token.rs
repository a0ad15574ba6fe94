//! From a container to the account whose token lies in it.

use super::{Line, Step};
use crate::fixes;
use crate::graph::{Edge, Graph, Index, NewEdge, State};
use crate::world::{TokenBy, World};
use model::Confidence;

pub(crate) static STEP: Step = Step {
    id: "token",
    title: "Take the account's token from the container",
    attack: "T1528",
    rights: false,
    explain: "The account's token is mounted into the container unless the pod or the account says otherwise. Ease 0.95. Only \
              accounts that hold some right are followed. automountServiceAccountToken: false removes it, on the account or, where the pod has its own word, there.",
    edges,
    describe,
};

fn edges(world: &World<'_>, graph: &mut Graph) {
    for (at, workload) in world.workloads.iter().enumerate() {
        if let Some(token) = &workload.token {
            let fix = match &token.by {
                TokenBy::Account => fixes::automount::key(workload.account),
                TokenBy::Pod { .. } | TokenBy::Volume => fixes::pod_token::key(at as Index),
            };
            graph.add(NewEdge {
                from: &[State::Exec(at as Index)],
                to: State::Acts(workload.account),
                ease: 0.95,
                confidence: Confidence::Confirmed,
                args: [at as Index, workload.account],
                fixes: &[fix],
            });
        }
    }
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    let pointer = world.workload_at(edge.args[0]).and_then(|w| w.token.as_ref());
    let pointer = pointer.map_or("", |token| &token.pointer);
    let account = world.identities.get(edge.args[1]).map(ToString::to_string).unwrap_or_default();
    Line { text: format!("its token is mounted ({account})"), evidence: world.evidence(edge.args[0], pointer) }
}

#[cfg(test)]
mod tests {
    use crate::testing::{edges, pod};

    #[test]
    fn a_token_is_mounted_unless_somebody_says_no() {
        let hit = ["exec shop/web -> ServiceAccount shop/default 0.95"];
        assert_eq!(edges("token", &pod("shop", "web", ""), &[]), hit);
        assert!(edges("token", &pod("shop", "web", "  automountServiceAccountToken: false\n"), &[]).is_empty());
    }

    #[test]
    fn the_pods_word_wins_over_the_accounts() {
        let account = "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default, namespace: shop}\n\
                       automountServiceAccountToken: false\n";
        assert!(edges("token", &(pod("shop", "web", "") + account), &[]).is_empty());
        let yes = pod("shop", "web", "  automountServiceAccountToken: true\n") + account;
        assert_eq!(edges("token", &yes, &[]).len(), 1);
    }

    #[test]
    fn a_projected_token_comes_whatever_the_switch_says() {
        let spec = "  automountServiceAccountToken: false\n  volumes:\n  - name: t\n    projected: {sources: [{serviceAccountToken: {path: t}}]}\n";
        assert_eq!(edges("token", &pod("shop", "web", spec), &[]).len(), 1);
        let other = spec.replace("path: t", "path: t, audience: vault");
        assert!(edges("token", &pod("shop", "web", &other), &[]).is_empty());
    }
}
