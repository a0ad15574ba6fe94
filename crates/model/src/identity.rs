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

    /// The identity behind a user name.
    pub fn user(name: &str) -> Self {
        match name.strip_prefix(ACCOUNT).and_then(|rest| rest.split_once(':')) {
            Some((namespace, account))
                if !namespace.is_empty() && !account.is_empty() && !account.contains(':') =>
            {
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

    /// Groups this identity is in without anyone naming it.
    pub fn implicit_groups(&self) -> Vec<Arc<str>> {
        let authenticated: Arc<str> = Self::AUTHENTICATED.into();
        match self {
            Self::User(name) if &**name == "system:anonymous" => vec![Self::UNAUTHENTICATED.into()],
            Self::User(_) | Self::Cloud { .. } => vec![authenticated],
            Self::ServiceAccount { namespace, .. } => vec![
                "system:serviceaccounts".into(),
                format!("system:serviceaccounts:{namespace}").into(),
                authenticated,
            ],
            Self::Certificate { groups, .. } => {
                let mut all = groups.clone();
                all.push(authenticated);
                all
            }
            Self::Group(name) => vec![name.clone()],
        }
    }
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
