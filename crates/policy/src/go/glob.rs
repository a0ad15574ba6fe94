//! Wildcards: `*` is any run of characters, `?` exactly one; nothing else is special.

/// Whether `text` matches `pattern` as a whole.
///
/// Linear in practice and quadratic at worst: one star is remembered, never a stack of them.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    if pattern == "*" || pattern == text {
        return true;
    }
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    let mut star = None;
    loop {
        let (p, t) = (pattern.clone().next(), text.clone().next());
        match (p, t) {
            (Some('*'), _) => {
                pattern.next();
                star = Some((pattern.clone(), text.clone()));
            }
            (Some(a), Some(b)) if a == '?' || a == b => {
                pattern.next();
                text.next();
            }
            (None, None) => return true,
            _ => {
                let Some((after, from)) = &mut star else { return false };
                if from.next().is_none() {
                    return false;
                }
                pattern = after.clone();
                text = from.clone();
            }
        }
    }
}

/// Whether a text has a wildcard in it.
pub(crate) fn is_wild(text: &str) -> bool {
    text.contains(['*', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits() {
        for (pattern, text) in [
            ("*", ""),
            ("a*", "a"),
            ("*:*", "nginx:1.2"),
            ("?*", "x"),
            ("a?c", "abc"),
            ("*-prod", "a-b-prod"),
            ("*a*b", "xaybab"),
            ("ä?", "äö"),
            ("", ""),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn misses() {
        for (pattern, text) in
            [("?*", ""), ("a?", "a"), ("*:*", "nginx"), ("a", "A"), ("a*c", "abd"), ("", "x"), ("[a]", "a")]
        {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_end() {
        let pattern = "*a".repeat(200) + "b";
        assert!(!matches(&pattern, &"a".repeat(2000)));
    }
}
