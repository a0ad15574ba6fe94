//! Where words go: data to stdout or a file, talk to stderr.

use anyhow::Context as _;
use std::io::{BufWriter, IsTerminal as _, Write};
use std::path::Path;

/// Writes data.
pub(crate) fn write(text: &str, file: Option<&Path>) -> anyhow::Result<()> {
    match file {
        Some(path) => place(text, path).with_context(|| format!("cannot write {}", path.display())),
        None => {
            let mut out = anstream::stdout().lock();
            out.write_all(text.as_bytes())?;
            Ok(out.flush()?)
        }
    }
}

/// Writes data for programs, every byte as it is: what decorates text for people takes out control characters.
pub(crate) fn data(text: &str, file: Option<&Path>) -> anyhow::Result<()> {
    if file.is_some() {
        return write(text, file);
    }
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Puts a text where the user said, for whoever may read there; a file that is there keeps its mode. What is no file
/// (a pipe, `/dev/null`) is written to and never replaced.
fn place(text: &str, path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let there = std::fs::metadata(path).ok();
    if there.as_ref().is_some_and(|found| !found.is_file()) {
        return std::fs::OpenOptions::new().write(true).open(path)?.write_all(text.as_bytes());
    }
    // Behind a link the file is replaced, not the link.
    let path = if there.is_some() { std::fs::canonicalize(path)? } else { path.to_owned() };
    let everyone = std::fs::Permissions::from_mode(0o666);
    let mut file = tempfile::Builder::new().permissions(everyone).tempfile_in(folder(&path))?;
    if let Some(found) = there {
        file.as_file().set_permissions(found.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a file of our own as a whole or not at all; nobody else reads it.
pub(crate) fn whole(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut file = BufWriter::new(tempfile::NamedTempFile::new_in(folder(path))?);
    content(&mut file)?;
    let file = file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// A text behind an indent, safe to print: broken to the width of a terminal, one line where a program reads.
pub(crate) fn line(indent: &str, text: &str) -> String {
    let text = model::escape(text);
    if std::io::stdout().is_terminal() {
        report::hanging(indent, &text, size().0)
    } else {
        format!("{indent}{text}")
    }
}

/// One line for the person.
pub(crate) fn say(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// One line that something went wrong.
pub(crate) fn complain(text: &str) {
    say(&format!("error: {}", model::escape(text)));
}

/// Whether stdout is a terminal that wants colours.
pub(crate) fn color() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The terminal's size in cells and lines: the environment's word, else 80 by 24.
pub(crate) fn size() -> (usize, usize) {
    let of =
        |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<usize>().ok()).filter(|n| *n > 0);
    (of("COLUMNS").unwrap_or(80).clamp(40, 200), of("LINES").unwrap_or(24).max(10))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_text_is_placed_and_nothing_else_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let mode = |name: &str| std::fs::metadata(at(name)).unwrap().permissions().mode() & 0o777;
        // What the umask lets through: the same as for any other file.
        std::fs::write(at("other"), "").unwrap();
        write("a", Some(&at("new"))).unwrap();
        assert_eq!(mode("new"), mode("other"));
        // A mode that was chosen stays; behind a link the file is meant.
        std::fs::set_permissions(at("new"), std::fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("new", at("link")).unwrap();
        write("b", Some(&at("link"))).unwrap();
        assert_eq!((mode("new"), std::fs::read_to_string(at("new")).unwrap()), (0o640, "b".to_owned()));
        assert!(std::fs::symlink_metadata(at("link")).unwrap().is_symlink());
        // A device is written to.
        write("c", Some(Path::new("/dev/null"))).unwrap();
        assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
        assert!(write("d", Some(folder.path())).is_err());
    }
}
