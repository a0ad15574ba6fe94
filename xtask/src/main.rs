//! The project's own chores, each a word: `cargo xtask tidy | docs | bench | peers | cluster`.
//!
//! Everything here is for those who work on ringwall; users of the binary never need it.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to the person who typed it")]

mod arrows;
mod bench;
mod bench_scan;
mod cluster;
mod docs;
mod laws;
mod repository;
mod synthetic;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask CHORE

  tidy                   hold the repository to its laws (also run as tests: cargo test -p xtask)
  tidy --list            the laws, one a line
  docs [--check]         write the generated pages, or say which are stale
  bench [NAME]           measure the rows of the bench table: CPU seconds and peak memory
  bench -- COMMAND ...   measure one command
  synthetic SIZE SEED FILE
                         write the snapshot of a made-up cluster: small, medium, large or largest
  peers [NAME ...]       install the pinned programs that suites run against
  peers sysdig           unpack sysdig, which one test compares with; as root
  peers --list           what there is, pinned to what, and why
  cluster up [--dir DIR]    a real API server on loopback, out of the installed peers; prints what to use it with
  cluster up --node [--dir DIR]
                         the same with one node that runs pods, in namespaces of its own; needs root
  cluster status [--dir DIR]
  cluster down [--dir DIR]  end it";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["tidy"] => laws::tidy(),
        ["tidy", "--list"] => laws::list(),
        ["docs"] => docs::write(),
        ["docs", "--check"] => docs::check(),
        ["bench", "--", command @ ..] if !command.is_empty() => bench::one(command),
        ["bench", names @ ..] if names.len() <= 1 => bench::table(names.first().copied()),
        ["synthetic", size, seed, file] => synthetic::write(size, seed, file.as_ref()),
        ["peers", "sysdig"] => peers::sysdig::unpack(),
        ["peers", "--list"] => peers::list(),
        ["peers", names @ ..] => peers::install(names),
        ["cluster", "up", "--node"] => cluster::run("up", true, None),
        ["cluster", "up", "--node", "--dir", folder] => cluster::run("up", true, Some(folder)),
        ["cluster", word] => cluster::run(word, false, None),
        ["cluster", word, "--dir", folder] => cluster::run(word, false, Some(folder)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}
