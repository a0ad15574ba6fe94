//! Versions of Java artefacts.
//!
//! Semantics: Maven's `ComparableVersion`: dots, hyphens and changes between digits and letters split a version into
//! lists within lists; trailing zeros and words for "final" do not count.

use super::{Scheme, digits};
use std::cmp::Ordering;

pub(super) static SCHEME: Scheme =
    Scheme { id: "maven", about: "versions of Java artefacts, as Maven orders them", compare };

/// Longer texts are no versions: each hyphen is one level.
const LONGEST: usize = 512;
/// Words with a meaning, in order; the empty one is the release itself.
const WORDS: [&str; 7] = ["alpha", "beta", "milestone", "rc", "snapshot", "", "sp"];
const RELEASE: usize = 5;

fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (left, right) = (a.trim().to_lowercase(), b.trim().to_lowercase());
    if [&left, &right].iter().any(|text| text.is_empty() || text.len() > LONGEST) {
        return None;
    }
    let (left, right) = (List::read(&left), List::read(&right));
    Some(Item::List(&left).compare(Some(Item::List(&right))))
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Atom<'a> {
    Number(&'a str),
    Word(&'a str),
}

/// A list of atoms whose last element may be another list.
#[derive(Debug, Default)]
struct List<'a> {
    atoms: Vec<Atom<'a>>,
    next: Option<Box<List<'a>>>,
}

#[derive(Clone, Copy)]
enum Item<'l, 'a> {
    Number(&'a str),
    Word(&'a str),
    List(&'l List<'a>),
}

impl<'a> List<'a> {
    fn read(text: &'a str) -> Self {
        let mut levels: Vec<Vec<Atom<'a>>> = vec![Vec::new()];
        let mut start = 0;
        let mut numeric = false;
        let piece = |start: usize, end: usize| text.get(start..end).unwrap_or_default();
        for (at, c) in text.char_indices() {
            match c {
                '.' | '-' => {
                    add(&mut levels, piece(start, at), numeric, false);
                    start = at.saturating_add(1);
                    if c == '-' {
                        levels.push(Vec::new());
                    }
                }
                c if c.is_ascii_digit() => {
                    if !numeric && at > start {
                        add(&mut levels, piece(start, at), false, true);
                        levels.push(Vec::new());
                        start = at;
                    }
                    numeric = true;
                }
                _ => {
                    if numeric && at > start {
                        add(&mut levels, piece(start, at), true, false);
                        levels.push(Vec::new());
                        start = at;
                    }
                    numeric = false;
                }
            }
        }
        if start < text.len() {
            add(&mut levels, piece(start, text.len()), numeric, false);
        }
        Self::fold(levels)
    }

    /// Builds the lists from the innermost, leaving out what does not count at their ends.
    fn fold(levels: Vec<Vec<Atom<'a>>>) -> Self {
        let mut next: Option<Box<Self>> = None;
        for mut atoms in levels.into_iter().rev() {
            while atoms.last().is_some_and(Atom::is_null) {
                atoms.pop();
            }
            let list = Self { atoms, next };
            next = (!list.is_empty()).then(|| Box::new(list));
        }
        next.map(|list| *list).unwrap_or_default()
    }

    fn is_empty(&self) -> bool {
        self.atoms.is_empty() && self.next.is_none()
    }

    fn get(&self, at: usize) -> Option<Item<'_, 'a>> {
        match self.atoms.get(at) {
            Some(Atom::Number(number)) => Some(Item::Number(number)),
            Some(Atom::Word(word)) => Some(Item::Word(word)),
            None if at == self.atoms.len() => self.next.as_deref().map(Item::List),
            None => None,
        }
    }

    fn len(&self) -> usize {
        self.atoms.len().saturating_add(usize::from(self.next.is_some()))
    }
}

fn add<'a>(levels: &mut [Vec<Atom<'a>>], piece: &'a str, numeric: bool, before_digit: bool) {
    let Some(atoms) = levels.last_mut() else { return };
    atoms.push(match piece {
        "" => Atom::Number("0"),
        piece if numeric => Atom::Number(piece),
        "a" if before_digit => Atom::Word("alpha"),
        "b" if before_digit => Atom::Word("beta"),
        "m" if before_digit => Atom::Word("milestone"),
        "cr" => Atom::Word("rc"),
        "ga" | "final" | "release" => Atom::Word(""),
        piece => Atom::Word(piece),
    });
}

impl Atom<'_> {
    fn is_null(&self) -> bool {
        match self {
            Self::Number(number) => number.bytes().all(|b| b == b'0'),
            Self::Word(word) => word.is_empty(),
        }
    }
}

/// Known words by their order, the others after them by the alphabet.
fn rank(word: &str) -> (usize, &str) {
    match WORDS.iter().position(|known| *known == word) {
        Some(at) => (at, ""),
        None => (WORDS.len(), word),
    }
}

impl Item<'_, '_> {
    /// Compares with what is in the same place of the other version, if anything is.
    fn compare(self, other: Option<Self>) -> Ordering {
        match (self, other) {
            (Item::Number(a), Some(Item::Number(b))) => digits(a, b),
            (Item::Number(_), Some(Item::Word(_) | Item::List(_))) => Ordering::Greater,
            (Item::Number(a), None) => digits(a, "0"),
            (Item::Word(_), Some(Item::Number(_) | Item::List(_))) => Ordering::Less,
            (Item::Word(a), Some(Item::Word(b))) => rank(a).cmp(&rank(b)),
            (Item::Word(a), None) => rank(a).cmp(&(RELEASE, "")),
            (Item::List(_), Some(Item::Number(_))) => Ordering::Less,
            (Item::List(_), Some(Item::Word(_))) => Ordering::Greater,
            (Item::List(a), Some(Item::List(b))) => lists(a, b),
            (Item::List(a), None) => {
                let each = (0..a.len()).filter_map(|at| a.get(at)).map(|item| item.compare(None));
                each.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
            }
        }
    }
}

fn lists(a: &List<'_>, b: &List<'_>) -> Ordering {
    for at in 0..a.len().max(b.len()) {
        let order = match (a.get(at), b.get(at)) {
            (Some(x), y) => x.compare(y),
            (None, Some(y)) => y.compare(None).reverse(),
            (None, None) => Ordering::Equal,
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::vectors;

    #[test]
    fn own_cases() {
        vectors::check(
            &SCHEME,
            "1 = 1.0\n1.0-alpha < 1.0\n1.0-rc1 = 1.0-cr1\n1.0-SNAPSHOT < 1.0\n1.0 < 1.0-sp\n2.14.1 < 2.15.0\n2.9.10.1 > 2.9.10\n\
             1.0.Final = 1.0\n1.0.Beta2 < 1.0.Beta10\n1.0-1 < 1.0.1\n1-a1 = 1-alpha-1\n31.0-jre < 31.1-jre\n31.0-android < 31.0-jre",
        );
    }

    #[test]
    fn what_is_no_version() {
        assert_eq!(compare("", "1"), None);
        assert_eq!(compare(&"1-".repeat(300), "1"), None);
        assert_eq!(compare("-", "-"), Some(Ordering::Equal));
    }

    #[test]
    fn corpus() {
        vectors::corpus(&SCHEME, &["maven-versions.txt", "maven-versions-generated.txt"], 7000);
    }
}
