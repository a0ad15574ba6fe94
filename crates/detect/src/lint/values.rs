//! What is known of each field's value while a condition is searched, and when that cannot be.

use crate::condition::{Check, Op, Operand, Right};
use crate::engine::{Test, TextTest, opens};
use crate::fields::SOURCES;
use crate::value::{Kind, Value};
use std::collections::BTreeMap;

/// Checks that hold or do not, by field.
#[derive(Clone, Default)]
pub(super) struct Facts<'e> {
    known: BTreeMap<String, Vec<(&'e Check, bool)>>,
}

impl<'e> Facts<'e> {
    /// Adds a check that holds, or does not.
    ///
    /// # Errors
    /// The reason why that cannot be beside what is known.
    pub(super) fn learn(&mut self, check: &'e Check, holds: bool) -> Result<(), String> {
        let key = check.left.to_string();
        let known = self.known.entry(key).or_default();
        if known.iter().any(|(other, held)| *held == holds && same(other, check)) {
            return Ok(());
        }
        if let Some((other, held)) = known.iter().find(|(other, held)| *held != holds && same(other, check)) {
            return Err(conflict((other, *held), (check, holds)));
        }
        known.push((check, holds));
        match single(&check.left) {
            Some(kind) => judge(kind, known)?,
            None => return Ok(()),
        }
        self.opened()
    }

    /// Only calls that open files were opening anything.
    fn opened(&self) -> Result<(), String> {
        let Some(types) = self.known.get("evt.type") else { return Ok(()) };
        let opening =
            ["evt.is_open_read", "evt.is_open_write", "evt.is_open_exec"].iter().find_map(|field| {
                self.known.get(*field)?.iter().find(|(check, holds)| {
                    *holds && check.op == Op::Eq && check.right == Right::Value("true".to_owned())
                })
            });
        let Some((open, _)) = opening else { return Ok(()) };
        let wanted = types.iter().find(|(check, holds)| *holds && matches!(check.op, Op::Eq | Op::In));
        match wanted {
            Some((named, _)) if !listed(named).iter().any(|name| opens(name)) => {
                Err(conflict((named, true), (open, true)))
            }
            _ => Ok(()),
        }
    }
}

fn same(a: &Check, b: &Check) -> bool {
    a.op == b.op && a.right == b.right
}

fn told((check, holds): (&Check, bool)) -> String {
    let text = if holds { check.to_string() } else { format!("not {check}") };
    let short: String = text.chars().take(120).collect();
    let dots = if short.len() < text.len() { "…" } else { "" };
    format!("`{}{dots}`", model::escape(&short))
}

fn conflict(a: (&Check, bool), b: (&Check, bool)) -> String {
    format!("{} contradicts {}", told(a), told(b))
}

/// Values a check names.
fn listed(check: &Check) -> Vec<&str> {
    match &check.right {
        Right::Value(value) => vec![value],
        Right::List(values) => values.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The kind of a field that has at most one value in an event; `None` for others, of which nothing is concluded.
fn single(operand: &Operand) -> Option<Kind> {
    let Operand::Field { name, arg } = operand else { return None };
    let any = ["proc.aname", "proc.aexe", "proc.aexepath", "proc.acmdline", "proc.apid"];
    if (any.contains(&name.as_str()) && arg.is_none())
        || matches!(name.as_str(), "fd.ip" | "fd.port" | "fd.net" | "fd.proto" | "fd.ip.name")
    {
        return None;
    }
    let field = SOURCES.iter().find_map(|source| source.field(name))?;
    (!field.list && !matches!(field.kind, Kind::Ip | Kind::Net)).then_some(field.kind)
}

fn value(kind: Kind, text: &str) -> Option<Value<'_>> {
    Some(match kind {
        Kind::Text | Kind::Path | Kind::Bytes => text.into(),
        Kind::Bool => Value::Bool(text.parse().ok()?),
        Kind::Ip | Kind::Net => return None,
        _ => Value::Int(text.parse().ok()?),
    })
}

/// Whether a check holds for a value; `None` when that cannot be told.
fn asked(kind: Kind, check: &Check, value: &Value<'_>) -> Option<bool> {
    let test = match &check.right {
        Right::Nothing => Ok(Test::Exists),
        Right::Value(text) if check.op.takes_list() => Test::list(check.op, kind, std::slice::from_ref(text)),
        Right::Value(text) => Test::value(check.op, kind, text),
        Right::List(values) => Test::list(check.op, kind, values),
        Right::Operand(_) | Right::Each(..) => return None,
    };
    test.ok().map(|test| test.holds(value))
}

/// Values the field can have at all, where those are few.
fn universe(check: &Check, kind: Kind) -> Option<&'static [&'static str]> {
    match &check.left {
        Operand::Field { name, .. } if name == "evt.dir" => Some(&["<"]),
        _ if kind == Kind::Bool => Some(&["true", "false"]),
        _ => None,
    }
}

