//! The binary as a person meets it: help, version, and what it says when the words are wrong.

mod snapshot;

use integration::{Answer, Case, Program, Skip, Suite, demand, ringwall, root};

pub(crate) static SUITE: Suite = Suite { name: "cli", cases };

/// One check of the command line.
type Check = fn(&Program) -> Result<(), String>;

static CHECKS: &[(&str, Check)] = &[
    ("version", version),
    ("help-is-short", help_is_short),
    ("unknown-word", unknown_word),
    ("missing-file", missing_file),
    ("readme-screen", readme_screen),
    ("every-option-is-explained", every_option_is_explained),
    ("explain", explain),
    ("completion", completion),
    ("why", why),
    ("fail-on", fail_on),
    ("two-runs-same-bytes", two_runs),
    ("order-of-inputs", order_of_inputs),
    ("output-file", output_file),
    ("no-colour-in-a-pipe", no_colour),
    ("snapshot-of-the-shop", snapshot::of_the_shop),
    ("snapshot-keeps-no-secret", snapshot::keeps_no_secret),
    ("snapshot-show", snapshot::show),
];

fn cases() -> Result<Vec<Case>, Skip> {
    let case = |(name, check): &(&'static str, Check)| {
        let check = *check;
        Case::new(*name, move || check(&ringwall()?))
    };
    Ok(CHECKS.iter().map(case).collect())
}

fn version(ringwall: &Program) -> Result<(), String> {
    let answer = ringwall.run(&["--version"])?;
    answer.exits(0)?.first_line(concat!("ringwall ", env!("CARGO_PKG_VERSION")))?;
    Ok(())
}

/// At most fourteen words, each with a line of its own, and each answers `--help` itself.
fn help_is_short(ringwall: &Program) -> Result<(), String> {
    let answer = ringwall.run(&["--help"])?;
    let words = words(answer.exits(0)?);
    demand!(!words.is_empty(), "--help lists no command:\n{}", answer.stdout);
    demand!(words.len() <= 14, "--help lists {} words: {}", words.len(), words.join(" "));
    for word in words.iter().filter(|word| *word != "help") {
        ringwall.run(&[word, "--help"])?.exits(0)?.names(&["usage"])?;
    }
    Ok(())
}

