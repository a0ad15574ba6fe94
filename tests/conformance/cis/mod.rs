//! Control files of kube-bench: answered for a cluster as kubeadm makes it, without an agent, beside upstream's answers.

use integration::{Answer, Case, Program, Skip, Suite, corpus, demand, ringwall, root};
use serde_json::Value;
use std::collections::BTreeMap;

pub(crate) static SUITE: Suite = Suite { name: "conformance/cis", cases };

/// One check of the command.
type Check = fn(&Program) -> Result<(), String>;

static CHECKS: &[(&str, Check)] = &[
    ("kubeadm-without-an-agent", kubeadm),
    ("nothing-scores-zero", nothing),
    ("own-benchmark", own_benchmark),
    ("differs-from-upstream", differs),
    ("node-report", node_report),
    ("shell-on-request", shell),
    ("names-of-benchmarks", names),
    ("other-formats", formats),
    ("fits-a-terminal", terminal),
];

fn cases() -> Result<Vec<Case>, Skip> {
    let case = |(name, check): &(&'static str, Check)| {
        let check = *check;
        Case::new(*name, move || check(&ringwall()?))
    };
    Ok(CHECKS.iter().map(case).collect())
}

fn fixture(name: &str) -> String {
    root().join("tests/conformance/cis").join(name).display().to_string()
}

/// kube-bench's folder; our own small one where the corpus is not there.
fn cfg() -> Result<Option<String>, String> {
    let found = corpus().map(|corpus| corpus.join("kube-bench/cfg")).filter(|path| path.is_dir());
    demand!(found.is_some() || std::env::var("CI").as_deref() != Ok("true"), "no corpus, and CI is set");
    Ok(found.map(|path| path.display().to_string()))
}

fn of_kubeadm(ringwall: &Program, cfg: &str, more: &[&str]) -> Result<Answer, String> {
    let (manifests, configz) = (fixture("kubeadm.yaml"), format!("cp-1={}", fixture("configz.json")));
    let mut words = vec!["check", "cis", "--cfg", cfg, "--configz", &configz];
    words.extend(more);
    words.push(&manifests);
    ringwall.run(&words)
}

/// Verdicts by the controls' numbers.
fn verdicts(document: &Value) -> BTreeMap<String, String> {
    let rows = document["controls"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    rows.iter().map(|row| (text(&row["id"]), text(&row["verdict"]))).collect()
}

/// How many answers are those of the reviewed list; an unknown is none.
fn score(found: &BTreeMap<String, String>, want: &BTreeMap<String, String>) -> usize {
    let decided = |verdict: &str| matches!(verdict, "pass" | "fail");
    want.iter().filter(|(id, verdict)| decided(verdict) && found.get(*id) == Some(*verdict)).count()
}

fn reviewed() -> Result<BTreeMap<String, String>, String> {
    let text = std::fs::read_to_string(fixture("kubeadm.txt")).map_err(|e| format!("kubeadm.txt: {e}"))?;
    let pair = |line: &str| line.split_once(' ').map(|(id, verdict)| (id.to_owned(), verdict.to_owned()));
    Ok(text.lines().filter_map(pair).collect())
}

fn kubeadm(ringwall: &Program) -> Result<(), String> {
    let Some(cfg) = cfg()? else { return Ok(()) };
    let answer = of_kubeadm(ringwall, &cfg, &["-o", "json"])?;
    let document = answer.exits(0)?.costs_less(10, 256)?.json()?;
    demand!(document["benchmark"] == "cis-1.12", "by its version it is {}", document["benchmark"]);
    let found = verdicts(&document);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let lines: String = found.iter().map(|(id, verdict)| format!("{id} {verdict}\n")).collect();
        std::fs::write(fixture("kubeadm.txt"), lines).map_err(|e| e.to_string())?;
    }
    let want = reviewed()?;
    let other: Vec<String> = want
        .iter()
        .filter(|(id, verdict)| found.get(*id) != Some(*verdict))
        .map(|(id, verdict)| format!("{id}: {:?}, not {verdict}", found.get(id)))
        .collect();
    demand!(other.is_empty() && found.len() == 131, "{} controls; {}", found.len(), other.join("; "));
    let (score, answered) =
        (score(&found, &want), document["summary"]["answered"].as_u64().unwrap_or_default());
    demand!(score >= 95 && answered >= 95, "{score} of {answered} answers, and 95 are wanted");
    Ok(())
}

