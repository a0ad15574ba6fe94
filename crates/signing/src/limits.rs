//! What one image's signatures may cost to look at.

/// Caps on what strangers may attach to an image. A valid signature found before a cap wins; a cap reached without
/// one is "could not look".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one manifest or index. Default 4 MiB.
    pub manifest_bytes: u64,
    /// Bytes of one signature's payload or bundle. Default 2 MiB.
    pub signature_bytes: u64,
    /// Bytes of one attestation. Default 16 MiB.
    pub attestation_bytes: u64,
    /// Signatures and attestations examined for one image, and manifests that refer to it. Default 256 each.
    pub signatures: usize,
    /// Places, manifests and blobs asked for. Default 640.
    pub lookups: usize,
    /// Manifests and blobs asked for at once. Default 8.
    pub parallel: usize,
    /// Bytes asked for at once, by their declared sizes; at least one thing is asked for. Default 16 MiB.
    pub parallel_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            manifest_bytes: 4 << 20,
            signature_bytes: 2 << 20,
            attestation_bytes: 16 << 20,
            signatures: 256,
            lookups: 640,
            parallel: 8,
            parallel_bytes: 16 << 20,
        }
    }
}
