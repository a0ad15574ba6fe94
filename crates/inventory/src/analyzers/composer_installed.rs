//! installed.json: PHP packages Composer has installed.

use super::{Analyzer, Pattern, Stage, composer_lock};
use crate::{Ecosystem, Packages};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "composer-installed",
    about: "PHP packages that are installed",
    files: &[Pattern::Name("installed.json")],
    stage: Stage::Installed,
    ecosystem: Some(Ecosystem::Composer),
    parse,
    join: None,
};

/// Written as a lock file is; the form of Composer 1, a bare list, says nothing to Trivy and is unknown here.
fn parse(path: &str, bytes: &[u8], out: &mut Packages) {
    let list = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    if list && path.ends_with("composer/installed.json") {
        return out.problem("it is a list of packages, as Composer 1 wrote it, which is not read");
    }
    // Other programs have files of this name.
    if path.ends_with("composer/installed.json") || memchr::memmem::find(bytes, b"\"packages\"").is_some() {
        composer_lock::lock(bytes, out);
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
            (out.packages.len(), out.problems.len())
        };
        let text = r#"{"packages":[{"name":"a/b","version":"1.0.0"}],"dev":true}"#;
        assert_eq!(read("vendor/composer/installed.json", text), (1, 0));
        assert_eq!(read("x/installed.json", "{\"a\":1}"), (0, 0));
        assert_eq!(read("vendor/composer/installed.json", " []"), (0, 1));
        assert_eq!(read("vendor/composer/installed.json", "{"), (0, 1));
    }
}
