//! Fixes a program can make: written into the manifests, the finding is gone, nothing else of the file has changed, and
//! a real API server takes the result wherever it took the original.

use crate::e2e::decoder::{Served, files, served, valid};
use integration::{
    Case, Program, Skip, Suite, corpus, demand, needs_cluster, ringwall, root, tell, with_cluster,
};
use peers::cluster::{Api, Cluster};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tempfile::TempDir;

pub(crate) static SUITE: Suite = Suite { name: "fixes", cases };

/// Every check that has a fix a program can make, each shown by a fixture. One that is missing here fails the run.
static CHECKS: &[&str] = &[
    "network/external-ips",
    "network/host-port",
    "network/no-policy",
    "network/node-port",
    "rbac/binding-too-wide",
    "rbac/cluster-admin-bound",
    "rbac/legacy-token",
    "rbac/misspelt-field",
    "rbac/name-limited-create",
    "rbac/name-limited-list",
    "rbac/names-not-namespaces",
    "rbac/star-name",
    "rbac/void-name-limit",
    "rbac/wrong-group",
    "workloads/capabilities-kept",
    "workloads/confinement-off",
    "workloads/dangerous-capabilities",
    "workloads/host-namespaces",
    "workloads/host-path",
    "workloads/no-seccomp",
    "workloads/pod-security",
    "workloads/privilege-escalation",
    "workloads/privileged",
    "workloads/run-as-root",
    "workloads/runtime-socket",
    "workloads/shared-processes",
    "workloads/unneeded-token",
    "workloads/untrusted",
    "workloads/writable-root",
];

fn cases() -> Result<Vec<Case>, Skip> {
    needs_cluster()?;
    let mut cases = vec![
        Case::new("each-check", || each_check(&ringwall()?)),
        Case::new("diff-is-what-is-written", || diff(&ringwall()?)),
        Case::new("fixtures-on-a-server", || with_cluster(|c| on_server(c, "fixtures", &fixtures()))),
    ];
    for name in ["bad-pods", "kubernetes-goat"] {
        cases.push(Case::new(name, move || {
            let Some(corpus) = corpus() else {
                demand!(std::env::var("CI").as_deref() != Ok("true"), "no corpus");
                tell("fixes: skipped: no corpus");
                return Ok(());
            };
            with_cluster(|c| on_server(c, name, &corpus.join("manifests").join(name)))
        }));
    }
    Ok(cases)
}

fn fixtures() -> std::path::PathBuf {
    root().join("tests/fixes/fixtures")
}

/// A copy of a folder's manifests.
fn copy(from: &Path) -> Result<TempDir, String> {
    let to = tempfile::tempdir().map_err(|e| e.to_string())?;
    let all = files(from)?.into_iter().chain(Some(from.join("list.json")).filter(|path| path.is_file()));
    for path in all {
        let target = to.path().join(path.strip_prefix(from).map_err(|e| e.to_string())?);
        let text = std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        std::fs::create_dir_all(target.parent().unwrap_or(to.path())).map_err(|e| e.to_string())?;
        std::fs::write(&target, text).map_err(|e| e.to_string())?;
    }
    Ok(to)
}

