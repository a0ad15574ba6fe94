//! Evidence as a place a person can go to: `file:line`, or the source in words.
//!
//! A position is found by reading the one document again when it is asked for.

use model::{Evidence, Origin, Source};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

/// Finds places; keeps the files it read.
pub(crate) struct Places {
    stdin: Option<Vec<u8>>,
    files: RefCell<BTreeMap<String, Option<Vec<u8>>>>,
}

/// A larger file is named without a line.
const LARGEST: u64 = 64 << 20;

impl Places {
    pub(crate) fn new(stdin: Option<Vec<u8>>) -> Self {
        Self { stdin, files: RefCell::default() }
    }

    /// What was read from standard input.
    pub(crate) fn stdin(&self) -> Option<&[u8]> {
        self.stdin.as_deref()
    }

    /// Where evidence is.
    pub(crate) fn of(&self, evidence: &Evidence) -> String {
        match evidence {
            Evidence::Field { origin, resource, pointer } => match origin {
                Origin::File { path, template: Some(template), .. } => format!("{path} ({template})"),
                Origin::File { path, offset, item, template: None } => {
                    match self.line(path, *offset, *item, pointer) {
                        Some(line) => format!("{path}:{line}"),
                        None => path.to_string(),
                    }
                }
                Origin::Cluster { owner, .. } => match owner {
                    Some(owner) => format!("live ({owner})"),
                    None => "live".to_owned(),
                },
                Origin::Builtin => format!("built-in {}", resource.name),
            },
            Evidence::Document { source, name, line, at } => {
                let word = match source {
                    Source::Scan => "scan ",
                    Source::Audit => "audit ",
                    Source::Alert => "alert ",
                    Source::Signature => "signature ",
                    _ => "",
                };
                match (line, at) {
                    (Some(line), _) => format!("{name}:{line}"),
                    (None, Some(at)) if !word.is_empty() => {
                        format!("{word}{}", at.to_string().get(..16).unwrap_or_default().replace('T', " "))
                    }
                    _ => name.to_string(),
                }
            }
            Evidence::Assumption(_) => String::new(),
        }
    }

    fn line(&self, path: &str, offset: u64, item: Option<u32>, pointer: &str) -> Option<u32> {
        let find = |text: &[u8]| yaml::locate_item(text, offset, item, pointer).map(|at| at.line);
        if path == "-" {
            return find(self.stdin.as_deref()?);
        }
        let mut files = self.files.borrow_mut();
        let text = files.entry(path.to_owned()).or_insert_with(|| read(Path::new(path)));
        find(text.as_deref()?)
    }
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let small = std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= LARGEST);
    small.then(|| std::fs::read(path).ok()).flatten()
}
