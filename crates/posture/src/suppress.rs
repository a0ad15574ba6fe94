//! Suppressions: findings that somebody has accepted, with an owner, a reason and a day on which that ends.
//!
//! Written in a file of our own, in an annotation of the object, or in the ignore files of Trivy. What is past its day
//! hides nothing, and what matches nothing is told.

use model::{Diagnostic, Evidence, Finding, Origin, ResourceRef};
use serde::Deserialize;
use serde_json::Value;
use snapshot::Snapshot;

/// The annotation that suppresses findings about the object that carries it.
pub const ANNOTATION: &str = "ringwall.dev/suppress";

/// Entries of one file that are read.
const MOST: usize = 10_000;

/// A finding that somebody has accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// A check (`workloads/privileged`), an area (`workloads/*`), a control (`AVD-KSV-0017`, `KSV017`) or a finding
    /// (`RW-…`).
    pub id: String,
    /// What the finding must be about, as it is printed, `*` for any text; empty for anything.
    pub target: String,
    /// Files the finding must be in, `*` for any text; empty for all.
    pub paths: Vec<String>,
    /// Who accepted it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The last day on which it holds, `YYYY-MM-DD`; empty (in Trivy's files alone): for ever.
    pub until: String,
    /// Where it is written.
    pub written: String,
    /// The object whose annotation it is.
    pub object: Option<ResourceRef>,
}

/// What suppressions did to findings.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What is hidden, and by which suppression (its place in the list).
    pub hidden: Vec<(Finding, usize)>,
    /// Suppressions past their day, with how many findings they would hide.
    pub expired: Vec<(usize, usize)>,
    /// Suppressions that match nothing.
    pub unused: Vec<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    suppressions: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    #[serde(default)]
    target: String,
    owner: String,
    reason: String,
    until: String,
}

/// Reads suppressions: our own YAML (`suppressions:`), or Trivy's `.trivyignore` and `.trivyignore.yaml`.
///
/// An entry that cannot be used hides nothing and is told.
pub fn parse(name: &str, text: &[u8]) -> (Vec<Suppression>, Vec<Diagnostic>) {
    let lines = text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
    let mut meant = lines.filter(|line| !(line.is_empty() || line.starts_with(b"#") || *line == b"---"));
    // A list of ids has no colon behind its first word.
    let listed = meant.next().is_some_and(|line| {
        let word = line.split(|b| *b == b' ' || *b == b'\t').next().unwrap_or_default();
        !word.ends_with(b":") && !line.contains(&b'{')
    });
    if listed {
        return trivy_list(name, &String::from_utf8_lossy(text));
    }
    let (documents, mut told) = yaml::read(text, &yaml::Caps::default());
    told.iter_mut().for_each(|diagnostic| diagnostic.document = name.into());
    let mut all = Vec::new();
    for document in documents {
        if document.value.get("suppressions").is_some() {
            match serde_json::from_value::<File>(document.value) {
                Ok(file) => entries(name, file.suppressions, None, &mut all, &mut told),
                Err(why) => told.push(wrong(name, &why.to_string())),
            }
        } else if document.value.get("misconfigurations").is_some() {
            trivy_yaml(name, &document.value, &mut all, &mut told);
        } else {
            told.push(wrong(name, "neither `suppressions` nor Trivy's `misconfigurations` is in it"));
        }
    }
    (all, told)
}

/// Suppressions written in annotations of the objects themselves.
pub fn annotated(snapshot: &Snapshot) -> (Vec<Suppression>, Vec<Diagnostic>) {
    let (mut all, mut told) = (Vec::new(), Vec::new());
    for resource in snapshot.resources().iter().filter(|resource| resource.text().contains(ANNOTATION)) {
        let json = resource.json();
        let text = json.at(&["metadata", "annotations", ANNOTATION]).text().to_owned();
        if text.is_empty() {
            continue;
        }
        let name = format!("annotation of {}", resource.reference);
        let (documents, odd) = yaml::read(text.as_bytes(), &yaml::Caps::default());
        told.extend(odd.into_iter().map(|diagnostic| diagnostic.in_document(name.as_str())));
        for document in documents {
            let list = match document.value {
                Value::Array(list) => list,
                one => vec![one],
            };
            entries(&name, list, Some(&resource.reference), &mut all, &mut told);
        }
    }
    (all, told)
}

fn wrong(name: &str, why: &str) -> Diagnostic {
    Diagnostic::error("suppress/entry", why).in_document(name)
}

