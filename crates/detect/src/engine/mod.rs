//! Rules compiled, and asked of events.

pub(crate) mod by_name;
mod glob;
mod graph;
mod leaf;
mod test;
mod transform;

pub(crate) use by_name::opens;
pub use leaf::CompileError;
pub(crate) use test::{Test, TextTest};

use crate::alert::{Alert, class_of};
use crate::condition::{Check, Expr};
use crate::fields::{Arg, AuditSubject, Getter, Source, SyscallSubject};
use crate::output::{Part, push_safe};
use crate::rule::{DetectionRule, RuleSet};
use crate::state::{Current, State};
use crate::value::Value;
use event::AuditEvent;
use event::syscall::{EventTable, RawEvent};
use graph::{Graph, Memo};
use leaf::{Input, Leaves, Subject, shown};
use model::{Identity, Target};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Whether one event may raise several alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Matching {
    /// Every rule that holds.
    #[default]
    All,
    /// The first that holds, in file order: the reference's default.
    First,
}

/// What became of the events: `seen = matched + unmatched + Σ dropped`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events given, and those lost before.
    pub seen: u64,
    /// Events at least one rule holds for.
    pub matched: u64,
    /// Events no rule holds for.
    pub unmatched: u64,
    /// Events that could not be asked, by reason.
    pub dropped: BTreeMap<&'static str, u64>,
    /// Alerts by rule.
    pub alerts: BTreeMap<String, u64>,
}

impl Counts {
    /// Counts events that were lost before they came here.
    pub fn drop(&mut self, reason: &'static str, count: u64) {
        if count > 0 {
            let n = self.dropped.entry(reason).or_default();
            *n = n.saturating_add(count);
            self.seen = self.seen.saturating_add(count);
        }
    }

    fn alert(&mut self, rule: &str) {
        match self.alerts.get_mut(rule) {
            Some(n) => *n = n.saturating_add(1),
            None => drop(self.alerts.insert(rule.to_owned(), 1)),
        }
    }

    fn event(&mut self, matched: bool) {
        let to = if matched { &mut self.matched } else { &mut self.unmatched };
        *to = to.saturating_add(1);
        self.seen = self.seen.saturating_add(1);
    }
}

struct Compiled {
    rule: Arc<DetectionRule>,
    output: Vec<Piece>,
}

enum Piece {
    Text(String),
    Field {
        input: Input,
        key: String,
        width: Option<usize>,
    },
    /// Not shown in the line.
    Extra {
        input: Input,
        key: String,
    },
}

/// The rules of one source, compiled.
pub struct Engine {
    rules: Vec<Compiled>,
    leaves: Vec<leaf::Leaf>,
    /// The graph of events no rule names, then one for each name some rule has.
    graphs: Vec<Graph>,
    /// By number of an event's name: its graph.
    by_name: Vec<u16>,
    matching: Matching,
}

/// One pass over a stream of events: what is kept from event to event.
#[derive(Clone, Debug, Default)]
pub struct Run {
    memo: Memo,
    number: u64,
    /// What became of the events.
    pub counts: Counts,
}

impl Run {
    /// Counts an event rules do not see.
    pub(crate) fn next_number(&mut self) {
        self.number = self.number.saturating_add(1);
    }

    /// Counts what each rule of an engine costs; see [`Engine::costs`].
    pub fn count_costs(&mut self, engine: &Engine) {
        self.memo.asked = vec![0; engine.rules.len()];
    }

    /// Number of the last event.
    pub fn number(&self) -> u64 {
        self.number
    }
}

impl Engine {
    /// Compiles the enabled rules of a source. A rule that cannot be compiled is in the second part, and nowhere else.
    pub fn compile(rules: &RuleSet, source: &str, matching: Matching) -> (Self, Vec<(String, CompileError)>) {
        let mut errors = Vec::new();
        let mut engine =
            Self { rules: Vec::new(), leaves: Vec::new(), graphs: Vec::new(), by_name: Vec::new(), matching };
        let Some(source) = Source::named(source) else { return (engine, errors) };
        let mut leaves = Leaves::new(source);
        let mut kept: Vec<Arc<DetectionRule>> = Vec::new();
        for rule in rules.rules.iter().filter(|r| r.enabled && r.source == source.name) {
            leaves.hold(&rule.condition);
            // Tried alone first, so that one bad rule costs only itself.
            let tried = Graph::build(&[(0, &rule.condition)], &mut leaves, &|_| None)
                .and_then(|_| output(rule, &leaves));
            match tried {
                Ok(output) => {
                    engine.rules.push(Compiled { rule: Arc::new(rule.clone()), output });
                    kept.extend(engine.rules.last().map(|c| c.rule.clone()));
                }
                Err(error) => errors.push((rule.name.clone(), error)),
            }
        }
        let conditions: Vec<(u32, &Expr)> =
            (0u32..).zip(&kept).map(|(n, rule)| (n, &*rule.condition)).collect();
        engine.build_graphs(&conditions, source, &mut leaves);
        engine.leaves = leaves.all;
        (engine, errors)
    }

