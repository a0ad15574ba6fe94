//! Variables an expression sees: layers of names over borrowed values.

use serde_json::{Map, Value};

/// Names and their values; a name is looked up in the inner layer first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope<'a> {
    outer: Option<&'a Scope<'a>>,
    names: Vec<(&'a str, &'a Value)>,
    table: Option<&'a Map<String, Value>>,
}

impl<'a> Scope<'a> {
    /// The outermost layer: a table of variables and one more name.
    pub(crate) fn root(table: &'a Map<String, Value>, name: &'a str, value: &'a Value) -> Self {
        Self { outer: None, names: vec![(name, value)], table: Some(table) }
    }

    /// A layer inside this one.
    pub(crate) fn inner(&'a self, names: Vec<(&'a str, &'a Value)>) -> Scope<'a> {
        Scope { outer: Some(self), names, table: None }
    }

    /// The value of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        let here = self.names.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        here.or_else(|| self.table.and_then(|table| table.get(name)))
            .or_else(|| self.outer.and_then(|outer| outer.get(name)))
    }

    /// Everything in one object, for expressions that ask for all of it.
    pub(crate) fn whole(&self) -> Value {
        let mut all = match self.outer.map(Scope::whole) {
            Some(Value::Object(all)) => all,
            _ => Map::new(),
        };
        for (name, value) in self.table.into_iter().flatten() {
            all.insert(name.clone(), value.clone());
        }
        for (name, value) in &self.names {
            all.insert((*name).to_owned(), (*value).clone());
        }
        Value::Object(all)
    }
}
