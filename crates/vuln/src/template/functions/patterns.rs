//! Regular expressions. Semantics: sprig's `regex.go` over Go's `regexp`, whose syntax the `regex` crate shares.

use super::super::run::Scope;
use super::super::value::Value;
use super::{Function, Result_, chars, int, row, text};
use regex::bytes::{NoExpand, Regex, RegexBuilder};

/// Bytes a compiled pattern may have.
const SIZE: usize = 1 << 20;

pub(super) static ROWS: &[Function] = &[
    // The one that does not stop at a pattern that is none.
    row("regexMatch", 2, 2, |s, v| {
        let found = compiled(s, text(v, 0)?).ok();
        Ok(Value::Bool(match found {
            Some(pattern) => pattern.is_match(text(v, 1)?),
            None => false,
        }))
    }),
    row("mustRegexMatch", 2, 2, |s, v| Ok(Value::Bool(compiled(s, text(v, 0)?)?.is_match(text(v, 1)?)))),
    row("regexFind", 2, 2, find),
    row("mustRegexFind", 2, 2, find),
    row("regexFindAll", 3, 3, find_all),
    row("mustRegexFindAll", 3, 3, find_all),
    row("regexReplaceAll", 3, 3, replace),
    row("mustRegexReplaceAll", 3, 3, replace),
    row("regexReplaceAllLiteral", 3, 3, literal),
    row("mustRegexReplaceAllLiteral", 3, 3, literal),
    row("regexSplit", 3, 3, split),
    row("mustRegexSplit", 3, 3, split),
    row("regexQuoteMeta", 1, 1, |_, v| {
        let text = chars(v, 0)?;
        let special = |c: char| "\\.+*?()|[]{}^$".contains(c);
        Ok(Value::text(
            text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect::<String>(),
        ))
    }),
];

fn compiled<'a>(scope: &'a mut Scope<'_>, pattern: &[u8]) -> Result<&'a Regex, String> {
    if !scope.patterns.contains_key(pattern) {
        let text = String::from_utf8_lossy(pattern);
        let regex = RegexBuilder::new(&text).size_limit(SIZE).build();
        let regex = regex.map_err(|_| format!("{text} is no regular expression"))?;
        scope.patterns.insert(pattern.to_vec(), regex);
    }
    scope.patterns.get(pattern).ok_or_else(|| "the pattern was lost".to_owned())
}

fn find(scope: &mut Scope<'_>, values: &[Value]) -> Result_ {
    let found = compiled(scope, text(values, 0)?)?.find(text(values, 1)?);
    Ok(Value::text(found.map(|found| found.as_bytes()).unwrap_or_default()))
}

/// How many: all, where the number is negative.
fn count(values: &[Value], n: usize) -> Result<usize, String> {
    Ok(usize::try_from(int(values, n)?).unwrap_or(usize::MAX))
}

fn find_all(scope: &mut Scope<'_>, values: &[Value]) -> Result_ {
    let all = compiled(scope, text(values, 0)?)?.find_iter(text(values, 1)?);
    Ok(Value::list(all.take(count(values, 2)?).map(|found| Value::text(found.as_bytes())).collect()))
}

fn replace(scope: &mut Scope<'_>, values: &[Value]) -> Result_ {
    let pattern = compiled(scope, text(values, 0)?)?;
    Ok(Value::text(pattern.replace_all(text(values, 1)?, text(values, 2)?)))
}

fn literal(scope: &mut Scope<'_>, values: &[Value]) -> Result_ {
    let pattern = compiled(scope, text(values, 0)?)?;
    Ok(Value::text(pattern.replace_all(text(values, 1)?, NoExpand(text(values, 2)?))))
}

fn split(scope: &mut Scope<'_>, values: &[Value]) -> Result_ {
    let count = count(values, 2)?;
    let pattern = compiled(scope, text(values, 0)?)?;
    if count == 0 {
        return Ok(Value::list(Vec::new()));
    }
    Ok(Value::list(pattern.splitn(text(values, 1)?, count).map(Value::text).collect()))
}
