//! Specifications of Ruby gems that are installed.

use super::{Analyzer, Pattern, Stage};
use crate::{Ecosystem, Package, Packages, licenses};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "gemspec",
    about: "Ruby gems that are installed",
    files: &[Pattern::Under("/specifications/", ".gemspec")],
    stage: Stage::Installed,
    ecosystem: Some(Ecosystem::RubyGems),
    parse,
    join: None,
};

/// Ruby that RubyGems itself wrote: one `s.key = value` a line. Semantics: Trivy's parser of the same.
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let text = String::from_utf8_lossy(bytes);
    let mut variable = String::new();
    let (mut name, mut version, mut license) = (String::new(), String::new(), String::new());
    for line in text.lines().map(str::trim) {
        if line.contains("Gem::Specification.new") {
            let between = line.split_once('|').and_then(|(_, rest)| rest.rsplit_once('|'));
            variable = between.map(|(name, _)| name.to_owned()).unwrap_or_default();
        }
        let Some(rest) = line.strip_prefix(&format!("{variable}.")).filter(|_| !variable.is_empty()) else { continue };
        let value = rest.split_once('=').map(|(_, value)| value.trim()).unwrap_or_default();
        let first = value.split_whitespace().next().unwrap_or_default();
        if rest.starts_with("name") {
            name = bare(first);
        } else if rest.starts_with("version") {
            version = bare(first);
        } else if rest.starts_with("licenses") {
            let inner = value.strip_prefix('[').and_then(|v| v.rsplit_once(']')).map_or("", |(inner, _)| inner);
            license = inner.split(',').map(bare).collect::<Vec<_>>().join(", ");
        } else if rest.starts_with("license") {
            license = bare(first);
        }
        if !(name.is_empty() || version.is_empty() || license.is_empty()) {
            break;
        }
    }
    if name.is_empty() || version.is_empty() {
        return out.problem("it does not tell the name or the version of a gem");
    }
    let licenses = licenses::split(&license);
    out.add(Package { licenses, ..Package::new(Ecosystem::RubyGems, name, version) });
}

/// `"async".freeze` as async.
fn bare(text: &str) -> String {
    let text = text.trim();
    text.strip_suffix(".freeze").unwrap_or(text).trim_matches(['\'', '"']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Packages {
        let mut out = Packages::default();
        parse("usr/lib/ruby/gems/3.1.0/specifications/rake-13.0.6.gemspec", text.as_bytes(), &mut out);
        out
    }

    #[test]
    fn own() {
        let text = "# -*- encoding: utf-8 -*-\nGem::Specification.new do |s|\n  s.name = \"rake\".freeze\n  s.version = \"13.0.6\"\n  s.licenses = [\"MIT\".freeze, 'Ruby']\nend\n";
        let out = read(text);
        let package = &out.packages[0];
        assert_eq!((package.name.as_str(), package.version.as_str()), ("rake", "13.0.6"));
        assert_eq!(package.licenses, ["MIT", "Ruby"]);
        assert_eq!(read(&text.replace("rake", "")).problems.len(), 1);
        assert_eq!(read("s.name = \"a\"\ns.version = \"1\"\n").problems.len(), 1, "outside of a specification");
    }
}
