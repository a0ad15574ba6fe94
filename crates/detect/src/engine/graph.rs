//! Rules as one decision graph: no stack, no recursion, each leaf asked at most once an event.

use super::leaf::{CompileError, Leaf, Leaves, Subject};
use crate::condition::{Check, Expr};

/// A step of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// Asks a leaf and goes on.
    Ask { leaf: u32, yes: u32, no: u32 },
    /// A rule holds; goes on with the next.
    Accept { rule: u32, next: u32 },
    /// Nothing is left to ask.
    End,
}

/// Rules compiled together.
#[derive(Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    /// For whose sake each step is there.
    owners: Vec<u32>,
    pub(super) entry: u32,
}

/// Answers of one event, kept from event to event so that nothing is allocated.
#[derive(Clone, Debug, Default)]
pub(super) struct Memo {
    epoch: u32,
    answers: Vec<u32>,
    /// Rules that hold, in file order.
    pub(super) matched: Vec<u32>,
    /// Leaves asked for the sake of each rule; empty when nobody wants to know.
    pub(super) asked: Vec<u64>,
}

impl Memo {
    /// Counts one more question asked for a rule: what an earlier rule has asked already costs nothing.
    fn charge(&mut self, number: u32, owner: Option<&u32>) {
        let known = usize::try_from(number).ok().and_then(|n| self.answers.get(n));
        let fresh = known.is_none_or(|answer| answer >> 1 != self.epoch);
        let rule = owner.and_then(|rule| usize::try_from(*rule).ok());
        if let Some(n) = rule.and_then(|rule| self.asked.get_mut(rule)).filter(|_| fresh) {
            *n = n.saturating_add(1);
        }
    }

    fn begin(&mut self, leaves: usize) {
        self.answers.resize(leaves, 0);
        self.matched.clear();
        // Twice the epoch plus the answer must fit.
        if self.epoch >= u32::MAX >> 2 {
            self.epoch = 0;
            self.answers.fill(0);
        }
        self.epoch = self.epoch.saturating_add(1);
    }

    fn ask<S: Subject>(&mut self, number: u32, leaves: &[Leaf], subject: &S) -> bool {
        let at = usize::try_from(number).unwrap_or(usize::MAX);
        let (Some(answer), Some(leaf)) = (self.answers.get_mut(at), leaves.get(at)) else { return false };
        if *answer >> 1 == self.epoch {
            return *answer & 1 == 1;
        }
        let holds = leaf.holds(subject);
        *answer = self.epoch << 1 | u32::from(holds);
        holds
    }
}

impl Graph {
    /// Compiles rules, in order; what is tried first comes first. `constant` tells checks whose answer is known.
    pub(super) fn build(
        rules: &[(u32, &Expr)],
        leaves: &mut Leaves,
        constant: &dyn Fn(&Check) -> Option<bool>,
    ) -> Result<Self, CompileError> {
        let mut graph = Self { nodes: vec![Node::End], owners: vec![0], entry: 0 };
        for (rule, expr) in rules.iter().rev() {
            let next = graph.entry;
            let accept = graph.push(Node::Accept { rule: *rule, next });
            graph.entry = graph.emit(expr, accept, next, leaves, constant)?;
            if graph.entry == next {
                // The rule cannot hold: its steps are never reached.
                graph.nodes.truncate(usize::try_from(accept).unwrap_or(usize::MAX));
            }
            graph.owners.resize(graph.nodes.len(), *rule);
        }
        Ok(graph)
    }

    fn push(&mut self, node: Node) -> u32 {
        let id = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(node);
        id
    }

    /// The step at which `expr` is asked, when it goes on at `yes` or `no`.
    fn emit(
        &mut self,
        expr: &Expr,
        yes: u32,
        no: u32,
        leaves: &mut Leaves,
        constant: &dyn Fn(&Check) -> Option<bool>,
    ) -> Result<u32, CompileError> {
        match expr {
            Expr::Not(inner) => self.emit(inner, no, yes, leaves, constant),
            Expr::And(all) => {
                all.iter().rev().try_fold(yes, |next, e| self.emit(e, next, no, leaves, constant))
            }
            Expr::Or(all) => {
                all.iter().rev().try_fold(no, |next, e| self.emit(e, yes, next, leaves, constant))
            }
            Expr::Check(check) => {
                let leaf = leaves.add(check)?;
                Ok(match constant(check) {
                    Some(true) => yes,
                    Some(false) => no,
                    None if yes == no => yes,
                    None => self.push(Node::Ask { leaf, yes, no }),
                })
            }
            Expr::Macro { name, at } => Err(CompileError {
                message: format!("macro '{name}' was not put in"),
                at: *at,
                unknown_field: false,
            }),
        }
    }

    /// Asks everything that is needed to know which rules hold; `first` stops at the first.
    pub(super) fn run<S: Subject>(&self, leaves: &[Leaf], subject: &S, memo: &mut Memo, first: bool) {
        match memo.asked.is_empty() {
            true => self.walk::<S, false>(leaves, subject, memo, first),
            false => self.walk::<S, true>(leaves, subject, memo, first),
        }
    }

    fn walk<S: Subject, const COUNT: bool>(
        &self,
        leaves: &[Leaf],
        subject: &S,
        memo: &mut Memo,
        first: bool,
    ) {
        memo.begin(leaves.len());
        let mut at = self.entry;
        // Every step leads to one that was built before it: the walk ends.
        while let Some(node) = usize::try_from(at).ok().and_then(|at| self.nodes.get(at)) {
            match *node {
                Node::End => break,
                Node::Ask { leaf, yes, no } => {
                    if COUNT {
                        memo.charge(leaf, usize::try_from(at).ok().and_then(|at| self.owners.get(at)));
                    }
                    at = if memo.ask(leaf, leaves, subject) { yes } else { no };
                }
                Node::Accept { rule, next } => {
                    memo.matched.push(rule);
                    if first {
                        break;
                    }
                    at = next;
                }
            }
        }
    }
}
