//! Text of an expression → tokens.

use super::SyntaxError;
use serde_json::Value;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(String),
    Quoted(String),
    Literal(Value),
    Number(i64),
    Dot,
    Star,
    Flatten,
    Filter,
    OpenBracket,
    CloseBracket,
    OpenBrace,
    CloseBrace,
    OpenParen,
    CloseParen,
    Comma,
    Colon,
    Pipe,
    Or,
    And,
    Not,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    More,
    MoreEqual,
    Current,
    Reference,
}

/// Longest expression taken, in bytes.
pub(super) const MAX_LENGTH: usize = 64 * 1024;

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, SyntaxError> {
    if text.len() > MAX_LENGTH {
        return Err(SyntaxError("expression is longer than 64 KiB".to_owned()));
    }
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(c) = rest.chars().next() {
        let (token, after) = token(c, rest)?;
        out.push(token);
        rest = after.trim_start();
    }
    Ok(out)
}

fn token(c: char, rest: &str) -> Result<(Token, &str), SyntaxError> {
    let pairs = [
        ("[]", Token::Flatten),
        ("[?", Token::Filter),
        ("||", Token::Or),
        ("&&", Token::And),
        ("==", Token::Equal),
        ("!=", Token::NotEqual),
        ("<=", Token::LessEqual),
        (">=", Token::MoreEqual),
        (".", Token::Dot),
        ("*", Token::Star),
        ("[", Token::OpenBracket),
        ("]", Token::CloseBracket),
        ("{", Token::OpenBrace),
        ("}", Token::CloseBrace),
        ("(", Token::OpenParen),
        (")", Token::CloseParen),
        (",", Token::Comma),
        (":", Token::Colon),
        ("|", Token::Pipe),
        ("!", Token::Not),
        ("<", Token::Less),
        (">", Token::More),
        ("@", Token::Current),
        ("&", Token::Reference),
    ];
    for (text, token) in pairs {
        if let Some(after) = rest.strip_prefix(text) {
            return Ok((token, after));
        }
    }
    match c {
        '`' => {
            let (body, after) = delimited(rest, '`')?;
            Ok((Token::Literal(literal(&body.replace("\\`", "`"))?), after))
        }
        '\'' => {
            let (body, after) = delimited(rest, '\'')?;
            Ok((Token::Literal(Value::String(body.replace("\\'", "'"))), after))
        }
        '"' => {
            let (body, after) = delimited(rest, '"')?;
            let name = serde_json::from_str(&format!("\"{body}\""));
            let name = name.map_err(|_| SyntaxError(format!("bad quoted name {body:?}")))?;
            Ok((Token::Quoted(name), after))
        }
        '-' | '0'..='9' => number(rest),
        'a'..='z' | 'A'..='Z' | '_' => {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            Ok((Token::Name(name.to_owned()), after))
        }
        other => Err(SyntaxError(format!("unexpected character {other:?}"))),
    }
}

fn number(rest: &str) -> Result<(Token, &str), SyntaxError> {
    let unsigned = rest.strip_prefix('-').unwrap_or(rest);
    let tail = unsigned.trim_start_matches(|c: char| c.is_ascii_digit());
    let length = rest.len().saturating_sub(tail.len());
    let (digits, after) = rest.split_at(length);
    let number = digits.parse().map_err(|_| SyntaxError(format!("bad number {digits:?}")))?;
    Ok((Token::Number(number), after))
}

/// The text up to the closing delimiter; a backslash keeps the character after it.
fn delimited(rest: &str, delimiter: char) -> Result<(&str, &str), SyntaxError> {
    let body = rest.strip_prefix(delimiter).unwrap_or(rest);
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == delimiter {
            let (inside, after) = body.split_at(at);
            return Ok((inside, after.strip_prefix(delimiter).unwrap_or(after)));
        }
    }
    Err(SyntaxError(format!("{delimiter} is not closed")))
}

/// JSON between backticks; text that is no JSON stands for itself, as older expressions write it.
fn literal(body: &str) -> Result<Value, SyntaxError> {
    let body = body.trim_start();
    match serde_json::from_str(body) {
        Ok(value) => Ok(value),
        Err(_) => serde_json::from_str(&format!("\"{body}\""))
            .map_err(|_| SyntaxError(format!("bad literal {body:?}"))),
    }
}
