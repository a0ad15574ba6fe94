//! Addresses a registry may lead us to: URLs of redirects, realms and pages, and which of them are out of bounds.

use super::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An absolute URL in the parts that matter here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    /// TLS or not.
    pub(super) tls: bool,
    /// Host, lower case, IPv6 in brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// Path and query, with the leading slash.
    pub(super) path: String,
}

impl Url {
    /// The address of a path below a registry's host (with port).
    pub(super) fn of(tls: bool, host: &str, path: &str) -> Option<Self> {
        Self::parse(&format!("{}://{host}{path}", if tls { "https" } else { "http" }))
    }

    /// Reads an absolute URL; user names and fragments are refused and dropped, in that order.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let rest = rest.split('#').next()?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end)?;
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
            _ => (authority, if tls { 443 } else { 80 }),
        };
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let valid = match bare {
            Some(bare) => bare.parse::<Ipv6Addr>().is_ok(),
            None => {
                !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
            }
        };
        let plain = path.bytes().all(|b| b.is_ascii_graphic());
        if !valid || !plain || path.len() > 8192 {
            return None;
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Some(Self { tls, host: host.to_ascii_lowercase(), port, path })
    }

    /// Where a `Location` or `Link` found at this URL leads.
    pub(super) fn join(&self, text: &str) -> Option<Self> {
        if text.contains("://") && text.find("://") < text.find(['/', '?']) {
            return Self::parse(text);
        }
        if let Some(rest) = text.strip_prefix("//") {
            return Self::parse(&format!("{}://{rest}", self.scheme()));
        }
        let path = self.path.split('?').next().unwrap_or("/");
        let path = match text.chars().next() {
            Some('/') => text.to_owned(),
            Some('?') => format!("{path}{text}"),
            _ => format!("{}/{text}", path.rsplit_once('/').map_or("", |(folder, _)| folder)),
        };
        Self::parse(&format!("{}{path}", self.origin()))
    }

    fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }

    /// Scheme, host and port: what must be equal for credentials to be sent along.
    pub(super) fn origin(&self) -> String {
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => format!("{}://{}", self.scheme(), self.host),
            _ => format!("{}://{}:{}", self.scheme(), self.host, self.port),
        }
    }

    /// With a query appended.
    pub(super) fn with_query(&self, query: &str) -> Self {
        let mark = if self.path.contains('?') { '&' } else { '?' };
        Self { path: format!("{}{mark}{query}", self.path), ..self.clone() }
    }

    /// What a person may read: without the query, which may hold a signature or a token.
    pub(super) fn shown(&self) -> String {
        format!("{}{}", self.origin(), self.path.split('?').next().unwrap_or_default())
    }

    /// The whole URL.
    pub(super) fn text(&self) -> String {
        format!("{}{}", self.origin(), self.path)
    }

    /// Whether this leads to another place than `home`, and what forbids going there at all.
    pub(super) fn guard(&self, home: &Self) -> Result<(), Error> {
        if home.tls && !self.tls {
            return Err(Error::Blocked { url: self.shown(), why: "it leads away from TLS".to_owned() });
        }
        Ok(())
    }
}

/// Where an address is, from far to near.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// Anywhere.
    Public,
    /// A private network.
    Private,
    /// This machine.
    Loopback,
    /// Link-local, a cloud's metadata service, multicast, unspecified.
    Link,
}

