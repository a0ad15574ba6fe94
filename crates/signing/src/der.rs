//! DER, as little of it as requests to authorities need: one element written, one read.

/// One element: tag, length, content.
pub(crate) fn element(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let mut out = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short @ 0..=0x7f) => out.push(short),
        _ => {
            let length = content.len().to_be_bytes();
            let digits: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
            // At most eight digits, since a length is a usize.
            out.push(0x80 | u8::try_from(digits.len()).unwrap_or_default());
            out.extend(digits);
        }
    }
    out.extend(content);
    out
}

/// A non-negative INTEGER of these big-endian digits.
pub(crate) fn integer(digits: &[u8]) -> Vec<u8> {
    let mut digits: Vec<u8> = digits.iter().copied().skip_while(|byte| *byte == 0).collect();
    if digits.first().is_none_or(|byte| *byte >= 0x80) {
        digits.insert(0, 0);
    }
    element(0x02, &[&digits])
}

/// The first element: its tag, its content, and what follows. `None` where it is cut or longer than four bytes can say.
pub(crate) fn first(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            let length = digits.iter().fold(0_u32, |sum, digit| sum.wrapping_shl(8) | u32::from(*digit));
            (usize::try_from(length).ok()?, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let content = vec![7; length];
            let written = element(0x30, &[&content, &[]]);
            assert_eq!(first(&written), Some((0x30, content.as_slice(), &[][..])), "{length}");
            assert_eq!(first(written.split_last().unwrap().1), None, "{length}, cut");
        }
        assert_eq!(element(0x04, &[b"ab", b"c"]), b"\x04\x03abc");
    }

    #[test]
    fn integers_are_shortest() {
        assert_eq!(integer(&[]), [2, 1, 0]);
        assert_eq!(integer(&[0, 0, 1]), [2, 1, 1]);
        assert_eq!(integer(&[0x80]), [2, 2, 0, 0x80]);
    }

    #[test]
    fn lies_about_length() {
        for lie in [&[][..], &[0x30], &[0x30, 0x80], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &[0x30, 0x89, 1]]
        {
            assert_eq!(first(lie), None, "{lie:?}");
        }
    }
}
