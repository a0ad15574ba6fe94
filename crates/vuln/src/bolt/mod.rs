//! A Bolt database file, read page by page where it lies: no mapping, no lock, nothing written.
//!
//! Semantics: go.etcd.io/bbolt, `internal/common/{page,meta,bucket}.go`. Every pointer is held against the file's
//! size and every walk has an end, so that a forged file costs time and memory in proportion to its size at most.

mod page;
mod write;

pub use write::{Entry, write};

use inventory::ReadAt;
use page::{Meta, Page};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Why a database cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BoltError {
    /// The file has no valid meta page.
    #[error("not a Bolt database")]
    Format,
    /// Pages the file speaks of are not there.
    #[error("the file is cut off: {have} bytes of {want}")]
    Truncated {
        /// Bytes of the file.
        have: u64,
        /// Bytes its meta page speaks of.
        want: u64,
    },
    /// A page is not what it should be.
    #[error("page {0} is damaged")]
    Damaged(u64),
    /// The file could not be read.
    #[error("it cannot be read: {0}")]
    Source(String),
}

/// Levels of pages and of buckets; more are a circle.
const DEPTH: usize = 32;
/// Bytes of pages that are kept. The pages of one package's advisories are few; what is read often stays.
const CACHE_BYTES: usize = 8 << 20;
/// Bytes of one page with its overflow: the largest value of a real database is well below.
const PAGE_BYTES: u64 = 64 << 20;

/// An open database.
pub struct Bolt {
    source: Box<dyn ReadAt>,
    meta: Meta,
    cache: RefCell<Cache>,
}

#[derive(Default)]
struct Cache {
    pages: BTreeMap<u64, (Rc<Vec<u8>>, u64)>,
    bytes: usize,
    clock: u64,
}

/// A bucket: the page its tree begins at, or its only page held inline by the parent.
#[derive(Clone, Debug)]
pub struct Bucket {
    root: u64,
    inline: Option<Rc<Vec<u8>>>,
}

/// What looks at an entry: its key, and its value unless it is a bucket. No ends the visit.
type Visit<'v> = dyn FnMut(&[u8], Option<&[u8]>) -> bool + 'v;

impl Bolt {
    /// Opens a database: reads both meta pages and holds the better one against the file's size.
    ///
    /// # Errors
    /// When the file is no Bolt database, or shorter than it says.
    pub fn open(source: Box<dyn ReadAt>) -> Result<Self, BoltError> {
        let meta = Meta::read(source.as_ref())?;
        let have = source.size();
        let want = meta.pages.saturating_mul(meta.page_bytes);
        if have < want {
            return Err(BoltError::Truncated { have, want });
        }
        Ok(Self { source, meta, cache: RefCell::default() })
    }

    /// The bucket everything else is in.
    pub fn root(&self) -> Bucket {
        Bucket { root: self.meta.root, inline: None }
    }

    /// A bucket within a bucket; `None` when there is none of the name.
    ///
    /// # Errors
    /// When a page on the way is damaged.
    pub fn bucket(&self, parent: &Bucket, name: &[u8]) -> Result<Option<Bucket>, BoltError> {
        match self.find(parent, name)? {
            Some((true, value)) => Ok(Some(page::bucket(&value).ok_or(BoltError::Damaged(parent.root))?)),
            _ => Ok(None),
        }
    }

    /// The value of a key; `None` when there is none, or when it is a bucket.
    ///
    /// # Errors
    /// When a page on the way is damaged.
    pub fn value(&self, bucket: &Bucket, key: &[u8]) -> Result<Option<Vec<u8>>, BoltError> {
        Ok(self.find(bucket, key)?.and_then(|(is_bucket, value)| (!is_bucket).then_some(value)))
    }

    /// Visits the entries of a bucket from the first key that is not below `from`, in order, until `each` says no.
    ///
    /// # Errors
    /// When a page on the way is damaged.
    pub fn each(&self, bucket: &Bucket, from: &[u8], each: &mut Visit<'_>) -> Result<(), BoltError> {
        // A page may be visited once: a tree has no more pages than the file.
        let mut left = self.meta.pages;
        self.walk(&self.start(bucket)?, from, 0, &mut left, each).map(drop)
    }

    fn start(&self, bucket: &Bucket) -> Result<Page, BoltError> {
        match &bucket.inline {
            Some(bytes) => Page::inline(Rc::clone(bytes)).ok_or(BoltError::Damaged(bucket.root)),
            None => self.page(bucket.root),
        }
    }

