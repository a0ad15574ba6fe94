//! Package URLs, as far as matching an accepted package needs them.

/// Whether a package URL is the one an entry names: type, namespace and name are equal; version and qualifiers only
/// where the entry has them.
pub(crate) fn matches(pattern: &str, purl: &str) -> bool {
    let (Some(pattern), Some(purl)) = (Parts::read(pattern), Parts::read(purl)) else { return false };
    pattern.name == purl.name
        && (pattern.version.is_empty() || pattern.version == purl.version)
        && pattern.qualifiers().all(|q| purl.qualifiers().any(|other| other == q))
}

struct Parts<'a> {
    name: String,
    version: String,
    qualifiers: &'a str,
}

impl<'a> Parts<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix("pkg:")?;
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let (rest, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
        let (name, version) = match rest.rsplit_once('@') {
            // A scope (`pkg:npm/@babel/core`) is no version.
            Some((name, version)) if !version.contains('/') => (name, version),
            _ => (rest, ""),
        };
        Some(Self { name: decode(name), version: decode(version), qualifiers })
    }

    fn qualifiers(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.qualifiers.split('&').filter(|q| !q.is_empty())
    }
}

/// Percent-decoding; what is malformed stays.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (first, hex) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matching() {
        for (pattern, purl, want) in [
            ("pkg:npm/debug", "pkg:npm/debug@3.0.1", true),
            ("pkg:npm/debug@3.0.1", "pkg:npm/debug@3.0.1", true),
            ("pkg:npm/debug@3.0.2", "pkg:npm/debug@3.0.1", false),
            ("pkg:npm/%40babel/core", "pkg:npm/@babel/core@7", true),
            ("pkg:apk/alpine/musl?arch=x86_64", "pkg:apk/alpine/musl@1?arch=x86_64&distro=3.10", true),
            ("pkg:apk/alpine/musl?arch=arm", "pkg:apk/alpine/musl@1?arch=x86_64", false),
            ("npm/debug", "pkg:npm/debug", false),
            ("pkg:npm/debug", "", false),
            ("pkg:golang/a@v1%2Bx", "pkg:golang/a@v1+x", true),
        ] {
            assert_eq!(matches(pattern, purl), want, "{pattern} {purl}");
        }
    }
}
