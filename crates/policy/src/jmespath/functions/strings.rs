//! Functions over texts.

use super::{Argument, Function, Takes, at, invalid};
use crate::go::{glob, print, semver};
use crate::jmespath::Fault;
use serde_json::Value;

type Given<'s, 'a> = &'s [Argument<'a>];
type Got = Result<Value, Fault>;

const TEXT: Takes = Takes::STRING;
const NUMBER: Takes = Takes::NUMBER;
/// Numbers are taken for their text by the regular expression functions.
const TEXTUAL: Takes = Takes::STRING.or(Takes::NUMBER);
/// Most memory a compiled regular expression may take, in bytes.
const REGEX_LIMIT: usize = 1 << 20;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "starts_with",
        takes: &[TEXT, TEXT],
        variadic: false,
        run: |g| Ok(at(g, 0).text().starts_with(at(g, 1).text()).into()),
    },
    Function {
        name: "ends_with",
        takes: &[TEXT, TEXT],
        variadic: false,
        run: |g| Ok(at(g, 0).text().ends_with(at(g, 1).text()).into()),
    },
    Function { name: "join", takes: &[TEXT, Takes::ARRAY], variadic: false, run: join },
    Function { name: "split", takes: &[TEXT, TEXT], variadic: false, run: split },
    Function {
        name: "to_upper",
        takes: &[TEXT],
        variadic: false,
        run: |g| Ok(at(g, 0).text().to_uppercase().into()),
    },
    Function {
        name: "to_lower",
        takes: &[TEXT],
        variadic: false,
        run: |g| Ok(at(g, 0).text().to_lowercase().into()),
    },
    Function { name: "trim", takes: &[TEXT, TEXT], variadic: false, run: trim },
    Function { name: "trim_prefix", takes: &[TEXT, TEXT], variadic: false, run: trim_prefix },
    Function { name: "replace", takes: &[TEXT, TEXT, TEXT, NUMBER], variadic: false, run: replace },
    Function {
        name: "replace_all",
        takes: &[TEXT, TEXT, TEXT],
        variadic: false,
        run: |g| Ok(at(g, 0).text().replace(at(g, 1).text(), at(g, 2).text()).into()),
    },
    Function { name: "truncate", takes: &[TEXT, NUMBER], variadic: false, run: truncate },
    Function {
        name: "compare",
        takes: &[TEXT, TEXT],
        variadic: false,
        run: |g| Ok(Value::from(at(g, 0).text().cmp(at(g, 1).text()) as i64)),
    },
    Function {
        name: "equal_fold",
        takes: &[TEXT, TEXT],
        variadic: false,
        run: |g| Ok((at(g, 0).text().to_lowercase() == at(g, 1).text().to_lowercase()).into()),
    },
    Function { name: "regex_match", takes: &[TEXT, TEXTUAL], variadic: false, run: regex_match },
    Function {
        name: "regex_replace_all",
        takes: &[TEXT, TEXTUAL, TEXTUAL],
        variadic: false,
        run: |g| regex_replace(g, true),
    },
    Function {
        name: "regex_replace_all_literal",
        takes: &[TEXT, TEXTUAL, TEXTUAL],
        variadic: false,
        run: |g| regex_replace(g, false),
    },
    Function {
        name: "pattern_match",
        takes: &[TEXT, TEXTUAL],
        variadic: false,
        run: |g| Ok(glob::matches(at(g, 0).text(), &textual(at(g, 1))).into()),
    },
    Function {
        name: "label_match",
        takes: &[Takes::OBJECT, Takes::OBJECT],
        variadic: false,
        run: label_match,
    },
    Function { name: "semver_compare", takes: &[TEXT, TEXT], variadic: false, run: semver_compare },
    Function {
        name: "path_canonicalize",
        takes: &[TEXT],
        variadic: false,
        run: |g| Ok(canonical(at(g, 0).text()).into()),
    },
];

fn textual(argument: &Argument<'_>) -> String {
    print::value(argument.value())
}

fn join(given: Given<'_, '_>) -> Got {
    let parts: Option<Vec<&str>> = at(given, 1).list().iter().map(Value::as_str).collect();
    match parts {
        Some(parts) => Ok(parts.join(at(given, 0).text()).into()),
        None => invalid("join() takes strings only"),
    }
}

