//! One screen for a person: the first items in full, the rest a line each, what is hidden counted.

use super::{Format, Options};
use crate::layout::{columns, shorten, width, wrap};
use crate::{Document, FixEntry, ItemEntry, StepEntry, shortest};
use std::collections::BTreeSet;

pub(super) const FORMAT: Format =
    Format { name: "text", about: "one screen: what to fix first, step by step", write };

struct Screen<'a> {
    document: &'a Document,
    options: Options,
    ids: Vec<&'a str>,
    /// The folder all places lie in, said once and left out of them.
    folder: &'a str,
    out: Vec<String>,
}

fn write(document: &Document, options: &Options) -> String {
    let items = document.items.iter().map(|item| item.id.as_str());
    let ids = items.chain(document.findings.iter().map(|finding| finding.id.as_str())).collect();
    let mut screen = Screen { document, options: *options, ids, folder: common_folder(document), out: Vec::new() };
    screen.head();
    screen.items();
    screen.foot();
    let mut text = screen.out.join("\n");
    text.push('\n');
    text
}

const TIER: usize = 9;

impl Screen<'_> {
    fn head(&mut self) {
        let sentence = match &self.document.headline {
            Some(h) if h.from_internet > 0 => format!(
                "{} can lead to {}; {} straight from the internet.",
                count(h.workloads, "workload"),
                h.goal,
                h.from_internet
            ),
            Some(h) => format!("{} can lead to {}; none straight from the internet.", count(h.workloads, "workload"), h.goal),
            None if self.document.items.is_empty() && !self.looked() => {
                "Nothing was looked at: no Kubernetes resource was found.".to_owned()
            }
            None if self.document.items.is_empty() => "No known path leads to anything of value.".to_owned(),
            None => "No workload is known to lead to anything of value.".to_owned(),
        };
        self.say(&sentence);
        let coverage = self.coverage();
        self.say(&coverage);
        self.out.push(String::new());
    }

    fn looked(&self) -> bool {
        self.document.resources > 0
    }

    /// What was seen of what there is, and the one command that would help most.
    fn coverage(&self) -> String {
        let mut parts = vec![count(self.document.resources as usize, "resource")];
        for ring in &self.document.coverage {
            parts.push(match ring.ring.as_str() {
                // Files of a folder, or kinds of a cluster: told only when some are missing.
                "resources" | "rbac" | "nodes" if ring.seen == ring.total => continue,
                "resources" => format!("{} of {} {}", ring.seen, ring.total, self.document.unit),
                "policies" => format!("{}/{} policies judged", ring.seen, ring.total),
                "audit" => count(ring.seen as usize, "audit event"),
                "runtime" => count(ring.seen as usize, "alert"),
                "images" => format!("{}/{} images scanned", ring.seen, ring.total),
                "signatures" => format!("{}/{} signatures checked", ring.seen, ring.total),
                other => format!("{other} {}/{}", ring.seen, ring.total),
            });
        }
        for ring in ["audit", "runtime"] {
            if !self.document.coverage.iter().any(|known| known.ring == ring) {
                parts.push(format!("{ring} not given"));
            }
        }
        let asked = self.document.gaps.iter().filter(|gap| gap.asked).count();
        if asked > 0 {
            parts.push(format!("{asked} could not be read"));
        }
        let help = match self.document.gaps.iter().find(|gap| gap.asked).or(self.document.gaps.first()) {
            Some(gap) if gap.asked && !self.options.all => {
                let help = gap.help.as_ref().map(|help| format!("; try {}", shorten(help, 96))).unwrap_or_default();
                format!("; {}: {}{help}", shorten(&gap.what, 64), shorten(&gap.why, 96))
            }
            Some(gap) if gap.asked => format!("; {}: {}", gap.what, gap.why),
            _ => String::new(),
        };
        format!("Looked at: {}{help}.", parts.join(", "))
    }

    fn items(&mut self) {
        // The hidden findings and what to run next.
        let reserved = 2;
        for (at, item) in self.document.items.iter().enumerate() {
            let rest = self.document.items.len() - at - 1;
            let full = self.item(at, item);
            let fits = |lines: usize, screen: &Self| match screen.options.lines {
                Some(limit) if !screen.options.all => screen.out.len() + lines + rest.min(6) + reserved <= limit,
                _ => true,
            };
            if at == 0 || fits(full.len(), self) {
                self.out.extend(full);
                continue;
            }
            let room = self.options.lines.filter(|_| !self.options.all).unwrap_or(usize::MAX);
            // The last line that is left says how many did not fit.
            if self.out.len() + reserved + usize::from(rest > 0) >= room {
                let hidden = self.document.items.len() - at;
                self.say(&format!("…  {} more {} hidden (--all)", hidden, if hidden == 1 { "item is" } else { "items are" }));
                return;
            }
            let line = full.into_iter().next().unwrap_or_default();
            self.out.push(line);
        }
    }

    fn item(&self, at: usize, item: &ItemEntry) -> Vec<String> {
        let mut out = vec![self.title(at, item)];
        for (number, step) in item.steps.iter().enumerate() {
            out.extend(self.step(number + 1, step));
        }
        if item.in_progress {
            let seen = item.steps.iter().find_map(|step| step.seen.as_ref().map(|seen| (&step.text, seen)));
            if let Some((_, (rule, place))) = seen {
                let line = format!("in progress: {rule}");
                out.extend(columns("   ! ", 5, &line, &self.place(place), self.options.width));
            }
        }
        out.extend(self.fixes(item));
        out
    }

    fn title(&self, at: usize, item: &ItemEntry) -> String {
        let id = shortest(&item.id, &self.ids);
        // From outside the workloads are on the path; from inside they are where it may begin.
        let begins = if item.entry == "foothold" { item.workloads.len() } else { item.identities.len() };
        let more = begins.saturating_sub(1);
        let more = if more > 0 { format!(" (+{more})") } else { String::new() };
        let mut path = vec![item.entry.clone()];
        path.extend(item.through.iter().cloned());
        path.push(item.goal.clone());
        let number = at + 1;
        let tier = format!("{:TIER$}", item.tier);
        let room = self.options.width.saturating_sub(width(&format!("{number:<3}{tier}  ")) + id.len() + 2);
        let path = fit(&path, &more, room);
        let gap = room.saturating_sub(width(&path)) + 2;
        let tier = self.paint(&tier, if item.tier == "NOW" { "1;31" } else { "1" });
        format!("{number:<3}{tier}  {path}{:gap$}{id}", "")
    }

    fn step(&self, number: usize, step: &StepEntry) -> Vec<String> {
        let assumed = if step.guessed { " (assumed)" } else { "" };
        let indent = format!("   {number} ");
        let text = format!("{}{assumed}", self.bounded(&step.text));
        columns(&indent, width(&indent), &text, &self.place(&step.place), self.options.width)
    }

    /// Places keep their end: the file's name and line.
    fn place(&self, place: &str) -> String {
        let room = 24;
        let place = place.strip_prefix(self.folder).unwrap_or(place);
        if width(place) <= room {
            return place.to_owned();
        }
        let tail: Vec<char> = place.chars().rev().take(room - 1).collect();
        format!("…{}", tail.into_iter().rev().collect::<String>())
    }

    fn fixes(&self, item: &ItemEntry) -> Vec<String> {
        let mut out = Vec::new();
        let Some(best) = item.fixes.first() else { return out };
        let text = format!("{}{}", self.bounded(&best.title), self.worth(best));
        out.extend(columns(&self.paint("   fix  ", "32"), 8, &text, "", self.options.width));
        for other in item.fixes.iter().skip(1).take(if self.options.all { usize::MAX } else { 1 }) {
            let text = format!("{}{}", self.bounded(&other.title), self.worth(other));
            out.extend(columns("   also ", 8, &text, "", self.options.width));
        }
        out
    }

    fn worth(&self, fix: &FixEntry) -> String {
        let breaks = match fix.breaks.as_slice() {
            [] => match fix.replayed {
                Some(n) if n > 0 => format!(", breaks none of {} seen", count(n as usize, "request")),
                _ => String::new(),
            },
            [first, ..] => format!("; but {first}"),
        };
        let risk = self.document.risk;
        let moved = if (risk - fix.residual).abs() > 0.005 {
            format!(", risk {} -> {}", figure(risk), figure(fix.residual))
        } else {
            String::new()
        };
        format!(" [cost {}, cuts {}/{} paths{moved}{breaks}]", fix.effort, fix.cuts, fix.of)
    }

    fn foot(&mut self) {
        let hidden = self.document.findings.iter().filter(|finding| !finding.on_path).count();
        let total = self.document.findings.len();
        if self.options.all {
            for finding in &self.document.findings {
                let text = format!("{:8} {} [{}]", finding.severity, finding.message, finding.rule);
                self.out.extend(columns("-  ", 3, &text, &self.place(&finding.place), self.options.width));
            }
            for diagnostic in &self.document.diagnostics {
                self.say(diagnostic);
            }
            for gap in &self.document.gaps {
                self.say(&format!("not seen: {}: {}", gap.what, gap.why));
            }
            // One command often closes many gaps.
            let helps: BTreeSet<&str> =
                self.document.gaps.iter().filter_map(|gap| gap.help.as_deref()).collect();
            for help in helps {
                self.say(&format!("would help: {help}"));
            }
        } else if hidden > 0 {
            self.say(&format!("…  {hidden} of {} on no path from anywhere (hidden; --all)", count(total, "finding") + " lie"));
        }
        if let Some(first) = self.document.items.first() {
            let id = shortest(&first.id, &self.ids);
            let problems = self.document.diagnostics.len();
            let problems = if problems > 0 && !self.options.all { format!(" · {} (--all)", count(problems, "diagnostic")) } else { String::new() };
            self.say(&format!("Next: ringwall risk why {id}{problems}"));
        } else if !self.document.diagnostics.is_empty() && !self.options.all {
            self.say(&format!("{} (--all)", count(self.document.diagnostics.len(), "diagnostic")));
        }
    }

    fn say(&mut self, text: &str) {
        let text = self.bounded(text);
        self.out.extend(wrap(&text, self.options.width));
    }

    /// A text of at most four lines, unless everything was asked for: one endless name must not fill the page.
    fn bounded(&self, text: &str) -> String {
        if self.options.all { text.to_owned() } else { shorten(text, self.options.width * 4) }
    }

    fn paint(&self, text: &str, code: &str) -> String {
        if self.options.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// A path in at most `room` cells: names are shortened before the way from one to the next is.
fn fit(path: &[String], more: &str, room: usize) -> String {
    let joined = |limit: usize| {
        let names: Vec<String> = path.iter().map(|name| shorten(name, limit)).collect();
        format!("{}{more}", names.join(" -> "))
    };
    let longest = path.iter().map(|name| width(name)).max().unwrap_or(0).min(room);
    let fitting = (12..=longest).rev().map(joined).find(|text| width(text) <= room);
    fitting.unwrap_or_else(|| shorten(&joined(12), room))
}

/// The longest folder, with its slash, that every place with one begins with.
fn common_folder(document: &Document) -> &str {
    let steps = document.items.iter().flat_map(|item| &item.steps).map(|step| step.place.as_str());
    let findings = document.findings.iter().map(|finding| finding.place.as_str());
    let mut folders = steps.chain(findings).filter_map(|place| place.rfind('/').map(|at| &place[..=at]));
    let Some(first) = folders.next() else { return "" };
    let shared = |a: &str, b: &str| a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    let length = folders.fold(first.len(), |length, folder| length.min(shared(first, folder)));
    let end = first.as_bytes()[..length].iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
    first.get(..end).unwrap_or("")
}

fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

fn figure(n: f64) -> String {
    if n.abs() < 0.005 { "0".to_owned() } else { format!("{n:.1}") }
}

/// Everything about one item: each step with its evidence and why it is believed, each fix with what it would do.
pub fn why(document: &Document, item: &ItemEntry, explain: &dyn Fn(&str) -> Option<&'static str>, options: &Options) -> String {
    let mut out = Vec::new();
    let say = |out: &mut Vec<String>, indent: usize, text: &str| {
        let pad = " ".repeat(indent);
        out.extend(wrap(text, options.width - indent).into_iter().map(|line| format!("{pad}{line}")));
    };
    let mut path = vec![item.entry.as_str()];
    path.extend(item.through.iter().map(String::as_str));
    path.push(&item.goal);
    say(&mut out, 0, &format!("{}  {}  {}", item.id, item.tier, path.join(" -> ")));
    say(&mut out, 0, &format!("Tier: {}.", item.why));
    say(
        &mut out,
        0,
        &format!("Ease {:.3} x value {:.0}; weakest step is {}.", item.ease, item.value, item.confidence),
    );
    if !item.on_the_way.is_empty() {
        say(&mut out, 0, &format!("On the way: {}.", item.on_the_way.join(", ")));
    }
    if item.identities.len() > 1 {
        say(&mut out, 0, &format!("Identities that share this way: {}.", item.identities.join(", ")));
    }
    if item.workloads.len() > 1 {
        say(&mut out, 0, &format!("Workloads that share this way: {}.", item.workloads.join(", ")));
    }
    for (at, step) in item.steps.iter().enumerate() {
        out.push(String::new());
        out.extend(columns(&format!("{} ", at + 1), 2, &step.text, &step.place, options.width));
        say(&mut out, 2, &format!("{} ({}), ease {:.2}, {}", step.step, step.attack, step.ease, step.confidence));
        if let Some((rule, place)) = &step.seen {
            say(&mut out, 2, &format!("seen happening: {rule} ({place})"));
        }
        if let Some(text) = explain(&step.step) {
            say(&mut out, 2, text);
        }
    }
    out.push(String::new());
    say(&mut out, 0, if item.fixes.is_empty() { "No fix was measured for this item." } else { "Fixes, best first:" });
    for fix in &item.fixes {
        let breaks = if fix.breaks.is_empty() { "breaks nothing that is known".to_owned() } else { fix.breaks.join("; ") };
        say(&mut out, 0, &format!("- {}", fix.title));
        say(
            &mut out,
            2,
            &format!(
                "{} fix, cost {}; cuts {}/{} paths; risk {} -> {}; {breaks}",
                fix.grain,
                fix.effort,
                fix.cuts,
                fix.of,
                figure(document.risk),
                figure(fix.residual)
            ),
        );
        for edit in &fix.edits {
            say(&mut out, 4, &edit.to_string());
        }
    }
    let mut text = out.join("\n");
    text.push('\n');
    text
}
