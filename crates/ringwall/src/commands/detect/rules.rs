//! `detect rules`: what rule files say, what is wrong with them, and what is odd.

use super::options::priority;
use crate::exit::{self, Exit};
use crate::output;
use crate::rule_files::{Loaded, RuleFiles};
use clap::{Args, Subcommand, ValueEnum};
use detect::falco::Limits;
use detect::lint::{self, Remark};
use detect::{DetectionRule, Priority};
use serde_json::{Value, json};
use std::fmt::Write as _;

#[derive(Subcommand)]
pub(crate) enum RulesCommand {
    /// Whether the files load: every error and warning, with its place
    Validate(ValidateArgs),
    /// The rules, one a line
    List(ListArgs),
    /// Everything about one rule: its whole condition, what it asks, where it comes from
    Explain(ExplainArgs),
    /// What is odd about rules that load: never hold, never get their turn, ask every event, fall silent
    Lint(LintArgs),
}

/// Files of rules.
#[derive(Args, Clone, Debug)]
struct Files {
    /// Files of rules, or folders of them; loaded in the order given
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
    /// Format of the answer
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    output: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Files {
    fn load(&self) -> anyhow::Result<Loaded> {
        RuleFiles::new(&self.files, Limits::default()).load()
    }
}

/// Exit codes: 0 every file loads; 1 one does not; 3 one could not be read.
#[derive(Args)]
pub(crate) struct ValidateArgs {
    #[command(flatten)]
    files: Files,
    /// Also the line each problem is in
    #[arg(long)]
    context: bool,
}

#[derive(Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    files: Files,
    /// Only rules over events of this source
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,
    /// Only rules with this tag
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Only rules this urgent or more so
    #[arg(long, value_name = "PRIORITY", value_parser = priority)]
    priority: Option<Priority>,
}

#[derive(Args)]
pub(crate) struct ExplainArgs {
    /// Name of the rule, or a part of it that no other has
    #[arg(short = 'l', long, value_name = "NAME")]
    rule: String,
    #[command(flatten)]
    files: Files,
}

/// Exit codes: 0 done; 1 there is a remark and --fail-on-remark is given; 3 the rules do not load.
#[derive(Args)]
pub(crate) struct LintArgs {
    #[command(flatten)]
    files: Files,
    /// Only remarks on this rule
    #[arg(short = 'l', long, value_name = "NAME")]
    rule: Option<String>,
    /// End with 1 when there is a remark
    #[arg(long)]
    fail_on_remark: bool,
}

impl RulesCommand {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        match self {
            Self::Validate(args) => args.run(),
            Self::List(args) => args.run(),
            Self::Explain(args) => args.run(),
            Self::Lint(args) => args.run(),
        }
    }
}

/// The reference's validation JSON.
pub(crate) fn validation(loaded: &Loaded) -> Value {
    json!({"falco_load_results": loaded.results.iter().map(|result| result.json()).collect::<Vec<_>>()})
}

impl ValidateArgs {
    fn run(self) -> anyhow::Result<Exit> {
        let loaded = self.files.load()?;
        let text = match self.files.output {
            Format::Json => format!("{:#}\n", validation(&loaded)),
            Format::Text => {
                let mut text: String = loaded.results.iter().map(|r| r.text(self.context)).collect();
                for plugin in &loaded.missing {
                    let plugin = model::escape(plugin);
                    let _ = writeln!(
                        text,
                        "plugin {plugin} is required and not here: rules over its events are left out"
                    );
                }
                if loaded.successful() {
                    let rules = &loaded.rules.rules;
                    let on = rules.iter().filter(|rule| rule.enabled).count();
                    let _ = writeln!(text, "{} rules load, {on} are switched on", rules.len());
                }
                text
            }
        };
        output::write(&text, None)?;
        Ok(if loaded.successful() { Exit::Done } else { Exit::Findings })
    }
}

impl ListArgs {
    fn run(self) -> anyhow::Result<Exit> {
        let loaded = self.files.load()?.demand()?;
        let wanted = |rule: &&DetectionRule| {
            self.source.as_ref().is_none_or(|source| rule.source == *source)
                && self.tag.as_ref().is_none_or(|tag| rule.tags.contains(tag))
                && self.priority.is_none_or(|least| rule.priority <= least)
        };
        let rules: Vec<&DetectionRule> = loaded.rules.rules.iter().filter(wanted).collect();
        let text = match self.files.output {
            Format::Json => format!("{:#}\n", Value::Array(rules.iter().map(|rule| facts(rule)).collect())),
            Format::Text => {
                let mut text = String::new();
                for rule in &rules {
                    let off = if rule.enabled { "" } else { " (off)" };
                    let name = model::escape(&rule.name);
                    let source = model::escape(&rule.source);
                    let _ = writeln!(text, "{:<13} {source:<9} {name}{off}", rule.priority.name());
                }
                let on = rules.iter().filter(|rule| rule.enabled).count();
                let _ = writeln!(text, "{} rules, {on} switched on", rules.len());
                text
            }
        };
        output::write(&text, None)?;
        Ok(Exit::Done)
    }
}

fn facts(rule: &DetectionRule) -> Value {
    json!({
        "name": rule.name,
        "description": rule.desc.trim(),
        "source": rule.source,
        "priority": rule.priority.name(),
        "tags": rule.tags,
        "enabled": rule.enabled,
        "condition": rule.condition_text,
        "compiledCondition": rule.condition.to_string(),
        "output": rule.output_text,
        "macros": rule.macros,
        "eventTypes": lint::event_types(rule),
        "conditionFields": fields(rule, true),
        "outputFields": fields(rule, false),
        "file": &*rule.file,
    })
}

