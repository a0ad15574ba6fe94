//! Large values of a Berkeley DB hash file held in memory: what rpm's older databases keep packages in.
//!
//! Semantics: Berkeley DB's `dbinc/db_page.h`. No page is read more often than there are pages, so chains in circles end.

/// Why a file is not read, or not all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BdbError {
    /// Not a hash file of Berkeley DB, or an encrypted one.
    #[error("not a Berkeley DB hash file")]
    Magic,
    /// Pages are missing or broken.
    #[error("the file is damaged")]
    Damaged,
}

const HEADER: usize = 26;
const MAGIC: u32 = 0x0006_1561;
/// Kinds of pages: hash pages of before 4.6 and since, pages of large values, the first page.
const UNSORTED: u8 = 2;
const HASH: u8 = 13;
const OVERFLOW: u8 = 7;
const META: u8 = 8;
/// Kind of an entry whose value is on pages of its own.
const ELSEWHERE: u8 = 3;

struct File<'a> {
    bytes: &'a [u8],
    page: usize,
    /// The machine that wrote it counted from the other end.
    big: bool,
    /// Pages of large values that may still be read.
    left: usize,
}

/// The values that lie on pages of their own, in the order of the hash pages.
pub(crate) fn values(bytes: &[u8]) -> Result<Vec<Vec<u8>>, BdbError> {
    let raw = bytes.get(12..16).and_then(|part| <[u8; 4]>::try_from(part).ok()).ok_or(BdbError::Magic)?;
    let big = match (u32::from_le_bytes(raw), u32::from_be_bytes(raw)) {
        (MAGIC, _) => false,
        (_, MAGIC) => true,
        _ => return Err(BdbError::Magic),
    };
    let mut file = File { bytes, page: 0, big, left: 0 };
    let first = |at: usize| file.number(bytes, at, 4).ok_or(BdbError::Magic);
    let (page, last) = (first(20)?, first(32)?);
    if bytes.get(24) != Some(&0)
        || bytes.get(25) != Some(&META)
        || !(512..=65_536).contains(&page)
        || !page.is_power_of_two()
    {
        return Err(BdbError::Magic);
    }
    file.page = page;
    file.left = bytes.len().checked_div(page).unwrap_or(0);
    if last >= file.left {
        return Err(BdbError::Damaged);
    }
    let mut out = Vec::new();
    for number in 0..=last {
        let page = file.page_at(number)?;
        if matches!(page.get(25), Some(&UNSORTED | &HASH)) {
            file.hash(page, &mut out)?;
        }
    }
    Ok(out)
}

impl<'a> File<'a> {
    fn number(&self, bytes: &[u8], at: usize, width: usize) -> Option<usize> {
        let part = bytes.get(at..at.checked_add(width)?)?;
        let add = |sum: usize, byte: &u8| (sum << 8) | usize::from(*byte);
        Some(if self.big { part.iter().fold(0, add) } else { part.iter().rev().fold(0, add) })
    }

