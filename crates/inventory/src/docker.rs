//! A docker archive in a file that can be read at any place: where its members lie, so that layers that are known
//! already need not be read again.

use crate::archive::{ArchiveError, Entry, entries};
use crate::layer::LayerError;
use crate::read_at::{Part, ReadAt, exactly};
use crate::tar::{Caps, Kind, Tar};
use crate::{Limits, path};
use std::collections::BTreeMap;

/// One image of a docker archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DockerArchive {
    /// Name of the config's member.
    pub config_name: String,
    /// The config.
    pub config: Vec<u8>,
    /// Names of the image.
    pub tags: Vec<String>,
    /// Its layers, lowest first: name, and where it lies; `None` when the archive does not hold it.
    pub layers: Vec<(String, Option<(u64, u64)>)>,
    /// Further images of the archive.
    pub others: usize,
}

/// Finds the first image of an archive that is not compressed, reading headers and documents only.
///
/// # Errors
/// When the archive is torn, or holds no image.
pub fn index(source: &dyn ReadAt, limits: &Limits) -> Result<DockerArchive, ArchiveError> {
    let members = members(source, limits).map_err(ArchiveError::Unreadable)?;
    let document = |name: &str| {
        let key = path::normal(name, usize::MAX).unwrap_or_default();
        let (offset, size) = members.get(&key).copied()?;
        let size = usize::try_from(size).ok().filter(|_| size <= limits.document_bytes)?;
        exactly(source, offset, size).ok()
    };
    let manifest = document("manifest.json").ok_or(ArchiveError::NoManifest)?;
    let (Entry { config, repo_tags, layers }, others) = entries(&manifest)?;
    let missing =
        || ArchiveError::Config { name: config.clone(), why: "the archive does not hold it".into() };
    let bytes = document(&config).ok_or_else(missing)?;
    let names = layers.unwrap_or_default();
    if names.len() > limits.layers {
        return Err(ArchiveError::Layers(names.len()));
    }
    let place = |name: String| {
        let key = path::normal(&name, usize::MAX).unwrap_or_default();
        let found = members.get(&key).copied();
        (name, found)
    };
    Ok(DockerArchive {
        config: bytes,
        tags: repo_tags.unwrap_or_default(),
        layers: names.into_iter().map(place).collect(),
        others,
        config_name: config,
    })
}

/// Where the bytes of each member of a tar archive lie: offset and size by path. A link is where its target is.
///
/// # Errors
/// When the archive is torn, or has more members than the limit.
pub fn members(source: &dyn ReadAt, limits: &Limits) -> Result<BTreeMap<String, (u64, u64)>, LayerError> {
    let caps = Caps { entries: 16, extension_bytes: limits.extension_bytes };
    let mut out = BTreeMap::new();
    let mut links = Vec::new();
    let mut at = 0_u64;
    let mut left = limits.entries;
    while at < source.size() {
        left = left.checked_sub(1).ok_or_else(|| LayerError::Limit("entries".into()))?;
        let all = source.size().saturating_sub(at);
        let mut part = Part::new(source, at, all);
        let Some(member) = Tar::new(&mut part, caps).next()? else { break };
        let start = at.saturating_add(all.saturating_sub(part.left()));
        at = start.saturating_add(member.size.div_ceil(512).saturating_mul(512));
        let Ok(name) = path::normal(&member.path, limits.path_bytes) else { continue };
        match member.kind {
            Kind::File if at <= source.size().saturating_add(511) => {
                out.insert(name, (start, member.size));
            }
            Kind::File => return Err(LayerError::Truncated),
            Kind::Symlink(target) if links.len() < limits.layers => {
                links.push((name.clone(), path::follow(&name, &target)));
            }
            _ => {}
        }
    }
    for (name, target) in links {
        if let Some(place) = out.get(&target).copied() {
            out.insert(name, place);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive;

    #[test]
    fn the_index_and_the_stream_agree() {
        for name in ["alpine-310", "alpine-311"] {
            let Some(packed) = crate::corpus::read(&format!("trivy/pkg/fanal/test/testdata/{name}.tar.gz"))
            else {
                return;
            };
            let mut plain = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(packed.as_slice()), &mut plain)
                .unwrap();
            let found = index(&plain, &Limits::default()).unwrap();
            let whole = archive(&mut plain.as_slice(), &Limits::default(), None).unwrap();
            assert_eq!((&found.tags, found.others), (&whole.tags, 0), "{name}");
            for ((_, place), info) in found.layers.iter().zip(&whole.layers) {
                let (offset, size) = place.unwrap();
                let read = crate::layer(&mut Part::new(&plain, offset, size), &Limits::default(), None);
                assert_eq!(read.diff_id.as_ref(), Some(&info.diff_id));
            }
            for cut in [0, 100, 512, plain.len() / 2] {
                assert!(index(&plain[..cut].to_vec(), &Limits::default()).is_err(), "{cut}");
            }
        }
    }
}
