//! Which rights each identity used: the sum over a window of events.

use crate::request::{Request, Skipped, requests};
use event::AuditEvent;
use model::{Confidence, Evidence, Fact, Identity, Lifetime, Predicate, Source, Target, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One right of one identity: where it was used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    who: Identity,
    verb: String,
    group: String,
    resource: String,
    namespace: String,
    name: String,
    allowed: bool,
}

/// How often and when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// How often.
    pub count: u64,
    /// First use seen, by the event's own clock.
    pub first: Option<Timestamp>,
    /// Last use seen.
    pub last: Option<Timestamp>,
    /// Line of the last use.
    pub line: u32,
}

/// What became of the events: `read = used + Σ skipped`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events given.
    pub read: u64,
    /// Events that say something about rights.
    pub used: u64,
    /// Events that do not, by reason.
    pub skipped: BTreeMap<Skipped, u64>,
}

/// Rights used within a window.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    records: BTreeMap<Key, Record>,
    /// What became of the events.
    pub counts: Counts,
    window: Option<(Timestamp, Timestamp)>,
}

impl Usage {
    /// Adds an event read at a line of its document.
    pub fn add(&mut self, line: u32, event: &AuditEvent<'_>) {
        self.counts.read = self.counts.read.saturating_add(1);
        if let Some(at) = event.at() {
            let (from, to) = self.window.unwrap_or((at, at));
            self.window = Some((from.min(at), to.max(at)));
        }
        match requests(event) {
            Ok(all) => {
                self.counts.used = self.counts.used.saturating_add(1);
                all.into_iter().for_each(|request| self.record(line, request));
            }
            Err(why) => {
                let n = self.counts.skipped.entry(why).or_default();
                *n = n.saturating_add(1);
            }
        }
    }

    fn record(&mut self, line: u32, request: Request) {
        let Request { who, verb, group, resource, namespace, name, allowed, at } = request;
        let key = Key { who, verb, group, resource, namespace, name, allowed };
        let record = self.records.entry(key).or_default();
        record.count = record.count.saturating_add(1);
        record.first = [record.first, at].into_iter().flatten().min();
        if at >= record.last {
            (record.last, record.line) = (at, line);
        }
    }

    /// First and last moment any event was written; what happened outside is unknown, not unused.
    pub fn window(&self) -> Option<(Timestamp, Timestamp)> {
        self.window
    }

    /// What was used, with how often and when, in a stable order.
    pub fn records(&self) -> impl Iterator<Item = (&Identity, model::Usage, &Record)> {
        self.records.iter().map(|(key, record)| (&key.who, usage(key, record), record))
    }

    /// One fact for each right used, about its identity. `document` names the log.
    pub fn facts(&self, document: &Arc<str>) -> Vec<Fact> {
        let fact = |(key, record): (&Key, &Record)| Fact {
            target: Target::Identity(key.who.clone()),
            predicate: Predicate::Used(usage(key, record)),
            source: Source::Audit,
            observed_at: record.last,
            lifetime: Lifetime::Permanent,
            confidence: Confidence::Confirmed,
            evidence: Evidence::Document {
                source: Source::Audit,
                name: document.clone(),
                line: Some(record.line),
                at: record.last,
            },
        };
        self.records.iter().map(fact).collect()
    }
}

fn usage(key: &Key, record: &Record) -> model::Usage {
    model::Usage {
        verb: key.verb.clone(),
        group: key.group.clone(),
        resource: key.resource.clone(),
        namespace: key.namespace.clone(),
        name: key.name.clone(),
        count: record.count,
        allowed: key.allowed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(second: u32, verb: &str, stage: &str, code: u16) -> String {
        format!(
            r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","stage":"{stage}","verb":"{verb}","user":{{"username":"system:serviceaccount:shop:web"}},"objectRef":{{"resource":"secrets","namespace":"shop","name":"web-tls"}},"responseStatus":{{"code":{code}}},"stageTimestamp":"2026-03-01T10:00:{second:02}Z"}}"#
        )
    }

    fn usage_of(lines: &[String]) -> Usage {
        let mut usage = Usage::default();
        let text = lines.join("\n");
        event::audit::read(text.as_bytes(), &event::audit::Limits::default(), &mut |n, e| usage.add(n, e));
        usage
    }

    #[test]
    fn counts_by_right_and_outcome() {
        let usage = usage_of(&[
            line(5, "get", "ResponseComplete", 200),
            line(1, "get", "RequestReceived", 200),
            line(9, "get", "ResponseComplete", 200),
            line(3, "get", "ResponseComplete", 403),
        ]);
        let facts = usage.facts(&"audit.log".into());
        assert_eq!(facts.len(), 2);
        let web = Target::Identity(Identity::account("shop", "web"));
        let used: Vec<_> = facts
            .iter()
            .map(|fact| {
                assert_eq!(fact.target, web);
                match &fact.predicate {
                    Predicate::Used(u) => {
                        (u.allowed, u.count, u.name.as_str(), fact.observed_at.unwrap().as_second() % 60)
                    }
                    other => panic!("{other:?}"),
                }
            })
            .collect();
        assert_eq!(used, [(false, 1, "web-tls", 3), (true, 2, "web-tls", 9)]);
        let (from, to) = usage.window().unwrap();
        assert_eq!((from.as_second() % 60, to.as_second() % 60), (1, 9));
        let skipped: u64 = usage.counts.skipped.values().sum();
        assert_eq!((usage.counts.read, usage.counts.used, skipped), (4, 3, 1));
    }

    #[test]
    fn nothing_in_nothing_out() {
        let usage = usage_of(&[]);
        assert!(usage.facts(&"x".into()).is_empty() && usage.window().is_none());
    }
}
