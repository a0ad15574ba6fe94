//! Rules ready to search with: which of them a chunk may concern, and what is allowed.

use super::builtin::{ALLOWED, BuiltIn, FAMILIES, SKIPPED};
use super::dialect;
use super::settings::{OwnAllowance, OwnRule, Settings};
use super::text::Text;
use crate::glob;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::RegexSet;
use regex::bytes::Regex;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// What a layer's secrets depend on beside its bytes: changes when the rules or the search do.
const VERSION: &str = "secrets-1";

/// An expression that is compiled when it is first needed: of a hundred rules few ever are.
#[derive(Debug)]
pub(super) struct Lazy {
    written: Cow<'static, str>,
    compiled: OnceLock<Option<Regex>>,
}

impl Lazy {
    fn of(written: impl Into<Cow<'static, str>>) -> Self {
        Self { written: written.into(), compiled: OnceLock::new() }
    }

    fn ready(regex: Regex) -> Self {
        Self { written: "".into(), compiled: OnceLock::from(Some(regex)) }
    }

    /// Expressions of the built-in rules are held to compile by a test; those of settings are compiled already.
    pub(super) fn get(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| dialect::compile(&self.written).ok()).as_ref()
    }

    fn is_match(&self, text: &[u8]) -> bool {
        self.get().is_some_and(|regex| regex.is_match(text))
    }
}

/// Expressions over paths, of which one is enough; compiled when a path is first asked for.
#[derive(Debug)]
struct Paths {
    written: Vec<String>,
    compiled: OnceLock<RegexSet>,
}

impl Paths {
    fn of(written: impl Iterator<Item = String>) -> Self {
        Self { written: written.collect(), compiled: OnceLock::new() }
    }

    /// What compiles alone, as it did, compiles in a set.
    fn holds(&self, path: &str) -> bool {
        let compile = || RegexSet::new(&self.written).unwrap_or_else(|_| RegexSet::empty());
        self.compiled.get_or_init(compile).is_match(path)
    }
}

/// What is allowed.
#[derive(Debug)]
pub(super) struct Allowance {
    path: Option<Lazy>,
    text: Option<Lazy>,
}

impl Allowance {
    fn own(own: OwnAllowance) -> Self {
        Self { path: own.path.map(Lazy::ready), text: own.text.map(Lazy::ready) }
    }

    fn built_in(path: &'static str, text: &'static str) -> Self {
        let lazy = |written: &'static str| (!written.is_empty()).then(|| Lazy::of(written));
        Self { path: lazy(path), text: lazy(text) }
    }

    fn allows(&self, text: &[u8]) -> bool {
        self.text.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

/// One rule.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) id: Cow<'static, str>,
    pub(super) category: Cow<'static, str>,
    pub(super) title: Cow<'static, str>,
    pub(super) severity: Cow<'static, str>,
    pub(super) regex: Option<Lazy>,
    /// The group that is the secret; empty for the whole match.
    pub(super) group: Cow<'static, str>,
    pub(super) excluded: Vec<Lazy>,
    path: Option<Lazy>,
    allowed: Vec<Allowance>,
    keywords: Vec<Cow<'static, str>>,
}

impl Rule {
    fn built_in(rule: &BuiltIn) -> Self {
        let written = rule.shape.expression();
        Self {
            id: rule.id.into(),
            category: rule.category.into(),
            title: rule.title.into(),
            severity: rule.severity.into(),
            group: if written.contains("(?P<secret>") { "secret".into() } else { "".into() },
            regex: Some(Lazy::of(written)),
            excluded: Vec::new(),
            path: (!rule.path.is_empty()).then(|| Lazy::of(rule.path)),
            allowed: rule.unless.iter().map(|(_, text)| Allowance::built_in("", text)).collect(),
            keywords: rule.keywords.iter().map(|keyword| (*keyword).into()).collect(),
        }
    }

    fn own(own: OwnRule) -> Self {
        let severity = own.severity.to_uppercase();
        let known = ["LOW", "MEDIUM", "HIGH", "CRITICAL"].contains(&severity.as_str());
        Self {
            id: own.id.into(),
            category: own.category.into(),
            title: own.title.into(),
            severity: if known { severity.into() } else { "UNKNOWN".into() },
            group: own.group.into(),
            regex: own.regex.map(Lazy::ready),
            excluded: own.excluded.into_iter().map(Lazy::ready).collect(),
            path: own.path.map(Lazy::ready),
            allowed: own.allowed.into_iter().map(Allowance::own).collect(),
            keywords: own.keywords.into_iter().map(Cow::Owned).collect(),
        }
    }

    /// Whether it is for files of this path.
    pub(super) fn concerns(&self, path: &str) -> bool {
        let path = path.as_bytes();
        let is = |regex: &Lazy| regex.is_match(path);
        self.path.as_ref().is_none_or(is) && !self.allowed.iter().filter_map(|a| a.path.as_ref()).any(is)
    }

