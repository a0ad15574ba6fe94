//! From proofs to ranked items: who gets where, through which weakness, and how soon it matters.
//!
//! A *tail* is the way from code in one workload to a goal, without detours over the network. Workloads that share a
//! tail share the weakness, so they are one item; the likeliest of them stands for the group.

use crate::goal::{self, Goal, Valued};
use crate::graph::{Edge, EdgeId, Graph, Index, State, StateId};
use crate::proof::{self, Proofs};
use crate::repair::{self, Removed, Repaired};
use crate::steps;
use crate::tier::{self, Case, Tier};
use crate::world::World;
use model::Confidence;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use serde::Serialize;
use std::cmp::Reverse;
use std::hash::BuildHasher as _;

/// Where an attack begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Entry {
    /// Anyone outside.
    Internet,
    /// Whoever may push to a repository.
    PushAccess,
    /// Someone who is already in one of the containers.
    Foothold,
    /// Someone who has a person's credential.
    Credential,
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Internet => "internet",
            Self::PushAccess => "push access",
            Self::Foothold => "foothold",
            Self::Credential => "credential",
        })
    }
}

impl Entry {
    const ALL: [Self; 4] = [Self::Internet, Self::PushAccess, Self::Foothold, Self::Credential];

    fn state(self) -> State {
        match self {
            Self::Internet => State::Internet,
            Self::PushAccess => State::PushAccess,
            Self::Foothold => State::Foothold,
            Self::Credential => State::Credential,
        }
    }

    /// Whether anyone can begin there who holds nothing of ours.
    pub(crate) fn outside(self) -> bool {
        matches!(self, Self::Internet | Self::PushAccess)
    }
}

/// The searches everything else reads.
pub(crate) struct Searches<'w> {
    pub(crate) world: World<'w>,
    pub(crate) graph: Graph,
    pub(crate) goals: Vec<Valued>,
    /// Workloads someone can get into, with their states.
    pub(crate) inside: Vec<(Index, StateId)>,
    /// People whose credentials lead anywhere, with their states.
    people: Vec<(Index, StateId)>,
    /// What follows from each entry, in the order of [`Entry::ALL`].
    reached: [Proofs; 4],
    /// What follows from both entries that are outside.
    outside: Proofs,
}

/// A group of paths with one tail, before it is put into words.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) entry: Entry,
    /// Index of the goal.
    pub(crate) goal: usize,
    /// Indices of goals reached on the way.
    pub(crate) on_the_way: Vec<usize>,
    pub(crate) tail: u64,
    pub(crate) cost: f32,
    /// Workloads that share the tail; the first stands for the group. Empty for a path through none.
    pub(crate) workloads: Vec<Index>,
    /// Identities whose credentials share it, where that is how it begins.
    pub(crate) people: Vec<Index>,
    pub(crate) edges: Vec<EdgeId>,
    pub(crate) tier: Tier,
    pub(crate) why: &'static str,
    pub(crate) confidence: Confidence,
    pub(crate) observed: bool,
    /// How many steps on it are guesses.
    pub(crate) guesses: usize,
}

impl Group {
    /// The states of those who share the tail.
    pub(crate) fn members<'g>(&'g self, graph: &'g Graph) -> impl Iterator<Item = StateId> + 'g {
        let inside = self.workloads.iter().filter_map(|workload| graph.find(State::Exec(*workload)));
        inside.chain(self.people.iter().filter_map(|who| graph.find(State::Acts(*who))))
    }

    /// With more workloads that share it.
    fn share(&mut self, more: &[Index]) {
        let known: FxHashSet<Index> = self.workloads.iter().copied().collect();
        self.workloads.extend(more.iter().filter(|workload| !known.contains(workload)));
    }

    pub(crate) fn ease(&self) -> f64 {
        f64::from(-self.cost).exp()
    }
}

/// Tails do not lead over the network: that would make every weakness everybody's.
pub(crate) fn over_network(state: State) -> bool {
    matches!(state, State::Net(_) | State::PodNetwork | State::NamespaceNetwork(_) | State::Zone(_))
}

