//! The one place where foreign bytes are inflated and counted.

use flate2::read::{DeflateDecoder, MultiGzDecoder};
use sha2::{Digest as _, Sha256};
use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};
use std::rc::Rc;

/// A cap that was hit, carried through [`io::Error`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Limit(pub(crate) &'static str);

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "limit: {}", self.0)
    }
}

impl std::error::Error for Limit {}

impl Limit {
    /// As an error of a reader.
    pub(crate) fn io(what: &'static str) -> io::Error {
        io::Error::other(Self(what))
    }

    /// The cap an error stands for, if it stands for one.
    pub(crate) fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref().and_then(|inner| inner.downcast_ref())
    }
}

/// How bytes are compressed, by their first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
    Xz,
    Bzip2,
}

impl Compression {
    /// Bytes to look at.
    pub(crate) const PEEK: usize = 6;

    pub(crate) fn detect(head: &[u8]) -> Self {
        const MAGIC: [(&[u8], Compression); 4] = [
            (&[0x1f, 0x8b], Compression::Gzip),
            (&[0x28, 0xb5, 0x2f, 0xfd], Compression::Zstd),
            (&[0xfd, b'7', b'z', b'X', b'Z', 0], Compression::Xz),
            (b"BZh", Compression::Bzip2),
        ];
        MAGIC.iter().find(|(magic, _)| head.starts_with(magic)).map_or(Self::None, |(_, kind)| *kind)
    }
}

/// Caps of one inflated stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// Bytes that may come out.
    pub(crate) bytes: u64,
    /// Bytes out per byte in, past `free`.
    pub(crate) ratio: u64,
    /// Bytes out before the ratio counts.
    pub(crate) free: u64,
}

/// Counts what comes in, before inflation.
struct Counted<'r> {
    input: &'r mut dyn Read,
    count: Rc<Cell<u64>>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.count.set(self.count.get().saturating_add(read as u64));
        Ok(read)
    }
}

/// An inflated stream with caps, hashed as it is read.
pub(crate) struct Inflated<'r> {
    inner: Box<dyn Read + 'r>,
    inside: Rc<Cell<u64>>,
    out: u64,
    budget: Budget,
    compressed: bool,
    hash: Sha256,
}

impl<'r> Inflated<'r> {
    /// Inflates by the first bytes. The error names a compression that is not read.
    pub(crate) fn new(input: &'r mut dyn Read, budget: Budget) -> io::Result<Self> {
        let mut head = Vec::with_capacity(Compression::PEEK);
        (&mut *input).take(Compression::PEEK as u64).read_to_end(&mut head)?;
        let kind = Compression::detect(&head);
        let inside = Rc::new(Cell::new(head.len() as u64));
        let whole = io::Cursor::new(head).chain(Counted { input, count: Rc::clone(&inside) });
        let inner: Box<dyn Read + 'r> = match kind {
            Compression::None => Box::new(whole),
            Compression::Gzip => Box::new(MultiGzDecoder::new(io::BufReader::with_capacity(1 << 16, whole))),
            Compression::Zstd => {
                // The window is what a frame may ask memory for: 128 MiB, the default of the reference decoder.
                let mut decoder = zstd::stream::read::Decoder::new(whole)?;
                decoder.window_log_max(27)?;
                Box::new(decoder)
            }
            Compression::Xz => return Err(unread("xz")),
            Compression::Bzip2 => return Err(unread("bzip2")),
        };
        let compressed = kind != Compression::None;
        Ok(Self { inner, inside, out: 0, budget, compressed, hash: Sha256::new() })
    }

    /// Reads to the end, so that the hash covers everything.
    pub(crate) fn drain(&mut self) -> io::Result<()> {
        let mut buffer = vec![0; 1 << 16];
        while self.read(&mut buffer)? > 0 {}
        Ok(())
    }

    /// Inflated bytes so far.
    pub(crate) fn inflated_bytes(&self) -> u64 {
        self.out
    }

    /// SHA-256 of everything read, lower-case hex.
    pub(crate) fn finish(self) -> String {
        hex(&self.hash.finalize())
    }
}