    /// Whether a match is none of its secrets.
    pub(super) fn allows(&self, text: &[u8]) -> bool {
        self.allowed.iter().any(|allowance| allowance.allows(text))
    }
}

/// A rule there is without settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltInRule {
    /// Its id.
    pub id: &'static str,
    /// What it finds.
    pub title: &'static str,
    /// `CRITICAL` to `UNKNOWN`.
    pub severity: &'static str,
    /// What a match looks like, in Go's syntax.
    pub expression: String,
}

/// Every rule there is without settings.
pub fn built_in_rules() -> impl Iterator<Item = BuiltInRule> {
    FAMILIES.iter().flat_map(|family| family.iter()).map(|rule| BuiltInRule {
        id: rule.id,
        title: rule.title,
        severity: rule.severity,
        expression: rule.shape.expression(),
    })
}

/// The rules of a search.
#[derive(Debug)]
pub struct Rules {
    pub(super) rules: Vec<Rule>,
    pub(super) excluded: Vec<Lazy>,
    allowed: Vec<Allowance>,
    allowed_paths: Paths,
    skipped: Paths,
    /// Path of the settings, which are full of what they look for.
    settings: String,
    /// Finds every keyword in one pass.
    keywords: Option<AhoCorasick>,
    /// Rules of a keyword.
    of_keyword: Vec<Vec<usize>>,
    /// Rules with no keyword.
    always: Vec<usize>,
    /// Keywords that are not ASCII, in lower case, and their rules.
    wide: Vec<(String, usize)>,
    fingerprint: String,
}

impl Default for Rules {
    fn default() -> Self {
        Self::new(None, "", b"")
    }
}

impl Rules {
    /// The built-in rules, as the settings (and the file they are of: path and bytes) change them.
    pub fn new(settings: Option<Settings>, path: &str, written: &[u8]) -> Self {
        let settings = settings.unwrap_or_default();
        let enabled = |id: &str| settings.enabled.is_empty() || settings.enabled.iter().any(|e| e == id);
        let built_in = FAMILIES.iter().flat_map(|family| family.iter()).filter(|rule| enabled(rule.id));
        let own = settings.rules.iter().cloned().map(Rule::own);
        let disabled = |rule: &Rule| settings.disabled.iter().any(|id| *id == rule.id);
        let rules: Vec<Rule> = built_in.map(Rule::built_in).chain(own).filter(|r| !disabled(r)).collect();
        let allowance_counts = |id: &str| settings.disabled_allowances.iter().all(|other| other != id);
        let built_in = ALLOWED.iter().filter(|a| allowance_counts(a.id));
        let own = settings.allowed.iter().filter(|a| allowance_counts(&a.id));
        let paths = built_in.clone().map(|a| a.path.to_owned());
        let own_paths = own.clone().filter_map(|a| a.path.as_ref()).map(|regex| regex.as_str().to_owned());
        let paths = paths.filter_map(|path| dialect::translate(&path).ok()).chain(own_paths);
        let skipped: Vec<&str> = match &settings.skipped {
            Some(patterns) => patterns.iter().map(String::as_str).collect(),
            None => SKIPPED.to_vec(),
        };
        let skipped = skipped.into_iter().filter_map(glob::expression);
        let mut out = Self {
            excluded: settings.excluded.iter().cloned().map(Lazy::ready).collect(),
            allowed_paths: Paths::of(paths),
            skipped: Paths::of(skipped),
            allowed: built_in
                .map(|a| Allowance::built_in("", a.text))
                .chain(own.cloned().map(Allowance::own))
                .collect(),
            settings: clean(path),
            fingerprint: fingerprint(path, written),
            keywords: None,
            of_keyword: Vec::new(),
            always: Vec::new(),
            wide: Vec::new(),
            rules,
        };
        out.index();
        out
    }