    /// One graph for each name of an event some rule has, and one for all others: what the name decides is not asked.
    fn build_graphs(&mut self, conditions: &[(u32, &Expr)], source: &Source, leaves: &mut Leaves) {
        let mut add = |graphs: &mut Vec<Graph>, answer: &dyn Fn(&Check) -> Option<bool>| {
            let graph = Graph::build(conditions, leaves, answer).unwrap_or_default();
            graphs.push(graph);
        };
        if source.name != "syscall" {
            return add(&mut self.graphs, &|_| None);
        }
        add(&mut self.graphs, &|check| by_name::known_answer(check, None));
        let table = EventTable::builtin();
        self.by_name = vec![0; table.names().len()];
        let mut named: Vec<&str> = Vec::new();
        for (_, condition) in conditions {
            condition.checks(&mut |check| named.extend(by_name::type_names(check)));
        }
        named.sort_unstable();
        named.dedup();
        for name in named {
            let Some(id) = table.name_id(name) else { continue };
            add(&mut self.graphs, &|check| by_name::known_answer(check, Some(name)));
            let number = u16::try_from(self.graphs.len().saturating_sub(1)).unwrap_or(0);
            if let Some(slot) = self.by_name.get_mut(usize::from(id)) {
                *slot = number;
            }
        }
    }

    /// The compiled rules.
    pub fn rules(&self) -> impl Iterator<Item = &DetectionRule> {
        self.rules.iter().map(|c| &*c.rule)
    }

    /// Checks that were asked for the sake of each rule, in file order: what an earlier rule had asked of the same
    /// event is charged to that one. Empty unless the run counts costs.
    pub fn costs<'r>(&'r self, run: &'r Run) -> impl Iterator<Item = (&'r str, u64)> {
        self.rules.iter().map(|c| c.rule.name.as_str()).zip(run.memo.asked.iter().copied())
    }

    /// Distinct checks and steps of the decision graph.
    pub fn size(&self) -> (usize, usize) {
        (self.leaves.len(), self.graphs.iter().map(|g| g.nodes.len()).sum())
    }

    /// Asks every rule that may hold of a system call, once the state has seen it.
    pub(crate) fn syscall(
        &self,
        run: &mut Run,
        state: &State,
        event: &RawEvent<'_>,
        current: Current,
        hostname: Option<&str>,
        each: &mut dyn FnMut(Alert),
    ) {
        run.next_number();
        let graph = self.by_name.get(usize::from(current.name)).copied().unwrap_or(0);
        let graph = self.graphs.get(usize::from(graph));
        let Some(graph) = graph.filter(|graph| graph.entry != 0) else { return run.counts.event(false) };
        let Some(subject) = SyscallSubject::new(state, *event, current, run.number) else {
            return run.counts.event(false);
        };
        graph.run(&self.leaves, &subject, &mut run.memo, self.matching == Matching::First);
        run.counts.event(!run.memo.matched.is_empty());
        for number in &run.memo.matched {
            let Some(compiled) = usize::try_from(*number).ok().and_then(|n| self.rules.get(n)) else {
                continue;
            };
            run.counts.alert(&compiled.rule.name);
            let target = subject.target(hostname);
            let mut alert = compiled.alert(&subject, run.number, Some(event.time), target);
            alert.hostname = hostname.unwrap_or(&state.hostname).to_owned();
            alert.actor = subject.actor();
            each(alert);
        }
    }

    /// Asks every rule of an audit event.
    pub fn audit(&self, run: &mut Run, event: &AuditEvent<'_>, each: &mut dyn FnMut(Alert)) {
        run.number = run.number.saturating_add(1);
        let subject = AuditSubject { event, number: run.number };
        if let Some(graph) = self.graphs.first() {
            graph.run(&self.leaves, &subject, &mut run.memo, self.matching == Matching::First);
        }
        run.counts.event(!run.memo.matched.is_empty());
        for number in &run.memo.matched {
            let Some(compiled) = usize::try_from(*number).ok().and_then(|n| self.rules.get(n)) else {
                continue;
            };
            run.counts.alert(&compiled.rule.name);
            let time = subject.nanoseconds();
            let mut alert = compiled.alert(&subject, run.number, time, audit_target(event));
            alert.actor = subject.actor();
            each(alert);
        }
    }
}

