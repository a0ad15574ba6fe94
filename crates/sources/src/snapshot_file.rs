//! A snapshot in a file: zstd over the lines of [`snapshot::save`], written whole or not at all, read within caps.

use snapshot::{LoadError, Snapshot};
use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// First bytes of a zstd frame.
pub(crate) const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// First bytes of an uncompressed snapshot.
pub(crate) const HEADER: &[u8] = br#"{"ringwall_snapshot":"#;

const MIB: u64 = 1 << 20;

/// How much a saved snapshot may unfold to.
#[derive(Clone, Copy, Debug)]
pub struct InflateCaps {
    /// Bytes after decompression (default 4 GiB).
    pub bytes: u64,
    /// Bytes of one line (default 256 MiB).
    pub line: u64,
    /// Inflated bytes per compressed byte, once 64 MiB have come out (default 1,000; real snapshots: 10 to 60).
    pub ratio: u64,
    /// Largest window of the decoder, as a power of two (default 27: 128 MiB).
    pub window_log: u32,
}

impl Default for InflateCaps {
    fn default() -> Self {
        Self { bytes: 4096 * MIB, line: 256 * MIB, ratio: 1000, window_log: 27 }
    }
}

/// Why a snapshot file cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be opened or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is there, and is no whole snapshot.
    #[error("{}: {source}; take it again with `ringwall snapshot save`", path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: LoadError,
    },
}

/// Writes a snapshot, readable by its owner only. The file appears whole or not at all.
pub fn save(snapshot: &Snapshot, path: &Path) -> Result<(), Error> {
    let fail = |source| Error::Io { path: path.to_owned(), source };
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = tempfile::NamedTempFile::new_in(folder).map_err(fail)?;
    let mut encoder =
        zstd::Encoder::new(BufWriter::new(file), zstd::DEFAULT_COMPRESSION_LEVEL).map_err(fail)?;
    encoder.include_checksum(true).map_err(fail)?;
    snapshot::save(snapshot, &mut encoder).map_err(fail)?;
    let mut out = encoder.finish().map_err(fail)?;
    out.flush().map_err(fail)?;
    let file = out.into_inner().map_err(|error| fail(error.into_error()))?;
    file.as_file().sync_all().map_err(fail)?;
    file.persist(path).map_err(|error| fail(error.error))?;
    Ok(())
}

/// Reads what [`save`] wrote, or the same lines uncompressed.
pub fn load(path: &Path, caps: InflateCaps) -> Result<Snapshot, Error> {
    let file = File::open(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
    read(BufReader::new(file), caps).map_err(|source| Error::Load { path: path.to_owned(), source })
}

/// Reads a snapshot from any reader, zstd or plain.
pub fn read(mut input: impl BufRead, caps: InflateCaps) -> Result<Snapshot, LoadError> {
    let compressed = input.fill_buf()?.starts_with(&ZSTD_MAGIC);
    if !compressed {
        let capped = Capped { inner: input, caps, taken: None, given: 0, line: 0 };
        return snapshot::load(BufReader::new(capped));
    }
    let taken = Rc::new(Cell::new(0));
    let counted = Counted { inner: input, taken: taken.clone() };
    let mut decoder = zstd::Decoder::new(counted)?;
    decoder.window_log_max(caps.window_log)?;
    let capped = Capped { inner: decoder, caps, taken: Some(taken), given: 0, line: 0 };
    snapshot::load(BufReader::with_capacity(64 * 1024, capped))
}

/// Counts the compressed bytes that went in.
struct Counted<R> {
    inner: R,
    taken: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.taken.set(self.taken.get().saturating_add(n as u64));
        Ok(n)
    }
}

/// Ends in an error once more came out than the caps allow.
struct Capped<R> {
    inner: R,
    caps: InflateCaps,
    taken: Option<Rc<Cell<u64>>>,
    given: u64,
    line: u64,
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        let bytes = buffer.get(..n).unwrap_or_default();
        self.given = self.given.saturating_add(n as u64);
        self.line = match bytes.iter().rposition(|b| *b == b'\n') {
            Some(at) => (n as u64).saturating_sub(at as u64).saturating_sub(1),
            None => self.line.saturating_add(n as u64),
        };
        let refuse = |what: String| Err(io::Error::new(io::ErrorKind::InvalidData, what));
        if self.given > self.caps.bytes {
            return refuse(format!("it unfolds to more than {} bytes", self.caps.bytes));
        }
        if self.line > self.caps.line {
            return refuse(format!("a line is longer than {} bytes", self.caps.line));
        }
        if let Some(taken) = &self.taken {
            let allowed = taken.get().saturating_mul(self.caps.ratio).max(64 * MIB);
            if self.given > allowed {
                return refuse(format!("it unfolds to more than {} times its size", self.caps.ratio));
            }
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Gap, Origin, Ring};
    use serde_json::json;
    use snapshot::Builder;

    fn sample() -> Snapshot {
        let mut builder = Builder::new("default");
        for name in ["a", "b"] {
            let value = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}});
            builder.add(value, Origin::Builtin);
        }
        builder.coverage().gap(Gap {
            ring: Ring::Rbac,
            what: "roles".into(),
            why: "403".into(),
            asked: true,
            help: None,
        });
        builder.build()
    }

    fn inflate(bytes: &[u8], caps: InflateCaps) -> Result<Snapshot, LoadError> {
        read(BufReader::new(bytes), caps)
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("today.snapshot");
        save(&sample(), &path).unwrap();
        let loaded = load(&path, InflateCaps::default()).unwrap();
        assert_eq!(loaded.len(), 2);
        assert_eq!(loaded.coverage, sample().coverage);
        let first = std::fs::read(&path).unwrap();
        save(&sample(), &path).unwrap();
        assert_eq!(first, std::fs::read(&path).unwrap(), "same snapshot, same bytes");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn plain_lines_are_loaded_too() {
        let mut text = Vec::new();
        snapshot::save(&sample(), &mut text).unwrap();
        assert!(text.starts_with(HEADER));
        assert_eq!(inflate(&text, InflateCaps::default()).unwrap().len(), 2);
    }

    #[test]
    fn half_a_file_is_an_error() {
        let mut text = Vec::new();
        snapshot::save(&sample(), &mut text).unwrap();
        let packed = zstd::encode_all(&*text, 3).unwrap();
        for cut in [3, 5, packed.len() / 2, packed.len() - 1] {
            assert!(inflate(&packed[..cut], InflateCaps::default()).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn bombs_are_refused() {
        let bomb = zstd::encode_all(io::repeat(b' ').take(80 * MIB), 3).unwrap();
        let words = |caps| inflate(&bomb, caps).unwrap_err().to_string();
        assert!(words(InflateCaps::default()).contains("1000 times its size"));
        let small = InflateCaps { bytes: MIB, ratio: u64::MAX, ..InflateCaps::default() };
        assert!(words(small).contains("more than 1048576 bytes"));
        let lines = InflateCaps { line: MIB, ratio: u64::MAX, ..InflateCaps::default() };
        assert!(words(lines).contains("a line is longer"));
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = save(&sample(), Path::new("no/such/folder/x")).unwrap_err().to_string();
        assert!(error.starts_with("no/such/folder/x: "), "{error}");
    }
}
