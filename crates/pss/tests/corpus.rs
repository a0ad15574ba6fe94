//! Every pod of the upstream test data, at its level and minor: those that pass have no violation, those that fail
//! fail for the check their file names.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test reads files and says what it skipped"
)]

use model::Origin;
use pss::checks::CHECKS;
use pss::{Level, Pod, meets, violations};
use snapshot::Builder;
use std::path::{Path, PathBuf};

fn corpus() -> Option<PathBuf> {
    let given = std::env::var_os("RINGWALL_CORPUS").filter(|path| !path.is_empty()).map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let found = given.or(Some(beside)).filter(|path| path.is_dir());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "no corpus, and CI is set");
        println!("skipped: no corpus");
    }
    found
}

fn sorted(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).into_iter().flatten();
    let mut all: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    all.sort();
    all
}

fn name(path: &Path) -> String {
    path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[test]
fn every_pod() {
    let Some(corpus) = corpus() else { return };
    let (mut passed, mut failed) = (0, 0);
    for level in [Level::Baseline, Level::Restricted] {
        for version in sorted(&corpus.join("pod-security").join(level.as_str())) {
            let folder = version.file_name().expect("a folder has a name").to_string_lossy().into_owned();
            let minor: u32 = folder.strip_prefix("v1.").and_then(|minor| minor.parse().ok()).expect("v1.N");
            for file in sorted(&version.join("pass")).into_iter().chain(sorted(&version.join("fail"))) {
                let must_pass = file.parent().is_some_and(|folder| folder.ends_with("pass"));
                let (documents, _) =
                    yaml::read(&std::fs::read(&file).expect("readable"), &yaml::Caps::default());
                let mut builder = Builder::new("default");
                for document in documents {
                    assert!(builder.add(document.value, Origin::Builtin), "{}", file.display());
                }
                let snapshot = builder.build();
                let template = snapshot.workloads().next().expect("one pod").parse();
                let pod = Pod::of(&template);
                let found = violations(&pod, level, Some(minor));
                let shown = file.display();
                if must_pass {
                    assert!(found.is_empty(), "{shown}: {found:?}");
                    assert!(meets(&pod, Some(minor)) >= level, "{shown}");
                    passed += 1;
                } else {
                    let family = name(&file).trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
                    let names: Vec<String> = found.iter().map(|v| v.check.to_ascii_lowercase()).collect();
                    // A restricted check may stand for the baseline one.
                    let stands_for = |found: &str| {
                        let check = CHECKS.iter().find(|check| check.id.eq_ignore_ascii_case(found));
                        check
                            .and_then(|check| check.replaces)
                            .is_some_and(|id| id.eq_ignore_ascii_case(&family))
                    };
                    let told = names.iter().any(|found| *found == family || stands_for(found));
                    assert!(told, "{shown}: wanted {family}, found {names:?}");
                    assert!(meets(&pod, Some(minor)) < level, "{shown}");
                    failed += 1;
                }
            }
        }
    }
    assert_eq!((passed, failed), (77 + 112, 203 + 447));
}
