//! A control's tests against what its commands print.

use super::node::Need;
use super::shell::{Audit, Printed, Stop};
use super::{Compare, Control, Item, Kind, NodeReport, Op, Tests, Variables};
use regex::RegexBuilder;
use serde_json::Value;

/// The answer to a control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// It cannot be told, with the reason.
    Unknown(String),
    /// It is left out on purpose.
    Skipped,
}

/// An answer and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The verdict.
    pub verdict: Verdict,
    /// What the commands printed, the first lines of it.
    pub actual: String,
}

/// Where what a control asks comes from, when neither API nor node shows it.
pub trait Outputs {
    /// What a command prints that was not recognised, or why that is unknown.
    fn unrecognised(&self, command: &str) -> Result<Printed, String>;
}

/// Nobody runs commands: what is not recognised is unknown.
#[derive(Clone, Copy, Debug)]
pub struct NoShell;

impl Outputs for NoShell {
    fn unrecognised(&self, _: &str) -> Result<Printed, String> {
        Err(Stop::Shell.to_string())
    }
}

/// Answers one control, as upstream would, from what was looked at on a node.
pub fn judge(control: &Control, variables: &Variables, node: &NodeReport, others: &dyn Outputs) -> Answer {
    if control.kind == Kind::Skip {
        return Answer { verdict: Verdict::Skipped, actual: String::new() };
    }
    if control.kind == Kind::Manual {
        return unknown("upstream leaves it to a person".to_owned());
    }
    // Without a configuration to look at, the command line must say it.
    let half = |command: &String| {
        control.audit_config.is_none()
            && node.half_seen.iter().any(|name| variables.put_in(command).contains(name))
    };
    if control.audit.as_ref().is_some_and(half) {
        return unknown("the command line was not seen, only the configuration".to_owned());
    }
    let Some(tests) = &control.tests else {
        return unknown("it tests nothing: a person must look".to_owned());
    };
    let run =
        |command: &Option<String>| command.as_ref().map(|command| output(command, variables, node, others));
    let outputs = [run(&control.audit), run(&control.audit_config), run(&control.audit_env)];
    let actual =
        outputs.iter().flatten().find_map(|output| output.as_ref().ok()).cloned().unwrap_or_default();
    let verdict = tested(tests, &outputs, control.multiple);
    Answer { verdict, actual: actual.trim_end().chars().take(400).collect() }
}

/// What must be looked at to answer a control further than it is; `None` when nothing would help.
pub fn needs(control: &Control, variables: &Variables, node: &NodeReport) -> Vec<Need> {
    if control.kind != Kind::Automated {
        return Vec::new();
    }
    let need = |command: &String| match Audit::recognise(&variables.put_in(command))?.run(node) {
        Err(Stop::Needs(need)) => Some(need),
        _ => None,
    };
    [&control.audit, &control.audit_config, &control.audit_env]
        .into_iter()
        .flatten()
        .filter_map(need)
        .collect()
}

fn unknown(why: String) -> Answer {
    Answer { verdict: Verdict::Unknown(why), actual: String::new() }
}

fn output(
    command: &str,
    variables: &Variables,
    node: &NodeReport,
    others: &dyn Outputs,
) -> Result<String, String> {
    let command = variables.put_in(command);
    let Some(audit) = Audit::recognise(&command) else {
        return others.unrecognised(&command).map(|printed| printed.text);
    };
    let printed = match audit.run(node) {
        Ok(printed) => printed,
        Err(Stop::Shell) => others.unrecognised(&command)?,
        Err(stop) => return Err(stop.to_string()),
    };
    if audit.of_program() && (printed.status != 0 || printed.text.trim().is_empty()) {
        // A flag that must not be set is not set where nothing runs; that is no pass.
        return Err("nothing of what it looks for runs there".to_owned());
    }
    Ok(printed.text)
}

type Output = Option<Result<String, String>>;

/// Joins the tests as three-valued logic does: an unknown one decides only where the others do not.
fn tested(tests: &Tests, outputs: &[Output; 3], multiple: bool) -> Verdict {
    let results: Vec<Result<bool, String>> =
        tests.items.iter().map(|item| item_holds(item, outputs, multiple)).collect();
    let decides = tests.any;
    if results.contains(&Ok(decides)) {
        return if decides { Verdict::Pass } else { Verdict::Fail };
    }
    match results.into_iter().find_map(Result::err) {
        Some(why) => Verdict::Unknown(why),
        None if decides => Verdict::Fail,
        None => Verdict::Pass,
    }
}

