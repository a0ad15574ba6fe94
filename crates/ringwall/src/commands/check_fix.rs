//! `check --fix`: the first fix of each finding, written into the files the resources came from, or shown as a diff.
//!
//! Comments, order and every untouched byte stay. What cannot be written with proof is told, and its fix left out whole.

use crate::output;
use model::{Edit, Evidence, Finding, Fix, Origin, ResourceRef};
use serde_json::Value;
use similar::TextDiff;
use snapshot::{Snapshot, in_order};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use yaml::{Caps, Change};

/// What the fixes make of the files.
#[derive(Default)]
pub(super) struct Plan {
    /// Path, old text, new text; only files that change.
    files: Vec<(String, Vec<u8>, Vec<u8>)>,
    /// Fixes that are in it.
    pub(super) applied: usize,
    /// Fixes that wait for another run.
    pub(super) waiting: usize,
    /// What the fixes in it may break.
    pub(super) breaks: BTreeSet<String>,
    /// Fixes that are not in it, and why.
    pub(super) refused: Vec<String>,
}

/// A fix and where the finding it belongs to was seen.
struct Chosen<'f> {
    fix: &'f Fix,
    at: &'f Evidence,
}

/// Fixes that go together, and how many wait for another run because they change what one of these changes.
pub(super) struct Together<'f> {
    pub(super) fixes: Vec<(&'f Finding, &'f Fix)>,
    pub(super) waiting: usize,
}

/// The first machine-applicable fix of each finding, each once.
pub(super) fn first_fixes(findings: &[Finding]) -> Together<'_> {
    let mut keys = BTreeSet::new();
    let first =
        findings.iter().filter_map(|f| f.fixes.iter().find(|fix| !fix.edits.is_empty()).map(|fix| (f, fix)));
    let mut together = Together { fixes: Vec::new(), waiting: 0 };
    let mut claimed: BTreeMap<&ResourceRef, Vec<&Edit>> = BTreeMap::new();
    for (finding, fix) in first.filter(|(_, fix)| keys.insert(fix.key.as_str())) {
        let own = || fix.edits.iter().filter_map(|edit| Some((changed(edit)?, edit)));
        let clashes = |(resource, edit): (&ResourceRef, &Edit)| {
            claimed.get(resource).is_some_and(|others| others.iter().any(|other| clash(edit, other)))
        };
        if own().any(clashes) {
            together.waiting += 1;
            continue;
        }
        own().for_each(|(resource, edit)| claimed.entry(resource).or_default().push(edit));
        together.fixes.push((finding, fix));
    }
    together
}

/// Whether one of two edits of a resource would undo or miss the other.
fn clash(a: &Edit, b: &Edit) -> bool {
    let pointer = |edit: &Edit| match edit {
        Edit::Set { pointer, .. } | Edit::Remove { pointer, .. } => format!("{pointer}/"),
        Edit::Delete { .. } | Edit::Create { .. } => String::new(),
    };
    a != b && {
        let (a, b) = (pointer(a), pointer(b));
        a.starts_with(&b) || b.starts_with(&a)
    }
}

/// Edits by the document they change; of one that is removed as a whole nothing else.
type Documents<'e> = BTreeMap<u64, Vec<(&'e Edit, Option<u32>)>>;

impl Plan {
    /// Puts every fix that can be written into one plan.
    pub(super) fn new(snapshot: &Snapshot, findings: &[Finding], stdin: Option<&[u8]>) -> Self {
        let together = first_fixes(findings);
        let mut left: Vec<Chosen<'_>> =
            together.fixes.into_iter().map(|(finding, fix)| Chosen { fix, at: &finding.evidence }).collect();
        let mut plan = Self { waiting: together.waiting, ..Self::default() };
        loop {
            let (files, refused) = attempt(snapshot, &left, stdin);
            if refused.is_empty() {
                plan.files = files;
                plan.applied = left.len();
                let breaks = left.iter().flat_map(|chosen| &chosen.fix.breaks);
                plan.breaks = breaks.filter(|what| !what.starts_with("nothing")).cloned().collect();
                return plan;
            }
            for (key, why) in &refused {
                if let Some(chosen) = left.iter().find(|chosen| chosen.fix.key == *key) {
                    plan.refused.push(format!("{}: {}: {why}", chosen.fix.key, chosen.fix.title));
                }
            }
            left.retain(|chosen| !refused.contains_key(&chosen.fix.key));
        }
    }

