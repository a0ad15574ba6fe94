//! What the main command prints, whole and in substance: `UPDATE_EXPECT=1` rewrites the files beside this one.

pub(crate) mod corpus;
mod page;

use integration::{Answer, Case, Program, Skip, Suite, demand, ringwall, root};
use page::{figure, names, page, texts};
use serde_json::Value;

pub(crate) static SUITE: Suite = Suite { name: "golden", cases };

const ALERT: [&str; 4] = ["risk", "examples/shop", "--alerts", "examples/shop-alert.json"];

/// One check of the shop.
type Check = fn(&Program) -> Result<(), String>;

static CHECKS: &[(&str, Check)] = &[
    ("shop", |ringwall| same("shop", ringwall.run(&["risk", "examples/shop"])?.exits(0)?)),
    ("shop-alert", |ringwall| same("shop-alert", ringwall.run(&ALERT)?.exits(0)?)),
    ("shop-order", order),
    ("shop-best-fix", best_fix),
    ("shop-residuals", residuals),
    ("shop-places", places),
    ("shop-findings-on-the-path", on_the_path),
    ("alert-is-in-progress", in_progress),
    ("json-agrees", |ringwall| agrees(ringwall, &["risk", "examples/shop"])),
    ("json-agrees-with-alert", |ringwall| agrees(ringwall, &ALERT)),
    ("one-screen", one_screen),
    ("other-sizes", other_sizes),
];

fn cases() -> Result<Vec<Case>, Skip> {
    let case = |(name, check): &(&'static str, Check)| {
        let check = *check;
        Case::new(*name, move || check(&ringwall()?))
    };
    Ok(CHECKS.iter().map(case).collect())
}

/// Its data is the golden file of this name, byte for byte.
fn same(name: &str, answer: &Answer) -> Result<(), String> {
    let path = root().join("tests/golden").join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        return std::fs::write(&path, &answer.stdout).map_err(|e| format!("{}: {e}", path.display()));
    }
    let want = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = |(a, b): &(Option<&str>, Option<&str>)| a != b;
    let (mut wanted, mut printed) = (want.lines(), answer.stdout.lines());
    let pairs = std::iter::repeat_with(|| (wanted.next(), printed.next()));
    let lines = want.lines().count().max(answer.stdout.lines().count());
    let first = pairs.take(lines).enumerate().find(|(_, pair)| differs(pair));
    demand!(
        want == answer.stdout,
        "`ringwall {}` prints another page than tests/golden/{name}.txt (UPDATE_EXPECT=1 rewrites it), first in line {:?}:\n{}",
        answer.words,
        first.map(|(at, pair)| (at + 1, pair)),
        answer.stdout
    );
    Ok(())
}

fn shop(ringwall: &Program) -> Result<Value, String> {
    ringwall.run(&["risk", "examples/shop", "-o", "json"])?.exits(0)?.json()
}

/// The four ways, worst first, each with its tier, where it begins, what it passes and where it ends.
fn order(ringwall: &Program) -> Result<(), String> {
    let want = [
        "NOW: internet -> shop/web -> cluster-admin",
        "THIS WEEK: push access -> shop/web -> cluster-admin",
        "PLANNED: foothold -> ops/ci-runner -> cluster-admin",
        "WATCH: foothold -> mon/node-exporter -> node root",
    ];
    let document = shop(ringwall)?;
    let said: Vec<String> = page(&document)
        .iter()
        .map(|item| format!("{}: {}", item["tier"].as_str().unwrap_or_default(), names(item).join(" -> ")))
        .collect();
    demand!(said == want, "the order is {said:#?}");
    let headline = &document["headline"];
    demand!(
        headline["goal"] == "cluster-admin" && headline["workloads"] == 3 && headline["fromInternet"] == 1,
        "the headline is {headline}"
    );
    Ok(())
}