impl Place {
    pub(super) fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => Self::of_v4(v4),
            IpAddr::V6(v6) => Self::of_v6(v6),
        }
    }

    fn of_v4(v4: Ipv4Addr) -> Self {
        let [a, b, ..] = v4.octets();
        if v4.is_loopback() {
            Self::Loopback
        } else if v4.is_link_local()
            || v4.is_multicast()
            || v4.is_broadcast()
            || a == 0
            // Metadata of Alibaba Cloud and of Oracle's classic network.
            || [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192)].contains(&v4)
        {
            Self::Link
        } else if v4.is_private() || (a == 100 && (64..128).contains(&b)) {
            Self::Private
        } else {
            Self::Public
        }
    }

    fn of_v6(v6: Ipv6Addr) -> Self {
        let [a, b, c, d, e, f, g, h] = v6.segments();
        let embedded = |high: u16, low: u16| {
            let ([w, x], [y, z]) = (high.to_be_bytes(), low.to_be_bytes());
            Self::of_v4(Ipv4Addr::new(w, x, y, z))
        };
        match (a, b, c, d, e) {
            _ if v6.is_loopback() => Self::Loopback,
            // Metadata of Amazon and of Google.
            (0xfd00, 0xec2, 0, 0, 0) | (0xfd20, 0xce, 0, 0, 0) => Self::Link,
            _ if v6.is_unspecified() || v6.is_multicast() || a & 0xffc0 == 0xfe80 => Self::Link,
            // IPv4 in IPv6: mapped, compatible, NAT64, 6to4.
            (0, 0, 0, 0, 0) if f == 0xffff || f == 0 => embedded(g, h),
            (0x64, 0xff9b, ..) => embedded(g, h),
            (0x2002, high, low, ..) => embedded(high, low),
            _ if a & 0xfe00 == 0xfc00 => Self::Private,
            _ => Self::Public,
        }
    }

    /// Whether a registry that lives at `home` may lead us here.
    pub(super) fn reachable_from(self, home: Self) -> bool {
        match self {
            Self::Public => true,
            Self::Private => home != Self::Public,
            Self::Loopback | Self::Link => home == self,
        }
    }
}

/// Whether a host (with or without port) is by its name on this machine.
pub(super) fn names_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => name,
        _ => host,
    };
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether credentials of the registry at `home` may be sent to the realm it names.
///
/// Any registry names its realm freely, so a broken or plain one could have them sent anywhere: the same host, or
/// another of the same domain over TLS (`registry-1.docker.io` and `auth.docker.io`), or one the user named.
pub(super) fn may_know(home: &Url, realm: &Url, named: &[String]) -> bool {
    let host_and_port = format!("{}:{}", realm.host, realm.port);
    if home.origin() == realm.origin()
        || named.iter().any(|host| *host == realm.host || *host == host_and_port)
    {
        return true;
    }
    if !home.tls || !realm.tls {
        return false;
    }
    let is_address = |host: &str| host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok();
    if is_address(&home.host) || is_address(&realm.host) {
        return false;
    }
    // Red Hat's registry keeps its accounts elsewhere.
    home.host == realm.host
        || (home.host == "registry.redhat.io" && realm.host == "sso.redhat.com")
        || domain(&home.host).is_some_and(|domain| Some(domain) == self::domain(&realm.host))
}

