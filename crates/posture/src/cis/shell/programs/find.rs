//! `find PATH…` with tests of names, types and depth.

use super::{Job, Program, printed};
use crate::cis::node::{FileKind, tidy};
use crate::cis::shell::{Stop, pattern};

pub(super) static PROGRAM: Program = Program { names: &["find"], read };

#[derive(Clone, Debug)]
enum Test {
    Name(String),
    Kind(FileKind),
    Least(usize),
    Most(usize),
}

fn read(words: &[&str]) -> Option<Job> {
    let mut words = words.iter().skip(1).copied().peekable();
    let follows = words.next_if_eq(&"-L").is_some();
    let mut roots = Vec::new();
    while let Some(root) = words.next_if(|word| !word.starts_with(['-', '!', '('])) {
        roots.push(root.to_owned());
    }
    let mut tests = Vec::new();
    while let Some(word) = words.next() {
        let not = word == "!";
        let word = if not { words.next()? } else { word };
        let test = match (word, words.next()?) {
            ("-name", name) => Test::Name(name.to_owned()),
            ("-type", "f") => Test::Kind(FileKind::File),
            ("-type", "d") => Test::Kind(FileKind::Folder),
            ("-mindepth", depth) => Test::Least(depth.parse().ok()?),
            ("-maxdepth", depth) => Test::Most(depth.parse().ok()?),
            _ => return None,
        };
        tests.push((not, test));
    }
    // Without a path it looks where it stands, which is nobody's place.
    if roots.is_empty() {
        return None;
    }
    Some(Box::new(move |node, _| {
        let (mut out, mut status) = (Vec::new(), 0);
        for root in &roots {
            let Some(first) = node.file(root)? else {
                status = 1;
                continue;
            };
            let keep = |path: &str, kind: FileKind, depth: usize| -> Result<bool, Stop> {
                for (not, test) in &tests {
                    let holds = match test {
                        Test::Name(name) => {
                            let last = tidy(path).rsplit('/').next().unwrap_or_default();
                            pattern::fits(name, last).ok_or(Stop::Shell)?
                        }
                        Test::Kind(want) => kind == *want,
                        Test::Least(least) => depth >= *least,
                        Test::Most(most) => depth <= *most,
                    };
                    if holds == *not {
                        return Ok(false);
                    }
                }
                Ok(true)
            };
            let kind = |file: &crate::cis::File| match follows {
                true => file.followed().map_or(FileKind::Link, |file| file.kind),
                false => file.kind,
            };
            // With a slash at its end a link is followed.
            let whole = first.kind == FileKind::Folder
                || ((follows || root.ends_with('/')) && first.followed().is_some_and(|f| f.kind == FileKind::Folder));
            let own = if whole { FileKind::Folder } else { kind(first) };
            if keep(root, own, 0)? {
                out.push(root.clone());
            }
            if !whole {
                continue;
            }
            let start = format!("{}/", tidy(root));
            let slash = if root.ends_with('/') { "" } else { "/" };
            for (path, file) in node.below(root)? {
                let rest = path.strip_prefix(&start).unwrap_or_default();
                if keep(path, kind(file), rest.split('/').count())? {
                    out.push(format!("{root}{slash}{rest}"));
                }
            }
        }
        let mut found = printed(out);
        found.status = status;
        Ok(found)
    }))
}
