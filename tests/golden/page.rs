//! The parts of a page and of its JSON.

use integration::demand;
use serde_json::Value;

/// The ranked items.
pub(crate) fn page(document: &Value) -> &[Value] {
    document["items"].as_array().map_or(&[], Vec::as_slice)
}

/// Where an item begins, what it passes and where it ends.
pub(crate) fn names(item: &Value) -> Vec<&str> {
    let through = item["through"].as_array().into_iter().flatten();
    [&item["entry"]].into_iter().chain(through).chain([&item["goal"]]).filter_map(Value::as_str).collect()
}

/// One text of each entry of a list.
pub(crate) fn texts<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    list.as_array().into_iter().flatten().filter_map(|entry| entry[field].as_str()).collect()
}

/// A number.
pub(crate) fn figure(value: &Value) -> Result<f64, String> {
    value.as_f64().ok_or_else(|| format!("{value} is no number"))
}

/// First word of the tier and id, of a line that is an item's title.
pub(crate) fn title(line: &str) -> Option<(&str, &str)> {
    let mut words = line.split_whitespace();
    let numbered = line.starts_with(|c: char| c.is_ascii_digit()) && words.next()?.parse::<u32>().is_ok();
    let tier = words.next().filter(|word| ["NOW", "THIS", "PLANNED", "WATCH"].contains(word))?;
    let id = words.next_back().filter(|word| word.starts_with("RW-"))?;
    numbered.then_some((tier, id))
}

/// The count in a line that says how many items are hidden.
pub(crate) fn hidden(line: &str) -> Option<usize> {
    let (count, rest) = line.strip_prefix('…')?.trim_start().split_once(' ')?;
    rest.starts_with("more item").then(|| count.parse().ok())?
}

/// No line is wider, and there are no more lines, than a screen has.
pub(crate) fn fits(text: &str, columns: usize, lines: usize) -> Result<(), String> {
    let count = text.lines().count();
    demand!(count <= lines, "{count} lines where {lines} fit:\n{text}");
    for line in text.lines() {
        // Nothing here is of double width.
        let cells = line.chars().count();
        demand!(cells <= columns, "a line of {cells} cells: {line}");
        demand!(line.trim_end() == line, "blanks at the end of: {line:?}");
    }
    Ok(())
}
