//! The hardening guide, row by row, through the real command line.
//!
//! A row that is not in `passing.txt` may fail and is printed as pending for the part of the project that
//! owes it. A listed row that fails, or an unlisted one that passes, fails the run. Rows run on equivalents of
//! the guide's snippets written here, and on the originals where the shared data lies beside the clone.

mod snippets;

mod g01;
mod g02;
mod g03;
mod g04;
mod g05;
mod g06;
mod g07;
mod g08;
mod g09;
mod g10;
mod g11;
mod g12;
mod g13;
mod g14;
mod g15;
mod g16;
mod g17;
mod g18;
mod g19;
mod g20;
mod g21;
mod g22;
mod g23;

use integration::{Case, Program, Ratchet, Skip, Suite, demand, ringwall};
use snippets::Snippets;

pub(crate) static SUITE: Suite = Suite { name: "guide", cases };

/// One row of the guide.
struct Row {
    /// Its number.
    id: &'static str,
    /// What the guide says.
    says: &'static str,
    /// Who owes it: the part of the project that makes it pass.
    owner: &'static str,
    /// What must hold: a program that does nothing must fail it.
    run: fn(&Program, &Snippets) -> Result<(), String>,
}

static ROWS: &[&Row] = &[
    &g01::ROW,
    &g02::ROW,
    &g03::ROW,
    &g04::ROW,
    &g05::ROW,
    &g06::ROW,
    &g07::ROW,
    &g08::ROW,
    &g09::ROW,
    &g10::ROW,
    &g11::ROW,
    &g12::ROW,
    &g13::ROW,
    &g14::ROW,
    &g15::ROW,
    &g16::ROW,
    &g17::ROW,
    &g18::ROW,
    &g19::ROW,
    &g20::ROW,
    &g21::ROW,
    &g22::ROW,
    &g23::ROW,
];

/// Numbers of rows in the guide.
const COUNT: usize = 23;

fn passing() -> Ratchet {
    Ratchet::of(include_str!("passing.txt"))
}

fn cases() -> Result<Vec<Case>, Skip> {
    let rows = ROWS.iter().map(|row| {
        Case::pending(row.id, || {
            let ringwall = ringwall()?;
            passing().judge(row.id, row.owner, hold(row, &ringwall))
        })
    });
    let laws = [
        Case::new("every-row-is-here", every_row_is_here),
        Case::new("doing-nothing-scores-nothing", doing_nothing_scores_nothing),
    ];
    Ok(rows.chain(laws).collect())
}

/// Runs a row on every set of snippets there is.
fn hold(row: &Row, program: &Program) -> Result<(), String> {
    for snippets in snippets::sets() {
        (row.run)(program, &snippets).map_err(|why| format!("{} ({}): {why}", row.says, snippets.label))?;
    }
    Ok(())
}

fn every_row_is_here() -> Result<(), String> {
    demand!(ROWS.len() == COUNT, "{} rows of {COUNT}", ROWS.len());
    for (number, row) in (1..).zip(ROWS) {
        demand!(row.id == format!("g{number:02}"), "row {number} is named {}", row.id);
        demand!(!row.says.is_empty() && !row.owner.is_empty(), "{} says nothing or has no owner", row.id);
    }
    let strangers = passing().strangers(ROWS.iter().map(|row| row.id));
    demand!(strangers.is_empty(), "passing.txt lists rows there are not: {}", strangers.join(", "));
    Ok(())
}

/// Programs that know nothing must pass no row: silent ones, one that repeats its words and its input, and two
/// that always give the same answer.
fn doing_nothing_scores_nothing() -> Result<(), String> {
    let sh = |script: &str| Program::new("/bin/sh").with(&["-c", script, "sh"]);
    let idle = [
        ("succeeds", sh("exit 0")),
        ("fails", sh("exit 1")),
        ("could not look", sh("exit 3")),
        ("repeats", sh("echo \"$@\"; cat; for f; do test -f \"$f\" && cat \"$f\"; done; exit 0")),
        ("repeats and fails", sh("echo \"$@\"; cat; for f; do test -f \"$f\" && cat \"$f\"; done; exit 1")),
        ("yes", sh("echo yes")),
        ("no", sh("echo no; exit 1")),
    ];
    let scored: Vec<String> = idle
        .iter()
        .flat_map(|(name, program)| {
            ROWS.iter()
                .filter(|row| hold(row, program).is_ok())
                .map(move |row| format!("{} ({name})", row.id))
        })
        .collect();
    demand!(scored.is_empty(), "rows that pass on a program that does nothing: {}", scored.join(", "));
    Ok(())
}

/// The end of a row whose remaining part has no test yet: it stays pending and says what is missing.
fn owes(what: &str) -> Result<(), String> {
    Err(format!("no test yet: {what}"))
}
