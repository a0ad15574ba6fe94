//! What authorities, logs and timestamps prove: one seam, and behind it the Sigstore library.
//!
//! The library reads the clock for one purpose (a log's time must not lie in the future); nothing else here does.

use crate::key::{PublicKey, hex};
use crate::strict;
use crate::verdict::Reason;
use sha2::{Digest as _, Sha256};
use sigstore_trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot};
use sigstore_verify::types::TransparencyLogEntry;
use sigstore_verify::types::{Artifact as LibraryArtifact, Bundle, DerPublicKey, KindVersion, Sha256Hash};
use sigstore_verify::{CertificateError, Error, PublicKeyVerificationPolicy, TimestampError};
use sigstore_verify::{TransparencyLogError, VerificationPolicy, VerificationResult, Verifier};
use std::collections::BTreeSet;
use std::fmt;

/// What was signed.
#[derive(Clone, Copy, Debug)]
pub enum Artifact<'a> {
    /// The bytes.
    Bytes(&'a [u8]),
    /// Only the SHA-256 of the bytes.
    Sha256([u8; 32]),
}

/// What must be proven beside the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proofs {
    /// The signature must be in a known transparency log.
    pub log: bool,
    /// A known log must vouch for the certificate.
    pub certificate_log: bool,
}

impl Proofs {
    /// Everything, which is what Cosign asks for.
    pub const ALL: Self = Self { log: true, certificate_log: true };
    /// Nothing but the signature (and for a certificate, its issuer and a proven time).
    pub const NONE: Self = Self { log: false, certificate_log: false };
}

/// What is proven.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proven {
    /// Names in the certificate.
    pub names: Vec<String>,
    /// Who vouched for the names.
    pub issuer: Option<String>,
    /// Whether a known log holds the signature.
    pub log: bool,
}

/// Something bundles can be checked against. Whoever calls has seen that the bundle says it is about the artifact; what
/// is about something else then is its log entry.
pub trait Trust: fmt::Debug + Send + Sync {
    /// Checks a bundle made with a certificate, all but whose it is.
    ///
    /// # Errors
    /// Why it does not count.
    fn by_certificate(&self, bundle: &str, artifact: Artifact<'_>, proofs: Proofs) -> Result<Proven, Reason>;

    /// Checks a bundle made with a key, its log entry included.
    ///
    /// # Errors
    /// Why it does not count.
    fn by_key(&self, bundle: &str, artifact: Artifact<'_>, key: &PublicKey) -> Result<Proven, Reason>;

    /// Changes whenever anything that is trusted does; part of the key of remembered verdicts.
    fn version(&self) -> &str;
}

/// Why a trust root cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the trust root is malformed: {0}")]
pub struct TrustRootError(pub String);

/// Sigstore's trusted root (`trusted_root.json`), ready for use.
pub struct TrustRoot {
    verifier: Verifier,
    version: String,
    newest: Option<jiff::Timestamp>,
    logs: BTreeSet<String>,
}

impl fmt::Debug for TrustRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustRoot").field("version", &self.version).finish_non_exhaustive()
    }
}

/// Longest text that is read as a trust root, in bytes.
const ROOT_BYTES: usize = 4 << 20;

impl TrustRoot {
    /// The public instance's root as it is built in.
    ///
    /// # Errors
    /// Never, unless the built-in text is broken; a test reads it.
    pub fn built_in() -> Result<Self, TrustRootError> {
        Self::from_json(SIGSTORE_PRODUCTION_TRUSTED_ROOT)
    }

    /// Reads `trusted_root.json`.
    ///
    /// # Errors
    /// When it is malformed, or names keys or certificates that cannot be used.
    pub fn from_json(text: &str) -> Result<Self, TrustRootError> {
        if text.len() > ROOT_BYTES {
            return Err(TrustRootError(format!("{} bytes are over the limit", text.len())));
        }
        strict::read::<serde::de::IgnoredAny>(text.as_bytes()).map_err(TrustRootError)?;
        let root = TrustedRoot::from_json(text).map_err(|e| TrustRootError(e.to_string()))?;
        let verifier = Verifier::new(&root).map_err(|e| TrustRootError(e.to_string()))?;
        let logs = root.tlogs.iter().map(|l| l.public_key.valid_for);
        let newest = logs.chain(root.certificate_authorities.iter().map(|c| c.valid_for)).flatten();
        let newest = newest.map(|window| window.start).max();
        let version = format!("sha256:{}", hex(&Sha256::digest(text.as_bytes())));
        let logs = root.tlogs.iter().map(|log| log.log_id.key_id.to_string()).collect();
        Ok(Self { verifier, version, newest, logs })
    }

