//! From items to rules: lists into text, macros into trees, everything checked.
//!
//! Semantics: Falco's `rule_loader_compiler.cpp` and `filter_macro_resolver.cpp`.

use super::Limits;
use super::collect::{Collector, MacroItem, RuleItem};
use super::context::Context;
use super::diagnostics::{Code, Problem};
use super::official;
use super::text::{put_list, quote};
use crate::condition::{Check, Expr, Op, Right, parse};
use crate::engine::{Checker, Finding};
use crate::output::Template;
use crate::rule::{DetectionRule, RuleSet};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// A condition's tree and how large it is with everything put in.
#[derive(Clone)]
struct Sized {
    expr: Arc<Expr>,
    checks: usize,
    depth: usize,
}

/// More types of events than this make a rule expensive.
const MANY_TYPES: usize = 100;

struct List {
    name: String,
    items: Vec<String>,
    used: bool,
    context: Context,
}

struct Macro {
    index: usize,
    visibility: usize,
    tree: Sized,
    used: bool,
    context: Context,
    condition: String,
}

/// Everything of one pass over what was collected.
pub(super) struct Resolver<'c> {
    collected: &'c Collector,
    limits: &'c Limits,
    lists: Vec<List>,
    macros: Vec<Macro>,
    names: HashMap<String, usize>,
    pub(super) problems: Vec<Problem>,
}

impl<'c> Resolver<'c> {
    pub(super) fn new(collected: &'c Collector, limits: &'c Limits) -> Self {
        let mut resolver = Self {
            collected,
            limits,
            lists: Vec::with_capacity(collected.lists.len()),
            macros: Vec::with_capacity(collected.macros.len()),
            names: HashMap::new(),
            problems: Vec::new(),
        };
        resolver.expand_lists();
        resolver
    }

    /// A list that names an earlier one holds its items: those written there, not what they stand for in turn.
    fn expand_lists(&mut self) {
        let mut used = BTreeSet::new();
        let by_name: HashMap<&str, usize> =
            self.collected.lists.iter().enumerate().map(|(n, list)| (list.name.as_str(), n)).collect();
        for list in &self.collected.lists {
            let mut items = Vec::with_capacity(list.items.len());
            for item in &list.items {
                let other = by_name.get(item.as_str()).and_then(|n| self.collected.lists.get(*n));
                match other.filter(|other| other.index < list.visibility) {
                    Some(other) => {
                        used.insert(other.name.clone());
                        items.extend(other.items.iter().map(|item| quote(item)));
                    }
                    None => items.push(quote(item)),
                }
            }
            let (name, context) = (list.name.clone(), list.context.clone());
            self.lists.push(List { name, items, used: false, context });
        }
        for list in &mut self.lists {
            list.used = used.contains(&list.name);
        }
    }

    fn parse(&mut self, condition: &str, context: &Context) -> Result<(Sized, String), Problem> {
        let mut text = condition.to_owned();
        for list in &mut self.lists {
            if put_list(&mut text, &list.name, &list.items, self.limits.condition) {
                list.used = true;
            }
        }
        if text.len() > self.limits.condition {
            let message = format!(
                "condition of {} bytes is longer than the cap of {}",
                text.len(),
                self.limits.condition
            );
            return Err(Problem::new(Code::ErrCompileCondition, message, context));
        }
        match parse(&text, self.limits.depth) {
            Ok(expr) => {
                let (checks, depth) = measure(&expr);
                Ok((Sized { expr: Arc::new(expr), checks, depth }, text))
            }
            Err(error) => {
                let at = context.in_condition(&text, error.at);
                Err(Problem::new(Code::ErrCompileCondition, error.message, &at))
            }
        }
    }

    /// Puts macros into the trees of macros, in order of definition.
    pub(super) fn macros(&mut self) {
        for item in &self.collected.macros {
            let MacroItem { index, visibility, .. } = *item;
            match self.parse(&item.condition, &item.condition_context) {
                Ok((tree, condition)) => {
                    self.names.insert(item.name.clone(), self.macros.len());
                    let context = item.context.clone();
                    self.macros.push(Macro { index, visibility, tree, used: false, context, condition });
                }
                Err(problem) => self.problems.push(problem),
            }
        }
        for at in 0..self.macros.len() {
            let Some(item) = self.macros.get(at) else { continue };
            let (tree, visibility) = (item.tree.clone(), item.visibility);
            let (context, condition) = (item.context.clone(), item.condition.clone());
            match self.put_in(&tree, visibility, &context, &condition, &mut Vec::new()) {
                Ok(tree) => {
                    if let Some(item) = self.macros.get_mut(at) {
                        item.tree = tree;
                    }
                }
                Err(problem) => self.problems.push(problem),
            }
        }
    }

