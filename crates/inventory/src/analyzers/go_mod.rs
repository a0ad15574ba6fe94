//! go.mod: the modules a program is built from.

use super::{Analyzer, Pattern, Stage};
use crate::beside::Beside;
use crate::{Ecosystem, Package, Packages, Relation};
use std::collections::{BTreeMap, BTreeSet};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "go-mod",
    about: "go.mod of Go modules",
    files: &[Pattern::Name("go.mod"), Pattern::Name("go.sum")],
    stage: Stage::Declared,
    ecosystem: Some(Ecosystem::Go),
    parse,
    join: Some(join),
};

/// What a module requires: name, version, and how.
type Required = BTreeMap<String, (String, String, Relation)>;

/// `module`, `require` and `replace`, one a line or in parentheses (go.dev/ref/mod). Before Go 1.17 what is indirect was
/// not all listed, and what is listed is not all there is, so that it is left out.
fn parse(path: &str, bytes: &[u8], out: &mut Packages) {
    let text = String::from_utf8_lossy(bytes);
    if path.ends_with("go.sum") {
        out.kept = Some(text.into_owned());
        return;
    }
    let mut block = "";
    let (mut required, mut replaced) = (Required::new(), Vec::new());
    let (mut module, mut complete) = (None, false);
    for whole in text.lines() {
        let (line, comment) = whole.split_once("//").unwrap_or((whole, ""));
        let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches(['"', '`'])).collect();
        let (verb, rest) = match words.as_slice() {
            [verb, "("] => {
                block = verb;
                continue;
            }
            [")"] => {
                block = "";
                continue;
            }
            rest if !block.is_empty() => (block, rest),
            [verb, rest @ ..] => (*verb, rest),
            [] => continue,
        };
        match (verb, rest) {
            ("module", [path]) => module = Some((*path).to_owned()),
            ("go", [version]) => complete = !before_117(version),
            ("require", [path, version]) => {
                let relation = match comment.trim().starts_with("indirect") {
                    true => Relation::Indirect,
                    false => Relation::Direct,
                };
                required.insert((*path).to_owned(), ((*path).to_owned(), (*version).to_owned(), relation));
            }
            ("replace", [path, rest @ ..]) => replaced.push(((*path).to_owned(), words_of(rest))),
            _ => {}
        }
    }
    if !complete {
        out.kept = Some(OLD.to_owned());
        required.retain(|_, (_, _, relation)| *relation == Relation::Direct);
    }
    for (path, words) in replaced {
        replace(&mut required, &path, &words);
    }
    // Which module needs what is not in the file: what is indirect is said to be needed by the project.
    let needs = |all: &Required| {
        let of = |wanted| all.values().filter(move |(_, _, relation)| *relation == wanted);
        let both = of(Relation::Direct).chain(of(Relation::Indirect));
        both.map(|(name, version, _)| format!("{name}@{version}")).collect()
    };
    if let Some(path) = module {
        let needs = needs(&required);
        out.add(Package { relation: Relation::Root, needs, ..Package::new(Ecosystem::Go, path, "") });
    }
    for (name, version, relation) in required.into_values() {
        out.add(Package { relation, ..Package::new(Ecosystem::Go, name, version) });
    }
}

/// What is kept of a go.mod that lists only a part.
const OLD: &str = "incomplete";

/// go.sum completes a go.mod that lists only a part; all that was ever looked at is in it, so that it counts only there.
fn join(path: &str, found: &mut Packages, beside: &Beside) {
    if beside.text(path) != Some(OLD) {
        return;
    }
    let known: BTreeSet<String> = found.packages.iter().map(|p| p.name.clone()).collect();
    let sums = beside.sibling(path, "go.sum").map(sums).unwrap_or_default();
    let fresh: Vec<(String, String)> = sums.into_iter().filter(|(name, _)| !known.contains(name)).collect();
    if let Some(root) = found.packages.iter_mut().find(|p| p.relation == Relation::Root) {
        root.needs.extend(fresh.iter().map(|(name, version)| format!("{name}@{version}")));
    }
    for (name, version) in fresh {
        found.add(Package { relation: Relation::Indirect, ..Package::new(Ecosystem::Go, name, version) });
    }
}

/// `module version hash`, one a line, and one more for each go.mod.
fn sums(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        if let (Some(path), Some(version)) = (words.next(), words.next())
            && !version.ends_with("/go.mod")
        {
            found.insert(path.to_owned(), version.to_owned());
        }
    }
    found
}

fn before_117(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u64>().unwrap_or(u64::MAX));
    (parts.next(), parts.next()) < (Some(1), Some(17))
}

fn words_of(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// `replace A [vX] => B vY`; a replacement by a directory has no version and no advisories.
fn replace(required: &mut Required, path: &str, words: &[String]) {
    let texts: Vec<&str> = words.iter().map(String::as_str).collect();
    let (only, new) = match texts.as_slice() {
        ["=>", new @ ..] => (None, new),
        [version, "=>", new @ ..] => (Some(*version), new),
        _ => return,
    };
    let Some((_, version, relation)) = required.get(path).cloned() else { return };
    let applies = only.is_none_or(|only| only == version);
    match new {
        [name, version] if applies => {
            required.remove(path);
            required.insert((*name).to_owned(), ((*name).to_owned(), (*version).to_owned(), relation));
        }
        [_] if applies => {
            required.remove(path);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let mut out = Packages::default();
        parse("go.mod", text.as_bytes(), &mut out);
        out.packages.iter().map(|p| format!("{} {}", p.name, p.version)).collect()
    }

    #[test]
    fn require_and_replace() {
        let text = "module example.com/app\n\ngo 1.22\n\nrequire example.com/a v1.0.0 // indirect\nrequire (\n\texample.com/b v1.1.0\n\texample.com/c v1.2.0\n\texample.com/d v1.3.0\n)\n\
                    replace example.com/b => example.com/fork v9.0.0\nreplace (\n\texample.com/c v0.0.1 => example.com/x v1.0.0\n\texample.com/d => ../d\n)\nexclude example.com/a v0.9.0\n";
        assert_eq!(read(text), ["example.com/app ", "example.com/a v1.0.0", "example.com/c v1.2.0", "example.com/fork v9.0.0"]);
        let old = text.replace("go 1.22", "go 1.16");
        assert_eq!(read(&old), ["example.com/app ", "example.com/c v1.2.0", "example.com/fork v9.0.0"]);
    }

    #[test]
    fn sums_beside() {
        let sum = "example.com/a v1.0.0 h1:x=\nexample.com/b v1.1.0 h1:y=\nexample.com/b v1.1.0/go.mod h1:z=\nodd\n";
        for (go, want) in [("go 1.16", 3), ("go 1.17", 2)] {
            let mut out = Packages::default();
            parse("x/go.mod", format!("module m\n{go}\nrequire example.com/a v1.0.0\n").as_bytes(), &mut out);
            let kept = out.kept.take().unwrap_or_default();
            join("x/go.mod", &mut out, &Beside::of(&[("x/go.mod", &kept), ("x/go.sum", sum)]));
            assert_eq!((out.packages.len(), out.packages[0].needs.len()), (want, want - 1), "{go}");
        }
    }

    #[test]
    fn nothing() {
        assert!(read("").is_empty() && read("module x\nrequire (\n") == ["x "] && read(")\nrequire a\n").is_empty());
    }
}
