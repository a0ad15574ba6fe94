//! Content addresses and image references, normalised so that two spellings of one image are one value.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A content address: `sha256:` and 64 hex digits (`sha384:` and 96, `sha512:` and 128), lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Digest(Arc<str>);

impl Digest {
    /// Reads a digest; `None` when algorithm or length is wrong.
    pub fn parse(text: &str) -> Option<Self> {
        let (algorithm, hex) = text.split_once(':')?;
        let length = match algorithm {
            "sha256" => 64,
            "sha384" => 96,
            "sha512" => 128,
            _ => return None,
        };
        (hex.len() == length && lower_hex(hex)).then(|| Self(text.into()))
    }

    /// A digest as image stores of nodes write it: the 64 digits of a SHA-256 without `sha256:` are one, too.
    pub(crate) fn parse_bare(text: &str) -> Option<Self> {
        match text.len() {
            64 if lower_hex(text) => Some(Self(format!("sha256:{text}").into())),
            _ => Self::parse(text),
        }
    }

    /// `algorithm:hex`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn lower_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Digest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("the digest is malformed")
    }
}

/// Why a text is no image reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an image reference: {reason}")]
pub struct ParseReferenceError {
    reason: &'static str,
}

/// An image reference as OCI distribution writes it, normalised as Docker does.
///
/// `nginx` is `docker.io/library/nginx` with no tag; a missing tag and digest means `latest`. The registry is
/// lower case, as host names know no case, unless its case is all that makes it a host; Docker's own rule for what is a host is kept (a dot, a colon, an upper
/// case letter or `localhost` before the first slash).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Reference {
    /// Registry host with port.
    pub registry: Arc<str>,
    /// Repository path.
    pub repository: Arc<str>,
    /// Tag; `None` when only a digest was written.
    pub tag: Option<Arc<str>>,
    /// Digest, when pinned.
    pub digest: Option<Digest>,
}

/// What a saved reference is read through: it was parsed once and must parse again.
#[derive(Deserialize)]
struct Parts {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl TryFrom<Parts> for Reference {
    type Error = ParseReferenceError;

    fn try_from(parts: Parts) -> Result<Self, Self::Error> {
        let tag = parts.tag.map(|tag| format!(":{tag}")).unwrap_or_default();
        let digest = parts.digest.map(|digest| format!("@{digest}")).unwrap_or_default();
        format!("{}/{}{tag}{digest}", parts.registry, parts.repository).parse()
    }
}

impl std::str::FromStr for Reference {
    type Err = ParseReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = |reason| ParseReferenceError { reason };
        if text.is_empty() || text.len() > 1024 {
            return Err(bad("empty or too long"));
        }
        // `sha256:…` would otherwise read as repository `sha256` with a very long tag.
        if Digest::parse_bare(text).is_some() {
            return Err(bad("a digest alone names no repository"));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => {
                (rest, Some(Digest::parse(digest).ok_or(bad("the digest is malformed"))?))
            }
            None => (text, None),
        };
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (rest, None),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(bad("the tag is malformed"));
        }
        let (registry, path) = split_host(name);
        if !is_host(&registry) {
            return Err(bad("the registry is malformed"));
        }
        let repository = match path.contains('/') {
            false if registry == DOCKER_HUB => format!("library/{path}"),
            _ => path.to_owned(),
        };
        if repository.len() > 255 || !repository.split('/').all(is_component) {
            return Err(bad("the repository is malformed"));
        }
        let tag = match (tag, &digest) {
            (Some(tag), _) => Some(tag.into()),
            (None, Some(_)) => None,
            (None, None) => Some("latest".into()),
        };
        Ok(Self { registry: registry.into(), repository: repository.into(), tag, digest })
    }
}

const DOCKER_HUB: &str = "docker.io";

/// The registry of a name, lower case, and what follows it.
fn split_host(name: &str) -> (String, &str) {
    match name.split_once('/') {
        Some((host, path))
            if host.contains(['.', ':'])
                || host == "localhost"
                || host.bytes().any(|b| b.is_ascii_uppercase()) =>
        {
            let lower = host.to_ascii_lowercase();
            match lower.as_str() {
                "index.docker.io" => (DOCKER_HUB.to_owned(), path),
                // Nothing but its case tells that this is a host.
                bare if !bare.contains(['.', ':']) && bare != "localhost" => (host.to_owned(), path),
                _ => (lower, path),
            }
        }
        _ => (DOCKER_HUB.to_owned(), name),
    }
}

fn is_tag(tag: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    (1..=128).contains(&tag.len()) && tag.bytes().all(word) && !tag.starts_with(['.', '-'])
}

