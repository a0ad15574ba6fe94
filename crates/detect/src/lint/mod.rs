//! What is odd about rules that load: they cannot hold, never get their turn, ask every event, or fall silent.
//!
//! A remark is made only where it is certain; a rule too large to be judged gets none.

mod logic;
mod values;

use crate::condition::{Check, Expr, Op};
use crate::engine::by_name::{Codes, names_of};
use crate::rule::{DetectionRule, RuleSet};
use event::syscall::EventTable;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A kind of remark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// No event can make the condition hold.
    Unsatisfiable,
    /// Whenever it holds an earlier rule holds, which gets the alert where only the first rule does.
    Shadowed,
    /// No type of event is asked for: every event is evaluated, and every one may raise an alert.
    NoEventType,
    /// A missing value makes a check false that was meant to hold.
    Evadable,
}

/// What a kind of remark means.
#[derive(Clone, Copy, Debug)]
pub struct Meaning {
    /// The kind.
    pub kind: Kind,
    /// Its id.
    pub id: &'static str,
    /// One line.
    pub title: &'static str,
    /// What it is and what to do.
    pub explain: &'static str,
}

/// Every kind.
pub static KINDS: &[Meaning] = &[
    Meaning {
        kind: Kind::Unsatisfiable,
        id: "detect/unsatisfiable",
        title: "The rule can never hold",
        explain: "Two checks of the condition contradict each other, or one asks for what no event has. \
                  A rule that never fires looks like a quiet system.",
    },
    Meaning {
        kind: Kind::Shadowed,
        id: "detect/shadowed",
        title: "An earlier rule always holds too",
        explain: "Where only the first rule that holds raises an alert (Falco's default), this one never does. \
                  Put the narrower rule first, or have all rules matched.",
    },
    Meaning {
        kind: Kind::NoEventType,
        id: "detect/no-event-type",
        title: "The rule asks every event",
        explain: "Without a check of evt.type the rule is evaluated for every system call and fires at each one \
                  that the process makes. Restrict it to the event that matters.",
    },
    Meaning {
        kind: Kind::Evadable,
        id: "detect/evadable",
        title: "The rule is silent when a value is missing",
        explain: "A field without value makes its check false whatever the operator, != included. An event without \
                  the field is then not reported. `not x = y` also holds when x is missing.",
    },
];

impl Kind {
    /// What it means.
    pub fn meaning(self) -> &'static Meaning {
        static NONE: Meaning = Meaning { kind: Kind::Unsatisfiable, id: "", title: "", explain: "" };
        KINDS.iter().find(|meaning| meaning.kind == self).unwrap_or(&NONE)
    }
}

/// A remark on a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Remark {
    /// Which kind.
    pub kind: Kind,
    /// Name of the rule.
    pub rule: String,
    /// What is odd.
    pub message: String,
    /// A condition to put in its place, or what else to do.
    pub proposal: Option<String>,
}

/// How long is thought about a rule or a pair of rules.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Steps of the search. Default 20,000.
    pub steps: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 20_000 }
    }
}

/// The names of event types a rule can match; `None` when it does not say.
pub fn event_types(rule: &DetectionRule) -> Option<Vec<&'static str>> {
    if rule.source != "syscall" {
        return None;
    }
    let table = EventTable::builtin();
    let codes = Codes::of(&rule.condition, &table);
    let names: BTreeSet<&'static str> = names_of(&codes, &table).collect();
    (codes.count() <= MANY_TYPES && !names.is_empty()).then(|| names.into_iter().collect())
}

/// More types of events than this make a rule expensive: the reference's limit.
const MANY_TYPES: usize = 100;

/// Looks at every rule, also the ones switched off. `macros` are the names of macros that are defined.
pub fn lint(rules: &RuleSet, macros: &[&str], limits: &Limits) -> Vec<Remark> {
    let table = EventTable::builtin();
    let mut remarks = Vec::new();
    let mut before: Vec<(&DetectionRule, Codes)> = Vec::new();
    for rule in &rules.rules {
        let codes = Codes::of(&rule.condition, &table);
        let mut add = |kind, message: String, proposal| {
            remarks.push(Remark { kind, rule: rule.name.clone(), message, proposal });
        };
        let never = logic::contradiction(&rule.condition, limits.steps);
        if let Some(why) = &never {
            add(Kind::Unsatisfiable, format!("it never holds: {why}"), None);
        }
        if rule.source == "syscall" && (codes.count() == 0 || codes.count() > MANY_TYPES) && never.is_none() {
            let message = "it names no evt.type: every event is evaluated, and each may raise it".to_owned();
            add(Kind::NoEventType, message, Some(with_type(rule, macros)));
        }
        if let Some((message, proposal)) = silent(&rule.condition) {
            add(Kind::Evadable, message, Some(proposal));
        }
        if never.is_none()
            && rule.enabled
            && let Some((earlier, _)) = before
                .iter()
                .filter(|(earlier, types)| earlier.source == rule.source && codes.within(types))
                .find(|(earlier, _)| implies(&rule.condition, &earlier.condition, limits.steps))
        {
            let name = model::escape(&earlier.name);
            add(
                Kind::Shadowed,
                format!("whenever it holds, the earlier rule '{name}' holds too"),
                Some(format!("put it before '{name}', or match all rules")),
            );
        }
        if rule.enabled && never.is_none() {
            before.push((rule, codes));
        }
    }
    remarks
}

