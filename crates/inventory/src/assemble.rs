//! An image put together from its config and its layers, wherever they were had from.

use crate::archive::ArchiveError;
use crate::bounded::sha256;
use crate::layer::Layer;
use crate::stack::{stack, unknown};
use crate::{Inventory, LayerInfo, Limits, secrets};
use model::{Digest, Gap, ImageId};
use oci_spec::image::ImageConfiguration;

/// What an image is made of.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// Name of the config, for messages.
    pub config_name: String,
    /// The config's bytes.
    pub config: Vec<u8>,
    /// Names the image goes by, as written.
    pub tags: Vec<String>,
    /// `repository@digest` it was had by.
    pub repo_digests: Vec<String>,
    /// Digests of the index it was picked from, where there was one, and of its manifest.
    pub index: Vec<Digest>,
    /// See [`Parts::index`].
    pub manifest: Vec<Digest>,
    /// Its layers, lowest first: name for messages, digest as stored, content; no content when it was not had.
    pub layers: Vec<(String, Option<Digest>, Option<Layer>)>,
    /// What is already known not to be readable.
    pub unknown: Vec<Gap>,
}

/// Puts an image together.
///
/// # Errors
/// When the config cannot be read. A layer that cannot is named in [`Inventory::unknown`].
pub fn assemble(mut parts: Parts, limits: &Limits) -> Result<Inventory, ArchiveError> {
    let mut out = Inventory {
        tags: std::mem::take(&mut parts.tags),
        repo_digests: std::mem::take(&mut parts.repo_digests),
        unknown: std::mem::take(&mut parts.unknown),
        ..Inventory::default()
    };
    let (steps, base) = config(&parts.config_name, &parts.config, &mut out)?;
    out.secrets = secrets::stacked(&mut parts.layers, &steps, base);
    secrets::note(&mut out);
    out.image.index = parts.index;
    out.image.manifest = parts.manifest;
    if steps.len() != parts.layers.len() {
        let why = format!("the manifest names {} layers, the config {}", parts.layers.len(), steps.len());
        unknown(&mut out, "layers", &why, None);
    }
    for (at, (name, _, layer)) in parts.layers.iter().enumerate() {
        judge(name, layer.as_ref(), steps.get(at).map(|(digest, _)| digest), &mut out);
    }
    let bytes = |at: usize| {
        let layer = parts.layers.get(at).and_then(|(_, _, layer)| layer.as_ref());
        layer.filter(|layer| layer.failure.is_none()).map(|layer| layer.bytes)
    };
    let stored = |at: usize| parts.layers.get(at).and_then(|(_, digest, _)| digest.clone());
    let info =
        |(at, (diff_id, created_by))| LayerInfo { diff_id, digest: stored(at), bytes: bytes(at), created_by };
    let infos = steps.into_iter().enumerate().map(info).collect();
    let layers = parts.layers.into_iter().map(|(_, _, layer)| layer).collect();
    Ok(stack(out, layers, infos, limits))
}

/// Notes what is wrong with a layer.
fn judge(name: &str, layer: Option<&Layer>, want: Option<&Digest>, out: &mut Inventory) {
    let what = format!("layer {name}");
    let Some(layer) = layer else {
        return unknown(out, &what, "it is not there, or it is no tar archive", None);
    };
    if let Some(failure) = &layer.failure {
        unknown(out, &what, &failure.to_string(), None);
    }
    if let (Some(is), Some(want)) = (&layer.diff_id, want)
        && is != want
    {
        unknown(out, &what, &format!("its content is {is}, the config says {want}"), None);
    }
    for (why, count) in layer.contained() {
        // A path that climbs out is contained by not being read; that something was there is said.
        unknown(out, &format!("{count} files of {what}"), why, None);
    }
}

/// What a config says of the layers: digest and instruction of each, and how many are of the base image.
type Steps = (Vec<(Digest, Option<String>)>, usize);

/// Reads the config: names, date, and what it says of the layers.
fn config(name: &str, bytes: &[u8], out: &mut Inventory) -> Result<Steps, ArchiveError> {
    let bad = |why: String| ArchiveError::Config { name: name.to_owned(), why };
    let config = ImageConfiguration::from_reader(bytes).map_err(|error| bad(error.to_string()))?;
    let reference = out.tags.iter().find_map(|tag| tag.parse().ok());
    out.image = ImageId { reference, config: sha256(bytes).into_iter().collect(), ..ImageId::default() };
    out.config = String::from_utf8_lossy(bytes).into_owned();
    out.created = config.created().as_ref().and_then(|at| at.parse().ok());
    let history = config.history().iter().flatten();
    let mut steps =
        history.filter(|step| step.empty_layer() != Some(true)).map(|step| step.created_by().clone());
    let mut layers = Vec::new();
    for text in config.rootfs().diff_ids() {
        let digest = Digest::parse(text).ok_or_else(|| bad(format!("{text} is no digest")))?;
        layers.push((digest, steps.next().flatten()));
    }
    Ok((layers, secrets::base_layers(&config)))
}
