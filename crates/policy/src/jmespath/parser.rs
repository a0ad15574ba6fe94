//! Tokens → syntax tree, by binding power.

use super::lexer::{Token, tokens};
use super::{Comparison, Expr, SyntaxError};

/// Deepest nesting taken.
const MAX_DEPTH: usize = 100;

pub(super) fn parse(text: &str) -> Result<Expr, SyntaxError> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
    let expr = parser.expression(0)?;
    match parser.peek() {
        None => Ok(expr),
        Some(token) => Err(SyntaxError(format!("unexpected {token:?} after the expression"))),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

/// Binding powers; what binds weaker than a projection ends it.
const PIPE: u8 = 1;
const OR: u8 = 2;
const AND: u8 = 3;
const COMPARE: u8 = 5;
const FLATTEN: u8 = 9;
const PROJECTION_STOP: u8 = 10;
const STAR: u8 = 20;
const FILTER: u8 = 21;
const DOT: u8 = 40;
const NOT: u8 = 45;
const BRACKET: u8 = 55;
const PAREN: u8 = 60;

fn power(token: &Token) -> u8 {
    match token {
        Token::Pipe => PIPE,
        Token::Or => OR,
        Token::And => AND,
        Token::Equal | Token::NotEqual | Token::Less | Token::LessEqual | Token::More | Token::MoreEqual => {
            COMPARE
        }
        Token::Flatten => FLATTEN,
        Token::Filter => FILTER,
        Token::Dot => DOT,
        Token::OpenBracket => BRACKET,
        Token::OpenParen => PAREN,
        _ => 0,
    }
}

type Parsed = Result<Expr, SyntaxError>;

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Result<Token, SyntaxError> {
        let token = self.tokens.get(self.at).cloned();
        self.at = self.at.saturating_add(1);
        token.ok_or_else(|| SyntaxError("expression ends too early".to_owned()))
    }

    fn eat(&mut self, want: &Token) -> bool {
        let there = self.peek() == Some(want);
        if there {
            self.at = self.at.saturating_add(1);
        }
        there
    }

    fn expect(&mut self, want: &Token) -> Result<(), SyntaxError> {
        let got = self.next()?;
        if got == *want { Ok(()) } else { Err(SyntaxError(format!("expected {want:?}, found {got:?}"))) }
    }

    fn expression(&mut self, minimum: u8) -> Parsed {
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH {
            return Err(SyntaxError(format!("expression is nested more than {MAX_DEPTH} levels deep")));
        }
        let mut left = self.prefix()?;
        while self.peek().map_or(0, power) > minimum {
            left = self.infix(left)?;
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(left)
    }

    fn prefix(&mut self) -> Parsed {
        match self.next()? {
            Token::Literal(value) => Ok(Expr::Literal(value)),
            Token::Name(name) if self.eat(&Token::OpenParen) => self.call(name),
            Token::Name(name) | Token::Quoted(name) => Ok(Expr::Field(name)),
            Token::Current => Ok(Expr::Current),
            Token::Not => Ok(Expr::Not(Box::new(self.expression(NOT)?))),
            Token::Reference => Ok(Expr::Reference(Box::new(self.expression(FLATTEN)?))),
            Token::OpenParen => {
                let inner = self.expression(0)?;
                self.expect(&Token::CloseParen)?;
                Ok(inner)
            }
            Token::Star => self.values(Expr::Current),
            Token::Flatten => {
                let list = Expr::Flatten(Box::new(Expr::Current));
                self.project(list, FLATTEN)
            }
            Token::Filter => self.filter(Expr::Current),
            Token::OpenBracket => match self.peek() {
                Some(Token::Number(_) | Token::Colon | Token::Star) => self.bracket(Expr::Current),
                _ => self.list(),
            },
            Token::OpenBrace => self.hash(),
            token => Err(SyntaxError(format!("unexpected {token:?}"))),
        }
    }

    fn infix(&mut self, left: Expr) -> Parsed {
        let token = self.next()?;
        let compare = |op| Ok::<Comparison, SyntaxError>(op);
        let op = match token {
            Token::Dot => return self.after_dot(left),
            Token::Pipe => {
                return Ok(Expr::Pipe(Box::new(left), Box::new(self.expression(PIPE)?)));
            }
            Token::Or => return Ok(Expr::Or(Box::new(left), Box::new(self.expression(OR)?))),
            Token::And => return Ok(Expr::And(Box::new(left), Box::new(self.expression(AND)?))),
            Token::Flatten => {
                let list = Expr::Flatten(Box::new(left));
                return self.project(list, FLATTEN);
            }
            Token::Filter => return self.filter(left),
            Token::OpenBracket => return self.bracket(left),
            Token::Equal => compare(Comparison::Equal)?,
            Token::NotEqual => compare(Comparison::NotEqual)?,
            Token::Less => compare(Comparison::Less)?,
            Token::LessEqual => compare(Comparison::LessEqual)?,
            Token::More => compare(Comparison::More)?,
            Token::MoreEqual => compare(Comparison::MoreEqual)?,
            token => return Err(SyntaxError(format!("unexpected {token:?}"))),
        };
        Ok(Expr::Compare(op, Box::new(left), Box::new(self.expression(COMPARE)?)))
    }

    fn after_dot(&mut self, left: Expr) -> Parsed {
        if self.eat(&Token::Star) {
            return self.values(left);
        }
        let right = self.dot_operand(DOT)?;
        Ok(Expr::Then(Box::new(left), Box::new(right)))
    }

    /// What may follow a dot: a name, a call, a list or a hash.
    fn dot_operand(&mut self, minimum: u8) -> Parsed {
        match self.peek() {
            Some(Token::Name(_) | Token::Quoted(_) | Token::Star) => self.expression(minimum),
            Some(Token::OpenBracket) => {
                self.at = self.at.saturating_add(1);
                self.list()
            }
            Some(Token::OpenBrace) => {
                self.at = self.at.saturating_add(1);
                self.hash()
            }
            other => Err(SyntaxError(format!("expected a name after the dot, found {other:?}"))),
        }
    }

    fn values(&mut self, left: Expr) -> Parsed {
        let right = self.projected(STAR)?;
        Ok(Expr::Values(Box::new(left), Box::new(right)))
    }

    fn project(&mut self, list: Expr, minimum: u8) -> Parsed {
        let right = self.projected(minimum)?;
        Ok(Expr::Project(Box::new(list), Box::new(right)))
    }

    fn filter(&mut self, left: Expr) -> Parsed {
        let condition = self.expression(0)?;
        self.expect(&Token::CloseBracket)?;
        let right =
            if self.peek() == Some(&Token::Flatten) { Expr::Current } else { self.projected(FILTER)? };
        Ok(Expr::Filter(Box::new(left), Box::new(condition), Box::new(right)))
    }

    /// What a projection is applied to each element with.
    fn projected(&mut self, minimum: u8) -> Parsed {
        match self.peek() {
            Some(token) if power(token) < PROJECTION_STOP => Ok(Expr::Current),
            Some(Token::OpenBracket | Token::Filter) => self.expression(minimum),
            Some(Token::Dot) => {
                self.at = self.at.saturating_add(1);
                self.dot_operand(minimum)
            }
            None => Ok(Expr::Current),
            Some(token) => Err(SyntaxError(format!("unexpected {token:?} after a projection"))),
        }
    }

    /// `[…]` after an expression: an index, a slice or `[*]`.
    fn bracket(&mut self, left: Expr) -> Parsed {
        if self.eat(&Token::Star) {
            self.expect(&Token::CloseBracket)?;
            return self.project(left, STAR);
        }
        let mut parts = [None; 3];
        let mut colons = 0_usize;
        loop {
            match self.next()? {
                Token::Number(n) => {
                    if let Some(part) = parts.get_mut(colons) {
                        *part = Some(n);
                    }
                }
                Token::Colon if colons < 2 => colons = colons.saturating_add(1),
                Token::CloseBracket => break,
                token => return Err(SyntaxError(format!("unexpected {token:?} in brackets"))),
            }
        }
        let [start, stop, step] = parts;
        if colons > 0 {
            let slice = Expr::Then(Box::new(left), Box::new(Expr::Slice(start, stop, step)));
            return self.project(slice, STAR);
        }
        let index = start.ok_or_else(|| SyntaxError("empty brackets".to_owned()))?;
        Ok(Expr::Then(Box::new(left), Box::new(Expr::Index(index))))
    }

    fn list(&mut self) -> Parsed {
        let mut items = Vec::new();
        loop {
            items.push(self.expression(0)?);
            match self.next()? {
                Token::Comma => {}
                Token::CloseBracket => return Ok(Expr::List(items)),
                token => return Err(SyntaxError(format!("unexpected {token:?} in a list"))),
            }
        }
    }

    fn hash(&mut self) -> Parsed {
        let mut pairs = Vec::new();
        loop {
            let key = match self.next()? {
                Token::Name(name) | Token::Quoted(name) => name,
                token => return Err(SyntaxError(format!("unexpected key {token:?}"))),
            };
            self.expect(&Token::Colon)?;
            pairs.push((key, self.expression(0)?));
            match self.next()? {
                Token::Comma => {}
                Token::CloseBrace => return Ok(Expr::Hash(pairs)),
                token => return Err(SyntaxError(format!("unexpected {token:?} in a hash"))),
            }
        }
    }

    fn call(&mut self, name: String) -> Parsed {
        let mut arguments = Vec::new();
        if !self.eat(&Token::CloseParen) {
            loop {
                arguments.push(self.expression(0)?);
                match self.next()? {
                    Token::Comma => {}
                    Token::CloseParen => break,
                    token => return Err(SyntaxError(format!("unexpected {token:?} in arguments"))),
                }
            }
        }
        let function = super::functions::find(&name)
            .ok_or_else(|| SyntaxError(format!("function {name} is not supported")))?;
        Ok(Expr::Call(function, arguments))
    }
}
