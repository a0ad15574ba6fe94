//! Expressions in Go's syntax, as rules are written in, for an engine that spells some of it differently.
//!
//! Semantics: Go's `regexp/syntax` (RE2 with Perl's classes, which are ASCII there).

use regex::bytes::{Regex, RegexBuilder};
use std::iter::Peekable;
use std::str::Chars;

/// Bytes a compiled expression may take. A rule that needs more is refused.
const SIZE: usize = 8 << 20;
/// Bytes of states an expression keeps while it searches; past that they are made again.
const CACHE: usize = 256 << 10;

/// The groups of a name, by number.
pub(super) fn groups<'r>(regex: &'r Regex, name: &'r str) -> impl Iterator<Item = usize> + 'r {
    let is = move |group: &str| {
        group.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
    };
    regex.capture_names().enumerate().filter(move |(_, group)| group.is_some_and(is)).map(|(at, _)| at)
}

/// Compiles an expression; text that it is held against must be UTF-8.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    let own = translate(pattern)?;
    let built = RegexBuilder::new(&own).size_limit(SIZE).dfa_size_limit(CACHE).nest_limit(200).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "it is too large once compiled".to_owned(),
        // The engine's drawing of the place is of several lines, of which the last says what is wrong.
        error => {
            let text = error.to_string();
            text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    })
}

const DIGIT: &str = "0-9";
const WORD: &str = "0-9A-Za-z_";
const SPACE: &str = r"\t\n\x0C\r ";

/// The same expression in the engine's syntax.
pub(super) fn translate(pattern: &str) -> Result<String, String> {
    let mut out = String::with_capacity(pattern.len().saturating_mul(2));
    let mut names = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => escape(&mut chars, false, &mut out)?,
            '[' => class(&mut chars, &mut out)?,
            '{' => match repeat(&mut chars) {
                Some(counts) => out.push_str(&format!("{{{counts}}}")),
                None => out.push_str(r"\{"),
            },
            '}' => out.push_str(r"\}"),
            ']' => out.push_str(r"\]"),
            '(' | ')' | '|' | '*' | '+' | '?' | '.' | '^' | '$' => out.push(c),
            c => literal(c, &mut out),
        }
        if c == '(' && chars.next_if_eq(&'?').is_some() {
            out.push('?');
            flags(&mut chars, &mut names, &mut out)?;
        }
    }
    Ok(out)
}

/// A character that means itself.
fn literal(c: char, out: &mut String) {
    match c.is_ascii_alphanumeric() || !c.is_ascii() || matches!(c, '_' | ' ') {
        true => out.push(c),
        false => out.push_str(&format!(r"\x{:02X}", u32::from(c))),
    }
}

/// `{n}`, `{n,}` or `{n,m}`; anything else after a brace means itself.
fn repeat(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let ahead: String = chars.clone().take(12).take_while(|c| *c != '}').collect();
    let closed = chars.clone().nth(ahead.chars().count()) == Some('}');
    let (least, most) = ahead.split_once(',').unwrap_or((&ahead, ""));
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !closed || least.is_empty() || !number(least) || !number(most) {
        return None;
    }
    for _ in 0..=ahead.chars().count() {
        chars.next();
    }
    Some(ahead)
}

/// What follows `(?`: a name or flags. Several groups may share a name; all but the first get a number behind it.
fn flags(chars: &mut Peekable<Chars<'_>>, names: &mut Vec<String>, out: &mut String) -> Result<(), String> {
    if matches!(chars.peek(), Some('P' | '<')) {
        let named = chars.next() == Some('<') || chars.next_if_eq(&'<').is_some();
        let name: String = chars.by_ref().take_while(|c| *c != '>').collect();
        if !named || name.contains(['=', '!']) {
            return Err("looking around is not supported".to_owned());
        }
        let before = names.iter().filter(|other| **other == name).count();
        match before {
            0 => out.push_str(&format!("P<{name}>")),
            more => out.push_str(&format!("P<{name}[{more}]>")),
        }
        names.push(name);
        return Ok(());
    }
    for c in chars.by_ref() {
        match c {
            ':' | ')' => {
                out.push(c);
                return Ok(());
            }
            'i' | 'm' | 's' | 'U' | '-' => out.push(c),
            '=' | '!' => return Err("looking around is not supported".to_owned()),
            c => return Err(format!("{c} is no flag")),
        }
    }
    Err("it ends within a group".to_owned())
}

