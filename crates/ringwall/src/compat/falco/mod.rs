//! Falco's command line: its flags, its `falco.yaml`, its exit codes. The kernel is not watched: captures are
//! replayed, and audit events read where the k8saudit plugin is configured.

mod configuration;
mod flags;

use crate::alerts::{Destination, QUEUE, Style};
use crate::commands::detect::{
    Input, Run, events_page, explained, fields_page, run_audit, run_capture, validation,
};
use crate::detection::{Choice, Way};
use crate::exit::{self, Exit};
use crate::output;
use crate::page_server::{self, Page, Pages};
use crate::rule_files::RuleFiles;
use clap::Parser as _;
use detect::falco::Limits;
use detect::falco::config::Config;
use detect::{Counts, RuleSet, Selection, Thinning};
use flags::Flags;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// The version of Falco whose behaviour is followed.
const FOLLOWED: &str = "0.43.0";

/// Runs Falco's command line. It knows two ends: done (0) and not (1).
pub(crate) fn run(words: &[OsString]) -> ExitCode {
    let named = std::iter::once("falco".into()).chain(words.iter().cloned());
    let flags = match Flags::try_parse_from(named) {
        Ok(flags) => flags,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(1) } else { ExitCode::SUCCESS };
        }
    };
    crate::logging(u8::from(flags.verbose));
    match answer(&flags) {
        Ok(Exit::Done | Exit::Incomplete) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            output::complain(&format!("{error:#}"));
            ExitCode::from(1)
        }
    }
}

fn answer(flags: &Flags) -> anyhow::Result<Exit> {
    if flags.version {
        let engine = detect::falco::ENGINE;
        let text =
            format!("Falco version: {FOLLOWED} (ringwall {})\nEngine: {engine}\n", env!("CARGO_PKG_VERSION"));
        output::write(&text, None)?;
        return Ok(Exit::Done);
    }
    if flags.list_events {
        output::write(&events_page(None), None)?;
        return Ok(Exit::Done);
    }
    if let Some(source) = &flags.list {
        let source = Some(source.as_str()).filter(|source| !source.is_empty());
        let page = fields_page(source, None);
        let names = page.lines().filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next());
        let text = if flags.names { names.map(|n| format!("{n}\n")).collect() } else { page };
        output::write(&text, None)?;
        return Ok(Exit::Done);
    }
    let config = configuration::read(flags)?;
    if !flags.validate.is_empty() {
        return validate(flags, &config);
    }
    let rules = if flags.rules.is_empty() { &config.rules_files } else { &flags.rules };
    if rules.is_empty() {
        return Err(exit::usage("no rules: give -r FILE, or rules_files in falco.yaml"));
    }
    let choice = |source| choose(flags, &config, rules, source);
    if flags.list_rules || flags.one_rule.is_some() {
        return describe(flags, &choice("syscall")?);
    }
    let off = |source: &str| {
        flags.disable_source.iter().any(|name| name == source)
            || (!flags.enable_source.is_empty() && !flags.enable_source.iter().any(|name| name == source))
    };
    let capture = flags.capture.as_ref().or(config.capture.as_ref());
    let audit = config.plugins.iter().find(|(name, _)| name == "k8saudit").map(|(_, open)| open.as_str());
    let audit = audit.filter(|_| !off("k8s_audit"));
    if flags.dry_run {
        for source in ["syscall", "k8s_audit"] {
            choice(source)?.ready()?;
        }
        return Ok(Exit::Done);
    }
    let hostname = hostname();
    let most = flags.seconds.map(Duration::from_secs);
    match (capture, audit) {
        (Some(capture), _) if !off("syscall") => {
            let run = Run {
                capture: Path::new(capture),
                hostname: Some(&hostname),
                fail_on: None,
                costs: false,
                quiet: true,
            };
            run_capture(&run, &choice("syscall")?, way(flags, &config, false)?)
        }
        (_, Some(open)) => {
            let input = input(open)?;
            let way = way(flags, &config, input.live())?;
            run_audit(input, &choice("k8s_audit")?, way, &hostname, None, most)
        }
        _ => Err(exit::usage(
            "the kernel is not watched here: give engine.kind=replay with engine.replay.capture_file, or \
             configure the k8saudit plugin",
        )),
    }
}

/// The host's name as alerts carry it.
fn hostname() -> String {
    let of_kernel = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let named = std::env::var("FALCO_HOSTNAME").ok().filter(|name| !name.is_empty());
    named.or_else(of_kernel).unwrap_or_default().trim().to_owned()
}

fn choose(flags: &Flags, config: &Config, rules: &[String], source: &'static str) -> anyhow::Result<Choice> {
    Ok(Choice {
        files: RuleFiles::new(rules, Limits { min_priority: config.priority, ..Limits::default() }),
        selection: Selection {
            disabled: flags.disabled.clone(),
            disabled_tags: flags.disabled_tags.clone(),
            only_tags: flags.only_tags.clone(),
            switches: config.switches.clone(),
            min_priority: None,
        },
        append: config.append.clone(),
        containers: config.plugins.iter().any(|(name, _)| name == "container"),
        matching: config.matching,
        source,
    })
}

