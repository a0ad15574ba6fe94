//! A template at work. Semantics: Go's `text/template` executor.

use super::functions::{Function, World};
use super::parser::{Branch, Node, Operand, Pipe, Templates};
use super::print;
use super::value::Value;
use super::{Caps, TemplateError};
use std::collections::BTreeMap;

/// Whether a list of nodes goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    On,
    Break,
    Continue,
}

/// What functions may look at and keep while a template runs.
pub(super) struct Scope<'a> {
    pub(super) world: &'a World,
    /// Patterns that were compiled.
    pub(super) patterns: BTreeMap<Vec<u8>, regex::bytes::Regex>,
}

struct Run<'a> {
    templates: &'a Templates,
    caps: &'a Caps,
    scope: Scope<'a>,
    out: Vec<u8>,
    names: Vec<(&'a str, Value)>,
    steps: usize,
    depth: usize,
    line: usize,
}

type Ran<T> = Result<T, TemplateError>;

/// Runs the first template on a value.
pub(super) fn run(templates: &Templates, data: Value, world: &World, caps: &Caps) -> Ran<Vec<u8>> {
    let scope = Scope { world, patterns: BTreeMap::new() };
    let names = vec![("", data.clone())];
    let mut run = Run { templates, caps, scope, out: Vec::new(), names, steps: 0, depth: 0, line: 1 };
    let nodes = templates.get("").map(Vec::as_slice).unwrap_or_default();
    run.nodes(nodes, &data)?;
    Ok(run.out)
}

impl<'a> Run<'a> {
    fn fail(&self, why: impl Into<String>) -> TemplateError {
        TemplateError::Run { line: self.line, why: why.into() }
    }

    fn step(&mut self) -> Ran<()> {
        self.steps = self.steps.saturating_add(1);
        if self.steps > self.caps.steps {
            return Err(TemplateError::Steps(self.caps.steps));
        }
        if self.out.len() > self.caps.output {
            return Err(TemplateError::Output(self.caps.output));
        }
        Ok(())
    }

