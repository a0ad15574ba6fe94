//! Snapshots of clusters that never were, as files: what the benches of scale look at.

use snapshot::synthetic::{Size, cluster};
use snapshot::{Builder, Snapshot};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// The sizes by name, smallest first.
pub(crate) static SIZES: &[(&str, Size)] =
    &[("small", Size::SMALL), ("medium", Size::MEDIUM), ("large", Size::LARGE), ("largest", Size::LARGEST)];

/// Writes the snapshot of a synthetic cluster, as `ringwall snapshot save` would have.
pub(crate) fn write(size: &str, seed: &str, path: &Path) -> Result<(), String> {
    let known = SIZES.iter().find(|(name, _)| *name == size);
    let names = || SIZES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let (_, size) = known.ok_or_else(|| format!("no such size; there are: {}", names()))?;
    let seed = seed.parse().map_err(|e| format!("the seed {seed:?} is no number: {e}"))?;
    save(&take(seed, size)?, path).map_err(|e| format!("{}: {e}", path.display()))
}

/// What reading the live cluster would have given.
fn take(seed: u64, size: &Size) -> Result<Snapshot, String> {
    let mut builder = Builder::new("default");
    let at = "2026-01-15T12:00:00Z".parse().map_err(|e| format!("a fixed time: {e}"))?;
    builder.taken(at, Some("v1.34.2".to_owned()));
    let origin = model::Origin::Cluster { context: "synthetic".into(), owner: None };
    for value in cluster(seed, size) {
        builder.add(value, origin.clone());
    }
    Ok(builder.build())
}

fn save(snapshot: &Snapshot, path: &Path) -> std::io::Result<()> {
    let mut out = zstd::Encoder::new(BufWriter::new(File::create(path)?), zstd::DEFAULT_COMPRESSION_LEVEL)?;
    snapshot::save(snapshot, &mut out)?;
    out.finish()?.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_written_and_wrong_words_are_refused() {
        let folder = std::env::temp_dir().join(format!("xtask-synthetic-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("folder");
        let path = folder.join("tiny.snapshot");
        let tiny = Size {
            nodes: 2,
            deployments: 3,
            namespaces: 2,
            accounts: 2,
            roles: 2,
            bindings: 2,
            ..Size::SMALL
        };
        save(&take(1, &tiny).expect("snapshot"), &path).expect("written");
        let bytes = zstd::decode_all(File::open(&path).expect("file")).expect("zstd");
        assert_eq!(snapshot::load(bytes.as_slice()).expect("loads").pods().len(), tiny.pods());
        assert!(write("huge", "1", &path).is_err_and(|why| why.contains("largest")));
        assert!(write("small", "one", &path).is_err());
        std::fs::remove_dir_all(folder).expect("removed");
    }
}
