//! Single rows of an SQLite file, found through its indexes by positional reads: a database of gigabytes costs a few
//! pages a question.
//!
//! Semantics: sqlite.org/fileformat2.html. A question reads a bounded number of pages, so pointers in circles end.

use crate::sqlite::{SqliteError, Value, be, values, varint};
use crate::{ReadAt, exactly};
use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Pages one question may read.
const PAGES: usize = 100_000;
/// Levels of a tree; 2^64 rows need fewer.
const DEPTH: usize = 32;
/// Rows one question may find.
const ROWS: usize = 100_000;
/// Bytes of one row.
const ROW: usize = 1 << 20;

/// A file whose schema was read.
pub(crate) struct Indexed {
    source: Box<dyn ReadAt>,
    page: usize,
    usable: usize,
    roots: BTreeMap<String, u64>,
    left: Cell<usize>,
}

/// What a leaf or an inner page holds.
struct Cells {
    kind: usize,
    page: Vec<u8>,
    places: Vec<usize>,
    last: u64,
}

impl Indexed {
    /// Opens a file and reads which tables and indexes it has.
    pub(crate) fn open(source: Box<dyn ReadAt>) -> Result<Self, SqliteError> {
        let head = exactly(&*source, 0, 100).map_err(|_| SqliteError::Magic)?;
        let page = match be(&head, 16, 2) {
            Some(1) => 65_536,
            Some(page) if (512..=32_768).contains(&page) && page.is_power_of_two() => page,
            _ => return Err(SqliteError::Magic),
        };
        let usable =
            be(&head, 20, 1).and_then(|unused| page.checked_sub(unused)).filter(|usable| *usable >= 480);
        let usable = usable.filter(|_| head.starts_with(b"SQLite format 3\0")).ok_or(SqliteError::Magic)?;
        let mut out = Self { source, page, usable, roots: BTreeMap::new(), left: Cell::new(PAGES) };
        let mut schema = Vec::new();
        out.all(1, 0, &mut schema)?;
        for row in schema {
            if let [_, Value::Bytes(name), _, Value::Integer(root), ..] = row.as_slice()
                && let Ok(root) = u64::try_from(*root)
            {
                out.roots.insert(String::from_utf8_lossy(name).into_owned(), root);
            }
        }
        Ok(out)
    }

    fn root(&self, name: &str) -> Result<u64, SqliteError> {
        self.left.set(PAGES);
        self.roots.get(name).copied().ok_or(SqliteError::Table)
    }

    /// The row of a table with a number.
    pub(crate) fn row(&self, table: &str, number: i64) -> Result<Option<Vec<Value>>, SqliteError> {
        let mut at = self.root(table)?;
        for _ in 0..DEPTH {
            let cells = self.cells(at)?;
            match cells.kind {
                5 => {
                    at = cells.last;
                    for place in &cells.places {
                        let (child, key) = inner(&cells.page, *place)?;
                        if number <= key {
                            at = child;
                            break;
                        }
                    }
                }
                13 => {
                    for place in &cells.places {
                        let (key, row) = self.leaf(&cells.page, *place)?;
                        if key == number {
                            return Ok(Some(row));
                        }
                    }
                    return Ok(None);
                }
                _ => return Err(SqliteError::Damaged),
            }
        }
        Err(SqliteError::Damaged)
    }

    /// The entries of an index that begin with these values; the last value of each is the number of its row.
    pub(crate) fn find(&self, index: &str, wanted: &[Value]) -> Result<Vec<Vec<Value>>, SqliteError> {
        let mut out = Vec::new();
        self.search(self.root(index)?, wanted, 0, &mut out)?;
        Ok(out)
    }

    fn search(
        &self,
        at: u64,
        wanted: &[Value],
        depth: usize,
        out: &mut Vec<Vec<Value>>,
    ) -> Result<(), SqliteError> {
        if depth > DEPTH || out.len() > ROWS {
            return Err(SqliteError::Damaged);
        }
        let cells = self.cells(at)?;
        if !matches!(cells.kind, 2 | 10) {
            return Err(SqliteError::Damaged);
        }
        for place in &cells.places {
            let before = if cells.kind == 2 { 4 } else { 0 };
            let entry = self.record(&cells.page, place.saturating_add(before), true)?;
            let order = entry.iter().zip(wanted).map(|(a, b)| compare(a, b)).find(|o| o.is_ne());
            let order = order.unwrap_or(Ordering::Equal);
            if order.is_ge() && cells.kind == 2 {
                let child = be(&cells.page, *place, 4).ok_or(SqliteError::Damaged)?;
                self.search(child as u64, wanted, depth.saturating_add(1), out)?;
            }
            match order {
                Ordering::Equal => out.push(entry),
                Ordering::Greater => return Ok(()),
                Ordering::Less => {}
            }
        }
        if cells.kind == 2 {
            self.search(cells.last, wanted, depth.saturating_add(1), out)?;
        }
        Ok(())
    }

    /// Every row of a small table.
    fn all(&self, at: u64, depth: usize, out: &mut Vec<Vec<Value>>) -> Result<(), SqliteError> {
        let cells = self.cells(at)?;
        if depth > DEPTH || out.len() > ROWS {
            return Err(SqliteError::Damaged);
        }
        for place in &cells.places {
            match cells.kind {
                5 => self.all(inner(&cells.page, *place)?.0, depth.saturating_add(1), out)?,
                13 => out.push(self.leaf(&cells.page, *place)?.1),
                _ => return Err(SqliteError::Damaged),
            }
        }
        if cells.kind == 5 {
            self.all(cells.last, depth.saturating_add(1), out)?;
        }
        Ok(())
    }

