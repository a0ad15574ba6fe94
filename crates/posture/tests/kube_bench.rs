//! Every benchmark folder of kube-bench, read as it is: the counts are known, and nobody passes by doing nothing.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test reads the corpus"
)]

use posture::cis::own::Topic;
use posture::cis::{
    Audit, Benchmark, Control, Kind, NoShell, NodeReport, Op, Variables, Verdict, judge, parse,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn corpus() -> Option<PathBuf> {
    let given = std::env::var_os("RINGWALL_CORPUS").filter(|path| !path.is_empty()).map(PathBuf::from);
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let found = Some(given.unwrap_or_else(default)).filter(|path| path.is_dir());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "no corpus, and CI is set");
        println!("skipped: no corpus");
    }
    found.map(|corpus| corpus.join("kube-bench/cfg"))
}

fn sorted(path: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

fn load(root: &Path) -> (Vec<Benchmark>, Vec<String>, usize) {
    let (mut all, mut odd, mut empty) = (Vec::new(), Vec::new(), 0);
    for folder in sorted(root).into_iter().filter(|path| path.is_dir()) {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let mut benchmark = Benchmark { name, controls: Vec::new() };
        for file in sorted(&folder).iter().filter(|file| file.extension().is_some_and(|ext| ext == "yaml")) {
            let (controls, diagnostics) = parse(&std::fs::read(file).unwrap(), file.to_str().unwrap());
            odd.extend(diagnostics.into_iter().map(|d| format!("{}: {}", d.document, d.message)));
            if let Some(controls) = controls {
                empty += usize::from(controls.groups.is_empty());
                benchmark.controls.push(controls);
            }
        }
        all.push(benchmark);
    }
    (all, odd, empty)
}

fn controls(all: &[Benchmark]) -> impl Iterator<Item = &Control> {
    all.iter().flat_map(|b| &b.controls).flat_map(|c| &c.groups).flat_map(|g| &g.checks)
}

#[test]
fn all_benchmarks_load_with_the_known_counts() {
    let Some(root) = corpus() else { return };
    let (all, odd, empty) = load(&root);
    println!("{odd:#?}");
    assert_eq!(all.len(), 46);
    assert_eq!((controls(&all).count(), empty), (4860, 16));
    assert_eq!(controls(&all).filter(|control| control.audit.is_some()).count(), 3191);
    let kinds = |kind| controls(&all).filter(|control| control.kind == kind).count();
    assert_eq!((kinds(Kind::Automated), kinds(Kind::Manual), kinds(Kind::Skip)), (2952, 1588, 320));
    let mut ops: BTreeMap<String, usize> = BTreeMap::new();
    let items = || controls(&all).filter_map(|control| control.tests.as_ref()).flat_map(|tests| &tests.items);
    for compare in items().filter_map(|item| item.compare.as_ref()) {
        *ops.entry(format!("{:?}", compare.op)).or_default() += 1;
    }
    let want = [
        ("Eq", 814),
        ("Bitmask", 488),
        ("NotHave", 218),
        ("Has", 212),
        ("Gte", 102),
        ("ValidElements", 77),
        ("NotEq", 73),
        ("Gt", 22),
        ("Regex", 11),
        ("Lte", 1),
        ("Unknown(\"noteqx\")", 1),
    ];
    assert_eq!(ops, want.into_iter().map(|(op, count)| (op.to_owned(), count)).collect());
    assert_eq!(odd.iter().filter(|line| line.contains("noteqx")).count(), 1);
    let cis = all.iter().find(|benchmark| benchmark.name == "cis-1.12").unwrap();
    assert_eq!(controls(std::slice::from_ref(cis)).count(), 131);
}

#[test]
fn most_commands_are_recognised_and_nothing_passes_unseen() {
    let Some(root) = corpus() else { return };
    let (all, ..) = load(&root);
    let common = std::fs::read(root.join("config.yaml")).unwrap();
    let (mut recognised, mut commands) = (0, 0);
    for benchmark in &all {
        let own = std::fs::read(root.join(&benchmark.name).join("config.yaml")).unwrap_or_default();
        for controls in &benchmark.controls {
            let nothing = NodeReport::default();
            let (variables, _) = Variables::parse(&common, &own, &controls.section, &nothing);
            for control in controls.groups.iter().flat_map(|group| &group.checks) {
                for command in [&control.audit, &control.audit_config].into_iter().flatten() {
                    commands += 1;
                    let known = Audit::recognise(&variables.put_in(command)).is_some();
                    recognised += usize::from(known);
                }
                // Nobody looked: nothing may pass, and nothing may fail.
                let verdict = judge(control, &variables, &nothing, &NoShell).verdict;
                let fine = matches!(verdict, Verdict::Unknown(_) | Verdict::Skipped);
                assert!(fine, "{} {}: {verdict:?}", benchmark.name, control.id);
            }
        }
    }
    let share = 100 * recognised / commands;
    println!("{recognised} of {commands} commands are answered without a shell ({share} %)");
    assert!(share >= 84);
}

#[test]
fn an_operator_that_is_not_known_is_never_a_pass() {
    let Some(root) = corpus() else { return };
    let (all, ..) = load(&root);
    let odd = |control: &&Control| {
        let items = control.tests.iter().flat_map(|tests| &tests.items);
        items.filter_map(|item| item.compare.as_ref()).any(|compare| matches!(compare.op, Op::Unknown(_)))
    };
    let control = controls(&all).find(odd).unwrap();
    println!("{control:?}");
    let node = NodeReport { processes: Some(Vec::new()), ..NodeReport::default() };
    assert!(matches!(judge(control, &Variables::default(), &node, &NoShell).verdict, Verdict::Unknown(_)));
}

/// Topics are found by what a control asks, in every benchmark.
#[test]
fn most_automated_controls_have_a_topic() {
    let Some(root) = corpus() else { return };
    let (all, ..) = load(&root);
    let mut of_cis = (0, 0);
    let mut counts = (0, 0);
    for benchmark in &all {
        for group in benchmark.controls.iter().flat_map(|controls| &controls.groups) {
            for control in &group.checks {
                let topic = usize::from(Topic::of(control, &group.text).is_some());
                counts = (counts.0 + topic, counts.1 + 1);
                if benchmark.name == "cis-1.12" {
                    of_cis = (of_cis.0 + topic, of_cis.1 + 1);
                    assert!(topic == 1, "{} {}", control.id, control.text);
                }
            }
        }
    }
    println!("{} of {} controls have a topic; of cis-1.12 {} of {}", counts.0, counts.1, of_cis.0, of_cis.1);
    assert_eq!(of_cis, (131, 131));
    assert!(100 * counts.0 / counts.1 >= 75, "{counts:?}");
}

/// A check names controls by their numbers in cis-1.12, and no others.
#[test]
fn checks_carry_controls_that_exist() {
    let Some(root) = corpus() else { return };
    let (all, ..) = load(&root);
    let of = |name: &str| all.iter().find(|benchmark| benchmark.name == name).unwrap();
    let ids = |name: &str| -> BTreeSet<String> {
        controls(std::slice::from_ref(of(name))).map(|control| control.id.clone()).collect()
    };
    let (cis, gke) = (ids("cis-1.12"), ids("gke-1.9.0"));
    for rule in posture::checks().map(|check| &check.rule) {
        for control in rule.controls {
            let known = match (control.strip_prefix("CIS GKE "), control.strip_prefix("CIS ")) {
                (Some(id), _) => gke.contains(id),
                (None, Some(id)) => cis.contains(id),
                (None, None) => true,
            };
            assert!(known, "{}: there is no {control}", rule.id);
        }
    }
}