/// Findings that a program can mend, by id: the check and what it says.
fn mendable(answer: &Value) -> BTreeMap<String, String> {
    let edits = |finding: &Value| {
        finding["fixes"].as_array().into_iter().flatten().any(|fix| fix["edits"].is_array())
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = answer["findings"].as_array().into_iter().flatten();
    all.filter(|f| edits(f))
        .map(|f| {
            (text(&f["id"]), format!("{} {}: {}", text(&f["rule"]), text(&f["target"]), text(&f["message"])))
        })
        .collect()
}

fn findings(ringwall: &Program, folder: &Path, only: &[&str]) -> Result<Value, String> {
    let words = [&["check", ".", "-o", "json"], only].concat();
    ringwall.clone().inside(folder).run(&words)?.json()
}

/// Mends until nothing more changes: some fixes wait for others, and some uncover what a worse one hid.
fn fix(ringwall: &Program, folder: &Path, only: &[&str]) -> Result<String, String> {
    let words = [&["check", ".", "--fix"], only].concat();
    for _ in 0..6 {
        let answer = ringwall.clone().inside(folder).run(&words)?;
        if answer.stderr.lines().any(|line| line.starts_with("0 fixes changed")) {
            return Ok(answer.stderr);
        }
    }
    Err("a sixth run of --fix still changes something".to_owned())
}

/// Each check by itself on a fresh copy: what its fixes promise holds.
fn each_check(ringwall: &Program) -> Result<(), String> {
    let all = findings(ringwall, &fixtures(), &[])?;
    let found: BTreeSet<String> =
        mendable(&all).values().filter_map(|what| what.split(' ').next()).map(str::to_owned).collect();
    let want: BTreeSet<String> = CHECKS.iter().map(|id| (*id).to_owned()).collect();
    demand!(
        found == want,
        "without a fixture: {:?}; not in the list: {:?}",
        want.difference(&found).collect::<Vec<_>>(),
        found.difference(&want).collect::<Vec<_>>()
    );
    for id in CHECKS {
        let folder = copy(&fixtures())?;
        let only = ["--only", *id];
        let before = mendable(&findings(ringwall, folder.path(), &only)?);
        let said = fix(ringwall, folder.path(), &only)?;
        let after = findings(ringwall, folder.path(), &only)?;
        let after: BTreeSet<&str> =
            after["findings"].as_array().into_iter().flatten().filter_map(|f| f["id"].as_str()).collect();
        // A fix that needs a document of its own in a JSON file is told, not made.
        let left: Vec<&String> = before
            .iter()
            .filter(|(id, what)| after.contains(id.as_str()) && !what.contains("fixes-json"))
            .map(|(_, what)| what)
            .collect();
        demand!(left.is_empty(), "{id} is still there after --fix: {left:#?}\n{said}");
    }
    Ok(())
}

/// `--dry-run` changes nothing, and its diff is the difference that `--fix` makes: comments and all.
fn diff(ringwall: &Program) -> Result<(), String> {
    let folder = copy(&fixtures())?;
    let here = ringwall.clone().inside(folder.path());
    let diff = here.run(&["check", "workloads.yaml", "--fix", "--dry-run"])?.exits(0)?.stdout.clone();
    let path = folder.path().join("workloads.yaml");
    let read = || std::fs::read_to_string(&path).map_err(|e| e.to_string());
    let old = read()?;
    demand!(
        std::fs::read_to_string(fixtures().join("workloads.yaml")).is_ok_and(|text| text == old),
        "--dry-run writes"
    );
    here.run(&["check", "workloads.yaml", "--fix"])?.exits(0)?;
    let new = read()?;
    for comment in old
        .lines()
        .filter(|line| !line.contains('"'))
        .filter_map(|line| line.split_once('#'))
        .map(|(_, comment)| comment)
    {
        demand!(new.contains(comment), "the comment `#{comment}` is gone:\n{new}");
    }
    let (gone, came): (Vec<&str>, Vec<&str>) = (
        diff.lines().filter_map(|l| l.strip_prefix('-')).filter(|l| !l.starts_with("--")).collect(),
        diff.lines().filter_map(|l| l.strip_prefix('+')).filter(|l| !l.starts_with("++")).collect(),
    );
    let lines = |text: &str| text.lines().count();
    demand!(
        lines(&old) + came.len() == lines(&new) + gone.len(),
        "the diff is not what was written:\n{diff}"
    );
    demand!(
        gone.iter().all(|line| old.lines().any(|l| l == *line)),
        "the diff removes what was not there:\n{diff}"
    );
    Ok(())
}

/// What a server says of each object of a folder, by kind, namespace and name.
type Said = BTreeMap<(String, String, String), Result<(), String>>;

fn ask(cluster: &Cluster, folder: &Path, served: &Served) -> Result<Said, String> {
    let mut objects: Vec<(String, Value)> = Vec::new();
    let mut names = BTreeSet::new();
    for file in files(folder)?.into_iter().chain(Some(folder.join("list.json")).filter(|path| path.is_file()))
    {
        let text = std::fs::read(&file).map_err(|e| e.to_string())?;
        for item in yaml::read(&text, &yaml::Caps::default()).0.into_iter().flat_map(yaml::items) {
            let part =
                |at: &str| item.value.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (version, kind) = (part("/apiVersion"), part("/kind"));
            let Some((plural, namespaced)) = served.get(&(version.clone(), kind)) else { continue };
            let mut value = item.value.clone();
            // Names of other runs must not matter.
            let namespace = Some(part("/metadata/namespace")).filter(|name| !name.is_empty());
            let namespace = namespaced.then(|| namespace.unwrap_or_else(|| "default".to_owned()));
            if let Some(namespace) = &namespace {
                value["metadata"]["namespace"] = json!(namespace);
                names.insert(namespace.clone());
            }
            let root = if version.contains('/') { "apis" } else { "api" };
            let place = namespace.map(|name| format!("namespaces/{name}/")).unwrap_or_default();
            objects.push((
                format!("/{root}/{version}/{place}{plural}?dryRun=All&fieldValidation=Strict"),
                value,
            ));
        }
    }
    let names: Vec<&str> = names.iter().map(String::as_str).filter(|name| valid(name)).collect();
    cluster.namespaces(&names)?;
    // A pod may only name a class that exists.
    let classes: Vec<(&str, &Value)> = objects
        .iter()
        .filter(|(_, object)| object["kind"] == "RuntimeClass")
        .filter_map(|(path, object)| Some((path.split_once('?')?.0, object)))
        .collect();
    for (path, class) in &classes {
        cluster.api().post(path, class)?;
    }
    let said = cluster.api().each(&objects, |api: &Api, (path, object)| {
        Ok(match api.post(path, object) {
            Err(refused) if refused.status != 409 => Err(refused.to_string()),
            _ => Ok(()),
        })
    });
    for (path, class) in &classes {
        let name = class["metadata"]["name"].as_str().unwrap_or_default();
        cluster.api().delete(&format!("{path}/{name}"))?;
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let name =
        |o: &Value| (text(&o["kind"]), text(&o["metadata"]["namespace"]), text(&o["metadata"]["name"]));
    Ok(objects.iter().map(|(_, object)| name(object)).zip(said?).collect())
}

/// Every fix of every check at once: what the server took it takes still, and what is new it takes.
fn on_server(cluster: &Cluster, name: &str, from: &Path) -> Result<(), String> {
    let ringwall = ringwall()?;
    let folder = copy(from)?;
    let served = served(cluster.api())?;
    let before = ask(cluster, folder.path(), &served)?;
    let mended = mendable(&findings(&ringwall, folder.path(), &[])?);
    fix(&ringwall, folder.path(), &[])?;
    let after = ask(cluster, folder.path(), &served)?;
    let new = |key: &(String, String, String)| before.get(key).is_none_or(Result::is_ok);
    let refused: Vec<String> = after
        .iter()
        .filter(|(key, _)| new(key))
        .filter_map(|(key, said)| said.as_ref().err().map(|why| format!("{key:?}: {why}")))
        .collect();
    let taken = before.values().filter(|said| said.is_ok()).count();
    let left = mendable(&findings(&ringwall, folder.path(), &[])?);
    tell(&format!(
        "fixes: {name}: the server takes {taken} of {} objects before, {} of {} after; {} findings mended, {} left",
        before.len(),
        after.values().filter(|said| said.is_ok()).count(),
        after.len(),
        mended.len() - mended.keys().filter(|id| left.contains_key(*id)).count(),
        left.len()
    ));
    demand!(refused.is_empty(), "the server refuses what was fixed: {refused:#?}");
    demand!(taken >= 8 && mended.len() >= 20, "{name}: {taken} objects, {} findings", mended.len());
    // Each of the two that may stay is told: no document can be put behind a JSON file.
    let left: Vec<&String> = left.values().filter(|what| !what.contains("fixes-json")).collect();
    demand!(left.is_empty(), "{name}: still there: {left:#?}");
    Ok(())
}
