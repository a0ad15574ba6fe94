//! A runtime alert says that the step was taken.

use super::{Line, Step};
use crate::graph::{Edge, Graph, Index, NewEdge, State, StateId};
use crate::world::World;
use model::{Alert, AlertClass, Confidence, Evidence, Predicate};
use rustc_hash::FxHashMap;

pub(crate) static STEP: Step = Step {
    id: "observed",
    title: "Someone is already inside",
    attack: "T1059",
    rights: false,
    explain: "A detection rule fired in the workload's container. Where the graph knows a way into the container, that step is \
              taken as done (ease 1) and the path is in progress; where it knows none, this step stands for the way \
              nobody knew. Observation raises a step, it never lowers one.",
    edges,
    describe,
};

/// The first alert of a class for a workload.
pub(crate) fn alert<'a>(world: &World<'a>, workload: Index, class: AlertClass) -> Option<(u32, &'a Alert)> {
    world.workload_at(workload)?.alerts.iter().find_map(|joined| match &world.fact(joined.fact)?.predicate {
        Predicate::Alerted(alert) if alert.class == class => Some((joined.fact, alert)),
        _ => None,
    })
}

/// A way in for each container that someone is in and that no other step leads to from outside.
fn edges(_: &World<'_>, _: &mut Graph) {
    // Which those are is known once every other step is there: see `confirm`.
}

/// Marks the steps that alerts confirm: their ease becomes 1. Which of several ways into a container was taken an
/// alert does not say: the likeliest of those that begin outside is. Where none does, the step of this file stands
/// for the way nobody knew; a tag that may be pushed again is no explanation unless its signature was looked for.
pub(crate) fn confirm(world: &World<'_>, graph: &mut Graph) {
    if world.workloads.iter().all(|workload| workload.alerts.is_empty()) {
        return;
    }
    let outside = from_outside(graph);
    let mut entries: FxHashMap<Index, (f32, usize)> = FxHashMap::default();
    let mut seen = Vec::new();
    for (at, edge) in graph.edges.iter().enumerate() {
        let heads = |workload: Index, class| alert(world, workload, class).is_some();
        let rounds = |state: StateId| outside.get(state as usize).copied().flatten();
        // Not by way of the container itself.
        let begins = edge.body().iter().all(|state| {
            rounds(*state).zip(rounds(edge.head)).is_some_and(|(body, head)| body <= head)
        });
        let from = edge.body().first().map(|state| graph.what(*state));
        match (from, graph.what(edge.head)) {
            _ if far_fetched(graph, edge) => {}
            (Some(State::Net(_) | State::PushAccess | State::Internet), State::Exec(to))
                if begins
                    && heads(to, AlertClass::Execution)
                    && entries.get(&to).is_none_or(|(ease, _)| edge.ease > *ease) =>
            {
                entries.insert(to, (edge.ease, at));
            }
            (Some(State::Exec(from)), State::Acts(_)) if heads(from, AlertClass::Credentials) => seen.push(at),
            (Some(State::Exec(from)), State::Node(_) | State::AnyNode) if heads(from, AlertClass::Escape) => {
                seen.push(at);
            }
            _ => {}
        }
    }
    for at in (0..world.workloads.len() as Index).filter(|at| !entries.contains_key(at)) {
        let Some((fact, _)) = alert(world, at, AlertClass::Execution) else { continue };
        seen.push(graph.edges.len());
        graph.adding(super::STEPS.iter().position(|step| step.id == STEP.id).unwrap_or_default() as u8);
        graph.add(NewEdge {
            from: &[State::Internet],
            to: State::Exec(at),
            ease: 1.0,
            confidence: Confidence::Confirmed,
            args: [at, fact],
            fixes: &[],
        });
    }
    seen.extend(entries.into_values().map(|(_, at)| at));
    for at in seen {
        if let Some(edge) = graph.edges.get_mut(at) {
            edge.observed = true;
            edge.guessed = false;
            edge.ease = 1.0;
            edge.confidence = Confidence::Confirmed;
        }
    }
}

/// Whether a step is no explanation: a tag that may be pushed again, and nobody looked for a signature.
fn far_fetched(graph: &Graph, edge: &Edge) -> bool {
    edge.guessed && edge.body().iter().any(|state| graph.what(*state) == State::PushAccess)
}