/// Who looks at nothing answers nothing, and nothing is what that scores.
fn nothing(ringwall: &Program) -> Result<(), String> {
    let Some(cfg) = cfg()? else { return Ok(()) };
    let want = reviewed()?;
    let idle: BTreeMap<String, String> = want.keys().map(|id| (id.clone(), "unknown".to_owned())).collect();
    demand!(score(&idle, &want) == 0, "who does nothing scores {}", score(&idle, &want));
    demand!(score(&BTreeMap::new(), &want) == 0, "no answer scores");
    // A report of a node on which nobody looked, and no API.
    let empty = tempfile::NamedTempFile::new().map_err(|e| e.to_string())?;
    std::fs::write(empty.path(), r#"{"kind":"NodeReport","version":1}"#).map_err(|e| e.to_string())?;
    let path = empty.path().display().to_string();
    let words =
        ["check", "cis", "--cfg", &cfg, "--benchmark", "cis-1.12", "--node-report", &path, "-o", "json"];
    let answer = ringwall.run(&words)?;
    let found = verdicts(&answer.exits(0)?.json()?);
    demand!(score(&found, &want) == 0, "of nothing: {found:?}");
    demand!(found.values().all(|verdict| verdict == "unknown"), "of nothing: {found:?}");
    Ok(())
}

fn row<'d>(document: &'d Value, id: &str) -> Result<&'d Value, String> {
    let rows = document["controls"].as_array().ok_or("no controls")?;
    rows.iter().find(|row| row["id"] == id).ok_or_else(|| format!("no control {id}"))
}

fn own_benchmark(ringwall: &Program) -> Result<(), String> {
    let answer = of_kubeadm(ringwall, &fixture("cfg"), &["-o", "json"])?;
    let document = answer.exits(0)?.talks_of(&["noteqx"])?.json()?;
    for (id, verdict) in
        [("1.1.1", "unknown"), ("1.2.1", "fail"), ("1.2.2", "pass"), ("1.2.3", "unknown"), ("5.1.2", "fail")]
    {
        demand!(row(&document, id)?["verdict"] == verdict, "{id}: {}", row(&document, id)?);
    }
    demand!(document["benchmark"] == "own-1.0", "{}", document["benchmark"]);
    Ok(())
}

/// Upstream asks whether a user of the group's name may do three verbs at once; the group may.
fn differs(ringwall: &Program) -> Result<(), String> {
    let document = of_kubeadm(ringwall, &fixture("cfg"), &["-o", "json"])?.exits(0)?.json()?;
    let secrets = row(&document, "5.1.2")?;
    demand!(secrets["upstream"]["verdict"] == "pass" && secrets["ours"]["verdict"] == "fail", "{secrets}");
    demand!(secrets["differsFromUpstream"].as_str().is_some_and(|how| how.contains("group")), "{secrets}");
    let Some(cfg) = cfg()? else { return Ok(()) };
    let document = of_kubeadm(ringwall, &cfg, &["-o", "json"])?.exits(0)?.json()?;
    for (id, upstream, ours) in [
        ("4.2.13", "pass", "fail"),
        ("5.1.1", "fail", "pass"),
        ("5.1.2", "pass", "fail"),
        ("2.7", "pass", "pass"),
    ] {
        let row = row(&document, id)?;
        demand!(row["upstream"]["verdict"] == upstream && row["ours"]["verdict"] == ours, "{id}: {row}");
        demand!(row["differsFromUpstream"].is_null() == (upstream == ours), "{id}: {row}");
    }
    Ok(())
}

/// What a node writes another machine reads.
fn node_report(ringwall: &Program) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let path = folder.path().join("node.json").display().to_string();
    ringwall.run(&["check", "node-report", "--cfg", &fixture("cfg"), "--output-file", &path])?.exits(0)?;
    let words =
        |more: &'static str| vec!["check", "cis", "--cfg", more, "--benchmark", "own-1.0", "-o", "json"];
    let cfg: &'static str = Box::leak(fixture("cfg").into_boxed_str());
    let mut of_report = words(cfg);
    of_report.extend(["--node-report", &path]);
    let (report, local) = (ringwall.run(&of_report)?, ringwall.run(&[words(cfg), vec!["--local"]].concat())?);
    let (report, local) = (report.exits(0)?.json()?, local.exits(0)?.json()?);
    demand!(verdicts(&report) == verdicts(&local), "{report}\n{local}");
    // Whose files say that they are wide open is told so, and by whom they are owned.
    let text = r#"{"kind":"NodeReport","version":1,"files":{"/etc/kubernetes/manifests/kube-apiserver.yaml":
        {"kind":"file","mode":"0644","owner":"root","group":"root"}}}"#;
    std::fs::write(&path, text).map_err(|e| e.to_string())?;
    let document = ringwall.run(&of_report)?.exits(0)?.json()?;
    demand!(row(&document, "1.1.1")?["verdict"] == "fail", "{document}");
    for bad in ["", "{}", r#"{"kind":"NodeReport","version":9}"#, "\u{0}"] {
        std::fs::write(&path, bad).map_err(|e| e.to_string())?;
        ringwall.run(&of_report)?.exits(3)?.talks_of(&["node.json"])?;
    }
    Ok(())
}

