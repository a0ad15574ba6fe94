//! Audit commands: the few shapes that most of them have, recognised and answered without a shell.

use super::{File, NodeReport};
use regex::Regex;
use std::fmt::Write as _;

/// What a command does.
#[derive(Clone, Debug)]
pub struct Audit {
    guard: Option<String>,
    source: Source,
    filters: Vec<Filter>,
}

/// Where lines come from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    /// Command lines of processes.
    Processes,
    /// Command lines of the processes of a program.
    ProcessesOf(String),
    /// A file.
    Cat(String),
    /// Mode or owner of files.
    Stat(String, Vec<String>),
    /// The journal of units.
    Journal(Vec<String>),
    /// Paths below a folder, by the end and beginning of their names.
    Find(String, Option<String>),
}

#[derive(Clone, Debug)]
enum Filter {
    Grep(Regex, bool),
    LastLine,
    Stat(String),
}

/// Something a command looks at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Every process.
    Processes,
    /// A file's mode, owner and content.
    File(String),
    /// Everything below a folder.
    Folder(String),
    /// The journal of a unit.
    Journal(String),
}

/// Longest command that is looked at, in bytes.
const MAX_COMMAND: usize = 4096;

impl Audit {
    /// Recognises a command whose variables were put in; `None` where only a shell could answer.
    pub fn recognise(command: &str) -> Option<Self> {
        let mut command = command.trim();
        if command.len() > MAX_COMMAND {
            return None;
        }
        for shell in ["/bin/sh -c ", "sh -c ", "/bin/bash -c ", "bash -c "] {
            if let Some(script) = command.strip_prefix(shell) {
                let script = script.trim();
                let quoted = |mark: char| script.strip_prefix(mark).and_then(|s| s.strip_suffix(mark));
                command = quoted('\'').or_else(|| quoted('"'))?.trim();
            }
        }
        let (guard, body) = match command.strip_prefix("if test -e ") {
            Some(rest) => {
                let (path, rest) = rest.split_once(';')?;
                let body = rest.trim().strip_prefix("then")?.trim().strip_suffix("fi")?.trim();
                // What is echoed where there is no file tests nothing, as nothing does.
                let body = body.split_once("; else echo").map_or(body, |(body, _)| body);
                (Some(plain(path.trim())?), body.trim().trim_end_matches(';').trim())
            }
            None => (None, command),
        };
        let mut stages = split(body)?.into_iter();
        let source = source(&stages.next()?)?;
        let filters = stages.map(|words| filter(&words)).collect::<Option<_>>()?;
        Some(Self { guard, source, filters })
    }

    /// What must be looked at to answer it.
    pub fn needs(&self) -> Vec<Need> {
        let mut all: Vec<Need> = self.guard.iter().cloned().map(Need::File).collect();
        match &self.source {
            Source::Processes | Source::ProcessesOf(_) => all.push(Need::Processes),
            Source::Cat(path) => all.push(Need::File(path.clone())),
            Source::Stat(_, paths) => all.extend(paths.iter().cloned().map(Need::File)),
            Source::Find(path, _) => all.push(Need::Folder(path.clone())),
            Source::Journal(units) => all.extend(units.iter().cloned().map(Need::Journal)),
        }
        all
    }

    /// Whether it looks at a program that runs, so that printing nothing means that none does.
    pub fn of_program(&self) -> bool {
        matches!(self.source, Source::Processes | Source::ProcessesOf(_) | Source::Journal(_))
    }

    /// Its output on a node, or why that is unknown.
    pub fn run(&self, node: &NodeReport) -> Result<String, String> {
        if let Some(path) = &self.guard
            && !node.exists(path)?
        {
            return Ok(String::new());
        }
        let mut lines = self.lines(node)?;
        for filter in &self.filters {
            lines = match filter {
                Filter::Grep(pattern, invert) => {
                    lines.into_iter().filter(|line| pattern.is_match(line) != *invert).collect()
                }
                Filter::LastLine => lines.pop().into_iter().collect(),
                Filter::Stat(format) => stat(node, format, &lines)?,
            };
        }
        Ok(lines.join("\n"))
    }