    /// As `patch` reads it.
    pub(super) fn diff(&self) -> String {
        let mut out = String::new();
        for (path, old, new) in &self.files {
            let (old, new) = (String::from_utf8_lossy(old), String::from_utf8_lossy(new));
            let diff = TextDiff::from_lines(&*old, &*new);
            let (a, b) = if path == "-" {
                ("-".into(), "-".into())
            } else {
                (format!("a/{path}"), format!("b/{path}"))
            };
            let _ = write!(out, "{}", diff.unified_diff().context_radius(3).header(&a, &b));
        }
        out
    }

    /// Writes the files, each as a whole or not at all.
    pub(super) fn write(&self) -> anyhow::Result<()> {
        for (path, _, new) in &self.files {
            // A link stays a link.
            let real = Path::new(path).canonicalize()?;
            let permissions = std::fs::metadata(&real)?.permissions();
            output::whole(&real, |file| file.write_all(new))?;
            std::fs::set_permissions(&real, permissions)?;
        }
        Ok(())
    }

    /// How many files change.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether a file of the plan is standard input, which nobody can write to.
    pub(super) fn of_stdin(&self) -> bool {
        self.files.iter().any(|(path, ..)| path == "-")
    }
}

type Attempt = (Vec<(String, Vec<u8>, Vec<u8>)>, BTreeMap<String, String>);