/// Only when asked for, and it says so.
fn shell(ringwall: &Program) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let cfg = folder.path().join("cfg");
    std::fs::create_dir_all(cfg.join("x-1.0")).map_err(|e| e.to_string())?;
    std::fs::write(cfg.join("config.yaml"), "master: {components: []}\n").map_err(|e| e.to_string())?;
    let text = "controls:\nid: 1\ntype: master\ngroups:\n- id: 1.1\n  text: A\n  checks:\n  - id: 1.1.1\n    text: a\n    audit: \
                echo a=$((1 + 1))\n    tests: {test_items: [{flag: a, compare: {op: eq, value: 2}}]}\n    scored: true\n  - id: 1.1.2\n    \
                text: b\n    audit: while true; do :; done\n    tests: {test_items: [{flag: a}]}\n    scored: true\n";
    std::fs::write(cfg.join("x-1.0/master.yaml"), text).map_err(|e| e.to_string())?;
    let cfg = cfg.display().to_string();
    let words = ["check", "cis", "--cfg", &cfg, "--benchmark", "x-1.0", "--local", "-o", "json"];
    let document = ringwall.run(&words)?.exits(0)?.json()?;
    demand!(document["summary"]["unknown"] == 2, "{document}");
    let with: Vec<&str> = words.into_iter().chain(["--allow-shell"]).collect();
    let answer = ringwall.run(&with)?;
    let document = answer.exits(0)?.talks_of(&["2 commands were given to /bin/sh"])?.json()?;
    demand!(row(&document, "1.1.1")?["verdict"] == "pass", "{document}");
    demand!(row(&document, "1.1.2")?["verdict"] == "unknown", "{document}");
    ringwall.run(&["check", "cis", "--cfg", &cfg, "--allow-shell", &fixture("kubeadm.yaml")])?.exits(2)?;
    Ok(())
}

fn names(ringwall: &Program) -> Result<(), String> {
    let answer = of_kubeadm(ringwall, &fixture("cfg"), &["--benchmark", "cis-0.1"])?;
    answer.exits(2)?.talks_of(&["cis-0.1", "own-1.0"])?;
    let answer = ringwall.run(&["check", "cis", "--cfg", "no/such", &fixture("kubeadm.yaml")])?;
    answer.exits(3)?.talks_of(&["no/such"])?;
    Ok(())
}

fn formats(ringwall: &Program) -> Result<(), String> {
    let run = |format: &'static str| of_kubeadm(ringwall, &fixture("cfg"), &["-o", format]);
    let sarif = run("sarif")?.exits(0)?.json()?;
    let results = sarif["runs"][0]["results"].as_array().cloned().unwrap_or_default();
    let ids: Vec<&str> = results.iter().filter_map(|result| result["ruleId"].as_str()).collect();
    demand!(ids == ["own-1.0/1.2.1", "own-1.0/5.1.2"], "{ids:?}");
    run("junit")?.exits(0)?.names(&["<testsuite", "own-1.0/1.2.1"])?;
    run("html")?.exits(0)?.names(&["<html", "own-1.0/5.1.2"])?;
    of_kubeadm(ringwall, &fixture("cfg"), &["--fail-on", "medium"])?.exits(1)?;
    of_kubeadm(ringwall, &fixture("cfg"), &["--fail-on", "high"])?.exits(0)?;
    Ok(())
}

/// The summary, and what would help.
fn terminal(ringwall: &Program) -> Result<(), String> {
    let answer = of_kubeadm(ringwall, &fixture("cfg"), &[])?;
    answer.exits(0)?.names(&[
        "benchmark own-1.0",
        "differs from upstream (pass)",
        "answered 3 of 5",
        "most would help",
    ])?;
    Ok(())
}
