//! What one image's signatures may cost to look at.

/// Caps on what strangers may attach to an image. A valid signature found before a cap wins; a cap reached without
/// one is "could not look".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one manifest or index. Default 4 MiB.
    pub manifest_bytes: u64,
    /// Bytes of one signed payload. Default 2 MiB.
    pub payload_bytes: u64,
    /// Signatures examined for one image. Default 256.
    pub signatures: usize,
    /// Rounds of questions. Default 8.
    pub rounds: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { manifest_bytes: 4 << 20, payload_bytes: 2 << 20, signatures: 256, rounds: 8 }
    }
}
