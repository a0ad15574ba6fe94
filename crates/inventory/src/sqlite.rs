//! Rows of one table of an SQLite file held in memory: just what reading rpm's database needs.
//!
//! Semantics: sqlite.org/fileformat2.html. Every page is visited once at most, so pointers in circles end.

/// Why a file is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SqliteError {
    /// Not an SQLite file.
    #[error("not an SQLite file")]
    Magic,
    /// No table of the name.
    #[error("the table is missing")]
    Table,
    /// Pages or records are broken.
    #[error("the file is damaged")]
    Damaged,
}

/// Levels of a tree; 2^64 rows need fewer.
const DEPTH: usize = 32;

struct File<'a> {
    bytes: &'a [u8],
    page: usize,
    /// Bytes of a page that hold data.
    usable: usize,
    /// Pages that may still be visited.
    left: usize,
}

/// One value of a record; numbers and texts that nobody asks for are not told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Integer(i64),
    Bytes(Vec<u8>),
}

/// The rows of a table, in the order of their keys.
pub(crate) fn rows(bytes: &[u8], table: &str) -> Result<Vec<Vec<Value>>, SqliteError> {
    let mut file = File::open(bytes).ok_or(SqliteError::Magic)?;
    let mut schema = Vec::new();
    file.walk(1, 0, &mut schema)?;
    let root = schema.iter().find_map(|row| match row.as_slice() {
        [Value::Bytes(kind), Value::Bytes(name), _, Value::Integer(root), ..]
            if kind == b"table" && name == table.as_bytes() =>
        {
            usize::try_from(*root).ok()
        }
        _ => None,
    });
    let mut out = Vec::new();
    file.walk(root.ok_or(SqliteError::Table)?, 0, &mut out)?;
    Ok(out)
}

pub(crate) fn be(bytes: &[u8], at: usize, width: usize) -> Option<usize> {
    let part = bytes.get(at..at.checked_add(width)?)?;
    part.iter().try_fold(0_usize, |sum, byte| sum.checked_mul(256)?.checked_add(usize::from(*byte)))
}

/// Seven bits a byte, most significant first; the ninth byte has eight. Returns value and length.
pub(crate) fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (at, byte) in bytes.iter().take(9).enumerate() {
        let length = at.checked_add(1)?;
        if length == 9 {
            return Some(((value << 8) | u64::from(*byte), length));
        }
        value = (value << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, length));
        }
    }
    None
}

impl<'a> File<'a> {
    fn open(bytes: &'a [u8]) -> Option<Self> {
        if !bytes.starts_with(b"SQLite format 3\0") {
            return None;
        }
        let page = match be(bytes, 16, 2)? {
            1 => 65_536,
            page if (512..=32_768).contains(&page) && page.is_power_of_two() => page,
            _ => return None,
        };
        let usable = page.checked_sub(be(bytes, 20, 1)?)?;
        let left = bytes.len().checked_div(page)?.checked_add(1)?;
        (usable >= 480).then_some(Self { bytes, page, usable, left })
    }