    /// Finds every keyword of every rule in one pass.
    fn index(&mut self) {
        let mut keywords: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, rule) in self.rules.iter().enumerate() {
            if rule.keywords.is_empty() || rule.keywords.iter().any(|keyword| keyword.is_empty()) {
                self.always.push(at);
                continue;
            }
            for keyword in &rule.keywords {
                match keyword.is_ascii() {
                    true => keywords.entry(keyword.to_ascii_lowercase()).or_default().push(at),
                    false => self.wide.push((lower(keyword), at)),
                }
            }
        }
        let built = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::DFA))
            .build(keywords.keys());
        match built {
            Ok(built) => {
                self.keywords = Some(built);
                self.of_keyword = keywords.into_values().collect();
            }
            // Too many for one automaton: every rule is tried.
            Err(_) => self.always = (0..self.rules.len()).collect(),
        }
    }

    /// Tells searches apart that may find other things in the same bytes.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Whether a file is looked at; its path is relative.
    pub(super) fn wants(&self, path: &str) -> bool {
        let above = self.settings.strip_suffix(path).filter(|_| !path.is_empty());
        let settings = above.is_some_and(|above| above.is_empty() || above.ends_with('/'));
        !settings && !self.skipped.holds(path) && !self.allows_path(path)
    }

    pub(super) fn allows_path(&self, path: &str) -> bool {
        self.allowed_paths.holds(path)
    }

    pub(super) fn allows(&self, text: &[u8]) -> bool {
        self.allowed.iter().any(|allowance| allowance.allows(text))
    }

    /// The rules that may find something in a chunk, in order.
    pub(super) fn candidates(&self, chunk: &[u8], into: &mut Vec<usize>) {
        into.clear();
        into.extend(&self.always);
        let lowered = self.lowered(chunk);
        let chunk = lowered.as_deref().unwrap_or(chunk);
        let mut seen = vec![false; self.of_keyword.len()];
        for found in self.keywords.iter().flat_map(|keywords| keywords.find_overlapping_iter(chunk)) {
            let keyword = found.pattern().as_usize();
            if let Some(seen) = seen.get_mut(keyword).filter(|seen| !**seen) {
                *seen = true;
                into.extend(self.of_keyword.get(keyword).into_iter().flatten());
            }
        }
        for (keyword, rule) in &self.wide {
            if memchr::memmem::find(chunk, keyword.as_bytes()).is_some() {
                into.push(*rule);
            }
        }
        into.sort_unstable();
        into.dedup();
    }

    /// The chunk in lower case, where that makes a difference ASCII does not know: the signs for Kelvin and the dotted I
    /// are a k and an i there.
    fn lowered(&self, chunk: &[u8]) -> Option<Vec<u8>> {
        let signs = ["\u{212a}", "\u{130}"];
        let strange = || signs.iter().any(|sign| memchr::memmem::find(chunk, sign.as_bytes()).is_some());
        (!self.wide.is_empty() || strange()).then(|| Text::new(chunk).lower())
    }
}

fn lower(text: &str) -> String {
    text.chars().map(|c| c.to_lowercase().next().unwrap_or(c)).collect()
}

/// A path without what does not change it.
fn clean(path: &str) -> String {
    let absolute = path.starts_with('/');
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    format!("{}{}", if absolute { "/" } else { "" }, parts.join("/"))
}

fn fingerprint(path: &str, written: &[u8]) -> String {
    let mut text = format!("{VERSION}\n{path}\n").into_bytes();
    text.extend_from_slice(written);
    let digest = crate::sha256(&text).map(|digest| digest.to_string()).unwrap_or_default();
    digest.trim_start_matches("sha256:").chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::super::settings::settings;
    use super::*;

    fn rules(text: &str) -> Rules {
        Rules::new(Some(settings(text.as_bytes()).unwrap().0), "conf/trivy-secret.yaml", text.as_bytes())
    }

    fn ids(rules: &Rules, chunk: &str) -> Vec<String> {
        let mut found = Vec::new();
        rules.candidates(chunk.as_bytes(), &mut found);
        found.into_iter().map(|at| rules.rules[at].id.to_string()).collect()
    }

    #[test]
    fn keywords() {
        let rules = Rules::default();
        assert_eq!(ids(&rules, "nothing"), Vec::<String>::new());
        assert_eq!(ids(&rules, "AGE-Secret-key-1"), ["aws-secret-access-key", "age-secret-key"]);
        assert_eq!(ids(&rules, "\u{212a}ey"), ["aws-secret-access-key"]);
        let own = self::rules(
            "enable-builtin-rules: [none]\nrules:\n- {id: a, severity: low, regex: x, keywords: [ПАРОЛЬ]}\n- {id: b, severity: low, regex: x}\n",
        );
        assert_eq!(ids(&own, "пароль"), ["a", "b"]);
        assert_eq!(ids(&own, ""), ["b"]);
    }

    #[test]
    fn paths() {
        let rules = rules("rules: []\n");
        for (path, want) in [
            ("app/a.env", true),
            ("a/package-lock.json", false),
            ("usr/share/a", false),
            ("opt/usr/share/a", true),
            ("Test.txt", false),
            ("conf/trivy-secret.yaml", false),
            ("trivy-secret.yaml", false),
            ("x/trivy-secret.yaml", true),
            ("README.md", false),
        ] {
            assert_eq!(rules.wants(path), want, "{path}");
        }
        assert!(self::rules("disable-allow-rules: [markdown]\n").wants("README.md"));
        assert!(self::rules("skip-patterns: []\n").wants("go.sum"));
        assert!(!self::rules("allow-rules:\n- id: x\n  path: ^app\n").wants("app/a.env"));
    }

    #[test]
    fn which_count() {
        let count = |text: &str| rules(text).rules.len();
        assert_eq!(count("a: b\n"), 105);
        assert_eq!(count("enable-builtin-rules: [jwt-token, github-pat]\n"), 2);
        assert_eq!(count("disable-rules: [jwt-token]\n"), 104);
        assert_eq!(count("disable-rules: [x]\nrules: [{id: x, regex: a, severity: low}]\n"), 105);
        assert_ne!(rules("a: b\n").fingerprint(), Rules::default().fingerprint());
    }
}
