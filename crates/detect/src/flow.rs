//! What becomes of alerts on their way out: repeats are folded into one with a count, and floods are held back.
//!
//! Nothing is lost silently: every alert is passed on, folded into one that is, or held back and counted.

use crate::alert::Alert;
use crate::rule::Priority;
use model::{AlertClass, Target};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// How alerts are thinned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thinning {
    /// Nanoseconds within which an alert of the same rule and actor is a repeat; 0 folds nothing.
    pub fold: u64,
    /// Repeats that are remembered at once; beyond it the oldest is passed on early.
    pub actors: usize,
    /// Alerts a second and at once; `None` limits nothing.
    pub rate: Option<Rate>,
}

/// A limit of alerts, as a bucket that is filled at a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Alerts a second.
    pub per_second: u32,
    /// Alerts that may come at once.
    pub burst: u32,
}

impl Default for Thinning {
    fn default() -> Self {
        Self { fold: 60_000_000_000, actors: 10_000, rate: None }
    }
}

impl Thinning {
    /// Everything is passed on as it comes.
    pub const OFF: Self = Self { fold: 0, actors: 0, rate: None };
}

/// Counters: `offered = passed + folded + held`, once the flow has finished.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowCounts {
    /// Alerts raised.
    pub offered: u64,
    /// Alerts passed on as the first of their kind.
    pub passed: u64,
    /// Alerts that were repeats.
    pub folded: u64,
    /// Alerts held back because there were too many, by rule.
    pub held: BTreeMap<String, u64>,
}

impl FlowCounts {
    /// Alerts held back, of all rules.
    pub fn held(&self) -> u64 {
        self.held.values().fold(0, |sum, n| sum.saturating_add(*n))
    }
}

/// Repeats of one rule and actor within the window.
struct Repeats {
    since: u64,
    /// The last repeat and how many there were; `None` while the first stands alone.
    last: Option<Alert>,
}

type Key = (String, String);

/// The way of alerts out. Time is the caller's: that of events for a capture, that of the clock for a stream.
pub struct Flow {
    thinning: Thinning,
    repeats: HashMap<Key, Repeats>,
    /// Keys in the order in which their windows end.
    order: VecDeque<Key>,
    now: u64,
    tokens: f64,
    filled: u64,
    held_now: BTreeMap<String, u64>,
    /// Counters.
    pub counts: FlowCounts,
}

impl Flow {
    /// A flow in which nothing has come yet.
    pub fn new(thinning: Thinning) -> Self {
        Self {
            thinning,
            repeats: HashMap::new(),
            order: VecDeque::new(),
            now: 0,
            tokens: thinning.rate.map_or(0.0, |rate| f64::from(rate.burst.max(1))),
            filled: 0,
            held_now: BTreeMap::new(),
            counts: FlowCounts::default(),
        }
    }

    /// Takes an alert, and passes on what is due at `now` (nanoseconds; a step back counts as standing still).
    pub fn offer(&mut self, alert: Alert, now: u64, pass: &mut dyn FnMut(Alert)) {
        self.tick(now, pass);
        self.counts.offered = self.counts.offered.saturating_add(1);
        if self.thinning.fold == 0 {
            return self.pass(alert, pass);
        }
        let key = (alert.rule.clone(), alert.actor.clone());
        if let Some(known) = self.repeats.get_mut(&key) {
            self.counts.folded = self.counts.folded.saturating_add(1);
            let before = known.last.as_ref().map_or(0, |last| last.count);
            known.last = Some(Alert { count: before.saturating_add(1), ..alert });
            return;
        }
        if self.repeats.len() >= self.thinning.actors {
            self.end_oldest(pass);
        }
        self.repeats.insert(key.clone(), Repeats { since: self.now, last: None });
        self.order.push_back(key);
        self.pass(alert, pass);
    }

    /// Passes on what is due at `now`.
    pub fn tick(&mut self, now: u64, pass: &mut dyn FnMut(Alert)) {
        self.now = self.now.max(now);
        while let Some(key) = self.order.front() {
            let since = self.repeats.get(key).map_or(0, |known| known.since);
            if self.now.saturating_sub(since) < self.thinning.fold {
                break;
            }
            self.end_oldest(pass);
        }
        self.tell_held(false, pass);
    }

    /// Passes on everything that waits.
    pub fn finish(&mut self, pass: &mut dyn FnMut(Alert)) {
        while !self.order.is_empty() {
            self.end_oldest(pass);
        }
        self.tell_held(true, pass);
    }

    fn end_oldest(&mut self, pass: &mut dyn FnMut(Alert)) {
        let ended = self.order.pop_front().and_then(|key| self.repeats.remove(&key));
        if let Some(last) = ended.and_then(|ended| ended.last) {
            // Its repeats are counted already, and it stands for them whatever the rate.
            pass(last);
        }
    }

    fn pass(&mut self, alert: Alert, pass: &mut dyn FnMut(Alert)) {
        if self.token() {
            self.counts.passed = self.counts.passed.saturating_add(1);
            return pass(alert);
        }
        for held in [&mut self.counts.held, &mut self.held_now] {
            let n = held.entry(alert.rule.clone()).or_default();
            *n = n.saturating_add(1);
        }
    }

