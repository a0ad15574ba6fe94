//! Cosign's tag `sha256-<hex>.sig`: an image whose layers are simple signing payloads (Cosign 1 and 2, and 3 on demand).

use super::{Layout, Search, derived_tag};
use crate::verdict::Reason;
use crate::Ask;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::Digest;
use oci_spec::image::{Descriptor, ImageManifest};

pub(super) static LAYOUT: Layout =
    Layout { id: "legacy-tag", about: "Cosign's sha256-<hex>.sig tag beside the image", look };

const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";

fn look(search: &mut Search<'_>) {
    let tag = derived_tag(search.image, ".sig");
    let Some(bytes) = search.bytes(Ask::Tag(tag.clone()), search.limits.manifest_bytes) else { return };
    let manifest: ImageManifest = match serde_json::from_slice(bytes) {
        Ok(manifest) => manifest,
        Err(error) => return search.fail(format!("tag {tag}: its manifest is malformed: {error}")),
    };
    for (at, layer) in manifest.layers().iter().enumerate() {
        if at >= search.limits.signatures {
            return search.fail(format!("tag {tag}: more than {at} signatures, the rest was not examined"));
        }
        signature(search, layer);
    }
}

fn signature(search: &mut Search<'_>, layer: &Descriptor) {
    let Some(digest) = Digest::parse(layer.digest().as_ref()) else {
        return search.fail(format!("a signature names its payload by {}, which is no digest", layer.digest()));
    };
    let kind = layer.media_type().to_string();
    if kind != PAYLOAD {
        return search.refuse(Some(digest), match kind.contains("dsse") || kind.contains("in-toto") {
            true => Reason::NotAnImageSignature(kind),
            false => Reason::UnknownMediaType(kind),
        });
    }
    let Some(text) = layer.annotations().as_ref().and_then(|all| all.get(SIGNATURE)) else {
        return search.refuse(Some(digest), Reason::SignatureMissing);
    };
    let Ok(signature) = STANDARD.decode(text.trim()) else {
        return search.refuse(Some(digest), Reason::MalformedSignature);
    };
    if layer.size() > search.limits.payload_bytes {
        return search.refuse(Some(digest), Reason::PayloadTooLarge(layer.size()));
    }
    if let Some(payload) = search.bytes(Ask::Blob(digest.clone()), search.limits.payload_bytes) {
        search.found(digest, payload, signature);
    }
}
