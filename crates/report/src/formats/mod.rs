//! The formats: one file each, one line here.

use crate::Document;

/// A way to write a document.
pub struct Format {
    /// Value of `-o`.
    pub name: &'static str,
    /// One line of help.
    pub about: &'static str,
    /// Writes it.
    pub write: fn(&Document, &Options) -> String,
}

/// How a document is to be written.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Width of the terminal in cells.
    pub width: usize,
    /// Lines of the terminal that may be filled; `None` for all that there is to say.
    pub lines: Option<usize>,
    /// Colours.
    pub color: bool,
    /// Every item and every finding.
    pub all: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { width: 80, lines: Some(23), color: false, all: false }
    }
}

macro_rules! formats {
    ($($name:ident),+ $(,)?) => {
        $(mod $name;)+
        /// Every format.
        pub static FORMATS: &[Format] = &[$($name::FORMAT),+];
    };
}

formats![text, json];
pub use text::why;