    fn page(&mut self, number: usize) -> Result<&'a [u8], SqliteError> {
        self.left = self.left.checked_sub(1).ok_or(SqliteError::Damaged)?;
        let start =
            number.checked_sub(1).and_then(|n| n.checked_mul(self.page)).ok_or(SqliteError::Damaged)?;
        let end = start.checked_add(self.page).ok_or(SqliteError::Damaged)?;
        self.bytes.get(start..end).ok_or(SqliteError::Damaged)
    }

    /// Walks a table's tree.
    fn walk(&mut self, number: usize, depth: usize, out: &mut Vec<Vec<Value>>) -> Result<(), SqliteError> {
        if depth > DEPTH {
            return Err(SqliteError::Damaged);
        }
        let page = self.page(number)?;
        // The first page begins with the file's header.
        let header = if number == 1 { 100 } else { 0 };
        let damaged = SqliteError::Damaged;
        let kind = be(page, header, 1).ok_or(damaged)?;
        let count = be(page, header.saturating_add(3), 2).ok_or(damaged)?;
        let first = header.saturating_add(if kind == 5 { 12 } else { 8 });
        for n in 0..count {
            let pointer = n.checked_mul(2).and_then(|n| n.checked_add(first)).ok_or(damaged)?;
            let cell = be(page, pointer, 2).and_then(|at| page.get(at..)).ok_or(damaged)?;
            match kind {
                5 => self.walk(be(cell, 0, 4).ok_or(damaged)?, depth.saturating_add(1), out)?,
                13 => out.push(self.row(cell)?),
                _ => return Err(damaged),
            }
        }
        if kind == 5 {
            let last = be(page, header.saturating_add(8), 4).ok_or(damaged)?;
            self.walk(last, depth.saturating_add(1), out)?;
        }
        Ok(())
    }

    /// A row of a leaf: length, key, record, the rest of which may be on pages of its own.
    fn row(&mut self, cell: &[u8]) -> Result<Vec<Value>, SqliteError> {
        let damaged = SqliteError::Damaged;
        let (size, a) = varint(cell).ok_or(damaged)?;
        let (_, b) = cell.get(a..).and_then(varint).ok_or(damaged)?;
        let start = a.saturating_add(b);
        let size = usize::try_from(size).ok().filter(|size| *size <= self.bytes.len()).ok_or(damaged)?;
        let local = self.local(size).ok_or(damaged)?;
        let body = cell.get(start..start.saturating_add(local)).ok_or(damaged)?;
        let mut record = body.to_vec();
        let mut next =
            if local < size { be(cell, start.saturating_add(local), 4).ok_or(damaged)? } else { 0 };
        while record.len() < size {
            let page = self.page(next)?;
            next = be(page, 0, 4).ok_or(damaged)?;
            let want = size.saturating_sub(record.len()).min(self.usable.saturating_sub(4));
            record.extend_from_slice(page.get(4..want.saturating_add(4)).ok_or(damaged)?);
        }
        values(&record).ok_or(damaged)
    }

    /// How much of a record of a size is on the leaf itself.
    fn local(&self, size: usize) -> Option<usize> {
        let most = self.usable.checked_sub(35)?;
        if size <= most {
            return Some(size);
        }
        let least = self.usable.checked_sub(12)?.checked_mul(32)?.checked_div(255)?.checked_sub(23)?;
        let rest = size.checked_sub(least)?.checked_rem(self.usable.checked_sub(4)?)?;
        let filled = least.checked_add(rest)?;
        Some(if filled <= most { filled } else { least })
    }
}

/// A record: its header tells the type of each value.
pub(crate) fn values(record: &[u8]) -> Option<Vec<Value>> {
    let (size, mut at) = varint(record)?;
    let mut types = record.get(..usize::try_from(size).ok()?)?.get(at..)?;
    at = usize::try_from(size).ok()?;
    let mut out = Vec::new();
    while !types.is_empty() {
        let (kind, length) = varint(types)?;
        types = types.get(length..)?;
        let width = match kind {
            0 | 8 | 9 => 0,
            1..=4 => usize::try_from(kind).ok()?,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            kind => usize::try_from(kind.checked_sub(12)?).ok()?.checked_div(2)?,
        };
        let body = record.get(at..at.checked_add(width)?)?;
        at = at.checked_add(width)?;
        out.push(match kind {
            0 => Value::Null,
            8 => Value::Integer(0),
            9 => Value::Integer(1),
            1..=6 => Value::Integer(integer(body)),
            _ => Value::Bytes(body.to_vec()),
        });
    }
    Some(out)
}

/// Big-endian two's complement of any width.
fn integer(body: &[u8]) -> i64 {
    let negative = body.first().is_some_and(|first| first & 0x80 != 0);
    body.iter().fold(if negative { -1 } else { 0 }, |sum: i64, byte| (sum << 8) | i64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by SQLite: pages of 512 bytes, twelve rows of `n` times 97 bytes of value `n`.
    const FILE: &[u8] = include_bytes!("../testdata/rows.sqlite");

    #[test]
    fn rows_of_a_real_file() {
        let rows = rows(FILE, "Packages").unwrap();
        assert_eq!(rows.len(), 12);
        for (at, row) in rows.iter().enumerate() {
            let n = at + 1;
            assert_eq!(row[1], Value::Bytes(vec![n as u8; n * 97]), "row {n}");
        }
        assert_eq!(super::rows(FILE, "Other").unwrap(), [[Value::Bytes(b"no".to_vec())]]);
        assert_eq!(super::rows(FILE, "None"), Err(SqliteError::Table));
    }

    #[test]
    fn damage_ends() {
        assert_eq!(rows(b"", "x"), Err(SqliteError::Magic));
        assert_eq!(rows(&FILE[..512], "Packages"), Err(SqliteError::Damaged));
        for at in 0..FILE.len().min(4096) {
            for value in [0, 1, 5, 13, 0xff] {
                let mut bytes = FILE.to_vec();
                bytes[at] = value;
                let _ = rows(&bytes, "Packages");
            }
        }
    }

    #[test]
    fn numbers() {
        assert_eq!(varint(&[0x81, 0x00]), Some((128, 2)));
        assert_eq!(varint(&[0xff; 9]), Some((u64::MAX, 9)));
        assert_eq!(varint(&[0x80]), None);
        assert_eq!((integer(&[0xff]), integer(&[0x7f, 0xff]), integer(&[])), (-1, 32_767, 0));
    }
}