/// What an audit event is about: the pod it names, else who acted.
fn audit_target(event: &AuditEvent<'_>) -> Target {
    let fields = &event.fields;
    if let Some(object) = &fields.object_ref
        && let (Some(resource), Some(namespace), Some(name)) =
            (&object.resource, &object.namespace, &object.name)
        && resource.as_str() == "pods"
    {
        return Target::PodName { namespace: namespace.as_str().to_owned(), name: name.as_str().to_owned() };
    }
    let user = fields.impersonated_user.as_ref().or(fields.user.as_ref());
    match user.and_then(|user| user.username.as_ref()) {
        Some(name) => Target::Identity(Identity::user(name.as_str())),
        None => {
            Target::Unresolved { what: "audit event".into(), why: "it names neither a pod nor a user".into() }
        }
    }
}

impl Compiled {
    fn alert<S: Subject>(&self, subject: &S, number: u64, time: Option<u64>, target: Target) -> Alert {
        let mut message = String::new();
        let mut fields = BTreeMap::new();
        for piece in &self.output {
            match piece {
                Piece::Text(text) => message.push_str(text),
                Piece::Extra { input, key } => {
                    let value = input.value(subject);
                    fields.insert(key.clone(), value.map_or(serde_json::Value::Null, |v| v.json()));
                }
                Piece::Field { input, key, width } => {
                    let value = input.value(subject);
                    let mut text = String::new();
                    push_safe(&mut text, &shown(value.as_ref()));
                    match width {
                        Some(width) => {
                            message.extend(text.chars().chain(std::iter::repeat(' ')).take(*width))
                        }
                        None => message.push_str(&text),
                    }
                    fields.insert(key.clone(), value.map_or(serde_json::Value::Null, |v| v.json()));
                }
            }
        }
        let rule = &self.rule;
        Alert {
            rule: rule.name.clone(),
            priority: rule.priority,
            source: rule.source.clone(),
            tags: rule.tags.clone(),
            class: class_of(&rule.name, &rule.tags, &rule.source, rule.priority),
            time,
            number,
            message,
            output: None,
            fields,
            hostname: String::new(),
            target,
            actor: String::new(),
            count: 1,
        }
    }
}

/// Checks rules one by one against the fields of their source.
pub(crate) struct Checker {
    table: EventTable,
    leaves: BTreeMap<&'static str, Leaves>,
}

/// What a checker finds.
pub(crate) enum Finding {
    /// The condition is wrong.
    Condition(CompileError),
    /// The output is wrong.
    Output(CompileError),
    /// It matches this many types of events.
    Types(usize),
}

impl Checker {
    pub(crate) fn new() -> Self {
        Self { table: EventTable::builtin(), leaves: BTreeMap::new() }
    }

    pub(crate) fn check(&mut self, rule: &DetectionRule) -> Finding {
        let Some(source) = Source::named(&rule.source) else { return Finding::Types(1) };
        let leaves = self.leaves.entry(source.name).or_insert_with(|| Leaves::new(source));
        leaves.hold(&rule.condition);
        if let Err(error) = Graph::build(&[(0, &rule.condition)], leaves, &|_| None) {
            return Finding::Condition(error);
        }
        if let Err(error) = output(rule, leaves) {
            return Finding::Output(error);
        }
        if source.name != "syscall" {
            return Finding::Types(1);
        }
        let mut unknown = None;
        rule.condition.checks(&mut |check| {
            let odd = by_name::type_names(check).into_iter().find(|name| !self.table.known(name));
            unknown = unknown.take().or(odd.map(|name| (name.to_owned(), check.at)));
        });
        match unknown {
            Some((name, at)) => {
                let message = format!("unknown event type '{}'", model::escape(&name));
                Finding::Condition(CompileError { message, at, unknown_field: true })
            }
            None => Finding::Types(by_name::Codes::of(&rule.condition, &self.table).count()),
        }
    }
}

fn output(rule: &DetectionRule, leaves: &Leaves) -> Result<Vec<Piece>, CompileError> {
    let piece = |part: &Part| {
        Ok(match part {
            Part::Text(text) => Piece::Text(text.clone()),
            Part::Extra { operand, key } => Piece::Extra { input: leaves.output(operand)?, key: key.clone() },
            Part::Field { operand, key, width } => {
                Piece::Field { input: leaves.output(operand)?, key: key.clone(), width: *width }
            }
        })
    };
    rule.output.parts.iter().map(piece).collect()
}

impl Subject for AuditSubject<'_> {
    fn get<'s>(&'s self, getter: &Getter, arg: &'s Arg) -> Option<Value<'s>> {
        match getter {
            Getter::Audit(get) => get(self, arg),
            Getter::Syscall(_) | Getter::Unsupported => None,
        }
    }
}

impl Subject for SyscallSubject<'_> {
    fn get<'s>(&'s self, getter: &Getter, arg: &'s Arg) -> Option<Value<'s>> {
        match getter {
            Getter::Syscall(get) => get(self, arg),
            Getter::Audit(_) | Getter::Unsupported => None,
        }
    }
}
