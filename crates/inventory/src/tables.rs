//! Tables of lock files in TOML, as the tools that own them write them: one entry a line, lists over several.
//!
//! Not a TOML reader: what no lock file holds (dotted keys within inline tables, multi-line texts) is passed over.

/// One `[header]` or `[[header]]` with its entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    /// Its name without brackets; empty before the first header.
    pub(crate) name: String,
    /// Line of the header.
    pub(crate) start: u64,
    /// Line of its last entry.
    pub(crate) end: u64,
    entries: Vec<(String, Vec<String>)>,
}

impl Table {
    /// The text of a key.
    pub(crate) fn text(&self, key: &str) -> &str {
        self.list(key).first().map(String::as_str).unwrap_or_default()
    }

    /// The texts of a list.
    pub(crate) fn list(&self, key: &str) -> &[String] {
        self.entries.iter().find(|(name, _)| name == key).map(|(_, list)| list.as_slice()).unwrap_or_default()
    }
}

/// The tables of a text, in order.
pub(crate) fn tables(text: &str) -> Vec<Table> {
    let mut out = Vec::new();
    let mut table = Table::default();
    let mut open: Option<(String, Vec<String>)> = None;
    for (at, line) in text.lines().enumerate() {
        let number = (at as u64).saturating_add(1);
        let line = line.trim();
        if let Some((key, mut list)) = open.take() {
            list.extend(texts(line));
            table.end = number;
            match outside(line).contains(']') {
                true => table.entries.push((key, list)),
                false => open = Some((key, list)),
            }
            continue;
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with('[') {
            let name = line.trim_matches(['[', ']']).trim().replace('"', "");
            out.push(std::mem::replace(
                &mut table,
                Table { name, start: number, end: number, ..Table::default() },
            ));
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        let key = key.trim().trim_matches(['"', '\'']).to_owned();
        table.end = number;
        let bare = outside(value);
        if bare.trim_start().starts_with('[') && !bare.contains(']') {
            open = Some((key, texts(value)));
        } else {
            table.entries.push((key, texts(value)));
        }
    }
    table.entries.extend(open);
    out.push(table);
    out
}

/// The quoted texts of a line.
fn texts(line: &str) -> Vec<String> {
    line.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// A line without its quoted texts.
fn outside(line: &str) -> String {
    line.split('"').step_by(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lock_files() {
        let text = "# x\nversion = 3\n\n[[package]]\nname = \"a\"\nversion = \"1.0\"\ndependencies = [\n \"b 2.0\",\n \"c]\",\n]\n\n[package.extras]\n\"odd.key\" = [\"x\", \"y\"]\n";
        let got = tables(text);
        let names: Vec<(&str, u64, u64)> = got.iter().map(|t| (t.name.as_str(), t.start, t.end)).collect();
        assert_eq!(names, [("", 0, 2), ("package", 4, 10), ("package.extras", 12, 13)]);
        assert_eq!(
            (got[1].text("name"), got[1].list("dependencies")),
            ("a", &["b 2.0".to_owned(), "c]".into()][..])
        );
        assert!(got[1].text("none").is_empty());
        assert_eq!(tables("a = [\n\"b\"").len(), 1);
    }
}
