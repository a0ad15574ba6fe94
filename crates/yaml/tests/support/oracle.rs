//! The program that reads documents as kubectl does.

use crate::corpus::{root, skip};
use base64::Engine as _;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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
