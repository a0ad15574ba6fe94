//! The hash reports identify a package by.
//!
//! Semantics: mitchellh/hashstructure v2 (FormatV2, FNV-1 of 64 bits, nil as zero, zero values left out) over a map of
//! `filePath` and the package, as Trivy's `dependency.UID` calls it. Fields are named as Trivy's struct names them.

use super::package::{Pkg, relationship_number};
use inventory::structure::{Struct, flag, fnv, list, number, ordered, text};

fn some_text(value: &str) -> Option<u64> {
    (!value.is_empty()).then(|| text(value))
}

fn some_number(value: i64) -> Option<u64> {
    (value != 0).then(|| number(value))
}

fn some_list(values: &[String]) -> Option<u64> {
    (!values.is_empty()).then(|| list(values.iter().map(|v| text(v))))
}

/// The hash of a package of a file, in hex without leading zeros.
pub(super) fn of(file: &str, pkg: &Pkg) -> String {
    let location = |at: &super::package::Location| {
        let line = |n: u64| some_number(i64::try_from(n).unwrap_or(i64::MAX));
        Struct::new("Location")
            .field("StartLine", line(at.start_line))
            .field("EndLine", line(at.end_line))
            .hash()
    };
    let locations = (!pkg.locations.is_empty()).then(|| list(pkg.locations.iter().map(location)));
    let repository = pkg
        .repository
        .as_ref()
        .map(|r| Struct::new("PackageRepository").field("Class", some_text(r.class)).hash());
    let relationship = relationship_number(pkg.relationship) as i64;
    let package = Struct::new("Package")
        .field("ID", some_text(&pkg.id))
        .field("Name", some_text(&pkg.name))
        .field("Version", some_text(&pkg.version))
        .field("Release", some_text(&pkg.release))
        .field("Epoch", some_number(pkg.epoch))
        .field("Arch", some_text(&pkg.arch))
        .field("Dev", pkg.dev.then(|| flag(true)))
        .field("SrcName", some_text(&pkg.src_name))
        .field("SrcVersion", some_text(&pkg.src_version))
        .field("SrcRelease", some_text(&pkg.src_release))
        .field("SrcEpoch", some_number(pkg.src_epoch))
        .field("Licenses", some_list(&pkg.licenses))
        .field("Maintainer", some_text(&pkg.maintainer))
        .field("Modularitylabel", some_text(&pkg.modularitylabel))
        .field("Repository", repository)
        .field("Indirect", pkg.indirect.then(|| flag(true)))
        .field("Relationship", some_number(relationship))
        .field("DependsOn", some_list(&pkg.depends_on))
        .field("FilePath", some_text(&pkg.file_path))
        .field("Digest", some_text(&pkg.digest))
        .field("Locations", locations)
        .field("AnalyzedBy", some_text(pkg.analyzed_by))
        .hash();
    // A map's entries are joined whatever their order.
    let both = ordered(text("filePath"), text(file)) ^ ordered(text("pkg"), package);
    format!("{:x}", fnv(&both.to_le_bytes()))
}

/// What tells the artefacts of a pom.xml apart: eight digits over their names and the file.
pub(super) fn pom(gav: &str, file: &str) -> String {
    let both = ordered(text("gav"), text(gav)) ^ ordered(text("path"), text(file));
    format!("{:x}", fnv(&both.to_le_bytes())).chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::super::package::Location;
    use super::*;

    #[test]
    fn poms() {
        assert_eq!(
            pom("com.fasterxml.jackson.core:jackson-databind:2.9.1", "testdata/fixtures/repo/pom/pom.xml"),
            "6a9e9547"
        );
    }

    /// Hashes of reports Trivy wrote.
    #[test]
    fn known() {
        let at = |start_line, end_line| vec![Location { start_line, end_line }];
        let npm = |id: &str, name: &str, version: &str, locations| Pkg {
            id: id.into(),
            name: name.into(),
            version: version.into(),
            locations,
            analyzed_by: "npm",
            ..Pkg::default()
        };
        assert_eq!(
            of("package-lock.json", &npm("asap@2.0.6", "asap", "2.0.6", at(6, 10))),
            "a9ed9c990b55c97e"
        );
        let jquery =
            Pkg { licenses: vec!["MIT".into()], ..npm("jquery@3.3.9", "jquery", "3.3.9", at(11, 15)) };
        assert_eq!(of("package-lock.json", &jquery), "5624abe72853740", "leading zeros are left out");
        let needs = Pkg {
            depends_on: vec!["js-tokens@4.0.0".into()],
            ..npm("loose-envify@1.4.0", "loose-envify", "1.4.0", at(21, 28))
        };
        assert_eq!(of("package-lock.json", &needs), "880231ec08096120");
        let poetry = Pkg {
            relationship: "direct",
            analyzed_by: "poetry",
            ..npm("werkzeug@0.14", "werkzeug", "0.14", Vec::new())
        };
        assert_eq!(of("poetry.lock", &poetry), "af148406687755af");
    }
}