/// What follows a backslash; `inside` a class only what a class may hold.
fn escape(chars: &mut Peekable<Chars<'_>>, inside: bool, out: &mut String) -> Result<(), String> {
    let c = chars.next().ok_or("it ends with a backslash")?;
    let mut set = |not: &str, members: &str| match (inside, not) {
        (true, "") => out.push_str(members),
        _ => out.push_str(&format!("[{not}{members}]")),
    };
    match c {
        'd' => set("", DIGIT),
        'D' => set("^", DIGIT),
        'w' => set("", WORD),
        'W' => set("^", WORD),
        's' => set("", SPACE),
        'S' => set("^", SPACE),
        'b' if !inside => out.push_str(r"(?-u:\b)"),
        'B' if !inside => out.push_str(r"(?-u:\B)"),
        'A' | 'z' if !inside => out.extend(['\\', c]),
        'Q' if !inside => quoted(chars, out),
        'p' | 'P' => property(c, chars, out)?,
        c => character(code(c, chars)?, out),
    }
    Ok(())
}

/// `\Q…\E`.
fn quoted(chars: &mut Peekable<Chars<'_>>, out: &mut String) {
    while let Some(c) = chars.next() {
        if c == '\\' && chars.next_if_eq(&'E').is_some() {
            return;
        }
        literal(c, out);
    }
}