    /// Replaces each macro by its tree; only those defined before `visibility` are seen.
    fn put_in(
        &mut self,
        tree: &Sized,
        visibility: usize,
        context: &Context,
        condition: &str,
        path: &mut Vec<usize>,
    ) -> Result<Sized, Problem> {
        let (mut checks, mut depth) = (0usize, 0usize);
        let expr = match &*tree.expr {
            Expr::Check(_) => return Ok(tree.clone()),
            Expr::Macro { name, at } => {
                return self.one_macro(name, *at, visibility, context, condition, path);
            }
            Expr::Not(inner) => {
                let inner = Sized { expr: inner.clone(), checks: 0, depth: 0 };
                let inner = self.put_in(&inner, visibility, context, condition, path)?;
                (checks, depth) = (inner.checks, inner.depth);
                Expr::Not(inner.expr)
            }
            Expr::And(all) | Expr::Or(all) => {
                let mut parts = Vec::with_capacity(all.len());
                for part in all {
                    let part = Sized { expr: part.clone(), checks: 0, depth: 0 };
                    let part = self.put_in(&part, visibility, context, condition, path)?;
                    checks = checks.saturating_add(part.checks);
                    depth = depth.max(part.depth);
                    parts.push(part.expr);
                }
                if matches!(&*tree.expr, Expr::And(_)) { Expr::And(parts) } else { Expr::Or(parts) }
            }
        };
        let sized = Sized { expr: Arc::new(expr), checks: checks.max(1), depth: depth.saturating_add(1) };
        if sized.checks > self.limits.checks || sized.depth > self.limits.depth {
            let message = format!(
                "condition is too large with its macros put in: {} checks, {} levels (at most {} and {})",
                sized.checks, sized.depth, self.limits.checks, self.limits.depth
            );
            return Err(Problem::new(Code::ErrCompileCondition, message, context));
        }
        Ok(sized)
    }

    fn one_macro(
        &mut self,
        name: &str,
        at: usize,
        visibility: usize,
        context: &Context,
        condition: &str,
        path: &mut Vec<usize>,
    ) -> Result<Sized, Problem> {
        let place = context.in_condition(condition, at);
        let number = self.names.get(name).copied();
        let found = number.and_then(|n| self.macros.get_mut(n).map(|m| (n, m)));
        let Some((number, item)) = found.filter(|(_, m)| m.index < visibility) else {
            let mut problem = Problem::new(
                Code::ErrValidate,
                format!("undefined macro '{}' used in filter", model::escape(name)),
                &place,
            );
            problem.help =
                official::file_of(name).map(|file| format!("it is defined in {file}: load that file first"));
            return Err(problem);
        };
        if path.contains(&number) {
            let message = format!("macro '{name}' uses itself");
            return Err(Problem::new(Code::ErrValidate, message, &place));
        }
        if path.len() > self.limits.depth {
            return Err(Problem::new(Code::ErrCompileCondition, "macros are nested too deeply", &place));
        }
        item.used = true;
        let tree = item.tree.clone();
        path.push(number);
        let tree = self.put_in(&tree, visibility, context, condition, path);
        path.pop();
        tree
    }

    /// The rules, each with its condition complete.
    pub(super) fn rules(&mut self, checker: &mut Checker) -> RuleSet {
        let mut set = RuleSet::default();
        for item in &self.collected.rules {
            if !item.known_source || item.priority > self.limits.min_priority {
                continue;
            }
            match self.rule(item, checker) {
                Ok(Some(rule)) => set.rules.push(rule),
                Ok(None) => {}
                Err(problem) => self.problems.push(problem),
            }
        }
        set
    }

