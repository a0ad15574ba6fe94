//! Words of the shell commands we advise: names come from files and servers and must not end a word.

use std::borrow::Cow;

/// `text` as one word of a POSIX shell command; unsafe characters are spelled out.
pub(crate) fn word(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./_-".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("'{}'", model::escape(text).replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_word() {
        for (text, want) in [
            ("jane@example.test", "jane@example.test"),
            ("ci:scan", "ci:scan"),
            ("a; rm -rf ~", "'a; rm -rf ~'"),
            ("it's", r"'it'\''s'"),
            ("-x", "'-x'"),
            ("", "''"),
            ("a\u{1b}[2Jb", r"'a\u{1b}[2Jb'"),
        ] {
            assert_eq!(word(text), want);
        }
    }
}
