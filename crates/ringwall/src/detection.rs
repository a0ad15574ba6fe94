//! A run of detection rules: which rules, what becomes of their alerts, and what is said at the end.

use crate::alerts::{Destination, Outputs, Style};
use crate::exit::Exit;
use crate::output;
use crate::page_server::Page;
use crate::rule_files::{Loaded, RuleFiles, Stamp};
use detect::falco::config::Append;
use detect::metrics::{SinkCounts, Told};
use detect::{Alert, Counts, Engine, Flow, Matching, Priority, RuleSet, Selection, Thinning};
use std::path::PathBuf;
use std::sync::PoisonError;
use std::time::{Duration, Instant, SystemTime};

/// Which rules, of which source.
pub(crate) struct Choice {
    pub(crate) files: RuleFiles,
    pub(crate) selection: Selection,
    pub(crate) append: Vec<Append>,
    /// Whether the container plugin's suggestions are wanted.
    pub(crate) containers: bool,
    pub(crate) matching: Matching,
    pub(crate) source: &'static str,
}

/// Rules, ready to be asked.
pub(crate) struct Ready {
    pub(crate) engine: Engine,
    pub(crate) rules: RuleSet,
    pub(crate) stamp: Stamp,
}

impl Choice {
    /// Loads and compiles.
    pub(crate) fn ready(&self) -> anyhow::Result<Ready> {
        let stamp = self.files.stamp();
        let loaded = self.files.load()?.demand()?;
        let mut rules = self.prepare(loaded)?;
        let (engine, errors) = Engine::compile(&rules, self.source, self.matching);
        for (rule, error) in &errors {
            output::say(&model::escape(&format!("rule '{rule}' is left out: {error}")));
        }
        let none = engine.rules().next().is_none();
        if none {
            output::say(&format!(
                "no rule over {} events is switched on: nothing can be raised",
                self.source
            ));
        }
        rules.rules.retain(|rule| rule.enabled && rule.source == self.source);
        Ok(Ready { engine, rules, stamp })
    }

    fn prepare(&self, loaded: Loaded) -> anyhow::Result<RuleSet> {
        for plugin in &loaded.missing {
            output::say(&model::escape(&format!(
                "rules want plugin {plugin}, whose events nothing here produces: rules over them are left out"
            )));
        }
        let mut rules = loaded.rules;
        self.selection.apply(&mut rules).map_err(crate::exit::usage)?;
        for append in &self.append {
            append.apply(&mut rules, self.containers).map_err(crate::exit::usage)?;
        }
        Ok(rules)
    }
}

/// What becomes of alerts.
pub(crate) struct Way {
    pub(crate) destinations: Vec<Destination>,
    pub(crate) style: Style,
    pub(crate) queue: usize,
    pub(crate) thinning: Thinning,
    /// Whether events come when they come: then sinks may not hold them up.
    pub(crate) live: bool,
    pub(crate) metrics_file: Option<PathBuf>,
    pub(crate) metrics_page: Option<Page>,
}

/// How often metrics are written anew.
const EVERY: Duration = Duration::from_secs(1);
/// How long sinks may take at the end.
const PATIENCE: Duration = Duration::from_secs(15);

/// A run.
pub(crate) struct Session {
    flow: Flow,
    outputs: Outputs,
    live: bool,
    falco: bool,
    source: &'static str,
    most_urgent: Option<Priority>,
    metrics_file: Option<PathBuf>,
    metrics_page: Option<Page>,
    told: Instant,
    pub(crate) reloads: u64,
    pub(crate) reloads_failed: u64,
}

/// What a run came to.
pub(crate) struct Outcome {
    pub(crate) most_urgent: Option<Priority>,
    pub(crate) lost: u64,
}

impl Session {
    /// Opens the way out.
    pub(crate) fn start(way: Way, source: &'static str) -> anyhow::Result<Self> {
        let outputs = Outputs::start(&way.destinations, way.style, way.queue, !way.live)?;
        Ok(Self {
            flow: Flow::new(way.thinning),
            outputs,
            live: way.live,
            falco: way.style.program == "falco",
            source,
            most_urgent: None,
            metrics_file: way.metrics_file,
            metrics_page: way.metrics_page,
            told: Instant::now(),
            reloads: 0,
            reloads_failed: 0,
        })
    }

