//! Tokens as a tree. Semantics: Go's `text/template/parse`.

use super::functions::{self, Function};
use super::lexer::{Lexed, Token, lex};
use super::{Caps, TemplateError};
use std::collections::BTreeMap;

/// What a template does.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// Writes a text.
    Text(Vec<u8>),
    /// Evaluates, and prints what comes of it unless it is given a name.
    Action(Pipe),
    /// `if` and `with`: a pipe, what is done, what is done else.
    If(Branch),
    With(Branch),
    Range(Branch),
    Break,
    Continue,
    /// Runs another template.
    Call {
        name: String,
        pipe: Option<Pipe>,
        line: usize,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) pipe: Pipe,
    pub(super) then: Vec<Node>,
    pub(super) otherwise: Vec<Node>,
}

/// Commands of which each is given what the one before made.
#[derive(Clone, Debug)]
pub(super) struct Pipe {
    pub(super) line: usize,
    /// Names what comes of it is given.
    pub(super) names: Vec<String>,
    /// Whether the names are those of variables that there are.
    pub(super) assigns: bool,
    pub(super) commands: Vec<Vec<Operand>>,
}

#[derive(Clone, Debug)]
pub(super) enum Operand {
    Dot,
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Vec<u8>),
    Field(Vec<String>),
    Variable(String, Vec<String>),
    Function(&'static Function),
    Pipe(Box<Pipe>),
    /// Fields of what an operand gives.
    Chain(Box<Operand>, Vec<String>),
}

pub(super) type Templates = BTreeMap<String, Vec<Node>>;

/// Reads a template and those it defines; the name of the first is empty.
pub(super) fn parse(text: &str, caps: &Caps) -> Result<Templates, TemplateError> {
    if text.len() > caps.template {
        return Err(TemplateError::TooLarge(caps.template));
    }
    let tokens = lex(text).map_err(|(line, why)| TemplateError::Syntax { line, why })?;
    let mut parser =
        Parser { tokens, at: 0, depth: 0, loops: 0, names: vec![String::new()], out: Templates::new() };
    let (nodes, end) = parser.nodes()?;
    if end != End::File {
        let word = if end == End::Else { "else" } else { "end" };
        return Err(parser.fail(format!("{word} without a beginning")));
    }
    parser.out.insert(String::new(), nodes);
    Ok(parser.out)
}

/// What a list of nodes ends at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    File,
    Closed,
    Else,
}

/// Nesting of actions and parentheses.
const DEPTH: usize = 100;

struct Parser {
    tokens: Vec<Lexed>,
    at: usize,
    depth: usize,
    loops: usize,
    /// Variables that are known here.
    names: Vec<String>,
    out: Templates,
}

type Parsed<T> = Result<T, TemplateError>;

