//! What the checks say of real manifests, against reviewed lists. `UPDATE_EXPECT=1` writes them anew.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test reads files and says what it skipped"
)]

use model::{Escape, Origin, Predicate};
use posture::{Posture, checks, run, run_checks};
use rbac::{Rbac, ServerVersion};
use snapshot::{Builder, Snapshot};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The corpus; `None`, with a line that says so, where it is absent.
fn corpus() -> Option<PathBuf> {
    let given = std::env::var_os("RINGWALL_CORPUS").filter(|path| !path.is_empty()).map(PathBuf::from);
    let found = given.or_else(|| Some(root().join("../shared/corpus"))).filter(|path| path.is_dir());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "no corpus, and CI is set");
        println!("skipped: no corpus");
    }
    found
}

fn files(path: &Path, all: &mut Vec<PathBuf>) {
    if path.is_file() {
        let yaml = path.extension().is_some_and(|ext| ext == "yaml" || ext == "yml");
        all.extend(yaml.then(|| path.to_path_buf()));
        return;
    }
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(path).expect("readable").map(|entry| entry.expect("readable").path()).collect();
    entries.sort();
    entries.iter().for_each(|entry| files(entry, all));
}

fn read(paths: &[PathBuf]) -> Snapshot {
    let mut all = Vec::new();
    paths.iter().for_each(|path| files(path, &mut all));
    let mut builder = Builder::new("default");
    for path in all {
        let (documents, _) = yaml::read(&std::fs::read(&path).expect("readable"), &yaml::Caps::default());
        for item in documents.into_iter().flat_map(yaml::items) {
            builder.add(item.value, Origin::Builtin);
        }
    }
    builder.build()
}

fn shown(posture: &Posture) -> String {
    let mut out = String::new();
    for finding in &posture.findings {
        let _ = writeln!(
            out,
            "{:<8} {}  {}: {}",
            finding.severity.to_string(),
            finding.rule.id,
            finding.target,
            finding.message
        );
    }
    out
}

/// What the checks of rights say.
fn lint(snapshot: &Snapshot) -> Posture {
    let rbac = Rbac::new(snapshot, ServerVersion::LATEST);
    run_checks(snapshot, &rbac, checks().filter(|check| check.rule.id.starts_with("rbac/")))
}

fn golden(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, found).expect("readable");
    }
    let want = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == want, "{name} differs; found:\n{found}");
}

#[test]
fn kubernetes_goat() {
    let Some(corpus) = corpus() else { return };
    let snapshot = read(&[corpus.join("manifests/kubernetes-goat")]);
    golden("kubernetes-goat.txt", &shown(&run(&snapshot)));
}

#[test]
fn argo_cd() {
    let Some(corpus) = corpus() else { return };
    let folder = corpus.join("manifests/argo-cd");
    for (name, path) in [
        ("install", "install.yaml"),
        ("namespace-install", "namespace-install.yaml"),
        ("core-install", "core-install.yaml"),
        ("ha-install", "ha/install.yaml"),
    ] {
        let snapshot = read(&[folder.join(path)]);
        golden(&format!("argo-cd-{name}.txt"), &shown(&lint(&snapshot)));
    }
}

#[test]
fn bad_pods_have_their_own_ways_out() {
    let Some(corpus) = corpus() else { return };
    let folder = corpus.join("manifests/bad-pods");
    let root = |escape: &Escape| match escape {
        Escape::Privileged
        | Escape::RuntimeSocket { .. }
        | Escape::Capability(_)
        | Escape::VulnerableNode { .. } => true,
        Escape::HostPath { writable, .. } => *writable,
        _ => false,
    };
    for (class, reaches_root, names) in [
        ("everything-allowed", true, vec!["Privileged", "HostPid", "HostNetwork", "HostIpc", "HostPath"]),
        ("priv-and-hostpid", true, vec!["Privileged", "HostPid"]),
        ("priv", true, vec!["Privileged"]),
        ("hostpath", true, vec!["HostPath"]),
        ("hostpid", false, vec!["HostPid"]),
        ("hostnetwork", false, vec!["HostNetwork"]),
        // One of its DaemonSets sets all three.
        ("hostipc", false, vec!["HostIpc", "HostNetwork", "HostPid"]),
        ("nothing-allowed", false, vec![]),
    ] {
        let snapshot = read(&[folder.join(class)]);
        let workloads: BTreeSet<_> = snapshot.workloads().map(|w| w.reference().clone()).collect();
        assert!(workloads.len() >= 8, "{class}");
        let posture = run(&snapshot);
        let mut seen = BTreeSet::new();
        let mut rooted = BTreeSet::new();
        for fact in &posture.facts {
            if let (Predicate::Escapes(escape), model::Target::Workload(workload)) =
                (&fact.predicate, &fact.target)
            {
                seen.insert(
                    format!("{escape:?}").split([' ', '{', '(']).next().expect("readable").to_owned(),
                );
                if root(escape) {
                    rooted.insert(workload.clone());
                }
            }
        }
        assert_eq!(seen, names.into_iter().map(str::to_owned).collect(), "{class}");
        assert_eq!(rooted.len(), if reaches_root { workloads.len() } else { 0 }, "{class}");
    }
}

