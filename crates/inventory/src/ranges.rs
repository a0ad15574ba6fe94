//! Ranges of versions as manifests write them, as far as it takes to tell which locked package a manifest asks for.
//!
//! Semantics: Cargo's requirements and npm's ranges: `^`, `~`, comparisons, `x` and `*` for any, `-` between two, `||`
//! between alternatives.

use std::cmp::Ordering;

/// Whether a version is in a range; a range that is not understood holds nothing.
pub(crate) fn within(version: &str, range: &str) -> bool {
    let Some(version) = Version::read(version) else { return false };
    range.split("||").any(|alternative| all(&version, alternative))
}

/// Whether a text is a version by itself, without an operator.
pub(crate) fn plain(text: &str) -> bool {
    text.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit())
        && !text
            .contains(|c: char| c.is_whitespace() || c == ',' || c == '*' || c == 'x' || c == 'X' || c == '|')
}

struct Version<'a> {
    numbers: Vec<u64>,
    pre: &'a str,
}

impl<'a> Version<'a> {
    /// Numbers up to the first that stands for any.
    fn read(text: &'a str) -> Option<Self> {
        let text = text.trim().trim_start_matches(['v', '=']);
        let text = text.split('+').next().unwrap_or_default();
        let (core, pre) = text.split_once('-').unwrap_or((text, ""));
        let known = core.split('.').take_while(|part| !matches!(*part, "x" | "X" | "*" | ""));
        let numbers: Result<Vec<u64>, _> = known.map(str::parse).collect();
        Some(Self { numbers: numbers.ok()?, pre })
    }

    fn number(&self, at: usize) -> u64 {
        self.numbers.get(at).copied().unwrap_or(0)
    }

    fn order(&self, other: &Self) -> Ordering {
        let longest = self.numbers.len().max(other.numbers.len());
        let numbers = (0..longest).map(|at| self.number(at).cmp(&other.number(at))).find(|o| o.is_ne());
        numbers.unwrap_or(Ordering::Equal).then_with(|| match (self.pre, other.pre) {
            (a, b) if a == b => Ordering::Equal,
            ("", _) => Ordering::Greater,
            (_, "") => Ordering::Less,
            (a, b) => pre(a, b),
        })
    }

    /// The first version after all that begin with so many of the numbers.
    fn past(&self, count: usize) -> Version<'static> {
        let mut numbers: Vec<u64> = self.numbers.iter().copied().take(count.max(1)).collect();
        if let Some(last) = numbers.last_mut() {
            *last = last.saturating_add(1);
        }
        Version { numbers, pre: "" }
    }
}

fn pre(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) => match (x.parse::<u64>(), y.parse::<u64>()) {
                (Ok(x), Ok(y)) => x.cmp(&y),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                _ => x.cmp(y),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

const OPERATORS: [&str; 10] = [">=", "<=", "=>", "=<", "~>", "==", "~", "^", ">", "<"];

fn all(version: &Version<'_>, text: &str) -> bool {
    if let Some((low, high)) = text.split_once(" - ") {
        return term(version, ">=", low) && term(version, "<=", high);
    }
    let mut rest = text.trim_start_matches([' ', '\t', ',']);
    while !rest.is_empty() {
        let operator = OPERATORS.iter().find(|operator| rest.starts_with(**operator)).copied();
        let operator = operator.unwrap_or(if rest.starts_with('=') { "=" } else { "" });
        rest = rest.get(operator.len()..).unwrap_or_default().trim_start();
        let end = rest.find([' ', '\t', ',', '<', '>', '=', '^', '~']).unwrap_or(rest.len());
        let (bound, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if bound.is_empty() || !term(version, operator, bound) {
            return false;
        }
        rest = after.trim_start_matches([' ', '\t', ',']);
    }
    true
}

fn term(version: &Version<'_>, operator: &str, bound: &str) -> bool {
    let Some(bound) = Version::read(bound) else { return false };
    let known = bound.numbers.len();
    if known == 0 {
        return true;
    }
    let from = || version.order(&bound).is_ge();
    let until = |count: usize| version.order(&bound.past(count)).is_lt();
    match operator {
        "^" => {
            let first = bound.numbers.iter().position(|n| *n != 0).unwrap_or(known.saturating_sub(1));
            from() && until(first.saturating_add(1))
        }
        "~" | "~>" => from() && until(known.min(2)),
        ">=" | "=>" => from(),
        "<" => version.order(&bound).is_lt(),
        ">" if known < 3 => !until(known),
        ">" => version.order(&bound).is_gt(),
        "<=" | "=<" if known < 3 => until(known),
        "<=" | "=<" => version.order(&bound).is_le(),
        _ if known < 3 => from() && until(known),
        _ => version.order(&bound).is_eq(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        for (version, range, want) in [
            ("1.7.3", "=1.7.3", true),
            ("1.7.4", "=1.7.3", false),
            ("1.0.2", "1.*", true),
            ("2.0.0", "1.*", false),
            ("1.9.0", "^1.2.3", true),
            ("2.0.0", "^1.2.3", false),
            ("0.2.9", "^0.2.3", true),
            ("0.3.0", "^0.2.3", false),
            ("0.0.4", "^0.0.3", false),
            ("1.2.9", "~1.2.3", true),
            ("1.3.0", "~1.2.3", false),
            ("1.9.0", "~1", true),
            ("1.5.0", ">=1.2, <1.6", true),
            ("1.6.0", ">=1.2 <1.6", false),
            ("2.3.4", "1.x || 2.x", true),
            ("3.0.0", "1.x || 2.x", false),
            ("2.3.4", "1.2.3 - 2.3.4", true),
            ("9.9.9", "*", true),
            ("9.9.9", "", true),
            ("1.0.0-rc.1", "^1.0.0", false),
            ("1.0.0-rc.2", ">=1.0.0-rc.1", true),
            ("1.0.0-rc.10", ">1.0.0-rc.9", true),
            ("odd", "*", false),
            ("1.0.0", "latest", false),
        ] {
            assert_eq!(within(version, range), want, "{version} {range}");
        }
        assert!(plain("1.2") && plain("1.2.3-rc1") && !plain("^1") && !plain("1.*") && !plain("1, 2"));
    }
}
