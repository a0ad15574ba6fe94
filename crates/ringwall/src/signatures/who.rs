//! Options that say who must have signed, and the requirement they make.

use super::keys;
use crate::exit;
use clap::Args;
use model::Timestamp;
use signing::{IdentityRule, Pattern, Proofs, Requirement, Signer, Trust, TrustRoot, Wanted};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Who must have signed, and what must be proven beside the signature.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Who must have signed")]
pub(crate) struct WhoArgs {
    /// Public key, PEM: a file or `env://NAME`; of several any one will do
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Vec<String>,

    /// Keyless: the name in the certificate, exactly; of several any one will do
    #[arg(long, value_name = "NAME", alias = "certificate-identity")]
    pub(crate) identity: Vec<String>,

    /// Keyless: a regular expression for the name; write ^...$ to mean the whole name
    #[arg(long, value_name = "REGEX", alias = "certificate-identity-regexp")]
    pub(crate) identity_regexp: Vec<String>,

    /// Keyless: who vouches for the name, exactly
    #[arg(long, value_name = "URL", alias = "certificate-oidc-issuer")]
    pub(crate) issuer: Option<String>,

    /// Keyless: a regular expression for who vouches
    #[arg(long, value_name = "REGEX", alias = "certificate-oidc-issuer-regexp", conflicts_with = "issuer")]
    pub(crate) issuer_regexp: Option<String>,

    /// Trust root (trusted_root.json) instead of the built-in one of the public Sigstore
    #[arg(long, value_name = "FILE", alias = "trust-root")]
    pub(crate) trusted_root: Option<String>,

    /// With keys: the signature must be in a transparency log, too
    #[arg(long)]
    pub(crate) require_tlog: bool,

    /// Keyless: do without the transparency log (a timestamp must then prove the time)
    #[arg(long, alias = "insecure-ignore-tlog", conflicts_with = "require_tlog")]
    pub(crate) ignore_tlog: bool,

    /// Keyless: do without the certificate log
    #[arg(long, alias = "insecure-ignore-sct")]
    pub(crate) ignore_sct: bool,
}

/// A requirement and what a person should know of it.
pub(crate) struct Required {
    pub(crate) requirement: Requirement,
    /// The trust root, if one was needed: where from, and how old.
    pub(crate) root: Option<Root>,
}

/// Which trust root was used.
pub(crate) struct Root {
    /// `built in`, or the file.
    pub(crate) source: String,
    /// When the youngest key in it became valid.
    pub(crate) newest: Option<Timestamp>,
}

impl Root {
    /// One line for a person.
    pub(crate) fn line(&self) -> String {
        let age = self.newest.map(|newest| {
            let days = (Timestamp::now().as_second() - newest.as_second()).max(0) / 86_400;
            format!(", its youngest key is {days} days old")
        });
        format!("trust root: {}{}", model::escape(&self.source), age.unwrap_or_default())
    }
}

impl WhoArgs {
    /// Whether keys (else identities) are meant; neither or both is wrong usage.
    fn by_key(&self) -> anyhow::Result<bool> {
        let keyless = !self.identity.is_empty() || !self.identity_regexp.is_empty();
        let vouched = self.issuer.is_some() || self.issuer_regexp.is_some();
        match (!self.key.is_empty(), keyless, vouched) {
            (true, false, false) => Ok(true),
            (false, true, true) => Ok(false),
            (true, ..) => {
                Err(exit::usage("--key and --identity exclude each other: say which signature is meant"))
            }
            (false, false, _) => {
                Err(exit::usage("who must have signed? pass --key FILE, or --identity NAME and --issuer URL"))
            }
            (false, true, false) => Err(exit::usage(
                "--identity needs --issuer URL (or --issuer-regexp): a name means nothing without who vouches for it",
            )),
        }
    }

