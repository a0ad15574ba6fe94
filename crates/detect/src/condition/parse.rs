//! From text to tree.

use super::lex::Lexer;
use super::{Check, Expr, Op, Operand, Quantifier, Right, Takes, Transformer};
use std::sync::Arc;

/// Why a condition cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// What is wrong.
    pub message: String,
    /// Byte offset where reading stopped.
    pub at: usize,
}

/// Reads a condition. `depth` bounds the nesting (a rule may have 1000, as in the reference; each pair of
/// parentheses takes several).
///
/// # Errors
/// The first place the grammar does not allow.
pub fn parse(text: &str, depth: usize) -> Result<Expr, ParseError> {
    let mut parser = Parser { lex: Lexer::new(text), left: depth };
    if text.is_empty() {
        return Err(parser.error("the condition is empty"));
    }
    let expr = parser.or()?;
    if !parser.lex.done() {
        let last = model::escape(parser.lex.last).into_owned();
        return Err(parser.error(&format!("unexpected text after '{last}', expected 'and' or 'or'")));
    }
    Ok(Arc::unwrap_or_clone(expr))
}

/// Reads the field or transformer a text begins with, and how many bytes it takes.
///
/// # Errors
/// The text begins with neither.
pub fn parse_operand(text: &str) -> Result<(Operand, usize), String> {
    let mut parser = Parser { lex: Lexer::new(text), left: 50 };
    match parser.operand(false) {
        Ok(Some(operand)) => Ok((operand, parser.lex.at)),
        Ok(None) => {
            let word: String = text.chars().take_while(|c| !c.is_whitespace()).take(40).collect();
            Err(format!("invalid formatting token '{}'", model::escape(&word)))
        }
        Err(error) => Err(error.message),
    }
}

struct Parser<'a> {
    lex: Lexer<'a>,
    left: usize,
}

type Parsed = Result<Arc<Expr>, ParseError>;

