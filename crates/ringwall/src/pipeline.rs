//! The whole data flow: collect → assess → rank → propose fixes → rehearse them → rank again.
//!
//! Engines do not know each other. What one found another judges because it is handed over here.

use crate::inputs::{InputArgs, Inputs};
use crate::knowledge::{Knowledge, KnowledgeArgs};
use crate::phase::timed;
use crate::place::Places;
use model::{Coverage, Diagnostic, Edit, Fact, Finding, Fix, Predicate, ResourceRef, Ring, Target};
use rbac::{Attributes, Rbac, Request, ServerVersion};
use report::Document;
use risk::{Ranking, Rehearsals};
use snapshot::Snapshot;
use std::cell::LazyCell;

/// What is known before anything is ranked.
struct Known {
    facts: Vec<Fact>,
    findings: Vec<Finding>,
    diagnostics: Vec<Diagnostic>,
    coverage: Coverage,
}

/// From what the user named to a report.
pub(crate) fn risk(input: &InputArgs, knowledge: &KnowledgeArgs) -> anyhow::Result<Document> {
    let mut inputs = timed("load", || input.read())?;
    let knowledge = timed("knowledge", || knowledge.read(&inputs))?;
    let Inputs { snapshot, stdin, .. } = &mut inputs;
    let places = Places::new(stdin.take());
    let known = assess(snapshot, knowledge);

    let mut ranking = timed("rank", || Ranking::new(snapshot, &known.facts, &risk::Options::default()));
    let proposed = timed("propose", || ranking.proposals());
    let rehearsed = timed("rehearse", || rehearse(snapshot, &known.facts, &proposed));
    let ranked = timed("rank again", || ranking.assess(&rehearsed));
    tracing::info!(states = ranked.graph.states, steps = ranked.graph.edges, "attack graph");

    // What is still to be said is said by now: the report takes the room of what led to it.
    drop(ranking);
    let Known { findings, diagnostics, mut coverage, facts } = known;
    coverage.merge(ranked.coverage.clone());
    let resources = snapshot.len() as u64;
    drop((inputs, facts));
    Ok(timed("report", || {
        Document::new(report::Input {
            tool: concat!("ringwall ", env!("CARGO_PKG_VERSION")),
            resources,
            unit: if input.paths.is_empty() { "kinds" } else { "files" },
            assessment: ranked,
            findings,
            diagnostics: &diagnostics,
            coverage: &coverage,
            place: &|evidence| places.of(evidence),
        })
    }))
}

/// Each engine's word on the snapshot.
fn assess(snapshot: &Snapshot, knowledge: Knowledge) -> Known {
    let Knowledge { mut facts, mut findings, mut diagnostics, mut coverage } = knowledge;
    coverage.merge(snapshot.coverage.clone());
    diagnostics.extend(snapshot.diagnostics.iter().cloned());

    let rights = timed("rights", || Rbac::new(snapshot, version(snapshot)));
    diagnostics.extend(rights.diagnostics().iter().cloned());
    let options = posture::Options { without_fixes: true, ..posture::Options::default() };
    let posture = timed("posture", || posture::run_as(snapshot, &rights, &options));
    facts.extend(posture.facts);
    findings.extend(posture.findings);
    posture.gaps.into_iter().for_each(|gap| coverage.gap(gap));

    let policies = policies(snapshot, &mut diagnostics, &mut coverage);
    let judged = timed("policy", || policy::judge(&policies, snapshot));
    facts.extend(judged.facts());
    findings.extend(judged.findings());

    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.rule.id.cmp(b.rule.id)));
    Known { facts, findings, diagnostics, coverage }
}

fn version(snapshot: &Snapshot) -> ServerVersion {
    snapshot.server_version.as_deref().and_then(ServerVersion::parse).unwrap_or_default()
}

/// The admission policies of the snapshot. One that cannot be judged is a gap, not an empty policy.
fn policies(
    snapshot: &Snapshot,
    diagnostics: &mut Vec<Diagnostic>,
    coverage: &mut Coverage,
) -> Vec<policy::Policy> {
    let mut out = Vec::new();
    for resource in snapshot.resources().iter().filter(|r| r.reference.group.ends_with("kyverno.io")) {
        let Ok(value) = serde_json::from_str(resource.text()) else { continue };
        if !policy::is_policy(&value) {
            continue;
        }
        match policy::compile(&value) {
            Ok((policy, notes)) => {
                coverage.count(Ring::Policies, 1, 1);
                diagnostics
                    .extend(notes.into_iter().map(|note| note.in_document(resource.reference.to_string())));
                out.push(policy);
            }
            Err(error) => {
                coverage.count(Ring::Policies, 0, 1);
                coverage.gap(model::Gap {
                    ring: Ring::Policies,
                    what: resource.reference.to_string(),
                    why: error.to_string(),
                    asked: false,
                    help: None,
                });
            }
        }
    }
    out
}