    fn walk(
        &self,
        page: &Page,
        from: &[u8],
        depth: usize,
        left: &mut u64,
        each: &mut Visit<'_>,
    ) -> Result<bool, BoltError> {
        *left = left.checked_sub(1).ok_or(BoltError::Damaged(page.id))?;
        if depth > DEPTH {
            return Err(BoltError::Damaged(page.id));
        }
        for at in page.first(from)?..page.count {
            if page.is_leaf() {
                let (is_bucket, key, value) = page.leaf(at)?;
                if key >= from && !each(key, (!is_bucket).then_some(value)) {
                    return Ok(false);
                }
            } else {
                let child = self.page(page.branch(at)?.1)?;
                if !self.walk(&child, from, depth.saturating_add(1), left, each)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn find(&self, bucket: &Bucket, key: &[u8]) -> Result<Option<(bool, Vec<u8>)>, BoltError> {
        let mut page = self.start(bucket)?;
        for _ in 0..DEPTH {
            if page.is_leaf() {
                let at = page.first(key)?;
                if at >= page.count {
                    return Ok(None);
                }
                let (is_bucket, found, value) = page.leaf(at)?;
                return Ok((found == key).then(|| (is_bucket, value.to_vec())));
            }
            let at = page.first(key)?;
            if at >= page.count {
                return Ok(None);
            }
            page = self.page(page.branch(at)?.1)?;
        }
        Err(BoltError::Damaged(page.id))
    }

    /// A page with its overflow, from the cache or the file.
    fn page(&self, id: u64) -> Result<Page, BoltError> {
        // The first two are the meta pages.
        if id < 2 || id >= self.meta.pages {
            return Err(BoltError::Damaged(id));
        }
        let cached = self.cache.borrow_mut().get(id);
        let bytes = match cached {
            Some(bytes) => bytes,
            None => {
                let bytes = Rc::new(self.read(id)?);
                self.cache.borrow_mut().put(id, &bytes);
                bytes
            }
        };
        Page::of(id, bytes)
    }

    fn read(&self, id: u64) -> Result<Vec<u8>, BoltError> {
        let size = self.meta.page_bytes;
        let offset = id.saturating_mul(size);
        let bytes = |length: u64| {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            inventory::exactly(self.source.as_ref(), offset, length)
                .map_err(|error| BoltError::Source(error.to_string()))
        };
        let first = bytes(size)?;
        let overflow = page::overflow(&first).ok_or(BoltError::Damaged(id))?;
        if overflow == 0 {
            return Ok(first);
        }
        let whole = overflow.saturating_add(1).saturating_mul(size);
        let end = id.saturating_add(overflow);
        if end >= self.meta.pages || whole > PAGE_BYTES {
            return Err(BoltError::Damaged(id));
        }
        bytes(whole)
    }
}

impl Cache {
    fn get(&mut self, id: u64) -> Option<Rc<Vec<u8>>> {
        self.clock = self.clock.saturating_add(1);
        let (bytes, used) = self.pages.get_mut(&id)?;
        *used = self.clock;
        Some(Rc::clone(bytes))
    }

    fn put(&mut self, id: u64, bytes: &Rc<Vec<u8>>) {
        self.bytes = self.bytes.saturating_add(bytes.len());
        self.pages.insert(id, (Rc::clone(bytes), self.clock));
        while self.bytes > CACHE_BYTES && self.pages.len() > 1 {
            // Half goes at once, the least used, so that the search for them is rare.
            let mut ages: Vec<u64> = self.pages.values().map(|(_, used)| *used).collect();
            ages.sort_unstable();
            let middle = ages.get(ages.len() / 2).copied().unwrap_or(u64::MAX);
            self.pages.retain(|_, (_, used)| *used > middle);
            self.bytes = self.pages.values().map(|(bytes, _)| bytes.len()).sum();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Vec<u8> {
        let many = (0..5000)
            .map(|n| (format!("key{n:05}").into_bytes(), Entry::Value(vec![b'v'; n % 40])))
            .collect();
        let inner: BTreeMap<Vec<u8>, Entry> =
            [(b"a".to_vec(), Entry::Value(b"1".to_vec())), (b"long".to_vec(), Entry::Value(vec![7; 50_000]))]
                .into();
        write(
            &[
                (b"empty".to_vec(), Entry::Bucket(BTreeMap::new())),
                (b"inner".to_vec(), Entry::Bucket(inner)),
                (b"many".to_vec(), Entry::Bucket(many)),
            ]
            .into(),
        )
    }

    fn open(bytes: Vec<u8>) -> Result<Bolt, BoltError> {
        Bolt::open(Box::new(bytes))
    }

    #[test]
    fn values_buckets_and_order() {
        let bolt = open(tree()).unwrap();
        let root = bolt.root();
        let inner = bolt.bucket(&root, b"inner").unwrap().unwrap();
        assert_eq!(bolt.value(&inner, b"a").unwrap().unwrap(), b"1");
        assert_eq!(bolt.value(&inner, b"long").unwrap().unwrap().len(), 50_000);
        assert_eq!(bolt.value(&inner, b"b").unwrap(), None);
        assert!(
            bolt.bucket(&root, b"none").unwrap().is_none() && bolt.value(&root, b"inner").unwrap().is_none()
        );
        let many = bolt.bucket(&root, b"many").unwrap().unwrap();
        for n in [0, 1, 2499, 4998, 4999] {
            let value = bolt.value(&many, format!("key{n:05}").as_bytes()).unwrap().unwrap();
            assert_eq!(value.len(), n % 40);
        }
        let mut keys = Vec::new();
        bolt.each(&many, b"key04990", &mut |key, _| {
            keys.push(String::from_utf8_lossy(key).into_owned());
            keys.len() < 5
        })
        .unwrap();
        assert_eq!(keys, ["key04990", "key04991", "key04992", "key04993", "key04994"]);
        let mut count = 0;
        bolt.each(&many, b"", &mut |_, _| {
            count += 1;
            true
        })
        .unwrap();
        assert_eq!(count, 5000);
    }

    #[test]
    fn a_damaged_file_is_an_error_and_never_empty() {
        let whole = tree();
        assert_eq!(
            open(whole[..whole.len() - 1].to_vec()).err().map(|e| e.to_string().contains("cut off")),
            Some(true)
        );
        assert_eq!(open(Vec::new()).err(), Some(BoltError::Format));
        assert_eq!(open(vec![0; 16_384]).err(), Some(BoltError::Format));
        // Whatever byte of a page is changed, the answer comes, and it is no panic.
        let all = |bolt: &Bolt| -> Result<u64, BoltError> {
            let mut names = Vec::new();
            bolt.each(&bolt.root(), b"", &mut |name, _| {
                names.push(name.to_vec());
                true
            })?;
            let mut count = 0;
            for name in names {
                if let Some(bucket) = bolt.bucket(&bolt.root(), &name)? {
                    bolt.each(&bucket, b"", &mut |_, _| {
                        count += 1;
                        true
                    })?;
                }
            }
            Ok(count)
        };
        assert_eq!(all(&open(whole.clone()).unwrap()), Ok(5002));
        let mut failed = 0;
        for at in (0..whole.len()).step_by(97) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xff;
            failed += usize::from(open(bytes).and_then(|bolt| all(&bolt)).is_err());
        }
        assert!(failed > 20, "{failed}");
    }

    #[test]
    fn circles_end() {
        let mut bytes = tree();
        // Every branch page points to itself.
        let mut circles = 0;
        for id in 2..bytes.len() / 4096 {
            let page = &mut bytes[id * 4096..(id + 1) * 4096];
            if page[8] == 1 && page[0..8] == (id as u64).to_le_bytes() {
                page[24..32].copy_from_slice(&(id as u64).to_le_bytes());
                circles += 1;
            }
        }
        assert!(circles > 0);
        let bolt = open(bytes).unwrap();
        let many = bolt.bucket(&bolt.root(), b"many").unwrap().unwrap();
        assert!(bolt.each(&many, b"", &mut |_, _| true).is_err());
        assert!(bolt.value(&many, b"key00000").is_err());
    }

    #[test]
    fn the_real_database() {
        let Some(archive) = crate::corpus::read("advisories/trivy-db/db.tar.gz") else { return };
        let mut found = None;
        inventory::untar(&mut archive.as_slice(), &inventory::Limits::default(), &mut |path, _, body| {
            if path == "trivy.db" {
                let mut bytes = Vec::new();
                body.read_to_end(&mut bytes)?;
                found = Some(bytes);
            }
            Ok(())
        })
        .unwrap();
        let bolt = open(found.unwrap()).unwrap();
        let (mut buckets, mut rows) = (0, 0);
        let mut names = Vec::new();
        bolt.each(&bolt.root(), b"", &mut |name, _| {
            names.push(name.to_vec());
            true
        })
        .unwrap();
        for name in names.iter().filter(|name| !matches!(name.as_slice(), b"vulnerability" | b"data-source"))
        {
            buckets += 1;
            let bucket = bolt.bucket(&bolt.root(), name).unwrap().unwrap();
            let mut packages = Vec::new();
            bolt.each(&bucket, b"", &mut |package, _| {
                packages.push(package.to_vec());
                true
            })
            .unwrap();
            for package in packages {
                let inner = bolt.bucket(&bucket, &package).unwrap().unwrap();
                bolt.each(&inner, b"", &mut |_, _| {
                    rows += 1;
                    true
                })
                .unwrap();
            }
        }
        assert_eq!((buckets > 10, rows), (true, 46_538));
    }
}
