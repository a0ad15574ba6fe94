//! Licences as packages declare them, made into SPDX's expressions where they mean one.
//!
//! Semantics: Trivy's `pkg/licensing` (names) and `pkg/licensing/expression` (grammar).

use super::{Json, license_names};
use regex::Regex;
use std::sync::LazyLock;

/// A licence, or two that are joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expression {
    /// One, and whether later versions count as well.
    One(String, bool),
    /// Two, by `OR`, `AND` or `WITH`.
    Two(Box<Expression>, Join, Box<Expression>),
}

/// By what two are joined; what binds closer is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Join {
    Or,
    And,
    With,
}

impl Join {
    fn word(self) -> &'static str {
        match self {
            Self::Or => "OR",
            Self::And => "AND",
            Self::With => "WITH",
        }
    }
}

/// What is not a name but a text.
pub(super) const TEXT: &str = "text://";

/// Licences whose ids say whether later versions count.
const GNU: [&str; 17] = [
    "AGPL-1.0",
    "AGPL-3.0",
    "GFDL-1.1-invariants",
    "GFDL-1.1-no-invariants",
    "GFDL-1.1",
    "GFDL-1.2-invariants",
    "GFDL-1.2-no-invariants",
    "GFDL-1.2",
    "GFDL-1.3-invariants",
    "GFDL-1.3-no-invariants",
    "GFDL-1.3",
    "GPL-1.0",
    "GPL-2.0",
    "GPL-3.0",
    "LGPL-2.0",
    "LGPL-2.1",
    "LGPL-3.0",
];

impl std::fmt::Display for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::One(name, plus) => match (GNU.contains(&name.as_str()), plus) {
                (true, true) => write!(f, "{name}-or-later"),
                (true, false) => write!(f, "{name}-only"),
                (false, true) => write!(f, "{name}+"),
                (false, false) => f.write_str(name),
            },
            Self::Two(left, join, right) => {
                let side = |side: &Self| match side {
                    Self::Two(_, inner, _) if join > inner => format!("({side})"),
                    side => side.to_string(),
                };
                write!(f, "{} {} {}", side(left), join.word(), side(right))
            }
        }
    }
}

impl Expression {
    /// Whether SPDX's list has all of it.
    pub(super) fn known(&self) -> bool {
        match self {
            Self::One(..) => is_license(&self.to_string()),
            Self::Two(left, Join::With, right) => left.known() && exception(&right.to_string()).is_some(),
            Self::Two(left, _, right) => left.known() && right.known(),
        }
    }

    /// The same, every part changed from the outside in.
    pub(super) fn changed(self, change: &mut dyn FnMut(Self) -> Self) -> Self {
        match change(self) {
            Self::Two(left, join, right) => {
                Self::Two(Box::new(left.changed(change)), join, Box::new(right.changed(change)))
            }
            one => one,
        }
    }
}

fn is_license(id: &str) -> bool {
    spdx::identifiers::LICENSES.iter().any(|known| known.name == id)
}

fn exception(id: &str) -> Option<&'static str> {
    spdx::identifiers::EXCEPTIONS.iter().map(|known| known.name).find(|known| known.eq_ignore_ascii_case(id))
}

/// A declared licence as an expression of SPDX's names; nothing when it is not written as one.
pub(super) fn normal(license: &str) -> Option<Expression> {
    let spaced = license.replace("-with-", " WITH ").replace("-WITH-", " WITH ");
    Some(parse(&spaced)?.changed(&mut named).changed(&mut written))
}

/// A name by the one SPDX has for it.
fn named(expression: Expression) -> Expression {
    match &expression {
        Expression::One(name, plus) => {
            let (key, later) = key(name.trim());
            if let Some((id, always)) = license_names::find(&key) {
                return Expression::One(id.to_owned(), *plus || always || later);
            }
            let canonical =
                spdx::identifiers::LICENSES.iter().find(|known| known.name.eq_ignore_ascii_case(&key));
            match canonical {
                Some(known) => Expression::One(known.name.to_owned(), *plus || later),
                None => Expression::One(name.trim().to_owned(), *plus),
            }
        }
        Expression::Two(_, Join::With, _) => {
            let (key, later) = key(&expression.to_string());
            match license_names::find(&key) {
                Some((id, always)) => Expression::One(id.to_owned(), always || later),
                None => expression,
            }
        }
        Expression::Two(..) => expression,
    }
}

