//! Writes a whole Bolt database at once, as Bolt itself lays it out: what databases of tests and of imports are made of.

use super::page::fnv;
use std::collections::BTreeMap;

const PAGE: usize = 4096;
/// Bytes of elements and their data on one page; longer ones overflow.
const FILL: usize = PAGE - 16;

/// What a key holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Bytes.
    Value(Vec<u8>),
    /// A bucket of its own.
    Bucket(BTreeMap<Vec<u8>, Entry>),
}

/// The bytes of a database with these buckets.
pub fn write(root: &BTreeMap<Vec<u8>, Entry>) -> Vec<u8> {
    // Two meta pages and an empty list of free pages come first.
    let mut file = File { bytes: vec![0; PAGE * 3] };
    let top = file.bucket(root);
    file.header(2, 0x10, 0, 0);
    let pages = (file.bytes.len() / PAGE) as u64;
    for id in 0..2_u64 {
        let meta = meta(top, pages, id);
        file.header(id, 4, 0, 0);
        file.put(id, 16, &meta);
    }
    file.bytes
}

fn meta(root: u64, pages: u64, transaction: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    for word in [0xED0C_DAED_u32, 2, PAGE as u32, 0] {
        out.extend(word.to_le_bytes());
    }
    // Root bucket and its sequence, list of free pages, end of the file, transaction.
    for word in [root, 0, 2, pages, transaction] {
        out.extend(word.to_le_bytes());
    }
    let sum = fnv(&out);
    out.extend(sum.to_le_bytes());
    out
}

struct File {
    bytes: Vec<u8>,
}

/// An element to be written: flag, key, and a leaf's value or a branch's page.
struct Element<'a> {
    bucket: bool,
    key: &'a [u8],
    value: Vec<u8>,
    page: u64,
}

impl Element<'_> {
    fn size(&self) -> usize {
        self.key.len().saturating_add(self.value.len()).saturating_add(16)
    }
}

impl File {
    /// Writes a bucket's tree, leaves first; the page of its root.
    fn bucket(&mut self, entries: &BTreeMap<Vec<u8>, Entry>) -> u64 {
        let leaf = |file: &mut Self, (key, entry): (&'_ Vec<u8>, &Entry)| match entry {
            Entry::Value(value) => (false, key.clone(), value.clone()),
            Entry::Bucket(inner) => {
                let root = file.bucket(inner);
                (true, key.clone(), [root.to_le_bytes(), 0_u64.to_le_bytes()].concat())
            }
        };
        let leaves: Vec<(bool, Vec<u8>, Vec<u8>)> = entries.iter().map(|entry| leaf(self, entry)).collect();
        let elements = leaves.iter().map(|(bucket, key, value)| Element {
            bucket: *bucket,
            key,
            value: value.clone(),
            page: 0,
        });
        let mut level = self.level(elements.collect(), true);
        while level.len() > 1 {
            let children = std::mem::take(&mut level);
            let elements = children.iter().map(|(key, page)| Element {
                bucket: false,
                key,
                value: Vec::new(),
                page: *page,
            });
            level = self.level(elements.collect(), false);
        }
        level.first().map_or(0, |(_, page)| *page)
    }

    /// Writes one level of a tree; first key and page of each page.
    fn level(&mut self, elements: Vec<Element<'_>>, leaf: bool) -> Vec<(Vec<u8>, u64)> {
        let mut out = Vec::new();
        let mut run: Vec<Element<'_>> = Vec::new();
        let mut bytes = 0_usize;
        for element in elements {
            // A branch has two children at least, or the tree would not become lower.
            if bytes.saturating_add(element.size()) > FILL && run.len() > usize::from(!leaf) {
                out.push(self.page(&std::mem::take(&mut run), leaf));
                bytes = 0;
            }
            bytes = bytes.saturating_add(element.size());
            run.push(element);
        }
        if !run.is_empty() || out.is_empty() {
            out.push(self.page(&run, leaf));
        }
        out
    }

    fn page(&mut self, run: &[Element<'_>], leaf: bool) -> (Vec<u8>, u64) {
        let id = (self.bytes.len() / PAGE) as u64;
        let (mut index, mut data) = (Vec::new(), Vec::new());
        for (at, element) in run.iter().enumerate() {
            // Positions count from the element itself.
            let position = run.len().saturating_sub(at).saturating_mul(16).saturating_add(data.len()) as u32;
            let key = element.key.len() as u32;
            if leaf {
                for word in [u32::from(element.bucket), position, key, element.value.len() as u32] {
                    index.extend(word.to_le_bytes());
                }
            } else {
                index.extend(position.to_le_bytes());
                index.extend(key.to_le_bytes());
                index.extend(element.page.to_le_bytes());
            }
            data.extend_from_slice(element.key);
            data.extend_from_slice(&element.value);
        }
        let body = [index, data].concat();
        let pages = body.len().saturating_add(16).div_ceil(PAGE);
        self.bytes.resize(self.bytes.len().saturating_add(pages.saturating_mul(PAGE)), 0);
        self.header(id, if leaf { 2 } else { 1 }, run.len() as u16, pages.saturating_sub(1) as u32);
        self.put(id, 16, &body);
        (run.first().map(|element| element.key.to_vec()).unwrap_or_default(), id)
    }

    fn header(&mut self, id: u64, flags: u16, count: u16, overflow: u32) {
        let mut out = id.to_le_bytes().to_vec();
        out.extend(flags.to_le_bytes());
        out.extend(count.to_le_bytes());
        out.extend(overflow.to_le_bytes());
        self.put(id, 0, &out);
    }

    fn put(&mut self, id: u64, offset: usize, bytes: &[u8]) {
        let start = usize::try_from(id).unwrap_or(0).saturating_mul(PAGE).saturating_add(offset);
        if let Some(place) = self.bytes.get_mut(start..start.saturating_add(bytes.len())) {
            place.copy_from_slice(bytes);
        }
    }
}
