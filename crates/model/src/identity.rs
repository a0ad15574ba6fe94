//! Who acts: users, groups, accounts, certificates and cloud principals.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// One who can be allowed something.
///
/// A User named `system:serviceaccount:ns:name` *is* the account: [`Identity::user`] resolves it, so that a
/// binding, a pod and an audit event meet on one key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Identity {
    /// A user name as the authenticator gave it.
    User(Arc<str>),
    /// A group: every identity in it.
    Group(Arc<str>),
    /// An account of a namespace.
    ServiceAccount {
        /// Its namespace.
        namespace: Arc<str>,
        /// Its name.
        name: Arc<str>,
    },
    /// A client certificate: common name is the user, organisations are the groups.
    Certificate {
        /// Common name.
        user: Arc<str>,
        /// Organisations.
        groups: Vec<Arc<str>>,
    },
    /// A principal of a cloud, mapped to a user and groups by the cluster's configuration.
    Cloud {
        /// `aws`, `gcp` or `azure`.
        provider: Arc<str>,
        /// ARN, e-mail address or object id.
        principal: Arc<str>,
    },
}

const ACCOUNT: &str = "system:serviceaccount:";

impl Identity {
    /// Every authenticated identity.
    pub const AUTHENTICATED: &'static str = "system:authenticated";
    /// Every request without credentials.
    pub const UNAUTHENTICATED: &'static str = "system:unauthenticated";
    /// Bypasses authorization altogether; no binding can take it away.
    pub const MASTERS: &'static str = "system:masters";

    /// The user of a request without credentials.
    const ANONYMOUS: &'static str = "system:anonymous";

    /// The identity behind a user name: an account where Kubernetes' `SplitUsername` finds one (two parts, a DNS
    /// label and a DNS subdomain), else a User.
    pub fn user(name: &str) -> Self {
        match name.strip_prefix(ACCOUNT).and_then(|rest| rest.split_once(':')) {
            Some((namespace, account)) if is_label(namespace) && is_subdomain(account) => {
                Self::account(namespace, account)
            }
            _ => Self::User(name.into()),
        }
    }

    /// An account.
    pub fn account(namespace: &str, name: &str) -> Self {
        Self::ServiceAccount { namespace: namespace.into(), name: name.into() }
    }

    /// A group.
    pub fn group(name: &str) -> Self {
        Self::Group(name.into())
    }

    /// The user name the API server sees; `None` for groups and for cloud principals, whose mapping is elsewhere.
    pub fn username(&self) -> Option<String> {
        match self {
            Self::User(name) | Self::Certificate { user: name, .. } => Some(name.to_string()),
            Self::ServiceAccount { namespace, name } => Some(format!("{ACCOUNT}{namespace}:{name}")),
            Self::Group(_) | Self::Cloud { .. } => None,
        }
    }

    /// Groups this identity is in without anyone naming it, as the API server's group adder has them. For a group:
    /// itself and the groups every member of it is in.
    pub fn implicit_groups(&self) -> Vec<Arc<str>> {
        let authenticated: Arc<str> = Self::AUTHENTICATED.into();
        match self {
            Self::User(name) if &**name == Self::ANONYMOUS => vec![Self::UNAUTHENTICATED.into()],
            Self::User(_) | Self::Cloud { .. } => vec![authenticated],
            Self::ServiceAccount { namespace, .. } => {
                vec![ACCOUNTS.into(), format!("{ACCOUNTS}:{namespace}").into(), authenticated]
            }
            Self::Certificate { user, groups } => {
                let mut all = groups.clone();
                let told = [Self::AUTHENTICATED, Self::UNAUTHENTICATED];
                if &**user != Self::ANONYMOUS && !groups.iter().any(|group| told.contains(&&**group)) {
                    all.push(authenticated);
                }
                all
            }
            Self::Group(name) => {
                let mut all = vec![name.clone()];
                if name.strip_prefix(ACCOUNTS).is_some_and(|rest| rest.starts_with(':')) {
                    all.push(ACCOUNTS.into());
                }
                if ![Self::AUTHENTICATED, Self::UNAUTHENTICATED].contains(&&**name) {
                    all.push(authenticated);
                }
                all
            }
        }
    }
}

/// Every account's group; with `:namespace`, every account's of that namespace.
const ACCOUNTS: &str = "system:serviceaccounts";

