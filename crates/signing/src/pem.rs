//! The text armour around keys and certificates (RFC 7468): one labelled block of base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Longest text that is read as PEM, in bytes.
const CAP: usize = 1 << 20;

/// One block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) label: String,
    pub(crate) bytes: Vec<u8>,
}

/// Reads every block of a text; what stands between them is ignored, as everywhere.
///
/// # Errors
/// What is wrong, in words: no block, no end, a label that changes, no base64, too long.
pub(crate) fn read_all(text: &str) -> Result<Vec<Block>, String> {
    if text.len() > CAP {
        return Err(format!("{} bytes are over the limit", text.len()));
    }
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines().map(str::trim) {
        let begin = line.strip_prefix("-----BEGIN ").and_then(|l| l.strip_suffix("-----"));
        let end = line.strip_prefix("-----END ").and_then(|l| l.strip_suffix("-----"));
        match (begin, end, open.take()) {
            (Some(label), _, None) => open = Some((label.to_owned(), String::new())),
            (_, Some(label), Some((opened, body))) if label == opened => {
                let bytes = STANDARD.decode(body).map_err(|_| "the block is not base64".to_owned())?;
                blocks.push(Block { label: opened, bytes });
            }
            (None, None, Some((label, body))) => open = Some((label, body + line)),
            (None, None, None) => {}
            _ => return Err("a block does not end as it began".to_owned()),
        }
    }
    match open {
        Some(_) => Err("the block has no end".to_owned()),
        None if blocks.is_empty() => Err("there is no -----BEGIN line".to_owned()),
        None => Ok(blocks),
    }
}

/// Reads the first block.
///
/// # Errors
/// As [`read_all`].
pub(crate) fn read(text: &str) -> Result<Block, String> {
    read_all(text)?.into_iter().next().ok_or_else(String::new)
}

/// Writes one block, 64 characters a line.
pub(crate) fn write(label: &str, bytes: &[u8]) -> String {
    let body = STANDARD.encode(bytes);
    let mut out = format!("-----BEGIN {label}-----\n");
    for (at, c) in body.chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            out.push('\n');
        }
        out.push(c);
    }
    out.push_str(&format!("\n-----END {label}-----\n"));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        for len in [0, 1, 47, 48, 49, 500] {
            let bytes = vec![7_u8; len];
            let text = write("PUBLIC KEY", &bytes);
            assert!(text.lines().all(|l| l.len() <= 64));
            assert_eq!(read(&text).unwrap(), Block { label: "PUBLIC KEY".into(), bytes });
        }
        let two = format!("a comment\r\n{}\r\n{}", write("A", b"x").replace('\n', "\r\n"), write("B", b"y"));
        assert_eq!(read_all(&two).unwrap().len(), 2);
    }

    #[test]
    fn broken_ones_are_refused() {
        for text in [
            "",
            "cosign.pub",
            "-----BEGIN A-----\nAAAA",
            "-----BEGIN A-----\nAAAA\n-----END B-----",
            "-----BEGIN A-----\n*\n-----END A-----",
            "-----BEGIN A-----\n-----BEGIN A-----\n-----END A-----",
            "-----END A-----",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read(&"x".repeat(CAP + 1)).unwrap_err().contains("limit"));
    }
}