/// The flag is looked for first; what is not found there is looked for in the configuration, then the environment.
fn item_holds(item: &Item, [audit, config, env]: &[Output; 3], multiple: bool) -> Result<bool, String> {
    let mut last = Ok(false);
    let mut why = None;
    let places = [(audit, &item.flag, false), (config, &item.path, true), (env, &item.env, false)];
    let mut asked = false;
    for (output, what, path) in places {
        let Some(output) = output else { continue };
        match output {
            Err(error) => why = why.or(Some(error.clone())),
            Ok(text) => {
                asked = true;
                let (found, holds) = in_output(item, text, what, path, multiple)?;
                last = Ok(holds);
                if found {
                    return last;
                }
            }
        }
    }
    match why {
        // Not found where it was looked for; where it was not, it may be.
        Some(why) => Err(why),
        None if asked => last,
        None => Err("there is nothing to look at".to_owned()),
    }
}

fn in_output(
    item: &Item,
    text: &str,
    what: &str,
    path: bool,
    multiple: bool,
) -> Result<(bool, bool), String> {
    let text = text.trim_end_matches([' ', '\n']);
    if multiple {
        // The last line that is tested decides, and the first that fails is the last.
        let mut last = (false, false);
        for line in text.split('\n') {
            last = once(item, line, what, path)?;
            if !last.1 {
                break;
            }
        }
        return Ok(last);
    }
    once(item, text, what, path)
}

fn once(item: &Item, text: &str, what: &str, path: bool) -> Result<(bool, bool), String> {
    let value = if path { at_path(text, what)? } else { flag(text, what, item.compare.is_some()) };
    let found = value.is_some();
    let holds = match (&value, &item.compare, item.set) {
        (Some(value), Some(compare), true) => compared(value, compare)?,
        (_, _, set) => {
            // An operator that is not known asks something even where nothing is found.
            if let Some(Compare { op: Op::Unknown(op), .. }) = &item.compare {
                return Err(format!("there is no operator {op}"));
            }
            found == set
        }
    };
    Ok((found, holds))
}

/// The value of a flag in some text: what follows it after `=` or `:`, or the next word where a value is compared; of a
/// bare `--flag` true.
fn flag(text: &str, flag: &str, compared: bool) -> Option<String> {
    if flag.is_empty() {
        return None;
    }
    let (_, rest) = text.split_once(flag)?;
    let mut rest = rest;
    loop {
        let next = rest
            .strip_prefix('=')
            .or_else(|| rest.strip_prefix(':').map(|rest| rest.trim_start_matches(' ')));
        match next {
            Some(next) => rest = next,
            None => break,
        }
    }
    let value: &str = rest.split(char::is_whitespace).next().unwrap_or_default();
    if !value.is_empty() {
        return Some(value.to_owned());
    }
    let next = text.match_indices(flag).find_map(|(at, _)| {
        let rest = text.get(at.saturating_add(flag.len())..)?;
        let word = rest.trim_start().split(char::is_whitespace).next().filter(|word| !word.is_empty())?;
        (rest.starts_with(char::is_whitespace) && !word.starts_with('-')).then(|| word.to_owned())
    });
    Some(match next.filter(|_| compared) {
        Some(next) => next,
        None if flag.starts_with("--") => "true".to_owned(),
        None => flag.to_owned(),
    })
}