fn unread(kind: &str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, format!("{kind} compression is not read"))
}

impl Read for Inflated<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.out = self.out.saturating_add(read as u64);
        if self.out > self.budget.bytes {
            return Err(Limit::io("inflated bytes"));
        }
        let allowed = self.inside.get().saturating_mul(self.budget.ratio).max(self.budget.free);
        if self.compressed && self.out > allowed {
            return Err(Limit::io("inflation ratio"));
        }
        if let Some(bytes) = buffer.get(..read) {
            self.hash.update(bytes);
        }
        Ok(read)
    }
}

/// Inflates a member of a zip archive, at most `cap` bytes; one byte more is an error.
pub(crate) fn inflate(bytes: &[u8], cap: u64) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    DeflateDecoder::new(bytes).take(cap.saturating_add(1)).read_to_end(&mut out)?;
    if out.len() as u64 > cap {
        return Err(Limit::io("inflated bytes"));
    }
    Ok(out)
}

/// Inflates what zlib compressed, at most `cap` bytes; one byte more is an error.
pub(crate) fn inflate_zlib(bytes: &[u8], cap: u64) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    flate2::read::ZlibDecoder::new(bytes).take(cap.saturating_add(1)).read_to_end(&mut out)?;
    if out.len() as u64 > cap {
        return Err(Limit::io("inflated bytes"));
    }
    Ok(out)
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

/// SHA-256 as a digest.
pub fn sha256(bytes: &[u8]) -> Option<model::Digest> {
    model::Digest::parse(&format!("sha256:{}", hex(&Sha256::digest(bytes))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const BUDGET: Budget = Budget { bytes: 1 << 20, ratio: 10, free: 4096 };

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    fn read(bytes: &[u8], budget: Budget) -> io::Result<(Vec<u8>, String)> {
        let mut input: &[u8] = bytes;
        let mut inflated = Inflated::new(&mut input, budget)?;
        let mut out = Vec::new();
        inflated.read_to_end(&mut out)?;
        Ok((out, inflated.finish()))
    }

    #[test]
    fn plain_and_gzip_hash_alike() {
        let (plain, a) = read(b"hello", BUDGET).unwrap();
        let (gz, b) = read(&gzip(b"hello"), BUDGET).unwrap();
        assert_eq!((&plain, &a), (&gz, &b));
        assert_eq!(a, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
        let mut two = gzip(b"hel");
        two.extend(gzip(b"lo"));
        assert_eq!(read(&two, BUDGET).unwrap().1, a, "members of one gzip stream follow each other");
    }

    #[test]
    fn caps_hold() {
        let zeros = vec![0; 100_000];
        let error = read(&gzip(&zeros), BUDGET).unwrap_err();
        assert_eq!(Limit::of(&error), Some(&Limit("inflation ratio")));
        assert!(read(&zeros, BUDGET).is_ok(), "what is not compressed has no ratio");
        let error = read(&zeros, Budget { bytes: 10, ..BUDGET }).unwrap_err();
        assert_eq!(Limit::of(&error), Some(&Limit("inflated bytes")));
    }

    #[test]
    fn truncated_and_unknown_are_errors() {
        let whole = gzip(b"hello hello hello");
        assert!(read(&whole[..whole.len() - 4], BUDGET).is_err());
        let error = read(&[0xfd, b'7', b'z', b'X', b'Z', 0], BUDGET).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
        let packed = zstd::encode_all(&b"hello"[..], 3).unwrap();
        assert_eq!(read(&packed, BUDGET).unwrap().0, b"hello");
        assert!(read(&packed[..packed.len() - 2], BUDGET).is_err());
        let bomb = zstd::encode_all(&vec![0; 1 << 20][..], 3).unwrap();
        assert_eq!(Limit::of(&read(&bomb, BUDGET).unwrap_err()), Some(&Limit("inflation ratio")));
        assert!(read(b"", BUDGET).is_ok());
    }
}