/// Tries each proposed change of rights on a copy and replays what the audit log saw: what would be denied then is
/// what the fix breaks.
fn rehearse(snapshot: &Snapshot, facts: &[Fact], proposed: &[Fix]) -> Rehearsals {
    let mut rehearsals = Rehearsals::default();
    let used: Vec<Request> = facts.iter().filter_map(request).collect();
    let before = LazyCell::new(|| Rbac::new(snapshot, version(snapshot)));
    for fix in proposed.iter().filter(|fix| fix.edits.iter().any(changes_rights)) {
        if !rehearsals.contains_key(&fix.key) {
            rehearsals.insert(fix.key.clone(), replay(snapshot, fix, &used, &before));
        }
    }
    rehearsals
}

fn replay(
    snapshot: &Snapshot,
    fix: &Fix,
    used: &[Request],
    before: &LazyCell<Rbac, impl FnOnce() -> Rbac>,
) -> risk::Rehearsal {
    let (after, failed) = snapshot.with(&fix.edits);
    if !failed.is_empty() {
        return risk::Rehearsal { replayed: 0, breaks: failed };
    }
    let rights = Rbac::new(&after, version(&after));
    let denied =
        |request: &&Request| before.authorize(request).allowed() && !rights.authorize(request).allowed();
    let breaks = used.iter().filter(denied).map(|request| format!("{} would be denied", words(request)));
    risk::Rehearsal { replayed: used.len() as u64, breaks: breaks.collect() }
}

/// A right that was used, as the request it came from.
fn request(fact: &Fact) -> Option<Request> {
    match (&fact.target, &fact.predicate) {
        (Target::Identity(who), Predicate::Used(used)) if used.allowed && !used.resource.is_empty() => {
            Some(Request::by(
                who,
                Attributes::resource(&used.verb, &used.group, &used.resource, &used.namespace, &used.name),
            ))
        }
        _ => None,
    }
}

fn changes_rights(edit: &Edit) -> bool {
    let rbac = |group: &str| group == "rbac.authorization.k8s.io";
    match edit {
        Edit::Set { resource, .. } | Edit::Remove { resource, .. } | Edit::Delete { resource } => {
            rbac(&resource.group)
        }
        Edit::Create { value } => {
            value.get("apiVersion").and_then(|v| v.as_str()).is_some_and(|v| rbac(ResourceRef::group_of(v)))
        }
    }
}

fn words(request: &Request) -> String {
    match &request.attributes {
        Attributes::Resource { verb, resource, namespace, name, .. } => {
            format!("{verb} {resource} {namespace}/{name} by {}", request.user)
        }
        Attributes::NonResource { verb, path } => format!("{verb} {path} by {}", request.user),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fixes that change manifests by themselves must do to the manifests what they were measured to do to the graph.
    #[test]
    fn edits_leave_what_their_fixes_promise() {
        let shop = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/shop");
        let mut input = InputArgs::default();
        input.paths.push(shop.to_owned());
        let inputs = input.read().expect("manifests");
        let known = |snapshot: &Snapshot| {
            let knowledge = KnowledgeArgs::default().read(&inputs).expect("documents");
            assess(snapshot, knowledge).facts
        };
        let judge = |snapshot: &Snapshot| {
            let options = risk::Options { measured: usize::MAX };
            risk::assess(snapshot, &known(snapshot), &options)
        };
        let before = judge(&inputs.snapshot);
        let fixes = before.items.iter().flat_map(|item| &item.fixes).chain(&before.plan.steps);
        let mut tried = 0;
        for ranked in fixes.filter(|ranked| !ranked.fix.edits.is_empty()) {
            let (after, failed) = inputs.snapshot.with(&ranked.fix.edits);
            if !failed.is_empty() {
                continue;
            }
            tried += 1;
            let left = judge(&after).risk.total;
            assert!(left <= ranked.residual + 1e-3, "{}: {left} for {}", ranked.fix.title, ranked.residual);
        }
        assert!(tried >= 4, "only {tried} fixes could be tried");
    }
}