fn entries(
    name: &str,
    list: Vec<Value>,
    object: Option<&ResourceRef>,
    all: &mut Vec<Suppression>,
    told: &mut Vec<Diagnostic>,
) {
    for (number, value) in (1..).zip(list) {
        if number > MOST {
            told.push(wrong(name, &format!("more than {MOST} entries: the rest is not read")));
            return;
        }
        let entry = serde_json::from_value::<Entry>(value).map_err(|why| why.to_string()).and_then(|entry| {
            let empty = |field: &str| field.trim().is_empty();
            if empty(&entry.owner) || empty(&entry.reason) {
                return Err("owner and reason must say something".to_owned());
            }
            if !day(&entry.until) {
                return Err(format!("`until` is no day like 2027-03-31: {}", model::escape(&entry.until)));
            }
            if !known(&entry.id) {
                return Err(format!("no check, control or finding is called {}", model::escape(&entry.id)));
            }
            Ok(entry)
        });
        match entry {
            Ok(Entry { id, target, owner, reason, until }) => all.push(Suppression {
                id,
                target,
                paths: Vec::new(),
                owner,
                reason,
                until,
                written: format!("{name}, entry {number}"),
                object: object.cloned(),
            }),
            Err(why) => told.push(wrong(name, &format!("entry {number} hides nothing: {why}"))),
        }
    }
}

/// `AVD-KSV-0017 exp:2027-03-31 # why`, one a line. Ids that are none of ours are other scans'.
fn trivy_list(name: &str, text: &str) -> (Vec<Suppression>, Vec<Diagnostic>) {
    let (mut all, mut told) = (Vec::new(), Vec::new());
    let mut above = String::new();
    for (number, line) in (1..).zip(text.lines()) {
        let (words, comment) = line.split_once('#').unwrap_or((line, ""));
        let mut words = words.split_whitespace();
        let Some(id) = words.next() else {
            above = comment.trim().to_owned();
            continue;
        };
        if all.len() >= MOST {
            told.push(wrong(name, &format!("more than {MOST} entries: the rest is not read")));
            break;
        }
        let until = words.find_map(|word| word.strip_prefix("exp:")).unwrap_or_default();
        let reason =
            if comment.trim().is_empty() { std::mem::take(&mut above) } else { comment.trim().to_owned() };
        if !until.is_empty() && !day(until) {
            told.push(wrong(name, &format!("line {number} hides nothing: `exp:` is no day like 2027-03-31")));
        } else if control(id).is_some() && known(id) {
            all.push(of_trivy(name, id, (number, "line"), reason, until.to_owned(), Vec::new()));
        }
    }
    (all, told)
}

fn trivy_yaml(name: &str, value: &Value, all: &mut Vec<Suppression>, told: &mut Vec<Diagnostic>) {
    let list = value.get("misconfigurations").and_then(Value::as_array);
    for (number, entry) in (1..).zip(list.into_iter().flatten().take(MOST)) {
        let text = |field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (id, until) = (text("id"), text("expired_at"));
        let until = until.get(..10).unwrap_or(&until).to_owned();
        if !until.is_empty() && !day(&until) {
            let why = format!(
                "misconfigurations entry {number} hides nothing: `expired_at` is no day like 2027-03-31"
            );
            told.push(wrong(name, &why));
        } else if control(&id).is_some() && known(&id) {
            let paths = entry.get("paths").and_then(Value::as_array).into_iter().flatten();
            let paths = paths.filter_map(Value::as_str).map(str::to_owned).collect();
            all.push(of_trivy(name, &id, (number, "entry"), text("statement"), until, paths));
        }
    }
}

fn of_trivy(
    name: &str,
    id: &str,
    (number, what): (usize, &str),
    reason: String,
    until: String,
    paths: Vec<String>,
) -> Suppression {
    Suppression {
        id: id.to_owned(),
        target: String::new(),
        paths,
        owner: "nobody named".to_owned(),
        reason: if reason.is_empty() { "none given".to_owned() } else { reason },
        until,
        written: format!("{name}, {what} {number}"),
        object: None,
    }
}

