//! The bytes of a page and of the meta page.

use super::{BoltError, Bucket};
use inventory::ReadAt;
use std::rc::Rc;

const HEADER: usize = 16;
const BRANCH: u16 = 1;
const LEAF: u16 = 2;
const META: u16 = 4;
const MAGIC: u32 = 0xED0C_DAED;
const VERSION: u32 = 2;
/// Sizes a page may have; the writer takes the operating system's.
const SIZES: std::ops::RangeInclusive<u64> = 1024..=65_536;

fn le<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    le(bytes, at).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    le(bytes, at).map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    le(bytes, at).map(u64::from_le_bytes)
}

/// Further pages that belong to one.
pub(super) fn overflow(page: &[u8]) -> Option<u64> {
    u32_at(page, 12).map(u64::from)
}

/// What a meta page says.
pub(super) struct Meta {
    pub(super) page_bytes: u64,
    pub(super) root: u64,
    pub(super) pages: u64,
    transaction: u64,
}

impl Meta {
    /// The valid meta page of the later transaction.
    pub(super) fn read(source: &dyn ReadAt) -> Result<Self, BoltError> {
        let at = |offset: u64| {
            let bytes = inventory::exactly(source, offset, 80).ok()?;
            Self::parse(&bytes)
        };
        let first = at(0);
        // The second lies a page further on; where the first does not tell how far that is, the usual sizes are tried.
        let sizes = match &first {
            Some(meta) => vec![meta.page_bytes],
            None => vec![4096, 8192, 16_384, 65_536],
        };
        let second = sizes.into_iter().find_map(at);
        let later = |meta: &Self| meta.transaction;
        first.into_iter().chain(second).max_by_key(later).ok_or(BoltError::Format)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let meta = bytes.get(HEADER..)?;
        let checked = meta.get(..56)?;
        let sound = u16_at(bytes, 8)? & META != 0
            && u32_at(meta, 0)? == MAGIC
            && u32_at(meta, 4)? == VERSION
            && u64_at(meta, 56)? == fnv(checked);
        let page_bytes = u64::from(u32_at(meta, 8)?);
        (sound && SIZES.contains(&page_bytes)).then_some(())?;
        Some(Self {
            page_bytes,
            root: u64_at(meta, 16)?,
            pages: u64_at(meta, 40)?,
            transaction: u64_at(meta, 48)?,
        })
    }
}

/// FNV-1a, 64 bits.
pub(super) fn fnv(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The bucket a leaf's value describes.
pub(super) fn bucket(value: &[u8]) -> Option<Bucket> {
    let root = u64_at(value, 0)?;
    let inline = (root == 0).then(|| value.get(16..).map(|page| Rc::new(page.to_vec())));
    Some(Bucket { root, inline: inline.flatten() })
}

/// A page of a tree.
pub(super) struct Page {
    pub(super) id: u64,
    pub(super) count: usize,
    flags: u16,
    bytes: Rc<Vec<u8>>,
}

impl Page {
    /// A page of the file, which must know its own number.
    pub(super) fn of(id: u64, bytes: Rc<Vec<u8>>) -> Result<Self, BoltError> {
        let page = Self::read(id, bytes).ok_or(BoltError::Damaged(id))?;
        (u64_at(&page.bytes, 0) == Some(id)).then_some(page).ok_or(BoltError::Damaged(id))
    }

    /// The only page of a small bucket.
    pub(super) fn inline(bytes: Rc<Vec<u8>>) -> Option<Self> {
        Self::read(0, bytes).filter(Self::is_leaf)
    }

    fn read(id: u64, bytes: Rc<Vec<u8>>) -> Option<Self> {
        let flags = u16_at(&bytes, 8)?;
        let count = usize::from(u16_at(&bytes, 10)?);
        let elements = count.checked_mul(16)?.checked_add(HEADER)?;
        let sound = matches!(flags, BRANCH | LEAF) && elements <= bytes.len();
        sound.then_some(Self { id, count, flags, bytes })
    }

    pub(super) fn is_leaf(&self) -> bool {
        self.flags == LEAF
    }

    fn element(&self, at: usize) -> usize {
        at.saturating_mul(16).saturating_add(HEADER)
    }

    fn slice(&self, from: usize, length: u32) -> Option<&[u8]> {
        let length = usize::try_from(length).ok()?;
        self.bytes.get(from..from.checked_add(length)?)
    }

    /// Key and page of an element of a branch.
    pub(super) fn branch(&self, at: usize) -> Result<(&[u8], u64), BoltError> {
        let read = || {
            let element = self.element(at);
            let key = element.checked_add(usize::try_from(u32_at(&self.bytes, element)?).ok()?)?;
            let length = u32_at(&self.bytes, element.checked_add(4)?)?;
            Some((self.slice(key, length)?, u64_at(&self.bytes, element.checked_add(8)?)?))
        };
        read().ok_or(BoltError::Damaged(self.id))
    }

    /// Whether an element of a leaf is a bucket, its key and its value.
    pub(super) fn leaf(&self, at: usize) -> Result<(bool, &[u8], &[u8]), BoltError> {
        let read = || {
            let element = self.element(at);
            let word = |n: usize| u32_at(&self.bytes, element.checked_add(n)?);
            let key = element.checked_add(usize::try_from(word(4)?).ok()?)?;
            let (key_length, value_length) = (word(8)?, word(12)?);
            let value = key.checked_add(usize::try_from(key_length).ok()?)?;
            Some((word(0)? & 1 != 0, self.slice(key, key_length)?, self.slice(value, value_length)?))
        };
        read().ok_or(BoltError::Damaged(self.id))
    }

    /// Where a key is or would be: the first element of a leaf that is not below it, the child of a branch that
    /// may hold it.
    pub(super) fn first(&self, key: &[u8]) -> Result<usize, BoltError> {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low.saturating_add(high.saturating_sub(low) / 2);
            let found = if self.is_leaf() { self.leaf(middle)?.1 } else { self.branch(middle)?.0 };
            if found < key || (!self.is_leaf() && found == key) {
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        // A branch's child begins at its key.
        Ok(if self.is_leaf() { low } else { low.saturating_sub(1) })
    }
}