impl<'w> Searches<'w> {
    pub(crate) fn new(world: World<'w>) -> Self {
        let graph = steps::graph(&world);
        let goals = goal::all(&world, &graph);
        let workloads = 0..world.workloads.len() as Index;
        let inside = workloads.filter_map(|w| Some((w, graph.find(State::Exec(w))?))).collect();
        let reached = Entry::ALL.map(|entry| proof::forward(&graph, &axioms(&graph, &[entry])));
        let outside = proof::forward(&graph, &axioms(&graph, &[Entry::Internet, Entry::PushAccess]));
        let stolen = graph.find(State::Credential).map_or(&[][..], |state| graph.out(state));
        let people =
            stolen.iter().filter_map(|id| graph.edge(*id)).map(|edge| (edge.args[0], edge.head)).collect();
        Self { world, graph, goals, inside, people, reached, outside }
    }

    pub(crate) fn reached(&self, entry: Entry) -> &Proofs {
        match entry {
            Entry::Internet => &self.reached[0],
            Entry::PushAccess => &self.reached[1],
            Entry::Foothold => &self.reached[2],
            Entry::Credential => &self.reached[3],
        }
    }

    /// How the goals are reached from each state, other premises taken from an entry.
    pub(crate) fn tails(&self, goal: usize, entry: Entry) -> Proofs {
        let states = self.goals.get(goal).map_or(&[][..], |goal| &goal.states);
        proof::backward(&self.graph, states, self.reached(entry), over_network)
    }

    /// Where an entry starts, when it leads anywhere.
    pub(crate) fn start(&self, entry: Entry) -> Option<StateId> {
        self.graph.find(entry.state()).filter(|_| entry.outside())
    }

    /// Whether a step leads into a workload.
    pub(crate) fn enters(&self, id: &EdgeId) -> bool {
        self.graph.edge(*id).is_some_and(|edge| matches!(self.graph.what(edge.head), State::Exec(_)))
    }

    /// All groups, ranked.
    pub(crate) fn groups(&self) -> Vec<Group> {
        let mut groups = Vec::new();
        for entry in Entry::ALL {
            for at in 0..self.goals.len() {
                self.groups_of(entry, at, &mut groups);
            }
        }
        absorb(&mut groups, &self.goals);
        one_way_in(&mut groups);
        groups.sort_by_cached_key(|group| self.order(group));
        same_path(&mut groups);
        groups
    }

    /// Soonest tier first, then what is worth most, then the shorter path; names and hashes only break ties.
    fn order(&self, group: &Group) -> (Tier, Reverse<u64>, usize, String, usize, u64) {
        let value = self.goals.get(group.goal).map_or(0.0, |goal| goal.value);
        let name = group.workloads.first().map(|w| self.world.name(*w)).unwrap_or_default();
        // Bits of a float that is not negative order as the float does.
        let worth = Reverse((group.ease() * value).to_bits());
        (group.tier, worth, group.edges.len(), name, group.goal, group.tail)
    }

    fn groups_of(&self, entry: Entry, goal: usize, out: &mut Vec<Group>) {
        let Some(valued) = self.goals.get(goal) else { return };
        let reached = self.reached(entry);
        let tails = self.tails(goal, entry);
        let mut signatures = Signatures { searches: self, tails: &tails, known: FxHashMap::default() };
        let mut by_tail: FxHashMap<u64, (f32, StateId, Vec<Index>)> = FxHashMap::default();
        let mut offer = |state: StateId, workload: Option<Index>, signatures: &mut Signatures<'_, '_>| {
            let cost = reached.cost(state) + tails.cost(state);
            if !cost.is_finite() {
                return;
            }
            let group = by_tail.entry(signatures.of(state)).or_insert((f32::INFINITY, state, Vec::new()));
            match workload {
                Some(workload) if cost < group.0 => group.2.insert(0, workload),
                Some(workload) => group.2.push(workload),
                None => {}
            }
            if cost < group.0 {
                (group.0, group.1) = (cost, state);
            }
        };
        if let Some(start) = self.start(entry)
            && !proof::tail(&self.graph, |s| tails.via(s), start).iter().any(|id| self.enters(id))
        {
            offer(start, None, &mut signatures);
        }
        let lesser = valued.goal.within_node_root();
        let rooted = if lesser { self.rooted(entry) } else { FxHashSet::default() };
        match entry {
            Entry::Credential => {
                self.people.iter().for_each(|(who, state)| offer(*state, Some(*who), &mut signatures));
            }
            _ => {
                for (workload, state) in self.inside.iter().filter(|(w, _)| !rooted.contains(w)) {
                    offer(*state, Some(*workload), &mut signatures);
                }
            }
        }
        let mut found: Vec<_> = by_tail.into_iter().collect();
        found.sort_unstable_by_key(|(tail, _)| *tail);
        for (tail, (cost, state, members)) in found {
            let (workloads, people) =
                if entry == Entry::Credential { (Vec::new(), members) } else { (members, Vec::new()) };
            let mut edges = proof::proof(&self.graph, |s| reached.via(s), state);
            edges.extend(proof::tail(&self.graph, |s| tails.via(s), state));
            let mut group = Group {
                entry,
                goal,
                on_the_way: Vec::new(),
                tail,
                cost,
                workloads,
                people,
                edges,
                tier: Tier::Watch,
                why: "",
                confidence: Confidence::Confirmed,
                observed: false,
                guesses: 0,
            };
            self.judge(&mut group, valued.value);
            out.push(group);
        }
    }

