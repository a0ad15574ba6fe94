//! The rows of Falco's expectations, through the real command line under the name `falco`.
//!
//! Which ones hold is in `passing.txt`; what differs from the rows' time, and why, is in the tables here.

use integration::{
    Answer, Case, Outcome, Program, Ratchet, Skip, Suite, corpus, demand, ringwall, root, skip,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(crate) static SUITE: Suite = Suite { name: "conformance/falco", cases };

const K8S: &str = "plugins/k8saudit/rules/k8s_audit_rules.yaml";
const OUTPUTS: &str = "expected-outputs/outputs.go";

/// Rows written for a loader that was laxer: the error today's gives.
const REFUSED: &[(&str, &str)] = &[
    ("compat_engine_v4_create_disallowed_pod", "'contains' operator not supported for list fields"),
    ("compat_engine_v4_create_allowed_pod", "'contains' operator not supported for list fields"),
    ("compat_engine_v4_create_unprivileged_pod", "'contains' operator not supported for list fields"),
    // Its lists are named otherwise in today's rules.
    ("create_unprivileged_trusted_pod", "list is appended to, but no list by that name exists"),
];

/// Opens were seen twice, on enter and on exit: today's exits are half of the rows' 8.
const SEEN_TWICE: &[&str] = &["rule_names_with_regex_chars", "multiple_rules_suppress_info"];

/// Today's counts where they differ otherwise: (row, rule, count).
const COUNTS: &[(&str, &str, u64)] = &[("catchall_order", "dev_null", 3)];

/// What was on the command line of a row, which the row does not keep.
const OPTIONS: &[(&str, &[&str])] = &[
    ("time_iso_8601", &["time_format_iso_8601=true"]),
    ("json_output_no_output_property", &["json_include_output_property=false"]),
    ("json_output_no_tags_property", &["json_include_tags_property=false"]),
    ("stdout_output_strict", &["time_format_iso_8601=true"]),
    ("stdout_output_json_strict", &["time_format_iso_8601=true", "json_output=true"]),
    ("file_output_strict", &["time_format_iso_8601=true"]),
    ("program_output_strict", &["time_format_iso_8601=true"]),
];

fn cases() -> Result<Vec<Case>, Skip> {
    let Some(folder) = corpus().map(|corpus| corpus.join("falco")).filter(|folder| folder.is_dir()) else {
        skip!("no corpus");
    };
    let text = std::fs::read(folder.join("expectations.json")).map_err(|e| Skip(e.to_string()))?;
    let rows: Vec<Value> = serde_json::from_slice(&text).map_err(|e| Skip(e.to_string()))?;
    let all = rows.clone();
    let of_all = folder.clone();
    let rows = rows.into_iter().map(|row| {
        let folder = folder.clone();
        Case::pending(name(&row).to_owned(), move || judge(&folder, &row))
    });
    let idle = Case::new("doing-nothing-scores-nothing", move || nothing_scores_nothing(&of_all, &all));
    Ok(rows.chain([idle]).collect())
}

fn name(row: &Value) -> &str {
    row["name"].as_str().unwrap_or_default()
}

fn judge(folder: &Path, row: &Value) -> Result<Outcome, String> {
    let ringwall = ringwall()?;
    Ratchet::of(include_str!("passing.txt")).judge(name(row), "detect", hold(folder, row, &ringwall))
}

fn nothing_scores_nothing(folder: &Path, rows: &[Value]) -> Result<(), String> {
    for script in ["exit 0", "exit 1", "echo 'Events detected: 0'"] {
        let idle = Program::new("/bin/sh").with(&["-c", script, "sh"]);
        // Rows that want silence or a refusal are the ones such a program may hold.
        let scored: Vec<&str> = rows
            .iter()
            .filter(|row| row["detect"] == true && !refused(row) && hold(folder, row, &idle).is_ok())
            .map(name)
            .collect();
        demand!(scored.is_empty(), "`{script}` holds {}", scored.join(", "));
    }
    Ok(())
}

fn refused(row: &Value) -> bool {
    row["exit_status"] == 1 || REFUSED.iter().any(|(of, _)| *of == name(row))
}

fn texts<'r>(row: &'r Value, key: &str) -> impl Iterator<Item = &'r str> {
    row[key].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Where a row's file lies. A folder of rules that the corpus lacks is our own.
