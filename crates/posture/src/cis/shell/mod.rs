//! Audit commands answered without a shell: the grammar they are written in, and the few programs they call.
//!
//! Everything is a function of a [`NodeReport`]: what a command looks at and nobody did is named, so that the caller
//! can look and ask again. Semantics: POSIX `sh`, GNU coreutils, grep, sed, findutils and procps.

mod parse;
mod pattern;
mod programs;
mod run;

use super::node::{Need, NodeReport};
use parse::{Command, List, Part, Word};
use run::Shell;

/// What a command prints and how it ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Printed {
    /// Its standard output.
    pub text: String,
    /// Its exit status.
    pub status: i32,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Something was not looked at.
    Needs(Need),
    /// Only a shell could answer.
    Shell,
    /// It does or prints more than it may.
    TooMuch,
}

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Needs(need) => need.fmt(f),
            Self::Shell => write!(f, "only a shell could answer it"),
            Self::TooMuch => write!(f, "it does more than it may"),
        }
    }
}

impl From<Need> for Stop {
    fn from(need: Need) -> Self {
        Self::Needs(need)
    }
}

/// A command that was recognised.
#[derive(Clone, Debug)]
pub struct Audit {
    list: List,
}

/// Longest command that is looked at, in bytes.
const MAX_COMMAND: usize = 8192;

impl Audit {
    /// Recognises a command whose variables were put in; `None` where only a shell could answer.
    pub fn recognise(command: &str) -> Option<Self> {
        if command.len() > MAX_COMMAND {
            return None;
        }
        let list = parse::parse(command.trim())?;
        let mut names = Vec::new();
        (!list.0.is_empty() && known(&list, &mut names)).then_some(Self { list })
    }

    /// What it prints on a node.
    pub fn run(&self, node: &NodeReport) -> Result<Printed, Stop> {
        Shell::new(node).script(&self.list)
    }

    /// Whether it looks at a program that runs, so that printing nothing means that none does.
    pub fn of_program(&self) -> bool {
        let first = self.list.0.first().and_then(|(_, pipeline)| pipeline.stages.first());
        let Some(Command::Simple { words, .. }) = first else { return false };
        let name = words.first().and_then(constant).unwrap_or_default();
        matches!(programs::name_of(&name), "ps" | "journalctl")
    }
}

/// Whether every program of a list is known and every variable is its own.
fn known(list: &List, names: &mut Vec<String>) -> bool {
    list.0.iter().all(|(_, pipeline)| pipeline.stages.iter().all(|stage| known_command(stage, names)))
}

fn known_command(command: &Command, names: &mut Vec<String>) -> bool {
    match command {
        Command::Group(list) => known(list, names),
        Command::If(branches, other) => {
            branches.iter().all(|(condition, body)| known(condition, names) && known(body, names))
                && known(other, names)
        }
        Command::For(name, words, body) => {
            let fine = words.iter().all(|word| known_word(word, names));
            names.push(name.clone());
            fine && known(body, names)
        }
        Command::Simple { assigned, words, .. } => {
            for (name, word) in assigned {
                if !known_word(word, names) {
                    return false;
                }
                names.push(name.clone());
            }
            words.iter().all(|word| known_word(word, names)) && (words.is_empty() || known_program(words))
        }
    }
}

/// Options are judged with a stand-in for what is not known yet.
fn known_program(words: &[Word]) -> bool {
    let Some(name) = words.first().and_then(constant) else { return false };
    let words: Vec<String> = words.iter().map(|word| constant(word).unwrap_or("x".to_owned())).collect();
    let nothing = words.iter().any(|word| word.starts_with('<') || word.contains("<path"));
    !name.is_empty() && !nothing && programs::job(&words).is_some()
}

fn known_word(word: &Word, names: &mut Vec<String>) -> bool {
    word.iter().all(|part| match part {
        Part::Text { .. } => true,
        Part::Variable { name, default, .. } => !default.is_empty() || names.contains(name),
        Part::Output { list, .. } => known(list, names),
    })
}

/// A word without anything to be put in.
fn constant(word: &Word) -> Option<String> {
    let text = |part: &Part| match part {
        Part::Text { text, .. } => Some(text.clone()),
        _ => None,
    };
    word.iter().map(text).collect()
}

#[cfg(test)]
mod tests;
