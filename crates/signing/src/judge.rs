//! One signature against a requirement: what it is about, who made it, what it carries. All three of the same one.

use crate::PublicKey;
use crate::bundle::{Bundle, Content};
use crate::certificate;
use crate::dsse::{self, Envelope};
use crate::evidence::{Evidence, unhex};
use crate::payload::Payload;
use crate::requirement::{Requirement, Signer, Wanted};
use crate::statement::Statement;
use crate::trust::Artifact;
use crate::verdict::{Log, Reason, SignedBy};
use model::Digest;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A signature that was found, not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Candidate {
    /// A simple signing payload.
    Simple { payload: Vec<u8>, signature: Vec<u8>, evidence: Evidence },
    /// A DSSE envelope that stands alone.
    Envelope { envelope: Envelope, evidence: Evidence },
    /// A bundle.
    Bundle(Bundle),
}

/// A signature that counts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Accepted {
    pub(crate) signer: SignedBy,
    pub(crate) log: Log,
    /// What it carries beside, if it is a signature.
    pub(crate) annotations: BTreeMap<String, String>,
    /// Type and claim, if it is an attestation.
    pub(crate) claim: Option<Claim>,
}

/// What an attestation claims.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Claim {
    pub(crate) predicate_type: String,
    pub(crate) predicate: serde_json::Value,
    /// The envelope it came in, as JSON.
    pub(crate) envelope: String,
}

/// What a signature says, once it is known to be about the wanted image and of the wanted kind.
struct Said<'a> {
    annotations: BTreeMap<String, String>,
    /// What holds the claim, if one is wanted.
    envelope: Option<&'a Envelope>,
}

/// Checks a candidate.
///
/// # Errors
/// Why it does not count.
pub(crate) fn judge(
    candidate: &Candidate,
    digest: &Digest,
    requirement: &Requirement,
) -> Result<Accepted, Reason> {
    let said = said(candidate, digest, &requirement.wanted)?;
    let (signer, log) = signed_by(&OfImage(candidate, digest), requirement)?;
    let claim = said.envelope.map(claim).transpose()?;
    let missing = requirement.annotations.iter().find(|(k, v)| said.annotations.get(*k) != Some(v));
    match missing {
        Some((key, _)) => Err(Reason::AnnotationMissing(key.clone())),
        None => Ok(Accepted { signer, log, annotations: said.annotations, claim }),
    }
}

/// What an attestation claims: read once it is known who says so, since it may take much room.
fn claim(envelope: &Envelope) -> Result<Claim, Reason> {
    let statement = Statement::read(&envelope.payload)?;
    let predicate = statement.claim()?;
    Ok(Claim { predicate_type: statement.predicate_type, predicate, envelope: envelope.to_json() })
}

fn said<'a>(candidate: &'a Candidate, digest: &Digest, wanted: &Wanted) -> Result<Said<'a>, Reason> {
    let envelope = match candidate {
        Candidate::Simple { payload, .. } => match wanted {
            Wanted::Signature => {
                let payload = Payload::read(payload, digest)?;
                return Ok(Said { annotations: payload.annotations, envelope: None });
            }
            Wanted::Attestation { .. } => return Err(Reason::NotTheAttestation("a signature".to_owned())),
        },
        Candidate::Envelope { envelope, .. } => envelope,
        Candidate::Bundle(Bundle { content: Content::Envelope(envelope), .. }) => envelope,
        // Images have no such form: it would be a blob's signature.
        Candidate::Bundle(_) => return Err(other_kind(wanted, "a signature over bytes".to_owned())),
    };
    if envelope.payload_type != dsse::IN_TOTO {
        return Err(other_kind(wanted, envelope.payload_type.clone()));
    }
    let statement = Statement::read(&envelope.payload)?;
    let kind_fits = match (candidate, wanted) {
        // A signature of the image in this form exists in bundles alone.
        (Candidate::Bundle(_), Wanted::Signature) => statement.predicate_type == crate::statement::SIGN,
        (_, Wanted::Signature) => false,
        (_, Wanted::Attestation { predicate_type, .. }) => statement.predicate_type == *predicate_type,
    };
    if !kind_fits {
        return Err(other_kind(wanted, statement.predicate_type));
    }
    let annotations = statement.about(digest)?.text_annotations();
    Ok(Said { annotations, envelope: (*wanted != Wanted::Signature).then_some(envelope) })
}

fn other_kind(wanted: &Wanted, what: String) -> Reason {
    match wanted {
        Wanted::Signature => Reason::NotAnImageSignature(what),
        Wanted::Attestation { .. } => Reason::NotTheAttestation(what),
    }
}

/// Something with a signature and its proofs, whatever form they are in.
pub(crate) trait Signed {
    /// Whether a key made one of its signatures.
    fn passes(&self, key: &PublicKey) -> Result<bool, Reason>;
    /// Whether it comes with an entry of a log.
    fn is_logged(&self) -> bool;
    /// The signing certificate, in DER.
    fn certificate(&self) -> Result<Option<Vec<u8>>, Reason>;
    /// It and its proofs as a bundle.
    fn bundle(&self) -> Result<Cow<'_, str>, Reason>;
    /// What the bundle is over.
    fn artifact(&self) -> Result<Artifact<'_>, Reason>;
}