    fn nodes(&mut self, nodes: &'a [Node], dot: &Value) -> Ran<Flow> {
        for node in nodes {
            let flow = self.node(node, dot)?;
            if flow != Flow::On {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn node(&mut self, node: &'a Node, dot: &Value) -> Ran<Flow> {
        self.step()?;
        match node {
            Node::Text(text) => self.out.extend_from_slice(text),
            Node::Action(pipe) => {
                let value = self.pipe(pipe, dot)?;
                if pipe.names.is_empty() {
                    self.out.extend(print::action(&value));
                }
            }
            Node::If(branch) | Node::With(branch) => {
                return self.branch(branch, dot, matches!(node, Node::With(_)));
            }
            Node::Range(branch) => return self.range(branch, dot),
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
            Node::Call { name, pipe, line } => {
                self.line = *line;
                let value = pipe.as_ref().map(|pipe| self.pipe(pipe, dot)).transpose()?;
                self.call(name, value.unwrap_or(Value::Nil))?;
            }
        }
        Ok(Flow::On)
    }

    fn call(&mut self, name: &str, data: Value) -> Ran<()> {
        let Some(nodes) = self.templates.get(name).filter(|_| !name.is_empty()) else {
            return Err(self.fail(format!("there is no template {name}")));
        };
        self.depth = self.depth.saturating_add(1);
        if self.depth > self.caps.depth {
            return Err(TemplateError::Depth(self.caps.depth));
        }
        let names = std::mem::replace(&mut self.names, vec![("", data.clone())]);
        self.nodes(nodes, &data)?;
        self.names = names;
        self.depth = self.depth.saturating_sub(1);
        Ok(())
    }

    fn branch(&mut self, branch: &'a Branch, dot: &Value, with: bool) -> Ran<Flow> {
        let known = self.names.len();
        let value = self.pipe(&branch.pipe, dot)?;
        let flow = match (value.truth(), with) {
            (true, true) => self.nodes(&branch.then, &value),
            (true, false) => self.nodes(&branch.then, dot),
            (false, _) => self.nodes(&branch.otherwise, dot),
        };
        self.names.truncate(known);
        flow
    }

    fn range(&mut self, branch: &'a Branch, dot: &Value) -> Ran<Flow> {
        let known = self.names.len();
        let value = self.pipe(&branch.pipe, dot)?;
        let entries: Vec<(Value, Value)> = match &value {
            Value::List(list) => {
                (0..).zip(list.iter()).map(|(at, one)| (Value::Int(at), one.clone())).collect()
            }
            Value::Map(map) => {
                map.borrow().entries.iter().map(|(key, one)| (Value::text(key), one.clone())).collect()
            }
            Value::Int(count) => {
                let count = (*count).clamp(0, i64::try_from(self.caps.steps).unwrap_or(i64::MAX));
                (0..count).map(|n| (Value::Int(n), Value::Int(n))).collect()
            }
            Value::Nil | Value::Null => Vec::new(),
            other => return Err(self.fail(format!("range cannot go over a value of type {}", other.kind()))),
        };
        if entries.is_empty() {
            let flow = self.nodes(&branch.otherwise, dot);
            self.names.truncate(known);
            return flow;
        }
        for (key, one) in entries {
            self.step()?;
            // One name is the element's, two are the key's and the element's.
            let given = match branch.pipe.names.as_slice() {
                [] => Vec::new(),
                [name] => vec![(name, one.clone())],
                [first, second, ..] => vec![(first, key), (second, one.clone())],
            };
            for (name, value) in given {
                self.name(name, value, branch.pipe.assigns);
            }
            let flow = self.nodes(&branch.then, &one)?;
            self.names.truncate(known);
            if flow == Flow::Break {
                break;
            }
        }
        self.names.truncate(known);
        Ok(Flow::On)
    }

    fn name(&mut self, name: &'a str, value: Value, assigns: bool) {
        match self.names.iter_mut().rev().find(|(known, _)| assigns && *known == name) {
            Some((_, old)) => *old = value,
            None => self.names.push((name, value)),
        }
    }

    fn pipe(&mut self, pipe: &'a Pipe, dot: &Value) -> Ran<Value> {
        self.line = pipe.line;
        let mut value = None;
        for command in &pipe.commands {
            self.step()?;
            value = Some(self.command(command, dot, value)?);
        }
        let value = value.unwrap_or(Value::Nil);
        // A range names the elements, not the list.
        if let [name] = pipe.names.as_slice() {
            self.name(name, value.clone(), pipe.assigns);
        }
        Ok(value)
    }

    fn command(&mut self, command: &'a [Operand], dot: &Value, last: Option<Value>) -> Ran<Value> {
        let (first, rest) = command.split_first().ok_or_else(|| self.fail("a command is missing"))?;
        if let Operand::Function(function) = first {
            return self.function(function, rest, dot, last);
        }
        if !rest.is_empty() || last.is_some() {
            return Err(self.fail("what is no function is given arguments"));
        }
        self.operand(first, dot)
    }

    fn function(
        &mut self,
        function: &'static Function,
        rest: &'a [Operand],
        dot: &Value,
        last: Option<Value>,
    ) -> Ran<Value> {
        if matches!(function.name, "and" | "or") {
            return self.short(function.name == "and", rest, dot, last);
        }
        let mut values = Vec::with_capacity(rest.len().saturating_add(1));
        for operand in rest {
            values.push(self.operand(operand, dot)?);
        }
        values.extend(last);
        let (least, most) = function.takes;
        if values.len() < least || values.len() > most {
            let why = format!("{} takes {least} arguments, and has {}", function.name, values.len());
            return Err(self.fail(why));
        }
        (function.run)(&mut self.scope, &values).map_err(|why| self.fail(format!("{}: {why}", function.name)))
    }

    /// `and` and `or` look no further than they must.
    fn short(&mut self, and: bool, rest: &'a [Operand], dot: &Value, last: Option<Value>) -> Ran<Value> {
        let mut value = Value::Nil;
        for operand in rest {
            value = self.operand(operand, dot)?;
            if value.truth() != and {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }

    fn operand(&mut self, operand: &'a Operand, dot: &Value) -> Ran<Value> {
        self.step()?;
        match operand {
            Operand::Dot => Ok(dot.clone()),
            Operand::Nil => Ok(Value::Nil),
            Operand::Bool(value) => Ok(Value::Bool(*value)),
            Operand::Int(value) => Ok(Value::Int(*value)),
            Operand::Float(value) => Ok(Value::Float(*value)),
            Operand::Text(text) => Ok(Value::text(text)),
            Operand::Field(fields) => self.fields(dot.clone(), fields),
            Operand::Variable(name, fields) => {
                let found = self.names.iter().rev().find(|(known, _)| known == name);
                let value = found.map(|(_, value)| value.clone());
                let value = value.ok_or_else(|| self.fail(format!("the variable ${name} is not defined")))?;
                self.fields(value, fields)
            }
            Operand::Function(function) => self.function(function, &[], dot, None),
            Operand::Pipe(pipe) => {
                let known = self.names.len();
                let value = self.pipe(pipe, dot)?;
                self.names.truncate(known);
                Ok(value)
            }
            Operand::Chain(inner, fields) => {
                let value = self.operand(inner, dot)?;
                self.fields(value, fields)
            }
        }
    }

    fn fields(&self, mut value: Value, fields: &[String]) -> Ran<Value> {
        for name in fields {
            value = value.field(name).map_err(|why| self.fail(why))?;
        }
        Ok(value)
    }
}
