//! What is put into a condition's text before it is parsed: lists and exceptions.
//!
//! Semantics: `resolve_list` and `build_rule_exception_infos` of Falco's `rule_loader_compiler.cpp`, to the blank.

use crate::condition::Op;

const BLANKS: &[u8] = b" \t\n\r";

fn delimits(byte: Option<&u8>) -> bool {
    byte.is_none_or(|b| BLANKS.contains(b) || b"(),=".contains(b))
}

/// Quotes an item that holds a blank and is not quoted yet.
pub(super) fn quote(item: &str) -> String {
    if item.contains(' ') && !item.starts_with(['"', '\'']) { format!("\"{item}\"") } else { item.to_owned() }
}

/// Puts a list's items in the place of its name wherever that stands between delimiters; whether it did.
///
/// Blanks around the name are swallowed and one is put on each side. An empty list also takes a neighbouring comma.
/// What is put in is not searched again. `cap` bounds the length of the result; beyond it nothing is replaced.
pub(super) fn put_list(condition: &mut String, name: &str, items: &[String], cap: usize) -> bool {
    if name.is_empty() || !condition.contains(name) {
        return false;
    }
    let text = std::mem::take(condition);
    let bytes = text.as_bytes();
    let joined = items.join(", ");
    let (mut out, mut copied, mut from, mut used) =
        (String::with_capacity(text.len()), 0usize, 0usize, false);
    while let Some(hit) = text.get(from..).and_then(|rest| rest.find(name)) {
        let (mut start, mut end) =
            (from.saturating_add(hit), from.saturating_add(hit).saturating_add(name.len()));
        let before = start.checked_sub(1).and_then(|at| bytes.get(at));
        let room = out.len().saturating_add(joined.len()).saturating_add(text.len()) <= cap;
        if !(delimits(before) && delimits(bytes.get(end)) && room) {
            from = next_char(&text, start);
            continue;
        }
        let blank = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(|b| BLANKS.contains(b));
        while start > copied && blank(start.checked_sub(1)) {
            start = start.saturating_sub(1);
        }
        while blank(Some(end)) {
            end = end.saturating_add(1);
        }
        let mut lead = text.get(copied..start).unwrap_or("");
        if joined.is_empty() {
            if let Some(without) = lead.strip_suffix(',') {
                lead = without;
            } else if bytes.get(end) == Some(&b',') {
                end = end.saturating_add(1);
            }
        }
        if lead.is_empty() && out.ends_with(' ') {
            out.pop();
        }
        out.push_str(lead);
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&joined);
        out.push(' ');
        (copied, from, used) = (end, end, true);
    }
    out.push_str(text.get(copied..).unwrap_or(""));
    *condition = out;
    used
}

fn next_char(text: &str, at: usize) -> usize {
    let next = at.saturating_add(1);
    (next..=text.len()).find(|n| text.is_char_boundary(*n)).unwrap_or(text.len())
}

/// A field, operator or value of an exception: one text or a list.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Entry {
    Item(String),
    List(Vec<Entry>),
}

impl Entry {
    pub(super) fn item(&self) -> &str {
        match self {
            Self::Item(text) => text,
            Self::List(_) => "",
        }
    }
}

/// The condition of one exception with one field: ` and not (field op (values))`; empty without values.
///
/// # Errors
/// A value that is a list.
pub(super) fn single(field: &str, op: &str, values: &[Entry]) -> Result<String, String> {
    let mut items = Vec::with_capacity(values.len());
    for value in values {
        match value {
            Entry::Item(item) => items.push(quote(item)),
            Entry::List(_) => return Err("expected values to be a list of texts".to_owned()),
        }
    }
    if items.is_empty() {
        return Ok(String::new());
    }
    Ok(format!(" and not ({field} {op} ({}))", items.join(", ")))
}