/// By state: in how many rounds steps lead to it from outside the cluster, if they do. What takes no more rounds
/// than another state does not need that state.
fn from_outside(graph: &Graph) -> Vec<Option<u32>> {
    let start = |state: &State| matches!(state, State::Internet | State::PushAccess).then_some(0);
    let mut rounds: Vec<Option<u32>> = graph.states().iter().map(start).collect();
    for round in 1.. {
        let before = |state: StateId| rounds.get(state as usize).copied().flatten().is_some();
        let reached = graph.edges.iter().filter(|edge| {
            !before(edge.head) && edge.body().iter().all(|state| before(*state)) && !far_fetched(graph, edge)
        });
        let heads: Vec<StateId> = reached.map(|edge| edge.head).collect();
        if heads.is_empty() {
            break;
        }
        for head in heads {
            if let Some(slot) = rounds.get_mut(head as usize) {
                *slot = Some(round);
            }
        }
    }
    rounds
}

/// The alert that confirms an observed edge.
pub(crate) fn evidence(world: &World<'_>, graph: &Graph, edge: &Edge) -> Option<(String, Evidence)> {
    if !edge.observed {
        return None;
    }
    let (workload, class) = match (edge.body().first().map(|s| graph.what(*s)), graph.what(edge.head)) {
        (_, State::Exec(to)) => (to, AlertClass::Execution),
        (Some(State::Exec(from)), State::Acts(_)) => (from, AlertClass::Credentials),
        (Some(State::Exec(from)), _) => (from, AlertClass::Escape),
        _ => return None,
    };
    let (fact, alert) = alert(world, workload, class)?;
    Some((alert.rule.clone(), world.fact(fact)?.evidence.clone()))
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    let fact = world.fact(edge.args[1]);
    let rule = match fact.map(|fact| &fact.predicate) {
        Some(Predicate::Alerted(alert)) => alert.rule.clone(),
        _ => String::new(),
    };
    Line {
        text: format!("someone is in {}: {}", world.name(edge.args[0]), model::escape(&rule)),
        evidence: fact.map_or(Evidence::Assumption(String::new()), |fact| fact.evidence.clone()),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{alert, edges, image, pod, vulnerability};
    use model::{AlertClass, Predicate};

    #[test]
    fn an_alert_confirms_the_likeliest_way_in() {
        let alert = alert("shop", "web", AlertClass::Execution);
        let facts = [image("web", Predicate::Vulnerable(vulnerability())), image("web", Predicate::Unsigned), alert];
        assert_eq!(edges("push-tag", &pod("shop", "web", ""), &facts), ["PushAccess -> exec shop/web 1.00!"]);
        assert_eq!(edges("exploit", &pod("shop", "web", ""), &facts), ["net shop/web -> exec shop/web 0.03"]);
        assert!(edges("observed", &pod("shop", "web", ""), &facts).is_empty());
    }

    #[test]
    fn neither_a_guess_nor_a_way_from_inside_explains_an_alert() {
        let facts = [image("web", Predicate::Vulnerable(vulnerability())), alert("shop", "web", AlertClass::Execution)];
        assert_eq!(edges("push-tag", &pod("shop", "web", ""), &facts), ["PushAccess -> exec shop/web 0.03?"]);
        assert_eq!(edges("exploit", &pod("shop", "web", ""), &facts), ["net shop/web -> exec shop/web 0.03"]);
        assert_eq!(edges("observed", &pod("shop", "web", ""), &facts), ["Internet -> exec shop/web 1.00!"]);
    }

    #[test]
    fn where_no_way_is_known_the_alert_is_one() {
        let digest = format!("web@sha256:{}", "a".repeat(64));
        let yaml = pod("shop", "web", "").replace("web:1", &digest);
        let mut facts = vec![alert("shop", "web", AlertClass::Execution)];
        let name = format!("registry.test/{digest}").parse().unwrap();
        let target = model::Target::Image(model::ImageId::from_reference(name));
        facts.push(crate::testing::fact(target, Predicate::Scanned));
        assert_eq!(edges("observed", &yaml, &facts), ["Internet -> exec shop/web 1.00!"]);
    }

    #[test]
    fn other_alerts_confirm_nothing_here() {
        let facts = [alert("shop", "web", AlertClass::Other), alert("shop", "gone", AlertClass::Execution)];
        assert_eq!(edges("push-tag", &pod("shop", "web", ""), &facts), ["PushAccess -> exec shop/web 0.03?"]);
        assert!(edges("observed", &pod("shop", "web", ""), &facts).is_empty());
    }
}
