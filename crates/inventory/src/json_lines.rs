//! Which lines of a JSON document each of its objects spans: lock files are read for what they say, and people want to
//! know where it stands.

use std::collections::BTreeMap;

/// Objects and lists deeper than this are not followed; JSON's own reader stops before.
const DEPTH: usize = 128;

/// First and last line of every object, by the keys (in lists, the numbers) that lead to it, joined by a line feed
/// (which no key holds unescaped).
pub(crate) fn object_lines(text: &[u8]) -> BTreeMap<String, (u64, u64)> {
    lines_of(text, false)
}

/// First and last line of every list and object.
pub(crate) fn list_lines(text: &[u8]) -> BTreeMap<String, (u64, u64)> {
    lines_of(text, true)
}

/// A list or object that is open: the line it began at, and in a list the number of the element.
struct Open {
    start: u64,
    element: Option<u64>,
}

fn lines_of(text: &[u8], lists: bool) -> BTreeMap<String, (u64, u64)> {
    let mut out = BTreeMap::new();
    let mut path: Vec<String> = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let (mut line, mut key, mut at) = (1_u64, String::new(), 0_usize);
    while let Some(byte) = text.get(at) {
        match byte {
            b'\n' => line = line.saturating_add(1),
            b'"' => {
                let (string, end) = string(text, at.saturating_add(1));
                key = string;
                at = end;
            }
            b'{' | b'[' if open.len() >= DEPTH => return out,
            b'{' | b'[' => {
                let number = open.last().and_then(|list| list.element).map(|n| n.to_string());
                path.push(number.unwrap_or_else(|| std::mem::take(&mut key)));
                open.push(Open { start: line, element: (*byte == b'[').then_some(0) });
            }
            b'}' | b']' => {
                if let Some(Open { start, element }) = open.pop()
                    && (lists || element.is_none())
                {
                    out.insert(path.get(1..).unwrap_or_default().join("\n"), (start, line));
                }
                path.pop();
            }
            b',' => {
                key.clear();
                if let Some(element) = open.last_mut().and_then(|list| list.element.as_mut()) {
                    *element = element.saturating_add(1);
                }
            }
            _ => {}
        }
        at = at.saturating_add(1);
    }
    out
}

/// A string and where its closing quote is.
fn string(text: &[u8], start: usize) -> (String, usize) {
    let mut at = start;
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' => at = at.saturating_add(1),
            b'"' => break,
            _ => {}
        }
        at = at.saturating_add(1);
    }
    let raw = text.get(start..at.min(text.len())).unwrap_or_default();
    let plain = || String::from_utf8_lossy(raw).into_owned();
    let quoted = || serde_json::from_str(&format!("\"{}\"", plain())).unwrap_or_else(|_| plain());
    (if raw.contains(&b'\\') { quoted() } else { plain() }, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let text = "{\n \"a\": {\n  \"b}\\\"\": {\"v\": \"{\"},\n  \"l\": [{\n}]\n }\n}\n";
        let got = object_lines(text.as_bytes());
        assert_eq!(got[""], (1, 7));
        assert_eq!(got["a"], (2, 6));
        assert_eq!(got["a\nb}\""], (3, 3));
        assert_eq!(got["a\nl\n0"], (4, 5));
        assert_eq!(list_lines(text.as_bytes())["a\nl"], (4, 5));
        assert_eq!(object_lines(b"[{},\n{}]")["1"], (2, 2));
        assert!(object_lines(b"{\"a").is_empty() && object_lines(&[b'['; 4096]).is_empty());
    }
}
