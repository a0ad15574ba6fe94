//! os-release: which operating system an image says it is.

use super::{Analyzer, Pattern, Stage};
use crate::{Os, Packages};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "os-release",
    about: "family and version of the operating system",
    files: &[Pattern::Path("etc/os-release"), Pattern::Path("usr/lib/os-release")],
    stage: Stage::System,
    ecosystem: None,
    parse,
    join: None,
};

/// `KEY=value` lines; values may be quoted as in a shell (os-release(5)).
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let text = String::from_utf8_lossy(bytes);
    let mut id = String::new();
    let mut version = String::new();
    for line in text.lines() {
        match line.trim().split_once('=') {
            Some(("ID", value)) => id = unquote(value),
            Some(("VERSION_ID", value)) => version = unquote(value),
            _ => {}
        }
    }
    if id.is_empty() {
        return out.problem("no ID names the operating system");
    }
    out.os = Some(Os::from_release(&id, &version));
}

fn unquote(value: &str) -> String {
    let value = value.trim();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let inner = quote.and_then(|q| value.strip_prefix(q)?.strip_suffix(q));
    let mut out = String::with_capacity(value.len());
    let mut escaped = false;
    for c in inner.unwrap_or(value).chars() {
        match c {
            '\\' if !escaped && quote != Some('\'') => escaped = true,
            c => {
                out.push(c);
                escaped = false;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn os(text: &str) -> Option<String> {
        let mut out = Packages::default();
        parse("etc/os-release", text.as_bytes(), &mut out);
        assert_eq!(out.os.is_none(), !out.problems.is_empty());
        out.os.map(|os| os.to_string())
    }

    #[test]
    fn hits() {
        assert_eq!(os("NAME=x\nID=alpine\nVERSION_ID=3.15.4\n").as_deref(), Some("alpine 3.15.4"));
        assert_eq!(os("ID=\"rhel\"\r\nVERSION_ID='8.4'\r\n").as_deref(), Some("redhat 8.4"));
        assert_eq!(os("ID=debian").as_deref(), Some("debian"));
        assert_eq!(os(r#"ID="a\"b""#).as_deref(), Some("a\"b"));
    }

    #[test]
    fn corpus() {
        for (name, want) in [
            ("alpine", Some("alpine 3.15.4")),
            ("alma", Some("alma 9.4")),
            ("azurelinux-3.0", Some("azurelinux 3.0")),
            ("mariner-2.0", Some("cbl-mariner 2.0")),
            ("no-version", Some("alpine")),
            ("no-id", None),
            ("unknown", Some("unknown 4.3.2")),
            ("opensusetumbleweed", Some("opensuse-tumbleweed 20220412")),
            ("sles", Some("sles 15.3")),
        ] {
            let path = format!("trivy/pkg/fanal/analyzer/os/release/testdata/{name}");
            let Some(text) = crate::corpus::read(&path) else { return };
            assert_eq!(os(&String::from_utf8(text).unwrap()).as_deref(), want, "{name}");
        }
    }

    #[test]
    fn without_id_it_is_unknown() {
        assert_eq!(os("VERSION_ID=3.15.4"), None);
        assert_eq!(os("#ID=alpine"), None);
        assert_eq!(os(""), None);
    }
}
