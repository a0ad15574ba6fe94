//! Records of rpm's "ndb" database (SUSE's packages) held in memory.
//!
//! Semantics: rpm's `lib/backend/ndb/rpmpkg.c`: pages of slots, each naming a block with one package's header.

/// Why a file is not read, or not all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NdbError {
    /// Not such a file, or of a version nobody knows.
    #[error("not a database of the ndb form")]
    Magic,
    /// It ends before its slots do, or has more than rpm makes.
    #[error("the file is damaged")]
    Damaged,
}

/// Pages of slots; rpm's own programs make a few.
const PAGES: usize = 2048;
const PAGE: usize = 4096;
const SLOT: usize = 16;

/// One record a used slot; `None` where the slot leads to no record of its own.
pub(crate) fn records(bytes: &[u8]) -> Result<Vec<Option<&[u8]>>, NdbError> {
    let word = |at: usize| {
        let part = bytes.get(at..at.checked_add(4)?)?;
        Some(u32::from_le_bytes(part.try_into().ok()?))
    };
    let index = |at: usize| word(at).and_then(|n| usize::try_from(n).ok());
    let pages = index(12).filter(|pages| *pages > 0).ok_or(NdbError::Magic)?;
    if !bytes.starts_with(b"RpmP") || word(4) != Some(0) {
        return Err(NdbError::Magic);
    }
    let end = pages
        .checked_mul(PAGE)
        .filter(|end| pages <= PAGES && *end <= bytes.len())
        .ok_or(NdbError::Damaged)?;
    let mut out = Vec::new();
    let mut left = bytes.len();
    // The header takes the place of the first two slots.
    for at in (SLOT.saturating_mul(2)..end).step_by(SLOT) {
        if bytes.get(at..at.saturating_add(4)) != Some(b"Slot") {
            return Err(NdbError::Damaged);
        }
        let number = word(at.saturating_add(4)).unwrap_or(0);
        if number == 0 {
            continue;
        }
        let record = || {
            let block = index(at.checked_add(8)?)?.checked_mul(SLOT)?;
            let own =
                bytes.get(block..block.checked_add(4)?)? == b"BlbS" && word(block.checked_add(4)?)? == number;
            let length = index(block.checked_add(12)?)?;
            let start = block.checked_add(16).filter(|_| own)?;
            bytes.get(start..start.checked_add(length)?)
        };
        let record = record();
        // Slots that share blocks would make more of a file than there is.
        left = left.checked_sub(record.map_or(0, <[u8]>::len)).ok_or(NdbError::Damaged)?;
        out.push(record);
    }
    Ok(out)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A database of these records.
    pub(crate) fn ndb(records: &[&[u8]]) -> Vec<u8> {
        let mut slots = b"RpmP".to_vec();
        for word in [0_u32, 1, 1, 0, 0, 0, 0] {
            slots.extend(word.to_le_bytes());
        }
        let mut blocks = Vec::new();
        for (n, record) in records.iter().enumerate() {
            let number = (n as u32 + 1).to_le_bytes();
            let offset = ((PAGE + blocks.len()) / SLOT) as u32;
            blocks.extend(b"BlbS");
            blocks.extend([&number[..], &[0; 4], &(record.len() as u32).to_le_bytes(), record].concat());
            blocks.resize(blocks.len().div_ceil(SLOT) * SLOT + SLOT, 0);
            let count = ((PAGE + blocks.len()) / SLOT) as u32 - offset;
            slots.extend([&b"Slot"[..], &number, &offset.to_le_bytes(), &count.to_le_bytes()].concat());
        }
        while slots.len() < PAGE {
            slots.extend(b"Slot");
            slots.extend([0; 12]);
        }
        slots.extend(blocks);
        slots
    }

    #[test]
    fn own() {
        let file = ndb(&[b"one", &[7; 1000]]);
        assert_eq!(records(&file).unwrap(), [Some(&b"one"[..]), Some(&[7; 1000][..])]);
        assert_eq!(records(&ndb(&[])).unwrap(), [] as [Option<&[u8]>; 0]);
    }

    #[test]
    fn forged_ones() {
        let file = ndb(&[b"one", b"two"]);
        assert_eq!(records(b"RpmP"), Err(NdbError::Magic));
        assert_eq!(records(b"noise"), Err(NdbError::Magic));
        for cut in 0..file.len() {
            assert!(
                records(&file[..cut]).is_err()
                    || records(&file[..cut]).unwrap().contains(&None)
                    || cut >= file.len() - 29,
                "{cut}"
            );
        }
        // Both slots lead to one block of the size of the file.
        let big = vec![1; 8000];
        let mut twice = ndb(&[&big, b"x"]);
        let first: [u8; 16] = twice[32..48].try_into().unwrap();
        twice[48..64].copy_from_slice(&first);
        assert_eq!(records(&twice), Err(NdbError::Damaged));
        let mut many = file.clone();
        many[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(records(&many), Err(NdbError::Damaged));
    }
}