/// Whether a text is a day of the calendar.
fn day(text: &str) -> bool {
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(at, b)| match at {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
    let part = |range| text.get(range).and_then(|part: &str| part.parse::<u32>().ok()).unwrap_or_default();
    shaped && (1..=12).contains(&part(5..7)) && (1..=31).contains(&part(8..10))
}

/// `AVD-KSV-0017`, `KSV-0017` and `KSV017` are one: the family and the number.
fn control(id: &str) -> Option<(String, u32)> {
    let id = id.to_ascii_uppercase();
    let id = id.strip_prefix("AVD-").unwrap_or(&id);
    let letters = id.find(|c: char| !c.is_ascii_alphabetic())?;
    let (family, number) = id.split_at_checked(letters)?;
    let number = number.trim_start_matches('-');
    (matches!(family, "KSV" | "KCV") && number.bytes().all(|b| b.is_ascii_digit()))
        .then(|| number.parse().ok().map(|number| (family.to_owned(), number)))
        .flatten()
}

/// Whether an id can match any finding of ours.
fn known(id: &str) -> bool {
    id.starts_with("RW-") || crate::checks().any(|check| of_rule(id, &check.rule))
}

fn of_rule(id: &str, rule: &model::Rule) -> bool {
    let area = id.strip_suffix("/*").is_some_and(|area| rule.id.split('/').next() == Some(area));
    let wanted = control(id);
    rule.id == id
        || area
        || rule.controls.iter().any(|own| *own == id || (wanted.is_some() && control(own) == wanted))
}

/// Whether a text is what a pattern says, `*` standing for any text.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut left) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let rest: Vec<&str> = parts.collect();
    let Some((last, middle)) = rest.split_last() else { return left.is_empty() };
    for part in middle {
        match left.find(part) {
            Some(at) => left = left.get(at.saturating_add(part.len())..).unwrap_or_default(),
            None => return false,
        }
    }
    left.ends_with(last)
}

impl Suppression {
    /// Whether a finding is what it speaks of.
    fn hits(&self, finding: &Finding) -> bool {
        let id = of_rule(&self.id, finding.rule) || (self.id.starts_with("RW-") && finding.id() == self.id);
        if !id || !(self.target.is_empty() || glob(&self.target, &finding.target.to_string())) {
            return false;
        }
        let Evidence::Field { resource, origin, .. } = &finding.evidence else {
            return self.object.is_none() && self.paths.is_empty();
        };
        let path = match origin {
            Origin::File { path, .. } => path.strip_prefix("./").unwrap_or(path),
            _ => "",
        };
        self.object.as_ref().is_none_or(|object| object == resource)
            && (self.paths.is_empty() || self.paths.iter().any(|pattern| glob(pattern, path)))
    }

    /// Whether its day is over.
    pub fn expired(&self, today: &str) -> bool {
        !self.until.is_empty() && self.until.as_str() < today
    }
}

