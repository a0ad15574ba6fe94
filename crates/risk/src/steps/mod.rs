//! The attack steps: one file each, one line here.

use crate::graph::{Edge, Graph};
use crate::world::World;
use model::Evidence;

/// Static description of an attack step, with the function that finds its instances.
pub struct Step {
    /// Stable id, kebab-case.
    pub id: &'static str,
    /// One line: what an attacker does.
    pub title: &'static str,
    /// MITRE ATT&CK technique.
    pub attack: &'static str,
    /// Whether it abuses a right that a binding gives.
    pub(crate) rights: bool,
    /// When it applies, where its ease comes from, what removes it.
    pub explain: &'static str,
    pub(crate) edges: fn(&World<'_>, &mut Graph),
    pub(crate) describe: fn(&World<'_>, &Graph, &Edge) -> Line,
}

/// One step of a path, in words, with the place to look.
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) evidence: Evidence,
}

macro_rules! steps {
    ($($name:ident),+ $(,)?) => {
        $(mod $name;)+
        /// Every attack step, in the order an attack takes them.
        pub static STEPS: &[&Step] = &[$(&$name::STEP),+];
    };
}

steps![
    exposed,
    anonymous,
    credential,
    pod_network,
    exploit,
    unscanned,
    push_tag,
    observed,
    token,
    group,
    escape,
    node_view,
    node_pods,
    control_plane_node,
    cluster_admin,
    list_secrets,
    get_secrets,
    token_secret,
    mint_token,
    create_pod,
    change_pods,
    escalate,
    impersonate,
    nodes_proxy,
    write_admission,
    approve_certificate,
    move_pods,
    follows,
];

mod right;

pub(crate) use escape::{ways as ways_out, words as way_out_in_words};
pub(crate) use exploit::vulnerability;
pub(crate) use observed::evidence as observation;

/// What a step has in common with others that need the same mending, beyond its kind and where it leads: for a way
/// out of a container, the whole set of ways out.
pub(crate) fn class(world: &World<'_>, graph: &Graph, edge: &Edge) -> u64 {
    use std::hash::BuildHasher as _;
    let hash = rustc_hash::FxBuildHasher;
    match edge.body().first().map(|state| graph.what(*state)) {
        // Mending one binding mends whoever is in it, and nobody else.
        Some(crate::graph::State::Acts(_)) if of(edge).rights => {
            hash.hash_one(right::of(world, edge).map(|right| right.binding))
        }
        Some(crate::graph::State::Exec(workload)) => {
            hash.hash_one(escape::class(world, workload, graph.what(edge.head)))
        }
        _ => 0,
    }
}

/// Finds every instance of every step.
pub(crate) fn graph(world: &World<'_>) -> Graph {
    let mut graph = Graph::default();
    for (at, step) in STEPS.iter().enumerate() {
        graph.adding(at as u8);
        (step.edges)(world, &mut graph);
    }
    observed::confirm(world, &mut graph);
    graph.close();
    graph
}

/// The step an edge is an instance of.
pub(crate) fn of(edge: &Edge) -> &'static Step {
    STEPS.get(usize::from(edge.step)).copied().unwrap_or(&exposed::STEP)
}

/// An edge in words.
pub(crate) fn describe(world: &World<'_>, graph: &Graph, edge: &Edge) -> Line {
    (of(edge).describe)(world, graph, edge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_unique_and_kebab_case_and_everything_is_explained() {
        let mut seen = BTreeSet::new();
        for step in STEPS {
            assert!(seen.insert(step.id), "{} twice", step.id);
            assert!(step.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", step.id);
            assert!(
                step.attack.starts_with('T') && step.explain.len() > 40 && !step.title.is_empty(),
                "{}",
                step.id
            );
        }
        assert!(STEPS.len() < usize::from(u8::MAX));
    }
}
