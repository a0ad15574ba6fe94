//! The document as it is, for machines.

use super::{Format, Options};
use crate::Document;

pub(super) const FORMAT: Format =
    Format { name: "json", about: "everything, in the versioned schema docs/schema/risk.v1.json", write };

fn write(document: &Document, _: &Options) -> String {
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}
