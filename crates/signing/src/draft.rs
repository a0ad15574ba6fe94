//! A signature or attestation on its way: signed, then entered into a log and stamped with the time, then checked, then
//! put into the form it is kept in.

use crate::bundle::{self, Bundle};
use crate::evidence::Evidence;
use crate::judge::{self, Candidate};
use crate::log::{self, Entry, LogVersion};
use crate::sign::{self, Subject};
use crate::statement::{Made, MadeSubject, SIGN, Statement, V01, V1};
use crate::trust::{Artifact, Proofs};
use crate::{
    BlobSignature, IdentityRule, Log, Pattern, PrivateKey, PublicKey, Reason, Requirement, SignError, Signed,
    SignedBy, Signer, Trust, Wanted, dsse, payload, stamp,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What one signs with: a key, and for keyless signing the certificate that says whose it is.
#[derive(Clone, Copy, Debug)]
pub struct Credential<'a> {
    key: &'a PrivateKey,
    chain: &'a [Vec<u8>],
}

impl<'a> Credential<'a> {
    /// A key of one's own.
    pub fn key(key: &'a PrivateKey) -> Self {
        Self { key, chain: &[] }
    }

    /// A key with the chain that certifies it, the leaf first, in DER. An empty chain certifies nothing.
    pub fn certified(key: &'a PrivateKey, chain: &'a [Vec<u8>]) -> Self {
        Self { key, chain }
    }
}

/// Who made a signature, as whoever verifies is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Maker {
    Key(PublicKey),
    /// The leaf first.
    Certificate(Vec<Vec<u8>>),
}

/// A signature on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    of: Of,
    content: Content,
    signature: Vec<u8>,
    maker: Maker,
    entry: Option<Entry>,
    stamp: Option<Vec<u8>>,
}

/// What it is about, and where it will be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Of {
    /// An image, in a bundle.
    Image(Subject),
    /// An image, at a tag.
    Tag(Subject),
    /// A file with this SHA-256.
    File([u8; 32]),
}

/// What was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    /// A statement, in an envelope.
    Statement { envelope: dsse::Envelope, predicate_type: String },
    /// The payload of an old signature.
    Payload(Vec<u8>),
    /// The file itself.
    File,
}

