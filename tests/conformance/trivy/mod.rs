//! Scanning as Trivy does: its goldens, its package lists, and random images scanned by both.

pub(crate) mod action;
mod bad;
mod differential;
mod forms;
mod goldens;
mod lists;
mod rpm;
pub(crate) mod world;

use integration::{Case, Program, Ratchet, Skip, Suite, corpus, demand, ringwall};

pub(crate) static SUITE: Suite = Suite { name: "conformance/trivy", cases };

fn passing() -> Ratchet {
    Ratchet::of(include_str!("passing.txt"))
}

fn cases() -> Result<Vec<Case>, Skip> {
    let Some(corpus) = corpus() else { integration::skip!("no corpus") };
    let mut out = Vec::new();
    for golden in goldens::GOLDENS {
        let corpus = corpus.clone();
        out.push(Case::pending(format!("golden/{}", golden.name), move || {
            let ringwall = ringwall()?;
            passing().judge(golden.name, "scan", goldens::check(golden, &ringwall, &corpus))
        }));
    }
    for list in lists::LISTS {
        let corpus = corpus.clone();
        out.push(Case::pending(format!("list/{}", list.name), move || {
            let ringwall = ringwall()?;
            passing().judge(list.name, "scan", lists::check(list, &ringwall, &corpus))
        }));
    }
    let folder = corpus.clone();
    out.push(Case::pending("list/conda", move || {
        let ringwall = ringwall()?;
        passing().judge("conda", "scan", lists::conda(&ringwall, &folder))
    }));
    out.push(Case::new("names-are-known", || {
        let known = goldens::GOLDENS
            .iter()
            .map(|g| g.name)
            .chain(lists::LISTS.iter().map(|l| l.name))
            .chain(["conda"]);
        let strangers = passing().strangers(known);
        demand!(strangers.is_empty(), "passing.txt lists what there is not: {}", strangers.join(", "));
        Ok(())
    }));
    out.push(Case::new("doing-nothing-scores-nothing", move || {
        let idle = Program::new("/bin/true");
        let scored: Vec<&str> = goldens::GOLDENS
            .iter()
            .filter(|golden| goldens::check(golden, &idle, &corpus).is_ok())
            .map(|golden| golden.name)
            .collect();
        demand!(scored.is_empty(), "a program that does nothing passes {scored:?}");
        Ok(())
    }));
    out.extend(differential::cases()?);
    out.extend(action::cases());
    out.extend(bad::cases());
    Ok(out)
}
