//! The vocabulary facts are joined by, and nothing else.
//!
//! A type enters this crate only when two other crates exchange it. Types shaped like a foreign tool's
//! document live in the dialect module of the engine that reads it.
#![deny(missing_docs)]

mod check;
mod container;
mod coverage;
mod diagnostic;
mod fact;
mod finding;
mod fix;
mod identity;
mod image;
mod origin;
mod reference;
mod resource;
mod show;
mod target;

pub use check::{Control, Rule};
pub use container::{ContainerId, NodeName, PodUid};
pub use coverage::{Coverage, Gap, Ring};
pub use diagnostic::{Diagnostic, Level};
pub use fact::{
    Alert, AlertClass, Capability, Confidence, Escape, Fact, Grant, Lifetime, Loaded, Predicate, Scope,
    Source, Usage, Vulnerability,
};
pub use finding::{Finding, Severity, stable_id};
pub use fix::{Action, Edit, Fix, Grain};
pub use identity::Identity;
pub use image::{ImageId, ImageIndex, Join};
pub use jiff::Timestamp;
pub use origin::{Evidence, Origin, Position};
pub use reference::{Digest, ParseReferenceError, Reference};
pub use resource::ResourceRef;
pub use show::{escape, safe};
pub use target::Target;