/// Whether every event for which `narrow` holds makes `wide` hold, as far as can be told.
fn implies(narrow: &Arc<Expr>, wide: &Arc<Expr>, steps: u32) -> bool {
    let both = Expr::And(vec![narrow.clone(), Arc::new(Expr::Not(wide.clone()))]);
    logic::contradiction(&both, steps).is_some()
}

/// The condition, restricted to what is most likely meant.
fn with_type(rule: &DetectionRule, macros: &[&str]) -> String {
    let (mut files, mut net) = (false, false);
    rule.condition.checks(&mut |check| {
        check.fields(&mut |name, _| {
            net |= matches!(
                name,
                "fd.sip"
                    | "fd.snet"
                    | "fd.sport"
                    | "fd.rip"
                    | "fd.rport"
                    | "fd.net"
                    | "fd.ip"
                    | "fd.sip.name"
            );
            files |= matches!(name, "fd.name" | "fd.directory" | "fd.filename");
        });
    });
    let (named, written) = match () {
        () if net => ("outbound", "evt.type in (connect, sendto, sendmsg)"),
        () if files => ("open_read", "evt.type in (open, openat, openat2)"),
        () => ("spawned_process", "evt.type in (execve, execveat)"),
    };
    let begin = if macros.contains(&named) { named } else { written };
    let text = rule.condition_text.split_whitespace().collect::<Vec<_>>().join(" ");
    match &*rule.condition {
        Expr::Or(_) => format!("{begin} and ({text})"),
        _ => format!("{begin} and {text}"),
    }
}

/// Fields that an event may well be without.
const MAY_MISS: [&str; 14] = [
    "fd.",
    "container.image",
    "container.name",
    "k8s.",
    "ka.",
    "jevt.",
    "json.",
    "evt.arg",
    "evt.rawarg",
    "proc.p",
    "proc.a",
    "proc.env",
    "proc.sname",
    "evt.res",
];

/// Checks with `!=` that must hold, of fields that may be missing.
fn silent(expr: &Expr) -> Option<(String, String)> {
    let mut found: Vec<&Check> = Vec::new();
    let mut descriptor = false;
    needed(expr, false, &mut |check| {
        let mut may = false;
        check.left.fields(&mut |name, _| {
            may |= name != "proc.args" && MAY_MISS.iter().any(|start| name.starts_with(start));
            // A rule that is about a descriptor anyway cannot hold without one.
            descriptor |= name.starts_with("fd.") && check.op != Op::Ne;
        });
        if may && check.op == Op::Ne && !found.iter().any(|known| known.left == check.left) {
            found.push(check);
        }
    });
    found.retain(|check| !(descriptor && check.left.to_string().starts_with("fd.")));
    let first = found.first()?;
    let fields: Vec<String> =
        found.iter().map(|check| model::escape(&check.left.to_string()).into_owned()).collect();
    let message = format!("it is silent when {} has no value", fields.join(" or "));
    let turned = Expr::Not(Arc::new(Expr::Check(Check { op: Op::Eq, ..(*first).clone() })));
    Some((message, format!("`{turned}` instead of `{first}` also holds then")))
}