    /// Workloads that are root on their node anyway: what else they see of it is no weakness of its own.
    fn rooted(&self, entry: Entry) -> FxHashSet<Index> {
        let Some(root) = self.goals.iter().position(|goal| goal.goal == Goal::NodeRoot) else {
            return FxHashSet::default();
        };
        self.leading(&self.tails(root, entry)).collect()
    }

    /// Workloads from which a goal is reached, by its tails.
    pub(crate) fn leading(&self, tails: &Proofs) -> impl Iterator<Item = Index> {
        self.inside.iter().filter(|(_, state)| tails.reached(*state)).map(|(workload, _)| *workload)
    }

    fn judge(&self, group: &mut Group, value: f64) {
        let edges = || group.edges.iter().filter_map(|id| self.graph.edge(*id));
        group.observed = edges().any(|edge| edge.observed);
        group.guesses = edges().filter(|edge| edge.guessed).count();
        group.confidence = edges().map(|edge| edge.confidence).min().unwrap_or(Confidence::Confirmed);
        let exploit = |edge: &&Edge| steps::of(edge).id == "exploit";
        let likely = edges().filter(exploit).all(|edge| {
            let v = steps::vulnerability(&self.world, edge.args[1]);
            edge.observed || v.is_some_and(|v| v.known_exploited || v.epss.is_some_and(|epss| epss >= 0.5))
        });
        let case = Case {
            observed: group.observed,
            internet: group.entry == Entry::Internet,
            outside: group.entry.outside(),
            likely,
            assumed: group.guesses > 0,
            value,
        };
        (group.tier, group.why) = tier::of(&case);
    }

    /// Whether an entry gets into a workload without passing through another one.
    pub(crate) fn directly(&self, entry: Entry, workload: Index) -> bool {
        let Some(state) = self.graph.find(State::Exec(workload)) else { return false };
        let reached = self.reached(entry);
        let proof = || proof::proof(&self.graph, |s| reached.via(s), state);
        reached.reached(state) && proof().iter().filter(|id| self.enters(id)).count() == 1
    }

    /// Risk from outside: what each goal is worth times how likely its cheapest proof is.
    pub(crate) fn outside(&self) -> Risk {
        self.risk(|state| self.outside.ease(state))
    }

    /// Risk from outside without some steps.
    pub(crate) fn outside_without(&self, removed: &Removed) -> f64 {
        let after = self.outside_after(removed);
        self.risk(|state| after.ease(state)).total
    }

    /// What follows from outside without some steps.
    pub(crate) fn outside_after(&self, removed: &Removed) -> Repaired<'_> {
        repair::forward(&self.graph, &self.outside, removed)
    }

    fn risk(&self, ease: impl Fn(StateId) -> f64) -> Risk {
        let best = |goal: &Valued| goal.states.iter().map(|state| ease(*state)).fold(0.0, f64::max);
        let goals: Vec<(Goal, f64)> = self.goals.iter().map(|goal| (goal.goal.clone(), best(goal))).collect();
        let total = self.goals.iter().zip(&goals).map(|(goal, (_, ease))| goal.value * ease).sum();
        Risk { total, goals: goals.into_iter().filter(|(_, ease)| *ease > 0.0).collect() }
    }
}

/// Risk from outside.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Risk {
    /// Sum over goals of value times ease.
    pub total: f64,
    /// Ease of the cheapest proof of each goal that has one.
    pub goals: Vec<(Goal, f64)>,
}

/// The states an attacker starts in. One with a foothold is in any one of the workloads.
fn axioms(graph: &Graph, entries: &[Entry]) -> Vec<StateId> {
    let inside = |state: &State| matches!(state, State::Exec(_)) && entries.contains(&Entry::Foothold);
    let start = |state: &State| entries.iter().any(|e| *e != Entry::Foothold && e.state() == *state);
    let states = (0..).zip(graph.states());
    states.filter(|(_, state)| inside(state) || start(state)).map(|(at, _)| at).collect()
}

