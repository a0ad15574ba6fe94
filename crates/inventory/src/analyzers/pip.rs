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

/// `name[extra]==version ; marker --hash=… # comment`. A line that pins no version says nothing about what is
/// installed. Semantics: Trivy's `pkg/dependency/parser/python/pip`.
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let text = decoded(bytes);
    for (at, line) in text.lines().enumerate() {
        let line: String = line.chars().filter(|c| !matches!(c, ' ' | '\\')).collect();
        let line = without_extras(&line);
        let line = ["#", ";", "--"].iter().fold(line.as_str(), |line, mark| line.split(mark).next().unwrap_or_default());
        let word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        let end = line.find(|c| !word(c)).unwrap_or(line.len());
        let (name, ranges) = line.split_at_checked(end).unwrap_or((line, ""));
        let pinned = ranges.split(',').find_map(|range| range.strip_prefix("=="));
        let Some(version) = pinned.filter(|version| !name.is_empty() && valid(version)) else { continue };
        let number = (at as u64).saturating_add(1);
        out.add(Package { lines: vec![(number, number)], ..Package::new(Ecosystem::PyPi, name, version) });
    }
}

/// The text, which Windows may have written in UTF-16.
fn decoded(bytes: &[u8]) -> String {
    let wide = |rest: &[u8], big: bool| {
        let units = rest.chunks_exact(2).filter_map(|pair| <[u8; 2]>::try_from(pair).ok());
        let units: Vec<u16> =
            units.map(|pair| if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, false),
        [0xfe, 0xff, rest @ ..] => wide(rest, true),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn without_extras(line: &str) -> String {
    match (line.find('['), line.find(']')) {
        (Some(start), Some(end)) if start < end => {
            let after = line.get(end..).and_then(|rest| rest.strip_prefix(']')).unwrap_or_default();
            format!("{}{after}", line.get(..start).unwrap_or_default())
        }
        _ => line.to_owned(),
    }
}

/// Whether a text is a version (PEP 440).
fn valid(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let text = text.strip_prefix('v').unwrap_or(&text);
    let (public, local) = text.split_once('+').map_or((text, None), |(public, local)| (public, Some(local)));
    let local_fits = local.is_none_or(|local| {
        local.split(['.', '-', '_']).all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()))
    });
    let public = public.split_once('!').map_or(public, |(epoch, rest)| if number(epoch) { rest } else { "" });
    let end = public.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(public.len());
    let (release, mut rest) = public.split_at_checked(end).unwrap_or((public, ""));
    // A separator before a word may be a dot.
    if !rest.is_empty() && !release.split('.').all(number) && !release.trim_end_matches('.').split('.').all(number) {
        return false;
    }
    if rest.is_empty() && !release.split('.').all(number) {
        return false;
    }
    for words in [&["alpha", "beta", "preview", "pre", "rc", "a", "b", "c"][..], &["post", "rev", "r"], &["dev"]] {
        let bare = rest.trim_start_matches(['.', '-', '_']);
        if let Some(after) = words.iter().find_map(|word| bare.strip_prefix(word)) {
            rest = after.trim_start_matches(['.', '-', '_']).trim_start_matches(|c: char| c.is_ascii_digit());
        } else if words.contains(&"post") && rest.starts_with('-') && number(bare.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default()) {
            rest = bare.trim_start_matches(|c: char| c.is_ascii_digit());
        }
    }
    local_fits && rest.is_empty()
}

fn number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
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
        assert_eq!(read(text), ["Flask 2.0.0", "requests 2.25.1", "y 1", "z 1.0"]);
        assert_eq!(read("a==1.0#comment\nb=='odd'\n"), ["a 1.0"]);
        let mut out = Packages::default();
        parse("requirements.txt", b"\xff\xfea\0=\0=\x001\0", &mut out);
        assert_eq!(out.packages[0].version, "1");
        assert!(read("==1\n\n").is_empty());
    }

    #[test]
    fn versions() {
        for good in ["1", "1.0", "1!2.0", "1.0a1", "1.0.rc2", "1.0-1", "1.0.post1.dev2", "1.0+local.1", "v1.0", "1.0.dev0"] {
            assert!(valid(good), "{good}");
        }
        for odd in ["", "=3.0", "1.*", "'x'", "1..0", "1.0+", "1.0x", "latest", "1.0."] {
            assert!(!valid(odd), "{odd}");
        }
    }

    #[test]
    fn corpus() {
        let Some(text) = crate::corpus::read("trivy/integration/testdata/fixtures/repo/pip/requirements.txt") else { return };
        let got = read(&String::from_utf8(text).unwrap());
        assert!(got.contains(&"Flask 2.0.0".to_owned()) || got.contains(&"flask 2.0.0".to_owned()), "{got:?}");
    }
}
