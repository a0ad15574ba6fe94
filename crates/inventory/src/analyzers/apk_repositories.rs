//! apk's list of repositories: the release packages really come from.

use super::{Analyzer, Pattern, Stage};
use crate::{Os, Packages};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "apk-repositories",
    about: "apk's list of repositories",
    files: &[Pattern::Path("etc/apk/repositories")],
    stage: Stage::System,
    ecosystem: None,
    parse,
    join: None,
};

/// `…/alpine/v3.10/main` or `…/alpine/edge/main`, one a line. The newest counts, edge before all.
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let releases = lines.filter_map(release);
    let newest = releases.max_by(|a, b| order(a).cmp(&order(b)));
    out.repositories.extend(newest.map(|version| Os { family: "alpine".into(), version }));
}

/// The part before the last: `v3.10` or `edge`.
fn release(line: &str) -> Option<String> {
    let mut parts = line.trim_end_matches('/').rsplit('/');
    parts.next()?;
    let release = parts.next()?;
    parts.find(|part| !part.is_empty() && *part == "alpine")?;
    let number = release.strip_prefix('v').unwrap_or(release);
    let version = number.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    (release == "edge" || version).then(|| number.to_owned())
}

fn order(release: &str) -> (bool, Vec<u64>) {
    (release == "edge", release.split('.').map(|part| part.parse().unwrap_or(0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        let mut out = Packages::default();
        parse("etc/apk/repositories", text.as_bytes(), &mut out);
        out.repositories.pop().map(|os| os.version)
    }

    #[test]
    fn releases() {
        assert_eq!(read("http://x.test/alpine/v3.9/main\nhttps://x.test/alpine/v3.10/community\n").as_deref(), Some("3.10"));
        assert_eq!(read("@edge http://x.test/alpine/edge/main\nhttp://x.test/alpine/v3.10/main").as_deref(), Some("edge"));
        assert_eq!(read("#http://x.test/alpine/v3.9/main\n/media/cdrom/apks\n"), None);
    }
}