/// Writes all fixes at once, and says which could not be, by key.
fn attempt(snapshot: &Snapshot, fixes: &[Chosen<'_>], stdin: Option<&[u8]>) -> Attempt {
    let mut refused: BTreeMap<String, String> = BTreeMap::new();
    let mut owner: Vec<(&Edit, &str)> = Vec::new();
    let mut edits: Vec<Edit> = Vec::new();
    let mut created: BTreeMap<String, Vec<(&Value, &str)>> = BTreeMap::new();
    for chosen in fixes {
        for edit in &chosen.fix.edits {
            if edits.contains(edit) {
                continue;
            }
            edits.push(edit.clone());
            owner.push((edit, &chosen.fix.key));
            if let Edit::Create { value } = edit {
                let name = |value: &Value| {
                    ["/kind", "/metadata/namespace", "/metadata/name"].map(|p| value.pointer(p).cloned())
                };
                let twice = created.values().flatten().any(|(other, _)| name(other) == name(value));
                match home(snapshot, chosen) {
                    Ok(_) if twice => {
                        refused.insert(
                            chosen.fix.key.clone(),
                            "another fix makes a resource of that name".to_owned(),
                        );
                    }
                    Ok(path) => created.entry(path).or_default().push((value, &chosen.fix.key)),
                    Err(why) => drop(refused.insert(chosen.fix.key.clone(), why)),
                }
            }
        }
    }
    let of = |edit: &Edit| owner.iter().find(|(e, _)| *e == edit).map_or("", |(_, key)| *key).to_owned();
    let mut files: BTreeMap<String, Documents<'_>> = BTreeMap::new();
    for edit in in_order(&edits) {
        let Some(resource) = changed(edit) else { continue };
        match place(snapshot, resource) {
            Ok((path, offset, item)) => {
                files.entry(path).or_default().entry(offset).or_default().push((edit, item));
            }
            Err(why) => drop(refused.insert(of(edit), why)),
        }
    }
    for edits in files.values_mut().flat_map(BTreeMap::values_mut) {
        // Items of a list go from its end, after everything else.
        edits.sort_by_key(|(edit, item)| match edit {
            Edit::Delete { .. } => (true, std::cmp::Reverse(*item)),
            _ => (false, std::cmp::Reverse(None)),
        });
    }
    let mut out = Vec::new();
    let paths: BTreeSet<&String> = files.keys().chain(created.keys()).collect();
    for path in paths {
        let text = if path == "-" { Ok(stdin.unwrap_or_default().to_vec()) } else { std::fs::read(path) };
        let old = match text {
            Ok(text) => text,
            Err(why) => {
                let keys =
                    files.get(path).into_iter().flatten().flat_map(|(_, edits)| edits).map(|(e, _)| of(e));
                let more = created.get(path).into_iter().flatten().map(|(_, key)| (*key).to_owned());
                refused.extend(keys.chain(more).map(|key| (key, format!("{path}: {why}"))));
                continue;
            }
        };
        let mut new = old.clone();
        for (offset, edits) in files.get(path).into_iter().flatten().rev() {
            for (edit, item) in edits {
                match write(&new, *offset, *item, edit) {
                    Ok(text) => new = text,
                    Err(why) => drop(refused.insert(of(edit), format!("{path}: {why}"))),
                }
            }
        }
        for (value, key) in created.get(path).into_iter().flatten() {
            match append(&new, value) {
                Ok(text) => new = text,
                Err(why) => drop(refused.insert((*key).to_owned(), format!("{path}: {why}"))),
            }
        }
        if new != old {
            out.push((path.clone(), old, new));
        }
    }
    (out, refused)
}

/// The resource an edit changes.
fn changed(edit: &Edit) -> Option<&ResourceRef> {
    match edit {
        Edit::Set { resource, .. } | Edit::Remove { resource, .. } | Edit::Delete { resource } => {
            Some(resource)
        }
        Edit::Create { .. } => None,
    }
}

/// File, document and item of a resource.
fn place(snapshot: &Snapshot, resource: &ResourceRef) -> Result<(String, u64, Option<u32>), String> {
    let found = snapshot.get(resource).ok_or_else(|| format!("{resource} was not read"))?;
    of_origin(&found.origin)
}

fn of_origin(origin: &Origin) -> Result<(String, u64, Option<u32>), String> {
    match origin {
        Origin::File { template: Some(template), .. } => {
            Err(format!("rendered from {template}: change that"))
        }
        Origin::File { path, offset, item, template: None } => Ok((path.to_string(), *offset, *item)),
        Origin::Cluster { .. } => Err("it is live: `--fixed` prints the manifest to apply".to_owned()),
        Origin::Builtin => Err("it was not read from a file".to_owned()),
    }
}

/// The file a new resource goes to: the one of the resource that needs it.
fn home(snapshot: &Snapshot, chosen: &Chosen<'_>) -> Result<String, String> {
    let beside = chosen.fix.edits.iter().find_map(changed);
    if let Some(resource) = beside {
        return place(snapshot, resource).map(|(path, ..)| path);
    }
    match chosen.at {
        Evidence::Field { origin, .. } => of_origin(origin).map(|(path, ..)| path),
        _ => Err("it was not read from a file".to_owned()),
    }
}

/// A text with one edit of one of its resources.
fn write(text: &[u8], offset: u64, item: Option<u32>, edit: &Edit) -> Result<Vec<u8>, String> {
    let prefix = item.map(|item| format!("/items/{item}")).unwrap_or_default();
    let (pointer, to) = match edit {
        Edit::Set { pointer, value, .. } => (pointer.as_str(), Some(value.clone())),
        Edit::Remove { pointer, .. } => (pointer.as_str(), None),
        Edit::Delete { .. } => ("", None),
        Edit::Create { .. } => return Ok(text.to_vec()),
    };
    let change = Change { pointer: format!("{prefix}{pointer}"), to };
    yaml::edit(text, offset, &[change], &Caps::default()).map_err(|why| why.to_string())
}

/// A text with one more document.
fn append(text: &[u8], value: &Value) -> Result<Vec<u8>, String> {
    let json = text.trim_ascii_start().first().is_some_and(|b| matches!(b, b'{' | b'['));
    if json && serde_json::from_slice::<Value>(text).is_ok() {
        return Err("the file is JSON, to which no document can be added: `--fixed` prints it".to_owned());
    }
    let mut new = text.to_vec();
    if !new.ends_with(b"\n") {
        new.push(b'\n');
    }
    let written = format!("---\n{}", yaml::write(value));
    let ends =
        if text.windows(2).any(|pair| pair == b"\r\n") { written.replace('\n', "\r\n") } else { written };
    new.extend_from_slice(ends.as_bytes());
    let count = |text: &[u8]| yaml::read(text, &Caps::default()).0.len();
    if count(&new) == count(text).saturating_add(1) {
        Ok(new)
    } else {
        Err("no document can be added to it".to_owned())
    }
}
