//! Layers stacked into the files an image shows, whiteouts applied.

use crate::layer::{Content, Layer, cover};
use crate::{Account, Inventory, LayerInfo, Limits, Package, Packages};
use crate::{java, path};
use model::{Digest, Gap, Ring};
use std::collections::BTreeMap;

/// One visible file and the layer it is from.
struct Visible {
    content: Content,
    layer: Option<Digest>,
}

/// Fills an inventory from its layers, lowest first. `infos` names them; a layer that is missing has no content.
pub(crate) fn stack(
    mut out: Inventory,
    layers: Vec<Option<Layer>>,
    infos: Vec<LayerInfo>,
    limits: &Limits,
) -> Inventory {
    let mut files: BTreeMap<String, Visible> = BTreeMap::new();
    let mut origins = Origins::new();
    let mut account = Account::default();
    for (at, layer) in layers.into_iter().enumerate() {
        let diff_id = infos.get(at).map(|info| info.diff_id.clone());
        if let Some(layer) = layer {
            account.merge(&layer.account);
            note_origins(&layer, diff_id.as_ref(), &mut origins);
            cover_files(&mut files, &layer);
            let of = |content| Visible { content, layer: diff_id.clone() };
            files.extend(layer.files.into_iter().map(|(path, content)| (path, of(content))));
        }
    }
    out.layers = infos;
    out.account = account;
    for (path, why) in unreadable(&files) {
        unknown(&mut out, &path, &why, None);
    }
    let found = files.into_iter().filter_map(|(path, file)| match file.content {
        Content::Found(found) => Some((path, file.layer, found)),
        Content::Link(_) | Content::Unreadable(_) => None,
    });
    for (path, layer, found) in found {
        take(&mut out, path, layer, found, &origins, limits);
    }
    java::alone(&mut out);
    out.packages.sort();
    out.packages.dedup();
    judge_os(&mut out);
    out.unknown.sort();
    out.unknown.dedup();
    out
}

/// The lowest layer that has a package: a layer above that writes the same file again did not bring it.
type Origins = BTreeMap<u64, Digest>;

/// A package at a place, as 64 bits. A system's database is one place, wherever it lies.
fn origin(package: &Package) -> u64 {
    let path = if package.ecosystem.row().system { "" } else { &package.path };
    cover(&[path, &package.name, &package.version].join("\n"))
}

fn note_origins(layer: &Layer, diff_id: Option<&Digest>, origins: &mut Origins) {
    let Some(diff_id) = diff_id else { return };
    for content in layer.files.values() {
        if let Content::Found(found) = content {
            for package in &found.packages {
                origins.entry(origin(package)).or_insert_with(|| diff_id.clone());
            }
        }
    }
}

/// Takes away what a layer hides of the layers below.
fn cover_files(files: &mut BTreeMap<String, Visible>, layer: &Layer) {
    for directory in &layer.opaque {
        remove_below(files, directory);
    }
    for path in &layer.whiteouts {
        files.remove(path);
        remove_below(files, path);
    }
    if !layer.covers.is_empty() {
        let covered = |path: &str| layer.covers.binary_search(&cover(path)).is_ok();
        files.retain(|path, _| !covered(path) && !path::ancestors(path).any(covered));
    }
}

fn remove_below(files: &mut BTreeMap<String, Visible>, directory: &str) {
    let doomed: Vec<String> = files.keys().filter(|path| path::below(path, directory)).cloned().collect();
    for path in doomed {
        files.remove(&path);
    }
}

/// Wanted files whose bytes were not read: unreadable ones, and links to files no analyzer read.
fn unreadable(files: &BTreeMap<String, Visible>) -> Vec<(String, String)> {
    let why = |path: &String, file: &Visible| match &file.content {
        Content::Found(found) => found.problems.first().map(|first| match found.problems.len() {
            1 => first.clone(),
            more => format!("{first} (and {} more)", more.saturating_sub(1)),
        }),
        Content::Unreadable(why) => Some(why.clone()),
        Content::Link(target) => (target != path && !files.contains_key(target))
            .then(|| format!("it is a symbolic link to {target}, which was not read")),
    };
    files.iter().filter_map(|(path, file)| Some((path.clone(), why(path, file)?))).collect()
}

fn take(
    out: &mut Inventory,
    path: String,
    layer: Option<Digest>,
    found: Packages,
    origins: &Origins,
    limits: &Limits,
) {
    if let Some(os) = found.os {
        match &out.os {
            // etc/os-release sorts before usr/lib/os-release and wins, as os-release(5) has it. debian_version sorts
            // before both: it knows the point release, but not whether the system is Debian or built from it.
            Some(known) if known.family == "debian" && os.family != "debian" => out.os = Some(os),
            // redhat-release is there in what is built from Red Hat's as well.
            Some(known) if known.family == "redhat" => out.os = Some(os),
            Some(_) => {}
            None => out.os = Some(os),
        }
    }
    out.repository = found.repositories.into_iter().max().or(out.repository.take());
    out.archives.extend(found.archives.into_iter().map(|mut archive| {
        archive.layer.clone_from(&layer);
        archive
    }));
    let room = limits.packages.saturating_sub(out.packages.len());
    if found.packages.len() > room {
        unknown(out, &path, "the image holds more packages than the limit", None);
    }
    out.packages.extend(found.packages.into_iter().take(room).map(|mut package| {
        package.layer = origins.get(&origin(&package)).cloned().or_else(|| layer.clone());
        package
    }));
}

/// A system whose package database was not found, or a database whose system is not known, is unknown.
fn judge_os(out: &mut Inventory) {
    let system = out.packages.iter().find(|p| p.ecosystem.row().system).map(|p| p.ecosystem);
    match (out.os.clone(), system) {
        (None, Some(ecosystem)) => {
            let what = format!("{} packages", ecosystem.row().purl);
            unknown(out, &what, "no os-release tells which distribution's advisories apply", None);
        }
        (Some(os), None) => {
            let why = match os.ecosystem() {
                Some(ecosystem) => format!("no {} package database was found", ecosystem.row().purl),
                None => "the packages of this operating system are not read".to_owned(),
            };
            unknown(out, &format!("packages of {os}"), &why, None);
        }
        (Some(os), Some(ecosystem)) if os.ecosystem().is_some_and(|want| want != ecosystem) => {
            let why = format!("the image says it is {os}, but holds {} packages", ecosystem.row().purl);
            unknown(out, "operating system", &why, None);
        }
        _ => {}
    }
}

/// Notes something that could not be read. Whoever reads an image asked for all of it.
pub(crate) fn unknown(out: &mut Inventory, what: &str, why: &str, help: Option<&str>) {
    out.unknown.push(Gap {
        ring: Ring::Images,
        what: what.to_owned(),
        why: why.to_owned(),
        asked: true,
        help: help.map(str::to_owned),
    });
}
