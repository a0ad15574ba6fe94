//! Who must have signed: a name and the issuer that vouches for it, exactly or by pattern.

use regex::{Regex, RegexBuilder};
use std::fmt;

/// Bytes a compiled pattern may take.
const PATTERN_SIZE: usize = 1 << 20;

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{pattern} is no usable regular expression: {why}")]
pub struct PatternError {
    /// The pattern as written.
    pub pattern: String,
    /// What is wrong with it.
    pub why: String,
}

/// What a text must be.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// This text.
    Exact(String),
    /// Something this expression is found in, as Cosign's `-regexp` flags mean it.
    Regex(Regex),
    /// Something the whole of which fits `*` and `?`, as Kyverno writes it.
    Glob(String, Regex),
}

impl Pattern {
    /// Compiles a regular expression. The second part warns of expressions that accept more than they seem to.
    ///
    /// # Errors
    /// When it is malformed, or too large once compiled.
    pub fn regex(pattern: &str) -> Result<(Self, Option<String>), PatternError> {
        let warning = match anchored(pattern) {
            true => None,
            false => Some(format!(
                "{pattern} also accepts longer names that contain a match; write ^(…)$ to mean the whole name"
            )),
        };
        Ok((Self::Regex(compile(pattern, pattern)?), warning))
    }

    /// Compiles a text with `*` and `?`.
    ///
    /// # Errors
    /// When it is too large once compiled.
    pub fn glob(glob: &str) -> Result<Self, PatternError> {
        let mut out = String::from("^(?s:");
        for c in glob.chars() {
            match c {
                '*' => out.push_str(".*"),
                '?' => out.push('.'),
                c => out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
            }
        }
        out.push_str(")$");
        Ok(Self::Glob(glob.to_owned(), compile(&out, glob)?))
    }

    /// Whether a text is what it must be. Nothing matches the empty text.
    pub fn matches(&self, text: &str) -> bool {
        !text.is_empty()
            && match self {
                Self::Exact(want) => want == text,
                Self::Regex(regex) | Self::Glob(_, regex) => regex.is_match(text),
            }
    }
}

fn compile(regex: &str, shown: &str) -> Result<Regex, PatternError> {
    let error = |e: regex::Error| PatternError { pattern: shown.to_owned(), why: e.to_string() };
    RegexBuilder::new(regex).size_limit(PATTERN_SIZE).build().map_err(error)
}

/// Whether an expression is bound at both ends, in every branch that can be seen without parsing it.
fn anchored(pattern: &str) -> bool {
    let inner = pattern.strip_prefix('^').and_then(|p| p.strip_suffix('$'));
    // A branch at the outermost level escapes the anchors: `^a|b$`.
    let Some(inner) = inner.filter(|i| !i.ends_with('\\')) else { return false };
    let (mut depth, mut class, mut escaped) = (0_i32, false, false);
    for c in inner.chars() {
        match (c, escaped, class) {
            ('|', false, false) if depth == 0 => return false,
            ('(', false, false) => depth = depth.saturating_add(1),
            (')', false, false) => depth = depth.saturating_sub(1),
            ('[', false, _) => class = true,
            (']', false, _) => class = false,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    true
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(text) | Self::Glob(text, _) => f.write_str(text),
            Self::Regex(regex) => write!(f, "/{regex}/"),
        }
    }
}

/// Who must have signed.
#[derive(Clone, Debug)]
pub struct IdentityRule {
    /// The name in the certificate: an e-mail address, a URI, or a user name.
    pub identity: Pattern,
    /// Who vouches for the name: the issuer of the token.
    pub issuer: Pattern,
}

impl IdentityRule {
    /// Both exactly.
    pub fn exact(identity: &str, issuer: &str) -> Self {
        Self { identity: Pattern::Exact(identity.to_owned()), issuer: Pattern::Exact(issuer.to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matching() {
        let regex = |p: &str| Pattern::regex(p).unwrap().0;
        for (pattern, text, want) in [
            (Pattern::Exact("a@b".into()), "a@b", true),
            (Pattern::Exact("a@b".into()), "a@b.c", false),
            (Pattern::Exact(String::new()), "", false),
            (regex("ci@example"), "ci@example.com.evil.test", true),
            (regex("^ci@example[.]com$"), "ci@example.com.evil.test", false),
            (regex(".*"), "", false),
            (Pattern::glob("https://github.com/org/*").unwrap(), "https://github.com/org/repo", true),
            (Pattern::glob("https://github.com/org/*").unwrap(), "https://github.com/organised/repo", false),
            (Pattern::glob("a.c").unwrap(), "abc", false),
            (Pattern::glob("a?c").unwrap(), "abc", true),
        ] {
            assert_eq!(pattern.matches(text), want, "{pattern} on {text}");
        }
    }

    #[test]
    fn expressions_that_accept_more_than_they_seem_to_warn() {
        for (pattern, warns) in [
            ("^a$", false),
            ("^(a|b)$", false),
            ("^[|]a\\|b$", false),
            ("a", true),
            ("^a", true),
            ("a$", true),
            ("^a|b$", true),
            ("^a\\$", true),
        ] {
            assert_eq!(Pattern::regex(pattern).unwrap().1.is_some(), warns, "{pattern}");
        }
        assert!(Pattern::regex("(").is_err());
        assert!(Pattern::regex("((a{1000}){1000}){1000}").is_err(), "a bomb");
    }
}
