//! Patterns of grep and sed, and of file names, as regular expressions.

use regex::{Regex, RegexBuilder};

/// Largest compiled pattern, in bytes.
const MAX_SIZE: usize = 1 << 20;

/// How a pattern is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `grep`, `sed`: `\(`, `\|`, `\+` are special and `(`, `|`, `+` are not.
    Basic,
    /// `grep -E`: the other way round.
    Extended,
    /// `grep -F`: nothing is special.
    Fixed,
}

/// A pattern compiled; `None` for one that is not understood.
pub(super) fn compile(pattern: &str, dialect: Dialect, any_case: bool) -> Option<Regex> {
    let text = match dialect {
        Dialect::Fixed => regex::escape(pattern),
        _ => translate(pattern, dialect == Dialect::Extended)?,
    };
    RegexBuilder::new(&text).case_insensitive(any_case).size_limit(MAX_SIZE).build().ok()
}

fn translate(pattern: &str, extended: bool) -> Option<String> {
    let mut out = String::new();
    let mut chars = pattern.chars().peekable();
    // At the beginning of an expression a star stands for itself and `^` is an anchor.
    let mut start = true;
    while let Some(c) = chars.next() {
        let was_start = std::mem::replace(&mut start, false);
        match c {
            '\\' => {
                let next = chars.next()?;
                match next {
                    '(' | ')' | '|' | '{' | '}' | '+' | '?' if !extended => {
                        out.push(next);
                        start = matches!(next, '(' | '|');
                    }
                    's' | 'S' | 'w' | 'W' | 'b' => out.extend(['\\', next]),
                    next if next.is_ascii_punctuation() => out.push_str(&regex::escape(&next.to_string())),
                    _ => return None,
                }
            }
            '[' => bracket(&mut chars, &mut out)?,
            '*' if was_start => out.push_str(r"\*"),
            '*' | '.' => out.push(c),
            '^' if was_start => {
                out.push('^');
                start = true;
            }
            '^' if !extended => out.push_str(r"\^"),
            '$' if !extended => {
                let end = match chars.peek() {
                    None => true,
                    Some('\\') => chars.clone().nth(1).is_some_and(|c| matches!(c, ')' | '|')),
                    Some(_) => false,
                };
                out.push_str(if end { "$" } else { r"\$" });
            }
            '(' | '|' if extended => {
                out.push(c);
                start = true;
            }
            ')' | '+' | '?' | '$' | '^' if extended => out.push(c),
            '{' | '}' if extended => return None,
            other => out.push_str(&regex::escape(&other.to_string())),
        }
    }
    Some(out)
}

/// What stands between `[` and `]`.
fn bracket(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) -> Option<()> {
    out.push('[');
    if chars.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut first = true;
    loop {
        let c = chars.next()?;
        match c {
            ']' if !first => break,
            '[' if chars.peek() == Some(&':') => {
                let mut class = String::from("[");
                loop {
                    let c = chars.next()?;
                    class.push(c);
                    if class.ends_with(":]") {
                        break;
                    }
                }
                out.push_str(&class);
            }
            '-' => out.push('-'),
            c if c.is_alphanumeric() => out.push(c),
            c => out.push_str(&regex::escape(&c.to_string())),
        }
        first = false;
    }
    out.push(']');
    Some(())
}

/// Whether a name fits a pattern of file names; `None` for more than `*` and `?`.
pub(super) fn fits(pattern: &str, name: &str) -> Option<bool> {
    if pattern.contains(['[', ']', '\\']) {
        return None;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    // Where the last star was, and where its text may go on.
    let (mut p, mut n, mut star) = (0_usize, 0_usize, None);
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p = p.saturating_add(1);
            }
            Some(c) if *c == '?' || Some(c) == name.get(n) => {
                p = p.saturating_add(1);
                n = n.saturating_add(1);
            }
            _ => {
                let Some((at, from)) = star else { return Some(false) };
                p = at.saturating_add(1);
                n = from.saturating_add(1);
                star = Some((at, n));
            }
        }
    }
    Some(pattern.iter().skip(p).all(|c| *c == '*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_and_extended() {
        for (pattern, dialect, text, hit) in [
            ("a(b)", Dialect::Basic, "a(b)", true),
            (r"a\(b\|c\)d", Dialect::Basic, "acd", true),
            ("a|b", Dialect::Basic, "b", false),
            ("a|b", Dialect::Extended, "b", true),
            ("*a", Dialect::Basic, "x*ax", true),
            ("a*b", Dialect::Basic, "b", true),
            ("[= ]x", Dialect::Basic, "=x", true),
            ("[^ ]*$", Dialect::Basic, "a b", true),
            ("a$b", Dialect::Basic, "a$b", true),
            (r"providers\:\[.*\]", Dialect::Basic, "providers:[x]", true),
            (r"^service\s\+kubernetes\s", Dialect::Basic, "service  kubernetes ", true),
            ("a.b", Dialect::Fixed, "axb", false),
            ("[[:space:]]x", Dialect::Extended, " x", true),
        ] {
            let found = compile(pattern, dialect, false).map(|regex| regex.is_match(text));
            assert_eq!(found, Some(hit), "{pattern}");
        }
    }

    #[test]
    fn what_is_not_understood() {
        for (pattern, dialect) in
            [("a{2}", Dialect::Extended), (r"\<a", Dialect::Basic), ("[a", Dialect::Basic)]
        {
            let pattern = compile(pattern, dialect, false);
            assert!(pattern.is_none() || pattern.is_some_and(|p| p.is_match("<a")));
        }
    }

    #[test]
    fn names_of_files() {
        for (pattern, name, want) in [
            ("*.crt", "ca.crt", true),
            ("*etcd*", "etcd", true),
            ("a?c", "abc", true),
            ("*.key", "ca.crt", false),
        ] {
            assert_eq!(fits(pattern, name), Some(want), "{pattern}");
        }
        assert_eq!(fits("[ab]", "a"), None);
    }
}
