//! A template as a row of texts and tokens. Semantics: Go's `text/template/parse` lexer.

/// One piece of an action.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// What stands between actions.
    Text(Vec<u8>),
    /// An action begins.
    Open,
    /// An action ends.
    Close,
    /// `.name`.
    Field(String),
    /// `.`.
    Dot,
    /// `$` or `$name`.
    Variable(String),
    /// A function or a word of the language.
    Word(String),
    /// A whole number, or a character.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A text in quotes.
    Quoted(Vec<u8>),
    /// `(`, `)`, `|`, `,`.
    Sign(char),
    /// `:=`.
    Declare,
    /// `=`.
    Assign,
}

/// A token, the line it is on, and whether white space stands before it.
#[derive(Clone, Debug)]
pub(super) struct Lexed {
    pub(super) token: Token,
    pub(super) line: usize,
    pub(super) spaced: bool,
}

/// Cuts a template into tokens.
///
/// # Errors
/// A message and the line it is about.
pub(super) fn lex(text: &str) -> Result<Vec<Lexed>, (usize, String)> {
    let mut lexer = Lexer { rest: text, line: 1, out: Vec::new() };
    lexer.run()?;
    Ok(lexer.out)
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
    out: Vec<Lexed>,
}

type Lexing = Result<(), (usize, String)>;

const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

impl<'a> Lexer<'a> {
    fn fail(&self, why: impl Into<String>) -> (usize, String) {
        (self.line, why.into())
    }

    /// Goes on by so many bytes, and gives them.
    fn take(&mut self, count: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(count).unwrap_or((self.rest, ""));
        self.rest = rest;
        self.line = self.line.saturating_add(taken.matches('\n').count());
        taken
    }

    fn push(&mut self, token: Token, spaced: bool) {
        self.out.push(Lexed { token, line: self.line, spaced });
    }

    fn run(&mut self) -> Lexing {
        let mut trim = false;
        while !self.rest.is_empty() {
            let until = self.rest.find("{{").unwrap_or(self.rest.len());
            let text = self.take(until);
            let after = self.rest.get(2..).unwrap_or_default();
            let trims = after.starts_with('-') && after.get(1..).is_some_and(|t| t.starts_with(SPACE));
            let text = if trim { text.trim_start_matches(SPACE) } else { text };
            let text = if trims { text.trim_end_matches(SPACE) } else { text };
            if !text.is_empty() {
                self.push(Token::Text(text.as_bytes().to_vec()), false);
            }
            if self.rest.is_empty() {
                break;
            }
            self.take(if trims { 3 } else { 2 });
            trim = self.action(trims)?;
        }
        Ok(())
    }

    /// What is between the braces. Whether the text behind it loses its white space.
    fn action(&mut self, trimmed: bool) -> Result<bool, (usize, String)> {
        let comment = if trimmed { self.rest.trim_start_matches(SPACE) } else { self.rest };
        if comment.starts_with("/*") {
            let skipped = self.rest.len().saturating_sub(comment.len());
            self.take(skipped);
            return self.comment();
        }
        self.push(Token::Open, false);
        loop {
            let length = self.rest.len();
            let blank = length.saturating_sub(self.rest.trim_start_matches(SPACE).len());
            self.take(blank);
            let spaced = blank > 0;
            if self.rest.is_empty() {
                return Err(self.fail("an action is not closed"));
            }
            for (end, trims) in [("}}", false), ("-}}", true)] {
                if self.rest.starts_with(end) && (spaced || !trims) {
                    self.push(Token::Close, spaced);
                    self.take(end.len());
                    return Ok(trims);
                }
            }
            let token = self.token()?;
            self.push(token, spaced);
        }
    }

    fn comment(&mut self) -> Result<bool, (usize, String)> {
        let Some(end) = self.rest.find("*/") else { return Err(self.fail("a comment is not closed")) };
        self.take(end.saturating_add(2));
        let blank = self.rest.len().saturating_sub(self.rest.trim_start_matches(SPACE).len());
        if blank > 0 && self.rest.get(blank..).is_some_and(|rest| rest.starts_with("-}}")) {
            self.take(blank.saturating_add(3));
            return Ok(true);
        }
        if self.rest.starts_with("}}") {
            self.take(2);
            return Ok(false);
        }
        Err(self.fail("a comment ends before its action"))
    }

