//! Real manifests: pages that a person has read and found right, and what must be in them whatever they look like.

use super::page::{self, names, page, texts};
use super::{Check, agrees, same};
use integration::{Answer, Case, Program, Skip, Suite, corpus, demand, ringwall, skip};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub(crate) static SUITE: Suite = Suite { name: "golden/corpus", cases };

/// (name of the golden file, words)
static PAGES: &[(&str, &[&str])] = &[
    ("kubernetes-goat", &["risk", "kubernetes-goat"]),
    ("bad-pods", &["risk", "bad-pods"]),
    ("argo-cd-namespace", &["risk", "argo-cd/namespace-install.yaml", "-n", "argocd"]),
    ("argo-cd", &["risk", "argo-cd/install.yaml", "-n", "argocd"]),
];

/// What `check` says of the same manifests, read finding by finding: (name of the golden file, words)
static FINDINGS: &[(&str, &[&str])] = &[
    ("check-kubernetes-goat", &["check", "kubernetes-goat"]),
    ("check-bad-pods", &["check", "bad-pods"]),
    ("check-argo-cd-namespace", &["check", "argo-cd/namespace-install.yaml", "-n", "argocd"]),
    ("check-argo-cd", &["check", "argo-cd/install.yaml", "-n", "argocd"]),
];

fn cases() -> Result<Vec<Case>, Skip> {
    let Some(manifests) = corpus().map(|corpus| corpus.join("manifests")).filter(|path| path.is_dir()) else {
        skip!("no corpus");
    };
    let here = move |folder: &Path| Ok::<_, String>(ringwall()?.inside(folder));
    let mut cases = Vec::new();
    for (name, words) in PAGES {
        let folder = manifests.clone();
        cases.push(Case::new(*name, move || {
            let ringwall = here(&folder)?;
            let answer = ringwall.run(words)?;
            page::fits(&answer.exits(0)?.stdout, 80, 23)?;
            same(name, &answer)?;
            agrees(&ringwall, words)
        }));
    }
    for (name, words) in FINDINGS {
        let folder = manifests.clone();
        cases.push(Case::new(*name, move || same(name, here(&folder)?.run(words)?.exits(0)?)));
    }
    let checks: [(&str, Check); 3] = [
        ("bad-pods-classes", bad_pods),
        ("goat-templates", goat_templates),
        ("argo-cd-namespace-stays-inside", argo_namespace),
    ];
    for (name, check) in checks {
        let folder = manifests.clone();
        cases.push(Case::new(name, move || check(&here(&folder)?)));
    }
    Ok(cases)
}

fn document(answer: &Answer) -> Result<Value, String> {
    answer.exits(0)?.json()
}

/// Four classes of pods get root on their node, each in its 16 forms; three weaker ones get what is theirs; the
/// class to which nothing is allowed is in no item.
fn bad_pods(ringwall: &Program) -> Result<(), String> {
    let document = document(&ringwall.run(&["risk", "bad-pods", "-o", "json"])?)?;
    let mut reached: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for item in page(&document) {
        let goal = item["goal"].as_str().unwrap_or_default();
        for workload in item["workloads"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let name = workload.strip_prefix("default/").unwrap_or(workload);
            let (class, _) =
                name.split_once("-exec-").or(name.split_once("-revshell-")).unwrap_or((name, ""));
            reached.entry((goal, class)).or_default().insert(workload);
        }
    }
    let of = |goal: &str| -> Vec<(&str, usize)> {
        reached.iter().filter(|((g, _), _)| *g == goal).map(|((_, class), all)| (*class, all.len())).collect()
    };
    let root = of("node root");
    let want = [("everything-allowed", 16), ("hostpath", 16), ("priv", 16), ("priv-and-hostpid", 16)];
    demand!(root == want, "node root is reached by {root:?}");
    // One DaemonSet of the hostipc class shares the node's network and processes as well: its author wrote it so.
    let weaker = [
        ("processes of its node", [("hostipc", 1), ("hostpid", 16)].as_slice()),
        ("network of its node", [("hostipc", 1), ("hostnetwork", 16)].as_slice()),
        ("IPC of its node", [("hostipc", 16)].as_slice()),
    ];
    for (goal, want) in weaker {
        let have = of(goal);
        demand!(have == want, "{goal} is reached by {have:?}");
    }
    let silent = reached.keys().any(|(_, class)| class.starts_with("nothing-allowed"));
    demand!(!silent, "a pod to which nothing is allowed is in an item");
    let text = document["items"].to_string();
    demand!(!text.contains("nothing-allowed"), "an item speaks of nothing-allowed");
    demand!(document["headline"]["workloads"] == 64, "the headline is {}", document["headline"]);
    demand!(document["headline"]["fromInternet"] == 0, "nothing here is open to the internet");
    Ok(())
}

/// The four Helm templates are named as what they are; the rest is read. They are no error of the run, since a
/// folder may hold a chart; each would be one if it had been named itself.
fn goat_templates(ringwall: &Program) -> Result<(), String> {
    let templates = [
        "templates/deployment.yaml",
        "templates/ingress.yaml",
        "templates/service.yaml",
        "test-connection.yaml",
    ];
    let answer = ringwall.run(&["risk", "kubernetes-goat", "--all"])?;
    let said = answer.exits(0)?.names(&templates)?.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in
        ["is a Helm template", "helm template kubernetes-goat/scenarios/metadata-db | ringwall risk -"]
    {
        demand!(said.contains(words), "--all does not say `{words}`:\n{}", answer.stdout);
    }
    let document = document(&ringwall.run(&["risk", "kubernetes-goat", "-o", "json"])?)?;
    let told = document["diagnostics"].as_array().map_or(0, Vec::len);
    demand!(told == 4, "{told} diagnostics: {}", document["diagnostics"]);
    demand!(
        texts(&document["gaps"], "what").iter().any(|what| what.contains("4 Helm templates")),
        "no gap counts them: {}",
        document["gaps"]
    );
    let one = "kubernetes-goat/scenarios/metadata-db/templates/service.yaml";
    let named = ringwall.run(&["risk", one, "-o", "json"])?.exits(3)?.json()?;
    let told = named["diagnostics"][0].as_str().unwrap_or_default();
    demand!(told.starts_with(one) && told.contains("is a Helm template"), "{one} is told as: {told}");
    Ok(())
}

/// Installed into one namespace it holds no rights outside of it.
fn argo_namespace(ringwall: &Program) -> Result<(), String> {
    let words = ["risk", "argo-cd/namespace-install.yaml", "-n", "argocd", "-o", "json"];
    let narrow = document(&ringwall.run(&words)?)?;
    let wide = ["risk", "argo-cd/install.yaml", "-n", "argocd", "-o", "json"];
    let wide = document(&ringwall.run(&wide)?)?;
    let goals = |document: &Value| -> BTreeSet<String> {
        page(document).iter().filter_map(|item| names(item).pop().map(str::to_owned)).collect()
    };
    demand!(!goals(&narrow).contains("cluster-admin"), "the namespaced install reaches {:?}", goals(&narrow));
    demand!(goals(&wide).contains("cluster-admin"), "the cluster install reaches only {:?}", goals(&wide));
    Ok(())
}