fn file(folder: &Path, file: &str) -> PathBuf {
    match file {
        "test/rules/rules_dir" => root().join("tests/conformance/falco/rules_dir"),
        other => folder.join(other),
    }
}

/// Runs a row; `extra` are further options.
fn run(folder: &Path, row: &Value, ringwall: &Program, extra: &[String]) -> Result<Answer, String> {
    let mut words = vec!["falco".to_owned()];
    let mut add = |flag: &str, value: String| words.extend([flag.to_owned(), value]);
    if row["needs_default_rules"] == true {
        add("-r", folder.join(K8S).display().to_string());
    }
    texts(row, "rules").for_each(|rules| add("-r", file(folder, rules).display().to_string()));
    texts(row, "disabled_rules").for_each(|text| add("-D", text.to_owned()));
    texts(row, "disable_tags").for_each(|tag| add("-T", tag.to_owned()));
    texts(row, "run_tags").for_each(|tag| add("-t", tag.to_owned()));
    let trace = folder.join(row["trace"].as_str().unwrap_or_default()).display().to_string();
    match trace.ends_with(".json") {
        true => {
            add("-o", "plugins[0].name=k8saudit".to_owned());
            add("-o", format!("plugins[0].open_params={trace}"));
        }
        false => {
            add("-o", "engine.kind=replay".to_owned());
            add("-o", format!("engine.replay.capture_file={trace}"));
        }
    }
    if let Some(priority) = row["priority"].as_str() {
        add("-o", format!("priority={priority}"));
    }
    if row["json_output"] == true {
        add("-o", "json_output=true".to_owned());
    }
    let known = OPTIONS.iter().filter(|(of, _)| *of == name(row)).flat_map(|(_, options)| *options);
    known.for_each(|option| add("-o", (*option).to_owned()));
    extra.iter().for_each(|option| add("-o", option.clone()));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    ringwall.clone().env("FALCO_HOSTNAME", "test-falco-hostname").run(&words)
}

fn hold(folder: &Path, row: &Value, ringwall: &Program) -> Result<(), String> {
    let answer = run(folder, row, ringwall, &[])?;
    if let Some((_, error)) = REFUSED.iter().find(|(of, _)| *of == name(row)) {
        return answer.exits(1)?.talks_of(&[error]).map(drop);
    }
    if row["exit_status"] == 1 {
        return answer.exits(1)?.talks_of(&["cannot be both"]).map(drop);
    }
    answer.exits(0)?;
    let (total, levels, rules) = statistics(&answer.stdout).ok_or("no statistics at the end")?;
    demand!(row["detect"] == (total > 0), "{total} events detected");
    let wanted: Vec<String> = match &row["level"] {
        Value::String(level) => vec![level.to_uppercase()],
        Value::Array(levels) => levels.iter().filter_map(|l| Some(l.as_str()?.to_uppercase())).collect(),
        _ => Vec::new(),
    };
    let same = |level: &str, wanted: &str| level == wanted || (level == "INFORMATIONAL" && wanted == "INFO");
    let odd = levels.keys().find(|level| !wanted.iter().any(|wanted| same(level, wanted)));
    demand!(wanted.is_empty() || odd.is_none(), "alerts of level {odd:?}");
    for (rule, want) in
        row["counts"].as_array().into_iter().flatten().flat_map(|c| c.as_object().into_iter().flatten())
    {
        // The old name of what is two rules today.
        let names: &[&str] = match rule.as_str() {
            "K8s Role/Clusterrole Deleted" => &["K8s Role Deleted", "K8s ClusterRole Deleted"],
            other => &[other],
        };
        let got: u64 = names.iter().filter_map(|name| rules.get(*name)).sum();
        let mut want = want.as_u64().unwrap_or(u64::MAX);
        if SEEN_TWICE.contains(&name(row)) && want == 8 {
            want = 4;
        }
        if let Some((.., today)) = COUNTS.iter().find(|(of, r, _)| *of == name(row) && r == rule) {
            want = *today;
        }
        demand!(got == want, "{rule}: {got} instead of {want}");
    }
    shown(row, &answer)?;
    strict(folder, row, ringwall, &answer)
}

