//! What a text may cost before its reader gives up.

/// Limits on what is read, checked before or while it is read; what exceeds one is a diagnostic, not a value.
///
/// Peak memory is that of one document: about its text, plus 30 to 300 bytes a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Bytes of the whole text. Default 1 GiB.
    pub bytes: u64,
    /// Bytes of one document. Default 32 MiB (the API server takes 3 MiB).
    pub document_bytes: u64,
    /// Documents of one text. Default 200,000.
    pub documents: u64,
    /// Collections within each other. Default 100; values above [`Caps::DEEPEST`] count as that.
    pub depth: u32,
    /// Values (scalars, sequences, mappings; keys not counted) of one document. Default 1,000,000.
    pub nodes: u64,
    /// What anchors, aliases and merges may copy in one document: one for each value, one more for each
    /// 64 bytes of text. Default 100,000.
    pub aliases: u64,
}

impl Caps {
    /// The greatest depth that can be asked for: JSON goes through `serde_json`, which stops there.
    pub const DEEPEST: u32 = 127;

    /// The depth that holds.
    pub(crate) fn depth(&self) -> usize {
        usize::try_from(self.depth.min(Self::DEEPEST)).unwrap_or(usize::MAX)
    }
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            bytes: 1 << 30,
            document_bytes: 32 << 20,
            documents: 200_000,
            depth: 100,
            nodes: 1_000_000,
            aliases: 100_000,
        }
    }
}
