//! The attack graph: states an attacker can be in, and steps that lead from some of them to another.
//!
//! A step is a Horn clause: *all* states of its body hold, then its head holds. Facts that only the world decides
//! (a port is open, a package is vulnerable) were settled when the step was added; what remains are states.
//! Rights over a whole namespace go through hub states, so that one right costs one edge and not one per pod.

use crate::fixes::FixKind;
use model::Confidence;
use rustc_hash::FxHashMap;

/// Index of a state in its graph.
pub(crate) type StateId = u32;
/// Index of an edge in its graph.
pub(crate) type EdgeId = u32;
/// Index of a fix key in its graph.
pub(crate) type FixId = u32;
/// Index of a workload, identity, node or scope in the world.
pub(crate) type Index = u32;

/// What an attacker can do or be. Indices are those of the [`World`](crate::world::World).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum State {
    /// Anyone who can send packets to the cluster's edge.
    Internet,
    /// Anyone who can push to a repository images are pulled from.
    PushAccess,
    /// Someone who is already in some container.
    Foothold,
    /// Someone who has a credential that belongs to somebody else.
    Credential,
    /// Can send packets to pods that accept them from anywhere in the cluster.
    PodNetwork,
    /// The same within one namespace.
    NamespaceNetwork(Index),
    /// Can send packets to what the policies of some workloads let them send to.
    Zone(Index),
    /// Can send packets to a workload.
    Net(Index),
    /// Runs code in a workload's container.
    Exec(Index),
    /// Acts as an identity.
    Acts(Index),
    /// Root on a node.
    Node(Index),
    /// Root on some node, which one is not known.
    AnyNode,
    /// Reads tokens and Secrets of pods on some node.
    NodeTokens,
    /// Sees a node's processes.
    NodeProcesses,
    /// Is on a node's network, past NetworkPolicies.
    NodeNetwork,
    /// Shares a node's IPC.
    NodeIpc,
    /// Reads every Secret of a scope (0: the cluster).
    Secrets(Index),
    /// Can have code executed in any pod of a scope.
    ExecIn(Index),
    /// Can create pods in a scope.
    CreatePods(Index),
    /// Can act as any account of a scope.
    AccountsOf(Index),
    /// Holds every right in a namespace.
    NamespaceAdmin(Index),
    /// Holds every right.
    ClusterAdmin,
}

/// One attack step between states.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    pub(crate) head: StateId,
    body: [StateId; 2],
    bodies: u8,
    /// Index into the step catalogue.
    pub(crate) step: u8,
    /// Seen happening.
    pub(crate) observed: bool,
    /// Nobody looked whether it is possible.
    pub(crate) guessed: bool,
    pub(crate) confidence: Confidence,
    /// Probability that an attacker who holds the body succeeds.
    pub(crate) ease: f32,
    /// What the step's own `describe` needs to find its words again.
    pub(crate) args: [Index; 2],
    fixes: (u32, u8),
}

impl Edge {
    pub(crate) fn body(&self) -> &[StateId] {
        self.body.get(..usize::from(self.bodies)).unwrap_or(&self.body)
    }

    /// Cost of the step: costs add where probabilities multiply.
    pub(crate) fn cost(&self) -> f32 {
        -self.ease.ln()
    }
}

/// A step about to be added.
#[derive(Clone, Debug)]
pub(crate) struct NewEdge<'f> {
    pub(crate) from: &'f [State],
    pub(crate) to: State,
    pub(crate) ease: f64,
    pub(crate) confidence: Confidence,
    pub(crate) args: [Index; 2],
    /// Each of these removes the step on its own.
    pub(crate) fixes: &'f [FixKey],
}

/// A way to remove steps: its kind and what it changes.
#[derive(Clone, Copy)]
pub(crate) struct FixKey {
    pub(crate) kind: &'static FixKind,
    pub(crate) args: [Index; 2],
}

impl FixKey {
    fn order(&self) -> (&'static str, [Index; 2]) {
        (self.kind.id, self.args)
    }
}

impl PartialEq for FixKey {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}
impl Eq for FixKey {}
impl std::hash::Hash for FixKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.order().hash(state);
    }
}
impl std::fmt::Debug for FixKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{:?}", self.kind.id, self.args)
    }
}

/// States and steps, with both directions indexed once [`Graph::close`] was called.
#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    states: Vec<State>,
    index: FxHashMap<State, StateId>,
    pub(crate) edges: Vec<Edge>,
    fixes: Vec<FixKey>,
    fix_index: FxHashMap<FixKey, FixId>,
    removers: Vec<FixId>,
    by_body: Lists,
    by_head: Lists,
    step: u8,
}

