//! Blocks of a capture.

use super::Limits;
use super::cursor::Cursor;
use crate::syscall::{EventTable, RawEvent};

/// Why a capture, or the rest of it, cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScapError {
    /// It does not begin as captures do.
    #[error("not a capture: it does not begin with a section header")]
    NotACapture,
    /// Written by a newer format.
    #[error("capture version {0}.{1} is newer than 1.x")]
    Version(u16, u16),
    /// It ends within a block.
    #[error("the capture ends within a block at byte {at}")]
    Truncated {
        /// Where the block starts.
        at: u64,
    },
    /// A block's two lengths differ, or it is too short.
    #[error("broken block at byte {at}: {why}")]
    Broken {
        /// Where the block starts.
        at: u64,
        /// What is wrong.
        why: &'static str,
    },
    /// A cap was hit.
    #[error("the {what} is larger than the cap of {cap}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The cap.
        cap: u64,
    },
}

/// A block.
#[derive(Clone, Copy, Debug)]
pub enum Block<'a> {
    /// The header of the capture, or of another appended to it.
    Section,
    /// The machine: hostname and the like.
    Machine(&'a [u8]),
    /// Threads there were when the capture began, in the layout of this version (1 to 9).
    Threads(u8, &'a [u8]),
    /// Descriptors of one process; whether rows carry their length.
    Fds(bool, &'a [u8]),
    /// Interfaces; whether rows carry their length.
    Interfaces(bool, &'a [u8]),
    /// Users and groups; whether rows carry their length.
    Users(bool, &'a [u8]),
    /// An event, with the flags it was dumped with.
    Event(RawEvent<'a>, u32),
    /// A block of a type this reader does not know.
    Unknown(u32),
    /// An event whose lengths do not fit.
    BadEvent,
}

/// Iterator over the blocks. After an error it ends.
pub struct Blocks<'a> {
    bytes: &'a [u8],
    at: usize,
    table: &'a EventTable,
    limits: Limits,
    failed: bool,
}

const SECTION: u32 = 0x0a0d_0d0a;
const MAGIC: u32 = 0x1a2b_3c4d;

impl<'a> Blocks<'a> {
    /// Reads the blocks of a capture that is not compressed, or was inflated.
    ///
    /// # Errors
    /// It is no capture, or too new.
    pub fn new(bytes: &'a [u8], table: &'a EventTable, limits: &Limits) -> Result<Self, ScapError> {
        Self::header(bytes)?;
        Ok(Self::resume(bytes, table, limits))
    }

    /// Reads on in the middle of a capture, at the start of a block.
    pub fn resume(bytes: &'a [u8], table: &'a EventTable, limits: &Limits) -> Self {
        Self { bytes, at: 0, table, limits: *limits, failed: false }
    }

    /// Bytes of the blocks read so far.
    pub fn used(&self) -> usize {
        self.at
    }

    fn header(bytes: &[u8]) -> Result<(), ScapError> {
        let mut head = Cursor::new(bytes);
        let kind = head.u32().ok_or(ScapError::NotACapture)?;
        head.u32().ok_or(ScapError::NotACapture)?;
        let magic = head.u32().ok_or(ScapError::NotACapture)?;
        if kind != SECTION || magic != MAGIC {
            return Err(ScapError::NotACapture);
        }
        match (head.u16(), head.u16()) {
            (Some(1), Some(_)) => Ok(()),
            (Some(major), Some(minor)) => Err(ScapError::Version(major, minor)),
            _ => Err(ScapError::NotACapture),
        }
    }

    fn block(&mut self) -> Option<Result<Block<'a>, ScapError>> {
        let start = self.at;
        let at = u64::try_from(start).unwrap_or(u64::MAX);
        let rest = self.bytes.get(start..)?;
        if rest.is_empty() {
            return None;
        }
        let mut cursor = Cursor::new(rest);
        let (Some(kind), Some(length)) = (cursor.u32(), cursor.u32()) else {
            return Some(Err(ScapError::Truncated { at }));
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > self.limits.block {
            let cap = u64::try_from(self.limits.block).unwrap_or(u64::MAX);
            return Some(Err(ScapError::TooLarge { what: "block", cap }));
        }
        let Some(body) = length.checked_sub(12) else {
            return Some(Err(ScapError::Broken { at, why: "it is shorter than its frame" }));
        };
        let (Some(body), Some(again)) = (cursor.take(body), cursor.u32()) else {
            return Some(Err(ScapError::Truncated { at }));
        };
        if usize::try_from(again).ok() != Some(length) {
            return Some(Err(ScapError::Broken { at, why: "its two lengths differ" }));
        }
        self.at = start.saturating_add(length);
        Some(Ok(self.read(kind, body)))
    }

    fn read(&self, kind: u32, body: &'a [u8]) -> Block<'a> {
        match kind {
            0x201 => Block::Machine(body),
            0x202 => Block::Threads(1, body),
            0x207 => Block::Threads(2, body),
            0x209 => Block::Threads(3, body),
            0x210 => Block::Threads(4, body),
            0x211 => Block::Threads(5, body),
            0x212 => Block::Threads(6, body),
            0x213 => Block::Threads(7, body),
            0x214 => Block::Threads(8, body),
            0x215 => Block::Threads(9, body),
            0x203 => Block::Fds(false, body),
            0x218 => Block::Fds(true, body),
            0x205 => Block::Interfaces(false, body),
            0x219 => Block::Interfaces(true, body),
            0x206 => Block::Users(false, body),
            0x220 => Block::Users(true, body),
            0x204 | 0x208 | 0x216 | 0x217 | 0x221 | 0x222 => {
                event(kind, body, self.table).unwrap_or(Block::BadEvent)
            }
            SECTION => Block::Section,
            other => Block::Unknown(other),
        }
    }
}

fn event<'a>(kind: u32, body: &'a [u8], table: &EventTable) -> Option<Block<'a>> {
    let mut cursor = Cursor::new(body);
    let cpu = cursor.u16()?;
    let flags = if matches!(kind, 0x208 | 0x217 | 0x222) { cursor.u32()? } else { 0 };
    let head = cursor.rest().len();
    let (time, tid, length, code) = (cursor.u64()?, cursor.i64()?, cursor.u32()?, cursor.u16()?);
    let end = usize::try_from(length).ok()?.min(head);
    let large = matches!(kind, 0x221 | 0x222);
    let width = if large { 4 } else { 2 };
    let count = match kind {
        // The first layout says nothing.
        0x204 | 0x208 => {
            let used = head.saturating_sub(cursor.rest().len());
            let most = table.get(code).map_or(0, |t| t.params.len());
            implied(cursor.rest().get(..end.saturating_sub(used))?, most)?
        }
        _ => usize::try_from(cursor.u32()?).ok()?,
    };
    let used = head.saturating_sub(cursor.rest().len());
    let mut cursor = Cursor::new(cursor.rest().get(..end.saturating_sub(used))?);
    let lengths = cursor.take(count.checked_mul(width)?)?;
    let event = RawEvent { time, tid, cpu, code, count, lengths, width, data: cursor.rest() };
    event.fits().then_some(Block::Event(event, flags))
}

/// How many lengths of two bytes stand before data that is exactly as long as they say: the most that fit, of as
/// many as today's type has.
fn implied(body: &[u8], most: usize) -> Option<usize> {
    (0..=most).rev().find(|count| {
        let mut cursor = Cursor::new(body);
        let sum: Option<usize> = (0..*count).map(|_| cursor.u16().map(usize::from)).sum();
        sum == Some(cursor.rest().len())
    })
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Result<Block<'a>, ScapError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let block = self.block()?;
        self.failed = block.is_err();
        Some(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn framed(kind: u32, body: &[u8]) -> Vec<u8> {
        let mut body = body.to_vec();
        body.resize(body.len().div_ceil(4) * 4, 0);
        let length = u32::try_from(body.len() + 12).unwrap().to_le_bytes();
        [&kind.to_le_bytes()[..], &length, &body, &length].concat()
    }

    fn header() -> Vec<u8> {
        framed(SECTION, &[&MAGIC.to_le_bytes()[..], &[1, 0, 2, 0], &[0xff; 8]].concat())
    }

    fn close(kind: u32) -> Vec<u8> {
        let mut body = 3u16.to_le_bytes().to_vec();
        if kind == 0x217 {
            body.extend([0; 4]);
        }
        body.extend(9u64.to_le_bytes());
        body.extend(7i64.to_le_bytes());
        let v2 = matches!(kind, 0x216 | 0x217);
        body.extend(if v2 { 36u32 } else { 32 }.to_le_bytes());
        body.extend(5u16.to_le_bytes());
        if v2 {
            body.extend(1u32.to_le_bytes());
        }
        body.extend(8u16.to_le_bytes());
        body.extend(0i64.to_le_bytes());
        framed(kind, &body)
    }

    fn read(bytes: &[u8]) -> (usize, Option<ScapError>) {
        let table = EventTable::builtin();
        let blocks = match Blocks::new(bytes, &table, &Limits::default()) {
            Ok(blocks) => blocks,
            Err(error) => return (0, Some(error)),
        };
        let (mut events, mut error) = (0, None);
        for block in blocks {
            match block {
                Ok(Block::Event(event, _)) => {
                    assert_eq!((event.code, event.count, event.tid), (5, 1, 7));
                    events += 1;
                }
                Ok(_) => {}
                Err(e) => error = Some(e),
            }
        }
        (events, error)
    }

    #[test]
    fn event_layouts() {
        let all = [header(), close(0x204), close(0x216), close(0x217), framed(0x999, b"x")].concat();
        assert_eq!(read(&all), (3, None));
    }

    #[test]
    fn hostile_captures() {
        let good = [header(), close(0x216)].concat();
        assert_eq!(read(b"").1, Some(ScapError::NotACapture));
        assert_eq!(read(b"PK\x03\x04 not a capture").1, Some(ScapError::NotACapture));
        let mut newer = good.clone();
        newer[12] = 2;
        assert_eq!(read(&newer).1, Some(ScapError::Version(2, 2)));
        let cut = read(&good[..good.len() - 3]);
        assert!(matches!(cut, (0, Some(ScapError::Truncated { at: 28 }))), "{cut:?}");
        let mut lengths = good.clone();
        let last = lengths.len() - 4;
        lengths[last] ^= 4;
        assert!(matches!(read(&lengths).1, Some(ScapError::Broken { at: 28, .. })));
        let mut huge = good.clone();
        huge[32..36].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(matches!(read(&huge).1, Some(ScapError::TooLarge { .. })));
        let mut short = good;
        short[32..36].copy_from_slice(&4u32.to_le_bytes());
        assert!(matches!(read(&short).1, Some(ScapError::Broken { .. })));
    }

    proptest! {
        #[test]
        fn junk_never_panics(kind in prop_oneof![Just(0x204u32), Just(0x208), Just(0x216), Just(0x217), Just(0x222)],
                             body in proptest::collection::vec(any::<u8>(), 0..80)) {
            let table = EventTable::builtin();
            let bytes = [header(), framed(kind, &body)].concat();
            for block in Blocks::new(&bytes, &table, &Limits::default()).unwrap().flatten() {
                if let Block::Event(event, _) = block {
                    prop_assert!(event.params().count() == event.count);
                }
            }
        }
    }
}
