//! Metadata of installed Python distributions: wheels and eggs.

use super::{Analyzer, Pattern, Stage};
use crate::zip::Zip;
use crate::{Ecosystem, Package, Packages};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "python",
    about: "metadata of installed Python distributions",
    files: &[
        Pattern::Inside(".dist-info", "METADATA"),
        Pattern::Inside(".egg-info", "PKG-INFO"),
        Pattern::Inside("EGG-INFO", "PKG-INFO"),
        Pattern::Suffix(".egg-info"),
        Pattern::Suffix(".egg"),
    ],
    stage: Stage::Installed,
    ecosystem: Some(Ecosystem::PyPi),
    parse,
    join: None,
};

const MEMBERS: usize = 65_535;
const METADATA: u64 = 4 << 20;

/// Core metadata (packaging.python.org): headers up to the first empty line. An egg is a zip archive with them inside.
fn parse(path: &str, bytes: &[u8], out: &mut Packages) {
    if path.ends_with(".egg") {
        return egg(bytes, out);
    }
    headers(&String::from_utf8_lossy(bytes), out);
}

fn egg(bytes: &[u8], out: &mut Packages) {
    let read = Zip::read(bytes, MEMBERS).and_then(|zip| {
        let entry = zip.entries.iter().find(|e| e.name == "EGG-INFO/PKG-INFO");
        entry.map(|entry| zip.body(entry, METADATA)).transpose()
    });
    match read {
        Ok(Some(metadata)) => headers(&String::from_utf8_lossy(&metadata), out),
        // An egg without metadata names no distribution.
        Ok(None) => {}
        Err(error) => out.problem(format!("the egg cannot be read: {error}")),
    }
}

fn headers(text: &str, out: &mut Packages) {
    let (mut name, mut version, mut licenses) = ("", "", Vec::new());
    for line in text.lines().take_while(|line| !line.is_empty()) {
        match line.split_once(':').map(|(key, value)| (key, value.trim())) {
            Some(("Name", value)) => name = value,
            Some(("Version", value)) => version = value,
            Some(("License-Expression" | "License", value)) if !value.is_empty() && value != "UNKNOWN" => {
                licenses.push(value.to_owned());
            }
            _ => {}
        }
    }
    if name.is_empty() || version.is_empty() {
        return out.problem("no Name or no Version in the metadata of a distribution");
    }
    out.add(Package { licenses, ..Package::new(Ecosystem::PyPi, name, version) });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str, bytes: &[u8]) -> Packages {
        let mut out = Packages::default();
        parse(path, bytes, &mut out);
        out
    }

    #[test]
    fn headers_end_at_the_text() {
        let out = read("a-1.dist-info/METADATA", b"Metadata-Version: 2.1\nName: Foo.Bar\nVersion: 1.0\nLicense: MIT\n\nName: other\n");
        assert_eq!(out.packages.len(), 1);
        assert_eq!((out.packages[0].name.as_str(), out.packages[0].version.as_str()), ("Foo.Bar", "1.0"));
        assert_eq!(read("a.egg-info", b"Name: x\n").problems.len(), 1);
        assert_eq!(read("a.egg", b"not a zip").problems.len(), 1);
    }

    #[test]
    fn corpus() {
        for (path, want) in [
            ("happy-dist/distlib-0.3.1.dist-info/METADATA", Some(("distlib", "0.3.1"))),
            ("happy-egg/distlib-0.3.1.egg-info/PKG-INFO", Some(("distlib", "0.3.1"))),
            ("egg-zip/kitchen-1.2.6-py2.7.egg", Some(("kitchen", "1.2.6"))),
            ("egg-zip-with-license-file/sample_package.egg", Some(("sample_package", "0.1"))),
            ("no-req-files/no-required-files.egg", None),
        ] {
            let file = format!("trivy/pkg/fanal/analyzer/language/python/packaging/testdata/{path}");
            let Some(bytes) = crate::corpus::read(&file) else { return };
            let out = read(path, &bytes);
            let got = out.packages.first().map(|p| (p.name.as_str(), p.version.as_str()));
            assert_eq!((got, out.problems.len()), (want, 0), "{path}");
        }
    }
}
