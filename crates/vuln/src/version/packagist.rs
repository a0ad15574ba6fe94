//! Versions of PHP packages.
//!
//! Semantics: PHP's `version_compare`: a dot wherever digits meet letters, `-`, `_` and `+` are dots; words have a rank
//! (`dev`, `alpha`, `beta`, `RC`, `#`, numbers, `pl`), any other comes before all.

use super::{Scheme, digits};
use std::cmp::Ordering;

pub(super) static SCHEME: Scheme = Scheme { id: "packagist", about: "versions of PHP packages", compare };

fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (left, right) = (parts(a), parts(b));
    if left.is_empty() || right.is_empty() {
        return None;
    }
    for (x, y) in left.iter().zip(&right) {
        let order = part(x, y);
        if order.is_ne() {
            return Some(order);
        }
    }
    let order = match left.len().cmp(&right.len()) {
        Ordering::Greater => more(left.get(right.len()..)),
        Ordering::Less => more(right.get(left.len()..)).reverse(),
        Ordering::Equal => Ordering::Equal,
    };
    Some(order)
}

/// What one version has more decides: a number is more, a word counts as it ranks against a number.
fn more(rest: Option<&[String]>) -> Ordering {
    let orders = rest.into_iter().flatten().map(|part| match number(part) {
        true => Ordering::Greater,
        false => rank(part).cmp(&rank("#")),
    });
    orders.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

fn number(part: &str) -> bool {
    part.starts_with(|c: char| c.is_ascii_digit())
}

fn parts(text: &str) -> Vec<String> {
    let text = text.trim();
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let mut out: Vec<String> = Vec::new();
    let mut last = None;
    for c in text.chars() {
        let kind = if matches!(c, '.' | '-' | '_' | '+') { None } else { Some(c.is_ascii_digit()) };
        match (kind, out.last_mut()) {
            (None, _) => {}
            (kind, Some(part)) if kind == last => part.push(c),
            _ => out.push(c.to_string()),
        }
        last = kind;
    }
    out
}

/// The rank of a word, whose case counts.
fn rank(word: &str) -> i8 {
    // Longer names stand before those they begin with.
    const RANKS: [(&str, i8); 10] = [
        ("dev", 0),
        ("alpha", 1),
        ("a", 1),
        ("beta", 2),
        ("b", 2),
        ("RC", 3),
        ("rc", 3),
        ("#", 4),
        ("pl", 5),
        ("p", 5),
    ];
    RANKS.iter().find(|(name, _)| word.starts_with(name)).map_or(-1, |(_, rank)| *rank)
}

fn part(a: &str, b: &str) -> Ordering {
    match (number(a), number(b)) {
        (true, true) => digits(a, b),
        (false, false) => rank(a).cmp(&rank(b)),
        (true, false) => rank("#").cmp(&rank(b)),
        (false, true) => rank(a).cmp(&rank("#")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::vectors;

    #[test]
    fn own_cases() {
        vectors::check(
            &SCHEME,
            "1.0-dev < 1.0-alpha\n1.0-alpha < 1.0-beta2\n1.0-beta2 < 1.0-RC1\n1.0RC1 < 1.0\n1.0 < 1.0pl1\nv1.0 = 1.0\n1.10 > 1.9\n1.0 < 1.0.0",
        );
        assert_eq!(compare("", "1"), None);
    }

    #[test]
    fn corpus() {
        vectors::corpus(&SCHEME, &["packagist-versions.txt", "packagist-versions-generated.txt"], 5000);
    }
}
