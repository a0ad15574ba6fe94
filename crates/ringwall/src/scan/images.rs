//! Images from archives, layouts, local stores and registries, each to an inventory.

use super::file::Positioned;
use super::layers::{Layers, Wanted};
use crate::exit;
use anyhow::{Context as _, anyhow};
use inventory::{Inventory, Limits, Part, Parts};
use model::{Digest, Gap, Ring};
use oci_spec::image::{Descriptor, ImageIndex, ImageManifest};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where blobs of images are had by digest.
pub(crate) trait Blobs {
    /// A config, at most `cap` bytes.
    fn small(&self, digest: &Digest, cap: u64) -> anyhow::Result<Vec<u8>>;

    /// A manifest or an index, at most `cap` bytes: registries keep these apart from blobs.
    fn manifest(&self, digest: &Digest, cap: u64) -> anyhow::Result<Vec<u8>> {
        self.small(digest, cap)
    }

    /// A layer, as a stream that is right or fails.
    fn open(&self, digest: &Digest, size: u64) -> anyhow::Result<Box<dyn Read>>;
}

/// What an image is read with.
pub(crate) struct Reading<'a> {
    pub(crate) limits: Limits,
    pub(crate) layers: &'a Layers,
    /// `os/architecture[/variant]`.
    pub(crate) platform: Option<&'a str>,
}

/// A file or folder given by `--input`.
pub(crate) fn input(path: &Path, reading: &Reading<'_>) -> anyhow::Result<Inventory> {
    if path.is_dir() {
        return layout(path, reading);
    }
    let file = Positioned::open(path)?;
    let head = file.head(6);
    if head.starts_with(&[0x1f, 0x8b]) || head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return stream(&mut std::fs::File::open(path)?, path, reading);
    }
    let file = Arc::new(file);
    match inventory::index(&*file, &reading.limits) {
        Ok(found) => archive(found, &file, reading),
        Err(inventory::ArchiveError::NoManifest) => Packed::open(&file, path, reading),
        Err(error) => Err(exit::unreadable(format!("{}: {error}", path.display()))),
    }
}

/// An archive that comes in one piece: compressed, or from a socket.
pub(crate) fn stream(input: &mut dyn Read, path: &Path, reading: &Reading<'_>) -> anyhow::Result<Inventory> {
    inventory::archive(input, &reading.limits, reading.layers.rules())
        .map_err(|error| exit::unreadable(format!("{}: {error}", path.display())))
}

fn archive(
    found: inventory::DockerArchive,
    file: &Arc<Positioned>,
    reading: &Reading<'_>,
) -> anyhow::Result<Inventory> {
    let wanted = diff_ids(&found.config)?;
    let mut layers = Vec::new();
    for (at, (name, place)) in found.layers.into_iter().enumerate() {
        let layer = match (place, wanted.get(at)) {
            (Some((offset, size)), Some(want)) => {
                let open = || -> anyhow::Result<Box<dyn Read>> {
                    Ok(Box::new(Owned { file: Arc::clone(file), offset, left: size }))
                };
                Some(reading.layers.read(want, &reading.limits, open)?)
            }
            _ => None,
        };
        layers.push((name, None, layer));
    }
    let unknown = if found.others == 0 { Vec::new() } else { vec![others(found.others)] };
    let parts = Parts {
        config_name: found.config_name,
        config: found.config,
        tags: found.tags,
        layers,
        unknown,
        ..Parts::default()
    };
    inventory::assemble(parts, &reading.limits).map_err(|error| exit::unreadable(error.to_string()))
}

fn others(count: usize) -> Gap {
    let what = format!("{count} more images of the archive");
    Gap { ring: Ring::Images, what, why: "only the first image is read".into(), asked: true, help: None }
}

/// A part of a shared file, as a stream.
struct Owned {
    file: Arc<Positioned>,
    offset: u64,
    left: u64,
}

impl Read for Owned {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = Part::new(&*self.file, self.offset, self.left).read(buffer)?;
        self.offset += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

/// The layers a config names, lowest first.
fn diff_ids(config: &[u8]) -> anyhow::Result<Vec<Wanted>> {
    let value: serde_json::Value = serde_json::from_slice(config).context("the image's config")?;
    let list = value.pointer("/rootfs/diff_ids").and_then(|v| v.as_array()).cloned().unwrap_or_default();
    let base = inventory::base_layers_of(config);
    let wanted = |(at, text): (usize, &serde_json::Value)| {
        let diff_id = text.as_str().and_then(Digest::parse).ok_or_else(|| anyhow!("{text} is no digest"))?;
        Ok(Wanted { diff_id, base: at < base })
    };
    list.iter().enumerate().map(wanted).collect()
}

/// Blobs in a folder of `algorithm/hex` files: an OCI layout's, or containerd's store.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    fn path(&self, digest: &Digest) -> PathBuf {
        self.0.join(digest.as_str().replace(':', "/"))
    }
}

