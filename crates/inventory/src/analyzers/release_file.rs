//! Release files of Red Hat's distribution and its kin: the whole version, of which os-release tells a part.

use super::{Analyzer, Pattern, Stage};
use crate::{Os, Packages, path};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "release-file",
    about: "whole version of Red Hat's distribution and its kin",
    files: &[
        Pattern::Path("etc/almalinux-release"),
        Pattern::Path("etc/centos-release"),
        Pattern::Path("etc/fedora-release"),
        Pattern::Path("usr/lib/fedora-release"),
        Pattern::Path("etc/oracle-release"),
        Pattern::Path("etc/redhat-release"),
        Pattern::Path("etc/rocky-release"),
        Pattern::Path("etc/system-release"),
        Pattern::Path("usr/lib/system-release"),
    ],
    stage: Stage::System,
    ecosystem: None,
    parse,
    join: None,
};

/// `CentOS Linux release 7.6.1810 (Core)`. Only redhat-release speaks of any of them; the others name their own.
///
/// Semantics: Trivy's `pkg/fanal/analyzer/os/redhatbase` and `amazonlinux`.
fn parse(at: &str, bytes: &[u8], out: &mut Packages) {
    let text = String::from_utf8_lossy(bytes);
    let Some(line) = text.lines().map(str::trim).find(|line| !line.is_empty()) else { return };
    let own = path::name(at);
    if own == "system-release" {
        out.os = amazon(line);
        return;
    }
    let Some((name, rest)) = line.split_once(" release ") else { return };
    let version: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    if !version.starts_with(|c: char| c.is_ascii_digit()) {
        return;
    }
    let family = match name.to_lowercase().as_str() {
        "centos" | "centos linux" => "centos",
        "rocky" | "rocky linux" => "rocky",
        "alma" | "almalinux" | "alma linux" => "alma",
        "oracle" | "oracle linux" | "oracle linux server" => "oracle",
        "fedora" | "fedora linux" => "fedora",
        _ => "redhat",
    };
    let names = ["almalinux-release", "centos-release", "fedora-release", "oracle-release", "rocky-release"];
    let families = ["alma", "centos", "fedora", "oracle", "rocky"];
    let wanted = names.iter().position(|name| *name == own).and_then(|at| families.get(at));
    if wanted.is_none_or(|wanted| *wanted == family) {
        out.os = Some(Os { family: family.to_owned(), version });
    }
}

/// `Amazon Linux release 2 (Karoo)`, `Amazon Linux AMI release 2018.03`.
fn amazon(line: &str) -> Option<Os> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let skip = if line.starts_with("Amazon Linux release 2") { 3 } else { 2 };
    let known = line.starts_with("Amazon Linux") && (skip == 2 || words.len() >= 5);
    known.then(|| Os { family: "amazon".into(), version: words.get(skip..).unwrap_or_default().join(" ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files() {
        for (path, text, want) in [
            ("etc/centos-release", "CentOS Linux release 7.6.1810 (Core)\n", Some("centos 7.6.1810")),
            ("etc/redhat-release", "Red Hat Enterprise Linux Server release 7.7 (Maipo)", Some("redhat 7.7")),
            ("etc/redhat-release", "Rocky Linux release 8.4 (Green Obsidian)", Some("rocky 8.4")),
            ("etc/oracle-release", "Oracle Linux Server release 8.0", Some("oracle 8.0")),
            ("etc/almalinux-release", "CentOS release 6.10", None),
            ("etc/system-release", "Amazon Linux release 2 (Karoo)", Some("amazon 2 (Karoo)")),
            ("etc/system-release", "Amazon Linux AMI release 2018.03", Some("amazon AMI release 2018.03")),
            ("etc/system-release", "CentOS Linux release 7", None),
            ("etc/centos-release", "CentOS Stream", None),
            ("etc/redhat-release", "", None),
        ] {
            let mut out = Packages::default();
            parse(path, text.as_bytes(), &mut out);
            assert_eq!(out.os.map(|os| os.to_string()).as_deref(), want, "{path} {text}");
        }
    }
}