#[test]
fn the_defaults_of_the_corpus_are_silent_but_for_its_fork() {
    let Some(corpus) = corpus() else { return };
    let folder = corpus.join("rbac-bootstrap");
    let plain = [
        "cluster-roles",
        "cluster-role-bindings",
        "controller-roles",
        "controller-role-bindings",
        "namespace-roles",
        "namespace-role-bindings",
    ];
    let snapshot = read(&plain.map(|name| folder.join(format!("{name}.yaml"))));
    golden("rbac-bootstrap.txt", &shown(&lint(&snapshot)));
}

/// Who gains what from one install to the next, and what changes with HA.
#[test]
fn argo_cd_installs_differ_by_rights() {
    let Some(corpus) = corpus() else { return };
    let folder = corpus.join("manifests/argo-cd");
    let load = |path: &str| Rbac::new(&read(&[folder.join(path)]), ServerVersion::LATEST);
    let narrow = load("namespace-install.yaml");
    let mut out = String::new();
    for path in ["install.yaml", "ha/install.yaml", "core-install.yaml"] {
        gained(&mut out, &format!("namespace-install -> {path}"), &rbac::gains(&narrow, &load(path)));
    }
    gained(&mut out, "install -> ha/install", &rbac::gains(&load("install.yaml"), &load("ha/install.yaml")));
    gained(&mut out, "ha/install -> install", &rbac::gains(&load("ha/install.yaml"), &load("install.yaml")));
    golden("argo-cd-diff.txt", &out);
}

fn gained(out: &mut String, what: &str, gains: &[rbac::Gain]) {
    let _ = writeln!(out, "# {what}");
    for gain in gains {
        let _ = writeln!(out, "{} in {:?} through {}", gain.identity, gain.scope, gain.binding);
        for rule in &gain.rules {
            let _ = writeln!(out, "  {rule}");
        }
        let _ = writeln!(out, "  = {:?}", gain.capabilities);
    }
}

/// Where each account of the manifests leads.
#[test]
fn chains_of_rights() {
    let Some(corpus) = corpus() else { return };
    let mut out = String::new();
    for path in [
        "manifests/kubernetes-goat",
        "manifests/argo-cd/install.yaml",
        "manifests/argo-cd/namespace-install.yaml",
        "manifests/argo-cd/ha/install.yaml",
    ] {
        let snapshot = read(&[corpus.join(path)]);
        let rbac = Rbac::new(&snapshot, ServerVersion::LATEST);
        let _ = writeln!(out, "# {path}");
        let bound = rbac.bindings().iter().filter(|binding| !binding.default);
        let who: BTreeSet<_> = bound.flat_map(|binding| rbac.subjects_of(binding)).collect();
        for identity in who {
            let found = rbac::paths::paths(&rbac, &snapshot, &identity, &[]);
            let ends: Vec<String> =
                found.chains.iter().map(|c| format!("{} in {}", c.end.as_str(), c.steps.len())).collect();
            let _ = writeln!(out, "{identity}: becomes {}; {}", found.becomes, ends.join(", "));
        }
    }
    golden("chains.txt", &out);
}

/// Every bundled minor's own objects, as a live cluster lists them.
#[test]
fn the_servers_own_objects_are_silent() {
    for minor in rbac::defaults::MINORS {
        let mut builder = Builder::new("default");
        builder.taken(model::Timestamp::UNIX_EPOCH, Some(format!("v1.{minor}.0")));
        for default in rbac::defaults::table().filter(|default| default.minors.contains(&minor)) {
            builder.add(default.object(), Origin::Builtin);
        }
        let snapshot = builder.build();
        let rbac = Rbac::new(&snapshot, ServerVersion(minor));
        let checks = checks().filter(|check| check.rule.id.starts_with("rbac/"));
        // Accounts of controllers are made by the controller manager, which is not here.
        let found =
            run_checks(&snapshot, &rbac, checks.filter(|check| check.rule.id != "rbac/dangling-subject"));
        assert_eq!(shown(&found), "", "1.{minor}");
    }
}