/// The commands of a help page: the first word of each line in its `Commands:` block.
fn words(help: &Answer) -> Vec<String> {
    let block = help.stdout.lines().skip_while(|line| line.trim() != "Commands:").skip(1);
    block
        .take_while(|line| !line.trim().is_empty())
        // A description that wraps is indented further than the words.
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

fn unknown_word(ringwall: &Program) -> Result<(), String> {
    ringwall.run(&["rsik"])?.exits(2)?.talks_of(&["rsik"])?;
    Ok(())
}

/// What was asked for and could not be read is exit code 3, and the name is in the message.
fn missing_file(ringwall: &Program) -> Result<(), String> {
    ringwall.run(&["risk", "no/such/folder"])?.exits(3)?.talks_of(&["no/such/folder"])?;
    Ok(())
}

/// What the README shows is what its first command prints today, byte for byte.
fn readme_screen(ringwall: &Program) -> Result<(), String> {
    let readme = std::fs::read_to_string(root().join("README.md")).map_err(|e| format!("README.md: {e}"))?;
    let shown = readme
        .split_once("<!-- screen: risk examples/shop -->")
        .and_then(|(_, after)| after.split_once("```text\n"))
        .and_then(|(_, after)| after.split_once("```"))
        .map(|(screen, _)| screen)
        .ok_or("README.md has no marked screen")?;
    demand!(!shown.trim().is_empty(), "README.md shows an empty screen");
    let answer = ringwall.run(&["risk", "examples/shop"])?;
    demand!(answer.exits(0)?.stdout == shown, "README.md shows another screen than\n{}", answer.stdout);
    Ok(())
}

/// Each word's help, and that of the words below it, has a line for every option.
fn every_option_is_explained(ringwall: &Program) -> Result<(), String> {
    let mut seen = 0;
    for words in [
        &["risk"][..],
        &["risk", "why"],
        &["snapshot"],
        &["snapshot", "save"],
        &["snapshot", "show"],
        &["explain"],
        &["completion"],
    ] {
        let help = ringwall.run(&[words, &["--help"]].concat())?;
        help.exits(0)?.names(&["Usage: ringwall"])?;
        let mut lines = help.stdout.lines().peekable();
        while let Some(line) = lines.next() {
            let option = line.trim_start();
            if !line.starts_with(' ') || !option.starts_with('-') || option.starts_with("- ") {
                continue;
            }
            let beside = option.contains("  ");
            let below =
                lines.peek().is_some_and(|next| next.starts_with("          ") && !next.trim().is_empty());
            demand!(beside || below, "{words:?}: `{option}` is not explained");
            seen += 1;
        }
    }
    demand!(seen > 30, "only {seen} options were found");
    Ok(())
}

/// Whatever id a report prints can be explained.
fn explain(ringwall: &Program) -> Result<(), String> {
    let page = ringwall.run(&["risk", "examples/shop", "-o", "json"])?.json()?;
    let steps = page["items"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|item| item["steps"].as_array().into_iter().flatten());
    let mut ids: Vec<&str> = steps.filter_map(|step| step["step"].as_str()).collect();
    ids.extend(
        page["findings"].as_array().into_iter().flatten().filter_map(|finding| finding["rule"].as_str()),
    );
    ids.sort_unstable();
    ids.dedup();
    demand!(ids.len() > 10, "only {ids:?}");
    let all = ringwall.run(&["explain", "--all"])?;
    for id in ids {
        let answer = ringwall.run(&["explain", id])?;
        answer.exits(0)?.first_line(&format!("# {id}"))?;
        demand!(answer.stdout.len() > 80, "{id} is hardly explained: {}", answer.stdout);
        demand!(all.stdout.contains(&answer.stdout), "--all leaves {id} out");
    }
    ringwall.run(&["explain", "explo"])?.exits(2)?.talks_of(&["did you mean exploit"])?;
    ringwall.run(&["explain"])?.exits(2)?.talks_of(&["ID"])?;
    Ok(())
}

fn completion(ringwall: &Program) -> Result<(), String> {
    for (shell, word) in
        [("bash", "complete -F"), ("zsh", "#compdef ringwall"), ("fish", "complete -c ringwall")]
    {
        ringwall.run(&["completion", shell])?.exits(0)?.names(&[word, "snapshot", "fail-on"])?;
    }
    ringwall.run(&["completion", "tcsh"])?.exits(2)?.talks_of(&["tcsh"])?;
    Ok(())
}

/// The last run is remembered; any unique beginning of an id will do, in either case, with or without `RW-`.
fn why(ringwall: &Program) -> Result<(), String> {
    let state = tempfile::tempdir().map_err(|e| e.to_string())?;
    let ringwall = ringwall.clone().env("RINGWALL_STATE_DIR", state.path());
    ringwall.run(&["risk", "why", "RW-1234"])?.exits(3)?.talks_of(&["no run is remembered"])?;
    let page = ringwall.run(&["risk", "examples/shop", "-o", "json"])?.exits(0)?.json()?;
    let id = page["items"][0]["id"].as_str().ok_or("no item")?;
    let whole = ringwall.run(&["risk", "why", id])?;
    whole.exits(0)?.names(&[
        id,
        "internet -> shop/web -> cluster-admin",
        "T1190",
        "examples/shop/rbac.yaml:7",
        "narrow secret-reader",
    ])?;
    whole.names(&["web-tls", "ci-admin-token", "automountServiceAccountToken: false", "115.5"])?;
    let (short, lower) = (&id[..7], id[3..7].to_lowercase());
    for given in [short, &lower, &format!("rw-{lower}")] {
        let answer = ringwall.run(&["risk", "why", given])?;
        demand!(
            answer.exits(0)?.stdout == whole.stdout,
            "`why {given}` says something else:\n{}",
            answer.stdout
        );
    }
    let given = ringwall.run(&["risk", "why", short, "examples/shop"])?;
    demand!(
        given.exits(0)?.stdout == whole.stdout,
        "`why` with a path says something else:\n{}",
        given.stdout
    );
    ringwall.run(&["risk", "why", "RW-zzzz"])?.exits(2)?.talks_of(&["zzzz", id])?;
    ringwall.run(&["risk", "why", "RW-"])?.exits(2)?.talks_of(&["several", id])?;
    Ok(())
}

/// 0 below the threshold, 1 at it and above, and 1 wins over 3.
fn fail_on(ringwall: &Program) -> Result<(), String> {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: registry.test/c:1, securityContext: {privileged: true}}]}\n";
    let broken = format!("{pod}---\nkind: [\n");
    for (words, input, code) in [
        (&["risk", "examples/shop"][..], "", 0),
        (&["risk", "examples/shop", "--fail-on", "now"], "", 1),
        (&["risk", "examples/shop", "--fail-on", "watch"], "", 1),
        (&["risk", "-"], pod, 0),
        (&["risk", "-", "--fail-on", "now"], pod, 0),
        (&["risk", "-", "--fail-on", "week"], pod, 0),
        (&["risk", "-", "--fail-on", "planned"], pod, 0),
        (&["risk", "-", "--fail-on", "watch"], pod, 1),
        (&["risk", "-"], &broken, 3),
        (&["risk", "-", "--fail-on", "now"], &broken, 3),
        (&["risk", "-", "--fail-on", "watch"], &broken, 1),
        (&["risk", "-", "--fail-on", "soon"], pod, 2),
    ] {
        ringwall.run_with(words, input)?.exits(code)?;
    }
    Ok(())
}

