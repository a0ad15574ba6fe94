//! kube-bench's control files, lowered to what decides.

use model::Diagnostic;
use serde_json::Value;

/// The files of one benchmark.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Benchmark {
    /// Name of its folder (`cis-1.12`).
    pub name: String,
    /// Its control files.
    pub controls: Vec<Controls>,
}

/// One control file.
#[derive(Clone, Debug, PartialEq)]
pub struct Controls {
    /// The benchmark it says it belongs to.
    pub version: String,
    /// Its heading.
    pub text: String,
    /// Which section of the configuration its variables come from (`master`, `node`).
    pub section: String,
    /// Groups of controls; a file may have none.
    pub groups: Vec<Group>,
}

/// Controls under one heading.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// `1.1`.
    pub id: String,
    /// Heading.
    pub text: String,
    /// Controls, in the order of the file.
    pub checks: Vec<Control>,
}

/// Who answers a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A program.
    Automated,
    /// A person.
    Manual,
    /// Nobody: it is left out on purpose.
    Skip,
}

/// One control.
#[derive(Clone, Debug, PartialEq)]
pub struct Control {
    /// `1.1.1`.
    pub id: String,
    /// What it asks for.
    pub text: String,
    /// Who answers it.
    pub kind: Kind,
    /// Commands whose output is tested: of processes, of a configuration, of an environment.
    pub audit: Option<String>,
    /// The configuration's.
    pub audit_config: Option<String>,
    /// The environment's.
    pub audit_env: Option<String>,
    /// What is tested; `None` for nothing.
    pub tests: Option<Tests>,
    /// What to do.
    pub remediation: String,
    /// Whether a failure counts.
    pub scored: bool,
    /// Whether every line of the output is tested by itself.
    pub multiple: bool,
}

/// Tests and how they are joined.
#[derive(Clone, Debug, PartialEq)]
pub struct Tests {
    /// Whether one that holds is enough.
    pub any: bool,
    /// The tests.
    pub items: Vec<Item>,
}

/// One test.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// A flag or word in the output of `audit`.
    pub flag: String,
    /// A JSON path in the output of `audit_config`.
    pub path: String,
    /// A name in the output of `audit_env`.
    pub env: String,
    /// Whether it must be there (or must not).
    pub set: bool,
    /// What its value must be.
    pub compare: Option<Compare>,
}

/// A comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Compare {
    /// How.
    pub op: Op,
    /// With what.
    pub value: String,
}

/// Operators.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are upstream's own")]
pub enum Op {
    Eq,
    NotEq,
    Gt,
    Gte,
    Lt,
    Lte,
    Has,
    NotHave,
    Regex,
    ValidElements,
    Bitmask,
    /// One that is not known: what it asks cannot be answered.
    Unknown(String),
}

impl Op {
    fn parse(text: &str) -> Self {
        match text {
            "eq" => Self::Eq,
            "noteq" => Self::NotEq,
            "gt" => Self::Gt,
            "gte" => Self::Gte,
            "lt" => Self::Lt,
            "lte" => Self::Lte,
            "has" => Self::Has,
            "nothave" => Self::NotHave,
            "regex" => Self::Regex,
            "valid_elements" => Self::ValidElements,
            "bitmask" => Self::Bitmask,
            other => Self::Unknown(other.to_owned()),
        }
    }
}

/// Reads one control file; `None` for a file that is something else. A bad part never throws the rest away.
pub fn parse(text: &[u8], name: &str) -> (Option<Controls>, Vec<Diagnostic>) {
    let (documents, read) = yaml::read(text, &crate::cis::small());
    let mut diagnostics: Vec<Diagnostic> = read.into_iter().map(|d| d.in_document(name)).collect();
    let Some(value) =
        documents.into_iter().map(|document| document.value).find(|v| v.get("controls").is_some())
    else {
        return (None, diagnostics);
    };
    let mut reader = Reader { name, diagnostics: Vec::new() };
    let groups = list(&value, "groups").map(|group| Group {
        id: text_of(group, "id"),
        text: text_of(group, "text"),
        checks: list(group, "checks").map(|check| reader.control(check)).collect(),
    });
    let groups = groups.collect();
    let controls = Controls {
        version: text_of(&value, "version"),
        text: text_of(&value, "text"),
        section: text_of(&value, "type"),
        groups,
    };
    diagnostics.append(&mut reader.diagnostics);
    (Some(controls), diagnostics)
}

