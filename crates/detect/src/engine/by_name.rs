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
pub(crate) fn opens(name: &str) -> bool {
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

/// A set of event codes, a bit each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Codes([u64; WORDS]);

/// Room for more types than any table has.
const WORDS: usize = 16;

impl Codes {
    const NONE: Self = Self([0; WORDS]);

    /// The event types a condition can match.
    ///
    /// Semantics: `libsinsp/filter/ppm_codes.cpp`: `and` intersects, `or` unites, a negation turns the checks of the
    /// type below it around and leaves `and` and `or` as they are; every other check says nothing.
    pub(crate) fn of(expr: &Expr, table: &EventTable) -> Self {
        let mut all = Self::NONE;
        (0..table.types().len()).for_each(|code| all.add(code));
        Self::visit(expr, table, false, &all)
    }

    fn visit(expr: &Expr, table: &EventTable, negated: bool, all: &Self) -> Self {
        match expr {
            Expr::Not(inner) => Self::visit(inner, table, !negated, all),
            Expr::And(parts) => {
                parts.iter().fold(*all, |a, e| a.join(&Self::visit(e, table, negated, all), |a, b| a & b))
            }
            Expr::Or(parts) => parts
                .iter()
                .fold(Self::NONE, |a, e| a.join(&Self::visit(e, table, negated, all), |a, b| a | b)),
            Expr::Macro { .. } => *all,
            Expr::Check(check) => {
                let wanted = type_names(check);
                if wanted.is_empty() {
                    return if negated || !never(check) { *all } else { Self::NONE };
                }
                let turned = negated != (check.op == Op::Ne);
                let calls = wanted.iter().any(|w| generic(w, table));
                let holds = |name: &str| (wanted.contains(&name) || (name == "syscall" && calls)) != turned;
                let mut codes = Self::NONE;
                let named = table.types().iter().enumerate().filter(|(_, t)| t.name != "NA" && holds(t.name));
                named.for_each(|(code, _)| codes.add(code));
                codes
            }
        }
    }

    fn add(&mut self, code: usize) {
        if let Some(word) = self.0.get_mut(code >> 6) {
            *word |= 1 << (code & 63);
        }
    }

    fn join(mut self, other: &Self, with: fn(u64, u64) -> u64) -> Self {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a = with(*a, *b));
        self
    }

    /// The codes, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> {
        (0..WORDS << 6).filter(|code| self.0.get(code >> 6).is_some_and(|word| word >> (code & 63) & 1 == 1))
    }

    /// Whether all of them are in another set.
    pub(crate) fn within(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a & !b == 0)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.iter().map(|word| usize::try_from(word.count_ones()).unwrap_or(0)).sum()
    }
}

/// The names of codes; of one that stands for many calls, `syscall`.
pub(crate) fn names_of(codes: &Codes, table: &EventTable) -> impl Iterator<Item = &'static str> {
    let names: Vec<&'static str> =
        codes.iter().filter_map(|code| table.types().get(code)).map(|t| t.name).collect();
    names.into_iter()
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
