//! A package URL taken apart. Semantics: packageurl-go's `FromString` and what it makes of each type.

use super::purl::decode;
use std::collections::BTreeMap;

/// The parts of a package URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Locator {
    pub(super) kind: String,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) qualifiers: BTreeMap<String, String>,
    pub(super) subpath: String,
}

impl Locator {
    /// Reads one; nothing when it is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        let rest = Some(rest.trim_start_matches('/')).filter(|_| scheme.eq_ignore_ascii_case("pkg"))?;
        let (rest, subpath) = rest.split_once('#').unwrap_or((rest, ""));
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (kind, path) = rest.split_once('/')?;
        let (path, version) = match path.rsplit_once('@') {
            // A scope (`pkg:npm/@babel/core`) is no version.
            Some((path, version)) if !version.contains('/') => (path, decode(version)),
            _ => (path, String::new()),
        };
        let parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(decode).collect();
        let (name, namespace) = parts.split_last().filter(|(name, _)| !name.is_empty())?;
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let mut out = Self {
            kind: kind.to_ascii_lowercase(),
            namespace: namespace.join("/"),
            name: name.clone(),
            version,
            qualifiers: pairs
                .filter(|(_, value)| !value.is_empty())
                .map(|(key, value)| (key.to_ascii_lowercase(), decode(value)))
                .collect(),
            subpath: subpath
                .split('/')
                .filter(|p| !matches!(*p, "" | "." | ".."))
                .map(decode)
                .collect::<Vec<_>>()
                .join("/"),
        };
        out.adjust();
        Some(out)
    }

    /// What a type says of its names.
    fn adjust(&mut self) {
        match self.kind.as_str() {
            "rpm" | "qpkg" => self.namespace = self.namespace.to_lowercase(),
            "alpm" | "apk" | "bitbucket" | "composer" | "deb" | "github" | "golang" => {
                self.namespace = self.namespace.to_lowercase();
                self.name = self.name.to_lowercase();
            }
            "bitnami" | "chrome-extension" => self.name = self.name.to_lowercase(),
            "pypi" => self.name = self.name.to_lowercase().replace('_', "-"),
            "huggingface" => self.version = self.version.to_lowercase(),
            _ => {}
        }
    }

    /// Whether another is one of those this one means: what this one leaves open may be anything.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.namespace == other.namespace
            && self.name == other.name
            && (self.version.is_empty() || self.version == other.version)
            && self.qualifiers.iter().all(|(key, value)| other.qualifiers.get(key) == Some(value))
    }

    /// The same, where a path within the package counts as well.
    pub(super) fn covers_path(&self, other: &Self) -> bool {
        self.covers(other) && (self.subpath.is_empty() || self.subpath == other.subpath)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let read = |text: &str| Locator::read(text).unwrap();
        let one = read("pkg:maven/org.apache/log4j@2.0?type=jar&x=#a/../b");
        assert_eq!(
            (one.namespace.as_str(), one.name.as_str(), one.version.as_str()),
            ("org.apache", "log4j", "2.0")
        );
        assert_eq!((one.qualifiers.len(), one.subpath.as_str()), (1, "a/b"));
        assert_eq!(read("pkg:npm/@babel/core").namespace, "@babel");
        assert_eq!(read("pkg:npm/%40babel/core@1").namespace, "@babel");
        assert_eq!(read("pkg:golang/github.com/Foo/Bar@v1").name, "bar");
        assert_eq!(read("PKG:pypi/A_b").name, "a-b");
        for bad in ["", "pkg:", "pkg:npm", "pkg:npm/", "npm/a", "x:npm/a"] {
            assert_eq!(Locator::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn covering() {
        for (pattern, purl, want) in [
            ("pkg:golang/a/b", "pkg:golang/a/b@v1", true),
            ("pkg:golang/a/b@v1", "pkg:golang/a/b", false),
            ("pkg:golang/a/b@v1", "pkg:golang/a/b@v2", false),
            ("pkg:deb/debian/x?arch=amd64", "pkg:deb/debian/x@1?arch=amd64&distro=d", true),
            ("pkg:deb/debian/x?arch=arm64", "pkg:deb/debian/x@1?arch=amd64", false),
            ("pkg:deb/debian/x", "pkg:deb/ubuntu/x", false),
        ] {
            let of = |text: &str| Locator::read(text).unwrap();
            assert_eq!(of(pattern).covers(&of(purl)), want, "{pattern} {purl}");
        }
        let of = |text: &str| Locator::read(text).unwrap();
        assert!(!of("pkg:golang/a/b#c").covers_path(&of("pkg:golang/a/b@1")));
    }
}
