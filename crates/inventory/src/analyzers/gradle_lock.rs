//! gradle.lockfile: Java artefacts Gradle has chosen.

use super::{Analyzer, Pattern, Stage};
use crate::package::short;
use crate::{Ecosystem, Package, Packages};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "gradle-lock",
    about: "Gradle's lock file",
    files: &[Pattern::Suffix("gradle.lockfile")],
    stage: Stage::Declared,
    ecosystem: Some(Ecosystem::Maven),
    parse,
    join: None,
};

/// `group:name:version=configurations`, one a line.
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let text = String::from_utf8_lossy(bytes);
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') || line.starts_with("empty=") {
            continue;
        }
        let parts: Vec<&str> = line.split(':').collect();
        let [group, name, version] = parts.as_slice() else {
            out.problem(format!("a line that names no artefact: {}", short(line)));
            continue;
        };
        let (version, configurations) = version.split_once('=').unwrap_or((version, ""));
        // What only tests are compiled or run with is development's.
        let dev = configurations.split(',').all(|name| name.starts_with("test"));
        let number = (at as u64).saturating_add(1);
        let lines = vec![(number, number)];
        out.add(Package { dev, lines, ..Package::new(Ecosystem::Maven, format!("{group}:{name}"), version) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own() {
        let mut out = Packages::default();
        parse("gradle.lockfile", b"# x\ncom.example:a:1.0=compileClasspath,testRuntimeClasspath\nodd\nempty=\ncom.example:t:1.0=testCompileClasspath\n", &mut out);
        assert_eq!((out.packages.len(), out.problems.len()), (2, 1));
        assert_eq!((out.packages[0].name.as_str(), out.packages[0].lines[0]), ("com.example:a", (2, 2)));
        assert!(!out.packages[0].dev && out.packages[1].dev);
    }
}
