//! Files read at any place, and names of the cache.

use anyhow::Context as _;
use inventory::ReadAt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// A file, read by position: readers do not disturb each other.
pub(crate) struct Positioned {
    file: File,
    size: u64,
}

impl Positioned {
    /// Opens a file.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let open = || -> io::Result<Self> {
            let file = File::open(path)?;
            let size = file.metadata()?.len();
            Ok(Self { file, size })
        };
        open().with_context(|| path.display().to_string())
    }

    /// Its first bytes.
    pub(crate) fn head(&self, count: usize) -> Vec<u8> {
        inventory::exactly(self, 0, count.min(usize::try_from(self.size).unwrap_or(usize::MAX)))
            .unwrap_or_default()
    }
}

impl ReadAt for Positioned {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }
}

/// The cache folder: as given, else the user's, under Trivy's name: a pipeline that caches it goes on doing so.
pub(crate) fn cache(given: Option<&Path>) -> PathBuf {
    if let Some(path) = given {
        return path.to_owned();
    }
    let of = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = of("XDG_CACHE_HOME").or_else(|| of("HOME").map(|home| home.join(".cache")));
    base.unwrap_or_else(std::env::temp_dir).join("trivy")
}
