//! go.mod: the modules a program is built from.

use super::{Analyzer, Pattern, Stage};
use crate::{Ecosystem, Package, Packages};
use std::collections::BTreeMap;

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "go-mod",
    about: "go.mod of Go modules",
    files: &[Pattern::Name("go.mod")],
    stage: Stage::Declared,
    ecosystem: Some(Ecosystem::Go),
    parse,
};

/// `require` and `replace`, one a line or in parentheses (go.dev/ref/mod).
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let text = String::from_utf8_lossy(bytes);
    let mut block = "";
    let (mut required, mut replaced) = (BTreeMap::new(), Vec::new());
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or_default();
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
            ("require", [path, version]) => {
                required.insert((*path).to_owned(), ((*path).to_owned(), (*version).to_owned()));
            }
            ("replace", [path, rest @ ..]) => replaced.push(((*path).to_owned(), words_of(rest))),
            _ => {}
        }
    }
    for (path, words) in replaced {
        replace(&mut required, &path, &words);
    }
    for (name, version) in required.into_values() {
        out.add(Package::new(Ecosystem::Go, name, version));
    }
}

fn words_of(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// `replace A [vX] => B vY`; a replacement by a directory has no version and no advisories.
fn replace(required: &mut BTreeMap<String, (String, String)>, path: &str, words: &[String]) {
    let texts: Vec<&str> = words.iter().map(String::as_str).collect();
    let (only, new) = match texts.as_slice() {
        ["=>", new @ ..] => (None, new),
        [version, "=>", new @ ..] => (Some(*version), new),
        _ => return,
    };
    let applies = required.get(path).is_some_and(|(_, version)| only.is_none_or(|only| only == version));
    match new {
        [name, version] if applies => {
            required.insert(path.to_owned(), ((*name).to_owned(), (*version).to_owned()));
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
        assert_eq!(read(text), ["example.com/a v1.0.0", "example.com/fork v9.0.0", "example.com/c v1.2.0"]);
    }

    #[test]
    fn nothing() {
        assert!(read("").is_empty() && read("module x\nrequire (\n").is_empty() && read(")\nrequire a\n").is_empty());
    }
}
