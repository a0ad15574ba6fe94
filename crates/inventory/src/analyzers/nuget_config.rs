//! packages.config: .NET packages of older projects.

use super::{Analyzer, Pattern, Stage};
use crate::xml::elements;
use crate::{Ecosystem, Package, Packages};
use std::collections::BTreeSet;

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "nuget-config",
    about: "NuGet packages of older projects",
    files: &[Pattern::Name("packages.config")],
    stage: Stage::Always,
    ecosystem: Some(Ecosystem::NuGet),
    parse,
    join: None,
};

/// One `package` with `id` and `version`; what only development needs is left out, as Trivy has it.
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let text = String::from_utf8_lossy(bytes);
    let Some(elements) = elements(text.trim_start_matches('\u{feff}')) else {
        return out.problem("not XML, or nested too deep");
    };
    let wanted = elements.iter().filter(|e| e.path == "packages/package");
    let found: BTreeSet<(&str, &str)> = wanted
        .filter(|e| !(e.attribute("id").is_empty() || e.attribute("developmentDependency") == "true"))
        .map(|e| (e.attribute("id"), e.attribute("version")))
        .collect();
    for (name, version) in found {
        out.add(Package::new(Ecosystem::NuGet, name, version));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own() {
        let mut out = Packages::default();
        let text = "\u{feff}<?xml version=\"1.0\"?><packages><package id=\"B\" version=\"2.0\"/><package id=\"A\" version=\"1.0\" targetFramework=\"net45\"></package><package id=\"D\" version=\"1\" developmentDependency=\"true\"/><package id=\"B\" version=\"2.0\"/></packages>";
        parse("packages.config", text.as_bytes(), &mut out);
        let got: Vec<_> = out.packages.iter().map(|p| (p.name.as_str(), p.version.as_str())).collect();
        assert_eq!(got, [("A", "1.0"), ("B", "2.0")]);
        let mut bad = Packages::default();
        parse("packages.config", b"<packages>", &mut bad);
        assert_eq!(bad.problems.len(), 1);
    }
}