impl Parser<'_> {
    fn error(&self, message: &str) -> ParseError {
        ParseError { message: message.to_owned(), at: self.lex.at }
    }

    fn nested<T>(&mut self, of: impl FnOnce(&mut Self) -> Result<T, ParseError>) -> Result<T, ParseError> {
        let Some(left) = self.left.checked_sub(1).filter(|left| *left > 0) else {
            return Err(self.error("the condition is nested too deeply"));
        };
        self.left = left;
        let result = of(self);
        self.left = left.saturating_add(1);
        result
    }

    fn or(&mut self) -> Parsed {
        self.nested(|p| p.chain("or", Self::and, Expr::Or))
    }

    fn and(&mut self) -> Parsed {
        self.nested(|p| p.chain("and", Self::not, Expr::And))
    }

    fn chain(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Parsed,
        join: fn(Vec<Arc<Expr>>) -> Expr,
    ) -> Parsed {
        self.lex.blank();
        let first = part(self)?;
        let mut all = vec![first];
        self.lex.blank();
        while self.lex.accept(word) {
            let next = if self.lex.blank() {
                part(self)?
            } else if self.lex.accept("(") {
                self.remainder()?
            } else {
                return Err(self.error(&format!("expected a blank or '(' after '{word}'")));
            };
            all.push(next);
            self.lex.blank();
        }
        match all.len() {
            1 => all.pop().ok_or_else(|| self.error("expected a check")),
            _ => Ok(Arc::new(join(all))),
        }
    }

    fn not(&mut self) -> Parsed {
        self.nested(|p| {
            let mut negated = false;
            p.lex.blank();
            while p.lex.not() {
                negated = !negated;
            }
            let inner = if p.lex.accept("not(") {
                negated = !negated;
                p.remainder()?
            } else {
                p.check()?
            };
            Ok(if negated { Arc::new(Expr::Not(inner)) } else { inner })
        })
    }

    /// What follows an opening parenthesis.
    fn remainder(&mut self) -> Parsed {
        self.nested(|p| {
            p.lex.blank();
            let inner = p.or()?;
            p.lex.blank();
            if p.lex.accept(")") { Ok(inner) } else { Err(p.error("expected ')'")) }
        })
    }

    fn check(&mut self) -> Parsed {
        self.nested(|p| {
            p.lex.blank();
            if p.lex.accept("(") {
                return p.remainder();
            }
            let at = p.lex.at;
            if let Some(left) = p.operand(false)? {
                return p.condition(left, at).map(|check| Arc::new(Expr::Check(check)));
            }
            match p.lex.identifier() {
                Some(name) => Ok(Arc::new(Expr::Macro { name: name.to_owned(), at })),
                None => Err(p.error("expected '(', a field or a macro")),
            }
        })
    }

    /// A field or a transformer; `None` when the text is neither. On the right a field needs a transformer around it.
    fn operand(&mut self, right: bool) -> Result<Option<Operand>, ParseError> {
        if !right && let Some(name) = self.lex.field_name() {
            return self.field(name.to_owned()).map(Some);
        }
        let found = Transformer::ALL
            .into_iter()
            .find(|t| (right || *t != Transformer::Val) && self.lex.accept(&format!("{}(", t.name())));
        let Some(transformer) = found else { return Ok(None) };
        self.nested(|p| p.arguments(transformer)).map(Some)
    }

    fn field(&mut self, name: String) -> Result<Operand, ParseError> {
        if !self.lex.accept("[") {
            return Ok(Operand::Field { name, arg: None });
        }
        let quoted = self.lex.quoted().map_err(|message| self.error(&message))?;
        let arg = match quoted {
            Some(arg) => arg,
            None => match self.lex.bare_argument() {
                Some(arg) => arg.to_owned(),
                None => return Err(self.error("expected a field argument: a quoted or a bare text")),
            },
        };
        if !self.lex.accept("]") {
            return Err(self.error("expected ']'"));
        }
        Ok(Operand::Field { name, arg: Some(arg) })
    }

    /// The arguments of a transformer and its closing parenthesis.
    fn arguments(&mut self, transformer: Transformer) -> Result<Operand, ParseError> {
        let mut of = Vec::new();
        let many = matches!(transformer, Transformer::Join | Transformer::Concat | Transformer::GetOpt);
        loop {
            self.lex.blank();
            let operand = match self.operand(false)? {
                Some(Operand::Transform(..)) if transformer == Transformer::Val => {
                    return Err(self.error("expected a field in 'val('"));
                }
                Some(operand) => operand,
                None if many => match self.text()? {
                    Some(text) => Operand::Literal(text),
                    None => return Err(self.error("expected a field, a transformer or a text")),
                },
                None => return Err(self.error("expected a field or a transformer")),
            };
            of.push(operand);
            self.lex.blank();
            if self.lex.accept(")") {
                return Ok(Operand::Transform(transformer, of));
            }
            if !many || !self.lex.accept(",") {
                return Err(self.error("expected ')' after the transformer's argument"));
            }
        }
    }

    fn condition(&mut self, left: Operand, at: usize) -> Result<Check, ParseError> {
        self.lex.blank();
        let found = Op::TABLE.iter().find(|(word, ..)| self.lex.accept(word));
        let Some((_, op, takes)) = found else {
            return Err(self.error("expected an operator"));
        };
        let right = match takes {
            Takes::Nothing => Right::Nothing,
            Takes::Number => self.number_right()?,
            Takes::Text => self.text_right()?,
            Takes::List => self.list_right()?,
        };
        Ok(Check { left, op: *op, right, at })
    }

    fn number_right(&mut self) -> Result<Right, ParseError> {
        self.lex.blank();
        if let Some(operand) = self.operand(true)? {
            return Ok(Right::Operand(operand));
        }
        match self.lex.number() {
            Some(number) => Ok(Right::Value(number.to_owned())),
            None => Err(self.error("expected a number or a transformer")),
        }
    }

    fn text(&mut self) -> Result<Option<String>, ParseError> {
        match self.lex.quoted().map_err(|message| self.error(&message))? {
            Some(text) => Ok(Some(text)),
            None => Ok(self.lex.bare_text().map(str::to_owned)),
        }
    }

    fn text_right(&mut self) -> Result<Right, ParseError> {
        self.lex.blank();
        if let Some(operand) = self.operand(true)? {
            return Ok(Right::Operand(operand));
        }
        let start = self.lex.at;
        for (word, quantifier) in
            [("oneof", Quantifier::One), ("anyof", Quantifier::Any), ("allof", Quantifier::All)]
        {
            if self.lex.accept(word) {
                self.lex.blank();
                if self.lex.accept("(") {
                    return self.list_rest().map(|values| Right::Each(quantifier, values));
                }
                self.lex.at = start;
            }
        }
        match self.text()? {
            Some(text) => Ok(Right::Value(text)),
            None => Err(self.error("expected a text or a transformer")),
        }
    }

    fn list_right(&mut self) -> Result<Right, ParseError> {
        self.lex.blank();
        if self.lex.accept("(") {
            return self.list_rest().map(Right::List);
        }
        if let Some(operand) = self.operand(true)? {
            return Ok(Right::Operand(operand));
        }
        match self.lex.identifier() {
            Some(name) => Ok(Right::Value(name.to_owned())),
            None => Err(self.error("expected a list, an identifier or a transformer")),
        }
    }

    /// The values of a list and its closing parenthesis; it may be empty.
    fn list_rest(&mut self) -> Result<Vec<String>, ParseError> {
        self.lex.blank();
        let mut values = Vec::new();
        if let Some(first) = self.text()? {
            values.push(first);
            self.lex.blank();
            while self.lex.accept(",") {
                self.lex.blank();
                let Some(next) = self.text()? else {
                    return Err(self.error("expected a text after ','"));
                };
                values.push(next);
                self.lex.blank();
            }
        }
        if self.lex.accept(")") { Ok(values) } else { Err(self.error("expected ')' after the list")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn show(text: &str) -> String {
        match parse(text, 100) {
            Ok(expr) => expr.to_string(),
            Err(error) => format!("{}: {}", error.at, error.message),
        }
    }

    #[test]
    fn precedence_and_spelling() {
        for (text, want) in [
            ("a.b=1", "a.b = 1"),
            ("a.b == 1", "a.b = 1"),
            ("m", "m"),
            ("not not m", "m"),
            ("not m", "not m"),
            ("not(m)", "not m"),
            ("not not(m)", "m"),
            ("a.b exists and m or n", "((a.b exists and m) or n)"),
            ("m or n and not o", "(m or (n and not o))"),
            ("(m or n) and(o)", "((m or n) and o)"),
            ("a.b in (x, \"y z\", '')", "a.b in (x, \"y z\", \"\")"),
            ("a.b in ()", "a.b in ()"),
            ("a.b in names", "a.b in names"),
            ("a.b[/x/y] intersects (1,2)", "a.b[/x/y] intersects (1, 2)"),
            ("a.b['x y']!=z", "a.b[\"x y\"] != z"),
            ("a.b endswith \\", "a.b endswith \\"),
            ("a.b >= -0x1F and m", "19"),
            ("a.b >= 0x1F", "a.b >= 0x1F"),
            ("a.b < 1.5e+3", "a.b < 1.5e+3"),
            ("tolower(a.b) = val(c.d)", "tolower(a.b) = val(c.d)"),
            ("a.b = toupper(b64(c.d[1]))", "a.b = toupper(b64(c.d[1]))"),
            ("join(\",\", a.b) startswith x", "join(\",\", a.b) startswith x"),
            ("a.b startswith anyof (/x, /y)", "a.b startswith anyof (/x, /y)"),
            ("a.b startswith anyof", "a.b startswith anyof"),
            ("a.b = 'it\\'s'", "a.b = \"it's\""),
            ("a.b\n contains\tx", "5"),
            ("a.b icontains x:y/z%", "a.b icontains x:y/z%"),
            ("  m  ", "m"),
        ] {
            let got = show(text);
            if want.parse::<usize>().is_ok() {
                assert!(got.contains(": "), "{text} gave {got}");
            } else {
                assert_eq!(got, want, "{text}");
            }
        }
    }

    #[test]
    fn errors_say_where() {
        for (text, at) in [
            ("", 0),
            ("a.b", 3),
            ("a.b = ", 6),
            ("(m", 2),
            ("m orn", 4),
            ("m and", 5),
            ("a.b in (x,)", 10),
            ("a.b in (x", 9),
            ("a.b > x", 6),
            ("a.b[", 4),
            ("a.b[x", 5),
            ("m n", 2),
            ("a.b = \"\\q\"", 10),
            ("a.b = '\\\"'", 10),
            ("val(a.b) = 1", 3),
        ] {
            let error = parse(text, 100).unwrap_err();
            assert_eq!(error.at, at, "{text}: {}", error.message);
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = |n: usize| format!("{}m{}", "(".repeat(n), ")".repeat(n));
        assert!(parse(&deep(100), 1000).is_ok());
        assert!(parse(&deep(1000), 1000).unwrap_err().message.contains("deep"));
        assert!(parse(&deep(1_000_000), 1000).is_err());
        assert!(parse(&"not ".repeat(100_001).add_m(), 100).is_ok());
        assert!(parse(&format!("a.b={}", "tolower(".repeat(100_000)), 1000).is_err());
    }

    trait AddM {
        fn add_m(self) -> String;
    }
    impl AddM for String {
        fn add_m(mut self) -> String {
            self.push('m');
            self
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[a-c.() \\[\\]=!<>\"'\\\\,not0-9xé]{0,40}") {
            let _ = parse(&text, 50);
        }

        #[test]
        fn shown_text_means_the_same(text in "(a\\.b (=|in|!=|contains) (x|\\(x, 'y z'\\)|\"q\\\\\\\\r\")( and | or | and not )){0,4}m") {
            if let Ok(expr) = parse(&text, 100) {
                let again = parse(&expr.to_string(), 200).unwrap();
                prop_assert_eq!(again.to_string(), expr.to_string());
            }
        }
    }
}
