//! What one image may cost to read.

/// Caps on hostile input. Hitting one ends the layer (or drops the member) and is named as unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Layers of one image; more are refused. Default 512 (runtimes stop at 127).
    pub layers: usize,
    /// Members of one layer. Default 4,000,000.
    pub entries: u64,
    /// Bytes of one path, as runtimes cap it. Default 4,096.
    pub path_bytes: usize,
    /// Inflated bytes of one layer. Default 32 GiB.
    pub layer_bytes: u64,
    /// Inflated bytes of all layers. Default 128 GiB.
    pub image_bytes: u64,
    /// Inflated bytes per compressed byte, once a layer is past [`Limits::ratio_free`]. Default 250.
    pub ratio: u64,
    /// Inflated bytes a layer may have before its ratio counts. Default 256 MiB.
    pub ratio_free: u64,
    /// Bytes of one member that is held in memory for an analyzer. Default 64 MiB.
    pub file_bytes: u64,
    /// Bytes of one JSON document of the archive (manifest, config). Default 8 MiB.
    pub document_bytes: u64,
    /// Bytes of a tar extension header (long names, extended attributes). Default 1 MiB.
    pub extension_bytes: u64,
    /// Packages of one image. Default 500,000.
    pub packages: usize,
    /// Bytes of what is kept of the secrets of one layer or folder. Default 8 MiB.
    pub secret_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: u64 = 1 << 20;
        Self {
            layers: 512,
            entries: 4_000_000,
            path_bytes: 4096,
            layer_bytes: 32 << 30,
            image_bytes: 128 << 30,
            ratio: 250,
            ratio_free: 256 * MIB,
            file_bytes: 64 * MIB,
            document_bytes: 8 * MIB,
            extension_bytes: MIB,
            packages: 500_000,
            secret_bytes: 8 << 20,
        }
    }
}
