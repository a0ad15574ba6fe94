//! Manifests whose `subject` is the image: Cosign 3's bundles and others' artefacts. Seen, not yet read.
//!
//! Found by the referrers API or, where a registry has none, by the fallback tag `sha256-<hex>`. The label
//! `artifactType` of an index is not trusted: Cosign writes the same one for everything into the fallback index.

use super::{Layout, Search, derived_tag};
use crate::Ask;
use oci_spec::image::ImageIndex;

pub(super) static LAYOUT: Layout =
    Layout { id: "referrers", about: "manifests with the image as subject, as Cosign 3 writes them", look };

fn look(search: &mut Search<'_>) {
    for ask in [Ask::Referrers(search.image.clone()), Ask::Tag(derived_tag(search.image, ""))] {
        let Some(bytes) = search.bytes(ask, search.limits.manifest_bytes) else { continue };
        match serde_json::from_slice::<ImageIndex>(bytes) {
            Ok(index) if index.manifests().is_empty() => {}
            Ok(index) => {
                let count = index.manifests().len();
                search.fail(format!("{count} referring manifests may hold signatures that are not read"));
            }
            Err(error) => search.fail(format!("the list of referring manifests is malformed: {error}")),
        }
    }
}