/// What an id must not hold becomes a hyphen; exceptions are written as SPDX does.
fn written(expression: Expression) -> Expression {
    match expression {
        Expression::One(name, plus) => {
            let sound = |c: char| c.is_ascii_alphabetic() || c.is_numeric() || matches!(c, '-' | '.' | ':');
            Expression::One(name.chars().map(|c| if sound(c) { c } else { '-' }).collect(), plus)
        }
        Expression::Two(left, Join::With, right) => match exception(&right.to_string()) {
            Some(id) => Expression::Two(left, Join::With, Box::new(Expression::One(id.to_owned(), false))),
            None => Expression::Two(left, Join::With, right),
        },
        other => other,
    }
}
static VERSION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"([A-UW-Z)])( LICENSE)?\s*[,(-]?\s*(V|V\.|VER|VER\.|VERSION|VERSION-|-)?\s*([1-9](\.\d)*)[)]?$",
    )
    .expect("a constant pattern")
});

/// A name as the table has it, and whether it says that later versions count.
fn key(name: &str) -> (String, bool) {
    let mut name = name.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase();
    if name.starts_with("HTTP") {
        return (name, false);
    }
    name = name.replace("LICENCE", "LICENSE");
    let mut rest = name.strip_prefix("THE ").unwrap_or(&name);
    for end in [" LICENSE", " LICENSED", "-LICENSE", "-LICENSED"] {
        rest = rest.strip_suffix(end).unwrap_or(rest);
    }
    // Two names end in the word without being followed by it.
    for (whole, end) in [("UNLICENSE", "LICENSE"), ("UNLICENSED", "LICENSED")] {
        if rest != whole {
            rest = rest.strip_suffix(end).unwrap_or(rest);
        }
    }
    let mut later = false;
    for end in ["+", "-OR-LATER", " OR LATER"] {
        if let Some(before) = rest.strip_suffix(end) {
            (rest, later) = (before, true);
        }
    }
    for end in ["-ONLY", " ONLY"] {
        rest = rest.strip_suffix(end).unwrap_or(rest);
    }
    (VERSION.replace_all(rest, "${1}-${4}").into_owned(), later)
}

/// Nesting of parentheses and of what they join.
const DEPTH: usize = 50;

fn parse(text: &str) -> Option<Expression> {
    let tokens = tokens(text);
    let mut parser = Parser { tokens: &tokens, at: 0 };
    let out = parser.joined(Join::Or, 0)?;
    (parser.at == tokens.len()).then_some(out)
}

/// Words, parentheses, and a plus that ends a word.
fn tokens(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let ends =
            c == '+' && chars.peek().is_none_or(|next| next.is_whitespace() || matches!(next, '(' | ')'));
        if c.is_whitespace() || matches!(c, '(' | ')') || ends || (c == '+' && word.is_empty()) {
            out.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
            out.extend((!c.is_whitespace()).then(|| c.to_string()));
        } else {
            word.push(c);
        }
    }
    out.extend(Some(word).filter(|word| !word.is_empty()));
    out
}

struct Parser<'a> {
    tokens: &'a [String],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(String::as_str)
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn joined(&mut self, join: Join, depth: usize) -> Option<Expression> {
        let deeper = depth.saturating_add(1);
        let inner = |parser: &mut Self| match join {
            Join::Or => parser.joined(Join::And, deeper),
            Join::And => parser.joined(Join::With, deeper),
            Join::With => parser.one(deeper),
        };
        if depth > DEPTH {
            return None;
        }
        let mut out = inner(self)?;
        while self.peek().is_some_and(|word| word.eq_ignore_ascii_case(join.word())) {
            self.step();
            // The last of the three leans to the right.
            let right = match join {
                Join::With => self.joined(Join::With, deeper)?,
                _ => inner(self)?,
            };
            out = Expression::Two(Box::new(out), join, Box::new(right));
        }
        Some(out)
    }

    fn one(&mut self, depth: usize) -> Option<Expression> {
        if self.peek() == Some("(") {
            self.step();
            let out = self.joined(Join::Or, depth.saturating_add(1))?;
            let closed = self.peek() == Some(")");
            self.step();
            return closed.then_some(out);
        }
        let keyword = |word: &str| {
            matches!(word, "(" | ")" | "+")
                || ["OR", "AND", "WITH"].iter().any(|k| word.eq_ignore_ascii_case(k))
        };
        let mut name: Option<Expression> = None;
        while let Some(word) = self.peek().filter(|word| !keyword(word)) {
            let joined = match &name {
                Some(before) => format!("{before} {word}"),
                None => word.to_owned(),
            };
            name = Some(Expression::One(joined, false));
            self.step();
        }
        let name = name?;
        if self.peek() == Some("+") {
            self.step();
            return Some(Expression::One(name.to_string(), true));
        }
        Some(name)
    }
}

