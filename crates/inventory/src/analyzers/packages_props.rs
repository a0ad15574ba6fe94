//! Packages.props: versions of .NET packages kept in one place for many projects.

use super::{Analyzer, Pattern, Stage};
use crate::xml::elements;
use crate::{Ecosystem, Package, Packages, path};
use std::collections::BTreeSet;

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "packages-props",
    about: "central versions of .NET packages",
    files: &[Pattern::Suffix(".props"), Pattern::Suffix(".PROPS"), Pattern::Suffix(".Props")],
    stage: Stage::Always,
    ecosystem: Some(Ecosystem::NuGet),
    parse,
    join: None,
};

/// `PackageVersion` and `PackageReference` with `Include` (or the older `Update`); what is a variable says nothing.
fn parse(path: &str, bytes: &[u8], out: &mut Packages) {
    if !path::name(path).to_lowercase().ends_with("packages.props") {
        return;
    }
    let text = String::from_utf8_lossy(bytes);
    let Some(elements) = elements(text.trim_start_matches('\u{feff}')) else {
        return out.problem("not XML, or nested too deep");
    };
    let kinds = ["Project/ItemGroup/PackageReference", "Project/ItemGroup/PackageVersion"];
    let variable = |text: &str| text.starts_with("$(") && text.ends_with(')');
    let mut found = BTreeSet::new();
    for element in elements.iter().filter(|e| kinds.contains(&e.path.as_str())) {
        let include = element.attribute("Include");
        let name = if include.is_empty() { element.attribute("Update") } else { include };
        let (name, version) = (name.trim(), element.attribute("Version").trim());
        if !(name.is_empty() || version.is_empty() || variable(name) || variable(version)) {
            found.insert((name, version));
        }
    }
    for (name, version) in found {
        out.add(Package::new(Ecosystem::NuGet, name, version));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own() {
        let read = |path: &str, text: &str| {
            let mut out = Packages::default();
            parse(path, text.as_bytes(), &mut out);
            let names = out.packages.iter().map(|p| format!("{} {}", p.name, p.version)).collect::<Vec<_>>();
            (names, out.problems.len())
        };
        let text = "<Project><ItemGroup><PackageVersion Include=\"A\" Version=\" 1.0 \"/><PackageReference Update=\"B\" Version=\"2.0\"/><PackageVersion Include=\"C\" Version=\"$(V)\"/><Other Include=\"D\" Version=\"1\"/></ItemGroup></Project>";
        assert_eq!(read("x/Directory.Packages.props", text), (vec!["A 1.0".into(), "B 2.0".into()], 0));
        assert_eq!(read("x/Directory.Build.props", text), (vec![], 0));
        assert_eq!(read("packages.props", "<Project>").1, 1);
    }
}
