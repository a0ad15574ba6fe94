//! Answers of `verify`, for people and for programs.

use super::Answers;
use crate::output;
use crate::signatures::look::{Looked, why_not};
use serde_json::{Value, json};
use signing::{Log, Outcome, SignedBy};
use std::fmt::Write as _;

/// The three answers, as a person reads them.
fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Verified { .. } => "verified",
        Outcome::NotVerified { .. } => "not verified",
        Outcome::CouldNotLook { .. } => "could not look",
    }
}

/// One table.
pub(super) fn text(answers: &Answers) -> String {
    let mut out = String::new();
    let mut told = (false, false);
    for (looked, places) in &answers.images {
        image(&mut out, looked, places);
        if let Outcome::Verified { log, .. } = looked.outcome {
            let of = if log == Log::Checked { &mut told.0 } else { &mut told.1 };
            *of = true;
        }
    }
    for what in &answers.unreadable {
        let _ = writeln!(out, "{}", output::line("could not look  ", what));
    }
    if !answers.images.is_empty() || !answers.unreadable.is_empty() {
        out.push('\n');
    }
    let _ = writeln!(out, "{}", counts(answers));
    if let (_, true) = told {
        out.push_str("transparency log: not checked (--require-tlog asks for an entry)\n");
    }
    if let Some(root) = &answers.required.root {
        let _ = writeln!(out, "{}", root.line());
    }
    out
}

fn image(out: &mut String, looked: &Looked, places: &[String]) {
    let color = output::color();
    let word = word(&looked.outcome);
    let painted = match (&looked.outcome, color) {
        (Outcome::Verified { .. }, true) => format!("\u{1b}[32m{word:<16}\u{1b}[0m"),
        (Outcome::NotVerified { .. }, true) => format!("\u{1b}[31m{word:<16}\u{1b}[0m"),
        (Outcome::CouldNotLook { .. }, true) => format!("\u{1b}[33m{word:<16}\u{1b}[0m"),
        (_, false) => format!("{word:<16}"),
    };
    let _ = writeln!(out, "{painted}{}", looked.reference);
    let indent = " ".repeat(16);
    if let Some(digest) =
        looked.digest.as_ref().filter(|digest| looked.reference.digest.as_ref() != Some(*digest))
    {
        let _ = writeln!(out, "{indent}digest {digest}");
    }
    let remembered = if looked.remembered { ", remembered" } else { "" };
    match &looked.outcome {
        Outcome::Verified { signer, layout, log } => {
            let _ = writeln!(out, "{}", output::line(&indent, &format!("by {signer}")));
            let _ = writeln!(out, "{indent}{log}; found in {layout}{remembered}");
            for (key, value) in &looked.annotations {
                let _ = writeln!(out, "{}", output::line(&indent, &format!("{key}={value}")));
            }
            for attestation in &looked.attestations {
                let what = format!("attestation {}", attestation.predicate_type);
                let _ = writeln!(out, "{}", output::line(&indent, &what));
            }
        }
        Outcome::NotVerified { reason } => {
            let text = format!("{} [{}]{remembered}", why_not(reason), reason.code());
            let _ = writeln!(out, "{}", output::line(&indent, &text));
        }
        Outcome::CouldNotLook { why } => {
            for why in why.iter().take(4) {
                let _ = writeln!(out, "{}", output::line(&indent, why));
            }
            if why.len() > 4 {
                let _ = writeln!(out, "{indent}and {} more", why.len() - 4);
            }
        }
    }
    for place in places.iter().take(3) {
        let _ = writeln!(out, "{}", output::line(&indent, &format!("in {place}")));
    }
    if places.len() > 3 {
        let _ = writeln!(out, "{indent}and in {} more places", places.len() - 3);
    }
}

fn count(answers: &Answers) -> [usize; 3] {
    let mut counts = [0; 3];
    for (looked, _) in &answers.images {
        match looked.outcome {
            Outcome::Verified { .. } => counts[0] += 1,
            Outcome::NotVerified { .. } => counts[1] += 1,
            Outcome::CouldNotLook { .. } => counts[2] += 1,
        }
    }
    counts[2] += answers.unreadable.len();
    counts
}

fn counts(answers: &Answers) -> String {
    let [verified, not, unknown] = count(answers);
    if verified + not + unknown == 0 {
        return "no images: nothing was verified".to_owned();
    }
    format!("{verified} verified, {not} not verified, {unknown} could not be looked at")
}

/// One document.
pub(super) fn json(answers: &Answers) -> anyhow::Result<String> {
    let [verified, not, unknown] = count(answers);
    let root = answers
        .required
        .root
        .as_ref()
        .map(|root| json!({"source": root.source, "youngestKey": root.newest.map(|at| at.to_string())}));
    let document = json!({
        "images": answers.images.iter().map(|(looked, places)| entry(looked, places)).collect::<Vec<_>>(),
        "unreadable": answers.unreadable,
        "summary": {"verified": verified, "notVerified": not, "couldNotLook": unknown},
        "trustRoot": root,
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn entry(looked: &Looked, places: &[String]) -> Value {
    let mut entry = json!({
        "image": looked.reference.to_string(),
        "digest": looked.digest.as_ref().map(|digest| digest.as_str()),
        "answer": word(&looked.outcome).replace(' ', "-"),
        "remembered": looked.remembered,
    });
    let more = match &looked.outcome {
        Outcome::Verified { signer, layout, log } => json!({
            "signer": signed_by(signer),
            "layout": layout,
            "transparencyLog": if *log == Log::Checked { "checked" } else { "not checked" },
            "annotations": looked.annotations,
        }),
        Outcome::NotVerified { reason } => {
            json!({"reason": {"code": reason.code(), "text": reason.to_string()}})
        }
        Outcome::CouldNotLook { why } => json!({"why": why}),
    };
    let mut extend = |more: Value| {
        if let (Some(entry), Value::Object(more)) = (entry.as_object_mut(), more) {
            entry.extend(more);
        }
    };
    extend(more);
    if !looked.refused.is_empty() {
        let refused = looked.refused.iter().map(|refusal| {
            json!({
                "layout": refusal.layout,
                "payload": refusal.payload.as_ref().map(|digest| digest.as_str()),
                "code": refusal.reason.code(),
                "text": refusal.reason.to_string(),
            })
        });
        extend(json!({"refused": refused.collect::<Vec<_>>()}));
    }
    if !looked.attestations.is_empty() {
        let attestations = looked.attestations.iter().map(|attestation| {
            json!({
                "predicateType": attestation.predicate_type,
                "predicate": attestation.predicate,
                "signer": signed_by(&attestation.signer),
                "layout": attestation.layout,
            })
        });
        extend(json!({"attestations": attestations.collect::<Vec<_>>()}));
    }
    if !places.is_empty() {
        extend(json!({"usedBy": places}));
    }
    entry
}

/// Who signed, as JSON.
pub(crate) fn signed_by(signer: &SignedBy) -> Value {
    match signer {
        SignedBy::Key { key } => json!({"key": key}),
        SignedBy::Identity { identity, issuer } => json!({"identity": identity, "issuer": issuer}),
    }
}
