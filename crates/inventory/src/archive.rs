//! docker-archive: what `docker save`, `podman save` and `skopeo copy docker-archive:` write.
//!
//! Read in one pass, whatever the order of its members: layers are analyzed as they come, the manifest says
//! afterwards how they stack.

use crate::bounded::{Budget, Compression, Inflated, sha256};
use crate::layer::{Layer, LayerError, layer};
use crate::stack::{stack, unknown};
use crate::tar::{Caps, Kind, Member, Tar};
use crate::{Inventory, LayerInfo, Limits, path};
use model::{Digest, ImageId};
use oci_spec::image::ImageConfiguration;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{self, Read};

/// Why an archive yields nothing at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// The stream could not be read to the manifest.
    #[error("the archive cannot be read: {0}")]
    Unreadable(LayerError),
    /// No manifest.json.
    #[error("no manifest.json: not a docker archive")]
    NoManifest,
    /// manifest.json names no image, or is malformed.
    #[error("manifest.json is malformed: {0}")]
    Manifest(String),
    /// The image's config is missing or malformed.
    #[error("the image's config {name} cannot be read: {why}")]
    Config {
        /// Its path in the archive.
        name: String,
        /// Why.
        why: String,
    },
    /// More layers than the limit.
    #[error("{0} layers are over the limit")]
    Layers(usize),
}

/// One image of manifest.json.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    layers: Option<Vec<String>>,
}

/// What the archive's members were.
#[derive(Default)]
struct Members {
    documents: BTreeMap<String, Vec<u8>>,
    layers: BTreeMap<String, Layer>,
    links: BTreeMap<String, String>,
    twice: Vec<String>,
    held: u64,
    inflated: u64,
}

/// Reads an image from a docker archive, itself plain or gzip.
///
/// # Errors
/// When no image can be made out at all. A layer that cannot be read is named in [`Inventory::unknown`].
pub fn archive(input: &mut dyn Read, limits: &Limits) -> Result<Inventory, ArchiveError> {
    let budget = Budget { bytes: limits.image_bytes, ratio: limits.ratio, free: limits.ratio_free };
    let caps = Caps { entries: limits.entries, extension_bytes: limits.extension_bytes };
    let mut members = Members::default();
    let read = Inflated::new(input, budget)
        .and_then(|mut inflated| collect(&mut Tar::new(&mut inflated, caps), limits, &mut members));
    // With a manifest at hand a torn archive still tells something; without, it is its tear that counts.
    match (read, members.documents.contains_key("manifest.json")) {
        (Err(error), false) => Err(ArchiveError::Unreadable(error.into())),
        (read, _) => assemble(members, read.err().map(LayerError::from), limits),
    }
}

fn collect(tar: &mut Tar<'_>, limits: &Limits, out: &mut Members) -> io::Result<()> {
    while let Some(member) = tar.next()? {
        let Ok(name) = path::normal(&member.path, limits.path_bytes) else { continue };
        match member.kind {
            // A layer that two images share is stored once and linked.
            Kind::Symlink(ref target) if out.links.len() < limits.layers => {
                out.links.insert(name.clone(), path::follow(&name, target));
            }
            Kind::File => content(tar, &member, name, limits, out)?,
            _ => {}
        }
    }
    Ok(())
}

/// Sorts a member by its first bytes: a JSON document, a layer, or nothing we know.
fn content(
    tar: &mut Tar<'_>,
    member: &Member,
    name: String,
    limits: &Limits,
    out: &mut Members,
) -> io::Result<()> {
    let mut head = Vec::with_capacity(512);
    tar.body().take(512).read_to_end(&mut head)?;
    let json = head.iter().find(|b| !b.is_ascii_whitespace()).is_some_and(|b| matches!(b, b'{' | b'['));
    let is_layer = Compression::detect(&head) != Compression::None
        || head.get(257..262) == Some(b"ustar")
        || (head.len() == 512 && head.iter().all(|b| *b == 0));
    let mut rest = tar.body();
    let mut whole = io::Cursor::new(head).chain(&mut rest);
    if json && !is_layer {
        // Configs of several images, no more.
        let room = limits.document_bytes.saturating_mul(8).saturating_sub(out.held);
        if member.size <= limits.document_bytes.min(room) {
            out.held = out.held.saturating_add(member.size);
            let mut bytes = Vec::new();
            whole.read_to_end(&mut bytes)?;
            note_twice(out.documents.insert(name.clone(), bytes).is_some(), &name, &mut out.twice);
        }
    } else if is_layer && out.layers.len() < limits.layers {
        let left = limits.image_bytes.saturating_sub(out.inflated);
        let limits = Limits { layer_bytes: limits.layer_bytes.min(left), ..limits.clone() };
        let read = layer(&mut whole, &limits);
        out.inflated = out.inflated.saturating_add(read.bytes);
        note_twice(out.layers.insert(name.clone(), read).is_some(), &name, &mut out.twice);
    }
    Ok(())
}