/// Who made it, by the first signer that accepts it; or the reason nearest to acceptance.
pub(crate) fn signed_by(signed: &dyn Signed, requirement: &Requirement) -> Result<(SignedBy, Log), Reason> {
    let mut nearest = Reason::WrongKey;
    for (at, signer) in requirement.signers.iter().enumerate() {
        match by(signed, requirement, signer) {
            Ok(accepted) => return Ok(accepted),
            Err(reason) if at == 0 || reason > nearest => nearest = reason,
            Err(_) => {}
        }
    }
    Err(nearest)
}

fn by(signed: &dyn Signed, requirement: &Requirement, signer: &Signer) -> Result<(SignedBy, Log), Reason> {
    let trust = || requirement.trust.as_deref().ok_or(Reason::NoTrustRoot);
    match signer {
        Signer::Key { key, log } => {
            if !signed.passes(key)? {
                return Err(Reason::WrongKey);
            }
            let accepted = SignedBy::Key { key: key.fingerprint().to_owned() };
            if !log {
                return Ok((accepted, Log::NotChecked));
            }
            if !signed.is_logged() {
                return Err(Reason::LogEntryMissing("the key's signature is valid".to_owned()));
            }
            trust()?.by_key(&signed.bundle()?, signed.artifact()?, key)?;
            Ok((accepted, Log::Checked))
        }
        Signer::Identity { rule, proofs } => {
            let Some(leaf) = signed.certificate()? else {
                return Err(Reason::OtherKind("it was made with a key and names nobody".to_owned()));
            };
            let proven = trust()?.by_certificate(&signed.bundle()?, signed.artifact()?, *proofs)?;
            let mut names = proven.names;
            names.extend(certificate::names(&leaf));
            let issuer = proven.issuer.unwrap_or_default();
            let Some(first) = names.first() else { return Err(Reason::NoIdentity) };
            if !rule.issuer.matches(&issuer) {
                return Err(Reason::OtherIssuer(issuer));
            }
            match names.iter().find(|name| rule.identity.matches(name)) {
                Some(name) => {
                    let log = if proven.log { Log::Checked } else { Log::NotChecked };
                    Ok((SignedBy::Identity { identity: name.clone(), issuer }, log))
                }
                None => Err(Reason::OtherIdentity(first.clone())),
            }
        }
    }
}

/// A candidate with the image it must be about.
struct OfImage<'a>(&'a Candidate, &'a Digest);

impl Signed for OfImage<'_> {
    fn passes(&self, key: &PublicKey) -> Result<bool, Reason> {
        Ok(match self.0 {
            Candidate::Simple { payload, signature, .. } => key.verifies(payload, signature),
            Candidate::Envelope { envelope, .. }
            | Candidate::Bundle(Bundle { content: Content::Envelope(envelope), .. }) => {
                let signed = envelope.signed();
                envelope.signatures.iter().any(|signature| key.verifies(&signed, signature))
            }
            Candidate::Bundle(_) => false,
        })
    }

    fn is_logged(&self) -> bool {
        match self.0 {
            Candidate::Simple { evidence, .. } | Candidate::Envelope { evidence, .. } => evidence.is_logged(),
            Candidate::Bundle(bundle) => bundle.entries > 0,
        }
    }

    fn certificate(&self) -> Result<Option<Vec<u8>>, Reason> {
        match self.0 {
            Candidate::Simple { evidence, .. } | Candidate::Envelope { evidence, .. } => {
                evidence.certificate()
            }
            Candidate::Bundle(bundle) => Ok(bundle.certificate.clone()),
        }
    }

    fn bundle(&self) -> Result<Cow<'_, str>, Reason> {
        match self.0 {
            Candidate::Simple { payload, signature, evidence } => {
                Ok(evidence.message_bundle(&Sha256::digest(payload).into(), signature)?.into())
            }
            Candidate::Envelope { envelope, evidence } => Ok(evidence.envelope_bundle(envelope)?.into()),
            Candidate::Bundle(bundle) => Ok(bundle.text.as_str().into()),
        }
    }

    fn artifact(&self) -> Result<Artifact<'_>, Reason> {
        match self.0 {
            Candidate::Simple { payload, .. } => Ok(Artifact::Bytes(payload)),
            _ => sha256_of(self.1).map(Artifact::Sha256),
        }
    }
}

/// The 32 bytes of a SHA-256 digest.
pub(crate) fn sha256_of(digest: &Digest) -> Result<[u8; 32], Reason> {
    let hex = digest.as_str().strip_prefix("sha256:");
    let bytes = hex.and_then(unhex).and_then(|bytes| bytes.try_into().ok());
    bytes
        .ok_or_else(|| Reason::UnsupportedBundle(format!("the image is named by {digest}, not by a SHA-256")))
}
