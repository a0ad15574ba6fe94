//! What a right over a scope brings with it, without further effort.

use super::{Line, Step};
use crate::graph::{Edge, Graph, Index, NewEdge, State};
use crate::world::World;
use model::{Confidence, Evidence};

pub(crate) static STEP: Step = Step {
    id: "follows",
    title: "Use what a right over a scope includes",
    attack: "T1078",
    rights: false,
    explain: "Every right in a namespace includes exec, Secrets and new pods there; exec in a scope reaches each of its workloads; a \
              new pod may use any account of its namespace and, where Pod Security does not refuse it, be privileged. Ease 1.",
    edges,
    describe,
};

fn edges(world: &World<'_>, graph: &mut Graph) {
    for (scope, _) in world.scopes.iter() {
        if graph.find(State::NamespaceAdmin(scope)).is_some() {
            for to in [State::ExecIn(scope), State::Secrets(scope), State::CreatePods(scope)] {
                through(graph, State::NamespaceAdmin(scope), to, scope);
            }
        }
        if graph.find(State::CreatePods(scope)).is_some() {
            through(graph, State::CreatePods(scope), State::AccountsOf(scope), scope);
            if !world.guarded.contains(&scope) {
                through(graph, State::CreatePods(scope), State::AnyNode, scope);
            }
        }
    }
    for (at, workload) in world.workloads.iter().enumerate() {
        for scope in [0, workload.scope] {
            if graph.find(State::ExecIn(scope)).is_some() {
                through(graph, State::ExecIn(scope), State::Exec(at as Index), at as Index);
            }
        }
    }
}

fn through(graph: &mut Graph, from: State, to: State, arg: Index) {
    graph.add(NewEdge { from: &[from], to, ease: 1.0, confidence: Confidence::Confirmed, args: [arg, arg], fixes: &[] });
}

fn describe(world: &World<'_>, graph: &Graph, edge: &Edge) -> Line {
    let scope = world.scope_name(edge.args[0]);
    let text = match graph.what(edge.head) {
        State::Exec(to) => format!("{} is among them", world.name(to)),
        State::AnyNode => format!("Pod Security does not refuse a privileged pod in {scope}"),
        State::AccountsOf(_) => format!("a new pod may use any account of {scope}"),
        State::Secrets(_) => format!("that includes the Secrets of {scope}"),
        State::ExecIn(_) => format!("that includes exec in the pods of {scope}"),
        _ => format!("that includes creating pods in {scope}"),
    };
    let evidence = match graph.what(edge.head) {
        State::Exec(to) => world.evidence(to, ""),
        _ => Evidence::Assumption("it follows from the right before".into()),
    };
    Line { text, evidence }
}

#[cfg(test)]
mod tests {
    use crate::testing::{edges, holds, pod};
    use model::{Capability, Identity, Scope};

    fn shop(capability: Capability) -> Vec<String> {
        let facts = [holds(Identity::account("a", "b"), capability, Scope::Namespace("shop".into()))];
        edges("follows", &pod("shop", "web", ""), &facts)
    }

    #[test]
    fn exec_in_a_scope_reaches_its_workloads() {
        assert_eq!(shop(Capability::ExecPods), ["exec in shop -> exec shop/web 1.00"]);
    }

    #[test]
    fn new_pods_take_accounts_and_where_nothing_refuses_it_the_node() {
        assert_eq!(shop(Capability::CreatePods), ["pods in shop -> AnyNode 1.00", "pods in shop -> accounts of shop 1.00"]);
        let guarded = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: restricted}}\n";
        let facts = [holds(Identity::account("a", "b"), Capability::CreatePods, Scope::Namespace("shop".into()))];
        assert_eq!(edges("follows", guarded, &facts), ["pods in shop -> accounts of shop 1.00"]);
    }

    #[test]
    fn every_right_in_a_namespace_includes_all_of_it() {
        let all = shop(Capability::ClusterAdmin);
        assert!(all.contains(&"admin of shop -> secrets of shop 1.00".to_owned()), "{all:?}");
        assert!(all.contains(&"exec in shop -> exec shop/web 1.00".to_owned()), "{all:?}");
    }
}
