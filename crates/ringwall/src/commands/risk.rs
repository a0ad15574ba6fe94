//! `risk`: the main job.

use crate::exit::{self, Exit};
use crate::inputs::InputArgs;
use crate::knowledge::KnowledgeArgs;
use crate::{output, pipeline, state};
use clap::{Args, Subcommand, ValueEnum};
use report::{Document, FORMATS, Format, ItemEntry};
use std::path::PathBuf;

/// What to fix first: the ways an attacker gets to something that hurts, ranked, each with the cheapest fix.
///
/// Reads manifests, a saved snapshot or (without PATH) the live cluster, and whatever else is known: scan reports,
/// image facts, audit logs, runtime alerts. What was not looked at is said in one line, never shown as clean.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct RiskArgs {
    #[command(subcommand)]
    why: Option<Question>,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    knowledge: KnowledgeArgs,
    #[command(flatten)]
    shape: ShapeArgs,
    /// End with 1 when an item is this urgent or more so
    #[arg(long, value_name = "TIER", value_enum)]
    fail_on: Option<Threshold>,
}

#[derive(Subcommand)]
enum Question {
    /// Everything about one item: each step with its evidence, each fix with what it leaves
    Why(WhyArgs),
}

#[derive(Args)]
struct WhyArgs {
    /// Id of the item, or the beginning of one
    #[arg(value_name = "ITEM")]
    item: String,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    knowledge: KnowledgeArgs,
}

#[derive(Args)]
struct ShapeArgs {
    /// Format of the report
    #[arg(short, long, value_name = "FORMAT", default_value = "text", value_parser = format_names())]
    output: String,
    /// Write the report there instead of to stdout
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
    /// Every item, finding, diagnostic and gap, however long it gets
    #[arg(long)]
    all: bool,
}

fn format_names() -> clap::builder::PossibleValuesParser {
    let values =
        FORMATS.iter().map(|format| clap::builder::PossibleValue::new(format.name).help(format.about));
    clap::builder::PossibleValuesParser::new(values)
}

/// The tiers, as words of the command line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Threshold {
    /// Only what is to be done today
    Now,
    /// And this week
    Week,
    /// And with the next planned work
    Planned,
    /// Anything
    Watch,
}

impl Threshold {
    fn of(item: &ItemEntry) -> Self {
        match item.tier.as_str() {
            "NOW" => Self::Now,
            "THIS WEEK" => Self::Week,
            "PLANNED" => Self::Planned,
            _ => Self::Watch,
        }
    }
}

impl RiskArgs {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        if let Some(Question::Why(args)) = self.why {
            return why(&args);
        }
        let document = pipeline::risk(&self.input, &self.knowledge)?;
        state::remember(&document);
        self.shape.write(&document)?;
        Ok(end(&document, self.fail_on))
    }
}

/// Findings win over gaps: both are in the report.
fn end(document: &Document, fail_on: Option<Threshold>) -> Exit {
    if fail_on.is_some_and(|threshold| document.items.iter().any(|item| Threshold::of(item) <= threshold)) {
        Exit::Findings
    } else if document.gaps.iter().any(|gap| gap.asked) {
        Exit::Incomplete
    } else {
        Exit::Done
    }
}

impl ShapeArgs {
    fn write(&self, document: &Document) -> anyhow::Result<()> {
        let format: &Format = FORMATS
            .iter()
            .find(|format| format.name == self.output)
            .ok_or_else(|| exit::usage(format!("there is no format {}", self.output)))?;
        let (width, lines) = output::size();
        let options = report::Options {
            width,
            lines: Some(lines.saturating_sub(1)).filter(|_| !self.all),
            color: self.output_file.is_none() && output::color(),
            all: self.all,
        };
        output::write(&(format.write)(document, &options), self.output_file.as_deref())
    }
}

fn why(args: &WhyArgs) -> anyhow::Result<Exit> {
    let document = if args.input.paths.is_empty() {
        state::recall()?
    } else {
        pipeline::risk(&args.input, &args.knowledge)?
    };
    let wanted = args
        .item
        .strip_prefix("RW-")
        .or(args.item.strip_prefix("rw-"))
        .unwrap_or(&args.item)
        .to_ascii_lowercase();
    let fits = |item: &&ItemEntry| item.id.strip_prefix("RW-").is_some_and(|id| id.starts_with(&wanted));
    let found: Vec<&ItemEntry> = document.items.iter().filter(fits).collect();
    match found.as_slice() {
        [item] => {
            let options =
                report::Options { width: output::size().0, color: output::color(), ..Default::default() };
            output::write(&report::why(&document, item, &super::explain::step, &options), None)?;
            Ok(Exit::Done)
        }
        [] => Err(exit::usage(format!(
            "no item begins with RW-{}; the last run had: {}",
            model::escape(&wanted),
            ids(&document.items)
        ))),
        several => {
            Err(exit::usage(format!("RW-{wanted} fits several items: {}", ids(several.iter().copied()))))
        }
    }
}

fn ids<'a>(items: impl IntoIterator<Item = &'a ItemEntry>) -> String {
    let all: Vec<&str> = items.into_iter().map(|item| item.id.as_str()).take(10).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}