/// Takes what is suppressed out of findings. `today` is `YYYY-MM-DD`.
pub fn apply(suppressions: &[Suppression], findings: &mut Vec<Finding>, today: &str) -> Outcome {
    let mut outcome = Outcome::default();
    let mut hits = vec![0usize; suppressions.len()];
    let all = std::mem::take(findings);
    for finding in all {
        let mut by = None;
        for (at, (suppression, hits)) in suppressions.iter().zip(&mut hits).enumerate() {
            if suppression.hits(&finding) {
                *hits = hits.saturating_add(1);
                if by.is_none() && !suppression.expired(today) {
                    by = Some(at);
                }
            }
        }
        match by {
            Some(at) => outcome.hidden.push((finding, at)),
            None => findings.push(finding),
        }
    }
    for (at, (suppression, hits)) in suppressions.iter().zip(hits).enumerate() {
        if suppression.expired(today) {
            outcome.expired.push((at, hits));
        } else if hits == 0 {
            outcome.unused.push(at);
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: &str = "{apiVersion: v1, kind: Pod, metadata: {name: cni, namespace: net}, spec: {hostPID: true, containers: \
                       [{name: a, image: 'registry.test/a:1', securityContext: {privileged: true}}]}}";

    fn after(text: &[u8], today: &str) -> (Vec<&'static str>, Outcome, Vec<String>) {
        let (list, told) = parse("file", text);
        let mut findings = crate::run(&crate::testing::snapshot(POD)).findings;
        let outcome = apply(&list, &mut findings, today);
        let left = findings.iter().map(|finding| finding.rule.id).collect();
        (left, outcome, told.into_iter().map(|d| d.message).collect())
    }

    fn own(id: &str, rest: &str) -> String {
        format!(
            "suppressions:\n- {{id: {id}, owner: net team, reason: it is the CNI, until: 2027-03-31{rest}}}\n"
        )
    }

    #[test]
    fn by_check_area_control_and_finding() {
        for (id, gone) in [
            ("workloads/privileged", 1),
            ("AVD-KSV-0017", 1),
            ("ksv017", 1),
            ("KSV-0017", 1),
            ("'workloads/*'", 8),
        ] {
            let (left, outcome, told) = after(own(id, "").as_bytes(), "2027-03-31");
            assert!(outcome.hidden.len() >= gone && told.is_empty(), "{id}: {told:?}");
            assert!(!left.contains(&"workloads/privileged") && !left.is_empty());
        }
        let findings = crate::run(&crate::testing::snapshot(POD)).findings;
        let one = own(&findings[0].id(), "");
        assert_eq!(after(one.as_bytes(), "2027-01-01").1.hidden.len(), 1);
    }

    #[test]
    fn only_what_it_names() {
        for (target, hits) in
            [("Pod net/*", 1), ("Pod net/cni", 1), ("*/cni", 1), ("Pod other/*", 0), ("Pod net", 0)]
        {
            let text = own("workloads/privileged", &format!(", target: '{target}'"));
            let outcome = after(text.as_bytes(), "2027-01-01").1;
            assert_eq!((outcome.hidden.len(), outcome.unused.len()), (hits, 1 - hits), "{target}");
        }
    }

    #[test]
    fn past_its_day_it_hides_nothing_and_is_told() {
        let (left, outcome, _) = after(own("workloads/privileged", "").as_bytes(), "2027-04-01");
        assert!(left.contains(&"workloads/privileged"));
        assert_eq!((outcome.hidden.len(), outcome.expired), (0, vec![(0, 1)]));
    }

    #[test]
    fn what_cannot_be_used_hides_nothing() {
        for text in [
            "suppressions:\n- {id: workloads/privileged, reason: r, until: 2027-03-31}\n",
            "suppressions:\n- {id: workloads/privileged, owner: o, reason: ' ', until: 2027-03-31}\n",
            "suppressions:\n- {id: workloads/privileged, owner: o, reason: r, until: soon}\n",
            "suppressions:\n- {id: workloads/privileged, owner: o, reason: r, until: 2027-03-31, targt: x}\n",
            "suppressions:\n- {id: workloads/nothing, owner: o, reason: r, until: 2027-03-31}\n",
            "suppressions:\n- {id: '*', owner: o, reason: r, until: 2027-03-31}\n",
            "other: 1\n",
            "a: [\n",
        ] {
            let (left, outcome, told) = after(text.as_bytes(), "2027-01-01");
            assert!(left.contains(&"workloads/privileged") && outcome.hidden.is_empty(), "{text}");
            assert_eq!(told.len(), 1, "{text}: {told:?}");
        }
    }

    #[test]
    fn ignore_files_of_trivy_keep_working() {
        let list = "# accepted in spring\nAVD-KSV-0017\nCVE-2024-1 exp:2020-01-01\nKSV010 exp:2020-01-01 # hostPID\n";
        let (left, outcome, told) = after(list.as_bytes(), "2027-01-01");
        assert!(!left.contains(&"workloads/privileged") && told.is_empty(), "{told:?}");
        assert!(outcome.expired.len() == 1 && left.contains(&"workloads/host-namespaces"));
        assert_eq!(parse("f", list.as_bytes()).0[0].reason, "accepted in spring");
        let yaml = "misconfigurations:\n- id: AVD-KSV-0017\n  statement: why\n  paths: ['other/*']\n- id: AVD-DS-0002\n";
        let (left, outcome, _) = after(yaml.as_bytes(), "2027-01-01");
        assert!(left.contains(&"workloads/privileged") && outcome.unused == [0]);
    }

    #[test]
    fn an_annotation_speaks_of_its_object_alone() {
        let text = format!(
            "{}\n---\n{}",
            POD.replace(
                "namespace: net",
                "namespace: net, annotations: {ringwall.dev/suppress: '{id: workloads/privileged, owner: o, reason: r, until: 2027-03-31}'}"
            ),
            POD.replace("name: cni", "name: other")
        );
        let snapshot = crate::testing::snapshot(&text);
        let (list, told) = annotated(&snapshot);
        assert!(list.len() == 1 && told.is_empty(), "{told:?}");
        let mut findings = crate::run(&snapshot).findings;
        let outcome = apply(&list, &mut findings, "2027-01-01");
        assert_eq!(outcome.hidden.len(), 1);
        assert!(
            findings
                .iter()
                .any(|f| f.rule.id == "workloads/privileged" && f.target.to_string() == "Pod net/other")
        );
    }

    #[test]
    fn globs() {
        for (pattern, text, want) in [
            ("*", "", true),
            ("a*c*", "abcd", true),
            ("a*b", "ab", true),
            ("a*ab", "ab", false),
            ("a", "ab", false),
        ] {
            assert_eq!(glob(pattern, text), want, "{pattern} {text}");
        }
    }
}
