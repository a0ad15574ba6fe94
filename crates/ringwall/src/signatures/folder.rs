//! Images and their signatures in an OCI image layout on disk: what `umoci`, `skopeo copy` and `cosign save` write.

use super::look::Looked;
use crate::exit;
use model::{Digest, Reference};
use signing::{Answer, Limits, OciLayout, Requirement, verify_with};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// A layout, its index read.
pub(crate) struct Folder {
    path: PathBuf,
    layout: OciLayout,
}

/// Bytes of the index that are read.
const INDEX: u64 = 4 << 20;

impl Folder {
    /// Reads the index of a layout.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let index = path.join("index.json");
        let shown = index.display().to_string();
        let bad = |why: String| exit::unreadable(format!("{}: {why}", model::escape(&shown)));
        let bytes = match file(&index, INDEX) {
            Answer::Found(bytes) => bytes,
            Answer::Failed(why) => return Err(bad(why)),
            _ => return Err(bad("no image layout is there".to_owned())),
        };
        let layout = OciLayout::parse(&bytes).map_err(|error| bad(error.to_string()))?;
        Ok(Self { path: path.to_owned(), layout })
    }

    /// The one image of a folder that `cosign save` wrote, by its digest.
    pub(crate) fn only(&self) -> Option<Reference> {
        let digest = self.layout.only()?;
        format!("localhost/saved@{digest}").parse().ok()
    }

    /// Looks at one of its images; nothing outside of it is asked.
    pub(crate) fn look(&self, reference: &Reference, requirement: &Requirement) -> Looked {
        let limits = Limits::default();
        let Some(digest) = self.layout.resolve(reference) else {
            return Looked::failed(reference, None, "the layout holds no image of this name".to_owned());
        };
        let mut blob = |digest: &Digest| match digest.as_str().split_once(':') {
            Some((algorithm, hex)) => {
                file(&self.path.join("blobs").join(algorithm).join(hex), limits.attestation_bytes)
            }
            None => Answer::Absent,
        };
        if !matches!(blob(&digest), Answer::Found(_)) {
            return Looked::failed(reference, Some(digest), "the layout does not hold this image".to_owned());
        }
        let mut look = |ask: &signing::Ask| self.layout.answer(reference, ask, &mut blob);
        let verdict = verify_with(&digest, requirement, &limits, &mut look);
        Looked::of(reference, verdict, false)
    }
}

/// A regular file, at most `cap` bytes of it.
fn file(path: &Path, cap: u64) -> Answer {
    let opened = match std::fs::File::open(path) {
        Ok(opened) => opened,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Answer::Absent,
        Err(error) => return Answer::Failed(error.to_string()),
    };
    if !opened.metadata().is_ok_and(|meta| meta.is_file()) {
        return Answer::Failed("not a file".to_owned());
    }
    let mut bytes = Vec::new();
    match opened.take(cap.saturating_add(1)).read_to_end(&mut bytes) {
        Ok(read) if read as u64 > cap => Answer::Failed(format!("more than {cap} bytes")),
        Ok(_) => Answer::Found(bytes),
        Err(error) => Answer::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_layout() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = || Folder::open(folder.path()).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(open().contains("no image layout"));
        std::fs::write(folder.path().join("index.json"), "{}").expect("a file");
        assert!(open().contains("malformed"));
        std::fs::write(folder.path().join("index.json"), r#"{"schemaVersion":2,"manifests":[]}"#)
            .expect("a file");
        let layout = Folder::open(folder.path()).expect("a layout");
        let looked = layout.look(&"registry.test/app:1".parse().expect("a name"), &Requirement::default());
        assert!(format!("{:?}", looked.outcome).contains("holds no image"));
        std::fs::remove_file(folder.path().join("index.json")).expect("removed");
        std::fs::create_dir(folder.path().join("index.json")).expect("a folder");
        assert!(open().contains("not a file"));
    }
}
