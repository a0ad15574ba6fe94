//! Upstream's own pods: each passes or fails as its folder says, for the check its name says.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test reads the corpus"
)]

use model::Origin;
use pss::checks::CHECKS;
use pss::{Check, Level, Pod, violations};
use snapshot::Builder;
use std::path::{Path, PathBuf};

/// How many pods there are, and how many of them pass.
const ALL: usize = 839;

fn corpus() -> Option<PathBuf> {
    let given = std::env::var_os("RINGWALL_CORPUS").filter(|path| !path.is_empty()).map(PathBuf::from);
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let found = Some(given.unwrap_or_else(default)).filter(|path| path.is_dir());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "no corpus, and CI is set");
        println!("skipped: no corpus");
    }
    found.map(|corpus| corpus.join("pod-security"))
}

struct Case {
    path: PathBuf,
    level: Level,
    minor: u32,
    passes: bool,
    family: String,
    pod: serde_json::Value,
}

fn cases(root: &Path) -> Vec<Case> {
    let mut cases = Vec::new();
    let entries = |path: &Path| -> Vec<PathBuf> {
        let mut all: Vec<_> = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        all.sort();
        all
    };
    for level in [Level::Baseline, Level::Restricted] {
        for version in entries(&root.join(level.as_str())) {
            let minor =
                version.file_name().unwrap().to_str().unwrap().strip_prefix("v1.").unwrap().parse().unwrap();
            for (folder, passes) in [("pass", true), ("fail", false)] {
                for path in entries(&version.join(folder)) {
                    let stem = path.file_stem().unwrap().to_str().unwrap();
                    let family = stem.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
                    let (documents, _) = yaml::read(&std::fs::read(&path).unwrap(), &yaml::Caps::default());
                    let pod = documents.into_iter().flat_map(yaml::items).next().unwrap().value;
                    cases.push(Case { path, level, minor, passes, family, pod });
                }
            }
        }
    }
    cases
}

/// Judges a pod as the case asks: passing pods meet the level; failing ones break their check, or the one that the
/// level runs in its place.
type Engine = fn(&Pod<'_, '_>, Level, u32) -> Vec<&'static str>;

fn score(cases: &[Case], engine: Engine) -> (usize, Vec<String>) {
    let mut wrong = Vec::new();
    for case in cases {
        let mut builder = Builder::new("default");
        assert!(builder.add(case.pod.clone(), Origin::Builtin));
        let snapshot = builder.build();
        let template = snapshot.workloads().next().unwrap().parse();
        let broken = engine(&Pod::of(&template), case.level, case.minor);
        let right = if case.passes {
            // A silent engine would be right about these: it must also find what is wrong when something is.
            broken.is_empty()
                && !engine(
                    &Pod::of(&spoilt(case).workloads().next().unwrap().parse()),
                    case.level,
                    case.minor,
                )
                .is_empty()
        } else {
            let named = |check: &&Check| check.id.to_ascii_lowercase() == case.family;
            let check = CHECKS.iter().copied().find(named).expect(&case.family);
            broken.iter().any(|id| *id == check.id || overrides(id, check.id, case.minor))
        };
        if !right {
            wrong.push(format!("{}: {broken:?}", case.path.display()));
        }
    }
    (cases.len() - wrong.len(), wrong)
}

fn overrides(id: &str, other: &str, minor: u32) -> bool {
    let version = CHECKS.iter().find(|check| check.id == id).and_then(|check| check.at(Some(minor)));
    version.is_some_and(|version| version.overrides.contains(&other))
}

/// The same pod in the node's process namespace.
fn spoilt(case: &Case) -> snapshot::Snapshot {
    let mut pod = case.pod.clone();
    pod["spec"]["hostPID"] = true.into();
    let mut builder = Builder::new("default");
    assert!(builder.add(pod, Origin::Builtin));
    builder.build()
}

fn ours(pod: &Pod<'_, '_>, level: Level, minor: u32) -> Vec<&'static str> {
    violations(pod, level, Some(minor)).into_iter().map(|violation| violation.check).collect()
}

#[test]
fn upstream_pods_are_judged_as_their_folder_says() {
    let Some(corpus) = corpus() else { return };
    let cases = cases(&corpus);
    assert_eq!(cases.len(), ALL);
    let (right, wrong) = score(&cases, ours);
    println!("pod-security: {right} of {ALL}");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let (right, _) = score(&cases, |_, _, _| Vec::new());
    assert_eq!(right, 0, "an engine that says nothing scores");
}