struct Reader<'n> {
    name: &'n str,
    diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn odd(&mut self, code: &'static str, id: &str, what: &str) {
        let message = model::escape(&format!("control {id}: {what}")).into_owned();
        self.diagnostics.push(Diagnostic::error(code, message).in_document(self.name));
    }

    fn control(&mut self, value: &Value) -> Control {
        let id = text_of(value, "id");
        let command = |field: &str| Some(text_of(value, field)).filter(|text| !text.trim().is_empty());
        let kind = match text_of(value, "type").as_str() {
            "" => Kind::Automated,
            "manual" => Kind::Manual,
            "skip" => Kind::Skip,
            other => {
                self.odd("cis/kind", &id, &format!("there is no type {other}"));
                Kind::Manual
            }
        };
        let tests = value.get("tests").filter(|tests| tests.is_object()).map(|tests| self.tests(&id, tests));
        Control {
            text: text_of(value, "text"),
            kind,
            audit: command("audit"),
            audit_config: command("audit_config"),
            audit_env: command("audit_env"),
            tests: tests.filter(|tests| !tests.items.is_empty()),
            remediation: text_of(value, "remediation"),
            scored: value.get("scored").and_then(Value::as_bool).unwrap_or(false),
            multiple: value.get("use_multiple_values").and_then(Value::as_bool).unwrap_or(false),
            id,
        }
    }

    fn tests(&mut self, id: &str, tests: &Value) -> Tests {
        let any = match text_of(tests, "bin_op").as_str() {
            "" | "and" => false,
            "or" => true,
            other => {
                self.odd("cis/operator", id, &format!("there is no bin_op {other}"));
                false
            }
        };
        Tests { any, items: list(tests, "test_items").map(|item| self.item(id, item)).collect() }
    }

    fn item(&mut self, id: &str, item: &Value) -> Item {
        let compare = item.get("compare").filter(|compare| compare.is_object()).map(|compare| {
            let op = Op::parse(&text_of(compare, "op"));
            if let Op::Unknown(op) = &op {
                self.odd("cis/operator", id, &format!("there is no operator {op}"));
            }
            Compare { op, value: text_of(compare, "value") }
        });
        Item {
            flag: text_of(item, "flag"),
            path: text_of(item, "path"),
            env: text_of(item, "env"),
            set: item.get("set").and_then(Value::as_bool).unwrap_or(true),
            compare,
        }
    }
}

fn list<'v>(value: &'v Value, field: &str) -> impl Iterator<Item = &'v Value> {
    value.get(field).and_then(Value::as_array).into_iter().flatten()
}

/// A scalar as text; nothing for what is none.
pub(super) fn text_of(value: &Value, field: &str) -> String {
    match value.get(field) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(flag)) => flag.to_string(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "controls:
version: own-1
id: 1
text: Own
type: node
groups:
  - id: 1.1
    text: Files
    checks:
      - id: 1.1.1
        text: mode
        audit: stat -c permissions=%a $kubeletconf
        tests:
          bin_op: or
          test_items:
            - flag: permissions
              compare: {op: bitmask, value: '600'}
            - flag: x
              set: false
        scored: true
      - {id: 1.1.2, text: by hand, type: manual}
";

    #[test]
    fn a_file() {
        let (controls, diagnostics) = parse(FILE.as_bytes(), "own.yaml");
        let controls = controls.unwrap();
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        assert_eq!((controls.section.as_str(), controls.groups[0].checks.len()), ("node", 2));
        let first = &controls.groups[0].checks[0];
        let tests = first.tests.as_ref().unwrap();
        assert!(tests.any && first.scored && !tests.items[1].set);
        assert_eq!(tests.items[0].compare, Some(Compare { op: Op::Bitmask, value: "600".into() }));
        assert_eq!(controls.groups[0].checks[1].kind, Kind::Manual);
    }

    #[test]
    fn an_operator_that_is_not_known_is_told() {
        let text = FILE.replace("bitmask", "noteqx");
        let (controls, diagnostics) = parse(text.as_bytes(), "own.yaml");
        assert_eq!(diagnostics.len(), 1);
        assert!(diagnostics[0].message.contains("noteqx"));
        let tests = controls.unwrap().groups[0].checks[0].tests.clone().unwrap();
        assert_eq!(tests.items[0].compare.as_ref().unwrap().op, Op::Unknown("noteqx".into()));
    }

    #[test]
    fn files_without_groups_and_files_that_are_something_else() {
        assert_eq!(parse(b"controls:\nversion: a\n", "a").0.unwrap().groups, []);
        assert!(parse(b"master: {components: []}", "config.yaml").0.is_none());
        assert!(parse(b"{", "broken").0.is_none());
    }
}
