//! Which versions a language's advisory is about: constraints as databases write them.
//!
//! Semantics: Trivy's `pkg/detector/library/compare` and the libraries it compares with (go-version, go-npm-version,
//! go-pep440-version, go-mvn-version). `||` joins alternatives, commas and spaces join what must hold at once.

use super::database::DatabaseAdvisory;
use crate::version::{Scheme, scheme};
use std::cmp::Ordering;

/// Whose way of writing constraints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Go, Rust, PHP and others: like semantic versions.
    Generic,
    Npm,
    Pep440,
    Maven,
    RubyGems,
}

impl Dialect {
    /// By the ecosystem's version scheme.
    pub(crate) fn of(scheme: &str) -> Self {
        match scheme {
            "npm" => Self::Npm,
            "pep440" => Self::Pep440,
            "maven" => Self::Maven,
            "rubygems" => Self::RubyGems,
            _ => Self::Generic,
        }
    }

    fn scheme(self) -> Option<&'static Scheme> {
        scheme(match self {
            Self::Generic => "generic",
            Self::Npm => "npm",
            Self::Pep440 => "pep440",
            Self::Maven => "maven",
            Self::RubyGems => "rubygems",
        })
    }
}

/// Whether an advisory is about a version; `None` when that cannot be told: the version or a constraint is none.
pub(crate) fn vulnerable(version: &str, advisory: &DatabaseAdvisory, dialect: Dialect) -> Option<bool> {
    let DatabaseAdvisory { vulnerable_versions, patched_versions, unaffected_versions, .. } = advisory;
    // An empty one says nothing about versions: all of them may be.
    if vulnerable_versions.iter().chain(patched_versions).any(String::is_empty) {
        return Some(true);
    }
    let affected = !vulnerable_versions.is_empty();
    if affected && !satisfies(version, &vulnerable_versions.join(" || "), dialect)? {
        return Some(false);
    }
    let secure: Vec<&str> = patched_versions.iter().chain(unaffected_versions).map(String::as_str).collect();
    if secure.is_empty() {
        return Some(affected);
    }
    Some(!satisfies(version, &secure.join(" || "), dialect)?)
}

/// Whether a version satisfies a constraint.
pub(crate) fn satisfies(version: &str, constraint: &str, dialect: Dialect) -> Option<bool> {
    let scheme = dialect.scheme()?;
    (scheme.compare)(version, version)?;
    // `1gamma` can be ordered, but is no version of a gem.
    let first = version.split(['.', '-']).next().unwrap_or_default().trim();
    if dialect == Dialect::RubyGems && !first.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    if dialect == Dialect::Maven && constraint.contains(['[', '(']) {
        return requirement(version, constraint, scheme);
    }
    let mut any = false;
    for alternative in constraint.split("||") {
        let mut all = true;
        for (operator, bound) in terms(alternative)? {
            // Only Java's versions may begin with a word.
            let number =
                bound.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit() || "xX*".contains(c));
            if !number && dialect != Dialect::Maven {
                return None;
            }
            all &= term(version, operator, bound, dialect, scheme)?;
        }
        any |= all;
    }
    Some(any)
}

const OPERATORS: [&str; 13] = ["===", "==", "!=", ">=", "<=", "=>", "=<", "~>", "~=", "=", ">", "<", "^"];

/// Operators and versions of one alternative; `*` alone is everything.
fn terms(text: &str) -> Option<Vec<(&str, &str)>> {
    let mut out = Vec::new();
    let mut rest = text.trim_start_matches([' ', '\t', ',']);
    if matches!(rest.trim(), "" | "*") {
        return Some(out);
    }
    while !rest.is_empty() {
        let operator = OPERATORS.iter().chain(&["~"]).find(|operator| rest.starts_with(**operator));
        let operator = operator.copied().unwrap_or("");
        rest = rest.get(operator.len()..)?.trim_start();
        let end = rest.find([' ', '\t', ',', '<', '>', '=', '^']).unwrap_or(rest.len());
        let (bound, after) = rest.split_at_checked(end)?;
        if bound.is_empty() {
            return None;
        }
        out.push((operator, bound));
        rest = after.trim_start_matches([' ', '\t', ',']);
    }
    Some(out)
}

