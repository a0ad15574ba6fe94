//! Why a registry could not be asked.

use model::Digest;
use std::time::Duration;

/// Why a registry could not be asked. None of these means "not there".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The registry does not let us: 401, 403, or a token that was not given.
    #[error("{url}: refused ({status}){why}")]
    Refused {
        /// What was asked.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What the registry said, after `: `, or nothing.
        why: String,
    },
    /// 429, again and again.
    #[error("{url}: throttled (429){}", wait(*after))]
    Throttled {
        /// What was asked.
        url: String,
        /// When the registry wants to be asked again.
        after: Option<Duration>,
    },
    /// A status that means neither yes nor no.
    #[error("{url}: answered {status}{why}")]
    Status {
        /// What was asked.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What the registry said, after `: `, or nothing.
        why: String,
    },
    /// No connection, no TLS, or the answer broke off.
    #[error("{url}: {why}")]
    Network {
        /// What was asked.
        url: String,
        /// Why.
        why: String,
    },
    /// Too slow.
    #[error("{url}: timed out ({what})")]
    TimedOut {
        /// What was asked.
        url: String,
        /// Which patience ended.
        what: &'static str,
    },
    /// More bytes than are read of such a thing.
    #[error("{url}: more than {cap} bytes")]
    TooLarge {
        /// What was asked.
        url: String,
        /// The cap.
        cap: u64,
    },
    /// The bytes are not those of the digest.
    #[error("{url}: the bytes that came are not those of {want}")]
    WrongDigest {
        /// What was asked.
        url: String,
        /// The digest that was asked for.
        want: Digest,
    },
    /// A redirect, realm or page that leads where we do not go.
    #[error("{url}: {why}")]
    Blocked {
        /// Where it led.
        url: String,
        /// Why we do not go there.
        why: String,
    },
    /// An answer that makes no sense.
    #[error("{url}: {why}")]
    Malformed {
        /// What was asked.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// Credentials could not be had.
    #[error("credentials for {registry}: {why}")]
    Credentials {
        /// The registry.
        registry: String,
        /// Why.
        why: String,
    },
    /// The client could not be set up.
    #[error("{0}")]
    Setup(String),
}

fn wait(after: Option<Duration>) -> String {
    after.map(|after| format!(", to be asked again in {} s", after.as_secs())).unwrap_or_default()
}

impl Error {
    /// A stable word for the kind of error, kebab-case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused",
            Self::Throttled { .. } => "throttled",
            Self::Status { .. } => "registry-error",
            Self::Network { .. } => "network",
            Self::TimedOut { .. } => "timed-out",
            Self::TooLarge { .. } => "too-large",
            Self::WrongDigest { .. } => "wrong-digest",
            Self::Blocked { .. } => "blocked",
            Self::Malformed { .. } => "malformed",
            Self::Credentials { .. } => "credentials",
            Self::Setup(_) => "setup",
        }
    }
}

/// What a registry wrote, short and safe to print.
pub(super) fn said(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        return String::new();
    }
    let short: String = text.chars().take(200).collect();
    format!(": {}", model::escape(&short))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_registry_are_short_and_harmless() {
        assert_eq!(said("  "), "");
        assert_eq!(said("denied"), ": denied");
        assert!(!said("\u{1b}[2J").contains('\u{1b}'));
        assert!(said(&"x".repeat(10_000)).len() < 300);
    }

    #[test]
    fn errors_name_what_was_asked() {
        let error =
            Error::Throttled { url: "https://registry.test/v2/".into(), after: Some(Duration::from_secs(7)) };
        assert_eq!(error.to_string(), "https://registry.test/v2/: throttled (429), to be asked again in 7 s");
        assert_eq!(error.code(), "throttled");
    }
}