    fn lines(&self, node: &NodeReport) -> Result<Vec<String>, String> {
        match &self.source {
            Source::Processes => {
                node.processes.clone().ok_or_else(|| "processes were not looked at".to_owned())
            }
            Source::ProcessesOf(name) => {
                let all = node.processes.as_ref().ok_or("processes were not looked at")?;
                let of = |line: &&String| program(line) == name;
                Ok(all.iter().filter(of).cloned().collect())
            }
            Source::Cat(path) => match node.file(path)? {
                None => Ok(Vec::new()),
                Some(file) => {
                    let content = file.content.as_ref().ok_or_else(|| format!("{path} was not read"))?;
                    Ok(content.lines().map(str::to_owned).collect())
                }
            },
            Source::Stat(format, paths) => stat(node, format, paths),
            Source::Journal(units) => {
                let of = |unit: &String| {
                    node.journal.get(unit).ok_or_else(|| format!("the journal of {unit} was not read"))
                };
                let all = units.iter().map(of).collect::<Result<Vec<_>, _>>()?;
                Ok(all.into_iter().flatten().cloned().collect())
            }
            Source::Find(path, name) => {
                let fits = |file: &String| {
                    let last = file.rsplit('/').next().unwrap_or_default();
                    name.as_deref().is_none_or(|name| glob(name, last))
                };
                Ok(node.below(path)?.into_iter().filter(|file| fits(file)).cloned().collect())
            }
        }
    }
}

/// The program of a command line.
fn program(line: &str) -> &str {
    let first = line.split_whitespace().next().unwrap_or_default();
    first.rsplit('/').next().unwrap_or_default()
}

fn stat(node: &NodeReport, format: &str, paths: &[String]) -> Result<Vec<String>, String> {
    let mut out = Vec::new();
    for path in paths {
        if node.by_api.contains(path) {
            return Err(format!("mode and owner of {path} were not looked at"));
        }
        if let Some(file) = node.file(path)? {
            out.push(formatted(format, path, file).ok_or_else(|| format!("stat -c {format} is not known"))?);
        }
    }
    Ok(out)
}

fn formatted(format: &str, path: &str, file: &File) -> Option<String> {
    let mut out = String::new();
    let mut rest = format.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match rest.next()? {
            'a' => {
                let _ = write!(out, "{:o}", file.mode);
            }
            'U' => out.push_str(&file.owner),
            'G' => out.push_str(&file.group),
            'n' => out.push_str(path),
            _ => return None,
        }
    }
    Some(out)
}

/// Whether a name fits a pattern of `*` alone.
fn glob(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => {
            let Some(name) = name.strip_prefix(start) else { return false };
            match rest.trim_start_matches('*') {
                "" => true,
                rest => (0..=name.len()).filter_map(|at| name.get(at..)).any(|tail| glob(rest, tail)),
            }
        }
    }
}

/// A word that the shell would take as it is.
fn plain(word: &str) -> Option<String> {
    let word = word.trim_matches('"');
    (!word.is_empty()
        && !word
            .contains(['$', '`', '*', '?', '[', '(', '<', '>', '&', ';', '|', '\\', '\'', '"', ' ', '\n']))
    .then(|| word.to_owned())
}

/// The words of each stage of a pipeline; `None` where the shell would do more than run them.
fn split(text: &str) -> Option<Vec<Vec<String>>> {
    let mut stages = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                let slot = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        end if end == c => break,
                        '$' | '`' if c == '"' => return None,
                        '\\' if c == '"' => return None,
                        inside => slot.push(inside),
                    }
                }
            }
            ' ' | '\t' => stages.last_mut()?.extend(word.take()),
            '|' => {
                stages.last_mut()?.extend(word.take());
                stages.push(Vec::new());
            }
            '$' | '`' | '*' | '?' | '[' | '(' | ')' | '<' | '>' | '&' | ';' | '\\' | '\n' | '{' | '}'
            | '~' | '#' => return None,
            other => word.get_or_insert_default().push(other),
        }
    }
    stages.last_mut()?.extend(word);
    stages.iter().all(|stage| !stage.is_empty()).then_some(stages)
}

fn name_of(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or_default()
}

fn source(words: &[String]) -> Option<Source> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (program, rest) = words.split_first()?;
    match (name_of(program), rest) {
        ("ps", ["-ef" | "-aux" | "aux" | "-eo" | "-ax"]) => Some(Source::Processes),
        ("ps", ["-fC", name]) => Some(Source::ProcessesOf((*name).to_owned())),
        ("cat", [path]) => Some(Source::Cat((*path).to_owned())),
        ("stat", ["-c", format, paths @ ..]) if !paths.is_empty() => {
            let paths = paths.iter().map(|path| (*path).to_owned()).collect();
            Some(Source::Stat((*format).to_owned(), paths))
        }
        ("journalctl", ["-m", units @ ..] | units) if !units.is_empty() => {
            let pairs = units.chunks(2).map(|pair| match pair {
                ["-u", unit] => Some((*unit).to_owned()),
                _ => None,
            });
            pairs.collect::<Option<_>>().map(Source::Journal)
        }
        ("find", [path]) => Some(Source::Find((*path).to_owned(), None)),
        ("find", [path, "-name", name]) => Some(Source::Find((*path).to_owned(), Some((*name).to_owned()))),
        _ => None,
    }
}