    /// When the youngest key or authority in it became valid: the root is at least that young.
    pub fn newest(&self) -> Option<jiff::Timestamp> {
        self.newest
    }

    fn judge(
        &self,
        bundle: &str,
        artifact: Artifact<'_>,
        policy: &dyn sigstore_verify::Policy,
        log: bool,
    ) -> Result<VerificationResult, Reason> {
        let bundle = Bundle::from_json(bundle).map_err(|error| unreadable(&error.to_string()))?;
        if log {
            self.knows_logs(&bundle)?;
        }
        let entries = &bundle.verification_material.tlog_entries;
        entries.iter().try_for_each(is_consistent)?;
        let places: BTreeSet<_> =
            entries.iter().map(|e| (e.log_id.key_id.to_string(), e.log_index.get())).collect();
        if places.len() < entries.len() {
            return Err(Reason::MalformedLogEntry("one entry of the log occurs twice".to_owned()));
        }
        let artifact = match artifact {
            Artifact::Bytes(bytes) => LibraryArtifact::from_blob(bytes),
            Artifact::Sha256(digest) => LibraryArtifact::from_digest(
                Sha256Hash::try_from(digest.as_slice()).map_err(|e| Reason::OtherImage(e.to_string()))?,
            ),
        };
        self.verifier.verify(artifact, &bundle, policy).map_err(reason)
    }

    /// An entry of a log that is not in the root proves nothing, whatever else is wrong with it.
    fn knows_logs(&self, bundle: &Bundle) -> Result<(), Reason> {
        let ids = bundle.verification_material.tlog_entries.iter().map(|entry| &entry.log_id.key_id);
        match ids.into_iter().find(|id| !self.logs.contains(&id.to_string())) {
            Some(stranger) => Err(Reason::UnknownLog(stranger.to_string())),
            None => Ok(()),
        }
    }
}

impl Trust for TrustRoot {
    fn by_certificate(&self, bundle: &str, artifact: Artifact<'_>, proofs: Proofs) -> Result<Proven, Reason> {
        let mut policy = VerificationPolicy::any_identity();
        if !proofs.log {
            policy = policy.skip_tlog_unsafe();
        }
        if !proofs.certificate_log {
            policy = policy.skip_sct();
        }
        let result = self.judge(bundle, artifact, &policy, proofs.log)?;
        let names = result.identity().map(|name| name.as_str().to_owned()).into_iter().collect();
        Ok(Proven { names, issuer: result.issuer().map(str::to_owned), log: proofs.log })
    }

    fn by_key(&self, bundle: &str, artifact: Artifact<'_>, key: &PublicKey) -> Result<Proven, Reason> {
        let policy = PublicKeyVerificationPolicy::new(DerPublicKey::from_bytes(key.spki()));
        self.judge(bundle, artifact, &policy, true).map_err(|reason| match reason {
            Reason::InvalidSignature(_) => Reason::WrongKey,
            other => other,
        })?;
        Ok(Proven { log: true, ..Proven::default() })
    }

    fn version(&self) -> &str {
        &self.version
    }
}

/// Whether the parts of an entry that repeat each other agree. The library takes the signed ones and ignores the rest;
/// a bundle whose parts differ was tampered with all the same.
fn is_consistent(entry: &TransparencyLogEntry) -> Result<(), Reason> {
    if entry.kind_version == KindVersion::HashedRekordV002 && entry.integrated_time.is_some() {
        return Err(Reason::InvalidLogTime("the second version of the log tells no time".to_owned()));
    }
    let Some(proof) = &entry.inclusion_proof else { return Ok(()) };
    let Some(checkpoint) = proof.checkpoint.checkpoint() else {
        return Err(Reason::InvalidCheckpoint("inclusion proof has no checkpoint".to_owned()));
    };
    if proof.tree_size != checkpoint.tree_size() || proof.root_hash != *checkpoint.root_hash() {
        return Err(Reason::InvalidInclusion(
            "the proof and the checkpoint tell of different trees".to_owned(),
        ));
    }
    // The first version of the log counts over several trees, the second has one.
    if entry.kind_version == KindVersion::HashedRekordV002 && proof.log_index != entry.log_index {
        return Err(Reason::InvalidInclusion("the proof is of another entry of the log".to_owned()));
    }
    // `host - tree` in the first version, `host` in the second.
    let host = checkpoint.origin().split(" - ").next().unwrap_or_default();
    match checkpoint.signatures().iter().any(|signature| signature.name == host) {
        true => Ok(()),
        false => Err(Reason::InvalidCheckpoint("no signature bears the name of the log".to_owned())),
    }
}