impl Blobs for Folder {
    fn small(&self, digest: &Digest, cap: u64) -> anyhow::Result<Vec<u8>> {
        let path = self.path(digest);
        let file = std::fs::File::open(&path).with_context(|| path.display().to_string())?;
        let mut bytes = Vec::new();
        file.take(cap + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > cap {
            return Err(exit::unreadable(format!("{}: over the limit of {cap} bytes", path.display())));
        }
        held(digest, bytes, &path.display().to_string())
    }

    fn open(&self, digest: &Digest, _: u64) -> anyhow::Result<Box<dyn Read>> {
        let path = self.path(digest);
        let file = std::fs::File::open(&path).with_context(|| path.display().to_string())?;
        Ok(Box::new(file))
    }
}

/// An OCI layout in a folder: `oci-layout`, `index.json`, `blobs/`.
fn layout(path: &Path, reading: &Reading<'_>) -> anyhow::Result<Inventory> {
    let index = path.join("index.json");
    let bytes = std::fs::read(&index)
        .map_err(|error| exit::unreadable(format!("{}: {error}; is it an OCI layout?", index.display())))?;
    indexed(&Folder(path.join("blobs")), &bytes, &index, reading)
}

/// An OCI layout inside a tar archive: the same, by places in the file.
struct Packed {
    file: Arc<Positioned>,
    members: BTreeMap<String, (u64, u64)>,
}

impl Packed {
    fn open(file: &Arc<Positioned>, path: &Path, reading: &Reading<'_>) -> anyhow::Result<Inventory> {
        let members = inventory::members(&**file, &reading.limits)
            .map_err(|error| exit::unreadable(format!("{}: {error}", path.display())))?;
        let packed = Self { file: Arc::clone(file), members };
        let index = packed.document("index.json", MANIFEST).map_err(|_| {
            exit::unreadable(format!(
                "{}: neither a docker archive (no manifest.json) nor an OCI layout (no index.json)",
                path.display()
            ))
        })?;
        indexed(&packed, &index, &path.join("index.json"), reading)
    }

    fn document(&self, name: &str, cap: u64) -> anyhow::Result<Vec<u8>> {
        let (offset, size) = self.place(name)?;
        let size = usize::try_from(size).ok().filter(|size| *size as u64 <= cap);
        let size = size.ok_or_else(|| exit::unreadable(format!("{name}: over the limit of {cap} bytes")))?;
        inventory::exactly(&*self.file, offset, size).with_context(|| name.to_owned())
    }

    fn place(&self, name: &str) -> anyhow::Result<(u64, u64)> {
        let place = self.members.get(name).copied();
        place.ok_or_else(|| exit::unreadable(format!("the archive does not hold {name}")))
    }
}

fn blob(digest: &Digest) -> String {
    format!("blobs/{}", digest.as_str().replace(':', "/"))
}

impl Blobs for Packed {
    fn small(&self, digest: &Digest, cap: u64) -> anyhow::Result<Vec<u8>> {
        let name = blob(digest);
        let bytes = self.document(&name, cap)?;
        held(digest, bytes, &name)
    }

