//! debian_version: the point release, which os-release does not tell.

use super::{Analyzer, Pattern, Stage};
use crate::{Os, Packages};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "debian-version",
    about: "point release of Debian",
    files: &[Pattern::Path("etc/debian_version")],
    stage: Stage::System,
    ecosystem: None,
    parse,
    join: None,
};

/// One line: `12.4`. Development releases have names there, and derivatives their parent's.
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let text = String::from_utf8_lossy(bytes);
    let version = text.lines().next().unwrap_or_default().trim();
    if version.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit())) {
        out.os = Some(Os { family: "debian".into(), version: version.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (text, want) in [("12.4\n", Some("debian 12.4")), ("10.1", Some("debian 10.1")), ("bookworm/sid\n", None), ("", None)] {
            let mut out = Packages::default();
            parse("etc/debian_version", text.as_bytes(), &mut out);
            assert_eq!(out.os.map(|os| os.to_string()).as_deref(), want, "{text}");
        }
    }
}