/// What the library cannot read. It tells the parts of a bundle apart only in words.
fn unreadable(why: &str) -> Reason {
    match why.contains("checkpoint") {
        true => Reason::InvalidCheckpoint(why.to_owned()),
        false => Reason::MalformedBundle(why.to_owned()),
    }
}

/// The library's errors in our words.
fn reason(error: Error) -> Reason {
    use sigstore_verify::bundle::Error as Shape;
    match error {
        Error::Certificate(error) => certificate_reason(error),
        Error::TransparencyLog(error) => log_reason(error),
        Error::Timestamp(TimestampError::NoVerifiedTimestamp(why)) => Reason::NoTimestamp(why),
        Error::Timestamp(error) => Reason::InvalidTimestamp(error.to_string()),
        Error::SignatureInvalid(why) => Reason::InvalidSignature(why),
        Error::ArtifactMismatch(why) => Reason::OtherLogEntry(why),
        Error::UnsupportedArtifact(why) | Error::UnsupportedBundle(why) => Reason::UnsupportedBundle(why),
        Error::Bundle(
            error @ (Shape::MissingInclusionPromise(_)
            | Shape::MissingInclusionProof(_)
            | Shape::MissingSigningTimeEvidence),
        ) => Reason::LogEntryMissing(error.to_string()),
        Error::Bundle(error @ Shape::MissingTimestamp) => Reason::NoTimestamp(error.to_string()),
        Error::Bundle(error @ (Shape::MissingCheckpoint | Shape::CheckpointRootMismatch)) => {
            Reason::InvalidCheckpoint(error.to_string())
        }
        Error::Bundle(error @ Shape::LogIndexOutOfRange { .. }) => {
            Reason::InvalidInclusion(error.to_string())
        }
        Error::InvalidTrustRoot(_) | Error::TrustRoot(_) | Error::TrustedCertificate(_) => {
            Reason::NoTrustRoot
        }
        other => Reason::MalformedBundle(other.to_string()),
    }
}

fn certificate_reason(error: CertificateError) -> Reason {
    match error {
        CertificateError::Malformed(why) => Reason::MalformedCertificate(why),
        CertificateError::Sct(why) => Reason::CertificateNotLogged(why),
        CertificateError::NotYetValid { .. } | CertificateError::Expired { .. } => {
            Reason::CertificateExpired(error.to_string())
        }
        // An authority or a leaf out of its time; the path finder's own name for it is all there is to tell by.
        CertificateError::ChainInvalid(why)
            if why.contains("CertExpired") || why.contains("CertNotValidYet") =>
        {
            Reason::CertificateExpired(why)
        }
        other => Reason::UntrustedCertificate(other.to_string()),
    }
}

fn log_reason(error: TransparencyLogError) -> Reason {
    match error {
        TransparencyLogError::UnknownLog { log_id } => Reason::UnknownLog(log_id),
        TransparencyLogError::InclusionProof(why) => Reason::InvalidInclusion(why),
        TransparencyLogError::Checkpoint(why) => Reason::InvalidCheckpoint(why),
        TransparencyLogError::InclusionPromise(why) => Reason::InvalidPromise(why),
        TransparencyLogError::EntryMismatch(why) => Reason::OtherLogEntry(why),
        TransparencyLogError::IntegratedTime(why) => Reason::InvalidLogTime(why),
        other => Reason::MalformedLogEntry(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots() {
        let root = TrustRoot::built_in().unwrap();
        assert!(root.version().starts_with("sha256:") && root.newest().is_some());
        assert!(TrustRoot::from_json("{}").is_err());
        assert!(TrustRoot::from_json(&" ".repeat(ROOT_BYTES + 1)).unwrap_err().0.contains("limit"));
        let twice = SIGSTORE_PRODUCTION_TRUSTED_ROOT.replacen('{', r#"{"tlogs":[],"#, 1);
        assert!(TrustRoot::from_json(&twice).unwrap_err().0.contains("twice"));
    }
}