/// Calls `each` for the checks that stand without a negation, or with two.
fn needed<'e>(expr: &'e Expr, negated: bool, each: &mut dyn FnMut(&'e Check)) {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|e| needed(e, negated, each)),
        Expr::Not(inner) => needed(inner, !negated, each),
        Expr::Check(check) if !negated => each(check),
        Expr::Check(_) | Expr::Macro { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::falco::{Limits as LoadLimits, Loader};

    fn remarks(conditions: &[&str]) -> Vec<String> {
        let text: String = conditions
            .iter()
            .enumerate()
            .map(|(n, c)| {
                format!("- rule: r{n}\n  desc: d\n  condition: >-\n    {c}\n  output: o\n  priority: INFO\n")
            })
            .collect();
        let mut loader = Loader::new(LoadLimits::default());
        let result = loader.file("r", text.as_bytes());
        assert!(result.successful(), "{}", result.text(true));
        lint(loader.rules(), &["spawned_process"], &Limits::default())
            .into_iter()
            .map(|r| format!("{} {:?} {} {}", r.rule, r.kind, r.message, r.proposal.unwrap_or_default()))
            .collect()
    }

    #[test]
    fn rules_that_never_hold() {
        for (condition, never) in [
            ("evt.type=open and proc.name=a and proc.name=b", true),
            ("evt.type=open and proc.name=a and not proc.name in (a, b)", true),
            ("evt.type=open and proc.name in (a, b) and proc.name startswith c", true),
            ("evt.type=open and fd.num > 5 and fd.num < 4", true),
            ("evt.type=open and evt.dir=>", true),
            ("evt.type=open and evt.num=0", true),
            ("evt.type=execve and evt.is_open_read=true", true),
            ("evt.type=open and fd.name startswith /etc and fd.name startswith /var", true),
            ("evt.type=open and fd.name startswith /etc/x and not fd.name startswith /etc", true),
            ("evt.type=open and (proc.name=a or proc.name=b) and proc.name=c", true),
            ("evt.type=open and not proc.pname exists and proc.pname=a", true),
            ("evt.type=open and proc.is_exe_writable!=true and proc.is_exe_writable!=false", true),
            ("evt.type=open and proc.name=a and not proc.name=b", false),
            ("evt.type=open and proc.aname=a and proc.aname=b", false),
            ("evt.type=open and not proc.pname=a and not proc.pname exists", false),
            ("evt.type=open and fd.num > 5 and fd.num < 7", false),
            ("evt.type=open and fd.name startswith /etc and fd.name startswith /etc/x", false),
        ] {
            let said = remarks(&[condition]);
            assert_eq!(said.iter().any(|r| r.contains("Unsatisfiable")), never, "{condition}: {said:?}");
        }
        let said = remarks(&["evt.type=open and proc.name=a and proc.name=b"]).join("\n");
        assert!(said.contains("`proc.name = a`") && said.contains("`proc.name = b`"), "{said}");
    }

    #[test]
    fn rules_without_their_turn() {
        for (first, second, shadowed) in [
            ("evt.type=open", "evt.type=open and proc.name=a", true),
            ("evt.type in (open, openat)", "evt.type=open", true),
            ("evt.type=open and proc.name in (a, b, c)", "evt.type=open and proc.name in (a, b)", true),
            (
                "evt.type=open and fd.name startswith /etc",
                "evt.type=open and fd.name startswith /etc/x",
                true,
            ),
            ("evt.type=open and not proc.name=a", "evt.type=open and proc.name=b", true),
            ("evt.type=open and proc.name!=a", "evt.type=open and not proc.name=a", false),
            ("evt.type=open and proc.name=a", "evt.type=open", false),
            ("evt.type=open and proc.name=a", "evt.type=open and proc.name=b", false),
            ("evt.type=close", "evt.type=open", false),
        ] {
            let said = remarks(&[first, second]);
            let found = said.iter().any(|r| r.starts_with("r1 Shadowed"));
            assert_eq!(found, shadowed, "{first} | {second}: {said:?}");
        }
    }

    #[test]
    fn every_event_and_silence() {
        let said = remarks(&["container.id != host and proc.name in (bash)", "proc.name=a or proc.name=b"]);
        assert!(
            said[0].contains("spawned_process and container.id != host and proc.name in (bash)"),
            "{said:?}"
        );
        assert!(said[1].ends_with("spawned_process and (proc.name=a or proc.name=b)"), "{said:?}");
        let said = remarks(&["evt.type=execve and proc.pname != init and container.id != host"]);
        assert!(said[0].contains("Evadable") && said[0].contains("not proc.pname = init"), "{said:?}");
        for quiet in [
            "evt.type=open and not proc.pname != a and proc.name != a",
            "evt.type=open and fd.name startswith /etc and fd.directory != /etc",
        ] {
            assert_eq!(remarks(&[quiet]), [""; 0]);
        }
    }

    #[test]
    fn kinds_have_meanings() {
        assert_eq!(KINDS.len(), 4);
        assert!(KINDS.iter().all(|m| m.kind.meaning().id == m.id && !m.explain.is_empty()));
    }
}