/// Where the k8saudit plugin reads from.
fn input(open: &str) -> anyhow::Result<Input> {
    if let Some(rest) = open.strip_prefix("http://") {
        let (host, path) = rest.split_once('/').unwrap_or((rest, "k8s-audit"));
        let at = page_server::address(host)
            .ok_or_else(|| exit::usage(format!("k8saudit: '{host}' is no address with a port")))?;
        return Ok(Input::Listen(at, format!("/{path}")));
    }
    if open.starts_with("https://") {
        return Err(exit::usage("k8saudit: only http is listened to; put TLS in front of it"));
    }
    match open {
        "" => Err(exit::usage("k8saudit: open_params names neither a file nor http://:PORT/PATH")),
        "-" => Ok(Input::Stdin),
        path => Ok(Input::File(path.into())),
    }
}

/// What `falco.yaml` says of outputs. Under this name repeats are folded only when that is asked for.
fn way(flags: &Flags, config: &Config, live: bool) -> anyhow::Result<Way> {
    let mut destinations = Vec::new();
    if config.stdout {
        destinations.push(Destination::Stdout);
    }
    destinations.extend(config.file.iter().map(|path| Destination::File(path.into())));
    if config.syslog {
        destinations.push(Destination::Syslog("/dev/log".into()));
    }
    destinations.extend(config.http.iter().cloned().map(Destination::Http));
    destinations
        .extend(config.program.iter().cloned().map(|(command, keep)| Destination::Program { command, keep }));
    let mut metrics_page = None;
    if let Some(place) = &config.webserver {
        let at = page_server::address(place)
            .ok_or_else(|| exit::usage(format!("webserver: '{place}' is no address")))?;
        let health = Page::default();
        *health.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = "{\"status\": \"ok\"}".to_owned();
        let mut pages = Pages { pages: vec![(config.health.clone(), health)], post: None };
        if config.prometheus {
            let page = Page::default();
            pages.pages.push(("/metrics".to_owned(), page.clone()));
            metrics_page = Some(page);
        }
        page_server::serve(at, pages).map_err(|error| exit::usage(format!("webserver {at}: {error}")))?;
    }
    Ok(Way {
        destinations,
        style: Style { json: config.json, shape: config.shape, program: "falco" },
        queue: config.queue.unwrap_or(QUEUE),
        thinning: Thinning {
            fold: u64::from(flags.fold).saturating_mul(1_000_000_000),
            rate: config.rate,
            ..Thinning::default()
        },
        live,
        metrics_file: None,
        metrics_page,
    })
}

fn validate(flags: &Flags, config: &Config) -> anyhow::Result<Exit> {
    let loaded = RuleFiles::new(&flags.validate, Limits::default()).load()?;
    let text = match config.json {
        true => format!("{}\n", validation(&loaded)),
        false => loaded.results.iter().map(|result| result.text(true)).collect(),
    };
    output::write(&text, None)?;
    Ok(if loaded.successful() { Exit::Done } else { Exit::Findings })
}

fn describe(flags: &Flags, choice: &Choice) -> anyhow::Result<Exit> {
    let loaded = choice.files.load()?.demand()?;
    let rules =
        loaded.rules.rules.iter().filter(|r| flags.one_rule.as_ref().is_none_or(|name| r.name == *name));
    let mut text = String::new();
    for rule in rules {
        match flags.one_rule {
            Some(_) => text.push_str(&explained(rule, &[])),
            None => {
                let desc = rule.desc.split_whitespace().collect::<Vec<_>>().join(" ");
                let line = format!("{:<50} {desc}", rule.name);
                let _ = writeln!(text, "{}", model::escape(&line));
            }
        }
    }
    if text.is_empty() {
        return Err(exit::usage("no such rule"));
    }
    output::write(&text, None)?;
    Ok(Exit::Done)
}

/// What the reference prints when it ends: counts by severity and by rule.
pub(crate) fn statistics(counts: &Counts, rules: &RuleSet) -> anyhow::Result<()> {
    let total: u64 = counts.alerts.values().sum();
    let mut text = format!("Events detected: {total}\nRule counts by severity:\n");
    for priority in detect::Priority::ALL {
        let of_priority = rules.rules.iter().filter(|rule| rule.priority == priority);
        let n: u64 = of_priority.filter_map(|rule| counts.alerts.get(&rule.name)).sum();
        if n > 0 {
            let _ = writeln!(text, "   {}: {n}", priority.name().to_uppercase());
        }
    }
    text.push_str("Triggered rules by rule name:\n");
    for rule in &rules.rules {
        if let Some(n) = counts.alerts.get(&rule.name) {
            let _ = writeln!(text, "   {}: {n}", model::escape(&rule.name));
        }
    }
    output::write(&text, None)
}