/// The condition of one exception with several fields; empty without values.
///
/// # Errors
/// A row of values of another length than the fields.
pub(super) fn tuple(fields: &[Entry], ops: &[Entry], values: &[Entry]) -> Result<String, String> {
    let mut rows = Vec::with_capacity(values.len());
    for row in values {
        let row: &[Entry] = match row {
            Entry::List(row) => row,
            Entry::Item(_) => &[],
        };
        if row.len() != fields.len() {
            return Err("fields and values lists must have equal length".to_owned());
        }
        let mut checks = Vec::with_capacity(fields.len());
        for ((field, op), value) in fields.iter().zip(ops).zip(row) {
            let (field, op) = (field.item(), op.item());
            checks.push(format!(" {field} {op} {}", operand(op, value)));
        }
        rows.push(format!("({})", checks.join(" and")));
    }
    if rows.is_empty() {
        return Ok(String::new());
    }
    Ok(format!(" and not ({})", rows.join(" or ")))
}

fn operand(op: &str, value: &Entry) -> String {
    match value {
        Entry::List(items) => {
            let items: Vec<String> = items.iter().map(|item| quote(item.item())).collect();
            format!("({})", items.join(", "))
        }
        Entry::Item(item) if Op::named(op).is_some_and(Op::takes_list) => {
            if item.starts_with('(') {
                item.clone()
            } else {
                format!("({item})")
            }
        }
        Entry::Item(item) => quote(item),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn put(text: &str, items: &[&str]) -> String {
        let mut text = text.to_owned();
        let items: Vec<String> = items.iter().map(|i| (*i).to_owned()).collect();
        put_list(&mut text, "names", &items, 1 << 20);
        text
    }

    #[test]
    fn lists_are_put_in_by_text() {
        for (text, items, want) in [
            ("a.b in (names)", &["x", "y"][..], "a.b in ( x, y )"),
            ("a.b in ( names , z)", &["x"], "a.b in ( x , z)"),
            ("a.b=names", &["x"], "a.b= x "),
            ("names", &["x"], "x "),
            ("a.b in (my_names, names2, xnames)", &["x"], "a.b in (my_names, names2, xnames)"),
            ("a.b in (names, z)", &[], "a.b in (   z)"),
            ("a.b in (z, names)", &[], "a.b in (z  )"),
            ("a.b in (z,names,y)", &[], "a.b in (z  ,y)"),
            ("a.b in (names)", &[], "a.b in (  )"),
            ("a.b in (names, names)", &["x"], "a.b in ( x , x )"),
            ("a names names b", &["x"], "a x x b"),
            ("ünames names", &["x"], "ünames x "),
        ] {
            assert_eq!(put(text, items), want, "{text}");
        }
    }

    #[test]
    fn exceptions_become_text() {
        let item = |t: &str| Entry::Item(t.to_owned());
        let list = |of: &[&str]| Entry::List(of.iter().map(|t| item(t)).collect());
        assert_eq!(single("a.b", "in", &[item("x"), item("y z")]).unwrap(), " and not (a.b in (x, \"y z\"))");
        assert_eq!(single("a.b", "in", &[]).unwrap(), "");
        assert!(single("a.b", "in", &[list(&["x"])]).is_err());
        let fields = [item("a.b"), item("c.d")];
        let ops = [item("="), item("in")];
        let rows = [Entry::List(vec![item("x"), list(&["1", "2 3"])]), list(&["y", "names"])];
        assert_eq!(
            tuple(&fields, &ops, &rows).unwrap(),
            " and not (( a.b = x and c.d in (1, \"2 3\")) or ( a.b = y and c.d in (names)))"
        );
        assert!(tuple(&fields, &ops, &[list(&["x"])]).is_err());
        assert!(tuple(&fields, &ops, &[item("x")]).is_err());
    }

    proptest! {
        #[test]
        fn growth_is_bounded(text in "[names(), é]{0,60}", n in 0usize..50) {
            let mut text = text;
            let items = vec!["names".to_owned(); n];
            put_list(&mut text, "names", &items, 200);
            prop_assert!(text.len() <= 600);
        }
    }
}