fn term(version: &str, operator: &str, bound: &str, dialect: Dialect, scheme: &Scheme) -> Option<bool> {
    if dialect == Dialect::Pep440 {
        return pep440(version, operator, bound, scheme);
    }
    if dialect == Dialect::Npm {
        return npm(version, operator, bound, scheme);
    }
    let order = |bound: &str| (scheme.compare)(version, bound);
    match operator {
        "~>" if dialect == Dialect::RubyGems => pessimistic(version, bound, scheme),
        "~" | "^" | "!" if dialect == Dialect::RubyGems => None,
        "~>" | "~" | "^" if dialect == Dialect::Generic => {
            Some(order(bound)?.is_ge() && order(&bump(operator, bound))?.is_lt())
        }
        _ => plain(operator, order(bound)?),
    }
}

fn plain(operator: &str, order: Ordering) -> Option<bool> {
    Some(match operator {
        "" | "=" | "==" => order.is_eq(),
        "!=" => order.is_ne(),
        ">" => order.is_gt(),
        "<" => order.is_lt(),
        ">=" | "=>" => order.is_ge(),
        "<=" | "=<" => order.is_le(),
        _ => return None,
    })
}

/// Ruby's `~>`: not before the bound, and its numbers before the next of the last but one.
fn pessimistic(version: &str, bound: &str, scheme: &Scheme) -> Option<bool> {
    let numbers = |text: &str| -> Vec<u64> {
        let text = text.split('-').next().unwrap_or_default();
        let parts = text.split('.').map(|part| part.parse::<u64>());
        parts.take_while(Result::is_ok).flatten().collect()
    };
    let mut end = numbers(bound);
    if end.len() > 1 {
        end.pop();
    }
    if let Some(last) = end.last_mut() {
        *last = last.saturating_add(1);
    }
    let join = |numbers: &[u64]| numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(".");
    let release = join(&numbers(version));
    Some((scheme.compare)(version, bound)?.is_ge() && (scheme.compare)(&release, &join(&end))?.is_lt())
}

/// The first version past what `~>`, `~` and `^` allow.
fn bump(operator: &str, bound: &str) -> String {
    let bound = bound.trim_start_matches('v');
    let core = bound.split(['-', '+']).next().unwrap_or_default();
    let mut numbers: Vec<u64> = core.split('.').map(|n| n.parse().unwrap_or(0)).collect();
    let last = numbers.len().saturating_sub(1);
    let at = match operator {
        "^" => numbers.iter().position(|n| *n != 0).unwrap_or(last),
        "~" if numbers.len() == 2 => 1,
        _ => last.saturating_sub(1),
    };
    if let Some(number) = numbers.get_mut(at) {
        *number = number.saturating_add(1);
    }
    for number in numbers.iter_mut().skip(at.saturating_add(1)) {
        *number = 0;
    }
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

/// Versions of Node modules may be written in part: what is left out is any.
fn npm(version: &str, operator: &str, bound: &str, scheme: &Scheme) -> Option<bool> {
    let bare = bound.trim_start_matches('v');
    let core = bare.split(['-', '+']).next().unwrap_or_default();
    let any = |part: &&str| matches!(*part, "x" | "X" | "*");
    let known: Vec<&str> = core.split('.').take_while(|part| !any(part)).collect();
    let full = known.len() >= 3;
    let order = |bound: &str| (scheme.compare)(version, bound);
    if known.is_empty() {
        return Some(true);
    }
    let low = if full { bare.to_owned() } else { known.join(".") };
    // What a version in part names: from itself to before the next of its last number.
    let past = if full { None } else { Some(next(&known)) };
    Some(match operator {
        "" | "=" | "==" => match &past {
            None => order(&low)?.is_eq(),
            Some(past) => order(&low)?.is_ge() && order(past)?.is_lt(),
        },
        ">" => match &past {
            None => order(&low)?.is_gt(),
            Some(past) => order(past)?.is_ge(),
        },
        "<=" | "=<" => match &past {
            None => order(&low)?.is_le(),
            Some(past) => order(past)?.is_lt(),
        },
        ">=" | "=>" => order(&low)?.is_ge(),
        "<" => order(&low)?.is_lt(),
        "~" | "~>" => {
            let end = known.get(..2).map_or_else(|| next(&known), next);
            order(&low)?.is_ge() && order(&end)?.is_lt()
        }
        "^" => {
            let first = known.iter().position(|n| *n != "0").unwrap_or(known.len().saturating_sub(1));
            let end = next(known.get(..=first)?);
            order(&low)?.is_ge() && order(&end)?.is_lt()
        }
        _ => return None,
    })
}

/// The numbers with their last one more.
fn next(numbers: &[&str]) -> String {
    let mut out: Vec<u64> = numbers.iter().map(|n| n.parse().unwrap_or(0)).collect();
    if let Some(last) = out.last_mut() {
        *last = last.saturating_add(1);
    }
    out.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

/// Python's specifiers; pre-releases count.
fn pep440(version: &str, operator: &str, bound: &str, scheme: &Scheme) -> Option<bool> {
    let public = version.split('+').next().unwrap_or_default();
    let subject = if bound.contains('+') || operator == "===" { version } else { public };
    let order = |bound: &str| (scheme.compare)(subject, bound);
    if let Some(prefix) = bound.strip_suffix(".*") {
        let within = order(prefix)?.is_ge() && starts(public, prefix) || starts(public, prefix);
        return match operator {
            "" | "=" | "==" => Some(within),
            "!=" => Some(!within),
            _ => None,
        };
    }
    let pre = |text: &str| {
        let text = text.split('+').next().unwrap_or_default().to_ascii_lowercase();
        let rest = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '!');
        !rest.is_empty() && !rest.trim_start_matches(['.', '-', '_']).starts_with("post")
            || text.contains("dev")
    };
    let base = |text: &str| {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '!').unwrap_or(text.len());
        text.get(..end).unwrap_or_default().trim_end_matches('.').to_owned()
    };
    let same_base = || (scheme.compare)(&base(subject), &base(bound)).map(Ordering::is_eq);
    Some(match operator {
        "===" => version.eq_ignore_ascii_case(bound),
        // `>3.1` is not about 3.1's own post-releases. `<3.1` is about its pre-releases, but not about those with a
        // local label: taking that off makes Trivy forget that pre-releases count.
        "<" => {
            let local = version.contains('+');
            order(bound)?.is_lt() && !(local && !pre(bound) && pre(subject) && same_base()?)
        }
        ">" => {
            let post = |text: &str| text.to_ascii_lowercase().contains("post");
            order(bound)?.is_gt() && !(!post(bound) && post(subject) && same_base()?)
        }
        "~=" => {
            let release = base(bound);
            let prefix = release.rsplit_once('.')?.0;
            order(bound)?.is_ge() && starts(public, prefix)
        }
        operator => plain(operator, order(bound)?)?,
    })
}