    fn fill(&mut self) {
        let Some(rate) = self.thinning.rate else { return };
        let burst = f64::from(rate.burst.max(1));
        if self.filled == 0 {
            self.filled = self.now;
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate is not kept to the nanosecond")]
        let passed = self.now.saturating_sub(self.filled) as f64 / 1e9;
        self.tokens = (self.tokens + passed * f64::from(rate.per_second)).min(burst);
        self.filled = self.now;
    }

    fn token(&mut self) -> bool {
        if self.thinning.rate.is_none() {
            return true;
        }
        self.fill();
        let has = self.tokens >= 1.0;
        if has {
            self.tokens -= 1.0;
        }
        has
    }

    /// One alert that says how many were held back, when there is room for it again.
    fn tell_held(&mut self, end: bool, pass: &mut dyn FnMut(Alert)) {
        if self.held_now.is_empty() || !(self.token() || end) {
            return;
        }
        let held = std::mem::take(&mut self.held_now);
        let count = held.values().fold(0u64, |sum, n| sum.saturating_add(*n));
        let names: Vec<String> =
            held.iter().map(|(rule, n)| format!("{} {n}", model::escape(rule))).collect();
        pass(Alert {
            rule: HELD_BACK.to_owned(),
            priority: Priority::Warning,
            source: "internal".to_owned(),
            tags: Vec::new(),
            class: AlertClass::Other,
            time: Some(self.now),
            number: 0,
            message: format!("{count} alerts were held back: {}", names.join(", ")),
            output: None,
            fields: held.into_iter().map(|(rule, n)| (rule, n.into())).collect(),
            hostname: String::new(),
            target: Target::Unresolved { what: "alerts".into(), why: "they were held back".into() },
            actor: String::new(),
            count: 1,
        });
    }
}

/// Name of the rule under which held-back alerts are told.
pub const HELD_BACK: &str = "ringwall internal: alerts held back";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn alert(rule: &str, actor: &str) -> Alert {
        Alert {
            rule: rule.into(),
            priority: Priority::Notice,
            source: "syscall".into(),
            tags: Vec::new(),
            class: AlertClass::Other,
            time: None,
            number: 1,
            message: "m".into(),
            output: None,
            fields: BTreeMap::new(),
            hostname: String::new(),
            target: Target::Unresolved { what: String::new(), why: String::new() },
            actor: actor.into(),
            count: 1,
        }
    }

    /// (rule, actor, second) in; `rule*count` out, and the counters.
    fn run(thinning: Thinning, events: &[(&str, &str, u64)]) -> (Vec<String>, FlowCounts) {
        let (mut flow, mut out) = (Flow::new(thinning), Vec::new());
        let mut show = |a: Alert| out.push(format!("{}*{}", a.rule, a.count));
        for (rule, actor, second) in events {
            flow.offer(alert(rule, actor), second * 1_000_000_000, &mut show);
        }
        flow.finish(&mut show);
        (out, flow.counts)
    }

    #[test]
    fn repeats_are_folded_with_a_count() {
        let minute = Thinning::default();
        let (out, counts) = run(
            minute,
            &[("a", "1", 1), ("a", "1", 2), ("a", "1", 3), ("a", "2", 4), ("b", "1", 5), ("a", "1", 70)],
        );
        assert_eq!(out, ["a*1", "a*1", "b*1", "a*2", "a*1"]);
        assert_eq!((counts.offered, counts.passed, counts.folded, counts.held()), (6, 4, 2, 0));
        assert_eq!(run(Thinning::OFF, &[("a", "1", 1), ("a", "1", 1)]).0, ["a*1", "a*1"]);
        // Time that steps back is no reason to end a window.
        assert_eq!(run(minute, &[("a", "1", 100), ("a", "1", 1), ("a", "1", 2)]).0, ["a*1", "a*2"]);
        let few = Thinning { actors: 1, ..minute };
        assert_eq!(run(few, &[("a", "1", 1), ("a", "1", 1), ("b", "1", 1)]).0, ["a*1", "a*1", "b*1"]);
    }

    #[test]
    fn floods_are_held_back_and_counted() {
        let rate = Thinning { rate: Some(Rate { per_second: 1, burst: 2 }), ..Thinning::OFF };
        let (out, counts) =
            run(rate, &[("a", "1", 1), ("a", "2", 1), ("a", "3", 1), ("b", "4", 1), ("a", "5", 4)]);
        assert_eq!(out, ["a*1", "a*1", &format!("{HELD_BACK}*1"), "a*1"]);
        assert_eq!((counts.offered, counts.passed, counts.held["a"], counts.held["b"]), (5, 3, 1, 1));
    }

    proptest! {
        #[test]
        fn nothing_is_lost(events in proptest::collection::vec((0u8..4, 0u8..4, 0u64..200), 0..60), rate in 0u32..3, actors in 1usize..4) {
            let rate = (rate > 0).then_some(Rate { per_second: rate, burst: rate });
            let mut flow = Flow::new(Thinning { rate, actors, ..Thinning::default() });
            let mut repeats = 0;
            let mut show = |a: Alert| repeats += u64::from(a.rule != HELD_BACK) * a.count;
            for (rule, actor, second) in &events {
                flow.offer(alert(&rule.to_string(), &actor.to_string()), second * 1_000_000_000, &mut show);
            }
            flow.finish(&mut show);
            let counts = &flow.counts;
            prop_assert_eq!(counts.offered, events.len() as u64);
            prop_assert_eq!(counts.offered, counts.passed + counts.folded + counts.held());
            prop_assert_eq!(repeats, counts.passed + counts.folded);
        }
    }
}
