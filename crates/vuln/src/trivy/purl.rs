//! Package URLs: written as reports have them, and read as far as matching an accepted package needs them.
//!
//! Semantics: Trivy's `pkg/purl` and packageurl-go, which sorts qualifiers and escapes what a path must not hold.

use inventory::{Ecosystem, Os};

/// Whether a package URL is the one an entry names: type, namespace and name are equal; version and qualifiers only
/// where the entry has them.
pub(crate) fn matches(pattern: &str, purl: &str) -> bool {
    let (Some(pattern), Some(purl)) = (Parts::read(pattern), Parts::read(purl)) else { return false };
    pattern.name == purl.name
        && (pattern.version.is_empty() || pattern.version == purl.version)
        && pattern.qualifiers().all(|q| purl.qualifiers().any(|other| other == q))
}

/// The package URL of a package; empty for what names none (a module that is a local folder).
pub(crate) fn write(
    ecosystem: Ecosystem,
    name: &str,
    version: &str,
    arch: &str,
    epoch: i64,
    module: &str,
    os: Option<&Os>,
) -> String {
    let lower = || name.to_lowercase();
    let path = match ecosystem {
        Ecosystem::PyPi => lower().replace('_', "-"),
        Ecosystem::Maven => name.replace(':', "/"),
        Ecosystem::Go if name.starts_with("./") || name.starts_with("../") => return String::new(),
        Ecosystem::Go | Ecosystem::Npm | Ecosystem::Apk => lower(),
        _ => name.to_owned(),
    };
    let family = os.map(|os| match os.family.as_str() {
        "sles" | "slem" => "suse",
        "opensuse-leap" | "opensuse-tumbleweed" => "opensuse",
        family => family,
    });
    let distro = os.map(|os| match ecosystem {
        Ecosystem::Apk => os.version.clone(),
        _ => format!("{}-{}", os.family, os.version),
    });
    let mut out = format!("pkg:{}/", ecosystem.row().purl);
    if let Some(family) = family {
        out.push_str(&escape(&family.to_lowercase(), false));
        out.push('/');
    }
    let parts: Vec<String> =
        path.split('/').filter(|p| !p.is_empty()).map(|part| escape(part, false)).collect();
    out.push_str(&parts.join("/"));
    if !version.is_empty() {
        out.push('@');
        out.push_str(&escape(version, false));
    }
    let epoch = if epoch > 0 { epoch.to_string() } else { String::new() };
    let distro = distro.unwrap_or_default();
    let qualifiers = [("arch", arch), ("distro", &distro), ("epoch", &epoch), ("modularitylabel", module)];
    let written: Vec<String> = qualifiers
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| format!("{key}={}", escape(value, true)))
        .collect();
    if !written.is_empty() {
        out.push('?');
        out.push_str(&written.join("&"));
    }
    out
}

/// Percent-encodes what a part of a path, or a qualifier, must not hold.
pub(super) fn escape(text: &str, qualifier: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let kept = byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_' | b'.' | b'~')
            || byte == b':'
            || (qualifier && byte == b'/');
        match kept {
            true => out.push(char::from(byte)),
            false => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
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
pub(crate) fn decode(text: &str) -> String {
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
    fn writing() {
        let os = |id: &str, version: &str| Some(Os::from_release(id, version));
        for (ecosystem, name, version, arch, os, want) in [
            (
                Ecosystem::Apk,
                "libc++",
                "1-r0",
                "x86_64",
                os("alpine", "3.10.2"),
                "pkg:apk/alpine/libc%2B%2B@1-r0?arch=x86_64&distro=3.10.2",
            ),
            (
                Ecosystem::Rpm,
                "bash",
                "4.2.46-33.el7",
                "x86_64",
                os("rhel", "7.7"),
                "pkg:rpm/redhat/bash@4.2.46-33.el7?arch=x86_64&distro=redhat-7.7",
            ),
            (
                Ecosystem::Go,
                "github.com/Docker/distribution",
                "v2.7.1+incompatible",
                "",
                None,
                "pkg:golang/github.com/docker/distribution@v2.7.1%2Bincompatible",
            ),
            (Ecosystem::Npm, "@Babel/core", "7", "", None, "pkg:npm/%40babel/core@7"),
            (Ecosystem::Maven, "a.b:c", "1", "", None, "pkg:maven/a.b/c@1"),
            (Ecosystem::PyPi, "Zope_x", "1", "", None, "pkg:pypi/zope-x@1"),
            (Ecosystem::Go, "./local", "", "", None, ""),
        ] {
            assert_eq!(write(ecosystem, name, version, arch, 0, "", os.as_ref()), want);
        }
    }

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
