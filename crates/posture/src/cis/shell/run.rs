//! Runs what was parsed, on what was looked at.

use super::parse::{Command, Join, List, Part, Pipeline, Word};
use super::programs;
use super::{Printed, Stop, pattern};
use crate::cis::node::NodeReport;
use std::collections::BTreeMap;

/// Commands that may be run, and bytes that one may print.
const MAX_STEPS: usize = 10_000;
const MAX_TEXT: usize = 16 << 20;

/// A shell with its variables.
pub(super) struct Shell<'n> {
    node: &'n NodeReport,
    variables: BTreeMap<String, String>,
    steps: usize,
}

/// A word after expansion, and whether it is a pattern of file names.
struct Field {
    text: String,
    pattern: bool,
}

impl<'n> Shell<'n> {
    pub(super) fn new(node: &'n NodeReport) -> Self {
        Self { node, variables: BTreeMap::new(), steps: 0 }
    }

    pub(super) fn script(&mut self, list: &List) -> Result<Printed, Stop> {
        self.list(list, "")
    }

    fn list(&mut self, list: &List, input: &str) -> Result<Printed, Stop> {
        let mut out = Printed::default();
        for (join, pipeline) in &list.0 {
            let goes = match join {
                Join::Then => true,
                Join::And => out.status == 0,
                Join::Or => out.status != 0,
            };
            if goes {
                let printed = self.pipeline(pipeline, input)?;
                out.text.push_str(&printed.text);
                out.status = printed.status;
                bounded(&out)?;
            }
        }
        Ok(out)
    }

    fn pipeline(&mut self, pipeline: &Pipeline, input: &str) -> Result<Printed, Stop> {
        let mut printed = Printed { text: input.to_owned(), status: 0 };
        let alone = pipeline.stages.len() == 1;
        // A stage of several has a shell of its own.
        let before = (!alone).then(|| self.variables.clone());
        for stage in &pipeline.stages {
            printed = self.command(stage, &printed.text)?;
            bounded(&printed)?;
        }
        if let Some(before) = before {
            self.variables = before;
        }
        if pipeline.negated {
            printed.status = i32::from(printed.status == 0);
        }
        Ok(printed)
    }

    fn command(&mut self, command: &Command, input: &str) -> Result<Printed, Stop> {
        self.steps = self.steps.saturating_add(1);
        if self.steps > MAX_STEPS {
            return Err(Stop::TooMuch);
        }
        match command {
            Command::Group(list) => {
                let before = self.variables.clone();
                let printed = self.list(list, input);
                self.variables = before;
                printed
            }
            Command::If(branches, other) => {
                let mut out = Printed::default();
                for (condition, body) in branches {
                    let asked = self.list(condition, input)?;
                    out.text.push_str(&asked.text);
                    if asked.status == 0 {
                        let printed = self.list(body, input)?;
                        out.text.push_str(&printed.text);
                        return Ok(Printed { status: printed.status, ..out });
                    }
                }
                let printed = self.list(other, input)?;
                out.text.push_str(&printed.text);
                Ok(Printed { status: printed.status, ..out })
            }
            Command::For(name, words, body) => {
                let mut out = Printed::default();
                for value in self.fields(words)? {
                    self.variables.insert(name.clone(), value);
                    let printed = self.list(body, input)?;
                    out.text.push_str(&printed.text);
                    out.status = printed.status;
                    bounded(&out)?;
                }
                Ok(out)
            }
            Command::Simple { assigned, words, quiet } => {
                let mut status = 0;
                for (name, word) in assigned {
                    let (value, ended) = self.value(word)?;
                    status = ended;
                    self.variables.insert(name.clone(), value);
                }
                let words = self.fields(words)?;
                if words.is_empty() {
                    return Ok(Printed { text: String::new(), status });
                }
                let job = programs::job(&words).ok_or(Stop::Shell)?;
                let mut printed = job(self.node, input)?;
                if *quiet {
                    printed.text.clear();
                }
                Ok(printed)
            }
        }
    }

    /// Words expanded, split where nothing is quoted, and patterns replaced by the files that fit.
    fn fields(&mut self, words: &[Word]) -> Result<Vec<String>, Stop> {
        let mut out = Vec::new();
        for word in words {
            for field in self.split(word)? {
                match field.pattern && field.text.starts_with('/') {
                    true => out.extend(self.files(&field.text)?),
                    false => out.push(field.text),
                }
            }
        }
        Ok(out)
    }

    fn split(&mut self, word: &Word) -> Result<Vec<Field>, Stop> {
        let mut out: Vec<Field> = Vec::new();
        let mut open: Option<Field> = None;
        for part in word {
            let (text, quoted) = self.part(part)?;
            match (part, quoted) {
                (Part::Text { .. }, _) | (_, true) => {
                    let field = open.get_or_insert(Field { text: String::new(), pattern: false });
                    field.pattern |= !quoted && text.contains(['*', '?', '[']);
                    field.text.push_str(&text);
                }
                (_, false) => {
                    let mut pieces = text.split([' ', '\t', '\n']).peekable();
                    while let Some(piece) = pieces.next() {
                        if !piece.is_empty() {
                            let field = open.get_or_insert(Field { text: String::new(), pattern: false });
                            field.text.push_str(piece);
                        }
                        if pieces.peek().is_some() {
                            out.extend(open.take());
                        }
                    }
                }
            }
        }
        out.extend(open);
        Ok(out)
    }

    /// A word as one value, with the status of what it ran last.
    fn value(&mut self, word: &Word) -> Result<(String, i32), Stop> {
        let (mut out, mut status) = (String::new(), 0);
        for part in word {
            if let Part::Output { list, .. } = part {
                let printed = self.list(list, "")?;
                status = printed.status;
                out.push_str(printed.text.trim_end_matches('\n'));
            } else {
                out.push_str(&self.part(part)?.0);
            }
        }
        Ok((out, status))
    }

    fn part(&mut self, part: &Part) -> Result<(String, bool), Stop> {
        Ok(match part {
            Part::Text { text, quoted } => (text.clone(), *quoted),
            Part::Variable { name, default, quoted } => {
                let value = self.variables.get(name).filter(|value| !value.is_empty());
                (value.cloned().unwrap_or_else(|| default.clone()), *quoted)
            }
            Part::Output { list, quoted } => {
                let before = self.variables.clone();
                let printed = self.list(list, "")?;
                self.variables = before;
                (printed.text.trim_end_matches('\n').to_owned(), *quoted)
            }
        })
    }

    /// The files of one folder that fit a pattern; the pattern itself where none does.
    fn files(&self, text: &str) -> Result<Vec<String>, Stop> {
        let (folder, name) = text.rsplit_once('/').ok_or(Stop::Shell)?;
        if folder.contains(['*', '?', '[']) {
            return Err(Stop::Shell);
        }
        if !self.node.exists(folder)? {
            return Ok(vec![text.to_owned()]);
        }
        let start = format!("{folder}/");
        let mut out = Vec::new();
        for (path, _) in self.node.below(folder)? {
            let rest = path.strip_prefix(&start).unwrap_or_default();
            let hidden = rest.starts_with('.') && !name.starts_with('.');
            if !rest.contains('/') && !hidden && pattern::fits(name, rest).ok_or(Stop::Shell)? {
                out.push(path.to_owned());
            }
        }
        Ok(if out.is_empty() { vec![text.to_owned()] } else { out })
    }
}

fn bounded(printed: &Printed) -> Result<(), Stop> {
    if printed.text.len() > MAX_TEXT { Err(Stop::TooMuch) } else { Ok(()) }
}
