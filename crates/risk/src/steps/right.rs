//! What all steps that abuse a right share: from the identity that holds it to what it is good for.

use super::Line;
use crate::fixes;
use crate::graph::{Edge, Graph, Index, NewEdge, State};
use crate::world::{Right, World};
use model::{Capability, Confidence, Evidence};

/// Adds an edge from each holder of a wanted capability to each effect in the right's scope.
pub(crate) fn edges(
    world: &World<'_>,
    graph: &mut Graph,
    wanted: impl Fn(&Capability) -> bool,
    ease: f64,
    effects: impl Fn(Index) -> Vec<State>,
) {
    for (at, right) in world.grants.iter().enumerate().filter(|(_, right)| wanted(&right.grant.capability)) {
        for to in effects(right.scope) {
            add(world, graph, at, right, &[State::Acts(right.identity)], to, ease);
        }
    }
}

/// Adds one edge that uses a right.
pub(crate) fn add(
    world: &World<'_>,
    graph: &mut Graph,
    at: usize,
    right: &Right<'_>,
    from: &[State],
    to: State,
    ease: f64,
) {
    let replace = fixes::replace_grant::key(right.binding);
    let narrow = fixes::narrow_role::key(right.role, right.binding);
    let fixes =
        if fixes::narrow_role::possible(world, right) { vec![narrow, replace] } else { vec![replace] };
    let confidence = world.fact(right.fact).map_or(Confidence::Assumed, |fact| fact.confidence);
    graph.add(NewEdge { from, to, ease, confidence, args: [at as Index, 0], fixes: &fixes });
}

/// The right behind an edge.
pub(crate) fn of<'w, 'a>(world: &'w World<'a>, edge: &Edge) -> Option<&'w Right<'a>> {
    world.grants.get(edge.args[0] as usize)
}

/// "ClusterRole secret-reader lists every Secret", with the role as the place to look.
pub(crate) fn describe(world: &World<'_>, edge: &Edge, what: &str) -> Line {
    let Some(right) = of(world, edge) else {
        return Line { text: what.to_owned(), evidence: Evidence::Assumption(String::new()) };
    };
    let scope = match right.scope {
        0 => String::new(),
        scope => format!(" in {}", world.scope_name(scope)),
    };
    let role = &right.grant.role;
    let (text, evidence) = match world.written_role(right) {
        Some(resource) => {
            let pointer = right.grant.rule.map_or("/rules".to_owned(), |rule| format!("/rules/{rule}"));
            (format!("{role} {what}{scope}"), resource.evidence(pointer))
        }
        None => {
            let evidence = match world.snapshot.get(&right.grant.binding) {
                Some(binding) => binding.evidence("/roleRef"),
                None => Evidence::Assumption("the binding is not in the snapshot".into()),
            };
            // The names of the server's own roles say what they grant.
            (format!("{} grants {}{scope}", right.grant.binding, role.name), evidence)
        }
    };
    Line { text, evidence }
}

#[cfg(test)]
mod tests {
    use crate::testing::{holds, words};
    use model::{Capability, Evidence, Identity, Origin, Predicate, Scope};

    const READ: &str = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r}}\n---\n\
                        {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: b}}";

    #[test]
    fn a_role_of_ours_is_the_place_to_look() {
        let fact = holds(Identity::account("a", "b"), Capability::ClusterAdmin, Scope::Cluster);
        assert_eq!(words("cluster-admin", READ, &[fact]), "ClusterRole r grants everything");
    }

    #[test]
    fn a_role_of_the_server_is_not_even_where_it_was_read() {
        let mut fact = holds(Identity::account("a", "b"), Capability::ClusterAdmin, Scope::Cluster);
        if let Predicate::Holds(grant) = &fact.predicate {
            fact.evidence = Evidence::field(&grant.binding, &Origin::Builtin, "/roleRef");
        }
        assert_eq!(words("cluster-admin", READ, &[fact]), "ClusterRoleBinding b grants r");
    }
}
