//! What an engine that fetches nothing needs to see.

use model::Digest;

/// One thing to look up in the image's repository (or in the repository its signatures are kept in).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ask {
    /// The manifest or index a tag names.
    Tag(String),
    /// A manifest by digest.
    Manifest(Digest),
    /// A blob by digest.
    Blob(Digest),
    /// The index the referrers API gives for a digest, all pages of it; [`Answer::Absent`] where there is no such API
    /// or no referrer.
    Referrers(Digest),
}

/// What came of looking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The bytes as they came. Their digest is checked here, not by whoever fetched them.
    Found(Vec<u8>),
    /// Some of what is there, and why not the rest. What came is looked at; without a valid signature in it the answer
    /// is "could not look".
    Partial(Vec<u8>, String),
    /// The place was asked, is healthy, and holds nothing.
    Absent,
    /// The place could not be asked: refused, throttled, timed out, too large. Never the same as absent.
    Failed(String),
}
