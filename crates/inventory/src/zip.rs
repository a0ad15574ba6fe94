//! Members of a zip archive held in memory, found through its central directory, with caps.

use crate::bounded::{Limit, inflate};
use crate::{LayerError, Limits};
use std::io;

/// One member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    /// Bytes inflated, as the directory claims.
    pub(crate) size: u64,
    method: u16,
    compressed: usize,
    header: usize,
}

/// An archive.
pub(crate) struct Zip<'a> {
    bytes: &'a [u8],
    pub(crate) entries: Vec<Entry>,
}

/// Hands every member of a zip archive (a dump of advisories) to `each`, inflated. Returns how many there were.
///
/// # Errors
/// When it is no zip archive, or a member cannot be read or is over [`Limits::document_bytes`].
pub fn unzip(bytes: &[u8], limits: &Limits, each: &mut dyn FnMut(&str, &[u8])) -> Result<u64, LayerError> {
    let zip = Zip::read(bytes, usize::from(u16::MAX))?;
    for entry in &zip.entries {
        each(&entry.name, &zip.body(entry, limits.document_bytes)?);
    }
    Ok(zip.entries.len() as u64)
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    let part = bytes.get(at..at.checked_add(2)?)?;
    Some(usize::from(u16::from_le_bytes(part.try_into().ok()?)))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    let part = bytes.get(at..at.checked_add(4)?)?;
    usize::try_from(u32::from_le_bytes(part.try_into().ok()?)).ok()
}

impl<'a> Zip<'a> {
    /// Reads the central directory; at most `cap` entries.
    pub(crate) fn read(bytes: &'a [u8], cap: usize) -> io::Result<Self> {
        let end = end(bytes).ok_or_else(|| invalid("no central directory: not a zip archive"))?;
        let count = u16_at(bytes, end.saturating_add(10)).unwrap_or(0);
        if count > cap {
            return Err(Limit::io("members of a zip archive"));
        }
        let mut at = directory(bytes, end).ok_or_else(|| invalid("the central directory lies outside"))?;
        let mut entries = Vec::new();
        for _ in 0..count {
            let (entry, next) = entry(bytes, at).ok_or_else(|| invalid("the central directory is broken"))?;
            entries.push(entry);
            at = next;
        }
        // Something may stand before the archive (a script that starts it): offsets count from its own start.
        let shift = shift(bytes, end).unwrap_or(0);
        for entry in &mut entries {
            entry.header = entry.header.saturating_add(shift);
        }
        Ok(Self { bytes, entries })
    }

    /// The bytes of a member, inflated, at most `cap`.
    pub(crate) fn body(&self, entry: &Entry, cap: u64) -> io::Result<Vec<u8>> {
        let start = || {
            let name = u16_at(self.bytes, entry.header.checked_add(26)?)?;
            let extra = u16_at(self.bytes, entry.header.checked_add(28)?)?;
            entry.header.checked_add(30)?.checked_add(name)?.checked_add(extra)
        };
        let body = start().and_then(|start| self.bytes.get(start..start.checked_add(entry.compressed)?));
        let body = body.ok_or_else(|| invalid("a member lies outside of the archive"))?;
        match entry.method {
            0 if body.len() as u64 <= cap => Ok(body.to_vec()),
            0 => Err(Limit::io("inflated bytes")),
            8 => inflate(body, cap),
            _ => Err(io::Error::new(io::ErrorKind::Unsupported, "a member's compression is not read")),
        }
    }
}

/// Where the end record is: at the end, before a comment of at most 64 KiB.
fn end(bytes: &[u8]) -> Option<usize> {
    let last = bytes.len().checked_sub(22)?;
    let first = last.saturating_sub(0xffff);
    (first..=last).rev().find(|at| bytes.get(*at..).is_some_and(|b| b.starts_with(b"PK\x05\x06")))
}