    /// The requirement; warnings go to stderr.
    pub(crate) fn requirement(
        &self,
        wanted: Wanted,
        annotations: BTreeMap<String, String>,
    ) -> anyhow::Result<Required> {
        let by_key = self.by_key()?;
        let mut signers = Vec::new();
        if by_key {
            for name in &self.key {
                signers.push(Signer::Key { key: keys::public(name)?, log: self.require_tlog });
            }
        } else {
            let proofs = Proofs { log: !self.ignore_tlog, certificate_log: !self.ignore_sct };
            let issuer = self.issuer_pattern()?;
            for identity in self.identities()? {
                let rule = IdentityRule { identity, issuer: issuer.clone() };
                signers.push(Signer::Identity { rule, proofs });
            }
        }
        let (trust, root) = match !by_key || self.require_tlog {
            true => self.trust().map(|(trust, root)| (Some(trust), Some(root)))?,
            false => (None, None),
        };
        Ok(Required { requirement: Requirement { wanted, signers, annotations, trust }, root })
    }

    fn identities(&self) -> anyhow::Result<Vec<Pattern>> {
        let mut all: Vec<_> = self.identity.iter().cloned().map(Pattern::Exact).collect();
        for regex in &self.identity_regexp {
            all.push(pattern(regex)?);
        }
        Ok(all)
    }

    fn issuer_pattern(&self) -> anyhow::Result<Pattern> {
        match (&self.issuer, &self.issuer_regexp) {
            (Some(issuer), _) => Ok(Pattern::Exact(issuer.clone())),
            (None, Some(regex)) => pattern(regex),
            (None, None) => Err(exit::usage("--issuer is missing")),
        }
    }

    /// The trust root that is named, else the built-in one.
    pub(crate) fn trust(&self) -> anyhow::Result<(Arc<dyn Trust>, Root)> {
        let (trust, source) = match &self.trusted_root {
            Some(path) => {
                let bytes = keys::small_file(path)?;
                let text = String::from_utf8_lossy(&bytes);
                let trust = TrustRoot::from_json(&text)
                    .map_err(|error| exit::unreadable(format!("{}: {error}", model::escape(path))))?;
                (trust, path.clone())
            }
            None => {
                let trust = TrustRoot::built_in().map_err(|error| anyhow::anyhow!(error))?;
                (trust, "built in (public Sigstore)".to_owned())
            }
        };
        let newest = trust.newest();
        Ok((Arc::new(trust), Root { source, newest }))
    }
}

fn pattern(regex: &str) -> anyhow::Result<Pattern> {
    let (pattern, warning) = Pattern::regex(regex).map_err(|error| exit::usage(error.to_string()))?;
    if let Some(warning) = warning {
        crate::output::say(&format!("warning: {}", model::escape(&warning)));
    }
    Ok(pattern)
}

/// `KEY=VALUE` pairs.
pub(crate) fn pairs(option: &str, texts: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
    let pair = |text: &String| match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(exit::usage(format!("{option} {}: KEY=VALUE is wanted", model::escape(text)))),
    };
    texts.iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who() {
        let args = |key: &[&str], identity: &[&str], issuer: Option<&str>| WhoArgs {
            key: key.iter().map(|&k| k.to_owned()).collect(),
            identity: identity.iter().map(|&k| k.to_owned()).collect(),
            issuer: issuer.map(str::to_owned),
            ..WhoArgs::default()
        };
        assert!(args(&["k"], &[], None).by_key().expect("keys"));
        assert!(!args(&[], &["a"], Some("i")).by_key().expect("identities"));
        for wrong in [
            args(&[], &[], None),
            args(&[], &["a"], None),
            args(&["k"], &["a"], Some("i")),
            args(&["k"], &[], Some("i")),
        ] {
            assert!(wrong.by_key().is_err());
        }
        assert!(pairs("-a", &["a=b=c".into()]).is_ok_and(|pairs| pairs["a"] == "b=c"));
        assert!(pairs("-a", &["a".into()]).is_err() && pairs("-a", &["=b".into()]).is_err());
    }
}
