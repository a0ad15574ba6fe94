//! What is wrong with a document we read.

use crate::Position;
use serde::Serialize;
use std::sync::Arc;

/// How much a diagnostic takes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The document was understood; something in it is odd.
    Warning,
    /// A part of the document (or all of it) was not understood and is not in the answer.
    Error,
}

/// Something wrong with a document we read. A bad part never throws the rest of the document away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagnostic {
    /// Stable code: `area/kebab-case`.
    pub code: &'static str,
    /// How much it takes away.
    pub level: Level,
    /// What is wrong, lower case, without a full stop.
    pub message: String,
    /// File, URL or name of the document; empty while its reader does not know it.
    pub document: Arc<str>,
    /// Where in the document.
    pub position: Option<Position>,
    /// What to do next.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error without position.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            level: Level::Error,
            message: message.into(),
            document: "".into(),
            position: None,
            help: None,
        }
    }

    /// A warning without position.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::error(code, message) }
    }

    /// The same, in the named document.
    #[must_use]
    pub fn in_document(self, document: impl Into<Arc<str>>) -> Self {
        Self { document: document.into(), ..self }
    }

    /// The same, at a position.
    #[must_use]
    pub fn at(self, position: Position) -> Self {
        Self { position: Some(position), ..self }
    }

    /// The same, with advice.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}