/// Signatures of tails: equal for states that go the same way through the same identities, roles and ways out.
struct Signatures<'a, 'w> {
    searches: &'a Searches<'w>,
    tails: &'a Proofs,
    known: FxHashMap<StateId, u64>,
}

impl Signatures<'_, '_> {
    /// A state, without what does not make a weakness another one: which of several nodes it is, and which of its
    /// members one is where a group holds the right.
    fn place(&self, state: StateId) -> State {
        let graph = &self.searches.graph;
        match graph.what(state) {
            State::Node(_) => State::AnyNode,
            State::Acts(who) => {
                let next = self.tails.via(state).and_then(|id| graph.edge(id));
                let group = next.filter(|next| steps::of(next).id == "group");
                group.map_or(State::Acts(who), |membership| graph.what(membership.head))
            }
            other => other,
        }
    }

    fn of(&mut self, state: StateId) -> u64 {
        let mut chain = Vec::new();
        let mut at = state;
        let mut signature = loop {
            if let Some(known) = self.known.get(&at) {
                break *known;
            }
            let edge = self.tails.via(at).and_then(|id| self.searches.graph.edge(id));
            match edge.filter(|_| chain.len() < 64) {
                Some(edge) => {
                    chain.push((at, edge));
                    at = edge.head;
                }
                None => break FxBuildHasher.hash_one(self.searches.graph.what(at)),
            }
        };
        for (state, edge) in chain.into_iter().rev() {
            let class = steps::class(&self.searches.world, &self.searches.graph, edge);
            let head = self.place(edge.head);
            signature = FxBuildHasher.hash_one((edge.step, head, class, signature));
            self.known.insert(state, signature);
        }
        signature
    }
}

/// A path through several workloads is found from each of them: it is one group, whoever of them was asked.
fn same_path(groups: &mut Vec<Group>) {
    let mut first: FxHashMap<(Entry, usize, Vec<EdgeId>), usize> = FxHashMap::default();
    let mut kept: Vec<Group> = Vec::with_capacity(groups.len());
    for group in groups.drain(..) {
        match first.entry((group.entry, group.goal, group.edges.clone())) {
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(kept.len());
                kept.push(group);
            }
            std::collections::hash_map::Entry::Occupied(place) => {
                kept[*place.get()].share(&group.workloads);
            }
        }
    }
    *groups = kept;
}

/// A group whose whole path is the beginning of a more valuable one is part of that one.
fn absorb(groups: &mut Vec<Group>, goals: &[Valued]) {
    let value = |goal: usize| goals.get(goal).map_or(0.0, |g| g.value);
    let mut whole: FxHashMap<(Entry, &[EdgeId]), Vec<usize>> = FxHashMap::default();
    for (at, group) in groups.iter().enumerate() {
        whole.entry((group.entry, &group.edges)).or_default().push(at);
    }
    let mut absorbed = vec![None; groups.len()];
    for (at, bigger) in groups.iter().enumerate() {
        for length in 1..bigger.edges.len() {
            let begun = bigger.edges.get(..length).and_then(|edges| whole.get(&(bigger.entry, edges)));
            for smaller in begun.into_iter().flatten() {
                let worth = groups.get(*smaller).is_some_and(|g| value(g.goal) <= value(bigger.goal));
                if worth && absorbed[*smaller].is_none() {
                    absorbed[*smaller] = Some(at);
                }
            }
        }
    }
    for at in 0..absorbed.len() {
        let (Some(into), Some(goal)) = (absorbed[at], groups.get(at).map(|g| g.goal)) else { continue };
        // The chain of absorptions ends at a group that is its own.
        let mut last = into;
        while let Some(next) = absorbed[last] {
            last = next;
        }
        if let Some(group) = groups.get_mut(last).filter(|group| !group.on_the_way.contains(&goal)) {
            group.on_the_way.push(goal);
            group.on_the_way.sort_unstable();
        }
    }
    let mut keep = absorbed.iter().map(Option::is_none);
    groups.retain(|_| keep.next().unwrap_or(true));
}

