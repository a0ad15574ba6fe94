//! What can be wrong with a document, and the codes it is told by.

use model::{Diagnostic, Level, Position};

/// A code of this reader's diagnostics and what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// Stable code.
    pub code: &'static str,
    /// One line, sentence case, no full stop.
    pub title: &'static str,
}

macro_rules! codes {
    ($($name:ident $code:literal $title:literal;)*) => {
        $(pub(crate) const $name: &str = $code;)*
        /// Every code of this reader.
        pub static CODES: &[Code] = &[$(Code { code: $code, title: $title }),*];
    };
}

codes! {
    ALIAS "yaml/alias" "An alias names an anchor that is unknown or contains it, or aliases copy too much";
    CHARACTER "yaml/character" "A character that a document may not contain, or that decoders read differently";
    DEPTH "yaml/depth" "Collections are nested too deeply";
    DIRECTIVE "yaml/directive" "A directive, which the API's decoder refuses";
    DOCUMENTS "yaml/documents" "A text has too many documents";
    DUPLICATE "yaml/duplicate-key" "A mapping has the same key twice";
    ENCODING "yaml/encoding" "The text is not UTF-8";
    IGNORED "yaml/ignored" "Text that the API's decoder never looks at";
    JSON "yaml/json" "Not JSON";
    KEY "yaml/key" "A mapping's key has no text to name it by";
    MERGE "yaml/merge" "A merge key's value is no mapping";
    NODES "yaml/nodes" "A document has too many values";
    NUMBER "yaml/number" "A number that JSON cannot carry";
    SEPARATOR "yaml/separator" "A document separator is followed by text";
    SIZE "yaml/size" "A document or text is too long";
    SYNTAX "yaml/syntax" "Not YAML";
    TAG "yaml/tag" "A value cannot be what its tag says";
    TEMPLATE "yaml/template" "A template, not a manifest";
}

/// Where in a document's text, as its reader counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// Bytes from the start of the document.
    Byte(usize),
    /// Characters from the start of the document.
    Char(usize),
}

/// Why a document (or a part of the text around it) was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: &'static str,
    pub(crate) level: Level,
    pub(crate) message: String,
    pub(crate) at: At,
    pub(crate) help: Option<&'static str>,
}

impl Fault {
    pub(crate) fn new(code: &'static str, at: At, message: impl Into<String>) -> Self {
        Self { code, level: Level::Error, message: message.into(), at, help: None }
    }

    pub(crate) fn warning(self) -> Self {
        Self { level: Level::Warning, ..self }
    }

    pub(crate) fn help(self, help: &'static str) -> Self {
        Self { help: Some(help), ..self }
    }

    /// The diagnostic, once the position is known.
    pub(crate) fn diagnose(self, position: Position) -> Diagnostic {
        Diagnostic {
            level: self.level,
            help: self.help.map(str::to_owned),
            ..Diagnostic::error(self.code, self.message).at(position)
        }
    }
}
