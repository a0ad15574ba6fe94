//! `detect fields`: what conditions and outputs may ask for.

use crate::exit::{self, Exit};
use crate::output;
use clap::{Args, ValueEnum};
use detect::fields::{ArgRule, Field, Getter, SOURCES, Source};
use serde_json::{Value, json};
use std::fmt::Write as _;

#[derive(Args)]
pub(crate) struct FieldsArgs {
    /// Only fields whose name contains this
    #[arg(value_name = "TEXT")]
    text: Option<String>,
    /// Only fields of this source: syscall or k8s_audit
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,
    /// Format of the list
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    output: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

impl FieldsArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        if let Some(name) = &self.source
            && Source::named(name).is_none()
        {
            let names: Vec<&str> = SOURCES.iter().map(|source| source.name).collect();
            return Err(exit::usage(format!("there is no source '{name}'; there are {}", names.join(", "))));
        }
        let text = match self.output {
            Format::Json => format!("{:#}\n", list(self.source.as_deref(), self.text.as_deref())),
            Format::Text => page(self.source.as_deref(), self.text.as_deref()),
        };
        output::write(&text, None)?;
        Ok(Exit::Done)
    }
}

fn wanted<'s>(source: &'s Source, text: Option<&'s str>) -> impl Iterator<Item = &'static Field> + 's {
    let fields = source.classes.iter().flat_map(|class| class.iter());
    fields.filter(move |field| text.is_none_or(|text| field.name.contains(text)))
}

/// Whether events of it are read here.
fn read(field: &Field) -> bool {
    !matches!(field.get, Getter::Unsupported)
}

fn argument(field: &Field) -> &'static str {
    match field.arg {
        ArgRule::No => "",
        ArgRule::Index => "[N]?",
        ArgRule::Key => "[KEY]?",
        ArgRule::RequiredIndex => "[N]",
        ArgRule::RequiredKey => "[KEY]",
    }
}

/// The fields, to read.
pub(crate) fn page(source: Option<&str>, text: Option<&str>) -> String {
    let mut out = String::new();
    for of in SOURCES.iter().filter(|s| source.is_none_or(|name| name == s.name)) {
        let fields: Vec<&Field> = wanted(of, text).collect();
        if fields.is_empty() {
            continue;
        }
        let _ = writeln!(out, "{}: {}", of.name, of.doc);
        for field in fields {
            let kind = if field.list {
                format!("LIST({})", field.kind.name())
            } else {
                field.kind.name().to_owned()
            };
            let name = format!("{}{}", field.name, argument(field));
            let not = if read(field) { "" } else { " (known, not read here)" };
            let _ = writeln!(out, "  {name:<42} {kind:<14} {}{not}", field.doc);
        }
    }
    if out.is_empty() {
        out.push_str("no field has such a name\n");
    }
    out
}

fn list(source: Option<&str>, text: Option<&str>) -> Value {
    let mut all = Vec::new();
    for of in SOURCES.iter().filter(|s| source.is_none_or(|name| name == s.name)) {
        all.extend(wanted(of, text).map(|field| {
            json!({
                "source": of.name,
                "name": field.name,
                "type": field.kind.name(),
                "list": field.list,
                "argument": argument(field),
                "description": field.doc,
                "read": read(field),
            })
        }));
    }
    Value::Array(all)
}
