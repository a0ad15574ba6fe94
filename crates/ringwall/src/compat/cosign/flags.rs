//! Flags that several of Cosign's words share.

use super::Failed;
use crate::signatures::who::{Required, WhoArgs};
use clap::Args;
use signing::{Signer, Wanted};
use sources::registry::{Client, DockerConfig, Login, Options, PlainHttp, Secret};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A flag as Go takes it: bare, `=true` or `=false`.
macro_rules! flag {
    ($value:expr) => {
        $value.unwrap_or(false)
    };
}
pub(super) use flag;

/// Flags about registries.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct RegistryFlags {
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    allow_http_registry: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    allow_insecure_registry: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    k8s_keychain: Option<bool>,
    #[arg(long)]
    registry_cacert: Option<PathBuf>,
    #[arg(long, requires = "registry_password")]
    registry_username: Option<String>,
    #[arg(long)]
    registry_password: Option<String>,
    #[arg(long)]
    registry_token: Option<String>,
    #[arg(long, hide = true)]
    registry_referrers_mode: Option<String>,
    #[arg(long, hide = true)]
    attachment_tag_prefix: Option<String>,
}

impl RegistryFlags {
    pub(super) fn client(&self) -> Result<Client, Failed> {
        let login = match (&self.registry_username, &self.registry_password, &self.registry_token) {
            (Some(user), Some(password), _) => {
                Login::Fixed(Secret::Basic { user: user.clone(), password: password.clone() })
            }
            (_, _, Some(token)) => Login::Fixed(Secret::Bearer(token.clone())),
            _ => Login::Docker(DockerConfig::of_user().map_err(|error| Failed::with(1, error.to_string()))?),
        };
        if flag!(self.k8s_keychain) || self.attachment_tag_prefix.is_some() {
            return Err(Failed::with(1, "--k8s-keychain and --attachment-tag-prefix are not supported"));
        }
        let plain = if flag!(self.allow_http_registry) { PlainHttp::All } else { PlainHttp::Loopback };
        Ok(Client::new(Options {
            login,
            plain,
            any_certificate: flag!(self.allow_insecure_registry),
            ca_file: self.registry_cacert.clone(),
            ..Options::default()
        }))
    }
}

/// Flags that say who must have signed.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct CertificateFlags {
    #[arg(long)]
    pub(super) key: Option<String>,
    #[arg(long)]
    certificate_identity: Option<String>,
    #[arg(long)]
    certificate_identity_regexp: Option<String>,
    #[arg(long)]
    certificate_oidc_issuer: Option<String>,
    #[arg(long)]
    certificate_oidc_issuer_regexp: Option<String>,
    #[arg(long)]
    trusted_root: Option<String>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) insecure_ignore_tlog: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    insecure_ignore_sct: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    use_signed_timestamps: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    offline: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    new_bundle_format: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    experimental_oci11: Option<bool>,
    #[arg(long, hide = true)]
    max_workers: Option<String>,
    #[arg(long, hide = true)]
    rekor_url: Option<String>,
}

impl CertificateFlags {
    /// What is required. Unlike ringwall's own word, Cosign asks for a log entry unless it is told not to.
    pub(super) fn required(
        &self,
        wanted: Wanted,
        annotations: BTreeMap<String, String>,
    ) -> Result<Required, Failed> {
        let list = |one: &Option<String>| one.clone().into_iter().collect();
        if self.key.is_none()
            && self.certificate_identity.is_none()
            && self.certificate_identity_regexp.is_none()
        {
            return Err(Failed::with(
                1,
                "--certificate-identity or --certificate-identity-regexp is required for verification in keyless mode",
            ));
        }
        let ignore = flag!(self.insecure_ignore_tlog);
        let who = WhoArgs {
            key: list(&self.key),
            identity: list(&self.certificate_identity),
            identity_regexp: list(&self.certificate_identity_regexp),
            issuer: self.certificate_oidc_issuer.clone(),
            issuer_regexp: self.certificate_oidc_issuer_regexp.clone(),
            trusted_root: self.trusted_root.clone(),
            require_tlog: self.key.is_some() && !ignore,
            ignore_tlog: self.key.is_none() && ignore,
            ignore_sct: flag!(self.insecure_ignore_sct),
        };
        Ok(who.requirement(wanted, annotations)?)
    }

    /// What Cosign says was checked.
    pub(super) fn checks(&self, required: &Required, bundle: bool) -> Vec<&'static str> {
        let mut checks = vec!["The cosign claims were validated"];
        if bundle || !flag!(self.insecure_ignore_tlog) {
            checks.push("Existence of the claims in the transparency log was verified offline");
        }
        checks.push(match required.requirement.signers.first() {
            Some(Signer::Identity { .. }) => {
                "The code-signing certificate was verified using trusted certificate authority certificates"
            }
            _ => "The signatures were verified against the specified public key",
        });
        checks
    }
}
