//! The binary as a person meets it: help, version, and what it says when the words are wrong.

use integration::{Answer, Case, Program, Skip, Suite, demand, ringwall, root};

pub(crate) static SUITE: Suite = Suite { name: "cli", cases };

/// One check of the command line.
type Check = fn(&Program) -> Result<(), String>;

static CHECKS: &[(&str, Check)] = &[
    ("version", version),
    ("help-is-short", help_is_short),
    ("unknown-word", unknown_word),
    ("missing-file", missing_file),
    ("readme-screen", readme_screen),
];

fn cases() -> Result<Vec<Case>, Skip> {
    let case = |(name, check): &(&'static str, Check)| {
        let check = *check;
        Case::new(*name, move || check(&ringwall()?))
    };
    Ok(CHECKS.iter().map(case).collect())
}

fn version(ringwall: &Program) -> Result<(), String> {
    let answer = ringwall.run(&["--version"])?;
    answer.exits(0)?.first_line(concat!("ringwall ", env!("CARGO_PKG_VERSION")))?;
    Ok(())
}

/// At most fourteen words, each with a line of its own, and each answers `--help` itself.
fn help_is_short(ringwall: &Program) -> Result<(), String> {
    let answer = ringwall.run(&["--help"])?;
    let words = words(answer.exits(0)?);
    demand!(!words.is_empty(), "--help lists no command:\n{}", answer.stdout);
    demand!(words.len() <= 14, "--help lists {} words: {}", words.len(), words.join(" "));
    for word in words.iter().filter(|word| *word != "help") {
        ringwall.run(&[word, "--help"])?.exits(0)?.names(&["usage"])?;
    }
    Ok(())
}

/// The commands of a help page: the first word of each line in its `Commands:` block.
fn words(help: &Answer) -> Vec<String> {
    let block = help.stdout.lines().skip_while(|line| line.trim() != "Commands:").skip(1);
    block
        .take_while(|line| !line.trim().is_empty())
        // A description that wraps is indented further than the words.
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

fn unknown_word(ringwall: &Program) -> Result<(), String> {
    ringwall.run(&["rsik"])?.exits(2)?.talks_of(&["rsik"])?;
    Ok(())
}

/// What was asked for and could not be read is exit code 3, and the name is in the message.
fn missing_file(ringwall: &Program) -> Result<(), String> {
    ringwall.run(&["risk", "no/such/folder"])?.exits(3)?.talks_of(&["no/such/folder"])?;
    Ok(())
}

/// What the README shows is what its first command prints today, byte for byte.
fn readme_screen(ringwall: &Program) -> Result<(), String> {
    let readme = std::fs::read_to_string(root().join("README.md")).map_err(|e| format!("README.md: {e}"))?;
    let shown = readme
        .split_once("<!-- screen: risk examples/shop -->")
        .and_then(|(_, after)| after.split_once("```text\n"))
        .and_then(|(_, after)| after.split_once("```"))
        .map(|(screen, _)| screen)
        .ok_or("README.md has no marked screen")?;
    demand!(!shown.trim().is_empty(), "README.md shows an empty screen");
    let answer = ringwall.run(&["risk", "examples/shop"])?;
    demand!(answer.exits(0)?.stdout == shown, "README.md shows another screen than\n{}", answer.stdout);
    Ok(())
}