    fn word(&mut self) -> String {
        let length = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        self.take(length).to_owned()
    }

    fn token(&mut self) -> Result<Token, (usize, String)> {
        let mut chars = self.rest.chars();
        let (first, second) = (chars.next().unwrap_or(' '), chars.next().unwrap_or(' '));
        match first {
            '(' | ')' | '|' | ',' => {
                self.take(1);
                Ok(Token::Sign(first))
            }
            ':' if second == '=' => {
                self.take(2);
                Ok(Token::Declare)
            }
            '=' => {
                self.take(1);
                Ok(Token::Assign)
            }
            '$' => {
                self.take(1);
                let name = self.word();
                Ok(Token::Variable(name))
            }
            '"' => self.quoted(),
            '`' => {
                let inner = self.rest.get(1..).unwrap_or_default();
                let Some(end) = inner.find('`') else { return Err(self.fail("a text is not closed")) };
                let text = inner.get(..end).unwrap_or_default();
                self.take(end.saturating_add(2));
                // A carriage return in a raw text is dropped, as in Go's sources.
                Ok(Token::Quoted(text.replace('\r', "").into_bytes()))
            }
            '\'' => self.character(),
            '.' if !second.is_ascii_digit() => {
                self.take(1);
                match second.is_alphabetic() || second == '_' {
                    true => Ok(Token::Field(self.word())),
                    false => Ok(Token::Dot),
                }
            }
            '+' | '-' | '.' | '0'..='9' => self.number(),
            c if c.is_alphabetic() || c == '_' => Ok(Token::Word(self.word())),
            c => Err(self.fail(format!("{c:?} has no meaning in an action"))),
        }
    }

    fn quoted(&mut self) -> Result<Token, (usize, String)> {
        let mut escaped = false;
        let inner = self.rest.get(1..).unwrap_or_default();
        let end = inner.char_indices().find(|(_, c)| {
            let is = *c == '\n' || (*c == '"' && !escaped);
            escaped = *c == '\\' && !escaped;
            is
        });
        let Some((end, '"')) = end else { return Err(self.fail("a text is not closed")) };
        let text = inner.get(..end).unwrap_or_default();
        let Some(out) = unquote(text) else { return Err(self.fail(format!("\"{text}\" is no text"))) };
        self.take(end.saturating_add(2));
        Ok(Token::Quoted(out))
    }

    fn character(&mut self) -> Result<Token, (usize, String)> {
        let inner = self.rest.get(1..).unwrap_or_default();
        let from = if inner.starts_with('\\') { 2 } else { 1 };
        let end = inner.char_indices().skip(from).find(|(_, c)| *c == '\'').map(|(at, _)| at);
        let text = end.and_then(|end| unquote(inner.get(..end)?));
        let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
        let mut chars = text.as_deref().unwrap_or_default().chars();
        match (chars.next(), chars.next(), end) {
            (Some(c), None, Some(end)) => {
                self.take(end.saturating_add(2));
                Ok(Token::Int(i64::from(u32::from(c))))
            }
            _ => Err(self.fail("a character is malformed")),
        }
    }