fn filter(words: &[String]) -> Option<Filter> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (program, rest) = words.split_first()?;
    match (name_of(program), rest) {
        ("grep", ["-v", pattern]) => Some(Filter::Grep(literal(pattern)?, true)),
        ("grep", [pattern] | ["--", pattern]) => Some(Filter::Grep(literal(pattern)?, false)),
        ("tail", ["-n1"] | ["-n", "1"] | ["-1"]) => Some(Filter::LastLine),
        ("xargs", ["stat", "-c", format] | ["--no-run-if-empty", "stat", "-c", format]) => {
            Some(Filter::Stat((*format).to_owned()))
        }
        _ => None,
    }
}

/// A pattern without anything special but the dot.
fn literal(pattern: &str) -> Option<Regex> {
    if pattern.starts_with('-')
        || pattern.contains(['[', ']', '*', '^', '$', '\\', '+', '?', '{', '}', '(', ')', '|'])
    {
        return None;
    }
    let parts: Vec<String> = pattern.split('.').map(regex::escape).collect();
    Regex::new(&parts.join(".")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node() -> NodeReport {
        let file = |mode, content: &str| {
            Some(File { mode, owner: "root".into(), group: "root".into(), content: Some(content.into()) })
        };
        NodeReport {
            processes: Some(vec![
                "/usr/bin/kube-apiserver --profiling=false".into(),
                "/usr/bin/kubelet --v=2".into(),
            ]),
            files: [
                ("/etc/a.conf".to_owned(), file(0o600, "x: 1\ny: 2")),
                ("/pki/ca.key".to_owned(), file(0o600, "")),
                ("/pki/ca.crt".to_owned(), file(0o644, "")),
                ("/absent".to_owned(), None),
            ]
            .into(),
            folders: ["/pki".to_owned()].into(),
            by_api: ["/etc/api.conf".to_owned()].into(),
            journal: [("k3s".to_owned(), vec!["Running a --x=1".to_owned(), "Running a --x=2".to_owned()])]
                .into(),
        }
    }

    fn run(command: &str) -> Option<Result<String, String>> {
        Some(Audit::recognise(command)?.run(&node()))
    }

    #[test]
    fn what_is_recognised() {
        for (command, want) in [
            ("/bin/ps -ef | grep kube-apiserver | grep -v grep", "/usr/bin/kube-apiserver --profiling=false"),
            ("/bin/ps -fC kubelet", "/usr/bin/kubelet --v=2"),
            (
                "/bin/sh -c 'if test -e /etc/a.conf; then stat -c permissions=%a /etc/a.conf; fi'",
                "permissions=600",
            ),
            ("/bin/sh -c 'if test -e /absent; then stat -c %U:%G /absent; fi' ", ""),
            (
                "/bin/sh -c \"if test -e /etc/a.conf; then stat -c %U:%G /etc/a.conf; else echo 'none'; fi\"",
                "root:root",
            ),
            ("cat /etc/a.conf | grep y", "y: 2"),
            ("find /pki/ -name '*.key' | xargs stat -c permissions=%a", "permissions=600"),
            ("find /pki -name '*.crt' | xargs stat -c '%n %a'", "/pki/ca.crt 644"),
            ("journalctl -m -u k3s | grep 'Running a' | tail -n1 | grep 'x'", "Running a --x=2"),
            ("ps -ef | tail -n1", "/usr/bin/kubelet --v=2"),
        ] {
            assert_eq!(run(command), Some(Ok(want.to_owned())), "{command}");
        }
    }

    #[test]
    fn what_only_a_shell_could_say() {
        for command in [
            "for i in a b; do echo $i; done",
            "stat -c %a $(cat /etc/a.conf)",
            "cat /etc/a.conf; rm -rf /",
            "cat /etc/a.conf > /b",
            "cat /etc/*",
            "kubectl get pods | jq .",
            "ps -ef | grep 'a*b'",
            "cat \"`id`\"",
            "",
        ] {
            assert!(Audit::recognise(command).is_none(), "{command}");
        }
    }

    #[test]
    fn what_was_not_looked_at_is_unknown() {
        assert!(run("stat -c %a /etc/api.conf").unwrap().is_err());
        assert!(run("journalctl -u k3s -u k3s-agent | tail -n1").unwrap().is_err());
        assert!(run("cat /etc/other").unwrap().is_err());
        assert!(run("find /other | xargs stat -c %a").unwrap().is_err());
        let none = NodeReport::default();
        assert!(Audit::recognise("ps -ef | grep a").unwrap().run(&none).is_err());
        assert_eq!(Audit::recognise("cat /a").unwrap().needs(), [Need::File("/a".into())]);
    }
}