    fn open(&self, digest: &Digest, _: u64) -> anyhow::Result<Box<dyn Read>> {
        let (offset, left) = self.place(&blob(digest))?;
        Ok(Box::new(Owned { file: Arc::clone(&self.file), offset, left }))
    }
}

/// A document, when its content is what its digest says.
fn held(digest: &Digest, bytes: Vec<u8>, name: &str) -> anyhow::Result<Vec<u8>> {
    if inventory::sha256(&bytes).as_ref() != Some(digest) && digest.as_str().starts_with("sha256:") {
        return Err(exit::unreadable(format!("{name}: its content is not what its name says")));
    }
    Ok(bytes)
}

/// The image that the index of a layout names.
fn indexed(blobs: &dyn Blobs, index: &[u8], path: &Path, reading: &Reading<'_>) -> anyhow::Result<Inventory> {
    let index: ImageIndex = serde_json::from_slice(index)
        .map_err(|error| exit::unreadable(format!("{}: {error}", path.display())))?;
    let picked = pick(&index, reading.platform)?;
    let tag = picked.annotations().as_ref().and_then(|a| a.get("org.opencontainers.image.ref.name").cloned());
    let mut had = described(blobs, picked, Vec::new(), reading, 0)?;
    had.tags.extend(tag.filter(|tag| tag.contains(['/', ':'])));
    Ok(had)
}

/// Indexes within indexes.
const DEPTH: usize = 4;
/// Bytes of a manifest or index; registries refuse more than 4 MiB.
const MANIFEST: u64 = 4 << 20;

/// The image of a descriptor, through indexes.
pub(crate) fn described(
    blobs: &dyn Blobs,
    descriptor: &Descriptor,
    mut index: Vec<Digest>,
    reading: &Reading<'_>,
    depth: usize,
) -> anyhow::Result<Inventory> {
    let digest = digest(descriptor)?;
    let bytes = blobs.manifest(&digest, MANIFEST)?;
    if is_index(&bytes) {
        if depth >= DEPTH {
            return Err(exit::unreadable(
                "an index points at an index points at an index: they are not followed",
            ));
        }
        let inner: ImageIndex = serde_json::from_slice(&bytes)
            .map_err(|error| exit::unreadable(format!("index {digest}: {error}")))?;
        index.push(digest);
        return described(blobs, pick(&inner, reading.platform)?, index, reading, depth + 1);
    }
    manifest(blobs, &bytes, digest, index, reading)
}

/// Whether a document is an index: by what is in it, as media types lie.
pub(crate) fn is_index(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(bytes).is_ok_and(|v| v.get("manifests").is_some())
}

pub(crate) fn digest(descriptor: &Descriptor) -> anyhow::Result<Digest> {
    Digest::parse(descriptor.digest().as_ref())
        .ok_or_else(|| exit::unreadable(format!("{} is no digest", descriptor.digest())))
}

/// The manifest of a platform: the one asked for, else this machine's, else the only one.
pub(crate) fn pick<'a>(index: &'a ImageIndex, platform: Option<&str>) -> anyhow::Result<&'a Descriptor> {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let default = format!("linux/{architecture}");
    let wanted = platform.unwrap_or(&default);
    let mut words = wanted.split('/');
    let (os, arch, variant) = (words.next().unwrap_or_default(), words.next(), words.next());
    let fits = |d: &&Descriptor| {
        d.platform().as_ref().is_some_and(|p| {
            p.os().to_string() == os
                && arch.is_none_or(|arch| p.architecture().to_string() == arch)
                && variant.is_none_or(|v| p.variant().as_deref() == Some(v))
        })
    };
    let all = index.manifests();
    let named: Vec<String> = all
        .iter()
        .filter_map(|d| d.platform().as_ref())
        .map(|p| format!("{}/{}", p.os(), p.architecture()))
        .collect();
    let only = || all.first().filter(|_| all.len() == 1 && (platform.is_none() || named.is_empty()));
    all.iter().find(fits).or_else(only).ok_or_else(|| {
        exit::unreadable(format!("there is no image for {wanted}, but for: {}", named.join(", ")))
    })
}

/// The image of a manifest.
pub(crate) fn manifest(
    blobs: &dyn Blobs,
    bytes: &[u8],
    digest: Digest,
    index: Vec<Digest>,
    reading: &Reading<'_>,
) -> anyhow::Result<Inventory> {
    let manifest: ImageManifest = serde_json::from_slice(bytes)
        .map_err(|error| exit::unreadable(format!("manifest {digest}: {error}")))?;
    if manifest.layers().len() > reading.limits.layers {
        return Err(exit::unreadable(format!("{} layers are over the limit", manifest.layers().len())));
    }
    let config_digest = self::digest(manifest.config())?;
    let config = blobs.small(&config_digest, reading.limits.document_bytes)?;
    let wanted = diff_ids(&config)?;
    let mut layers = Vec::new();
    let mut unknown = Vec::new();
    for (at, descriptor) in manifest.layers().iter().enumerate() {
        let stored = self::digest(descriptor)?;
        let size = descriptor.size();
        let layer = match wanted.get(at) {
            None => None,
            Some(want) => match reading.layers.read(want, &reading.limits, || blobs.open(&stored, size)) {
                Ok(layer) => Some(layer),
                Err(error) => {
                    let what = format!("layer {stored}");
                    let why = format!("{error:#}");
                    unknown.push(Gap { ring: Ring::Images, what, why, asked: true, help: None });
                    None
                }
            },
        };
        layers.push((stored.to_string(), Some(stored), layer));
    }
    let parts = Parts {
        config_name: config_digest.to_string(),
        config,
        layers,
        index,
        manifest: vec![digest],
        unknown,
        ..Parts::default()
    };
    inventory::assemble(parts, &reading.limits).map_err(|error| exit::unreadable(error.to_string()))
}