    fn page(&self, number: u64) -> Result<Vec<u8>, SqliteError> {
        let left = self.left.get().checked_sub(1).ok_or(SqliteError::Damaged)?;
        self.left.set(left);
        let start = number
            .checked_sub(1)
            .and_then(|n| n.checked_mul(self.page as u64))
            .ok_or(SqliteError::Damaged)?;
        exactly(&*self.source, start, self.page).map_err(|_| SqliteError::Damaged)
    }

    fn cells(&self, number: u64) -> Result<Cells, SqliteError> {
        let damaged = SqliteError::Damaged;
        let page = self.page(number)?;
        let header = if number == 1 { 100_usize } else { 0 };
        let kind = be(&page, header, 1).ok_or(damaged)?;
        let count = be(&page, header.saturating_add(3), 2).ok_or(damaged)?;
        let within = matches!(kind, 2 | 5);
        let first = header.saturating_add(if within { 12 } else { 8 });
        let place = |n: usize| be(&page, n.checked_mul(2)?.checked_add(first)?, 2);
        let places: Option<Vec<usize>> = (0..count).map(place).collect();
        let last = if within { be(&page, header.saturating_add(8), 4).ok_or(damaged)? } else { 0 };
        Ok(Cells { kind, places: places.ok_or(damaged)?, page, last: last as u64 })
    }

    /// Number and values of a table's row.
    fn leaf(&self, page: &[u8], place: usize) -> Result<(i64, Vec<Value>), SqliteError> {
        let damaged = SqliteError::Damaged;
        let (_, a) = page.get(place..).and_then(varint).ok_or(damaged)?;
        let (key, _) = page.get(place.saturating_add(a)..).and_then(varint).ok_or(damaged)?;
        Ok((key.cast_signed(), self.record(page, place, false)?))
    }

    /// A record, the rest of which may be on pages of its own.
    fn record(&self, page: &[u8], place: usize, index: bool) -> Result<Vec<Value>, SqliteError> {
        let damaged = SqliteError::Damaged;
        let cell = page.get(place..).ok_or(damaged)?;
        let (size, mut start) = varint(cell).ok_or(damaged)?;
        if !index {
            start = start.saturating_add(cell.get(start..).and_then(varint).ok_or(damaged)?.1);
        }
        let size = usize::try_from(size).ok().filter(|size| *size <= ROW).ok_or(damaged)?;
        let local = self.local(size, index).ok_or(damaged)?;
        let mut record = cell.get(start..start.saturating_add(local)).ok_or(damaged)?.to_vec();
        let mut next =
            if local < size { be(cell, start.saturating_add(local), 4).ok_or(damaged)? } else { 0 };
        while record.len() < size {
            let page = self.page(next as u64)?;
            next = be(&page, 0, 4).ok_or(damaged)?;
            let want = size.saturating_sub(record.len()).min(self.usable.saturating_sub(4));
            record.extend_from_slice(page.get(4..want.saturating_add(4)).ok_or(damaged)?);
        }
        values(&record).ok_or(damaged)
    }

    /// How much of a record of a size is on its page itself.
    fn local(&self, size: usize, index: bool) -> Option<usize> {
        let share =
            |of: usize| self.usable.checked_sub(12)?.checked_mul(of)?.checked_div(255)?.checked_sub(23);
        let most = if index { share(64)? } else { self.usable.checked_sub(35)? };
        if size <= most {
            return Some(size);
        }
        let least = share(32)?;
        let filled = least.checked_add(size.checked_sub(least)?.checked_rem(self.usable.checked_sub(4)?)?)?;
        Some(if filled <= most { filled } else { least })
    }
}

/// Child and greatest number of an inner page's cell.
fn inner(page: &[u8], place: usize) -> Result<(u64, i64), SqliteError> {
    let child = be(page, place, 4).ok_or(SqliteError::Damaged)?;
    let key = page.get(place.saturating_add(4)..).and_then(varint).ok_or(SqliteError::Damaged)?;
    Ok((child as u64, key.0.cast_signed()))
}

/// Nothing before numbers, numbers before texts.
fn compare(a: &Value, b: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Null => 0,
        Value::Integer(_) => 1,
        Value::Bytes(_) => 2,
    };
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
        (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        _ => rank(a).cmp(&rank(b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by SQLite: pages of 512 bytes, twelve rows of `n` times 97 bytes of value `n`.
    const FILE: &[u8] = include_bytes!("../testdata/rows.sqlite");

    #[test]
    fn rows_of_a_real_file() {
        let file = Indexed::open(Box::new(FILE.to_vec())).unwrap();
        for n in 1..=12_i64 {
            let row = file.row("Packages", n).unwrap().unwrap();
            assert_eq!(row[1], Value::Bytes(vec![n as u8; n as usize * 97]), "row {n}");
        }
        assert_eq!(file.row("Packages", 13), Ok(None));
        assert_eq!(file.row("None", 1), Err(SqliteError::Table));
    }

    #[test]
    fn damage_ends() {
        assert!(Indexed::open(Box::new(b"".to_vec())).is_err());
        for at in 0..FILE.len().min(4096) {
            for value in [0, 2, 5, 10, 13, 0xff] {
                let mut bytes = FILE.to_vec();
                bytes[at] = value;
                if let Ok(file) = Indexed::open(Box::new(bytes)) {
                    let _ = file.row("Packages", 7);
                    let _ = file.find("Packages", &[Value::Null]);
                }
            }
        }
    }
}
