//! Names are attacker text: how they are shown without moving a cursor or reversing a line.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether `c` may stand in a terminal line as it is.
///
/// Control characters, bidirectional overrides and isolates, zero-width characters and line separators may not:
/// they let a name look like another one or rewrite what was printed before.
pub fn safe(c: char) -> bool {
    !(c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'))
}

/// `text` with every unsafe character written as `\u{…}`; borrowed when there is none.
pub fn escape(text: &str) -> Cow<'_, str> {
    if text.chars().all(safe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if safe(c) {
            out.push(c);
        } else {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_are_borrowed() {
        assert!(matches!(escape("shop/web"), Cow::Borrowed(_)));
        assert_eq!(escape("größe-é"), "größe-é");
    }

    #[test]
    fn controls_and_bidi_are_spelled_out() {
        assert_eq!(escape("a\u{202e}b\u{1b}[31m\0"), "a\\u{202e}b\\u{1b}[31m\\u{0}");
    }
}