/// Names of the fields a rule asks for, sorted.
fn fields(rule: &DetectionRule, condition: bool) -> Vec<String> {
    let mut all = Vec::new();
    let mut add = |name: &str, arg: Option<&str>| {
        all.push(match arg {
            Some(arg) => format!("{name}[{arg}]"),
            None => name.to_owned(),
        });
    };
    match condition {
        true => rule.condition.checks(&mut |check| check.fields(&mut |name, arg| add(name, arg))),
        false => rule.output.fields(&mut |name, arg| add(name, arg)),
    }
    all.sort_unstable();
    all.dedup();
    all
}

impl ExplainArgs {
    fn run(self) -> anyhow::Result<Exit> {
        let loaded = self.files.load()?.demand()?;
        let rules = &loaded.rules.rules;
        let rule = find(rules, &self.rule)?;
        let remarks = remarks(&loaded);
        let text = match self.files.output {
            Format::Json => {
                let mut all = facts(rule);
                all["remarks"] = remarks.iter().filter(|r| r.rule == rule.name).map(remark_json).collect();
                format!("{all:#}\n")
            }
            Format::Text => explained(rule, &remarks),
        };
        output::write(&text, None)?;
        Ok(Exit::Done)
    }
}

/// The rule of a name: the whole name, or a part that is in no other.
fn find<'r>(rules: &'r [DetectionRule], name: &str) -> anyhow::Result<&'r DetectionRule> {
    if let Some(rule) = rules.iter().find(|rule| rule.name == name) {
        return Ok(rule);
    }
    let low = name.to_lowercase();
    let near: Vec<&DetectionRule> =
        rules.iter().filter(|rule| rule.name.to_lowercase().contains(&low)).collect();
    match near.as_slice() {
        [one] => Ok(one),
        [] => {
            Err(exit::usage(format!("no rule is called '{name}'; `ringwall detect rules list` names them")))
        }
        many => {
            let names: Vec<&str> = many.iter().take(5).map(|rule| rule.name.as_str()).collect();
            Err(exit::usage(format!("'{name}' may be {}: say more of its name", names.join(", "))))
        }
    }
}

/// A rule, to read.
pub(crate) fn explained(rule: &DetectionRule, remarks: &[Remark]) -> String {
    let mut out = String::new();
    let off = if rule.enabled { "" } else { ", switched off" };
    let mut line = |label: &str, text: &str| {
        let _ = writeln!(out, "{}", output::line(&format!("{label:<12}"), text));
    };
    line("rule", &rule.name);
    line("what", rule.desc.split_whitespace().collect::<Vec<_>>().join(" ").as_str());
    line("priority", &format!("{}{off}", rule.priority));
    line(
        "events",
        &match lint::event_types(rule) {
            Some(types) => format!("{}: {}", rule.source, types.join(", ")),
            None => format!("{}: any", rule.source),
        },
    );
    line("tags", &rule.tags.join(", "));
    line("written", &rule.condition_text.split_whitespace().collect::<Vec<_>>().join(" "));
    line("means", &rule.condition.to_string());
    line("asks", &fields(rule, true).join(", "));
    line("says", &rule.output_text);
    line("macros", &rule.macros.join(", "));
    line("file", &rule.file);
    for remark in remarks.iter().filter(|remark| remark.rule == rule.name) {
        line("remark", &remark.message);
        if let Some(proposal) = &remark.proposal {
            line("  try", proposal);
        }
    }
    out
}

fn remarks(loaded: &Loaded) -> Vec<Remark> {
    let macros: Vec<&str> = loaded.macros.iter().map(String::as_str).collect();
    lint::lint(&loaded.rules, &macros, &lint::Limits::default())
}

fn remark_json(remark: &Remark) -> Value {
    json!({
        "id": remark.kind.meaning().id,
        "rule": remark.rule,
        "message": remark.message,
        "proposal": remark.proposal,
    })
}

impl LintArgs {
    fn run(self) -> anyhow::Result<Exit> {
        let loaded = self.files.load()?.demand()?;
        let mut remarks = remarks(&loaded);
        if let Some(name) = &self.rule {
            let rule = find(&loaded.rules.rules, name)?;
            remarks.retain(|remark| remark.rule == rule.name);
        }
        let text = match self.files.output {
            Format::Json => format!("{:#}\n", Value::Array(remarks.iter().map(remark_json).collect())),
            Format::Text => page(&loaded, &remarks),
        };
        output::write(&text, None)?;
        Ok(if self.fail_on_remark && !remarks.is_empty() { Exit::Findings } else { Exit::Done })
    }
}

fn page(loaded: &Loaded, remarks: &[Remark]) -> String {
    let mut out = String::new();
    for kind in lint::KINDS {
        let mut of_kind = remarks.iter().filter(|remark| remark.kind == kind.kind).peekable();
        if of_kind.peek().is_none() {
            continue;
        }
        let _ = writeln!(out, "{} ({})", kind.title, kind.id);
        for remark in of_kind {
            let _ = writeln!(out, "{}", output::line("  ", &format!("{}: {}", remark.rule, remark.message)));
            if let Some(proposal) = &remark.proposal {
                let _ = writeln!(out, "{}", output::line("    try ", proposal));
            }
        }
    }
    let _ = writeln!(out, "{} rules, {} remarks", loaded.rules.rules.len(), remarks.len());
    out
}
