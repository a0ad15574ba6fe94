//! The seam for files that are read here and there: positions and lengths, no mapping, no lock.

use std::io;

/// Bytes that can be read at any place. Any number of readers may share one.
pub trait ReadAt {
    /// How many bytes there are.
    fn size(&self) -> u64;

    /// Reads at most `buffer.len()` bytes from `offset`; 0 at the end.
    ///
    /// # Errors
    /// When the source fails.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

/// Bytes in memory: the twin of a file, for tests and for documents that are small.
impl ReadAt for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = self.get(start..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }
}

/// Exactly `length` bytes from `offset`.
///
/// # Errors
/// [`io::ErrorKind::UnexpectedEof`] when there are fewer, and when the source fails.
pub fn exactly(source: &dyn ReadAt, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    // What the source cannot hold is not made room for.
    if offset.saturating_add(length as u64) > source.size() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut out = vec![0; length];
    let mut done = 0_usize;
    while let Some(rest) = out.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match source.read_at(offset.saturating_add(done as u64), rest) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => done = done.saturating_add(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(out)
}

/// A part of a source, as a stream.
pub struct Part<'a> {
    source: &'a dyn ReadAt,
    offset: u64,
    left: u64,
}

impl<'a> Part<'a> {
    /// `length` bytes from `offset`, or what there is of them.
    pub fn new(source: &'a dyn ReadAt, offset: u64, length: u64) -> Self {
        Self { source, offset, left: length }
    }

    /// Bytes not yet read.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }
}

impl io::Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let Some(buffer) = buffer.get_mut(..count).filter(|b| !b.is_empty()) else { return Ok(0) };
        let read = self.source.read_at(self.offset, buffer)?;
        self.offset = self.offset.saturating_add(read as u64);
        self.left = self.left.saturating_sub(read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn parts() {
        let bytes = b"0123456789".to_vec();
        assert_eq!(exactly(&bytes, 2, 3).unwrap(), b"234");
        assert_eq!(exactly(&bytes, 8, 3).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(exactly(&bytes, u64::MAX, usize::MAX).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        let mut out = String::new();
        Part::new(&bytes, 7, 100).read_to_string(&mut out).unwrap();
        assert_eq!(out, "789");
    }
}