    /// Takes an alert, at the time of its event.
    pub(crate) fn alert(&mut self, alert: Alert) {
        if self.most_urgent.is_none_or(|most| alert.priority < most) {
            self.most_urgent = Some(alert.priority);
        }
        let outputs = &self.outputs;
        let now = alert.time.unwrap_or(0);
        self.flow.offer(alert, now, &mut |alert| outputs.give(alert));
    }

    /// Whether whoever read the alerts has gone.
    pub(crate) fn gone(&self) -> bool {
        self.outputs.gone()
    }

    /// Passes on what is due, and tells the counters where they are wanted; to be called now and then.
    pub(crate) fn tick(&mut self, counts: &Counts, rules: &RuleSet) {
        if self.live {
            let outputs = &self.outputs;
            self.flow.tick(now(), &mut |alert| outputs.give(alert));
        }
        if self.told.elapsed() >= EVERY {
            self.told = Instant::now();
            self.tell(counts, rules, self.outputs.counts());
        }
    }

    fn tell(&self, counts: &Counts, rules: &RuleSet, sinks: Vec<SinkCounts>) {
        if self.metrics_file.is_none() && self.metrics_page.is_none() {
            return;
        }
        let told = Told {
            source: self.source,
            counts: counts.clone(),
            flow: self.flow.counts.clone(),
            sinks,
            rules: rules.rules.len() as u64,
            reloads: self.reloads,
            reloads_failed: self.reloads_failed,
        };
        let mut text = detect::metrics::text(&told, rules);
        if self.falco {
            text.push_str(&detect::metrics::falco_text(&told, rules));
        }
        if let Some(page) = &self.metrics_page {
            page.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&text);
        }
        if let Some(file) = &self.metrics_file
            && let Err(error) = output::write(&text, Some(file))
        {
            tracing::warn!(%error, file = %file.display(), "metrics cannot be written");
        }
    }

    /// Passes on what waits, ends the sinks, and says on stderr what became of everything.
    pub(crate) fn end(mut self, counts: &Counts, rules: &RuleSet, quiet: bool) -> Outcome {
        let outputs = &self.outputs;
        self.flow.finish(&mut |alert| outputs.give(alert));
        let gone = self.outputs.gone();
        let ended = std::mem::replace(&mut self.outputs, Outputs::none());
        let sinks = ended.end(PATIENCE);
        self.tell(counts, rules, sinks.clone());
        let lost = sinks.iter().flat_map(|sink| sink.lost.values()).sum();
        if !gone {
            if !quiet {
                output::say(&summary(counts, &self.flow));
            }
            for sink in &sinks {
                for (reason, n) in &sink.lost {
                    output::say(&model::escape(&format!("{}: {n} alerts lost ({reason})", sink.name)));
                }
            }
        }
        Outcome { most_urgent: self.most_urgent, lost: if gone { 0 } else { lost } }
    }
}

impl Outcome {
    /// How the run ends. `whole` says whether everything could be read.
    pub(crate) fn exit(&self, fail_on: Option<Priority>, whole: bool) -> Exit {
        let urgent = fail_on.zip(self.most_urgent).is_some_and(|(least, most)| most <= least);
        match () {
            () if urgent => Exit::Findings,
            () if !whole || self.lost > 0 => Exit::Incomplete,
            () => Exit::Done,
        }
    }
}

/// Nanoseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// One line: what became of the events, then of the alerts.
fn summary(counts: &Counts, flow: &Flow) -> String {
    let alerts: u64 = counts.alerts.values().sum();
    let mut line =
        format!("{} events: {} matched, {} did not", counts.seen, counts.matched, counts.unmatched);
    for (reason, n) in &counts.dropped {
        line.push_str(&format!(", {n} lost ({reason})"));
    }
    line.push_str(&format!("; {alerts} alert{}", if alerts == 1 { "" } else { "s" }));
    if flow.counts.folded > 0 {
        line.push_str(&format!(", {} of them repeats", flow.counts.folded));
    }
    if flow.counts.held() > 0 {
        line.push_str(&format!(", {} held back", flow.counts.held()));
    }
    line
}
