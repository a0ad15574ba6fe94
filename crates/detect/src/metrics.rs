//! Counters of a run as text for Prometheus, under our names and under the reference's.
//!
//! Format: the text exposition format 0.0.4. Falco's names: its `metrics` page for version 0.43.

use crate::engine::Counts;
use crate::flow::FlowCounts;
use crate::rule::RuleSet;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What is told of a sink.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SinkCounts {
    /// Its name.
    pub name: String,
    /// Alerts it took.
    pub sent: u64,
    /// Alerts it did not take, by reason.
    pub lost: BTreeMap<&'static str, u64>,
}

/// Everything that is told.
#[derive(Clone, Debug, Default)]
pub struct Told<'a> {
    /// Source of the events.
    pub source: &'a str,
    /// What became of the events.
    pub counts: Counts,
    /// What became of the alerts.
    pub flow: FlowCounts,
    /// What became of them behind each sink's queue.
    pub sinks: Vec<SinkCounts>,
    /// Rules that are switched on.
    pub rules: u64,
    /// Times the rules were loaded again.
    pub reloads: u64,
    /// Times they could not be, and the old ones were kept.
    pub reloads_failed: u64,
}

struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn row(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        let labels: Vec<String> =
            labels.iter().map(|(key, text)| format!("{key}=\"{}\"", label(text))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }
}

/// A label's value: quoted as the format wants it, and safe to print.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// The page under our own names.
pub fn text(told: &Told<'_>, rules: &RuleSet) -> String {
    let mut page = Page(String::new());
    let (counts, flow) = (&told.counts, &told.flow);
    let source = ("source", told.source);
    page.family("ringwall_detect_events_total", "counter", "Events seen, by what became of them.");
    page.row("ringwall_detect_events_total", &[source, ("outcome", "matched")], counts.matched);
    page.row("ringwall_detect_events_total", &[source, ("outcome", "unmatched")], counts.unmatched);
    for (reason, n) in &counts.dropped {
        let labels = [source, ("outcome", "dropped"), ("reason", reason)];
        page.row("ringwall_detect_events_total", &labels, *n);
    }
    let name = "ringwall_detect_alerts_total";
    page.family(name, "counter", "Alerts raised, before any was folded or held back.");
    for (rule, n) in &counts.alerts {
        let priority = priority_of(rules, rule);
        page.row(name, &[source, ("rule", rule), ("priority", priority)], *n);
    }
    let name = "ringwall_detect_alerts_thinned_total";
    page.family(name, "counter", "Alerts that were folded into another or held back.");
    page.row(name, &[("how", "folded")], flow.folded);
    page.row(name, &[("how", "held back")], flow.held());
    let name = "ringwall_detect_sink_alerts_total";
    page.family(name, "counter", "Alerts given to a sink, by what became of them.");
    for sink in &told.sinks {
        page.row(name, &[("sink", &sink.name), ("outcome", "sent")], sink.sent);
        for (reason, n) in &sink.lost {
            page.row(name, &[("sink", &sink.name), ("outcome", "lost"), ("reason", reason)], *n);
        }
    }
    page.family("ringwall_detect_rules", "gauge", "Rules that are switched on.");
    page.row("ringwall_detect_rules", &[source], told.rules);
    let name = "ringwall_detect_reloads_total";
    page.family(name, "counter", "Times the rules were loaded again.");
    page.row(name, &[("result", "ok")], told.reloads);
    page.row(name, &[("result", "failed")], told.reloads_failed);
    page.0
}

/// The page under Falco's names, for dashboards that know those.
pub fn falco_text(told: &Told<'_>, rules: &RuleSet) -> String {
    let mut page = Page(String::new());
    let counts = &told.counts;
    let name = "falcosecurity_scap_n_evts_total";
    page.family(name, "counter", "https://falco.org/docs/metrics/");
    page.row(name, &[], counts.seen);
    let name = "falcosecurity_scap_n_drops_total";
    page.family(name, "counter", "https://falco.org/docs/metrics/");
    page.row(name, &[], counts.dropped.values().fold(0, |sum: u64, n| sum.saturating_add(*n)));
    let name = "falcosecurity_falco_outputs_queue_num_drops_total";
    page.family(name, "counter", "https://falco.org/docs/metrics/");
    let lost = told.sinks.iter().flat_map(|sink| sink.lost.values());
    page.row(name, &[], lost.fold(0, |sum: u64, n| sum.saturating_add(*n)));
    let name = "falcosecurity_falco_rules_matches_total";
    page.family(name, "counter", "https://falco.org/docs/metrics/");
    for (rule, n) in &counts.alerts {
        let priority = priority_of(rules, rule).to_ascii_lowercase();
        page.row(name, &[("priority", &priority), ("rule_name", rule), ("source", told.source)], *n);
    }
    page.0
}

fn priority_of<'r>(rules: &'r RuleSet, rule: &str) -> &'r str {
    rules.rules.iter().find(|r| r.name == rule).map_or("", |r| r.priority.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages() {
        let mut counts = Counts { seen: 5, matched: 2, unmatched: 2, ..Counts::default() };
        counts.dropped.insert("unknown block", 1);
        counts.alerts.insert("a \"b\"\n\\".into(), 2);
        let sink = SinkCounts { name: "file".into(), sent: 1, lost: BTreeMap::from([("queue full", 1)]) };
        let told = Told { source: "syscall", counts, sinks: vec![sink], rules: 3, ..Told::default() };
        let page = text(&told, &RuleSet::default());
        for line in [
            r#"ringwall_detect_events_total{source="syscall",outcome="matched"} 2"#,
            r#"ringwall_detect_events_total{source="syscall",outcome="dropped",reason="unknown block"} 1"#,
            r#"ringwall_detect_alerts_total{source="syscall",rule="a \"b\"\n\\",priority=""} 2"#,
            r#"ringwall_detect_sink_alerts_total{sink="file",outcome="lost",reason="queue full"} 1"#,
            "# TYPE ringwall_detect_rules gauge",
        ] {
            assert!(page.lines().any(|l| l == line), "{line}\n{page}");
        }
        let page = falco_text(&told, &RuleSet::default());
        assert!(page.contains("falcosecurity_scap_n_evts_total 5\n"), "{page}");
        assert!(page.lines().all(|l| l.starts_with('#') || l.rsplit(' ').next().is_some_and(|n| n.parse::<u64>().is_ok())));
    }
}