    fn rule(&mut self, item: &RuleItem, checker: &mut Checker) -> Result<Option<DetectionRule>, Problem> {
        let mut condition = item.condition.clone();
        for exception in &item.exceptions {
            condition.push_str(&exception.condition()?);
        }
        if condition.len() != item.condition.len() {
            // What was appended must not bind to the last operand of the condition alone.
            condition = format!(
                "({}) {}",
                item.condition,
                condition.get(item.condition.len()..).unwrap_or("").trim_start()
            );
        }
        let (tree, text) = self.parse(&condition, &item.condition_context)?;
        let mut macros = Vec::new();
        names(&tree.expr, &mut macros);
        let tree = self.put_in(&tree, usize::MAX, &item.context, &text, &mut Vec::new())?;
        if unsafe_na(&tree.expr) {
            let message = "a field is compared with <NA>; use 'exists'";
            self.problems.push(Problem::new(Code::UnsafeNaCheck, message, &item.context));
        }
        let output = item.output.replace("%container.info", "").trim_end().to_owned();
        let template = Template::parse(&output)
            .map_err(|message| Problem::new(Code::ErrCompileOutput, message, &item.output_context))?;
        let rule = DetectionRule {
            name: item.name.clone(),
            desc: item.desc.clone(),
            source: item.source.clone(),
            priority: item.priority,
            tags: item.tags.iter().cloned().collect(),
            enabled: item.enabled,
            condition: tree.expr,
            condition_text: item.condition.trim().to_owned(),
            output: template,
            output_text: item.output.clone(),
            macros,
            file: item.context.file.clone(),
            document: item.context.document,
            pointer: item.context.pointer().to_owned(),
        };
        match checker.check(&rule) {
            Finding::Types(count) => {
                if item.warn_evttypes && (count == 0 || count > MANY_TYPES) {
                    let message = "rule matches too many evt.type values";
                    let mut problem = Problem::new(Code::NoEvtType, message, &item.context);
                    problem.help =
                        Some("begin the condition with a check of evt.type, or 'spawned_process and'".into());
                    self.problems.push(problem);
                }
                Ok(Some(rule))
            }
            Finding::Condition(fault) if fault.unknown_field && item.skip_if_unknown => {
                self.problems.push(Problem::new(Code::UnknownFilter, fault.message, &item.condition_context));
                Ok(None)
            }
            Finding::Condition(fault) => {
                let place = item.condition_context.in_condition(&text, fault.at);
                Err(Problem::new(Code::ErrCompileCondition, fault.message, &place))
            }
            Finding::Output(fault) => {
                Err(Problem::new(Code::ErrCompileOutput, fault.message, &item.output_context))
            }
        }
    }

    /// Names what nothing uses.
    pub(super) fn unused(&mut self) {
        for item in self.macros.iter().filter(|m| !m.used) {
            let message = "macro not referred to by any other rule/macro";
            self.problems.push(Problem::new(Code::UnusedMacro, message, &item.context));
        }
        for list in self.lists.iter().filter(|l| !l.used) {
            let message = "list not referred to by any other rule/macro/list";
            self.problems.push(Problem::new(Code::UnusedList, message, &list.context));
        }
    }
}

fn measure(expr: &Expr) -> (usize, usize) {
    match expr {
        Expr::Check(_) | Expr::Macro { .. } => (1, 1),
        Expr::Not(inner) => {
            let (checks, depth) = measure(inner);
            (checks, depth.saturating_add(1))
        }
        Expr::And(all) | Expr::Or(all) => {
            let parts = all.iter().map(|e| measure(e));
            let (checks, depth) =
                parts.fold((0usize, 0usize), |a, b| (a.0.saturating_add(b.0), a.1.max(b.1)));
            (checks, depth.saturating_add(1))
        }
    }
}

fn names(expr: &Expr, into: &mut Vec<String>) {
    match expr {
        Expr::And(all) | Expr::Or(all) => all.iter().for_each(|e| names(e, into)),
        Expr::Not(inner) => names(inner, into),
        Expr::Macro { name, .. } if !into.contains(name) => into.push(name.clone()),
        Expr::Macro { .. } | Expr::Check(_) => {}
    }
}

fn unsafe_na(expr: &Expr) -> bool {
    let mut found = false;
    expr.checks(&mut |check: &Check| {
        let mut plugin = false;
        check.left.fields(&mut |name, _| plugin |= name.starts_with("ka.") || name.starts_with("jevt."));
        let equality = matches!(check.op, Op::Eq | Op::Ne | Op::In | Op::Intersects | Op::PMatch);
        let na = match &check.right {
            Right::Value(value) => value == "<NA>",
            Right::List(values) => values.iter().any(|v| v == "<NA>"),
            _ => false,
        };
        found |= plugin && equality && na;
    });
    found
}
