//! Layers that were read once: a file each, named by digest, put in place whole. Readers take no lock.

use crate::output;
use inventory::{Layer, Limits, Rules, Secrets};
use model::Digest;
use std::cell::Cell;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What of a layer is kept changes with the analyzers; files of another version are not looked at.
const VERSION: &str = concat!("layers-3-", env!("CARGO_PKG_VERSION"));

/// The cache of layers, and what they are searched for.
pub(crate) struct Layers {
    folder: PathBuf,
    rules: Option<Arc<Rules>>,
    /// Bytes of secrets that were had so far.
    secrets: Cell<usize>,
}

/// One layer of an image.
pub(crate) struct Wanted {
    pub(crate) diff_id: Digest,
    /// Whether it is of the image this one was built on: its secrets are not looked for.
    pub(crate) base: bool,
}

impl Layers {
    /// Below a cache folder; with rules layers are searched for secrets.
    pub(crate) fn new(cache: &Path, rules: Option<Arc<Rules>>) -> Self {
        Self { folder: cache.join("ringwall").join(VERSION), rules, secrets: Cell::new(0) }
    }

    /// What secrets are looked for.
    pub(crate) fn rules(&self) -> Option<&Arc<Rules>> {
        self.rules.as_ref()
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(digest.as_str().replace(':', "-"))
    }

    /// Beside the layer: its secrets, as these rules find them.
    fn secrets_path(&self, digest: &Digest, rules: &Rules) -> PathBuf {
        self.folder.join(format!("{}.{}", digest.as_str().replace(':', "-"), rules.fingerprint()))
    }

    /// The layer of a digest, if it is known, with its secrets if they are wanted. What cannot be read is not known.
    fn get(&self, digest: &Digest, rules: Option<&Arc<Rules>>) -> Option<Layer> {
        let bytes = std::fs::read(self.path(digest)).ok()?;
        let mut layer: Layer = serde_json::from_slice(&bytes).ok()?;
        if let Some(rules) = rules {
            let bytes = std::fs::read(self.secrets_path(digest, rules)).ok()?;
            let secrets: Secrets = serde_json::from_slice(&bytes).ok()?;
            layer.secrets = Some(secrets);
        }
        (layer.diff_id.as_ref() == Some(digest)).then_some(layer)
    }

    /// The layer of a digest: the known one, else read, and kept when it was read to its end and is what it should be.
    pub(crate) fn read(
        &self,
        want: &Wanted,
        limits: &Limits,
        open: impl FnOnce() -> anyhow::Result<Box<dyn Read>>,
    ) -> anyhow::Result<Layer> {
        let (rules, want) = (self.rules.as_ref().filter(|_| !want.base), &want.diff_id);
        let layer = match self.get(want, rules) {
            Some(known) => known,
            None => {
                let secret_bytes = limits.secret_bytes.saturating_sub(self.secrets.get());
                let limits = Limits { secret_bytes, ..limits.clone() };
                let layer = inventory::layer(&mut *open()?, &limits, rules);
                if layer.failure.is_none() && layer.diff_id.as_ref() == Some(want) {
                    self.keep(want, &layer, rules);
                }
                layer
            }
        };
        let had = layer.secrets.as_ref().map_or(0, Secrets::size);
        self.secrets.set(self.secrets.get().saturating_add(had));
        Ok(layer)
    }

    /// Keeps what is known of a layer. Secrets that were cut short are not kept: there may be room the next time.
    fn keep(&self, digest: &Digest, layer: &Layer, rules: Option<&Arc<Rules>>) {
        self.put(&self.path(digest), |file| serde_json::to_writer(file, layer));
        let whole = layer.secrets.as_ref().filter(|secrets| secrets.cut == 0);
        if let (Some(secrets), Some(rules)) = (whole, rules) {
            self.put(&self.secrets_path(digest, rules), |file| serde_json::to_writer(file, secrets));
        }
    }

    /// Writes a file of the cache; where that fails the next run reads the layer again.
    fn put(&self, path: &Path, write: impl FnOnce(&mut dyn Write) -> serde_json::Result<()>) {
        let written = std::fs::create_dir_all(&self.folder)
            .and_then(|()| output::whole(path, |file| write(file).map_err(std::io::Error::other)));
        if let Err(error) = written {
            tracing::info!(%error, folder = %self.folder.display(), "the layer is not kept");
        }
    }
}
