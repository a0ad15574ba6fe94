//! What an alert says: a text with fields in it.
//!
//! Semantics: Falco's `libsinsp/eventformatter.cpp`: `%field[arg]`, a width after the percent sign, transformers.

use crate::condition::{Operand, parse_operand};

/// A piece of an output.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Text as it is.
    Text(String),
    /// A field.
    Field {
        /// What is asked.
        operand: Operand,
        /// As it is written, without the percent sign: its key in JSON.
        key: String,
        /// Characters to pad or cut to.
        width: Option<usize>,
    },
    /// A field of the JSON shape that the line does not show.
    Extra {
        /// What is asked.
        operand: Operand,
        /// Its key.
        key: String,
    },
}

/// An output, in pieces.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Template {
    /// The pieces.
    pub parts: Vec<Part>,
}

/// Widest field that is padded.
const WIDEST: usize = 1000;

impl Template {
    /// Reads an output. A leading `*` (show the line though fields are missing) is what alerts do anyway.
    ///
    /// # Errors
    /// A percent sign that no field follows.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text.strip_prefix('*').unwrap_or(text);
        while let Some((before, after)) = rest.split_once('%') {
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            let (width, field) = after.split_at_checked(digits).unwrap_or(("", after));
            let width: Option<usize> = match width {
                "" => None,
                width => {
                    Some(width.parse().ok().filter(|w| *w <= WIDEST).ok_or("a field's width is too large")?)
                }
            };
            let (operand, used) = parse_operand(field)?;
            let Some((key, after)) = field.split_at_checked(used) else { break };
            parts.push(Part::Field { operand, key: key.to_owned(), width });
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { parts })
    }

    /// Calls `each` for every field of the output.
    pub fn fields<'a>(&'a self, each: &mut dyn FnMut(&'a str, Option<&'a str>)) {
        for part in &self.parts {
            if let Part::Field { operand, .. } | Part::Extra { operand, .. } = part {
                operand.fields(each);
            }
        }
    }

    /// Adds a text with fields to the end of the line, after a blank.
    ///
    /// # Errors
    /// As [`Template::parse`].
    pub fn append(&mut self, text: &str) -> Result<(), String> {
        let more = Self::parse(text)?;
        self.parts.push(Part::Text(" ".to_owned()));
        self.parts.extend(more.parts);
        Ok(())
    }

    /// Adds a field of the JSON shape: `name` is its key, `text` the field with or without its percent sign.
    ///
    /// # Errors
    /// A text that is no field.
    pub fn extra(&mut self, name: Option<&str>, text: &str) -> Result<(), String> {
        let text = text.strip_prefix('%').unwrap_or(text);
        let (operand, used) = parse_operand(text)?;
        if used != text.len() {
            return Err(format!("'{}' is no field", model::escape(text)));
        }
        self.parts.push(Part::Extra { operand, key: name.unwrap_or(text).to_owned() });
        Ok(())
    }
}

/// Appends `text` with every character that could move a cursor, end a line or hide text spelled out, as JSON would.
pub(crate) fn push_safe(out: &mut String, text: &str) {
    use std::fmt::Write as _;
    for c in text.chars() {
        match c {
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces() {
        let keys = |text: &str| {
            let template = Template::parse(text)?;
            Ok::<Vec<String>, String>(
                template
                    .parts
                    .into_iter()
                    .map(|part| match part {
                        Part::Text(text) => format!("'{text}'"),
                        Part::Extra { key, .. } => format!("+{key}"),
                        Part::Field { key, width, .. } => {
                            format!("{key}{}", width.map_or(String::new(), |w| format!("/{w}")))
                        }
                    })
                    .collect(),
            )
        };
        assert_eq!(keys("a (b=%c.d e=%f.g[1])").unwrap(), ["'a (b='", "c.d", "' e='", "f.g[1]", "')'"]);
        assert_eq!(keys("%c.d.").unwrap(), ["c.d", "'.'"]);
        assert_eq!(keys("%c.d%e.f").unwrap(), ["c.d", "e.f"]);
        assert_eq!(keys("*%10c.d|").unwrap(), ["c.d/10", "'|'"]);
        assert_eq!(keys("%toupper(c.d)!").unwrap(), ["toupper(c.d)", "'!'"]);
        assert!(keys("%j.v[/a/b c]").is_err());
        for bad in ["100%", "%", "%c", "% c.d", "%99999999999999999999c.d"] {
            assert!(keys(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_added() {
        let mut template = Template::parse("a %b.c").unwrap();
        template.append("d=%d.e").unwrap();
        template.extra(None, "f.g").unwrap();
        template.extra(Some("name"), "%h.i[1]").unwrap();
        let keys: Vec<&str> = template
            .parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.as_str(),
                Part::Field { key, .. } | Part::Extra { key, .. } => key,
            })
            .collect();
        assert_eq!(keys, ["a ", "b.c", " ", "d=", "d.e", "f.g", "name"]);
        assert!(template.extra(None, "f.g and more").is_err() && template.append("%").is_err());
    }

    #[test]
    fn unsafe_characters_are_spelled_out() {
        let mut out = String::new();
        push_safe(&mut out, "a\n\u{1b}[31m\u{9b}é\"\\");
        assert_eq!(out, "a\\n\\u001b[31m\\u009bé\"\\");
    }
}