/// What the account uses it keeps, and nothing of value is in reach afterwards.
fn best_fix(ringwall: &Program) -> Result<(), String> {
    let document = shop(ringwall)?;
    let best = &document["items"][0]["fixes"][0];
    demand!(best["title"] == "narrow secret-reader to Secret shop/web-tls", "the best fix is {best}");
    demand!(best["breaks"] == serde_json::json!([]), "the best fix breaks something: {best}");
    demand!(best["replayed"] == 1, "the audit log was not replayed against it: {best}");
    demand!(best["cuts"] == best["of"], "it leaves a path: {best}");
    let plan = &document["plan"];
    demand!(
        texts(&plan["steps"], "title") == ["narrow secret-reader to Secret shop/web-tls"]
            && figure(&plan["residual"])? < 0.05,
        "the plan is {plan}"
    );
    Ok(())
}

/// (item, what the fix does, what it leaves, whether it is known to break something)
static RESIDUALS: &[(usize, &[&str], f64, bool)] = &[
    (0, &["narrow secret-reader", "web-tls"], 0.0, false),
    (0, &["delete", "ci-admin-token"], 43.9, false),
    (0, &["patch shop/web", "libfoo 2.2"], 4.3, false),
    (0, &["Service shop/web", "ingress"], 4.3, false),
    (0, &["replace cluster-admin", "ci-admin"], 43.9, false),
    (0, &["automountServiceAccountToken: false", "shop/web"], 0.0, true),
    (1, &["pin web:1.4", "digest"], 115.5, false),
    (1, &["verify image signatures", "namespace shop"], 115.5, true),
    (3, &["drop the hostPath /", "node-exporter"], 115.5, false),
];

fn residuals(ringwall: &Program) -> Result<(), String> {
    let document = shop(ringwall)?;
    let total = figure(&document["risk"])?;
    demand!((total - 115.5).abs() < 0.05, "the risk from outside is {total}, not 115.5");
    for (item, words, want, breaks) in RESIDUALS {
        let fixes = document["items"][item]["fixes"].as_array().ok_or("no fixes")?;
        let said =
            |fix: &&Value| words.iter().all(|word| fix["title"].as_str().is_some_and(|t| t.contains(word)));
        let fix =
            fixes.iter().find(said).ok_or(format!("item {} has no fix that says {words:?}", item + 1))?;
        let left = figure(&fix["residual"])?;
        demand!((left - want).abs() <= 0.05, "{words:?} leaves {left}, not {want}");
        let broken = fix["breaks"].as_array().is_some_and(|all| !all.is_empty());
        demand!(broken == *breaks, "{words:?} breaks {}", fix["breaks"]);
    }
    Ok(())
}

/// Each `file:line` is a line that says what the step is about.
fn places(ringwall: &Program) -> Result<(), String> {
    let document = shop(ringwall)?;
    let mut followed = 0;
    for item in page(&document) {
        for step in item["steps"].as_array().into_iter().flatten() {
            let place = step["place"].as_str().unwrap_or_default();
            let Some((file, line)) = place.rsplit_once(':') else { continue };
            let Some(line) = line.parse::<usize>().ok().filter(|_| !place.contains(' ')) else { continue };
            let text = std::fs::read_to_string(root().join(file)).map_err(|e| format!("{place}: {e}"))?;
            let there = text.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim();
            demand!(!there.is_empty(), "{place} is no line of the file");
            followed += 1;
        }
    }
    demand!(followed >= 7, "only {followed} steps have a file and a line");
    Ok(())
}

/// What a step tells is not counted among the findings that lie on no path.
fn on_the_path(ringwall: &Program) -> Result<(), String> {
    let document = shop(ringwall)?;
    let findings = document["findings"].as_array().ok_or("no findings")?;
    let on = |rule: &str, target: &str| {
        let about = |finding: &&Value| {
            finding["rule"] == rule && finding["target"].as_str().is_some_and(|t| t.contains(target))
        };
        findings
            .iter()
            .find(about)
            .map(|finding| finding["onPath"] == true)
            .ok_or(format!("no {rule} about {target}"))
    };
    for (rule, target, want) in [
        ("images/known-vulnerability", "shop/web:1.4", true),
        ("images/known-vulnerability", "shop/cart@", false),
        ("rbac/secret-readers", "web-reads-secrets", true),
        ("rbac/cluster-admin-bound", "ci-admin", true),
        ("workloads/host-path", "node-exporter", true),
    ] {
        demand!(on(rule, target)? == want, "{rule} about {target}: on a path is {}", !want);
    }
    Ok(())
}

