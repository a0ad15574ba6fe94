//! requirements.txt: Python distributions pinned to a version.

use super::{Analyzer, Pattern, Stage};
use crate::{Ecosystem, Package, Packages};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "pip",
    about: "pinned lines of requirements.txt",
    files: &[Pattern::Name("requirements.txt")],
    stage: Stage::Declared,
    ecosystem: Some(Ecosystem::PyPi),
    parse,
    join: None,
};

/// `name[extra]==version ; marker --hash=… # comment`. A line that pins no version says nothing about what is installed.
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let text = String::from_utf8_lossy(bytes);
    for (at, line) in text.lines().enumerate() {
        let line = line.split(" #").next().unwrap_or_default();
        let line = line.split([';', '\\']).next().unwrap_or_default();
        let line = line.split(" --").next().unwrap_or_default().trim();
        if line.starts_with(['#', '-']) {
            continue;
        }
        let Some((name, version)) = line.split_once("==") else { continue };
        let name = name.split('[').next().unwrap_or_default().trim();
        let version = version.trim_start_matches('=').trim();
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || !name.chars().all(word) || version.is_empty() || version.contains([',', '*', ' ']) {
            continue;
        }
        let number = (at as u64).saturating_add(1);
        out.add(Package { lines: vec![(number, number)], ..Package::new(Ecosystem::PyPi, name, version) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let mut out = Packages::default();
        parse("requirements.txt", text.as_bytes(), &mut out);
        out.packages.iter().map(|p| format!("{} {}", p.name, p.version)).collect()
    }

    #[test]
    fn pinned_lines() {
        let text = "# comment\nFlask==2.0.0\nrequests[socks] == 2.25.1 ; python_version < '3'\njinja2===3.0 --hash=sha256:x\n-r other.txt\nclick>=8\nx==1.*\ny==1,!=2\nz==1.0 # why\ne @ file:///x==1\n";
        assert_eq!(read(text), ["Flask 2.0.0", "requests 2.25.1", "jinja2 3.0", "z 1.0"]);
        assert!(read("==1\n\n").is_empty());
    }

    #[test]
    fn corpus() {
        let Some(text) = crate::corpus::read("trivy/integration/testdata/fixtures/repo/pip/requirements.txt") else { return };
        let got = read(&String::from_utf8(text).unwrap());
        assert!(got.contains(&"Flask 2.0.0".to_owned()) || got.contains(&"flask 2.0.0".to_owned()), "{got:?}");
    }
}