fn split(given: Given<'_, '_>) -> Got {
    let (text, separator) = (at(given, 0).text(), at(given, 1).text());
    let parts: Vec<Value> = if separator.is_empty() {
        text.chars().map(|c| c.to_string().into()).collect()
    } else {
        text.split(separator).map(Value::from).collect()
    };
    Ok(parts.into())
}

fn trim(given: Given<'_, '_>) -> Got {
    let set = at(given, 1).text();
    Ok(at(given, 0).text().trim_matches(|c| set.contains(c)).into())
}

fn trim_prefix(given: Given<'_, '_>) -> Got {
    let text = at(given, 0).text();
    Ok(text.strip_prefix(at(given, 1).text()).unwrap_or(text).into())
}

fn replace(given: Given<'_, '_>) -> Got {
    let (text, from, to) = (at(given, 0).text(), at(given, 1).text(), at(given, 2).text());
    let count = at(given, 3).number();
    Ok(if count < 0.0 { text.replace(from, to) } else { text.replacen(from, to, count as usize) }.into())
}

fn truncate(given: Given<'_, '_>) -> Got {
    let length = at(given, 1).number().max(0.0) as usize;
    Ok(at(given, 0).text().chars().take(length).collect::<String>().into())
}

fn compile(text: &str) -> Result<regex::Regex, Fault> {
    regex::RegexBuilder::new(text)
        .size_limit(REGEX_LIMIT)
        .build()
        .map_err(|error| Fault::Invalid(format!("bad regular expression: {error}")))
}

fn regex_match(given: Given<'_, '_>) -> Got {
    Ok(compile(at(given, 0).text())?.is_match(&textual(at(given, 1))).into())
}

/// Arguments: expression, source, replacement; `$1` stands for a group unless the replacement is literal.
fn regex_replace(given: Given<'_, '_>, groups: bool) -> Got {
    let regex = compile(at(given, 0).text())?;
    let (source, new) = (textual(at(given, 1)), textual(at(given, 2)));
    Ok(match groups {
        true => regex.replace_all(&source, new.as_str()),
        false => regex.replace_all(&source, regex::NoExpand(&new)),
    }
    .into_owned()
    .into())
}

/// Whether every label of the first is among the second.
fn label_match(given: Given<'_, '_>) -> Got {
    let (Some(want), Some(have)) = (at(given, 0).value().as_object(), at(given, 1).value().as_object())
    else {
        return Ok(false.into());
    };
    Ok(want.iter().all(|(key, value)| have.get(key) == Some(value)).into())
}

/// A version against a comparator list: `>=1.2.0 <2.0.0 || 3.0.0`, with `x` and `*` as wildcards.
fn semver_compare(given: Given<'_, '_>) -> Got {
    let Some(version) = semver::parse(at(given, 0).text()) else {
        return invalid(format!("{:?} is no semantic version", at(given, 0).text()));
    };
    let range = at(given, 1).text();
    let holds = |part: &str| {
        let (op, rest) = [">=", "<=", "!=", "==", ">", "<", "=", "!"]
            .into_iter()
            .find_map(|op| part.strip_prefix(op).map(|rest| (op, rest.trim())))
            .unwrap_or(("=", part));
        let Some(bound) = semver::parse(rest) else {
            return invalid(format!("comparator {part:?} is not supported"));
        };
        Ok(match op {
            ">=" => version >= bound,
            "<=" => version <= bound,
            ">" => version > bound,
            "<" => version < bound,
            "!" | "!=" => version != bound,
            _ => version == bound,
        })
    };
    for alternative in range.split("||") {
        let mut all = true;
        for part in alternative.split_whitespace() {
            all = all && holds(part)?;
        }
        if all {
            return Ok(true.into());
        }
    }
    Ok(false.into())
}

/// Go's `filepath.Join` of one path: dots resolved, slashes single.
fn canonical(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            other => parts.push(other),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) if path.is_empty() => String::new(),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (path, want) in
            [("/var/run/../log//x", "/var/log/x"), ("/..", "/"), ("a/./b/..", "a"), ("a/..", "."), ("", "")]
        {
            assert_eq!(canonical(path), want, "{path}");
        }
    }
}
