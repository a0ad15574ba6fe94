//! Tokens of the condition language, each the longest match of the pattern the reference gives it.

/// A reading position in a condition.
pub(super) struct Lexer<'a> {
    text: &'a str,
    /// Byte offset.
    pub(super) at: usize,
    /// The last token taken, for error messages.
    pub(super) last: &'a str,
}

/// `[[:space:]]`
fn space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, last: "" }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    pub(super) fn done(&self) -> bool {
        self.rest().is_empty()
    }

    fn take(&mut self, length: usize) -> &'a str {
        let token = self.rest().get(..length).unwrap_or("");
        self.at = self.at.saturating_add(token.len());
        self.last = token;
        token
    }

    fn take_while(&mut self, of: impl Fn(u8) -> bool) -> Option<&'a str> {
        let length = self.rest().bytes().take_while(|b| of(*b)).count();
        (length > 0).then(|| self.take(length))
    }

    /// Skips blanks, a backspace included; whether there were any.
    pub(super) fn blank(&mut self) -> bool {
        let blank = |b: u8| matches!(b, b' ' | b'\t' | 0x08 | b'\r' | b'\n');
        let length = self.rest().bytes().take_while(|b| blank(*b)).count();
        self.at = self.at.saturating_add(length);
        length > 0
    }

    /// Takes exactly this text.
    pub(super) fn accept(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.take(text.len());
        }
        found
    }

    /// `not` and the blanks after it.
    pub(super) fn not(&mut self) -> bool {
        let Some(after) = self.rest().strip_prefix("not") else { return false };
        let blanks = after.bytes().take_while(|b| space(*b)).count();
        if blanks > 0 {
            self.take(blanks.saturating_add(3));
        }
        blanks > 0
    }

    fn identifier_length(text: &str) -> usize {
        if !text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) {
            return 0;
        }
        text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count()
    }

    pub(super) fn identifier(&mut self) -> Option<&'a str> {
        let length = Self::identifier_length(self.rest());
        (length > 0).then(|| self.take(length))
    }

    /// Identifiers joined by dots, at least two of them.
    pub(super) fn field_name(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let mut length = Self::identifier_length(rest);
        let mut dots = 0usize;
        while let Some(next) = rest.get(length..).and_then(|r| r.strip_prefix('.')) {
            let more = Self::identifier_length(next);
            if length == 0 || more == 0 {
                break;
            }
            length = length.saturating_add(1).saturating_add(more);
            dots = dots.saturating_add(1);
        }
        (dots > 0).then(|| self.take(length))
    }

    pub(super) fn bare_argument(&mut self) -> Option<&'a str> {
        self.take_while(|b| !matches!(b, b'[' | b']' | b'"' | b'\'') && !space(b))
    }

    pub(super) fn bare_text(&mut self) -> Option<&'a str> {
        self.take_while(|b| !matches!(b, b'(' | b')' | b'"' | b'\'' | b'=' | b',') && !space(b))
    }

    /// A hexadecimal number, or a decimal one with sign, fraction and exponent.
    pub(super) fn number(&mut self) -> Option<&'a str> {
        let rest = self.rest().as_bytes();
        let digits = |from: usize| {
            rest.get(from..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count()
        };
        if rest.first() == Some(&b'0') && matches!(rest.get(1), Some(b'x' | b'X')) {
            let hex = rest.iter().skip(2).take_while(|b| b.is_ascii_alphanumeric()).count();
            if hex > 0 {
                return Some(self.take(hex.saturating_add(2)));
            }
        }
        let sign = usize::from(matches!(rest.first(), Some(b'+' | b'-')));
        let whole = digits(sign);
        if whole == 0 {
            return None;
        }
        let mut end = sign.saturating_add(whole);
        if rest.get(end) == Some(&b'.') {
            end = end.saturating_add(1);
        }
        end = end.saturating_add(digits(end));
        if matches!(rest.get(end), Some(b'e' | b'E'))
            && matches!(rest.get(end.saturating_add(1)), Some(b'+' | b'-'))
        {
            let exponent = digits(end.saturating_add(2));
            if exponent > 0 {
                end = end.saturating_add(2).saturating_add(exponent);
            }
        }
        Some(self.take(end))
    }

    /// A quoted text, unescaped. It ends at its quote unless the byte before is a backslash, whatever is before that.
    pub(super) fn quoted(&mut self) -> Result<Option<String>, String> {
        let rest = self.rest();
        let Some(quote) = rest.as_bytes().first().copied().filter(|b| matches!(b, b'"' | b'\'')) else {
            return Ok(None);
        };
        let mut before = quote;
        let close = rest.bytes().enumerate().skip(1).find(|(_, byte)| {
            let found = *byte == quote && before != b'\\';
            before = *byte;
            found
        });
        let Some((close, _)) = close else { return Ok(None) };
        let token = self.take(close.saturating_add(1));
        let inner = token.get(1..close).unwrap_or("");
        unescape(inner, char::from(quote)).map(Some)
    }
}

fn unescape(inner: &str, quote: char) -> Result<String, String> {
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            // An official rule escapes a blank and means a backslash: kept, as the reference keeps it.
            Some(' ' | '\\') => out.push('\\'),
            Some('/') => out.push('/'),
            Some(c @ ('"' | '\'')) if c == quote => out.push(c),
            Some(c @ ('"' | '\'')) => {
                return Err(format!("escape \\{c} in a text quoted with {quote}"));
            }
            Some(c) => return Err(format!("unsupported escape \\{}", model::escape(&c.to_string()))),
            None => {}
        }
    }
    Ok(out)
}