fn property(c: char, chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Result<(), String> {
    out.extend(['\\', c]);
    match chars.next().ok_or(r"it ends within \p")? {
        '{' => {
            out.push('{');
            for c in chars.by_ref() {
                out.push(c);
                if c == '}' {
                    return Ok(());
                }
            }
            Err(r"it ends within \p".to_owned())
        }
        c => {
            out.push(c);
            Ok(())
        }
    }
}

/// The character an escape stands for.
fn code(c: char, chars: &mut Peekable<Chars<'_>>) -> Result<char, String> {
    let mut digits = |radix: u32, most: usize, first: &str| {
        let mut text = first.to_owned();
        while text.len() < most {
            match chars.next_if(|c| c.is_digit(radix)) {
                Some(c) => text.push(c),
                None => break,
            }
        }
        u32::from_str_radix(&text, radix).ok().and_then(char::from_u32)
    };
    let found = match c {
        'a' => Some('\x07'),
        'f' => Some('\x0c'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'v' => Some('\x0b'),
        '0'..='7' => digits(8, 3, &c.to_string()),
        'x' => {
            let wide = chars.next_if_eq(&'{').is_some();
            let found = match wide {
                true => hex(chars, 8),
                false => hex(chars, 2),
            };
            if wide && chars.next() != Some('}') { None } else { found }
        }
        c if c.is_ascii_alphanumeric() => None,
        c => Some(c),
    };
    found.ok_or_else(|| format!(r"\{c} means nothing"))
}

fn hex(chars: &mut Peekable<Chars<'_>>, most: usize) -> Option<char> {
    let mut text = String::new();
    while text.len() < most {
        match chars.next_if(char::is_ascii_hexdigit) {
            Some(c) => text.push(c),
            None => break,
        }
    }
    u32::from_str_radix(&text, 16).ok().and_then(char::from_u32)
}

fn character(c: char, out: &mut String) {
    out.push_str(&format!(r"\x{{{:X}}}", u32::from(c)));
}

/// A class, after its bracket.
fn class(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Result<(), String> {
    out.push('[');
    if chars.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut first = true;
    loop {
        let c = chars.next().ok_or("it ends within a class")?;
        match c {
            ']' if !first => break,
            '[' if chars.peek() == Some(&':') => named(chars, out)?,
            '\\' if matches!(chars.peek(), Some('d' | 'D' | 'w' | 'W' | 's' | 'S' | 'p' | 'P')) => {
                escape(chars, true, out)?;
            }
            c => range(c, chars, out)?,
        }
        first = false;
    }
    out.push(']');
    Ok(())
}

/// `[:alpha:]` and its kin, after the first bracket.
fn named(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Result<(), String> {
    let name: String = chars.by_ref().take_while(|c| *c != ']').collect();
    match name.starts_with(':') && name.ends_with(':') && name.len() > 2 {
        true => out.push_str(&format!("[{name}]")),
        false => return Err(format!("[{name}] is no class")),
    }
    Ok(())
}

/// One character of a class, or two with a hyphen between them.
fn range(c: char, chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Result<(), String> {
    let one = |c: char, chars: &mut Peekable<Chars<'_>>| match c {
        '\\' => code(chars.next().ok_or("it ends with a backslash")?, chars),
        c => Ok(c),
    };
    character(one(c, chars)?, out);
    let mut ahead = chars.clone();
    if ahead.next() == Some('-') && !matches!(ahead.next(), None | Some(']')) {
        chars.next();
        let last = chars.next().ok_or("it ends within a class")?;
        out.push('-');
        character(one(last, chars)?, out);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_has_it() {
        for (pattern, text, want) in [
            (r"a\sb", "a\x0bb", None),
            (r"\d+", "x\u{664}12", Some("12")),
            (r"\w+", "é_a", Some("_a")),
            (r"[\w.-]+", "/a.b-c/", Some("a.b-c")),
            (r"[[]+", "x[[", Some("[[")),
            (r"[]a]+", "]a]", Some("]a]")),
            (r"[^]a]+", "]xy]", Some("xy")),
            (r"[a&&b]+", "a&b", Some("a&b")),
            (r"[a-c-e]+", "c-e", Some("c-e")),
            (r"[--/]+", "-./", Some("-./")),
            (r"a{,2}", "a{,2}", Some("a{,2}")),
            (r"a{2}b", "aab", Some("aab")),
            (r"x{", "x{", Some("x{")),
            (r"a}]", "a}]", Some("a}]")),
            (r"\Qa.b\E.", "a.bc", Some("a.bc")),
            (r"\Qa.b", "a.b", Some("a.b")),
            (r"\<b\>", "<b>", Some("<b>")),
            (r"\/\-\_\é", "/-_é", Some("/-_é")),
            (r"\101\x42\x{43}", "ABC", Some("ABC")),
            (r"(?i)KEY", "\u{212a}ey", Some("\u{212a}ey")),
            (r"(?i:a)b", "Ab", Some("Ab")),
            (r"(?:^(?i)test|x)", "TEST", Some("TEST")),
            (r"(?P<n>a)(?<m>b)", "ab", Some("ab")),
            (r"[[:alpha:]]+[[:^digit:]]", "ab1", Some("ab")),
            (r"\pL\p{Greek}", "aα", Some("aα")),
            (r"a.c", "aéc", Some("aéc")),
            (r"a#b c~d&e", "a#b c~d&e", Some("a#b c~d&e")),
            (r"\bkey\b", "ékey", Some("key")),
            (r"(?s)a.b", "a\nb", Some("a\nb")),
            (r"a$", "a\n", None),
        ] {
            let regex = compile(pattern).unwrap_or_else(|why| panic!("{pattern}: {why}"));
            let got = regex.find(text.as_bytes()).map(|m| std::str::from_utf8(m.as_bytes()).unwrap());
            assert_eq!(got, want, "{pattern} over {text:?}: {}", translate(pattern).unwrap());
        }
    }

    #[test]
    fn groups_share_names() {
        let regex = compile("(?P<a>x)(?P<ab>y)(?<a>z)|(?P<a>w)").unwrap();
        assert_eq!(groups(&regex, "a").collect::<Vec<_>>(), [1, 3, 4]);
        assert_eq!(groups(&regex, "b").count(), 0);
    }

    #[test]
    fn what_go_refuses() {
        for pattern in
            [r"(?=a)", r"(?<!a)", r"(?<=a)", r"(?x)a", "(", "[a", r"\", r"[\", r"\k", r"\p{", r"\8", "[[:x"]
        {
            assert!(compile(pattern).is_err(), "{pattern}");
        }
        assert!(compile("((a{1000}){1000}){1000}").unwrap_err().contains("too large"));
    }

    proptest::proptest! {
        /// Whatever is written, there is an answer.
        #[test]
        fn any_text(text in r"[\\\[\]{}()?:^$|*+.,<>=!PQEdwsbx0-9a-c&~é-]{0,24}") {
            let _ = compile(&text);
        }
    }
}
