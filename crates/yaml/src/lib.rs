//! The one reader of YAML and JSON documents: bounded, with positions on demand.
//!
//! Scalars, keys, merges and document separators mean what they mean to `kubectl` (sigs.k8s.io/yaml over
//! k8s.io/apimachinery's document reader), because what that decoder sees is what a cluster gets. Where the
//! decoder is lenient in a way that hides text from a reader (duplicate keys), the document is refused.
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::string_slice, clippy::arithmetic_side_effects))]

mod caps;
mod compose;
mod edit;
mod fault;
mod input;
mod json;
mod list;
mod position;
mod relax;
mod scalar;
mod splice;
mod stream;
mod text;
mod tree;
mod walk;
mod write;

pub use caps::Caps;
pub use edit::{Change, Refused, edit};
pub use fault::{CODES, Code};
pub use list::{Item, items};
pub use position::{Place, Places, locate, locate_item, place, position_at};
pub use serde_json::Value;
pub use stream::{Document, Stream, read, stream};
pub use write::write;
