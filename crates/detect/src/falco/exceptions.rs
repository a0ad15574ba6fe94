//! Exceptions of a rule: read, checked, and turned into the text they add to its condition.

use super::context::{Context, ItemType};
use super::diagnostics::{Code, Problem};
use super::node::{Item, Read, Source, entry};
use super::text::{self, Entry};
use crate::condition::Op;
use serde_json::Value;

/// One exception.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Exception {
    pub(super) name: String,
    pub(super) fields: Option<Entry>,
    pub(super) comps: Option<Entry>,
    pub(super) values: Vec<Entry>,
    pub(super) context: Context,
}

fn invalid(message: impl Into<String>, context: &Context) -> Problem {
    Problem::new(Code::ErrValidate, message, context)
}

/// Reads `exceptions`; when appending, fields may be missing.
pub(super) fn read(
    item: &Item<'_>,
    source: &mut Source<'_>,
    append: bool,
    warnings: &mut Vec<Problem>,
) -> Read<Vec<Exception>> {
    if matches!(item.map.get("exceptions"), None | Some(Value::Null)) {
        return Ok(Vec::new());
    }
    let mut all: Vec<Exception> = Vec::new();
    for (value, place) in
        item.sequence("exceptions", ItemType::Exceptions, "rule exceptions must be a sequence")?
    {
        let unnamed = Item::new(value, place.clone(), "rule exception must be a mapping")?;
        let name = unnamed.text(source, "name")?;
        let mut context = place;
        if let Some(last) = context.locations.last_mut() {
            (last.kind, last.name) = (ItemType::Exception, name.clone());
        }
        let named = Item { map: unnamed.map, context: context.clone() };
        if all.iter().any(|e| e.name == name) {
            let message = format!("multiple definitions of exception '{name}' in the same rule");
            warnings.push(Problem::new(Code::ExceptionNameNotUnique, message, &context));
        }
        all.push(one(&named, name, source, append, warnings)?);
    }
    Ok(all)
}

fn one(
    item: &Item<'_>,
    name: String,
    source: &mut Source<'_>,
    append: bool,
    warnings: &mut Vec<Problem>,
) -> Read<Exception> {
    let part = |key: &str, source: &mut Source<'_>| match item.map.get(key) {
        Some(value) => entry(source, value, &item.at(ItemType::ValueFor, key, key)),
        None => Ok(None),
    };
    if !append && !item.has("fields") {
        return Err(item.fault("item has no mapping for key 'fields'"));
    }
    let (fields, comps) = (part("fields", source)?, part("comps", source)?);
    let mut values = Vec::new();
    if item.has("values") {
        let rows =
            item.sequence("values", ItemType::ExceptionValues, "rule exception values must be a sequence")?;
        for (value, place) in rows {
            let read = entry(source, value, &place)?;
            values.push(read.unwrap_or(Entry::Item(String::new())));
        }
    } else if append {
        let message = "exception is appended to without values";
        warnings.push(Problem::new(Code::AppendNoValues, message, &item.context));
    }
    Ok(Exception { name, fields, comps, values, context: item.context.clone() })
}

impl Exception {
    /// Fills in the default operators and checks that everything fits together.
    pub(super) fn validate(&mut self, known: &dyn Fn(&str) -> bool) -> Read<()> {
        let Some(fields) = &self.fields else {
            return Err(invalid(
                "rule exception must have fields property with a list of fields",
                &self.context,
            ));
        };
        let names: Vec<&str> = match fields {
            Entry::Item(field) => vec![field],
            Entry::List(fields) => fields.iter().map(Entry::item).collect(),
        };
        match fields {
            Entry::List(fields) => {
                let equals = || Entry::List(vec![Entry::Item("=".to_owned()); fields.len()]);
                let Entry::List(comps) = self.comps.get_or_insert_with(equals) else {
                    return Err(invalid("fields and comps lists must have equal length", &self.context));
                };
                if comps.len() != fields.len() {
                    return Err(invalid("fields and comps lists must have equal length", &self.context));
                }
                if let Some(odd) = comps.iter().find(|c| Op::named(c.item()).is_none()) {
                    let message = format!("'{}' is not a supported comparison operator", odd.item());
                    return Err(invalid(message, &self.context));
                }
            }
            Entry::Item(_) => {
                let Entry::Item(comp) = self.comps.get_or_insert_with(|| Entry::Item("in".to_owned())) else {
                    return Err(invalid("fields and comps must both be strings", &self.context));
                };
                if !matches!(comp.as_str(), "in" | "pmatch" | "intersects") {
                    let message =
                        "when fields is a single value, comps must be one of (in, pmatch, intersects)";
                    return Err(invalid(message, &self.context));
                }
            }
        }
        match names.into_iter().find(|name| !known(name)) {
            Some(odd) => Err(invalid(format!("'{odd}' is not a supported filter field"), &self.context)),
            None => Ok(()),
        }
    }

    /// The text it adds to the rule's condition.
    pub(super) fn condition(&self) -> Read<String> {
        let comps = self.comps.clone().unwrap_or(Entry::List(Vec::new()));
        let text = match (&self.fields, &comps) {
            (Some(Entry::Item(field)), Entry::Item(op)) => text::single(field, op, &self.values),
            (Some(Entry::List(fields)), Entry::List(ops)) => text::tuple(fields, ops, &self.values),
            _ => Ok(String::new()),
        };
        text.map_err(|message| invalid(message, &self.context))
    }
}