/// A DNS label (RFC 1123).
fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    text.len() <= 63
        && !text.is_empty()
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// A DNS subdomain (RFC 1123) as Kubernetes names most objects: its labels may be long.
fn is_subdomain(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let part = |part: &str| {
        !part.is_empty() && part.bytes().all(inner) && !part.starts_with('-') && !part.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(part)
}

/// `ServiceAccount ns/name`, `User name`, …, safe to print.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::User(name) => format!("User {name}"),
            Self::Group(name) => format!("Group {name}"),
            Self::ServiceAccount { namespace, name } => format!("ServiceAccount {namespace}/{name}"),
            Self::Certificate { user, .. } => format!("Certificate {user}"),
            Self::Cloud { provider, principal } => format!("{provider} principal {principal}"),
        };
        f.write_str(&crate::escape(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_that_are_accounts() {
        let long = format!("system:serviceaccount:{}:web", "n".repeat(64));
        let rows = [
            ("system:serviceaccount:shop:web", Some(("shop", "web"))),
            (
                "system:serviceaccount:kube-system:replicaset-controller",
                Some(("kube-system", "replicaset-controller")),
            ),
            ("system:serviceaccount:shop:web.v1", Some(("shop", "web.v1"))),
            ("system:serviceaccount:1shop:0", Some(("1shop", "0"))),
            ("system:serviceaccount:shop", None),
            ("system:serviceaccount:shop:", None),
            ("system:serviceaccount::web", None),
            ("system:serviceaccount::", None),
            ("system:serviceaccount:shop:web:x", None),
            ("system:serviceaccount:Shop:web", None),
            ("system:serviceaccount:sh.op:web", None),
            ("system:serviceaccount:shop:Web", None),
            ("system:serviceaccount:shop:web.", None),
            ("system:serviceaccount:shop:-web", None),
            ("system:serviceaccount:shop/x:web", None),
            ("system:serviceaccount: shop:web", None),
            ("System:serviceaccount:shop:web", None),
            ("system:serviceaccounts:shop:web", None),
            ("x-system:serviceaccount:shop:web", None),
            (&long, None),
            ("system:node:node-1", None),
            ("alice@example.org", None),
            ("", None),
        ];
        for (user, want) in rows {
            let want = want.map_or(Identity::User(user.into()), |(ns, name)| Identity::account(ns, name));
            let got = Identity::user(user);
            assert_eq!(got, want, "{user}");
            // Whatever it is, the API server's name for it is what was read.
            assert_eq!(got.username().as_deref(), Some(user));
        }
    }

    #[test]
    fn groups_nobody_names() {
        let certificate = |user: &str, groups: &[&str]| Identity::Certificate {
            user: user.into(),
            groups: groups.iter().map(|g| Arc::from(*g)).collect(),
        };
        let cloud = Identity::Cloud { provider: "aws".into(), principal: "arn:aws:iam::1:role/dev".into() };
        let (yes, no) = (Identity::AUTHENTICATED, Identity::UNAUTHENTICATED);
        let rows: &[(Identity, &[&str])] = &[
            (Identity::user("alice"), &[yes]),
            (Identity::user("system:anonymous"), &[no]),
            (Identity::user("system:serviceaccount:shop"), &[yes]),
            (
                Identity::user("system:serviceaccount:shop:web"),
                &["system:serviceaccounts", "system:serviceaccounts:shop", yes],
            ),
            (certificate("admin", &["system:masters"]), &["system:masters", yes]),
            (certificate("bob", &[]), &[yes]),
            (certificate("bob", &[yes]), &[yes]),
            (certificate("bob", &[no]), &[no]),
            (certificate("system:anonymous", &["dev"]), &["dev"]),
            (cloud, &[yes]),
            (Identity::group("dev"), &["dev", yes]),
            (Identity::group(yes), &[yes]),
            (Identity::group(no), &[no]),
            (Identity::group("system:serviceaccounts"), &["system:serviceaccounts", yes]),
            (
                Identity::group("system:serviceaccounts:shop"),
                &["system:serviceaccounts:shop", "system:serviceaccounts", yes],
            ),
        ];
        for (who, want) in rows {
            let got = who.implicit_groups();
            assert_eq!(got.iter().map(|g| &**g).collect::<Vec<_>>(), *want, "{who}");
        }
    }

    #[test]
    fn user_names_and_printed_names() {
        let certificate =
            Identity::Certificate { user: "admin".into(), groups: vec!["system:masters".into()] };
        let cloud = Identity::Cloud { provider: "gcp".into(), principal: "a@example.org".into() };
        let rows = [
            (
                Identity::account("shop", "web"),
                Some("system:serviceaccount:shop:web"),
                "ServiceAccount shop/web",
            ),
            (Identity::user("alice\u{202e}"), Some("alice\u{202e}"), "User alice\\u{202e}"),
            (Identity::group("dev"), None, "Group dev"),
            (certificate, Some("admin"), "Certificate admin"),
            (cloud, None, "gcp principal a@example.org"),
        ];
        for (who, user, shown) in rows {
            assert_eq!(who.username().as_deref(), user);
            assert_eq!(who.to_string(), shown);
        }
    }
}
