//! Falco's flags, the ones of older versions included where they choose rules.

use clap::{ArgAction, Parser};
use std::path::PathBuf;

/// Falco's command line, answered by ringwall: captures are replayed and Kubernetes audit events read; the kernel is
/// not watched.
#[derive(Parser)]
#[command(name = "falco", disable_version_flag = true, disable_help_subcommand = true, max_term_width = 100)]
pub(super) struct Flags {
    /// Configuration; /etc/falco/falco.yaml where that is
    #[arg(short = 'c', value_name = "PATH")]
    pub(super) config: Option<PathBuf>,
    /// Rules file or folder, instead of the configured ones
    #[arg(short = 'r', value_name = "RULES")]
    pub(super) rules: Vec<String>,
    /// Say whether these rules files load, and end
    #[arg(short = 'V', long = "validate", value_name = "RULES")]
    pub(super) validate: Vec<String>,
    /// Describe every rule
    #[arg(short = 'L')]
    pub(super) list_rules: bool,
    /// Describe one rule
    #[arg(short = 'l', value_name = "RULE")]
    pub(super) one_rule: Option<String>,
    /// List fields, of one source where it is named
    #[arg(long = "list", value_name = "SOURCE", num_args = 0..=1, default_missing_value = "", require_equals = true)]
    pub(super) list: Option<String>,
    /// List types of events
    #[arg(long)]
    pub(super) list_events: bool,
    /// Only names, with --list
    #[arg(short = 'N')]
    pub(super) names: bool,
    /// Set a value of the configuration: json_output=true
    #[arg(short = 'o', long = "option", value_name = "KEY=VALUE")]
    pub(super) options: Vec<String>,
    /// Load everything and end
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Only events of this source
    #[arg(long, value_name = "SOURCE")]
    pub(super) enable_source: Vec<String>,
    /// No events of this source
    #[arg(long, value_name = "SOURCE")]
    pub(super) disable_source: Vec<String>,
    /// End after so many seconds
    #[arg(short = 'M', value_name = "SECONDS")]
    pub(super) seconds: Option<u64>,
    /// Taken and without effect: alerts are written as they come
    #[arg(short = 'U', long)]
    unbuffered: bool,
    /// Capture to replay, as older versions name it
    #[arg(short = 'e', value_name = "CAPTURE")]
    pub(super) capture: Option<String>,
    /// Switch off rules whose name contains this
    #[arg(short = 'D', value_name = "TEXT")]
    pub(super) disabled: Vec<String>,
    /// Switch off rules with this tag
    #[arg(short = 'T', value_name = "TAG")]
    pub(super) disabled_tags: Vec<String>,
    /// Only rules with this tag
    #[arg(short = 't', value_name = "TAG")]
    pub(super) only_tags: Vec<String>,
    /// Taken and without effect: every event is asked
    #[arg(short = 'A')]
    all_events: bool,
    /// Fold repeats of the same rule and process within so many seconds: ringwall's own, off unless asked for
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(super) fold: u32,
    /// Say more
    #[arg(short = 'v', long)]
    pub(super) verbose: bool,
    /// Version
    #[arg(long, action = ArgAction::SetTrue)]
    pub(super) version: bool,
}
