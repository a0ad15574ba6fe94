//! Detection rules × events → alerts.
//!
//! Falco's rule files are read by `falco`, lowered to conditions over fields, compiled into one decision graph and
//! asked of system calls and Kubernetes audit events. Nothing here opens a file or knows the time.
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::string_slice, clippy::arithmetic_side_effects))]

pub mod alert;
pub mod condition;
pub mod engine;
pub mod falco;
pub mod fields;
pub mod flow;
pub mod lint;
pub mod metrics;
pub mod output;
pub mod replay;
pub mod rule;
pub mod selection;
pub mod shapes;
pub mod state;
mod time;
pub mod value;

pub use alert::{Alert, facts, findings, import};
pub use engine::{Counts, Engine, Matching, Run};
pub use flow::{Flow, Thinning};
pub use replay::Replay;
pub use rule::{DetectionRule, Priority, RuleSet};
pub use selection::Selection;