impl Draft {
    /// A signature of an image, as Cosign 3 makes it.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn sign(
        subject: &Subject,
        by: Credential<'_>,
        annotations: &BTreeMap<String, String>,
    ) -> Result<Self, SignError> {
        let (annotations, digest) = (annotations.clone(), sign::algorithm_and_hex(&subject.digest)?);
        let about = MadeSubject { name: None, digest, annotations };
        let statement = statement(V1, about, SIGN, json!({}));
        Self::stated(Of::Image(subject.clone()), by, serde_json::to_vec(&statement)?, SIGN)
    }

    /// An attestation of an image, as Cosign 3 makes it, or (`legacy`) as Cosign 2 did.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn attest(
        subject: &Subject,
        by: Credential<'_>,
        predicate_type: &str,
        predicate: Value,
        legacy: bool,
    ) -> Result<Self, SignError> {
        let name = Some(subject.name.clone());
        let digest = sign::algorithm_and_hex(&subject.digest)?;
        let about = MadeSubject { name, digest, annotations: BTreeMap::new() };
        let statement = statement(V01, about, predicate_type, predicate);
        let of = if legacy { Of::Tag(subject.clone()) } else { Of::Image(subject.clone()) };
        Self::stated(of, by, serde_json::to_vec(&statement)?, predicate_type)
    }

    /// A signature of an image, as Cosign 2 made it.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn sign_legacy(
        subject: &Subject,
        by: Credential<'_>,
        annotations: &BTreeMap<String, String>,
    ) -> Result<Self, SignError> {
        let payload = payload::write(&subject.name, &subject.digest, annotations)?;
        let signature = by.key.sign(&payload)?;
        Ok(Self::new(Of::Tag(subject.clone()), Content::Payload(payload), signature, by))
    }

    /// A signature of a file.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn blob(bytes: &[u8], by: Credential<'_>) -> Result<Self, SignError> {
        let of = Of::File(Sha256::digest(bytes).into());
        Ok(Self::new(of, Content::File, by.key.sign(bytes)?, by))
    }

    /// A statement that is written already, signed as it stands. It is about the first of its subjects.
    ///
    /// # Errors
    /// When the text is no statement, or the key cannot sign.
    pub fn statement(text: &[u8], by: Credential<'_>) -> Result<Self, SignError> {
        let statement = Statement::read(text).map_err(|reason| SignError::Proof { reason })?;
        let hex = statement.subject.first().and_then(|subject| subject.digest.get("sha256"));
        let digest = hex.and_then(|hex| model::Digest::parse(&format!("sha256:{hex}")));
        let digest = digest.ok_or_else(|| SignError::Digest("the statement's subject".to_owned()))?;
        let of = Of::File(judge::sha256_of(&digest).map_err(|reason| SignError::Proof { reason })?);
        Self::stated(of, by, text.to_vec(), &statement.predicate_type)
    }

    fn stated(of: Of, by: Credential<'_>, body: Vec<u8>, predicate_type: &str) -> Result<Self, SignError> {
        let signature = by.key.sign(&dsse::pae(dsse::IN_TOTO, &body))?;
        let envelope = dsse::Envelope {
            payload_type: dsse::IN_TOTO.to_owned(),
            payload: body,
            signatures: vec![signature.clone()],
        };
        let content = Content::Statement { envelope, predicate_type: predicate_type.to_owned() };
        Ok(Self::new(of, content, signature, by))
    }

    fn new(of: Of, content: Content, signature: Vec<u8>, by: Credential<'_>) -> Self {
        let maker = match by.chain {
            [] => Maker::Key(by.key.public().clone()),
            chain => Maker::Certificate(chain.to_vec()),
        };
        Self { of, content, signature, maker, entry: None, stamp: None }
    }

    /// The bare signature.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Whether it is a statement about an image other than that it is signed.
    pub fn is_attestation(&self) -> bool {
        matches!(&self.content, Content::Statement { predicate_type, .. } if predicate_type != SIGN)
    }

    fn to_enter(&self) -> log::Signature<'_> {
        let (digest, envelope) = match (&self.content, &self.of) {
            (Content::Statement { envelope, .. }, _) => {
                (Sha256::digest(envelope.signed()).into(), Some(envelope))
            }
            (Content::Payload(payload), _) => (Sha256::digest(payload).into(), None),
            (Content::File, Of::File(digest)) => (*digest, None),
            (Content::File, _) => ([0; 32], None),
        };
        log::Signature { digest, bytes: &self.signature, maker: &self.maker, envelope }
    }

    /// What the log is asked to enter: the body of a `POST` to [`LogVersion::path`].
    ///
    /// # Errors
    /// When a log of this version has no such entries.
    pub fn log_request(&self, version: LogVersion) -> Result<Vec<u8>, SignError> {
        if matches!(self.of, Of::Tag(_)) && version == LogVersion::Second {
            return Err(SignError::Log(
                "old signatures hold no entries of Rekor 2, only of Rekor 1".to_owned(),
            ));
        }
        self.to_enter().request(version)
    }

    /// Takes the log's answer.
    ///
    /// # Errors
    /// When it is no entry of this signature.
    pub fn enter(&mut self, version: LogVersion, answer: &[u8]) -> Result<(), SignError> {
        self.entry = Some(self.to_enter().entry(version, answer)?);
        Ok(())
    }

    /// What a timestamp authority is asked; `nonce` is random.
    ///
    /// # Errors
    /// For attestations at a tag, whose stamps nobody reads alike.
    pub fn stamp_request(&self, nonce: &[u8]) -> Result<Vec<u8>, SignError> {
        match (&self.of, &self.content) {
            (Of::Tag(_), Content::Statement { .. }) => {
                Err(SignError::Stamp("old attestations hold none; a Rekor 1 tells their time".to_owned()))
            }
            _ => Ok(stamp::request(&self.signature, nonce)),
        }
    }

    /// Takes the timestamp authority's answer.
    ///
    /// # Errors
    /// When it is no time stamp of this signature.
    pub fn stamp(&mut self, nonce: &[u8], answer: &[u8]) -> Result<(), SignError> {
        self.stamp = Some(stamp::answer(answer, &self.signature, nonce)?);
        Ok(())
    }

    /// The proofs as the annotations of an old signature.
    fn evidence(&self) -> Evidence {
        let chain = match &self.maker {
            Maker::Key(_) => &[][..],
            Maker::Certificate(chain) => chain,
        };
        let entry = self.entry.as_ref().and_then(|entry| entry.annotation.clone());
        Evidence::made(chain, entry, self.stamp.as_deref())
    }

    /// The whole as a bundle.
    ///
    /// # Errors
    /// For old signatures, which are none.
    pub fn bundle(&self) -> Result<Vec<u8>, SignError> {
        let content = match (&self.content, &self.of) {
            (Content::Statement { envelope, .. }, _) => bundle::Written::Envelope(envelope),
            (Content::File, Of::File(digest)) => {
                bundle::Written::Message { digest, signature: &self.signature }
            }
            _ => return Err(SignError::NoBundle),
        };
        let entry = self.entry.as_ref().map(|entry| entry.bundle.clone());
        Ok(bundle::write(&self.maker, &content, entry, self.stamp.as_deref())?)
    }

    /// Sees that it verifies, before it is given away: by the same road that verifies everybody's.
    ///
    /// # Errors
    /// Why it would be refused.
    pub fn check(&self, trust: Option<Arc<dyn Trust>>, proofs: Proofs) -> Result<(SignedBy, Log), SignError> {
        self.judged(trust, proofs).map_err(|reason| SignError::Proof { reason })
    }

    fn judged(&self, trust: Option<Arc<dyn Trust>>, proofs: Proofs) -> Result<(SignedBy, Log), Reason> {
        let written = |error: SignError| Reason::MalformedBundle(error.to_string());
        let signer = match &self.maker {
            Maker::Key(key) => Signer::Key { key: key.clone(), log: proofs.log },
            Maker::Certificate(_) => {
                let any = || Pattern::glob("*").map_err(|_| Reason::NoIdentity);
                Signer::Identity { rule: IdentityRule { identity: any()?, issuer: any()? }, proofs }
            }
        };
        let wanted = match &self.content {
            Content::Statement { predicate_type, .. } if predicate_type != SIGN => {
                Wanted::Attestation { predicate_type: predicate_type.clone(), every: false }
            }
            _ => Wanted::Signature,
        };
        let requirement = Requirement { wanted, signers: vec![signer], trust, ..Requirement::default() };
        let (subject, candidate) = match (&self.of, &self.content) {
            (Of::File(digest), _) => {
                let signature = BlobSignature::read(&self.bundle().map_err(written)?)?;
                return crate::verify_blob(Artifact::Sha256(*digest), &signature, &requirement);
            }
            (Of::Image(subject), _) => {
                (subject, Candidate::Bundle(Bundle::read(self.bundle().map_err(written)?)?))
            }
            (Of::Tag(subject), Content::Payload(payload)) => {
                let (payload, signature) = (payload.clone(), self.signature.clone());
                (subject, Candidate::Simple { payload, signature, evidence: self.evidence() })
            }
            (Of::Tag(subject), Content::Statement { envelope, .. }) => {
                let envelope = envelope.clone();
                (subject, Candidate::Envelope { envelope, evidence: self.evidence() })
            }
            (Of::Tag(_), Content::File) => return Err(Reason::NoSignature),
        };
        let accepted = judge::judge(&candidate, &subject.digest, &requirement)?;
        Ok((accepted.signer, accepted.log))
    }

    /// What must be pushed. `created` is the time now, in RFC 3339; `current` the manifest at [`crate::legacy_place`],
    /// if there is one: an old signature is added to those in it.
    ///
    /// # Errors
    /// When it is of a file, or `current` is no manifest.
    pub fn finish(&self, current: Option<&[u8]>, created: &str) -> Result<Signed, SignError> {
        let none = || String::new();
        match (&self.of, &self.content) {
            (Of::Image(subject), Content::Statement { predicate_type, .. }) => {
                sign::in_bundle(subject, self.bundle()?, predicate_type, created)
            }
            (Of::Tag(subject), Content::Payload(payload)) => {
                let signature = sign::base64(&self.signature);
                let annotations = self.evidence().annotations(&signature, None);
                sign::in_tag(subject, ".sig", sign::SIMPLE, payload.clone(), annotations, current)
            }
            (Of::Tag(subject), Content::Statement { envelope, predicate_type }) => {
                let annotations = self.evidence().annotations(&none(), Some(predicate_type));
                let text = envelope.to_json().into_bytes();
                sign::in_tag(subject, ".att", sign::ENVELOPE, text, annotations, current)
            }
            _ => Err(SignError::NoBundle),
        }
    }
}

fn statement(kind: &'static str, about: MadeSubject, predicate_type: &str, predicate: Value) -> Made {
    Made { kind, subject: [about], predicate_type: predicate_type.to_owned(), predicate }
}