type Counts = BTreeMap<String, u64>;

/// What the reference prints at its end: all, by severity, by rule.
fn statistics(text: &str) -> Option<(u64, Counts, Counts)> {
    let after = text.rsplit_once("Events detected: ")?.1;
    let total = after.lines().next()?.trim().parse().ok()?;
    let (levels, rules) =
        after.split_once("Rule counts by severity:")?.1.split_once("Triggered rules by rule name:")?;
    let counts = |text: &str| {
        let one = |line: &str| {
            let (name, n) = line.trim().rsplit_once(": ")?;
            Some((name.to_owned(), n.parse().ok()?))
        };
        text.lines().filter_map(one).collect()
    };
    Some((total, counts(levels), counts(rules)))
}

/// Whether the lines are as the row wants them.
fn shown(row: &Value, answer: &Answer) -> Result<(), String> {
    let Some(pattern) = row["stdout_contains"].as_str() else { return Ok(()) };
    match pattern.strip_prefix("^(?!.*").and_then(|rest| rest.strip_suffix(')')) {
        // "Nothing like this" is written as a look ahead, which this crate has not.
        Some(absent) => {
            let absent = regex::Regex::new(absent).map_err(|e| e.to_string())?;
            demand!(!absent.is_match(&answer.stdout), "a line is like {absent}:\n{}", answer.stdout);
        }
        None => {
            let pattern = regex::Regex::new(pattern).map_err(|e| e.to_string())?;
            let any = answer.stdout.lines().any(|line| pattern.is_match(line));
            demand!(any, "no line is like {pattern}:\n{}", answer.stdout);
        }
    }
    Ok(())
}

/// To the byte: the lines kept by upstream, of which every second one is an exit.
fn strict(folder: &Path, row: &Value, ringwall: &Program, answer: &Answer) -> Result<(), String> {
    let kept = std::fs::read_to_string(folder.join(OUTPUTS)).map_err(|e| format!("{OUTPUTS}: {e}"))?;
    let exits = |json: bool| -> Vec<&str> {
        let all = kept.lines().map(|line| line.trim_start_matches(['\t', '`']));
        all.filter(|line| line.starts_with(if json { "{\"hostname\"" } else { "2016-" }))
            .skip(1)
            .step_by(2)
            .collect()
    };
    let same = |text: &str, json: bool| {
        let got: Vec<&str> = text.lines().take_while(|line| !line.starts_with("Events detected")).collect();
        demand!(
            got.len() == 4 && got == exits(json),
            "lines differ:\n{}\n{}",
            got.join("\n"),
            exits(json).join("\n")
        );
        Ok(())
    };
    let scratch = tempfile::tempdir().map_err(|e| e.to_string())?;
    let out = scratch.path().join("alerts");
    let shown = out.display();
    match name(row) {
        "stdout_output_strict" => same(&answer.stdout, false),
        "stdout_output_json_strict" => same(&answer.stdout, true),
        "file_output_strict" => {
            let options = [
                "stdout_output.enabled=false".to_owned(),
                "file_output.enabled=true".to_owned(),
                format!("file_output.filename={shown}"),
            ];
            let quiet = run(folder, row, ringwall, &options)?;
            demand!(!quiet.stdout.contains("2016-"), "stdout was not asked for:\n{}", quiet.stdout);
            same(&std::fs::read_to_string(&out).map_err(|e| e.to_string())?, false)
        }
        "program_output_strict" => {
            let options = [
                "program_output.enabled=true".to_owned(),
                format!("program_output.program='cat >> {shown}'"),
            ];
            run(folder, row, ringwall, &options)?;
            same(&std::fs::read_to_string(&out).map_err(|e| e.to_string())?, false)
        }
        _ => Ok(()),
    }
}
