//! Every word of every rule, once: comparing rules is comparing numbers.

use rustc_hash::FxHashMap;
use std::sync::Arc;

/// A word by number. Equal numbers are equal words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Sym(u32);

impl Sym {
    /// `*`
    pub(crate) const STAR: Self = Self(0);
    /// The empty word: the core group, cluster scope, no name.
    pub(crate) const EMPTY: Self = Self(1);
}

/// The table of words.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    text: Vec<Arc<str>>,
    index: FxHashMap<Arc<str>, Sym>,
    /// Words asked for over and over, in a table small enough to stay near the processor; `None` is in no rule.
    hot: FxHashMap<&'static str, Option<Sym>>,
}

impl Names {
    pub(crate) fn new() -> Self {
        let mut names = Self { text: Vec::new(), index: FxHashMap::default(), hot: FxHashMap::default() };
        names.add("*");
        names.add("");
        names
    }

    /// The number of a word, given out now if it is new.
    pub(crate) fn add(&mut self, word: &str) -> Sym {
        if let Some(known) = self.index.get(word) {
            return *known;
        }
        let sym = Sym(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        let word: Arc<str> = word.into();
        self.text.push(word.clone());
        self.index.insert(word, sym);
        sym
    }

    /// The number of a word some rule uses; a word nobody uses can only be matched by `*`.
    pub(crate) fn find(&self, word: &str) -> Option<Sym> {
        self.index.get(word).copied()
    }

    /// Looks these words up once and for all: nothing is added afterwards.
    pub(crate) fn heat(&mut self, words: impl Iterator<Item = &'static str>) {
        self.hot = words.map(|word| (word, self.index.get(word).copied())).collect();
    }

    /// [`Names::find`] for words that are probably hot.
    pub(crate) fn find_hot(&self, word: &str) -> Option<Sym> {
        self.hot.get(word).copied().unwrap_or_else(|| self.find(word))
    }

    /// The word behind a number.
    pub(crate) fn text(&self, sym: Sym) -> &Arc<str> {
        static NONE: std::sync::LazyLock<Arc<str>> = std::sync::LazyLock::new(|| "".into());
        self.text.get(sym.0 as usize).unwrap_or(&NONE)
    }

    /// The words behind a list.
    pub(crate) fn texts<'a>(&'a self, syms: &'a [Sym]) -> impl Iterator<Item = &'a str> + 'a {
        syms.iter().map(|sym| &**self.text(*sym))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_one_number() {
        let mut names = Names::new();
        assert_eq!(names.add("*"), Sym::STAR);
        assert_eq!(names.add(""), Sym::EMPTY);
        let pods = names.add("pods");
        assert_eq!(names.add("pods"), pods);
        assert_eq!(names.find("secrets"), None);
        assert_eq!(&**names.text(pods), "pods");
    }
}