/// A weakness is said once for each way in that is known. Nobody knows that a foothold is needed where there is a way
/// in from outside; that someone might push an image is no news where nobody looked whether he can; and a way that
/// needs two guesses is none.
fn one_way_in(groups: &mut Vec<Group>) {
    let key = |group: &Group| (group.goal, group.tail);
    let mut ways: FxHashMap<(usize, u64), (bool, bool)> = FxHashMap::default();
    let mut from_inside: FxHashMap<(usize, u64), Vec<Index>> = FxHashMap::default();
    for group in groups.iter() {
        let (internet, known) = ways.entry(key(group)).or_default();
        *internet |= group.entry == Entry::Internet && group.guesses < 2;
        *known |= group.entry.outside() && group.guesses == 0;
        if group.entry == Entry::Foothold {
            from_inside.insert(key(group), group.workloads.clone());
        }
    }
    groups.retain(|group| {
        let (internet, known) = ways.get(&key(group)).copied().unwrap_or_default();
        match group.entry {
            Entry::Internet => group.guesses < 2 || !from_inside.contains_key(&key(group)),
            Entry::PushAccess => group.guesses == 0 || !(internet || from_inside.contains_key(&key(group))),
            Entry::Foothold => !(internet || known),
            Entry::Credential => true,
        }
    });
    for group in groups.iter_mut() {
        if let Some(inside) = from_inside.get(&key(group)).filter(|_| !group.workloads.is_empty()) {
            group.share(inside);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{escapes, holds, image, pod, snapshot, vulnerability};
    use crate::{Options, assess};
    use model::{Capability, Escape, Fact, Identity, Predicate, Scope, Vulnerability};
    use std::collections::BTreeSet;

    fn shared(facts: &[Fact]) -> Vec<Vec<String>> {
        let account = |name: &str| format!("  serviceAccountName: {name}\n");
        let snapshot = snapshot(&(pod("a", "api", &account("api")) + &pod("b", "web", &account("web"))));
        let items = assess(&snapshot, facts, &Options::default()).items;
        items.into_iter().map(|item| item.workloads).collect()
    }

    fn admin(who: Identity) -> Fact {
        holds(who, Capability::ClusterAdmin, Scope::Cluster)
    }

    #[test]
    fn a_right_of_a_group_is_one_weakness_of_all_its_members() {
        assert_eq!(shared(&[admin(Identity::group(Identity::AUTHENTICATED))]), [["a/api", "b/web"]]);
    }

    #[test]
    fn rights_of_two_accounts_are_two() {
        let facts = [admin(Identity::account("a", "api")), admin(Identity::account("b", "web"))];
        assert_eq!(shared(&facts), [["a/api"], ["b/web"]]);
    }

    #[test]
    fn a_path_through_two_workloads_is_said_once() {
        let ways = [
            image("api", Predicate::Vulnerable(Vulnerability { known_exploited: true, ..vulnerability() })),
            holds(Identity::account("a", "api"), Capability::ExecPods, Scope::Namespace("b".into())),
            escapes("b", "web", Escape::Privileged),
        ];
        let service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: api, namespace: a}\n\
                       spec: {type: NodePort, selector: {app: api}}\n";
        let pods = pod("a", "api", "  serviceAccountName: api\n") + &pod("b", "web", "") + service;
        let snapshot = snapshot(&pods);
        let items = assess(&snapshot, &ways, &Options::default()).items;
        let ids: BTreeSet<&str> = items.iter().map(|item| item.id.as_str()).collect();
        assert_eq!(ids.len(), items.len());
        let through = ["a/api".to_owned(), "b/web".to_owned()];
        assert_eq!(items.iter().filter(|item| item.through == through).count(), 1, "{items:#?}");
    }

    #[test]
    fn people_are_a_way_in_of_their_own_a_binding_at_a_time() {
        let snapshot = snapshot(&pod("a", "api", ""));
        let facts = [
            admin(Identity::user("alice")),
            admin(Identity::group("ops")),
            admin(Identity::group("system:nodes")),
        ];
        let items = assess(&snapshot, &facts, &Options::default()).items;
        let titles: Vec<_> =
            items.iter().map(|item| (item.entry, item.tier, item.identities.clone())).collect();
        let both = vec!["User alice".to_owned(), "Group ops".to_owned()];
        assert_eq!(titles, [(super::Entry::Credential, crate::Tier::Planned, both)]);
        assert_eq!(items[0].fixes.iter().map(|fix| (fix.cuts, fix.of)).collect::<Vec<_>>(), [(2, 2)]);
    }

    #[test]
    fn nothing_held_is_nothing() {
        assert!(shared(&[]).is_empty());
    }
}
