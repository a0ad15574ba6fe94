//! Cosign's tag `sha256-<hex>.sig`: an image whose layers are simple signing payloads (Cosign 1 and 2, and 3 on demand).

use super::{Finds, Layout, derived_tag};
use crate::Ask;

pub(super) static LAYOUT: Layout = Layout {
    id: "legacy-tag",
    about: "Cosign's sha256-<hex>.sig tag beside the image",
    holds: (true, false),
    place: |image| Ask::Tag(derived_tag(image, ".sig")),
    read,
};

pub(super) fn read(finds: &mut Finds<'_>, bytes: &[u8]) {
    if let Err(error) = finds.manifest(bytes) {
        finds.fail(format!("the manifest is malformed: {error}"));
    }
}