/// Where the directory starts: right before the end record, as long as that says.
fn directory(bytes: &[u8], end: usize) -> Option<usize> {
    end.checked_sub(u32_at(bytes, end.checked_add(12)?)?)
}

fn shift(bytes: &[u8], end: usize) -> Option<usize> {
    directory(bytes, end)?.checked_sub(u32_at(bytes, end.checked_add(16)?)?)
}

fn entry(bytes: &[u8], at: usize) -> Option<(Entry, usize)> {
    let record = bytes.get(at..)?;
    if !record.starts_with(b"PK\x01\x02") {
        return None;
    }
    let (name, extra, comment) = (u16_at(record, 28)?, u16_at(record, 30)?, u16_at(record, 32)?);
    let end = 46_usize.checked_add(name)?;
    let entry = Entry {
        name: String::from_utf8_lossy(record.get(46..end)?).into_owned(),
        size: u32_at(record, 24)? as u64,
        method: u16::try_from(u16_at(record, 10)?).ok()?,
        compressed: u32_at(record, 20)?,
        header: u32_at(record, 42)?,
    };
    Some((entry, at.checked_add(end)?.checked_add(extra)?.checked_add(comment)?))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::io::Write;

    /// A zip archive of these members, deflated.
    pub(crate) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for (name, body) in members {
            let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
            deflate.write_all(body).unwrap();
            let packed = deflate.finish().unwrap();
            let offset = out.len() as u32;
            let sizes =
                [&(packed.len() as u32).to_le_bytes()[..], &(body.len() as u32).to_le_bytes()].concat();
            let name_len = (name.len() as u16).to_le_bytes();
            out.extend(
                [
                    &b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0"[..],
                    &sizes,
                    &name_len,
                    &[0, 0],
                    name.as_bytes(),
                    &packed,
                ]
                .concat(),
            );
            directory.extend(
                [
                    &b"PK\x01\x02\x14\0\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0"[..],
                    &sizes,
                    &name_len,
                    &[0; 12],
                    &offset.to_le_bytes(),
                    name.as_bytes(),
                ]
                .concat(),
            );
        }
        let count = (members.len() as u16).to_le_bytes();
        let (size, start) = ((directory.len() as u32).to_le_bytes(), (out.len() as u32).to_le_bytes());
        out.extend(directory);
        out.extend([&b"PK\x05\x06\0\0\0\0"[..], &count, &count, &size, &start, &[0, 0]].concat());
        out
    }

    #[test]
    fn members() {
        let bytes = zip(&[("a", b"hello"), ("b/c", &[7; 1000])]);
        for bytes in [bytes.clone(), [b"#!/bin/sh\n", bytes.as_slice()].concat()] {
            let zip = Zip::read(&bytes, 10).unwrap();
            assert_eq!(zip.entries.iter().map(|e| e.name.as_str()).collect::<Vec<_>>(), ["a", "b/c"]);
            assert_eq!(zip.body(&zip.entries[0], 10).unwrap(), b"hello");
            assert_eq!(zip.body(&zip.entries[1], 1000).unwrap().len(), 1000);
            assert_eq!(
                Limit::of(&zip.body(&zip.entries[1], 999).unwrap_err()),
                Some(&Limit("inflated bytes"))
            );
        }
        assert!(Zip::read(&bytes, 1).is_err());
    }

    #[test]
    fn noise_is_no_archive() {
        let bytes = zip(&[("a", b"hello")]);
        assert!(Zip::read(b"", 10).is_err() && Zip::read(&[0; 100], 10).is_err());
        for cut in 0..bytes.len() {
            // Whatever is cut off, the rest is refused or its members are.
            if let Ok(zip) = Zip::read(&bytes[..cut], 10) {
                assert!(zip.entries.iter().all(|entry| zip.body(entry, 10).is_err()));
            }
            if let Ok(zip) = Zip::read(&bytes[cut..], 10) {
                for entry in &zip.entries {
                    let _ = zip.body(entry, 10);
                }
            }
        }
    }
}
