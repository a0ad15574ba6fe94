//! `stat -c FORMAT FILE…`.

use super::{Job, Program, printed};
use crate::cis::node::File;
use std::fmt::Write as _;

pub(super) static PROGRAM: Program = Program { names: &["stat"], read };

fn read(words: &[&str]) -> Option<Job> {
    let mut rest = words.iter().skip(1).copied();
    let (mut format, mut follows, mut paths) = (None, false, Vec::new());
    while let Some(word) = rest.next() {
        match word {
            "-c" => format = Some(rest.next()?.to_owned()),
            "-L" => follows = true,
            "-Lc" => (follows, format) = (true, Some(rest.next()?.to_owned())),
            word if word.starts_with("--format=") => format = word.strip_prefix("--format=").map(str::to_owned),
            word if word.starts_with('-') => return None,
            path => paths.push(path.to_owned()),
        }
    }
    let format = format?;
    formatted(&format, "", &File::default())?;
    Some(Box::new(move |node, _| {
        // Without a file it says how it is used.
        let (mut out, mut status) = (Vec::new(), i32::from(paths.is_empty()));
        for path in &paths {
            let file = node.owned(path)?;
            match if follows { file.and_then(File::followed) } else { file } {
                Some(file) => out.extend(formatted(&format, path, file)),
                None => status = 1,
            }
        }
        let mut found = printed(out);
        found.status = status;
        Ok(found)
    }))
}

fn formatted(format: &str, path: &str, file: &File) -> Option<String> {
    let mut out = String::new();
    let mut rest = format.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match rest.next()? {
            'a' => {
                let _ = write!(out, "{:o}", file.mode);
            }
            'U' => out.push_str(&file.owner),
            'G' => out.push_str(&file.group),
            'n' => out.push_str(path),
            _ => return None,
        }
    }
    Some(out)
}
