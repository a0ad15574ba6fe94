//! The server's version, and what depends on it.

use std::fmt;

/// Minor version of the API server (major is 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerVersion(
    /// The minor: 36 for `v1.36.3`.
    pub u32,
);

impl ServerVersion {
    /// The newest whose rules are known; what manifests are judged by unless told otherwise.
    pub const LATEST: Self = Self(37);

    /// Reads `v1.36.3`, `1.34`, `v1.29.3-eks-abc`, `1.28+`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('v').unwrap_or(text).strip_prefix("1.")?;
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok().map(Self)
    }

    /// Whether a WebSocket upgrade on `pods/exec`, `attach` and `portforward` asks for `create` as well as `get`.
    ///
    /// `AuthorizePodWebsocketUpgradeCreatePermission`, on since 1.35: before, `get` alone executed in pods.
    pub fn websocket_needs_create(self) -> bool {
        self.0 >= 35
    }

    /// Whether `impersonate:MODE` and `impersonate-on:MODE:VERB` mean something (`ConstrainedImpersonation`, on
    /// since 1.36).
    pub fn constrained_impersonation(self) -> bool {
        self.0 >= 36
    }

    /// Whether `nodes/metrics`, `nodes/pods`, … suffice where `nodes/proxy` was needed (`KubeletFineGrainedAuthz`,
    /// on since 1.33).
    pub fn fine_grained_kubelet(self) -> bool {
        self.0 >= 33
    }
}

impl Default for ServerVersion {
    fn default() -> Self {
        Self::LATEST
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_as_servers_write_them() {
        for (text, minor) in [
            ("v1.36.3", Some(36)),
            ("1.34", Some(34)),
            ("v1.29.3-eks-abc", Some(29)),
            ("1.28+", Some(28)),
            ("2.0", None),
            ("", None),
            ("v1.", None),
        ] {
            assert_eq!(ServerVersion::parse(text), minor.map(ServerVersion), "{text}");
        }
    }

    #[test]
    fn exec_by_get_ends_with_1_35() {
        assert!(!ServerVersion(34).websocket_needs_create());
        assert!(ServerVersion(35).websocket_needs_create());
    }
}