    fn page_at(&self, number: usize) -> Result<&'a [u8], BdbError> {
        let start = number.checked_mul(self.page).ok_or(BdbError::Damaged)?;
        let end = start.checked_add(self.page).ok_or(BdbError::Damaged)?;
        self.bytes.get(start..end).ok_or(BdbError::Damaged)
    }

    /// A page of pairs: where each key and each value begins.
    fn hash(&mut self, page: &[u8], out: &mut Vec<Vec<u8>>) -> Result<(), BdbError> {
        let damaged = BdbError::Damaged;
        let count = self.number(page, 20, 2).filter(|count| count % 2 == 0).ok_or(damaged)?;
        for n in (1..count).step_by(2) {
            let place = n.checked_mul(2).and_then(|n| n.checked_add(HEADER)).ok_or(damaged)?;
            let entry = self.number(page, place, 2).and_then(|at| page.get(at..)).ok_or(damaged)?;
            if *entry.first().ok_or(damaged)? != ELSEWHERE {
                continue;
            }
            let first = self.number(entry, 4, 4).ok_or(damaged)?;
            let length = self.number(entry, 8, 4).ok_or(damaged)?;
            out.push(self.chain(first, length)?);
        }
        Ok(())
    }

    /// Pages that name the next; the last says how much of it counts.
    fn chain(&mut self, first: usize, length: usize) -> Result<Vec<u8>, BdbError> {
        let damaged = BdbError::Damaged;
        let mut value = Vec::new();
        let mut number = first;
        while number != 0 {
            self.left = self.left.checked_sub(1).ok_or(damaged)?;
            let page = self.page_at(number)?;
            if page.get(25) != Some(&OVERFLOW) {
                return Err(damaged);
            }
            number = self.number(page, 16, 4).ok_or(damaged)?;
            let end = match number {
                0 => self.number(page, 22, 2).and_then(|length| HEADER.checked_add(length)).ok_or(damaged)?,
                _ => page.len(),
            };
            value.extend_from_slice(page.get(HEADER..end).ok_or(damaged)?);
        }
        if value.len() == length { Ok(value) } else { Err(damaged) }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const PAGE: usize = 512;

    /// A file of these values, one hash page before the pages of values; at most twenty.
    pub(crate) fn bdb(values: &[&[u8]], big: bool) -> Vec<u8> {
        let word = |n: usize| if big { (n as u32).to_be_bytes() } else { (n as u32).to_le_bytes() };
        let half = |n: usize| if big { (n as u16).to_be_bytes() } else { (n as u16).to_le_bytes() };
        let mut pages = vec![vec![0; PAGE], vec![0; PAGE]];
        for (n, value) in values.iter().enumerate() {
            let first = pages.len();
            let chunks: Vec<&[u8]> = value.chunks(PAGE - HEADER).collect();
            for (at, chunk) in chunks.iter().enumerate() {
                let mut page = vec![0; PAGE];
                let next = if at + 1 < chunks.len() { first + at + 1 } else { 0 };
                page[16..20].copy_from_slice(&word(next));
                page[22..24].copy_from_slice(&half(chunk.len()));
                page[25] = OVERFLOW;
                page[HEADER..HEADER + chunk.len()].copy_from_slice(chunk);
                pages.push(page);
            }
            let hash = &mut pages[1];
            let entry = PAGE - 12 * (n + 1);
            hash[HEADER + 4 * n + 2..HEADER + 4 * n + 4].copy_from_slice(&half(entry));
            hash[entry] = ELSEWHERE;
            hash[entry + 4..entry + 8].copy_from_slice(&word(first));
            hash[entry + 8..entry + 12].copy_from_slice(&word(value.len()));
        }
        pages[1][20..22].copy_from_slice(&half(values.len() * 2));
        pages[1][25] = HASH;
        let last = pages.len() - 1;
        pages[0][12..16].copy_from_slice(&word(MAGIC as usize));
        pages[0][20..24].copy_from_slice(&word(PAGE));
        pages[0][25] = META;
        pages[0][32..36].copy_from_slice(&word(last));
        pages.concat()
    }

    #[test]
    fn own() {
        let long: Vec<u8> = (0..2000).map(|n| n as u8).collect();
        for big in [false, true] {
            assert_eq!(values(&bdb(&[b"one", &long], big)).unwrap(), [b"one".to_vec(), long.clone()]);
        }
        assert!(values(&bdb(&[], false)).unwrap().is_empty());
    }

    #[test]
    fn forged_ones() {
        let file = bdb(&[b"one", &[7; 2000]], false);
        assert_eq!(values(b"noise"), Err(BdbError::Magic));
        for cut in 0..file.len() {
            assert!(values(&file[..cut]).is_err(), "{cut}");
        }
        // A chain that leads back to itself.
        let mut circle = file.clone();
        let at = 3 * PAGE + 16;
        circle[at..at + 4].copy_from_slice(&3_u32.to_le_bytes());
        assert_eq!(values(&circle), Err(BdbError::Damaged));
        for at in 0..file.len().min(2 * PAGE) {
            for value in [0, 1, 7, 0xff] {
                let mut bytes = file.clone();
                bytes[at] = value;
                let _ = values(&bytes);
            }
        }
    }
}
