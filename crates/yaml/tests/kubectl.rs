//! This reader and the decoder kubectl uses say the same.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests read files and run the peer")]

mod support;

use std::collections::BTreeMap;
use support::{Answer, corpus, oracle};
use yaml::{Caps, Value};

/// Every difference of one text, in words.
fn differences(text: &[u8], theirs: &[Answer]) -> Vec<String> {
    let ours: Vec<Result<Value, (String, String)>> = yaml::stream(text, &Caps::default())
        .filter_map(|part| match part {
            Ok(document) => Some(Ok(document.value)),
            Err(d) if d.level == model::Level::Warning => None,
            Err(d) => Some(Err((d.code.to_owned(), d.message))),
        })
        .collect();
    let theirs: Vec<&Answer> = theirs
        .iter()
        .filter(|a| a.error.is_some() || a.value.as_ref().is_some_and(|v| !v.is_null()))
        .collect();
    let mut told = Vec::new();
    if ours.len() != theirs.len() {
        told.push(format!("{} documents here, {} there", ours.len(), theirs.len()));
    }
    for (ours, theirs) in ours.iter().zip(theirs) {
        match (ours, &theirs.value) {
            (Ok(a), Some(b)) if a == b => {}
            (Ok(a), Some(b)) => told.push(format!("here {a}, there {b}")),
            (Err(_), None) => {}
            (Err((code, _)), Some(_)) if code == "yaml/duplicate-key" && theirs.strict.is_some() => {}
            (Err((code, message)), Some(b)) => told.push(format!("here {code} {message}, there {b}")),
            (Ok(a), None) => {
                told.push(format!("here {a}, there {}", theirs.error.as_deref().unwrap_or_default()))
            }
        }
    }
    told
}

#[test]
fn corpus_reads_the_same() {
    let Some(files) = corpus(&[".yaml", ".yml", ".json"]) else { return };
    let texts: Vec<Vec<u8>> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    let Some(answers) = oracle(&texts) else { return };
    assert_eq!(answers.len(), files.len());
    let mut unexplained = BTreeMap::new();
    let (mut read, mut refused) = (0, 0);
    for ((file, text), theirs) in files.iter().zip(&texts).zip(&answers) {
        read += theirs.iter().filter(|a| a.value.as_ref().is_some_and(|v| !v.is_null())).count();
        refused += theirs.iter().filter(|a| a.error.is_some()).count();
        let told = differences(text, theirs);
        if !told.is_empty() {
            unexplained.insert(file.display().to_string(), told);
        }
    }
    println!("{} files, {read} documents read, {refused} refused", files.len());
    let shown =
        |told: &Vec<String>| told.iter().map(|t| t.chars().take(400).collect::<String>()).collect::<Vec<_>>();
    for (file, told) in &unexplained {
        println!("{file}: {:#?}", shown(told));
    }
    assert!(unexplained.is_empty(), "{} files differ", unexplained.len());
}
