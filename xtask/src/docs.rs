//! Pages that are written by the binary from its own descriptors, so that they cannot go stale unseen.

use crate::repository::{output, root};
use std::path::Path;

/// One generated page.
pub(crate) struct Page {
    /// Where it lies, relative to the root.
    pub(crate) file: &'static str,
    /// The words given to `ringwall`; what it prints on stdout is the page.
    pub(crate) words: &'static [&'static str],
}

/// Every generated page.
pub(crate) static PAGES: &[Page] = &[Page { file: "docs/checks/README.md", words: &["explain", "--all"] }];

/// What the page should say: the binary's own answer.
pub(crate) fn render(root: &Path, page: &Page) -> Result<String, String> {
    let mut args = vec!["run", "--quiet", "--package", "ringwall", "--"];
    args.extend(page.words);
    let text = String::from_utf8(output(root, "cargo", &args)?).map_err(|e| format!("not UTF-8: {e}"))?;
    if text.trim().is_empty() {
        Err(format!("`ringwall {}` printed nothing", page.words.join(" ")))
    } else {
        Ok(text)
    }
}

/// Writes every page.
pub(crate) fn write() -> Result<(), String> {
    let root = root();
    for page in PAGES {
        let text = render(&root, page)?;
        let path = root.join(page.file);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        }
        std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
        println!("wrote {}", page.file);
    }
    println!("docs: {} generated pages", PAGES.len());
    Ok(())
}

/// Says which pages are stale; an error when one is.
pub(crate) fn check() -> Result<(), String> {
    let root = root();
    let mut stale = Vec::new();
    for page in PAGES {
        let now = std::fs::read_to_string(root.join(page.file)).unwrap_or_default();
        if now != render(&root, page)? {
            stale.push(page.file);
        }
    }
    println!("docs: {} generated pages, {} stale", PAGES.len(), stale.len());
    if stale.is_empty() {
        Ok(())
    } else {
        Err(format!("stale, run `cargo xtask docs`: {}", stale.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_unique_and_inside_docs() {
        for (at, page) in PAGES.iter().enumerate() {
            assert!(page.file.starts_with("docs/"), "{}", page.file);
            assert!(!page.words.is_empty(), "{}", page.file);
            assert!(PAGES.iter().skip(at + 1).all(|other| other.file != page.file), "{} twice", page.file);
        }
    }
}