/// The smallest value of a field that has one: events are numbered from one.
fn first(check: &Check) -> Option<i128> {
    matches!(&check.left, Operand::Field { name, .. } if name == "evt.num").then_some(1)
}

fn judge(kind: Kind, known: &[(&Check, bool)]) -> Result<(), String> {
    let Some(last) = known.last().copied() else { return Ok(()) };
    // Only an event that has the field makes a check hold.
    let Some(present) = known.iter().copied().find(|(_, holds)| *holds) else { return Ok(()) };
    if let Some(absent) = known.iter().copied().find(|(check, holds)| !holds && check.op == Op::Exists) {
        return Err(conflict(present, absent));
    }
    let named = known.iter().copied().find(|(check, holds)| *holds && matches!(check.op, Op::Eq | Op::In));
    let candidates: Vec<&str> = match named {
        Some((check, _)) => listed(check),
        None => universe(present.0, kind).map(<[_]>::to_vec).unwrap_or_default(),
    };
    let numbered = first(present.0);
    let of_universe = |text: &&str| {
        universe(present.0, kind).is_none_or(|all| all.contains(text))
            && numbered.is_none_or(|first| text.parse::<i128>().is_ok_and(|n| n >= first))
    };
    if named.is_some() || !candidates.is_empty() {
        let possible = candidates.iter().filter(|text| of_universe(text)).any(|text| {
            let Some(value) = value(kind, text) else { return true };
            known.iter().all(|(check, holds)| asked(kind, check, &value).is_none_or(|asked| asked == *holds))
        });
        if !possible {
            let other = known.iter().copied().find(|(check, _)| !same(check, last.0));
            return Err(match other {
                Some(other) => conflict(other, last),
                None => format!("{} asks for a value the field never has", told(last)),
            });
        }
        return Ok(());
    }
    if kind.numeric() { range(known, last) } else { texts(known, last) }
}

/// Numbers: what is above and what is below must leave room.
fn range(known: &[(&Check, bool)], last: (&Check, bool)) -> Result<(), String> {
    let (mut low, mut high) = (first(last.0).unwrap_or(i128::MIN), i128::MAX);
    for (check, holds) in known {
        let Right::Value(text) = &check.right else { continue };
        let Ok(n) = text.parse::<i128>() else { continue };
        match (check.op, holds) {
            (Op::Gt, true) | (Op::Le, false) => low = low.max(n.saturating_add(1)),
            (Op::Ge, true) | (Op::Lt, false) => low = low.max(n),
            (Op::Lt, true) | (Op::Ge, false) => high = high.min(n.saturating_sub(1)),
            (Op::Le, true) | (Op::Gt, false) => high = high.min(n),
            _ => {}
        }
    }
    if low <= high {
        return Ok(());
    }
    match known.iter().copied().find(|(check, _)| !same(check, last.0)) {
        Some(other) => Err(conflict(other, last)),
        None => Err(format!("{} asks for a value the field never has", told(last))),
    }
}

/// Texts: what they begin and end with, and what they contain.
fn texts(known: &[(&Check, bool)], last: (&Check, bool)) -> Result<(), String> {
    let text = |check: &'_ Check| match &check.right {
        Right::Value(text) => Some(text.clone()),
        _ => None,
    };
    let Some(new) = text(last.0) else { return Ok(()) };
    for (check, holds) in known.iter().copied() {
        let Some(old) = text(check) else { continue };
        let excluded = match ((check.op, holds), (last.0.op, last.1)) {
            ((Op::StartsWith, true), (Op::StartsWith, true)) => {
                !(old.starts_with(&new) || new.starts_with(&old))
            }
            ((Op::EndsWith, true), (Op::EndsWith, true)) => !(old.ends_with(&new) || new.ends_with(&old)),
            ((Op::StartsWith | Op::EndsWith | Op::Contains, true), (op, false)) => {
                within(check.op, &old, op, &new)
            }
            ((op, false), (Op::StartsWith | Op::EndsWith | Op::Contains, true)) => {
                within(last.0.op, &new, op, &old)
            }
            _ => false,
        };
        if excluded {
            return Err(conflict((check, holds), last));
        }
    }
    Ok(())
}

/// Whether every text that stands in the relation `has` to `part` stands in the relation `op` to `want`.
fn within(has: Op, part: &str, op: Op, want: &str) -> bool {
    let asked = |op| TextTest::new(op, want).is_ok_and(|test| test.holds(part.as_bytes()));
    match op {
        Op::Contains | Op::IContains => asked(op),
        Op::StartsWith | Op::EndsWith => op == has && asked(op),
        _ => false,
    }
}
