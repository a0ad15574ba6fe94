//! Manifests whose `subject` is the image, listed in the index `sha256-<hex>` that clients keep where a registry lists
//! none itself (OCI distribution 1.1, referrers tag schema).

use super::{Layout, derived_tag};
use crate::Ask;

pub(super) static LAYOUT: Layout = Layout {
    id: "fallback-index",
    about: "manifests with the image as subject, listed in the index tagged sha256-<hex>",
    holds: (true, true),
    place: |image| Ask::Tag(derived_tag(image, "")),
    read: |finds, bytes| finds.listing(bytes),
};
