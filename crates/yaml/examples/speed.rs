//! Text to tree, this reader against yaml_serde, over the folders named (`cargo run --release -p yaml --example speed -- FOLDER…`).
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a measurement reads files and prints")]

use serde::Deserialize as _;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

fn texts(folder: &Path) -> Vec<Vec<u8>> {
    let (mut texts, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "yaml" || end == "yml") {
                texts.extend(std::fs::read(path));
            }
        }
    }
    texts
}

fn ours(texts: &[Vec<u8>]) -> usize {
    let caps = yaml::Caps::default();
    texts
        .iter()
        .flat_map(|text| yaml::stream(text, &caps))
        .map(|part| black_box(part).is_ok())
        .filter(|ok| *ok)
        .count()
}

fn theirs(texts: &[Vec<u8>]) -> usize {
    let documents = |text| yaml_serde::Deserializer::from_slice(text).map(yaml::Value::deserialize);
    let mut count = 0;
    for text in texts {
        for document in documents(text) {
            match black_box(document) {
                Ok(value) => count += usize::from(!value.is_null()),
                Err(_) => break,
            }
        }
    }
    count
}

/// The saphyr-parser's events alone.
fn events(texts: &[Vec<u8>]) -> usize {
    let mut count = 0;
    for text in texts.iter().filter_map(|text| std::str::from_utf8(text).ok()) {
        let mut parser = saphyr_parser::Parser::new_from_str(text);
        while let Some(Ok(event)) = parser.next_event() {
            count += usize::from(matches!(black_box(event).0, saphyr_parser::Event::DocumentEnd));
        }
    }
    count
}

/// Reads texts and says how many documents there were.
type Run = fn(&[Vec<u8>]) -> usize;

fn main() {
    for folder in std::env::args().skip(1) {
        let texts = texts(Path::new(&folder));
        let bytes: usize = texts.iter().map(Vec::len).sum();
        let runs: [(&str, Run); 3] = [("here", ours), ("yaml_serde", theirs), ("bare events", events)];
        let mut times = [const { Vec::new() }; 3];
        let mut counts = [0; 3];
        for _ in 0..15 {
            for (n, (_, run)) in runs.iter().enumerate() {
                let start = Instant::now();
                counts[n] = run(&texts);
                times[n].push(start.elapsed().as_secs_f64());
            }
        }
        let rate = times.map(|mut times| {
            times.sort_by(f64::total_cmp);
            bytes as f64 / times[times.len() / 2] / 1e6
        });
        println!("{folder}: {} files, {:.1} MB", texts.len(), bytes as f64 / 1e6);
        for ((name, _), (rate, count)) in runs.iter().zip(rate.iter().zip(counts)) {
            println!("  {name:12} {rate:7.1} MB/s  {count} documents");
        }
        println!("  ratio here : yaml_serde = {:.2}", rate[0] / rate[1]);
    }
}