/// A host name, an IPv4 address or an IPv6 address in brackets, with an optional port.
fn is_host(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    if port.is_some_and(|port| port.parse::<u16>().is_err() || port.starts_with('+')) {
        return false;
    }
    if let Some(address) = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    name.split('.').all(|label| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    })
}

/// One part of a repository: runs of lower case letters and digits, joined by `.`, `_`, `__` or hyphens.
fn is_component(part: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let separators = part.split(|c: char| c.is_ascii() && inner(c as u8)).filter(|run| !run.is_empty());
    let ends = part.bytes().next().is_some_and(inner) && part.bytes().next_back().is_some_and(inner);
    ends && separators
        .into_iter()
        .all(|run| matches!(run, "." | "_" | "__") || run.bytes().all(|b| b == b'-'))
}

impl Reference {
    /// `registry/repository:tag`, without digest.
    pub fn tagged(&self) -> Option<String> {
        self.tag.as_ref().map(|tag| format!("{}/{}:{tag}", self.registry, self.repository))
    }

    /// The last part of the repository with its tag: what a person calls the image.
    pub fn familiar(&self) -> String {
        let name = self.repository.rsplit('/').next().unwrap_or(&self.repository);
        match (&self.tag, &self.digest) {
            (Some(tag), _) => format!("{name}:{tag}"),
            (None, Some(digest)) => {
                format!("{name}@{}", digest.as_str().get(..19).unwrap_or(digest.as_str()))
            }
            (None, None) => name.to_owned(),
        }
    }

