//! Where words go: data to stdout or a file, talk to stderr.

use anyhow::Context as _;
use std::io::{BufWriter, IsTerminal as _, Write};
use std::path::Path;

/// Writes data.
pub(crate) fn write(text: &str, file: Option<&Path>) -> anyhow::Result<()> {
    match file {
        Some(path) => whole(path, |file| file.write_all(text.as_bytes()))
            .with_context(|| format!("cannot write {}", path.display())),
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

/// Writes a file as a whole or not at all.
pub(crate) fn whole(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = BufWriter::new(tempfile::NamedTempFile::new_in(folder)?);
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
