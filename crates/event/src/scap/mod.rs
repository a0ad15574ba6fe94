//! `.scap` captures: blocks in pcapng framing, optionally compressed.
//!
//! Format: Falco's `libscap/engine/savefile/{scap_savefile.c,scap_savefile.h}`, every block version since 1.0.

mod block;
mod cursor;
mod tables;

pub use block::{Block, Blocks, ScapError};
pub use cursor::Cursor;
pub use tables::{FdAddress, FdRow, InterfaceRow, ThreadRow, UserRow, fds, interfaces, threads, users};

use std::borrow::Cow;
use std::io::Read as _;

/// How much is read.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a capture once inflated. Default 4 GiB.
    pub inflated: u64,
    /// Bytes of one block. Default 256 MiB.
    pub block: usize,
    /// Rows of a table (threads, descriptors, users). Default 4,000,000.
    pub rows: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { inflated: 4 << 30, block: 256 << 20, rows: 4_000_000 }
    }
}

/// The capture, inflated if it is compressed. One that was cut off yields what there is; the second part says so.
///
/// # Errors
/// The cap.
pub fn inflate<'a>(bytes: &'a [u8], limits: &Limits) -> Result<(Cow<'a, [u8]>, bool), ScapError> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok((Cow::Borrowed(bytes), false));
    }
    let mut out = Vec::new();
    let decoder = flate2::read::MultiGzDecoder::new(bytes);
    let cut = decoder.take(limits.inflated.saturating_add(1)).read_to_end(&mut out).is_err();
    if u64::try_from(out.len()).unwrap_or(u64::MAX) > limits.inflated {
        return Err(ScapError::TooLarge { what: "capture", cap: limits.inflated });
    }
    Ok((Cow::Owned(out), cut))
}
