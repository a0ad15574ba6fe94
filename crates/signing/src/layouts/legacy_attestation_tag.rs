//! Cosign's tag `sha256-<hex>.att`: an image whose layers are DSSE envelopes.

use super::{Layout, derived_tag, legacy_tag};
use crate::Ask;

pub(super) static LAYOUT: Layout = Layout {
    id: "legacy-attestation-tag",
    about: "Cosign's sha256-<hex>.att tag beside the image",
    holds: (false, true),
    place: |image| Ask::Tag(derived_tag(image, ".att")),
    read: legacy_tag::read,
};
