//! Manifests whose `subject` is the image, by the registry's own list of them: Cosign 3's bundles, Cosign 2's
//! experimental signatures, and others' artefacts.

use super::Layout;
use crate::Ask;

pub(super) static LAYOUT: Layout = Layout {
    id: "referrers",
    about: "manifests with the image as subject, listed by the registry, as Cosign 3 writes them",
    holds: (true, true),
    place: |image| Ask::Referrers(image.clone()),
    read: |finds, bytes| finds.listing(bytes),
};