impl Parser {
    fn fail(&self, why: impl Into<String>) -> TemplateError {
        let line = self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |lexed| lexed.line);
        TemplateError::Syntax { line, why: why.into() }
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|lexed| &lexed.token)
    }

    fn next(&mut self) -> Option<Lexed> {
        let out = self.tokens.get(self.at).cloned();
        self.at = self.at.saturating_add(1);
        out
    }

    fn next_if(&mut self, token: &Token) -> bool {
        let is = self.peek() == Some(token);
        if is {
            self.at = self.at.saturating_add(1);
        }
        is
    }

    fn close(&mut self) -> Parsed<()> {
        match self.next_if(&Token::Close) {
            true => Ok(()),
            false => Err(self.fail(format!("{} is not expected here", self.shown()))),
        }
    }

    fn shown(&self) -> String {
        match self.peek() {
            None => "the end".to_owned(),
            Some(Token::Word(text)) => text.clone(),
            Some(Token::Field(text)) => format!(".{text}"),
            Some(Token::Variable(text)) => format!("${text}"),
            Some(Token::Sign(sign)) => sign.to_string(),
            Some(Token::Close) => "the end of the action".to_owned(),
            Some(other) => format!("{other:?}"),
        }
    }

    fn deeper(&mut self) -> Parsed<()> {
        self.depth = self.depth.saturating_add(1);
        match self.depth > DEPTH {
            true => Err(self.fail("it is nested too deep")),
            false => Ok(()),
        }
    }

    fn nodes(&mut self) -> Parsed<(Vec<Node>, End)> {
        self.deeper()?;
        let mut out = Vec::new();
        let end = loop {
            match self.next().map(|lexed| lexed.token) {
                None => break End::File,
                Some(Token::Text(text)) => out.push(Node::Text(text)),
                _ => match self.action()? {
                    Ok(node) => out.extend(node),
                    Err(end) => break end,
                },
            }
        };
        self.depth = self.depth.saturating_sub(1);
        Ok((out, end))
    }

    /// An action; the braces are open. `Err` is the end of a list, the braces of an `else` still being open.
    fn action(&mut self) -> Parsed<Result<Option<Node>, End>> {
        let word = match self.peek() {
            Some(Token::Word(word)) => word.clone(),
            _ => String::new(),
        };
        let keyword = matches!(
            word.as_str(),
            "if" | "with" | "range" | "end" | "else" | "define" | "block" | "template" | "break" | "continue"
        );
        if keyword {
            self.at = self.at.saturating_add(1);
        }
        let node = match word.as_str() {
            "end" => {
                self.close()?;
                return Ok(Err(End::Closed));
            }
            "else" => return Ok(Err(End::Else)),
            "if" => Node::If(self.branch("if")?),
            "with" => Node::With(self.branch("with")?),
            "range" => Node::Range(self.branch("range")?),
            "break" | "continue" => {
                self.close()?;
                if self.loops == 0 {
                    return Err(self.fail(format!("{word} outside of a range")));
                }
                if word == "break" { Node::Break } else { Node::Continue }
            }
            "define" => {
                let name = self.name()?;
                self.close()?;
                self.define(name)?;
                return Ok(Ok(None));
            }
            "block" => {
                let name = self.name()?;
                let pipe = self.pipe()?;
                self.close()?;
                let line = pipe.line;
                self.define(name.clone())?;
                Node::Call { name, pipe: Some(pipe), line }
            }
            "template" => {
                let name = self.name()?;
                let line = self.tokens.get(self.at).map_or(1, |lexed| lexed.line);
                let pipe = if self.peek() == Some(&Token::Close) { None } else { Some(self.pipe()?) };
                self.close()?;
                Node::Call { name, pipe, line }
            }
            _ => {
                let pipe = self.pipe()?;
                self.close()?;
                Node::Action(pipe)
            }
        };
        Ok(Ok(Some(node)))
    }

    fn name(&mut self) -> Parsed<String> {
        match self.next().map(|lexed| lexed.token) {
            Some(Token::Quoted(name)) => Ok(String::from_utf8_lossy(&name).into_owned()),
            _ => Err(self.fail("a name in quotes is missing")),
        }
    }

    fn define(&mut self, name: String) -> Parsed<()> {
        let names = std::mem::replace(&mut self.names, vec![String::new()]);
        let loops = std::mem::take(&mut self.loops);
        let (nodes, end) = self.nodes()?;
        (self.names, self.loops) = (names, loops);
        if end != End::Closed {
            return Err(self.fail(format!("the definition of {name} does not end")));
        }
        self.out.insert(name, nodes);
        Ok(())
    }

    fn branch(&mut self, word: &str) -> Parsed<Branch> {
        self.deeper()?;
        let known = self.names.len();
        let pipe = if word == "range" { self.range()? } else { self.pipe()? };
        self.close()?;
        let looped = usize::from(word == "range");
        self.loops = self.loops.saturating_add(looped);
        let (then, mut end) = self.nodes()?;
        self.loops = self.loops.saturating_sub(looped);
        let mut otherwise = Vec::new();
        if end == End::Else {
            // `else if` and `else with` share the end of what they are in.
            let chained = matches!(self.peek(), Some(Token::Word(next)) if next == word && word != "range");
            if chained {
                self.at = self.at.saturating_add(1);
                let inner = self.branch(word)?;
                otherwise.push(if word == "if" { Node::If(inner) } else { Node::With(inner) });
                end = End::Closed;
            } else {
                self.close()?;
                (otherwise, end) = self.nodes()?;
            }
        }
        if end != End::Closed {
            return Err(self.fail(format!("{word} does not end")));
        }
        self.names.truncate(known);
        self.depth = self.depth.saturating_sub(1);
        Ok(Branch { pipe, then, otherwise })
    }

    /// `range $index, $element := pipe`.
    fn range(&mut self) -> Parsed<Pipe> {
        let two = match (self.peek(), self.tokens.get(self.at.saturating_add(1)).map(|lexed| &lexed.token)) {
            (Some(Token::Variable(first)), Some(Token::Sign(','))) => Some(first.clone()),
            _ => None,
        };
        let Some(first) = two else { return self.pipe() };
        self.at = self.at.saturating_add(2);
        let Some(Token::Variable(second)) = self.next().map(|lexed| lexed.token) else {
            return Err(self.fail("range takes two variables, or one"));
        };
        let assigns = match self.next().map(|lexed| lexed.token) {
            Some(Token::Declare) => false,
            Some(Token::Assign) => true,
            _ => return Err(self.fail("the variables of a range are followed by :=")),
        };
        let mut pipe = self.commands()?;
        pipe.names = vec![first.clone(), second.clone()];
        pipe.assigns = assigns;
        match assigns {
            true => [first, second].iter().try_for_each(|name| self.known(name))?,
            false => self.names.extend([first, second]),
        }
        Ok(pipe)
    }

    fn known(&self, name: &String) -> Parsed<()> {
        match self.names.contains(name) {
            true => Ok(()),
            false => Err(self.fail(format!("the variable ${name} is not defined"))),
        }
    }

    fn pipe(&mut self) -> Parsed<Pipe> {
        let given = match (self.peek(), self.tokens.get(self.at.saturating_add(1)).map(|lexed| &lexed.token))
        {
            (Some(Token::Variable(name)), Some(Token::Declare)) => Some((name.clone(), false)),
            (Some(Token::Variable(name)), Some(Token::Assign)) => Some((name.clone(), true)),
            _ => None,
        };
        let Some((name, assigns)) = given else { return self.commands() };
        self.at = self.at.saturating_add(2);
        let mut pipe = self.commands()?;
        match assigns {
            true => self.known(&name)?,
            false => self.names.push(name.clone()),
        }
        pipe.names.push(name);
        pipe.assigns = assigns;
        Ok(pipe)
    }

    fn commands(&mut self) -> Parsed<Pipe> {
        self.deeper()?;
        let line = self.tokens.get(self.at).map_or(1, |lexed| lexed.line);
        let mut commands: Vec<Vec<Operand>> = Vec::new();
        loop {
            let command = self.command()?;
            // What is not a function cannot be given anything.
            let takes = matches!(
                command.first(),
                Some(Operand::Function(_) | Operand::Field(_) | Operand::Variable(..) | Operand::Chain(..))
            );
            if !commands.is_empty() && !takes {
                return Err(self.fail("a command behind | is no function"));
            }
            commands.push(command);
            if !self.next_if(&Token::Sign('|')) {
                break;
            }
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(Pipe { line, names: Vec::new(), assigns: false, commands })
    }

    fn command(&mut self) -> Parsed<Vec<Operand>> {
        let mut out = Vec::new();
        loop {
            match self.peek() {
                None | Some(Token::Close | Token::Sign('|' | ')')) => break,
                _ => out.push(self.operand()?),
            }
        }
        match out.is_empty() {
            true => Err(self.fail("a command is missing")),
            false => Ok(out),
        }
    }

    fn operand(&mut self) -> Parsed<Operand> {
        let Some(lexed) = self.next() else { return Err(self.fail("an operand is missing")) };
        let operand = match lexed.token {
            Token::Dot => Operand::Dot,
            Token::Int(value) => Operand::Int(value),
            Token::Float(value) => Operand::Float(value),
            Token::Quoted(text) => Operand::Text(text),
            Token::Field(name) => Operand::Field(self.fields(vec![name])),
            Token::Variable(name) => {
                self.known(&name)?;
                Operand::Variable(name, self.fields(Vec::new()))
            }
            Token::Sign('(') => {
                let pipe = self.pipe()?;
                if !self.next_if(&Token::Sign(')')) {
                    return Err(self.fail("a parenthesis is not closed"));
                }
                Operand::Pipe(Box::new(pipe))
            }
            Token::Word(word) => match word.as_str() {
                "true" | "false" => Operand::Bool(word == "true"),
                "nil" => Operand::Nil,
                name => Operand::Function(
                    functions::find(name).map_err(|why| TemplateError::Syntax { line: lexed.line, why })?,
                ),
            },
            _ => {
                self.at = self.at.saturating_sub(1);
                return Err(self.fail(format!("{} is not expected here", self.shown())));
            }
        };
        let more = self.fields(Vec::new());
        match (more.is_empty(), &operand) {
            (true, _) => Ok(operand),
            (false, Operand::Pipe(_) | Operand::Function(_)) => Ok(Operand::Chain(Box::new(operand), more)),
            (false, _) => Err(self.fail("a literal has no fields")),
        }
    }

    /// Fields that follow without white space.
    fn fields(&mut self, mut out: Vec<String>) -> Vec<String> {
        while let Some(Lexed { token: Token::Field(name), spaced: false, .. }) = self.tokens.get(self.at) {
            out.push(name.clone());
            self.at = self.at.saturating_add(1);
        }
        out
    }
}
