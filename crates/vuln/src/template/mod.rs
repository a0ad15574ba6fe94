//! Go's text templates with the functions report templates are written with: parsed once, run on a value.
//!
//! Semantics: Go's `text/template`, and of sprig the functions that need no chance, network or keys. What is not
//! supported is an error that names it, when the template is read. Clock, environment and version are in [`World`].

mod functions;
mod lexer;
mod parser;
mod print;
mod run;
mod shape;
mod time;
mod value;

pub use functions::World;
pub(crate) use print::quote;
pub use shape::{Field, Kind, Shape};
pub use value::{Map, Record, Value};

/// What a template may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Bytes of the template. Default 4 MiB.
    pub template: usize,
    /// Nodes, commands and operands that are evaluated. Default 500 million.
    pub steps: usize,
    /// Bytes that are written. Default 1 GiB.
    pub output: usize,
    /// Templates within templates. Default 200.
    pub depth: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self { template: 4 << 20, steps: 500_000_000, output: 1 << 30, depth: 200 }
    }
}

/// Why a template cannot be read or run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It is not written as templates are, or asks for what there is not.
    #[error("template, line {line}: {why}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// It does what cannot be done.
    #[error("template, line {line}: {why}")]
    Run {
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// Over [`Caps::template`].
    #[error("the template is over the limit of {0} bytes")]
    TooLarge(usize),
    /// Over [`Caps::steps`].
    #[error("the template does not end within {0} steps")]
    Steps(usize),
    /// Over [`Caps::output`].
    #[error("the template writes more than {0} bytes")]
    Output(usize),
    /// Over [`Caps::depth`].
    #[error("templates run each other {0} deep")]
    Depth(usize),
}

/// A template that was read.
#[derive(Clone, Debug)]
pub struct Template(parser::Templates);

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// When it is malformed, too large, or names a function that is not supported.
    pub fn parse(text: &str, caps: &Caps) -> Result<Self, TemplateError> {
        parser::parse(text, caps).map(Self)
    }

    /// Runs it on a value. Bytes, since a template may cut a text within a character.
    ///
    /// # Errors
    /// When it asks for a field that is not there, a function refuses its arguments, or a limit is reached.
    pub fn run(&self, data: Value, world: &World, caps: &Caps) -> Result<Vec<u8>, TemplateError> {
        run::run(&self.0, data, world, caps)
    }
}

#[cfg(test)]
mod tests;
