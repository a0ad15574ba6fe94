//! Where signatures of an image are kept: one file and one line a storage layout.

use crate::verdict::{Reason, Refusal};
use crate::{Answer, Answers, Ask, Limits, key};
use model::Digest;

/// One way of storing signatures beside an image.
#[derive(Debug)]
pub struct Layout {
    /// Stable id, kebab-case.
    pub id: &'static str,
    /// One line: who writes it and where.
    pub about: &'static str,
    /// Looks for signatures of an image among what is known, and asks for more.
    look: fn(&mut Search<'_>),
}

macro_rules! layouts {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*
        /// Every storage layout, the likeliest first.
        pub static LAYOUTS: &[&Layout] = &[$(&$name::LAYOUT),*];
    };
}

layouts![legacy, referrers];

/// A signature that was found, not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) layout: &'static str,
    /// The signed bytes, exactly.
    pub(crate) payload: Vec<u8>,
    pub(crate) digest: Digest,
    /// The signature, decoded from base64.
    pub(crate) signature: Vec<u8>,
}

/// What looking has brought so far.
pub(crate) struct Search<'a> {
    pub(crate) image: &'a Digest,
    pub(crate) known: &'a Answers,
    pub(crate) limits: &'a Limits,
    layout: &'static str,
    pub(crate) asks: Vec<Ask>,
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) refused: Vec<Refusal>,
    pub(crate) failures: Vec<String>,
}

impl<'a> Search<'a> {
    /// Looks in every layout.
    pub(crate) fn run(image: &'a Digest, known: &'a Answers, limits: &'a Limits) -> Self {
        let mut search = Self {
            image,
            known,
            limits,
            layout: "",
            asks: Vec::new(),
            candidates: Vec::new(),
            refused: Vec::new(),
            failures: Vec::new(),
        };
        for layout in LAYOUTS {
            search.layout = layout.id;
            (layout.look)(&mut search);
        }
        search
    }

    /// The bytes of one place. `None`: absent, failed (noted) or not yet asked (asked for now).
    fn bytes(&mut self, ask: Ask, cap: u64) -> Option<&'a [u8]> {
        let name = match &ask {
            Ask::Tag(tag) => format!("tag {tag}"),
            Ask::Manifest(digest) => format!("manifest {digest}"),
            Ask::Blob(digest) => format!("blob {digest}"),
            Ask::Referrers(digest) => format!("referrers of {digest}"),
        };
        let bytes = match self.known.get(&ask) {
            None => {
                self.asks.push(ask);
                return None;
            }
            // A blob that a manifest names and the registry has not is a broken registry, not an absent signature.
            Some(Answer::Absent) if matches!(ask, Ask::Blob(_) | Ask::Manifest(_)) => {
                self.fail(format!("{name}: it is named, but not there"));
                return None;
            }
            Some(Answer::Absent) => return None,
            Some(Answer::Failed(why)) => {
                self.fail(format!("{name}: {why}"));
                return None;
            }
            Some(Answer::Found(bytes)) => bytes,
        };
        if bytes.len() as u64 > cap {
            self.fail(format!("{name}: {} bytes are over the limit", bytes.len()));
            return None;
        }
        if let Ask::Blob(want) | Ask::Manifest(want) = &ask
            && key::sha256(bytes).as_ref() != Some(want)
        {
            self.fail(format!("{name}: the bytes that came are not those of the digest"));
            return None;
        }
        Some(bytes)
    }

    fn fail(&mut self, why: String) {
        self.failures.push(why);
    }

    fn refuse(&mut self, payload: Option<Digest>, reason: Reason) {
        self.refused.push(Refusal { layout: self.layout, payload, reason });
    }

    fn found(&mut self, digest: Digest, payload: &[u8], signature: Vec<u8>) {
        self.candidates.push(Candidate { layout: self.layout, payload: payload.to_vec(), digest, signature });
    }
}

/// The tag Cosign derives from a digest: `sha256-<hex>` and a suffix.
fn derived_tag(digest: &Digest, suffix: &str) -> String {
    format!("{}{suffix}", digest.as_str().replacen(':', "-", 1))
}
