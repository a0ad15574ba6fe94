//! What a signature must show.

use crate::{IdentityRule, Proofs, PublicKey, Trust};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is wanted of an image. An attestation never stands for a signature, nor the reverse.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// A signature of the image.
    #[default]
    Signature,
    /// An attestation.
    Attestation {
        /// Its predicate type, a URI.
        predicate_type: String,
        /// Whether every valid one is wanted (conditions hold for all) or the first will do.
        every: bool,
    },
}

/// Who must have signed, and what must be proven beside the signature.
#[derive(Clone, Debug)]
pub enum Signer {
    /// Whoever holds a key.
    Key {
        /// The key.
        key: PublicKey,
        /// Whether the signature must be in a known transparency log too.
        log: bool,
    },
    /// Somebody an issuer vouches for.
    Identity {
        /// Who.
        rule: IdentityRule,
        /// What must be proven.
        proofs: Proofs,
    },
}

impl Signer {
    /// A key alone, the log not asked.
    pub fn key(key: PublicKey) -> Self {
        Self::Key { key, log: false }
    }

    /// An identity with everything proven.
    pub fn identity(rule: IdentityRule) -> Self {
        Self::Identity { rule, proofs: Proofs::ALL }
    }
}

/// What a signature must show.
#[derive(Clone, Debug, Default)]
pub struct Requirement {
    /// What is wanted.
    pub wanted: Wanted,
    /// Who may have made it; any one will do.
    pub signers: Vec<Signer>,
    /// Annotations one and the same signature must carry.
    pub annotations: BTreeMap<String, String>,
    /// What certificates and logs are checked against. Not needed for keys without the log.
    pub trust: Option<Arc<dyn Trust>>,
}

impl Requirement {
    /// A signature by any of these keys, the log not asked.
    pub fn by_keys(keys: impl IntoIterator<Item = PublicKey>) -> Self {
        Self { signers: keys.into_iter().map(Signer::key).collect(), ..Self::default() }
    }

    /// A signature by somebody, everything proven.
    pub fn by_identity(rule: IdentityRule, trust: Arc<dyn Trust>) -> Self {
        Self { signers: vec![Signer::identity(rule)], trust: Some(trust), ..Self::default() }
    }

    /// One line that is equal for equal requirements only, for keys of remembered verdicts. It names the version of
    /// what is trusted too.
    pub fn identity(&self) -> String {
        let wanted = match &self.wanted {
            Wanted::Signature => "signature".to_owned(),
            Wanted::Attestation { predicate_type, every } => {
                format!("attestation {predicate_type:?} every={every}")
            }
        };
        let signer = |signer: &Signer| match signer {
            Signer::Key { key, log } => format!("key {} log={log}", key.fingerprint()),
            Signer::Identity { rule, proofs } => {
                format!("identity {:?} issuer {:?} {proofs:?}", rule.identity, rule.issuer)
            }
        };
        let mut signers: Vec<_> = self.signers.iter().map(signer).collect();
        signers.sort();
        let trust = self.trust.as_ref().map_or("none", |trust| trust.version());
        format!("{wanted}; by {signers:?}; with {:?}; trusting {trust}", self.annotations)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::made::public;

    #[test]
    fn identities_tell_requirements_apart() {
        let base = Requirement::by_keys([public(1), public(2)]);
        assert_eq!(base.identity(), Requirement::by_keys([public(2), public(1)]).identity());
        let attestation = Wanted::Attestation { predicate_type: "t".into(), every: false };
        for other in [
            Requirement::by_keys([public(1)]),
            Requirement { wanted: attestation, ..base.clone() },
            Requirement { annotations: BTreeMap::from([("a".into(), "b".into())]), ..base.clone() },
            Requirement { signers: vec![Signer::Key { key: public(1), log: true }], ..base.clone() },
            Requirement { trust: Some(Arc::new(crate::TrustRoot::built_in().unwrap())), ..base.clone() },
        ] {
            assert_ne!(other.identity(), base.identity());
        }
    }
}
