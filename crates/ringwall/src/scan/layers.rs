//! Layers that were read once: a file each, named by digest, put in place whole. Readers take no lock.

use crate::output;
use inventory::{Layer, Limits};
use model::Digest;
use std::io::Read;
use std::path::PathBuf;

/// What of a layer is kept changes with the analyzers; files of another version are not looked at.
const VERSION: &str = concat!("layers-2-", env!("CARGO_PKG_VERSION"));

/// The cache of layers.
pub(crate) struct Layers {
    folder: PathBuf,
}

impl Layers {
    /// Below a cache folder.
    pub(crate) fn new(cache: &std::path::Path) -> Self {
        Self { folder: cache.join("ringwall").join(VERSION) }
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(digest.as_str().replace(':', "-"))
    }

    /// The layer of a digest, if it is known. What cannot be read is not known.
    pub(crate) fn get(&self, digest: &Digest) -> Option<Layer> {
        let bytes = std::fs::read(self.path(digest)).ok()?;
        let layer: Layer = serde_json::from_slice(&bytes).ok()?;
        (layer.diff_id.as_ref() == Some(digest)).then_some(layer)
    }

    /// The layer of a digest: the known one, else read, and kept when it was read to its end and is what it should be.
    pub(crate) fn read(
        &self,
        want: &Digest,
        limits: &Limits,
        open: impl FnOnce() -> anyhow::Result<Box<dyn Read>>,
    ) -> anyhow::Result<Layer> {
        if let Some(known) = self.get(want) {
            return Ok(known);
        }
        let layer = inventory::layer(&mut *open()?, limits);
        if layer.failure.is_none() && layer.diff_id.as_ref() == Some(want) {
            self.put(want, &layer);
        }
        Ok(layer)
    }

    /// Keeps a layer; where that fails the next run reads it again.
    fn put(&self, digest: &Digest, layer: &Layer) {
        let written = std::fs::create_dir_all(&self.folder).and_then(|()| {
            output::whole(&self.path(digest), |file| {
                serde_json::to_writer(file, layer).map_err(std::io::Error::other)
            })
        });
        if let Err(error) = written {
            tracing::info!(%error, folder = %self.folder.display(), "the layer is not kept");
        }
    }
}
