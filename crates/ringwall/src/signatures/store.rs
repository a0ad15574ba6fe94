//! Verdicts remembered between runs, one small file each, in the user's cache folder.

use crate::output;
use model::{Digest, Timestamp};
use signing::{CacheKey, Lifetimes, Outcome, Remembered, Requirement, Verdict, VerdictCache};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Longest file that is read, in bytes.
const CAP: u64 = 64 << 10;
/// Files that are kept; the oldest go first.
const FILES: usize = 10_000;

/// Remembered verdicts; without a folder nothing is remembered.
pub(crate) struct Store {
    folder: Option<PathBuf>,
    cache: Mutex<VerdictCache>,
}

impl Store {
    /// Remembers nothing.
    pub(crate) fn none() -> Self {
        Self { folder: None, cache: Mutex::default() }
    }

    /// The user's own: `RINGWALL_CACHE_DIR`, else the user's cache folder.
    pub(crate) fn of_user() -> Self {
        let of = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let base = of("RINGWALL_CACHE_DIR").or_else(|| {
            let base = of("XDG_CACHE_HOME").or_else(|| of("HOME").map(|home| home.join(".cache")))?;
            Some(base.join("ringwall"))
        });
        Self {
            folder: base.map(|base| base.join("verdicts")),
            cache: Mutex::new(VerdictCache::new(Lifetimes::default())),
        }
    }

    fn now() -> u64 {
        u64::try_from(Timestamp::now().as_second()).unwrap_or_default()
    }

    /// What is remembered of an image under a requirement.
    pub(crate) fn get(&self, digest: &Digest, requirement: &Requirement) -> Remembered {
        let Some(folder) = &self.folder else { return Remembered::Nothing };
        let key = CacheKey::new(digest, requirement);
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = read(folder, &key.name()) {
            cache.read(&key, &text);
        }
        cache.get(&key, Self::now())
    }

    /// Remembers a verdict if it may be, and gives back the one to use and whether it is an older one.
    pub(crate) fn put(
        &self,
        digest: &Digest,
        requirement: &Requirement,
        verdict: Verdict,
    ) -> (Verdict, bool) {
        let Some(folder) = &self.folder else { return (verdict, false) };
        let key = CacheKey::new(digest, requirement);
        let failed = matches!(verdict.outcome, Outcome::CouldNotLook { .. });
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let used = cache.put(&key, verdict, Self::now());
        let older = failed && !matches!(used.outcome, Outcome::CouldNotLook { .. });
        if let Some(text) = cache.written(&key).filter(|_| !failed) {
            // Where nothing can be written nothing is remembered; the answer is the same.
            if let Err(error) = write(folder, &key.name(), &text) {
                tracing::info!(%error, folder = %folder.display(), "the verdict is not remembered");
            }
        }
        (used, older)
    }
}

/// A file of a folder that nobody else can write to.
fn read(folder: &Path, name: &str) -> Option<Vec<u8>> {
    let path = folder.join(name);
    let (of_folder, of_file) = (std::fs::metadata(folder).ok()?, std::fs::symlink_metadata(&path).ok()?);
    let own = |meta: &std::fs::Metadata| meta.mode() & 0o022 == 0 && meta.uid() == of_folder.uid();
    let sound = own(&of_folder) && own(&of_file) && of_file.is_file() && of_file.len() <= CAP;
    sound.then(|| std::fs::read(&path).ok()).flatten()
}

fn write(folder: &Path, name: &str, text: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    output::whole(&folder.join(name), |file| file.write_all(text))?;
    prune(folder)
}

/// Drops the oldest half once there are too many.
fn prune(folder: &Path) -> std::io::Result<()> {
    let entries: Vec<_> = std::fs::read_dir(folder)?.flatten().collect();
    if entries.len() <= FILES {
        return Ok(());
    }
    let mut aged: Vec<_> = entries
        .into_iter()
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    aged.sort();
    aged.iter().take(aged.len() / 2).try_for_each(|(_, path)| std::fs::remove_file(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use signing::{PrivateKey, Reason};
    use std::collections::BTreeMap;
    use std::os::unix::fs::PermissionsExt as _;

    fn verdict(digest: &Digest, outcome: Outcome) -> Verdict {
        let (digest, annotations) = (digest.clone(), BTreeMap::new());
        Verdict { digest, outcome, annotations, refused: Vec::new(), attestations: Vec::new(), lookups: 1 }
    }

    #[test]
    fn survives_the_process_and_an_outage() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = || Store {
            folder: Some(folder.path().join("verdicts")),
            cache: Mutex::new(VerdictCache::new(Lifetimes::default())),
        };
        let digest = Digest::parse(&format!("sha256:{}", "0".repeat(64))).expect("a digest");
        let key = PrivateKey::generate(&mut |bytes| bytes.fill(7)).expect("a key");
        let requirement = Requirement::by_keys([key.public().clone()]);
        assert_eq!(store().get(&digest, &requirement), Remembered::Nothing);
        let away = verdict(&digest, Outcome::CouldNotLook { why: vec!["503".into()] });
        assert_eq!(store().put(&digest, &requirement, away.clone()), (away, false));
        assert_eq!(store().get(&digest, &requirement), Remembered::Nothing, "errors are never remembered");
        let no = verdict(&digest, Outcome::NotVerified { reason: Reason::NoSignature });
        store().put(&digest, &requirement, no);
        assert!(matches!(store().get(&digest, &requirement), Remembered::Fresh(_)));
        // A folder that others may write to proves nothing.
        let open = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(folder.path().join("verdicts"), open).expect("a mode");
        assert_eq!(store().get(&digest, &requirement), Remembered::Nothing);
    }
}
