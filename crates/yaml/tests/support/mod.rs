//! The corpus, and the program that reads documents as kubectl does.

use base64::Engine as _;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Says why a test does nothing; with `CI=true` that is a failure.
pub(crate) fn skip<T>(why: &str) -> Option<T> {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "required: {why}");
    eprintln!("skipped: {why}");
    None
}

/// The files of the corpus whose names end in one of `ends`, sorted.
pub(crate) fn corpus(ends: &[&str]) -> Option<Vec<PathBuf>> {
    let folder =
        std::env::var("RINGWALL_CORPUS").map_or_else(|_| root().join("../shared/corpus"), Into::into);
    if !folder.is_dir() {
        return skip("no corpus");
    }
    let (mut files, mut folders) = (Vec::new(), vec![folder]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else if ends.iter().any(|end| name.ends_with(end)) {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    assert!(!files.is_empty());
    Some(files)
}

/// What the API's decoder says to one document.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Answer {
    pub(crate) value: Option<Value>,
    pub(crate) error: Option<String>,
    pub(crate) strict: Option<String>,
}

/// Asks the API's decoder for the documents of each text.
pub(crate) fn oracle(texts: &[Vec<u8>]) -> Option<Vec<Vec<Answer>>> {
    let source = root().join("tests/peers/yaml-oracle");
    static BUILT: std::sync::OnceLock<Option<PathBuf>> = std::sync::OnceLock::new();
    let program = BUILT.get_or_init(|| {
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("yaml-oracle");
        match Command::new("go").arg("build").arg("-o").arg(&program).arg(".").current_dir(source).status() {
            Ok(status) => assert!(status.success(), "go build"),
            Err(_) => return skip("no go"),
        }
        Some(program)
    });
    let program = program.as_ref()?;
    let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let answers = std::thread::scope(|scope| {
        scope.spawn(move || {
            for text in texts {
                let line = base64::engine::general_purpose::STANDARD.encode(text);
                writeln!(input, "{line}").unwrap();
            }
        });
        output.lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect()
    });
    assert!(child.wait().unwrap().success());
    Some(answers)
}