impl Graph {
    /// The steps added from now on belong to this entry of the catalogue.
    pub(crate) fn adding(&mut self, step: u8) {
        self.step = step;
    }

    pub(crate) fn state(&mut self, state: State) -> StateId {
        let next = self.states.len() as StateId;
        *self.index.entry(state).or_insert_with(|| {
            self.states.push(state);
            next
        })
    }

    pub(crate) fn find(&self, state: State) -> Option<StateId> {
        self.index.get(&state).copied()
    }

    pub(crate) fn what(&self, id: StateId) -> State {
        self.states.get(id as usize).copied().unwrap_or(State::Foothold)
    }

    pub(crate) fn states(&self) -> &[State] {
        &self.states
    }

    pub(crate) fn add(&mut self, new: NewEdge<'_>) {
        let mut body = [0; 2];
        let mut bodies = 0;
        for (slot, state) in body.iter_mut().zip(new.from) {
            *slot = self.state(*state);
            bodies += 1;
        }
        let head = self.state(new.to);
        let start = self.removers.len() as u32;
        for key in new.fixes {
            let id = self.fix(*key);
            self.removers.push(id);
        }
        self.edges.push(Edge {
            head,
            body,
            bodies,
            step: self.step,
            observed: false,
            guessed: false,
            confidence: new.confidence,
            ease: new.ease as f32,
            args: new.args,
            fixes: (start, new.fixes.len() as u8),
        });
    }

    /// Adds a step that nobody looked at: it may be there, and until somebody looks it is.
    pub(crate) fn guess(&mut self, new: NewEdge<'_>) {
        self.add(new);
        if let Some(edge) = self.edges.last_mut() {
            edge.guessed = true;
        }
    }

    fn fix(&mut self, key: FixKey) -> FixId {
        let next = self.fixes.len() as FixId;
        *self.fix_index.entry(key).or_insert_with(|| {
            self.fixes.push(key);
            next
        })
    }

    pub(crate) fn fix_key(&self, id: FixId) -> Option<FixKey> {
        self.fixes.get(id as usize).copied()
    }

    pub(crate) fn edge(&self, id: EdgeId) -> Option<&Edge> {
        self.edges.get(id as usize)
    }

    /// The fixes that remove an edge.
    pub(crate) fn removers(&self, edge: &Edge) -> &[FixId] {
        let start = edge.fixes.0 as usize;
        self.removers.get(start..start + usize::from(edge.fixes.1)).unwrap_or(&[])
    }

    /// Indexes the edges by body and head; call when the last one was added.
    pub(crate) fn close(&mut self) {
        let states = self.states.len();
        self.by_body =
            Lists::new(states, &self.edges, |edge, push| edge.body().iter().for_each(|b| push(*b)));
        self.by_head = Lists::new(states, &self.edges, |edge, push| push(edge.head));
    }

    /// Edges with `state` in their body.
    pub(crate) fn out(&self, state: StateId) -> &[EdgeId] {
        self.by_body.of(state)
    }

    /// Edges that lead to `state`.
    pub(crate) fn into(&self, state: StateId) -> &[EdgeId] {
        self.by_head.of(state)
    }
}

/// Lists of edges by state, in one allocation.
#[derive(Clone, Debug, Default)]
struct Lists {
    start: Vec<u32>,
    items: Vec<EdgeId>,
}

impl Lists {
    fn new(states: usize, edges: &[Edge], keys: impl Fn(&Edge, &mut dyn FnMut(StateId))) -> Self {
        let mut start = vec![0u32; states + 2];
        for edge in edges {
            keys(edge, &mut |state| start[state as usize + 2] += 1);
        }
        for at in 2..start.len() {
            start[at] += start[at - 1];
        }
        let mut items = vec![0; start.last().copied().unwrap_or(0) as usize];
        for (id, edge) in edges.iter().enumerate() {
            keys(edge, &mut |state| {
                let slot = &mut start[state as usize + 1];
                items[*slot as usize] = id as EdgeId;
                *slot += 1;
            });
        }
        Self { start, items }
    }

    fn of(&self, state: StateId) -> &[EdgeId] {
        let at = state as usize;
        match (self.start.get(at), self.start.get(at + 1)) {
            (Some(from), Some(to)) => self.items.get(*from as usize..*to as usize).unwrap_or(&[]),
            _ => &[],
        }
    }
}
