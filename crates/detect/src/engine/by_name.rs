//! Which answers are known from the name of an event alone, and which names a condition can match.

use crate::condition::{Check, Expr, Op, Right};
use event::syscall::EventTable;

/// What a check says of the type of an event.
fn names(check: &Check) -> Option<(&str, Vec<&str>)> {
    let crate::condition::Operand::Field { name, arg: None } = &check.left else { return None };
    let values = match &check.right {
        Right::Value(value) => vec![value.as_str()],
        Right::List(values) => values.iter().map(String::as_str).collect(),
        _ => return None,
    };
    Some((name, values))
}

/// Names of event types a check compares with.
pub(crate) fn type_names(check: &Check) -> Vec<&str> {
    let plain = matches!(check.op, Op::Eq | Op::Ne | Op::In | Op::Intersects);
    match names(check) {
        Some(("evt.type" | "syscall.type", values)) if plain => values,
        _ => Vec::new(),
    }
}

/// Whether an event opens a file.
fn opens(name: &str) -> bool {
    matches!(name, "open" | "openat" | "openat2" | "open_by_handle_at" | "creat")
}

/// The answer of a check for events of this name, where the name decides; `None` for the name: any that no rule names.
pub(super) fn known_answer(check: &Check, name: Option<&str>) -> Option<bool> {
    let (field, values) = names(check)?;
    let has = |text: &str| values.contains(&text);
    match (field, check.op) {
        ("evt.type", Op::Eq | Op::In | Op::Intersects) => Some(name.is_some_and(has)),
        ("evt.type", Op::Ne) => Some(!name.is_some_and(has)),
        ("evt.is_open_read" | "evt.is_open_write" | "evt.is_open_exec" | "evt.is_open_create", Op::Eq) => {
            name.is_some_and(|name| !opens(name)).then(|| has("false"))
        }
        _ => None,
    }
}

/// A set of event codes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Codes(Vec<bool>);

impl Codes {
    /// The event types a condition can match.
    ///
    /// Semantics: `libsinsp/filter/ppm_codes.cpp`: `and` intersects, `or` unites, a negation turns the checks of the
    /// type below it around and leaves `and` and `or` as they are; every other check says nothing.
    pub(crate) fn of(expr: &Expr, table: &EventTable) -> Self {
        Self::visit(expr, table, false)
    }

    fn visit(expr: &Expr, table: &EventTable, negated: bool) -> Self {
        let all = |yes: bool| Self(vec![yes; table.types().len()]);
        match expr {
            Expr::Not(inner) => Self::visit(inner, table, !negated),
            Expr::And(parts) => {
                parts.iter().fold(all(true), |a, e| a.join(&Self::visit(e, table, negated), true))
            }
            Expr::Or(parts) => {
                parts.iter().fold(all(false), |a, e| a.join(&Self::visit(e, table, negated), false))
            }
            Expr::Macro { .. } => all(true),
            Expr::Check(check) => {
                let wanted = type_names(check);
                if wanted.is_empty() {
                    return all(negated || !never(check));
                }
                let turned = negated != (check.op == Op::Ne);
                let holds = |name: &str| {
                    let generic = name == "syscall" && wanted.iter().any(|w| generic(w, table));
                    (wanted.contains(&name) || generic) != turned
                };
                Self(table.types().iter().map(|t| t.name != "NA" && holds(t.name)).collect())
            }
        }
    }

    fn join(self, other: &Self, and: bool) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| if and { *a && *b } else { *a || *b }).collect())
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.iter().filter(|yes| **yes).count()
    }
}

/// Whether a name is that of a call without a type of its own.
fn generic(name: &str, table: &EventTable) -> bool {
    table.known(name) && table.types().iter().all(|t| t.name != name)
}

/// A check no event passes: numbers begin at one.
fn never(check: &Check) -> bool {
    matches!(names(check), Some(("evt.num", values)) if check.op == Op::Eq && values == ["0"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::parse;

    #[test]
    fn codes_of_conditions() {
        let table = EventTable::builtin();
        let count = |text: &str| Codes::of(&parse(text, 100).unwrap(), &table).count();
        let all = table.types().iter().filter(|t| t.name != "NA").count();
        let open = table.types().iter().filter(|t| t.name == "open").count();
        assert_eq!(open, 2);
        assert_eq!(count("evt.type=open"), open);
        assert_eq!(count("evt.type=open and proc.name=cat"), open);
        assert_eq!(count("evt.type in (open, close)"), open + 2);
        assert_eq!(count("evt.type!=open"), all - open);
        assert_eq!(count("not evt.type=open"), all - open);
        assert_eq!(count("not (evt.type=open and proc.name=cat)"), all - open);
        assert_eq!(count("evt.type=open or proc.name=cat"), table.types().len());
        assert_eq!(count("evt.type=open and evt.type=close"), 0);
        assert_eq!(count("evt.num=0"), 0);
        assert_eq!(count("evt.type=open and not (evt.num=0)"), open);
        assert_eq!(count("evt.type=mprotect"), table.types().iter().filter(|t| t.name == "mprotect").count());
    }

    #[test]
    fn answers_the_name_decides() {
        let check = |text: &str| match parse(text, 100).unwrap() {
            Expr::Check(check) => check,
            other => panic!("{other}"),
        };
        for (text, name, want) in [
            ("evt.type=open", Some("open"), Some(true)),
            ("evt.type=open", None, Some(false)),
            ("evt.type!=open", None, Some(true)),
            ("evt.dir=<", None, None),
            ("evt.is_open_read=true", Some("close"), Some(false)),
            ("evt.is_open_read=false", Some("close"), Some(true)),
            ("evt.is_open_read=true", Some("openat"), None),
            ("evt.is_open_read=false", None, None),
            ("proc.name=x", Some("open"), None),
            ("evt.type startswith op", Some("open"), None),
        ] {
            assert_eq!(known_answer(&check(text), name), want, "{text}");
        }
    }
}