/// Whether the numbers of a version begin with those of a prefix; missing ones are 0.
fn starts(version: &str, prefix: &str) -> bool {
    let numbers = |text: &str| -> Vec<String> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let part = |n: &str| n.trim_start_matches('0').to_owned();
        text.get(..end).unwrap_or_default().split('.').map(part).collect()
    };
    let (version, prefix) = (numbers(version), numbers(prefix));
    prefix.iter().enumerate().all(|(at, want)| version.get(at).map_or(want.is_empty(), |is| is == want))
}

/// Maven's ranges: `[1.0,2.0)`, several of them joined by commas.
fn requirement(version: &str, text: &str, scheme: &Scheme) -> Option<bool> {
    let text: String = text.split_whitespace().collect();
    let mut rest = text.as_str();
    let mut any = false;
    while let Some(start) = rest.find(['[', '(']) {
        let tail = rest.get(start..)?;
        let end = tail.find([']', ')'])?;
        let inner = tail.get(1..end)?;
        let (open, close) = (tail.starts_with('['), tail.get(end..)?.starts_with(']'));
        let order = |bound: &str| (scheme.compare)(version, bound);
        any |= match inner.split(',').collect::<Vec<_>>().as_slice() {
            [exact] => order(exact)?.is_eq(),
            [low, high] => {
                let above = low.is_empty() || order(low).map(|o| o.is_gt() || open && o.is_eq())?;
                let below = high.is_empty() || order(high).map(|o| o.is_lt() || close && o.is_eq())?;
                above && below
            }
            _ => return None,
        };
        rest = tail.get(end.saturating_add(1)..)?;
    }
    Some(any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables() {
        use Dialect::{Generic, Maven, Npm, Pep440, RubyGems};
        for (dialect, version, constraint, want) in [
            (Generic, "v1.2.3", ">=1.0.0, <1.2.4", Some(true)),
            (Generic, "v1.2.3", ">=1.0.0 <1.2.3 || =1.2.3", Some(true)),
            (Generic, "1.2.3", "!=1.2.3", Some(false)),
            (Generic, "2.3.4", "~>2.3", Some(true)),
            (Generic, "3.0.0", "~>2.3", Some(false)),
            (Generic, "2.4.0", "~2.3.1", Some(false)),
            (Generic, "0.2.9", "^0.2.3", Some(true)),
            (Generic, "0.3.0", "^0.2.3", Some(false)),
            (Generic, "1.0.0-rc1", "<1.0.0", Some(true)),
            (Generic, "1.2.3alpha", "<1.2.3", Some(true)),
            (Generic, "v1.21rc2", ">=1.21.0-0, <1.21.0", Some(true)),
            (Generic, "dev-main", "<1.0.0", None),
            (Generic, "1.0", "<banana", None),
            (Npm, "1.2.3", "<=1.2", Some(true)),
            (Npm, "1.3.0", "<=1.2", Some(false)),
            (Npm, "1.3.0", ">1.2", Some(true)),
            (Npm, "1.2.9", "1.2.x", Some(true)),
            (Npm, "2.0.0", "*", Some(true)),
            (Npm, "2.0.0-beta.1", "<2.0.0", Some(true)),
            (Npm, "1.9.9", "^1.2.3", Some(true)),
            (Npm, "2.0.0", "^1.2.3", Some(false)),
            (Npm, "0.0.4", "^0.0.3", Some(false)),
            (Npm, "1.3.0", "~1.2.3", Some(false)),
            (Pep440, "1.0a1", "<1.0", Some(true)),
            (Pep440, "1.0a1+x", "<1.0", Some(false)),
            (Pep440, "1.5.0.dev2", "<1.5.0", Some(true)),
            (Pep440, "0.9a1", "<1.0", Some(true)),
            (Pep440, "1.0.post1", ">1.0", Some(false)),
            (Pep440, "1.0+local", "==1.0", Some(true)),
            (Pep440, "1.4.5", "==1.4.*", Some(true)),
            (Pep440, "1.5", "==1.4.*", Some(false)),
            (Pep440, "2.3", "~=2.2", Some(true)),
            (Pep440, "3.0", "~=2.2", Some(false)),
            (Pep440, "2.1.0.post1", "2.1.0.post1 || 2.0.0", Some(true)),
            (Pep440, "2.0.0", ">=1.7.0 <1.7.16 || >=2.0.0 <2.0.8", Some(true)),
            (Pep440, "1.2.4", "!1.0.0", None),
            (RubyGems, "1.2.3.a", ">=1.2.3", Some(false)),
            (RubyGems, "5.2.4.3", "~> 5.2.4, >= 5.2.4.3", Some(true)),
            (RubyGems, "5.3.0", "~> 5.2.4", Some(false)),
            (RubyGems, "3.0.0.rc1", "~> 2.9", Some(false)),
            (RubyGems, "4.1a", "< 4.2b1", Some(true)),
            (RubyGems, "4.1.a", "< 4.2.b1 || >= 5", Some(true)),
            (RubyGems, "1.0", "^1.0", None),
            (RubyGems, "1gamma", "< 2", None),
            (Maven, "2.9.1", ">= 2.9.0, < 2.9.10.4", Some(true)),
            (Maven, "2.9.1", "[2.0,2.9.10.4)", Some(true)),
            (Maven, "2.9.1", "(,2.9.1),[3.0]", Some(false)),
            (Maven, "3.0", "(,2.9.1),[3.0]", Some(true)),
            (Maven, "1.0", "(0.9,1.0,1.1)", None),
        ] {
            assert_eq!(satisfies(version, constraint, dialect), want, "{dialect:?} {version} {constraint}");
        }
    }

    #[test]
    fn advisories() {
        let advisory = |vulnerable: &[&str], patched: &[&str], unaffected: &[&str]| {
            let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
            DatabaseAdvisory {
                vulnerable_versions: own(vulnerable),
                patched_versions: own(patched),
                unaffected_versions: own(unaffected),
                ..DatabaseAdvisory::default()
            }
        };
        for (one, want) in [
            (advisory(&["<=1.0"], &[">=1.1"], &[]), Some(true)),
            (advisory(&["<=0.9"], &[">=0.9.1"], &[]), Some(false)),
            (advisory(&[], &[">=1.1"], &["<0.5"]), Some(true)),
            (advisory(&[], &[">=0.9"], &[]), Some(false)),
            (advisory(&[], &[], &[]), Some(false)),
            (advisory(&[""], &[], &[]), Some(true)),
            (advisory(&["<banana"], &[], &[]), None),
        ] {
            assert_eq!(vulnerable("1.0.0", &one, Dialect::Npm), want, "{one:?}");
        }
    }
}
