//! Gemfile.lock: Ruby gems Bundler has chosen.

use super::{Analyzer, Pattern, Stage};
use crate::{Ecosystem, Package, Packages, Relation};
use std::collections::BTreeMap;

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "bundler",
    about: "Bundler's lock file",
    files: &[Pattern::Name("Gemfile.lock")],
    stage: Stage::Declared,
    ecosystem: Some(Ecosystem::RubyGems),
    parse,
    join: None,
};

/// Four spaces before a gem with its version, six before what it needs, two before what the project asks for. A
/// platform behind the version does not count. Semantics: Trivy's `pkg/dependency/parser/ruby/bundler`.
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let text = String::from_utf8_lossy(bytes);
    let mut found: BTreeMap<String, Package> = BTreeMap::new();
    let mut needs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut open, mut asked, mut number) = (None, false, 1_u64);
    for line in text.lines() {
        let spaces = line.bytes().take_while(|b| *b == b' ').count();
        let words: Vec<&str> = line.split_whitespace().collect();
        if asked {
            if spaces == 2 {
                if let Some(package) = words.first().and_then(|name| found.get_mut(*name)) {
                    package.relation = Relation::Direct;
                }
                continue;
            }
            asked = false;
            continue;
        }
        match (spaces, words.as_slice()) {
            (4, [name, version]) => {
                let version = version.trim_matches(['(', ')']).split('-').next().unwrap_or_default();
                let package = Package {
                    relation: Relation::Indirect,
                    lines: vec![(number, number)],
                    ..Package::new(Ecosystem::RubyGems, *name, version)
                };
                found.insert((*name).to_owned(), package);
                open = Some((*name).to_owned());
                needs.remove(*name);
            }
            (6, [name, ..]) => {
                if let Some(open) = &open {
                    needs.entry(open.clone()).or_default().push((*name).to_owned());
                }
            }
            _ => {}
        }
        number = number.saturating_add(1);
        asked = line == "DEPENDENCIES";
    }
    let ids: BTreeMap<String, String> =
        found.iter().map(|(name, p)| (name.clone(), format!("{name}@{}", p.version))).collect();
    for (name, mut package) in found {
        let of = needs.get(&name).into_iter().flatten();
        package.needs = of.filter_map(|need| ids.get(need).cloned()).collect();
        out.add(package);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let mut out = Packages::default();
        parse("Gemfile.lock", text.as_bytes(), &mut out);
        let line = |p: &Package| format!("{} {} {:?} {:?} {}", p.name, p.version, p.relation, p.lines, p.needs.join(","));
        out.packages.iter().map(line).collect()
    }

    #[test]
    fn own() {
        let text = "GEM\n  remote: https://registry.test/\n  specs:\n    rack (2.2.3)\n    nokogiri (1.13.6-x86_64-linux)\n      racc (~> 1.4)\n      gone\n    racc (1.6.0)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  nokogiri!\n  rack (= 2.2.3)\n\nBUNDLED WITH\n   2.3\n";
        assert_eq!(
            read(text),
            ["nokogiri 1.13.6 Indirect [(5, 5)] racc@1.6.0", "racc 1.6.0 Indirect [(8, 8)] ", "rack 2.2.3 Direct [(4, 4)] "]
        );
        assert!(read("").is_empty() && read("    odd\n      more\n").is_empty());
    }
}
