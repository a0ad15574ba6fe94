//! Label selectors.

use super::Labels;
use snapshot::Json;

/// A label selector; empty selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    requirements: Vec<Requirement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Requirement {
    In(Box<str>, Vec<Box<str>>),
    NotIn(Box<str>, Vec<Box<str>>),
    Exists(Box<str>),
    Absent(Box<str>),
}

/// The labels of an object.
pub(crate) fn labels(json: &Json<'_>) -> Labels {
    json.fields().iter().map(|(key, value)| (key.as_ref().into(), value.text().into())).collect()
}

impl Selector {
    /// Reads a `metav1.LabelSelector`; an operator that is not known is an error.
    pub(crate) fn parse(json: &Json<'_>) -> Result<Self, String> {
        let equal = json.get("matchLabels").fields().iter();
        let mut requirements: Vec<Requirement> = equal
            .map(|(key, value)| Requirement::In(key.as_ref().into(), vec![value.text().into()]))
            .collect();
        for expression in json.get("matchExpressions").items() {
            let key = || expression.get("key").text().into();
            let values = || expression.get("values").strings().map(Into::into).collect();
            requirements.push(match expression.get("operator").text() {
                "In" => Requirement::In(key(), values()),
                "NotIn" => Requirement::NotIn(key(), values()),
                "Exists" => Requirement::Exists(key()),
                "DoesNotExist" => Requirement::Absent(key()),
                other => return Err(format!("a selector has the operator {}", model::escape(other))),
            });
        }
        Ok(Self { requirements })
    }

    /// Whether it selects everything, whatever it bears.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether it selects what bears these labels.
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = |key: &str| labels.iter().find(|(k, _)| &**k == key).map(|(_, value)| value);
        self.requirements.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => value(key).is_some_and(|value| values.contains(value)),
            // Who does not bear the label bears none of the values.
            Requirement::NotIn(key, values) => value(key).is_none_or(|value| !values.contains(value)),
            Requirement::Exists(key) => value(key).is_some(),
            Requirement::Absent(key) => value(key).is_none(),
        })
    }
}
