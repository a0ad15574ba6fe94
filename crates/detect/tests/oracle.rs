//! Official conditions over captures: the same events as sysdig finds.
//!
//! The answers are kept beside the suite with sysdig's version. Only random conditions need sysdig itself: a folder
//! entered by chroot, which `cargo xtask peers sysdig` makes. `RINGWALL_SYSDIG=ROOT` names another, and has the kept
//! answers asked and written again.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    reason = "a test reads its corpus"
)]

use detect::condition::{Check, Expr, Op, Operand, Right};
use detect::falco::{Limits, Loader};
use detect::{DetectionRule, Engine, Matching, Replay, RuleSet};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const CAPTURES: [&str; 5] = [
    "test/trace_files/cat_write.scap",
    "test/trace_files/open-multiple-files.scap",
    "captures/curl_google.scap",
    "captures/single_ipv6_conn.scap",
    "captures/test_ipv6_client.scap",
];
const RULES: [&str; 3] =
    ["rules/falco_rules.yaml", "rules/falco-incubating_rules.yaml", "rules/falco-sandbox_rules.yaml"];

fn repo() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("RINGWALL_CORPUS").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| repo().join("../shared/corpus")).join("falco");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "no corpus at {}", folder.display());
    println!("skipped: no corpus");
    None
}

/// The folder with an unpacked sysdig that runs here, or why there is none.
fn sysdig_root() -> Result<PathBuf, String> {
    let root = match std::env::var_os("RINGWALL_SYSDIG") {
        Some(root) => PathBuf::from(root),
        None => {
            let cache = std::env::var_os("RINGWALL_CACHE").filter(|v| !v.is_empty()).map(PathBuf::from);
            let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/ringwall"));
            cache.or_else(home).ok_or("no cache folder")?.join("peers/sysdig").join(VERSION)
        }
    };
    let said =
        std::process::Command::new("chroot").arg(&root).args(["/usr/bin/sysdig", "--version"]).output();
    let said = said.map_err(|e| format!("no chroot: {e}"))?;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    match text.contains(VERSION) {
        true => Ok(root),
        false => {
            Err(format!("no sysdig {VERSION} in {}: `cargo xtask peers sysdig`, as root", root.display()))
        }
    }
}

/// The version the answers are of.
const VERSION: &str = "0.41.4";

/// The condition with every check of container and pod fields replaced by a constant: sysdig here has no such fields.
fn without_containers(expr: &Expr, holds: bool) -> Expr {
    let all = |parts: &[Arc<Expr>]| parts.iter().map(|e| Arc::new(without_containers(e, holds))).collect();
    match expr {
        Expr::And(parts) => Expr::And(all(parts)),
        Expr::Or(parts) => Expr::Or(all(parts)),
        Expr::Not(inner) => Expr::Not(Arc::new(without_containers(inner, holds))),
        Expr::Check(check) => {
            let mut foreign = false;
            check
                .fields(&mut |name, _| foreign |= name.starts_with("container.") || name.starts_with("k8s."));
            match foreign {
                false => expr.clone(),
                true => Expr::Check(Check {
                    left: Operand::Field { name: "evt.num".into(), arg: None },
                    op: if holds { Op::Gt } else { Op::Eq },
                    right: Right::Value("0".into()),
                    at: 0,
                }),
            }
        }
        Expr::Macro { .. } => expr.clone(),
    }
}

fn capture(corpus: &Path, name: &str) -> Vec<u8> {
    let bytes = std::fs::read(corpus.join(name)).expect("capture");
    event::scap::inflate(&bytes, &Default::default()).expect("inflates").0.into_owned()
}

/// Numbers of the events each rule holds for.
fn ours(rules: &[DetectionRule], bytes: &[u8]) -> BTreeMap<String, Vec<u64>> {
    let set = RuleSet { rules: rules.to_vec() };
    let (engine, errors) = Engine::compile(&set, "syscall", Matching::All);
    assert!(errors.is_empty(), "{errors:?}");
    let mut found: BTreeMap<String, Vec<u64>> = rules.iter().map(|r| (r.name.clone(), Vec::new())).collect();
    let mut replay = Replay::new(&engine, Default::default(), Default::default());
    replay
        .push(bytes, &mut |alert| found.entry(alert.rule).or_default().push(alert.number))
        .expect("the capture reads");
    found
}