fn note_twice(twice: bool, name: &str, out: &mut Vec<String>) {
    if twice && out.len() < 16 {
        out.push(name.to_owned());
    }
}

fn assemble(
    mut members: Members,
    torn: Option<LayerError>,
    limits: &Limits,
) -> Result<Inventory, ArchiveError> {
    let manifest = members.documents.get("manifest.json").ok_or(ArchiveError::NoManifest)?;
    let entries: Vec<Entry> =
        serde_json::from_slice(manifest).map_err(|error| ArchiveError::Manifest(error.to_string()))?;
    let others = entries.len().saturating_sub(1);
    let entry =
        entries.into_iter().next().ok_or_else(|| ArchiveError::Manifest("it names no image".into()))?;
    let names = entry.layers.unwrap_or_default();
    if names.len() > limits.layers {
        return Err(ArchiveError::Layers(names.len()));
    }
    let tags = entry.repo_tags.unwrap_or_default();
    let mut out = Inventory { tags, ..Inventory::default() };
    let diff_ids = config(&members.documents, &entry.config, &mut out)?;
    if others > 0 {
        unknown(
            &mut out,
            &format!("{others} more images of the archive"),
            "only the first image is read",
            None,
        );
    }
    if let Some(error) = torn {
        unknown(&mut out, "the rest of the archive", &error.to_string(), None);
    }
    for name in std::mem::take(&mut members.twice) {
        unknown(&mut out, &name, "the archive has two members of this name; the last one was read", None);
    }
    if diff_ids.len() != names.len() {
        let why = format!("the manifest names {} layers, the config {}", names.len(), diff_ids.len());
        unknown(&mut out, "layers", &why, None);
    }
    let mut layers = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        let info = diff_ids.get(at).cloned();
        layers.push(pick(&mut members, name, info.as_ref(), &mut out));
    }
    let infos = infos(diff_ids, &layers);
    Ok(stack(out, layers, infos, limits))
}

/// The layer of a name, with what is wrong with it noted.
fn pick(
    members: &mut Members,
    name: &str,
    want: Option<&(Digest, Option<String>)>,
    out: &mut Inventory,
) -> Option<Layer> {
    let name = path::normal(name, usize::MAX).unwrap_or_default();
    let target = members.links.get(&name).unwrap_or(&name);
    let Some(layer) = members.layers.get(target).cloned() else {
        unknown(out, &format!("layer {name}"), "the archive does not hold it, or it is no tar archive", None);
        return None;
    };
    if let Some(failure) = &layer.failure {
        unknown(out, &format!("layer {name}"), &failure.to_string(), None);
    }
    match (&layer.diff_id, want) {
        (Some(is), Some((want, _))) if is != want => {
            unknown(
                out,
                &format!("layer {name}"),
                &format!("its content is {is}, the config says {want}"),
                None,
            );
        }
        _ => {}
    }
    for (why, count) in layer.contained() {
        // A path that climbs out is contained by not being read; that something was there is said.
        unknown(out, &format!("{count} files of layer {name}"), why, None);
    }
    Some(layer)
}

/// Reads the config: names, date, and per layer its digest and instruction.
fn config(
    documents: &BTreeMap<String, Vec<u8>>,
    name: &str,
    out: &mut Inventory,
) -> Result<Vec<(Digest, Option<String>)>, ArchiveError> {
    let bad = |why: String| ArchiveError::Config { name: name.to_owned(), why };
    let key = path::normal(name, usize::MAX).unwrap_or_default();
    let bytes = documents.get(&key).ok_or_else(|| bad("the archive does not hold it".into()))?;
    let config = ImageConfiguration::from_reader(bytes.as_slice()).map_err(|error| bad(error.to_string()))?;
    let reference = out.tags.iter().find_map(|tag| tag.parse().ok());
    out.image = ImageId { reference, config: sha256(bytes).into_iter().collect(), ..ImageId::default() };
    out.created = config.created().as_ref().and_then(|at| at.parse().ok());
    let history = config.history().iter().flatten();
    let mut steps =
        history.filter(|step| step.empty_layer() != Some(true)).map(|step| step.created_by().clone());
    let mut layers = Vec::new();
    for text in config.rootfs().diff_ids() {
        let digest = Digest::parse(text).ok_or_else(|| bad(format!("{text} is no digest")))?;
        layers.push((digest, steps.next().flatten()));
    }
    Ok(layers)
}

fn infos(diff_ids: Vec<(Digest, Option<String>)>, layers: &[Option<Layer>]) -> Vec<LayerInfo> {
    let bytes = |at: usize| {
        layers
            .get(at)
            .and_then(Option::as_ref)
            .filter(|layer| layer.failure.is_none())
            .map(|layer| layer.bytes)
    };
    let info = |(at, (diff_id, created_by))| LayerInfo { diff_id, bytes: bytes(at), created_by };
    diff_ids.into_iter().enumerate().map(info).collect()
}
