//! What loading a file found, as text and as the reference's validation JSON.

use super::context::{Context, Location};
use super::diagnostics::Problem;
use model::{Diagnostic, Position};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::sync::Arc;

/// Widest snippet of a line that is shown.
const SNIPPET: usize = 160;

/// What loading one file found.
#[derive(Clone, Debug)]
pub struct LoadResult {
    /// Name of the file.
    pub name: Arc<str>,
    /// What is wrong, errors and warnings, in order of discovery.
    pub problems: Vec<Problem>,
    text: Arc<[u8]>,
}

impl LoadResult {
    pub(super) fn new(name: Arc<str>, text: &[u8]) -> Self {
        Self { name, problems: Vec::new(), text: text.into() }
    }

    /// Whether there is no error.
    pub fn successful(&self) -> bool {
        self.errors().next().is_none()
    }

    /// Problems that took something away.
    pub fn errors(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|p| p.code.is_error())
    }

    /// The others.
    pub fn warnings(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|p| !p.code.is_error())
    }

    fn position(&self, context: &Context, location: &Location) -> Position {
        let nowhere = Position { line: 1, column: 1, offset: 0 };
        if let Some(position) = context.position {
            return position;
        }
        if *context.file != *self.name {
            return nowhere;
        }
        yaml::locate(&self.text, context.document, &location.pointer).unwrap_or(nowhere)
    }

    /// Position of the innermost place; of a condition, the value of its key.
    fn place(&self, context: &Context) -> Option<Position> {
        context.locations.last().map(|last| self.position(context, last))
    }

    /// The problems as diagnostics of the file.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let one = |problem: &Problem| {
            let name = problem.code.meaning().name;
            let message = format!("{name}: {}", problem.message);
            let base = match problem.code.is_error() {
                true => Diagnostic::error("detect/rules", message),
                false => Diagnostic::warning("detect/rules", message),
            };
            Diagnostic {
                position: self.place(&problem.context),
                help: problem.help.clone(),
                ..base.in_document(problem.context.file.clone())
            }
        };
        self.problems.iter().map(one).collect()
    }

    fn snippet(&self, context: &Context) -> String {
        let (text, at) = match &context.condition {
            Some((text, at)) => (text.as_bytes(), *at),
            None => match self.place(context) {
                Some(at) => (&*self.text, usize::try_from(at.offset).unwrap_or(usize::MAX)),
                None => return "<No context available>\n".to_owned(),
            },
        };
        let at = at.min(text.len());
        let (before, after) = text.split_at_checked(at).unwrap_or((text, &[]));
        let half = SNIPPET.checked_div(2).unwrap_or(0);
        let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |n| n.saturating_add(1));
        let start = start.max(at.saturating_sub(half));
        let lead = String::from_utf8_lossy(before.get(start..).unwrap_or_default()).into_owned();
        let end = after.iter().position(|b| *b == b'\n').unwrap_or(after.len()).min(half);
        let rest = String::from_utf8_lossy(after.get(..end).unwrap_or_default()).into_owned();
        let line = format!("{lead}{rest}");
        if line.trim().is_empty() {
            return "<No context available>\n".to_owned();
        }
        format!("{line}\n{}^\n", " ".repeat(lead.chars().count()))
    }

    fn context_json(&self, context: &Context) -> Value {
        let mut locations: Vec<Value> = context
            .locations
            .iter()
            .map(|location| {
                let at = self.position(context, location);
                location_json(&context.file, location.kind.name(), &location.name, at)
            })
            .collect();
        if let Some((text, at)) = &context.condition {
            let base = self.place(context).unwrap_or(Position { line: 0, column: 0, offset: 0 });
            let offset = base.offset.saturating_add(u64::try_from(*at).unwrap_or(u64::MAX));
            let name = format!("\"{}\"", short(text));
            locations.push(location_json(&name, "condition expression", "", Position { offset, ..base }));
        }
        json!({"locations": locations, "snippet": self.snippet(context)})
    }

    /// The reference's validation JSON for this file.
    pub fn json(&self) -> Value {
        let one = |problem: &Problem| {
            let meaning = problem.code.meaning();
            json!({
                "code": meaning.name,
                "codedesc": meaning.explain,
                "message": problem.message,
                "context": self.context_json(&problem.context),
            })
        };
        json!({
            "name": &*self.name,
            "successful": self.successful(),
            "errors": self.errors().map(one).collect::<Vec<_>>(),
            "warnings": self.warnings().map(one).collect::<Vec<_>>(),
        })
    }

    /// A report to read: what is wrong, where, and the line it is in.
    pub fn text(&self, verbose: bool) -> String {
        let mut out = String::new();
        let (errors, warnings) = (self.errors().count(), self.warnings().count());
        let verdict = match (errors, warnings) {
            (0, 0) => "Ok",
            (0, _) => "Ok, with warnings",
            _ => "Invalid",
        };
        let _ = writeln!(out, "{}: {verdict}", model::escape(&self.name));
        for (kind, count, problems) in [
            ("error", errors, self.errors().collect::<Vec<_>>()),
            ("warning", warnings, self.warnings().collect::<Vec<_>>()),
        ] {
            if count == 0 {
                continue;
            }
            let _ = writeln!(out, "{count} {kind}{}:", if count == 1 { "" } else { "s" });
            for problem in problems {
                self.problem_text(&mut out, problem, verbose);
            }
        }
        out
    }

    fn problem_text(&self, out: &mut String, problem: &Problem, verbose: bool) {
        let meaning = problem.code.meaning();
        let at = self.place(&problem.context);
        let at = at.map(|p| format!(":{}:{}", p.line, p.column)).unwrap_or_default();
        let named = problem.context.locations.iter().rev().find(|l| !l.name.is_empty());
        let what =
            named.map(|l| format!(" {} '{}'", l.kind.name(), model::escape(&l.name))).unwrap_or_default();
        let file = model::escape(&problem.context.file);
        let message = model::escape(&problem.message).into_owned();
        let _ = writeln!(out, "  {file}{at}:{what}: {} ({}): {message}", meaning.name, meaning.title);
        if verbose {
            for line in self.snippet(&problem.context).lines() {
                let _ = writeln!(out, "      {}", model::escape(line));
            }
        }
        if let Some(help) = &problem.help {
            let _ = writeln!(out, "    help: {}", model::escape(help));
        }
    }
}

fn short(text: &str) -> String {
    let flat = text.replace(['\n', '\r'], " ");
    if flat.chars().count() > 20 { flat.chars().take(17).chain("...".chars()).collect() } else { flat }
}

fn location_json(file: &str, kind: &str, name: &str, at: Position) -> Value {
    json!({
        "item_type": kind,
        "item_name": name,
        "position": {
            "name": file,
            "line": at.line.saturating_sub(1),
            "column": at.column.saturating_sub(1),
            "offset": at.offset,
        },
    })
}