/// The value at a JSON path: `{.a.b-c}`, or `{range .list[:]}{}{','}{end}`.
fn at_path(text: &str, path: &str) -> Result<Option<String>, String> {
    if path.is_empty() || text.trim().is_empty() {
        return Ok(None);
    }
    let (documents, _) = yaml::read(text.as_bytes(), &crate::cis::small());
    let root = documents
        .into_iter()
        .next()
        .map(|document| document.value)
        .ok_or("the configuration cannot be read")?;
    let inner = path.trim().trim_start_matches('{').trim_end_matches('}');
    let (dotted, list) = match inner.strip_prefix("range ") {
        Some(rest) => (rest.split_once("[:]").ok_or("the path is not known")?.0, true),
        None => (inner, false),
    };
    let dotted = dotted.strip_prefix('.').ok_or("the path is not known")?;
    if dotted.contains(['[', '*', '?', '@', '(']) {
        return Err(format!("the path {path} is not known"));
    }
    let value = dotted.split('.').try_fold(&root, |at, part| at.get(part));
    Ok(match value {
        None | Some(Value::Null) => None,
        Some(Value::Array(items)) if list => {
            let all: Vec<String> = items.iter().map(scalar).collect();
            Some(all.join(",")).filter(|text| !text.is_empty())
        }
        Some(other) => Some(scalar(other)).filter(|text| !text.is_empty()),
    })
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn compared(value: &str, compare: &Compare) -> Result<bool, String> {
    let want = compare.value.as_str();
    let number =
        |text: &str| text.trim().parse::<i64>().map_err(|_| format!("{} is no number", model::escape(text)));
    let numbers = || Ok::<_, String>((number(value)?, number(want)?));
    let elements = |text: &str| -> Vec<String> {
        text.trim_end_matches(',').split(',').map(|part| part.trim().to_owned()).collect()
    };
    Ok(match &compare.op {
        Op::Eq => equal(value, want),
        Op::NotEq => !equal(value, want),
        Op::Gt => numbers().map(|(a, b)| a > b)?,
        Op::Gte => numbers().map(|(a, b)| a >= b)?,
        Op::Lt => numbers().map(|(a, b)| a < b)?,
        Op::Lte => numbers().map(|(a, b)| a <= b)?,
        Op::Has => value.contains(want),
        Op::NotHave => !value.contains(want),
        Op::Regex => {
            let pattern = RegexBuilder::new(want).size_limit(1 << 20).build();
            pattern.map_err(|_| "its pattern is none".to_owned())?.is_match(value)
        }
        Op::ValidElements => {
            let allowed = elements(want);
            elements(value).iter().all(|element| allowed.contains(element))
        }
        Op::Bitmask => {
            let octal = |text: &str| {
                u32::from_str_radix(text.trim(), 8).map_err(|_| format!("{} is no mode", model::escape(text)))
            };
            let (has, most) = (octal(value)?, octal(want)?);
            most & has == has
        }
        Op::Unknown(op) => return Err(format!("there is no operator {op}")),
    })
}

/// Booleans in any case, everything else as it is.
fn equal(value: &str, want: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    if matches!(lower.as_str(), "true" | "false") { lower == want } else { value == want }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cis::{File, Task};

    fn item(flag: &str, path: &str, set: bool, compare: Option<(Op, &str)>) -> Item {
        let compare = compare.map(|(op, value)| Compare { op, value: value.to_owned() });
        Item { flag: flag.into(), path: path.into(), env: String::new(), set, compare }
    }

    fn control(items: Vec<Item>, any: bool, config: bool) -> Control {
        Control {
            id: "1".into(),
            text: String::new(),
            kind: Kind::Automated,
            audit: Some("ps -fC kubelet".into()),
            audit_config: config.then(|| "cat /conf".into()),
            audit_env: None,
            tests: Some(Tests { any, items }),
            remediation: String::new(),
            scored: true,
            multiple: false,
        }
    }

    fn verdict(control: &Control, process: Option<&str>, conf: Option<&str>) -> Verdict {
        let file = |content: &str| File { mode: 0o600, content: Some(content.into()), ..File::default() };
        let node = NodeReport {
            processes: process.map(|line| vec![Task::of_command(line)]),
            files: conf.map(|content| ("/conf".to_owned(), Some(file(content)))).into_iter().collect(),
            ..NodeReport::default()
        };
        judge(control, &Variables::default(), &node, &NoShell).verdict
    }

    #[test]
    fn operators() {
        for (op, value, want, holds) in [
            (Op::Eq, "False", "false", true),
            (Op::Eq, "Webhook", "webhook", false),
            (Op::NotEq, "a", "b", true),
            (Op::Gte, "30", "30", true),
            (Op::Gt, "30", "30", false),
            (Op::Lte, "5", "7", true),
            (Op::Has, "Node,RBAC", "RBAC", true),
            (Op::NotHave, "Node,RBAC", "AlwaysAllow", true),
            (Op::Regex, "abc", "^a.c$", true),
            (Op::ValidElements, "A,B,", "B,A,C", true),
            (Op::ValidElements, "A,X", "A,B", false),
            (Op::Bitmask, "600", "644", true),
            (Op::Bitmask, "640", "600", false),
        ] {
            let compare = Compare { op: op.clone(), value: want.to_owned() };
            assert_eq!(compared(value, &compare), Ok(holds), "{op:?} {value} {want}");
        }
        assert!(compared("x", &Compare { op: Op::Gt, value: "1".into() }).is_err());
        assert!(compared("x", &Compare { op: Op::Unknown("noteqx".into()), value: "1".into() }).is_err());
    }

    #[test]
    fn the_flag_first_then_the_configuration() {
        let one =
            item("--anonymous-auth", "{.authentication.anonymous.enabled}", true, Some((Op::Eq, "false")));
        let control = control(vec![one], false, true);
        let conf = "authentication:\n  anonymous:\n    enabled: false\n";
        assert_eq!(verdict(&control, Some("kubelet --anonymous-auth=true"), Some(conf)), Verdict::Fail);
        assert_eq!(verdict(&control, Some("kubelet"), Some(conf)), Verdict::Pass);
        assert_eq!(verdict(&control, Some("kubelet"), Some("{}")), Verdict::Fail);
        // What was not looked at may hold it.
        assert!(matches!(verdict(&control, Some("kubelet"), None), Verdict::Unknown(_)));
        assert!(matches!(verdict(&control, None, None), Verdict::Unknown(_)));
    }

    #[test]
    fn what_does_not_run_passes_nothing() {
        let control = control(vec![item("--token", "", false, None)], false, false);
        assert!(matches!(verdict(&control, Some("bash"), None), Verdict::Unknown(_)));
        assert_eq!(verdict(&control, Some("kubelet"), None), Verdict::Pass);
    }

    #[test]
    fn three_valued_and_absent() {
        let (absent, odd) =
            (item("--token", "", false, None), item("--x", "", true, Some((Op::Unknown("q".into()), "1"))));
        let both = |any| control(vec![absent.clone(), odd.clone()], any, false);
        assert_eq!(verdict(&both(true), Some("kubelet"), None), Verdict::Pass);
        assert!(matches!(verdict(&both(false), Some("kubelet"), None), Verdict::Unknown(_)));
        assert_eq!(verdict(&both(false), Some("kubelet --token=1"), None), Verdict::Fail);
    }

    #[test]
    fn values_of_flags() {
        for (text, name, want) in [
            ("a --x=1 b", "--x", Some("1")),
            ("a --x: 2", "--x", Some("2")),
            ("a --x b", "--x", Some("true")),
            ("permissions=600", "permissions", Some("600")),
            ("root:root", "root:root", Some("root:root")),
            ("a", "--x", None),
            ("a --x b", "--x", Some("true")),
        ] {
            assert_eq!(flag(text, name, false).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn a_flag_with_its_value_in_the_next_word() {
        assert_eq!(flag("a --x b --y", "--x", true).as_deref(), Some("b"));
        assert_eq!(flag("a --x --y", "--x", true).as_deref(), Some("true"));
    }

    #[test]
    fn every_line_by_itself() {
        let mode = item("permissions", "", true, Some((Op::Bitmask, "600")));
        let lines = |text: &str| in_output(&mode, text, "permissions", false, true).unwrap().1;
        assert!(lines("permissions=600\npermissions=400\n"));
        assert!(!lines("permissions=600\npermissions=644\n"));
        assert!(!lines("permissions=644\npermissions=600\n"));
        // Nothing to test is no pass.
        assert!(!lines(""));
    }

    #[test]
    fn paths() {
        let conf = "a:\n  b-c: 1\nlist: [p, q]\n";
        let at = |path: &str| at_path(conf, path);
        assert_eq!(at("{.a.b-c}"), Ok(Some("1".into())));
        assert_eq!(at(".a.b-c"), Ok(Some("1".into())));
        assert_eq!(at("{range .list[:]}{}{','}{end}"), Ok(Some("p,q".into())));
        assert_eq!(at("{.none}"), Ok(None));
        assert!(at("{.list[*].x}").is_err());
    }
}