/// The last two labels of a host, or three where the second is a common one (`example.co.uk`).
fn domain(host: &str) -> Option<&str> {
    let dots: Vec<usize> = host.match_indices('.').map(|(at, _)| at).collect();
    let label = |n: usize| host.rsplit('.').nth(n);
    let second_is_common =
        label(0).is_some_and(|top| top.len() == 2) && label(1).is_some_and(|l| l.len() <= 3);
    let labels = if second_is_common { 3 } else { 2 };
    match dots.len().checked_sub(labels) {
        Some(at) => host.get(dots.get(at)?.checked_add(1)?..),
        None => (dots.len().saturating_add(1) == labels).then_some(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (text, want) in [
            ("https://registry.test/v2/", Some("https://registry.test/v2/")),
            ("HTTPS://Registry.Test:443/v2/#x", Some("https://registry.test/v2/")),
            ("http://127.0.0.1:5000", Some("http://127.0.0.1:5000/")),
            ("http://[::1]:5000/a?b=c", Some("http://[::1]:5000/a?b=c")),
            ("http://[::1]/a", Some("http://[::1]/a")),
            ("https://registry.test?x=1", Some("https://registry.test/?x=1")),
            ("https://user:pass@registry.test/", None),
            ("https://user@registry.test/", None),
            ("ftp://registry.test/", None),
            ("https:///path", None),
            ("https://registry.test:99999/", None),
            ("https://registry.test/a b", None),
            ("https://registry.test\\@evil.test/", None),
            ("file:///etc/passwd", None),
        ] {
            assert_eq!(Url::parse(text).map(|url| url.text()).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn joining() {
        let base = Url::parse("https://registry.test:5000/v2/app/tags/list?n=1").unwrap();
        for (text, want) in [
            ("/v2/x", "https://registry.test:5000/v2/x"),
            ("list?last=b", "https://registry.test:5000/v2/app/tags/list?last=b"),
            ("?last=b", "https://registry.test:5000/v2/app/tags/list?last=b"),
            ("//other.test/x", "https://other.test/x"),
            ("http://other.test/x", "http://other.test/x"),
            ("/r?u=http://x", "https://registry.test:5000/r?u=http://x"),
        ] {
            assert_eq!(base.join(text).map(|url| url.text()).as_deref(), Some(want), "{text}");
        }
    }

    #[test]
    fn places() {
        for (text, want) in [
            ("8.8.8.8", Place::Public),
            ("10.1.2.3", Place::Private),
            ("100.64.0.1", Place::Private),
            ("127.0.0.2", Place::Loopback),
            ("169.254.169.254", Place::Link),
            ("100.100.100.200", Place::Link),
            ("0.0.0.0", Place::Link),
            ("224.0.0.1", Place::Link),
            ("::1", Place::Loopback),
            ("::", Place::Link),
            ("fe80::1", Place::Link),
            ("fd00:ec2::254", Place::Link),
            ("fd12::1", Place::Private),
            ("::ffff:169.254.169.254", Place::Link),
            ("::ffff:127.0.0.1", Place::Loopback),
            ("64:ff9b::a9fe:a9fe", Place::Link),
            ("2002:7f00:1::", Place::Loopback),
            ("2606:4700::1", Place::Public),
        ] {
            assert_eq!(Place::of(text.parse().unwrap()), want, "{text}");
        }
        assert!(
            Place::Private.reachable_from(Place::Loopback) && !Place::Private.reachable_from(Place::Public)
        );
        assert!(!Place::Link.reachable_from(Place::Loopback) && Place::Link.reachable_from(Place::Link));
        assert!(
            Place::Loopback.reachable_from(Place::Loopback) && !Place::Loopback.reachable_from(Place::Link)
        );
    }

    #[test]
    fn realms() {
        let url = |text: &str| Url::parse(text).unwrap();
        for (home, realm, want) in [
            ("https://registry-1.docker.io", "https://auth.docker.io/token", true),
            ("https://registry.gitlab.com", "https://gitlab.com/jwt/auth", true),
            ("https://registry.redhat.io", "https://sso.redhat.com/auth", true),
            ("https://quay.io", "https://quay.io/v2/auth", true),
            ("https://registry.test:5000", "https://registry.test:5001/auth", true),
            ("https://registry.test", "https://evil.test/auth", false),
            ("https://registry.test", "https://registry.test.evil.example/auth", false),
            ("https://registry.test", "http://registry.test/auth", false),
            ("https://shop.co.uk", "https://evil.co.uk/auth", false),
            ("https://registry.shop.co.uk", "https://auth.shop.co.uk/", true),
            ("http://127.0.0.1:5000", "http://127.0.0.1:5000/auth", true),
            ("http://127.0.0.1:5000", "http://127.0.0.1:5001/auth", false),
            ("https://10.0.0.1", "https://10.0.0.1:5001/auth", false),
        ] {
            assert_eq!(may_know(&url(home), &url(realm), &[]), want, "{home} {realm}");
        }
        let named = ["evil.test".to_owned()];
        assert!(may_know(&url("https://registry.test"), &url("https://evil.test/auth"), &named));
    }
}
