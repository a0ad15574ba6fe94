//! Fields: what can be asked of an event. One row each; lists, type checks and docs derive from the rows.

mod audit;
mod json;
mod syscall;

pub use audit::AuditSubject;
pub use syscall::SyscallSubject;

use crate::value::{Kind, Value};
use std::collections::HashMap;

/// Whether a field takes an argument in brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgRule {
    /// None.
    No,
    /// A number, if any.
    Index,
    /// A text, if any.
    Key,
    /// A number, always.
    RequiredIndex,
    /// A text, always.
    RequiredKey,
}

/// An argument, read once when a rule is compiled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Arg {
    /// None given.
    #[default]
    None,
    /// A number.
    Index(usize),
    /// A text.
    Key(String),
    /// A JSON pointer, split.
    Pointer(Vec<String>),
}

/// A field.
#[derive(Clone, Copy)]
pub struct Field {
    /// Dotted name.
    pub name: &'static str,
    /// Type of its values.
    pub kind: Kind,
    /// Whether it holds many values.
    pub list: bool,
    /// Its argument.
    pub arg: ArgRule,
    /// What it is, in one sentence.
    pub doc: &'static str,
    /// How it is read.
    pub get: Getter,
}

/// Reads a field from an event of one source; `None` when the event has no such thing.
#[derive(Clone, Copy)]
pub enum Getter {
    /// From a Kubernetes audit event.
    Audit(for<'s> fn(&'s AuditSubject<'s>, &'s Arg) -> Option<Value<'s>>),
    /// From a system call.
    Syscall(for<'s> fn(&'s SyscallSubject<'s>, &'s Arg) -> Option<Value<'s>>),
    /// Known to the reference, not read here: a rule that asks for it is an error, not a silence.
    Unsupported,
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Field({})", self.name)
    }
}

/// A source of events and its fields.
#[derive(Debug)]
pub struct Source {
    /// Its name in rules.
    pub name: &'static str,
    /// What its events are.
    pub doc: &'static str,
    /// Classes of fields.
    pub classes: &'static [&'static [Field]],
}

/// Every source.
pub static SOURCES: &[Source] = &[
    Source {
        name: "syscall",
        doc: "system calls of a node",
        classes: &[&syscall::EVT, &syscall::PROC, &syscall::FD, &syscall::USER, &syscall::CONTAINER],
    },
    Source {
        name: "k8s_audit",
        doc: "audit events of the Kubernetes API server",
        classes: &[&audit::REST, &audit::CONTAINERS, &json::FIELDS],
    },
];

/// The field and argument of a name that holds its argument: `evt.arg.flags` is `evt.arg[flags]`.
pub(crate) fn dotted(name: &str) -> Option<(&'static str, &str)> {
    ["evt.arg", "evt.rawarg", "evt.type.is"].into_iter().find_map(|field| {
        let arg = name.strip_prefix(field)?.strip_prefix('.').filter(|arg| !arg.is_empty())?;
        (name != "evt.type.is").then_some((field, arg))
    })
}

impl Source {
    /// The source of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        SOURCES.iter().find(|s| s.name == name)
    }

    /// All its fields, by class.
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> {
        self.classes.iter().flat_map(|class| class.iter())
    }

    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        let name = dotted(name).map_or(name, |(field, _)| field);
        self.fields().find(|f| f.name == name)
    }

    /// Its fields by name, for many questions.
    pub(crate) fn index(&self) -> HashMap<&'static str, &'static Field> {
        self.fields().map(|f| (f.name, f)).collect()
    }
}

impl Field {
    /// Reads an argument as this field wants it.
    ///
    /// # Errors
    /// One that is missing, not expected, or no number.
    pub fn argument(&self, text: Option<&str>) -> Result<Arg, String> {
        let name = self.name;
        let text = match (self.arg, text) {
            (ArgRule::No, None) | (ArgRule::Index | ArgRule::Key, None) => return Ok(Arg::None),
            (ArgRule::No, Some(_)) => return Err(format!("field '{name}' takes no argument")),
            (ArgRule::RequiredIndex | ArgRule::RequiredKey, None) => {
                return Err(format!("field '{name}' needs an argument"));
            }
            (_, Some(text)) => text,
        };
        match self.arg {
            ArgRule::Index | ArgRule::RequiredIndex => match text.parse() {
                Ok(index) => Ok(Arg::Index(index)),
                Err(_) => Err(format!("field '{name}' takes a number, not '{text}'")),
            },
            _ if name.starts_with("jevt.") => Ok(Arg::Pointer(event::json::pointer(text))),
            _ => Ok(Arg::Key(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_described() {
        for source in SOURCES {
            let mut names: Vec<_> = source.fields().map(|f| f.name).collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count, "{}", source.name);
            assert!(source.fields().all(|f| !f.doc.is_empty()));
        }
    }

    #[test]
    fn arguments() {
        let source = Source::named("k8s_audit").unwrap();
        let arg = |name: &str, text| source.field(name).unwrap().argument(text);
        assert_eq!(arg("ka.verb", None), Ok(Arg::None));
        assert!(arg("ka.verb", Some("x")).is_err());
        assert_eq!(arg("ka.req.pod.containers.image", Some("2")), Ok(Arg::Index(2)));
        assert!(arg("ka.req.pod.containers.image", Some("x")).is_err());
        assert!(arg("ka.uri.param", None).is_err());
        assert_eq!(arg("jevt.value", Some("/a~1b/c")), Ok(Arg::Pointer(vec!["a/b".into(), "c".into()])));
    }
}
