//! Path patterns: `*` and `?` stay within a part, `**` spans parts, `[…]` and `{a,b}` choose.
//!
//! Semantics: the Go library doublestar, version 4.

use regex::Regex;

/// The pattern as an expression over whole paths; `None` when it is no pattern.
pub fn glob(pattern: &str) -> Option<Regex> {
    regex::RegexBuilder::new(&expression(pattern)?).size_limit(1 << 20).build().ok()
}

/// The expression itself.
pub(crate) fn expression(pattern: &str) -> Option<String> {
    let mut out = String::from("^");
    let mut chars = pattern.chars().peekable();
    let mut depth = 0_u32;
    let mut start = true;
    while let Some(c) = chars.next() {
        match c {
            '*' if start && chars.next_if_eq(&'*').is_some() => match chars.next_if_eq(&'/') {
                Some(_) => out.push_str("(?:.*/)?"),
                None => out.push_str(".*"),
            },
            // `a/**` is a itself, too.
            '/' if depth == 0 && chars.clone().eq("**".chars()) => {
                out.push_str("(?:/.*)?");
                break;
            }
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '{' => {
                depth = depth.saturating_add(1);
                out.push_str("(?:");
            }
            '}' if depth > 0 => {
                depth = depth.saturating_sub(1);
                out.push(')');
            }
            ',' if depth > 0 => out.push('|'),
            '[' => set(&mut chars, &mut out),
            '\\' => out.push_str(&regex::escape(&chars.next()?.to_string())),
            c => out.push_str(&regex::escape(&c.to_string())),
        }
        start = c == '/' || (c == '*' && out.ends_with("/)?"));
    }
    out.push('$');
    (depth == 0).then_some(out)
}

fn set(chars: &mut impl Iterator<Item = char>, out: &mut String) {
    let set: String = chars.by_ref().take_while(|c| *c != ']').collect();
    let (not, set) = match set.strip_prefix(['!', '^']) {
        Some(set) => ("^", set),
        None => ("", set.as_str()),
    };
    out.push_str(&format!("[{not}{}]", set.replace('\\', "\\\\").replace('[', "\\[").replace('&', "\\&")));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, path, want) in [
            ("**/*.jpg", "a.jpg", true),
            ("**/*.jpg", "x/y/a.jpg", true),
            ("**/*.jpg", "x/a.jpg/b", false),
            ("**/.git/**", ".git/config", true),
            ("**/.git/**", "a/.git", true),
            ("**/.git/**", "a/.github/x", false),
            ("a/**/b", "a/b", true),
            ("a/**/b", "a/x/y/b", true),
            ("a**/b", "a/x/b", false),
            ("a**/b", "axx/b", true),
            ("*.{yaml,yml}", "a.yml", true),
            ("[!a]?", "ba", true),
            ("[!a]?", "ab", false),
            (r"\*", "*", true),
            ("**", "a/b", true),
        ] {
            assert_eq!(glob(pattern).unwrap().is_match(path), want, "{pattern} {path}");
        }
        assert!(glob("{a").is_none() && glob("[").is_none() && glob("a\\").is_none());
    }
}
