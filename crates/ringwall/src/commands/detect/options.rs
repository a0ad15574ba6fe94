//! Options that the words of `detect` share.

use crate::alerts::{Destination, QUEUE, Style};
use crate::detection::{Choice, Way};
use crate::exit;
use crate::page_server::{self, Page};
use crate::rule_files::RuleFiles;
use clap::{Args, ValueEnum};
use detect::alert::Shape;
use detect::falco::Limits;
use detect::falco::config::Append;
use detect::flow::Rate;
use detect::{Matching, Priority, Selection, Thinning};
use std::path::PathBuf;

/// Which rules are asked.
#[derive(Args, Clone, Debug)]
pub(crate) struct ChoiceArgs {
    /// File of rules, or folder of them; loaded in the order given
    #[arg(short, long, value_name = "FILE", required = true)]
    pub(crate) rules: Vec<String>,
    /// Leave out rules whose name contains this; `*` stands for any text
    #[arg(long, value_name = "NAME")]
    disable: Vec<String>,
    /// Leave out rules with this tag
    #[arg(long, value_name = "TAG")]
    disable_tag: Vec<String>,
    /// Only rules with this tag
    #[arg(long, value_name = "TAG")]
    only_tag: Vec<String>,
    /// Also rules that are switched off in their file
    #[arg(long)]
    all_rules: bool,
    /// Leave out rules less urgent than this
    #[arg(long, value_name = "PRIORITY", value_parser = priority)]
    priority: Option<Priority>,
    /// Whether the first rule that holds raises an alert, or every one
    #[arg(long = "match", value_name = "WHICH", default_value = "first")]
    matching: Which,
    /// Text with fields to add to every alert's line
    #[arg(long, value_name = "TEXT")]
    append: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Which {
    First,
    All,
}

/// Reads a priority.
pub(crate) fn priority(text: &str) -> Result<Priority, String> {
    Priority::parse(text).ok_or_else(|| {
        let names: Vec<String> = Priority::ALL.iter().map(|p| p.name().to_ascii_lowercase()).collect();
        format!("it is one of {}", names.join(", "))
    })
}

impl ChoiceArgs {
    /// The rules of a source.
    pub(crate) fn choice(&self, source: &'static str) -> Choice {
        let mut switches = Vec::new();
        if self.all_rules {
            switches.push((true, detect::selection::Switch::Named("*".to_owned())));
        }
        // What is left out by name or tag stays out, also of all rules.
        for name in &self.disable {
            let pattern = if name.contains('*') { name.clone() } else { format!("*{name}*") };
            switches.push((false, detect::selection::Switch::Named(pattern)));
        }
        switches.extend(
            self.disable_tag.iter().map(|tag| (false, detect::selection::Switch::Tagged(tag.clone()))),
        );
        let append = |text: &String| Append { text: Some(text.clone()), ..Append::default() };
        // What an alert is about must be known where its line does not tell.
        let joined = detect::alert::JOINED.iter().map(|(source, fields)| Append {
            source: Some((*source).to_owned()),
            fields: fields.iter().map(|field| (None, (*field).to_owned())).collect(),
            ..Append::default()
        });
        Choice {
            files: RuleFiles::new(&self.rules, Limits::default()),
            selection: Selection {
                only_tags: self.only_tag.clone(),
                switches,
                min_priority: self.priority,
                ..Selection::default()
            },
            append: self.append.iter().map(append).chain(joined).collect(),
            containers: false,
            matching: match self.matching {
                Which::First => Matching::First,
                Which::All => Matching::All,
            },
            source,
        }
    }
}

/// Format of alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AlertFormat {
    Text,
    Json,
}

/// What becomes of alerts.
#[derive(Args, Clone, Debug)]
pub(crate) struct WayArgs {
    /// Format of the alerts, one a line: Falco's text or Falco's JSON
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    output: AlertFormat,
    /// Where alerts go: a file, `-` (stdout, the default), syslog, syslog+udp://HOST:PORT, syslog+tcp://HOST:PORT,
    /// http(s)://URL (as Falcosidekick takes them), otlp+http(s)://URL (OTLP logs in JSON), or `|COMMAND`. More than
    /// once for several
    #[arg(long, value_name = "PLACE", value_parser = Destination::parse)]
    to: Vec<Destination>,
    /// Fold repeats of the same rule and process (or user and object) within so many seconds; 0 folds nothing
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    fold: u32,
    /// Pass on at most so many alerts a second, and BURST at once; the others are counted and told
    #[arg(long, value_name = "N[:BURST]", value_parser = rate)]
    rate: Option<Rate>,
    /// Times as ISO 8601 instead of the time of day
    #[arg(long)]
    iso_time: bool,
    /// Name of the host in alerts
    #[arg(long, value_name = "NAME")]
    pub(crate) hostname: Option<String>,
    /// Prometheus metrics: served at an address (`:9100`, path /metrics), or written to a file
    #[arg(long, value_name = "ADDRESS|FILE")]
    metrics: Option<String>,
    /// End with 1 when an alert is this urgent or more so
    #[arg(long, value_name = "PRIORITY", value_parser = priority)]
    pub(crate) fail_on: Option<Priority>,
}

fn rate(text: &str) -> Result<Rate, String> {
    let (per_second, burst) = text.split_once(':').unwrap_or((text, text));
    let number = |text: &str| text.parse::<u32>().ok().filter(|n| *n > 0);
    match (number(per_second), number(burst)) {
        (Some(per_second), Some(burst)) => Ok(Rate { per_second, burst }),
        _ => Err("it is a number, or two with a colon between them: 10:100".to_owned()),
    }
}

impl WayArgs {
    /// The way of a run; `live` says whether events come when they come.
    pub(crate) fn way(&self, live: bool) -> anyhow::Result<Way> {
        let (mut metrics_file, mut metrics_page) = (None, None);
        if let Some(place) = &self.metrics {
            match page_server::address(place) {
                Some(at) => {
                    let page = Page::default();
                    let pages =
                        page_server::Pages { pages: vec![("/metrics".to_owned(), page.clone())], post: None };
                    let at = page_server::serve(at, pages)
                        .map_err(|error| exit::usage(format!("--metrics {place}: {error}")))?;
                    crate::output::say(&format!("metrics: http://{at}/metrics"));
                    metrics_page = Some(page);
                }
                None => metrics_file = Some(PathBuf::from(place)),
            }
        }
        let destinations = if self.to.is_empty() { vec![Destination::Stdout] } else { self.to.clone() };
        Ok(Way {
            destinations,
            style: Style {
                json: self.output == AlertFormat::Json,
                shape: Shape { iso8601: self.iso_time, ..Shape::default() },
                program: "ringwall",
            },
            queue: QUEUE,
            thinning: Thinning {
                fold: u64::from(self.fold).saturating_mul(1_000_000_000),
                rate: self.rate,
                ..Thinning::default()
            },
            live,
            metrics_file,
            metrics_page,
        })
    }
}
