//! Scanning as Trivy does: its goldens, its package lists, its formats, and random images scanned by both.

pub(crate) mod action;
mod bad;
mod differential;
mod formats;
mod forms;
mod goldens;
mod hostile;
mod installed;
mod lists;
mod local;
mod rpm;
mod secrets;
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
    for conversion in formats::CONVERSIONS {
        let corpus = corpus.clone();
        out.push(Case::pending(format!("convert/{}", conversion.name), move || {
            let ringwall = ringwall()?;
            passing().judge(conversion.name, "scan", formats::check(conversion, &ringwall, &corpus))
        }));
    }
    for written in formats::WRITTEN {
        let corpus = corpus.clone();
        out.push(Case::pending(format!("written/{}", written.name), move || {
            let ringwall = ringwall()?;
            passing().judge(written.name, "scan", formats::written(written, &ringwall, &corpus))
        }));
    }
    let folder = corpus.clone();
    out.push(Case::pending("list/conda", move || {
        let ringwall = ringwall()?;
        passing().judge("conda", "scan", lists::conda(&ringwall, &folder))
    }));
    out.push(Case::new("names-are-known", || {
        let known = goldens::GOLDENS.iter().map(|g| g.name).chain(lists::LISTS.iter().map(|l| l.name));
        let known = known.chain(formats::CONVERSIONS.iter().map(|c| c.name)).chain(["conda"]);
        let known = known.chain(formats::WRITTEN.iter().map(|w| w.name));
        let strangers = passing().strangers(known);
        demand!(strangers.is_empty(), "passing.txt lists what there is not: {}", strangers.join(", "));
        Ok(())
    }));
    out.extend(formats::cases(&corpus));
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
    out.extend(installed::cases()?);
    out.extend(action::cases());
    out.extend(bad::cases());
    out.extend(hostile::cases());
    out.extend(local::cases()?);
    out.extend(secrets::cases()?);
    Ok(out)
}