fn two_runs(ringwall: &Program) -> Result<(), String> {
    for words in [
        &["risk", "examples/shop", "--all"][..],
        &["risk", "examples/shop", "-o", "json"],
        &["explain", "--all"],
        &["snapshot", "show", "examples/shop"],
    ] {
        let (first, second) = (ringwall.run(words)?, ringwall.run(words)?);
        demand!(first.exits(0)?.stdout == second.exits(0)?.stdout, "{words:?} says one thing, then another");
    }
    Ok(())
}

/// The same files named one by one, backwards, are the same page.
fn order_of_inputs(ringwall: &Program) -> Result<(), String> {
    let folder = ringwall.run(&["risk", "examples/shop"])?;
    let files = [
        "examples/shop/shop.yaml",
        "examples/shop/rbac.yaml",
        "examples/shop/ops.yaml",
        "examples/shop/monitoring.yaml",
    ];
    let knowledge = ["examples/shop/images", "examples/shop/audit.log"];
    let words: Vec<&str> = ["risk"].into_iter().chain(knowledge).chain(files).collect();
    let named = ringwall.run(&words)?;
    demand!(named.exits(0)?.stdout == folder.stdout, "the order of files matters:\n{}", named.stdout);
    let twice = ringwall.run(&["risk", "examples/shop", "examples/shop/images", "examples/shop"])?;
    demand!(twice.exits(0)?.stdout == folder.stdout, "a folder given twice counts twice:\n{}", twice.stdout);
    Ok(())
}

fn output_file(ringwall: &Program) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let path = folder.path().join("page.json");
    let shown = path.to_string_lossy();
    let written = ringwall.run(&["risk", "examples/shop", "-o", "json", "--output-file", &shown])?;
    demand!(written.exits(0)?.stdout.is_empty(), "it is printed as well:\n{}", written.stdout);
    let there = std::fs::read_to_string(&path).map_err(|e| format!("{shown}: {e}"))?;
    let printed = ringwall.run(&["risk", "examples/shop", "-o", "json"])?.stdout;
    demand!(there == printed, "the file holds something else");
    ringwall
        .run(&["risk", "examples/shop", "--output-file", "no/such/folder/page"])?
        .talks_of(&["no/such/folder/page"])?
        .exits(3)?;
    Ok(())
}

fn no_colour(ringwall: &Program) -> Result<(), String> {
    let answer = ringwall.clone().env("NO_COLOR", "").run(&["risk", "examples/shop"])?;
    demand!(!answer.stdout.contains('\u{1b}'), "colours in a pipe:\n{}", answer.stdout);
    demand!(answer.stderr.is_empty(), "talk where nothing is wrong:\n{}", answer.stderr);
    Ok(())
}