    fn number(&mut self) -> Result<Token, (usize, String)> {
        let mut last = ' ';
        let length = self.rest.char_indices().find(|(at, c)| {
            let sign = matches!(c, '+' | '-') && (*at == 0 || matches!(last, 'e' | 'E' | 'p' | 'P'));
            last = *c;
            !(sign || c.is_alphanumeric() || *c == '_' || *c == '.')
        });
        let text = self.take(length.map_or(self.rest.len(), |(at, _)| at));
        let plain = text.replace('_', "");
        let (negative, digits) = match plain.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
        };
        let lower = digits.to_ascii_lowercase();
        let whole = match (lower.get(..2), lower.get(2..)) {
            (Some("0x"), Some(rest)) => i64::from_str_radix(rest, 16).ok(),
            (Some("0b"), Some(rest)) => i64::from_str_radix(rest, 2).ok(),
            (Some("0o"), Some(rest)) => i64::from_str_radix(rest, 8).ok(),
            _ if lower.len() > 1 && lower.starts_with('0') => i64::from_str_radix(&lower, 8).ok(),
            _ => lower.parse().ok(),
        };
        if let Some(whole) = whole {
            return Ok(Token::Int(if negative { whole.saturating_neg() } else { whole }));
        }
        let float = Some(&lower)
            .filter(|text| !text.contains(['x', 'n', 'i']))
            .and_then(|text| text.parse::<f64>().ok());
        match float {
            Some(float) => Ok(Token::Float(if negative { -float } else { float })),
            None => Err(self.fail(format!("{text} is no number"))),
        }
    }
}

/// The text of what stands between quotes.
fn unquote(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..)?;
        if c != '\\' {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let c = rest.chars().next()?;
        rest = rest.get(c.len_utf8()..)?;
        let mut digits = |count: usize, radix: u32| {
            let value = u32::from_str_radix(rest.get(..count)?, radix).ok()?;
            rest = rest.get(count..)?;
            Some(value)
        };
        let byte = match c {
            'a' => 7,
            'b' => 8,
            'f' => 12,
            'n' => b'\n',
            'r' => b'\r',
            't' => b'\t',
            'v' => 11,
            '\\' | '"' | '\'' => u8::try_from(c).ok()?,
            'x' => u8::try_from(digits(2, 16)?).ok()?,
            'u' | 'U' => {
                let c = char::from_u32(digits(if c == 'u' { 4 } else { 8 }, 16)?)?;
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            '0'..='7' => {
                let first = c.to_digit(8)?;
                u8::try_from(first.saturating_mul(64).saturating_add(digits(2, 8)?)).ok()?
            }
            _ => return None,
        };
        out.push(byte);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<Token> {
        lex(text).unwrap().into_iter().map(|lexed| lexed.token).collect()
    }

    #[test]
    fn trims_and_comments() {
        let text = |t: &str| Token::Text(t.as_bytes().to_vec());
        assert_eq!(tokens("a {{- /* x */ -}} b"), [text("a"), text("b")]);
        assert_eq!(tokens("a {{/* x */}} b"), [text("a "), text(" b")]);
        assert_eq!(
            tokens("a {{- 3 -}}\n b"),
            [text("a"), Token::Open, Token::Int(3), Token::Close, text("b")]
        );
        assert_eq!(tokens("{{-3}}"), [Token::Open, Token::Int(-3), Token::Close]);
        assert_eq!(tokens("{{ \"}}\" }}"), [Token::Open, Token::Quoted(b"}}".to_vec()), Token::Close]);
    }

    #[test]
    fn literals() {
        for (text, want) in [
            ("0x1F", Token::Int(31)),
            ("1_000", Token::Int(1000)),
            ("-1.5e3", Token::Float(-1500.0)),
            (".5", Token::Float(0.5)),
            ("'a'", Token::Int(97)),
            ("'\\n'", Token::Int(10)),
            ("`a\\`", Token::Quoted(b"a\\".to_vec())),
            (r#""\x41\u00e9\101\t""#, Token::Quoted("AéA\t".into())),
            (".Name", Token::Field("Name".into())),
            ("$x", Token::Variable("x".into())),
        ] {
            assert_eq!(tokens(&format!("{{{{{text}}}}}"))[1], want, "{text}");
        }
    }

    #[test]
    fn what_is_wrong() {
        for text in
            ["{{", "{{ \"a }}", "{{ 'ab' }}", "{{/* a }}", "{{/* a */ x}}", "{{ 1x }}", "{{ # }}", "{{ ` }}"]
        {
            assert!(lex(text).is_err(), "{text}");
        }
        assert_eq!(lex("a\nb\n{{ # }}").unwrap_err().0, 3);
    }
}
