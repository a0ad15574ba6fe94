//! The document as it is, for machines.

use super::{Format, Options};
use crate::Document;

pub(super) const FORMAT: Format =
    Format { name: "json", about: "everything, in the versioned schema docs/schema/risk.v1.json", write };

fn write(document: &Document, _: &Options) -> String {
    let text = serde_json::to_string_pretty(document).unwrap_or_default();
    let mut out = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        // Such a mark is only ever within a string: the value stays what it was, and a terminal is not fooled.
        if hidden(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out.push('\n');
    out
}

/// Whether a character acts on the text around it, or is not seen.
fn hidden(c: char) -> bool {
    c != '\n' && !model::escape(c.encode_utf8(&mut [0; 4])).starts_with(c)
}