    /// Whether someone who may push can change what this reference means.
    pub fn mutable(&self) -> bool {
        self.digest.is_none()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sha(c: char) -> String {
        format!("sha256:{}", c.to_string().repeat(64))
    }

    #[test]
    fn spellings_are_normalised() {
        let a = sha('a');
        let pinned = format!("nginx@{a}");
        let both = format!("registry.test/shop/web:1.4@{a}");
        let want_pinned = format!("docker.io/library/nginx@{a}");
        let rows: &[(&str, &str)] = &[
            ("nginx", "docker.io/library/nginx:latest"),
            ("nginx:1.25", "docker.io/library/nginx:1.25"),
            ("library/nginx", "docker.io/library/nginx:latest"),
            ("docker.io/nginx:1.25", "docker.io/library/nginx:1.25"),
            ("docker.io/library/nginx:1.25", "docker.io/library/nginx:1.25"),
            ("index.docker.io/nginx:1.25", "docker.io/library/nginx:1.25"),
            ("index.docker.io/library/nginx", "docker.io/library/nginx:latest"),
            ("Docker.IO/nginx", "docker.io/library/nginx:latest"),
            ("bitnami/redis:7", "docker.io/bitnami/redis:7"),
            ("registry.test/app", "registry.test/app:latest"),
            ("registry.test:5000/app", "registry.test:5000/app:latest"),
            ("registry.test:5000/team/app:v1", "registry.test:5000/team/app:v1"),
            // No slash: what looks like a port is a tag.
            ("registry.test:5000", "docker.io/library/registry.test:5000"),
            ("Registry.TEST/app:V1", "registry.test/app:V1"),
            // An upper case letter makes it a host, as in Docker.
            ("MYHOST/app", "MYHOST/app:latest"),
            ("localhost/app", "localhost/app:latest"),
            ("localhost:5001/app:dev", "localhost:5001/app:dev"),
            ("localhosts/app", "docker.io/localhosts/app:latest"),
            ("10.0.0.7:5000/app", "10.0.0.7:5000/app:latest"),
            ("[::1]:5000/app", "[::1]:5000/app:latest"),
            ("[fd00::7]/app", "[fd00::7]/app:latest"),
            ("registry.test/a__b/c-d/e.f---g", "registry.test/a__b/c-d/e.f---g:latest"),
            (&pinned, &want_pinned),
            (&both, &both),
        ];
        for (text, want) in rows {
            let parsed: Result<Reference, _> = text.parse();
            assert_eq!(parsed.map(|r| r.to_string()).as_deref(), Ok(*want), "{text}");
        }
    }

    #[test]
    fn a_name_without_dot_is_no_host_even_with_upper_case_later() {
        assert!("team/App".parse::<Reference>().is_err());
    }

    #[test]
    fn malformed_ones_are_refused() {
        let (digest, hex) = (sha('a'), "a".repeat(64));
        let long_tag = format!("app:{}", "t".repeat(129));
        let long_name = format!("registry.test/{}", "n".repeat(256));
        let upper_digest = format!("app@sha256:{}", "A".repeat(64));
        let twice = format!("app@{digest}@{digest}");
        let nameless = format!("@{digest}");
        let rows = [
            "",
            ":",
            ":tag",
            "/",
            "/app",
            "app/",
            "app//web",
            "app:",
            "app:-t",
            "app:.t",
            "app:a b",
            "app: ",
            "App",
            "registry.test/App",
            "registry.test/.app",
            "registry.test/app.",
            "registry.test/a..b",
            "registry.test/a___b",
            "registry.test/../etc",
            "registry.test:port/app",
            "registry.test:/app",
            "registry.test:99999/app",
            "registry.test:+80/app",
            "-registry.test/app",
            "registry..test/app",
            "[::1/app",
            "[zz]/app",
            "http://registry.test/app",
            "app@sha256:abc",
            "app@md5:abc",
            "app@",
            "registry.test/app\u{202e}",
            "registry.test/größe",
            "app\0",
            "app\n",
            &digest,
            &hex,
            &long_tag,
            &long_name,
            &upper_digest,
            &twice,
            &nameless,
        ];
        for text in rows {
            assert!(
                text.parse::<Reference>().is_err(),
                "{text:?} was read as {:?}",
                text.parse::<Reference>()
            );
        }
        assert!("x".repeat(1025).parse::<Reference>().is_err());
    }

    #[test]
    fn digests() {
        let rows = [
            (format!("sha256:{}", "0f".repeat(32)), true),
            (format!("sha384:{}", "0f".repeat(48)), true),
            (format!("sha512:{}", "0f".repeat(64)), true),
            (format!("sha256:{}", "0F".repeat(32)), false),
            (format!("sha256:{}", "0f".repeat(31)), false),
            (format!("sha512:{}", "0f".repeat(32)), false),
            (format!("sha1:{}", "0f".repeat(20)), false),
            ("0f".repeat(32), false),
            ("sha256:".to_owned(), false),
            (String::new(), false),
        ];
        for (text, want) in rows {
            assert_eq!(Digest::parse(&text).is_some(), want, "{text}");
        }
    }

    #[test]
    fn parts_for_people() {
        let reference = |text: &str| text.parse::<Reference>().unwrap();
        let a = sha('a');
        assert_eq!(reference("registry.test/shop/web:1.4").familiar(), "web:1.4");
        assert_eq!(reference(&format!("shop/web@{a}")).familiar(), "web@sha256:aaaaaaaaaaaa");
        assert_eq!(reference(&format!("web:1@{a}")).tagged().as_deref(), Some("docker.io/library/web:1"));
        assert_eq!(reference(&format!("web@{a}")).tagged(), None);
        assert!(reference("web:1").mutable());
        assert!(!reference(&format!("web:1@{a}")).mutable());
    }

    #[test]
    fn saved_references_are_checked_again() {
        let reference: Reference = "registry.test/app:v1".parse().unwrap();
        let text = serde_json::to_string(&reference).unwrap();
        assert_eq!(serde_json::from_str::<Reference>(&text).unwrap(), reference);
        assert!(serde_json::from_str::<Reference>(&text.replace("v1", "\\u001b[2J")).is_err());
        assert!(serde_json::from_str::<Digest>("\"sha256:zz\"").is_err());
    }

    proptest! {
        #[test]
        fn display_parses_back(
            host in "|registry\\.test|localhost:[1-9][0-9]{0,3}|[a-z]{1,5}\\.test:[1-9][0-9]{3}|index\\.docker\\.io|ReG\\.TeST",
            path in "[a-z0-9]{1,8}((_|__|-{1,2})[a-z0-9]{1,4}){0,2}(/[a-z0-9]{1,8}(\\.[a-z0-9]{1,3})?){0,3}",
            tag in "(:[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,12})?",
            pinned in any::<bool>(),
        ) {
            let slash = if host.is_empty() { "" } else { "/" };
            let digest = if pinned { format!("@{}", sha('b')) } else { String::new() };
            let text = format!("{host}{slash}{path}{tag}{digest}");
            let parsed: Reference = text.parse().map_err(|e| TestCaseError::fail(format!("{text}: {e}")))?;
            let again: Reference = parsed.to_string().parse().map_err(|e| TestCaseError::fail(format!("{e}")))?;
            prop_assert_eq!(&parsed, &again);
            prop_assert_eq!(parsed.mutable(), !pinned);
        }

        #[test]
        fn any_text_is_read_or_refused_and_what_is_read_parses_back(text in "\\PC{0,80}|[a-z:/@.\\[\\]-]{0,40}") {
            if let Ok(parsed) = text.parse::<Reference>() {
                prop_assert_eq!(parsed.to_string().parse::<Reference>(), Ok(parsed));
            }
        }
    }
}