/// Licences as CycloneDX has them: one expression where all are known and one joins others, else each on its own.
pub(super) fn cyclonedx(licenses: &[String]) -> Json {
    let entry = |key: &str, value: Json| Json::Object(vec![(key.to_owned(), value)]);
    let single = |license: &String| match license.strip_prefix(TEXT) {
        Some(text) => Expression::One(text.to_owned(), false),
        None => normal(license).unwrap_or_else(|| {
            let spaced = license.replace("-with-", " WITH ").replace("-WITH-", " WITH ");
            Expression::One(spaced, false)
        }),
    };
    let all: Vec<Expression> = licenses.iter().filter(|license| !license.is_empty()).map(single).collect();
    if all.is_empty() {
        return Json::Null;
    }
    if all.iter().all(Expression::known) && all.iter().any(|one| matches!(one, Expression::Two(..))) {
        let joined = all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" AND ");
        return Json::List(vec![entry("expression", Json::String(joined))]);
    }
    let choice = |one: &Expression| {
        let key = if matches!(one, Expression::One(..)) && one.known() { "id" } else { "name" };
        entry("license", entry(key, Json::String(one.to_string())))
    };
    Json::List(all.iter().map(choice).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (license, want) in [
            ("MIT", "MIT"),
            ("mit", "MIT"),
            ("The MIT License", "MIT"),
            ("Apache License, Version 2.0", "Apache-2.0"),
            ("Apache 2", "Apache-2.0"),
            ("apache-2.0", "Apache-2.0"),
            ("GPL-2.0", "GPL-2.0-only"),
            ("GPL-2.0+", "GPL-2.0-or-later"),
            ("GPLv2+", "GPL-2.0-or-later"),
            ("GPL-2.0-or-later", "GPL-2.0-or-later"),
            ("GNU General Public License v3 (GPLv3)", "(GNU-General-Public-License-v3-AND"),
            ("BSD", "BSD-3-Clause"),
            ("MIT OR Apache-2.0 AND BSD-2-Clause", "MIT OR Apache-2.0 AND BSD-2-Clause"),
            ("(MIT OR ISC) and Zlib", "(MIT OR ISC) AND Zlib"),
            ("GPL-2.0 WITH classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"),
            ("Public Domain", "Public-Domain"),
            ("Unlicense", "Unlicense"),
            ("http://x/y z", "http:--x-y-z"),
        ] {
            let got = normal(license).map(|e| e.to_string());
            if want.starts_with("(GNU") {
                assert_eq!(got, None, "a parenthesis behind a name is no expression");
                continue;
            }
            assert_eq!(got.as_deref(), Some(want), "{license}");
        }
        assert_eq!((normal(""), normal("A OR"), normal("(A"), normal("A )")), (None, None, None, None));
        assert_eq!(normal(&"(".repeat(10_000)), None);
    }

    #[test]
    fn choices() {
        let json = |list: &[&str]| {
            let list: Vec<String> = list.iter().map(|one| (*one).to_owned()).collect();
            super::super::json::compact(&cyclonedx(&list), false)
        };
        assert_eq!(json(&["MIT", "foo"]), r#"[{"license":{"id":"MIT"}},{"license":{"name":"foo"}}]"#);
        assert_eq!(json(&["MIT OR ISC", "Zlib"]), r#"[{"expression":"MIT OR ISC AND Zlib"}]"#);
        assert_eq!(json(&["MIT OR foo"]), r#"[{"license":{"name":"MIT OR foo"}}]"#);
        assert_eq!(json(&["text://All rights"]), r#"[{"license":{"name":"All rights"}}]"#);
        assert_eq!(json(&["", ""]), "null");
    }
}