/// Puts a capture where sysdig can read it, and says where that is for sysdig.
fn lend(root: &Path, capture: &Path) -> String {
    let name = capture.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let inside = root.join("tmp").join(format!("ringwall-{name}"));
    if !inside.exists() {
        std::fs::copy(capture, &inside).expect("copies");
    }
    format!("/tmp/ringwall-{name}")
}

fn sysdig(root: &Path, capture: &Path, condition: &str) -> Vec<u64> {
    let inside = lend(root, capture);
    let run = std::process::Command::new("chroot")
        .arg(root)
        .args(["/usr/bin/sysdig", "-r", &inside, "-p", "%evt.num", condition])
        .output()
        .expect("sysdig runs");
    assert!(run.status.success(), "{condition}: {}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8_lossy(&run.stdout).lines().filter_map(|line| line.trim().parse().ok()).collect()
}

fn rules(corpus: &Path, holds: bool) -> Vec<DetectionRule> {
    let mut loader = Loader::new(Limits::default());
    for file in RULES {
        loader.file(file, &std::fs::read(corpus.join(file)).expect("rules"));
    }
    let mut rules = loader.into_rules().rules;
    for rule in &mut rules {
        rule.enabled = true;
        rule.condition = Arc::new(without_containers(&rule.condition, holds));
    }
    rules
}

type Answers = BTreeMap<String, BTreeMap<String, Vec<u64>>>;

#[test]
fn official_conditions_find_the_same_events() {
    let Some(corpus) = corpus() else { return };
    let file = repo().join("tests/conformance/falco/sysdig-0.41.4.json");
    let ask = std::env::var_os("RINGWALL_SYSDIG").map(PathBuf::from);
    let mut answers: Answers =
        std::fs::read(&file).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    let (mut wrong, mut compared, mut hits) = (Vec::new(), 0, 0);
    for holds in [true, false] {
        let rules = rules(&corpus, holds);
        for name in CAPTURES {
            let key = format!("{name} {holds}");
            let mine = ours(&rules, &capture(&corpus, name));
            if let Some(root) = &ask {
                let asked =
                    |rule: &DetectionRule| sysdig(root, &corpus.join(name), &rule.condition.to_string());
                let found = rules.iter().map(|rule| (rule.name.clone(), asked(rule)));
                answers.insert(key.clone(), found.filter(|(_, events)| !events.is_empty()).collect());
            }
            let theirs = answers.get(&key).unwrap_or_else(|| panic!("no answers for {key}"));
            for (rule, events) in &mine {
                compared += 1;
                let want = theirs.get(rule).cloned().unwrap_or_default();
                hits += want.len();
                if *events != want {
                    wrong.push(format!("{key} {rule}: {events:?} instead of {want:?}"));
                }
            }
        }
    }
    if ask.is_some() {
        std::fs::write(&file, serde_json::to_string_pretty(&answers).expect("JSON") + "\n").expect("written");
    }
    println!("{compared} conditions compared, {hits} events found by both");
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
    assert!(hits > 10, "only {hits} hits: the comparison says nothing");
}

/// Fields whose values are compared one by one. Left out: `proc.cwd`, which this sysdig shows for no process.
const FIELDS: [&str; 64] = [
    "evt.num",
    "evt.type",
    "evt.dir",
    "evt.cpu",
    "evt.rawtime",
    "evt.res",
    "evt.rawres",
    "evt.failed",
    "evt.is_open_read",
    "evt.is_open_write",
    "evt.is_open_exec",
    "evt.is_io",
    "evt.is_io_read",
    "evt.is_io_write",
    "evt.arg.flags",
    "evt.arg.name",
    "evt.arg.mode",
    "evt.arg.path",
    "evt.arg.fd",
    "evt.arg.domain",
    "evt.arg.uid",
    "evt.buflen",
    "fd.num",
    "fd.type",
    "fd.typechar",
    "fd.name",
    "fd.directory",
    "fd.filename",
    "fd.cip",
    "fd.sip",
    "fd.lip",
    "fd.rip",
    "fd.cport",
    "fd.sport",
    "fd.lport",
    "fd.rport",
    "fd.l4proto",
    "fd.sockfamily",
    "fd.connected",
    "fd.name_changed",
    "proc.name",
    "proc.exe",
    "proc.args",
    "proc.cmdline",
    "proc.pname",
    "proc.pcmdline",
    "proc.pexe",
    "proc.pid",
    "proc.ppid",
    "proc.vpid",
    "proc.tty",
    "proc.sid",
    "proc.sname",
    "proc.exepath",
    "proc.aname[2]",
    "proc.aname[3]",
    "user.uid",
    "user.name",
    "user.loginuid",
    "group.gid",
    "group.name",
    "thread.tid",
    "proc.env",
    "proc.duration",
];

/// Every event of a capture with the values of `FIELDS`, as text; `<NA>` for none.
fn table(bytes: &[u8]) -> BTreeMap<u64, Vec<String>> {
    let output: Vec<String> = FIELDS.iter().map(|f| format!("%{f}")).collect();
    let text = format!(
        "- rule: all\n  desc: d\n  condition: evt.num>0\n  output: \"{}\"\n  priority: INFO\n  warn_evttypes: false\n",
        output.join(" ")
    );
    let mut loader = Loader::new(Limits::default());
    let result = loader.file("all", text.as_bytes());
    assert!(result.problems.is_empty(), "{}", result.text(true));
    let (engine, _) = Engine::compile(loader.rules(), "syscall", Matching::All);
    let mut replay = Replay::new(&engine, Default::default(), Default::default());
    let mut rows = BTreeMap::new();
    replay
        .push(bytes, &mut |alert| {
            let show = |field: &&str| match alert.fields.get(*field) {
                None | Some(serde_json::Value::Null) => "<NA>".to_owned(),
                Some(serde_json::Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            };
            rows.insert(alert.number, FIELDS.iter().map(show).collect());
        })
        .expect("reads");
    rows
}

#[test]
fn fields_have_the_values_sysdig_shows() {
    let Some(corpus) = corpus() else { return };
    let root = match sysdig_root() {
        Ok(root) => root,
        Err(why) => return println!("skipped: {why}"),
    };
    let mut wrong: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut compared = 0;
    for name in CAPTURES {
        let mine = table(&capture(&corpus, name));
        let inside = lend(&root, &corpus.join(name));
        for (n, field) in FIELDS.iter().enumerate() {
            let run = std::process::Command::new("chroot")
                .arg(&root)
                .args(["/usr/bin/sysdig", "-r", &inside, "-p"])
                .arg(format!("*%evt.num\u{1}%{field}"))
                .arg("evt.num>0")
                .output()
                .expect("sysdig runs");
            for line in String::from_utf8_lossy(&run.stdout).lines() {
                let Some((number, value)) = line.split_once('\u{1}') else { continue };
                let number: u64 = number.parse().expect("a number");
                let got = mine.get(&number).and_then(|row| row.get(n)).map_or("no event", String::as_str);
                compared += 1;
                // A call this sysdig knows by the processor's number for it, which the capture's own table has not.
                let native = *field == "evt.type" && got == "unknown";
                if got != value && !native {
                    wrong
                        .entry(field)
                        .or_default()
                        .push(format!("{name} {number}: '{got}' instead of '{value}'"));
                }
            }
        }
    }
    println!("{compared} values compared");
    let report: Vec<String> = wrong
        .iter()
        .map(|(field, all)| format!("{field}: {}\n    {}", all.len(), all[..all.len().min(4)].join("\n    ")))
        .collect();
    assert!(wrong.is_empty(), "{}", report.join("\n"));
}

/// A small generator of numbers: the same seed, the same conditions.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len())]
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// One check over a field and a value some event has.
fn check(dice: &mut Dice, rows: &[(u64, Vec<String>)]) -> String {
    loop {
        let n = dice.roll(FIELDS.len());
        let field = FIELDS[n];
        let value = dice.pick(rows).1[n].clone();
        let odd =
            value == "<NA>" || value.is_empty() || value.len() > 200 || value.chars().any(|c| c.is_control());
        let skipped = ["evt.buflen", "evt.dir", "evt.rawtime", "evt.arg.fd", "proc.duration", "evt.cpu"];
        if odd || value == "unknown" || skipped.contains(&field) {
            continue;
        }
        let text = field.starts_with("proc.") || field.ends_with("name") || field.starts_with("evt.arg.");
        let number = ["num", "uid", "gid", "pid", "tid", "tty", "sid", "rawres", "buflen", "port"];
        let number = number.iter().any(|end| field.ends_with(end)) && !field.starts_with("evt.arg");
        if number && value.parse::<i64>().is_ok() {
            let op = dice.pick(&["=", "!=", ">", ">=", "<", "<=", "in"]);
            return if *op == "in" {
                format!("{field} in ({value}, 77)")
            } else {
                format!("{field} {op} {value}")
            };
        }
        if !text || field == "proc.env" && dice.roll(3) > 0 {
            let op = dice.pick(&["=", "!=", "in", "exists"]);
            return match *op {
                "exists" => format!("{field} exists"),
                "in" => format!("{field} in ({})", quoted(&value)),
                op => format!("{field} {op} {}", quoted(&value)),
            };
        }
        let (from, to) = (dice.roll(value.len() + 1), dice.roll(value.len() + 1));
        let part = value.get(from.min(to)..from.max(to)).filter(|p| !p.is_empty() && p.trim() == *p);
        let part = part.unwrap_or(&value).to_owned();
        let op = dice.pick(&[
            "=",
            "!=",
            "contains",
            "icontains",
            "startswith",
            "endswith",
            "in",
            "glob",
            "exists",
            "pmatch",
        ]);
        return match *op {
            "exists" => format!("{field} exists"),
            "in" => format!("{field} in ({}, x, {})", quoted(&value), quoted(&part)),
            "pmatch" => format!("{field} pmatch ({})", quoted(&part)),
            "startswith" => {
                let end = (0..=value.len())
                    .rev()
                    .find(|n| value.is_char_boundary(*n) && *n <= to.max(1))
                    .unwrap_or(0);
                format!("{field} startswith {}", quoted(value.get(..end.max(1)).unwrap_or(&value)))
            }
            "glob" => format!("{field} glob {}", quoted(&format!("*{part}*"))),
            "icontains" => format!("{field} icontains {}", quoted(&part.to_uppercase())),
            "=" | "!=" => format!("{field} {op} {}", quoted(&value)),
            op => format!("{field} {op} {}", quoted(&part)),
        };
    }
}

fn condition(dice: &mut Dice, rows: &[(u64, Vec<String>)]) -> String {
    let parts: Vec<String> = (0..1 + dice.roll(3))
        .map(|_| {
            let check = check(dice, rows);
            if dice.roll(4) == 0 { format!("not {check}") } else { check }
        })
        .collect();
    let word: &str = if dice.roll(2) == 0 { " and " } else { " or " };
    parts.join(word)
}

#[test]
fn random_conditions_find_the_events_sysdig_finds() {
    let Some(corpus) = corpus() else { return };
    let root = match sysdig_root() {
        Ok(root) => root,
        Err(why) => return println!("skipped: {why}"),
    };
    let given = std::env::var("RINGWALL_SEED").ok().and_then(|s| s.parse().ok());
    let now =
        || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |d| d.as_secs());
    let seed = given.unwrap_or_else(now);
    let count = std::env::var("RINGWALL_CONDITIONS").ok().and_then(|s| s.parse().ok()).unwrap_or(300);
    println!("seed {seed}, {count} conditions");
    let mut dice = Dice(seed);
    let captures: Vec<_> = CAPTURES.iter().map(|name| (*name, capture(&corpus, name))).collect();
    let tables: Vec<Vec<(u64, Vec<String>)>> =
        captures.iter().map(|(_, bytes)| table(bytes).into_iter().collect()).collect();
    let (mut wrong, mut matching) = (Vec::new(), 0);
    for _ in 0..count {
        let at = dice.roll(captures.len());
        let text = condition(&mut dice, &tables[at]);
        let (name, bytes) = &captures[at];
        let rule =
            format!("- rule: r\n  desc: d\n  condition: >-\n    {text}\n  output: o\n  priority: INFO\n");
        let mut loader = Loader::new(Limits::default());
        let result = loader.file("r", rule.as_bytes());
        assert!(result.successful(), "{text}: {}", result.text(true));
        let mine = ours(&loader.rules().rules, bytes).remove("r").unwrap_or_default();
        let theirs = sysdig(&root, &corpus.join(name), &text);
        matching += usize::from(!theirs.is_empty());
        if mine != theirs {
            let only_mine: Vec<_> = mine.iter().filter(|n| !theirs.contains(n)).take(5).collect();
            let only_theirs: Vec<_> = theirs.iter().filter(|n| !mine.contains(n)).take(5).collect();
            wrong.push(format!("{name}: {text}\n    only here {only_mine:?}, only there {only_theirs:?}"));
        }
    }
    println!("{matching} of {count} match an event");
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
    assert!(matching * 2 >= count, "only {matching} of {count} match an event");
}
