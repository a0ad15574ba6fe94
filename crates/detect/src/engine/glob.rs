//! Shell wildcards, as `fnmatch(3)` reads them without flags: a star crosses slashes.

/// Whether the whole text matches. Takes time proportional to pattern × text at worst, and no memory.
pub(super) fn matches(pattern: &[u8], text: &[u8], ignore_case: bool) -> bool {
    let (mut p, mut t) = (0usize, 0usize);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(t) {
        if pattern.get(p) == Some(&b'*') {
            p = p.saturating_add(1);
            retry = Some((p, t));
            continue;
        }
        match one(pattern.get(p..).unwrap_or_default(), byte, ignore_case) {
            Some(used) => {
                p = p.saturating_add(used);
                t = t.saturating_add(1);
            }
            None => {
                let Some((star, from)) = retry else { return false };
                t = from.saturating_add(1);
                p = star;
                retry = Some((star, t));
            }
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|b| *b == b'*')
}

/// Matches one byte; how much of the pattern that took.
fn one(pattern: &[u8], byte: u8, ignore_case: bool) -> Option<usize> {
    let same = |a: u8| if ignore_case { a.eq_ignore_ascii_case(&byte) } else { a == byte };
    match pattern {
        [] => None,
        [b'?', ..] => Some(1),
        [b'\\', next, ..] => same(*next).then_some(2),
        [b'[', ..] => match set(pattern, &same, byte, ignore_case) {
            Some((found, used)) => found.then_some(used),
            None => same(b'[').then_some(1),
        },
        [literal, ..] => same(*literal).then_some(1),
    }
}

/// A bracket expression: whether the byte is in it, and its length; `None` when it does not close.
fn set(pattern: &[u8], same: &dyn Fn(u8) -> bool, byte: u8, ignore_case: bool) -> Option<(bool, usize)> {
    let negated = matches!(pattern.get(1), Some(b'!' | b'^'));
    let start = if negated { 2usize } else { 1 };
    let (mut at, mut found) = (start, false);
    loop {
        let mut low = *pattern.get(at)?;
        if low == b']' && at > start {
            return Some((found != negated, at.saturating_add(1)));
        }
        if low == b'\\' {
            at = at.saturating_add(1);
            low = *pattern.get(at)?;
        }
        at = at.saturating_add(1);
        let high = pattern.get(at.saturating_add(1)).copied().filter(|b| *b != b']');
        if pattern.get(at) == Some(&b'-')
            && let Some(high) = high
        {
            let within = |b: u8| (low..=high).contains(&b);
            let folded = within(byte.to_ascii_lowercase()) || within(byte.to_ascii_uppercase());
            found |= within(byte) || (ignore_case && folded);
            at = at.saturating_add(2);
        } else {
            found |= same(low);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wildcards() {
        for (pattern, text, want) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]x]", "]", true),
            ("[a", "[a", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("*a*b*c*", "xaxbxcx", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes(), false), want, "{pattern} {text}");
        }
        assert!(matches(b"A[B-C]", b"ab", true));
    }

    proptest! {
        #[test]
        fn ends(pattern in "[ab*?\\[\\]!\\\\-]{0,20}", text in "[ab]{0,40}") {
            matches(pattern.as_bytes(), text.as_bytes(), false);
        }

        #[test]
        fn literals_match_themselves(text in "[a-z/.]{0,20}") {
            prop_assert!(matches(text.as_bytes(), text.as_bytes(), false));
        }
    }
}