fn in_progress(ringwall: &Program) -> Result<(), String> {
    let before = shop(ringwall)?;
    demand!(page(&before).iter().all(|item| item["inProgress"] == false), "in progress without an alert");
    let mut words = ALERT.to_vec();
    words.extend(["-o", "json"]);
    let document = ringwall.run(&words)?.exits(0)?.json()?;
    let first = &document["items"][0];
    demand!(
        names(first) == ["internet", "shop/web", "cluster-admin"],
        "the first item is {:?}",
        names(first)
    );
    demand!(first["inProgress"] == true && first["tier"] == "NOW", "it is not in progress: {first}");
    let seen: Vec<&Value> =
        first["steps"].as_array().into_iter().flatten().map(|step| &step["seen"]).collect();
    let told = seen
        .iter()
        .any(|seen| seen[0] == "Terminal shell in container" && seen[1] == "examples/shop-alert.json:1");
    demand!(told, "no step was seen happening: {seen:?}");
    demand!(
        first["fixes"][0]["title"] == "narrow secret-reader to Secret shop/web-tls",
        "an alert changes the best fix to {}",
        first["fixes"][0]
    );
    ringwall.run(&ALERT)?.names(&["in progress: Terminal shell in container"])?;
    Ok(())
}

/// The page and the JSON of one command name the same items in the same order, and the same best fix.
fn agrees(ringwall: &Program, words: &[&str]) -> Result<(), String> {
    let text = ringwall.run(words)?;
    let document = ringwall.run(&[words, &["-o", "json"]].concat())?.json()?;
    let items = page(&document);
    let shown: Vec<(&str, &str)> = text.stdout.lines().filter_map(page::title).collect();
    demand!(!shown.is_empty(), "the page shows no item:\n{}", text.stdout);
    for (at, (tier, id)) in shown.iter().enumerate() {
        let item = items.get(at).ok_or(format!("the page has an item {}, the JSON has not", at + 1))?;
        let full = item["id"].as_str().unwrap_or_default();
        demand!(full.starts_with(id), "item {} is {id} on the page and {full} in JSON", at + 1);
        demand!(
            item["tier"].as_str().is_some_and(|t| t.starts_with(tier)),
            "{id}: {tier} and {}",
            item["tier"]
        );
        let shared =
            items.iter().filter(|item| item["id"].as_str().is_some_and(|other| other.starts_with(id)));
        demand!(shared.count() == 1, "{id} does not tell which item it is");
    }
    let hidden = text.stdout.lines().find_map(page::hidden).unwrap_or(0);
    demand!(
        shown.len() + hidden == items.len(),
        "{} items shown, {hidden} hidden, {} in JSON",
        shown.len(),
        items.len()
    );
    let said = text.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for (word, at) in [("fix", 0), ("also", 1)] {
        let Some(title) = items.first().and_then(|item| item["fixes"][at]["title"].as_str()) else {
            continue;
        };
        demand!(
            said.contains(&format!("{word} {title}")),
            "the page does not say `{word} {title}`:\n{}",
            text.stdout
        );
    }
    Ok(())
}

/// 80 cells by 23 lines: the prompt has the last.
fn one_screen(ringwall: &Program) -> Result<(), String> {
    for words in [&["risk", "examples/shop"][..], &ALERT] {
        page::fits(&ringwall.run(words)?.stdout, 80, 23)?;
    }
    Ok(())
}

fn other_sizes(ringwall: &Program) -> Result<(), String> {
    for (columns, lines) in [(60, 40), (72, 30), (100, 24), (160, 50)] {
        let sized = ringwall.clone().env("COLUMNS", columns.to_string()).env("LINES", lines.to_string());
        page::fits(&sized.run(&ALERT)?.stdout, columns, lines - 1)
            .map_err(|why| format!("{columns} columns, {lines} lines: {why}"))?;
    }
    let all = ringwall.run(&["risk", "examples/shop", "--all"])?;
    page::fits(&all.exits(0)?.stdout, 80, usize::MAX)
}
