//! Rule files: what is wrong with them, what is in them, what is odd about them.

use super::{Check, Place};
use integration::demand;

pub(super) static CHECKS: &[(&str, Check)] = &[
    ("rules-validate", validate),
    ("rules-list-and-explain", list_and_explain),
    ("rules-lint", lint),
    ("fields-and-events", fields_and_events),
    ("rules-that-are-hostile", hostile),
];

fn validate(place: &Place) -> Result<(), String> {
    let fine = place.ringwall.run(&["detect", "rules", "validate", "rules.yaml", "audit.yaml"])?;
    fine.exits(0)?.names(&["rules.yaml: Ok", "3 rules load, 3 are switched on"])?;
    place.put(
        "shell.yaml",
        "- rule: s\n  desc: d\n  condition: container and shell_procs\n  output: o\n  priority: INFO\n",
    )?;
    let alone = place.ringwall.run(&["detect", "rules", "validate", "shell.yaml"])?;
    alone.exits(1)?.names(&["shell.yaml:1:3", "undefined macro 'container'", "falco_rules.yaml"])?;
    let json =
        place.ringwall.run(&["detect", "rules", "validate", "shell.yaml", "-o", "json"])?.exits(1)?.json()?;
    let result = &json["falco_load_results"][0];
    demand!(result["successful"] == false && result["name"] == "shell.yaml", "{json:#}");
    demand!(result["errors"][0]["code"] == "LOAD_ERR_VALIDATE", "{json:#}");
    demand!(result["errors"][0]["context"]["locations"][0]["position"]["name"] == "shell.yaml", "{json:#}");
    place.ringwall.run(&["detect", "rules", "validate", "none.yaml"])?.exits(3)?.talks_of(&["none.yaml"])?;
    place.ringwall.run(&["detect", "rules", "validate"])?.exits(2)?;
    // A folder is its files, by name.
    std::fs::create_dir(place.path("folder")).map_err(|e| e.to_string())?;
    place.put("folder/b.yaml", "- rule: r\n  desc: d\n  condition: m\n  output: o\n  priority: INFO\n")?;
    place.put("folder/a.yaml", "- macro: m\n  condition: evt.type=open\n")?;
    place.ringwall.run(&["detect", "rules", "validate", "folder"])?.exits(0)?.names(&["1 rules load"])?;
    Ok(())
}

fn list_and_explain(place: &Place) -> Result<(), String> {
    let list = place.ringwall.run(&["detect", "rules", "list", "rules.yaml", "audit.yaml"])?;
    list.exits(0)?.names(&["Shell in container", "k8s_audit", "3 rules, 3 switched on"])?;
    let few = place.ringwall.run(&[
        "detect",
        "rules",
        "list",
        "rules.yaml",
        "--priority",
        "error",
        "--tag",
        "filesystem",
    ])?;
    few.exits(0)?.names(&["Secret file read", "1 rules"])?.names_none_of(&["Shell in container"])?;
    let explain = place.ringwall.run(&["detect", "rules", "explain", "-l", "shell in", "rules.yaml"])?;
    explain.exits(0)?.names(&[
        "execve, execveat",
        "proc.name in (sh, bash)",
        "container.id",
        "spawned_process",
    ])?;
    place
        .ringwall
        .run(&["detect", "rules", "explain", "-l", "e", "rules.yaml"])?
        .exits(2)?
        .talks_of(&["say more"])?;
    let json =
        place.ringwall.run(&["detect", "rules", "list", "rules.yaml", "-o", "json"])?.exits(0)?.json()?;
    demand!(json[1]["eventTypes"] == serde_json::json!(["open", "openat"]), "{json:#}");
    demand!(json[0]["conditionFields"][0] == "container.id", "{json:#}");
    Ok(())
}

fn lint(place: &Place) -> Result<(), String> {
    place.put(
        "odd.yaml",
        "- rule: Terminal shell\n  desc: d\n  condition: in_container and proc.name in (shells)\n  output: o\n  priority: INFO\n\
         - rule: Never\n  desc: d\n  condition: evt.type=open and proc.name=a and proc.name=b\n  output: o\n  priority: INFO\n\
         - rule: Narrow\n  desc: d\n  condition: evt.type=openat and fd.name startswith /etc/secret/a\n  output: o\n  priority: INFO\n\
         - rule: Silent\n  desc: d\n  condition: evt.type=execve and proc.pname != init\n  output: o\n  priority: INFO\n",
    )?;
    let answer = place.ringwall.run(&["detect", "rules", "lint", "rules.yaml", "odd.yaml"])?;
    answer.exits(0)?.names(&[
        "spawned_process and in_container and proc.name in (shells)",
        "Never: it never holds",
        "Narrow: whenever it holds, the earlier rule 'Secret file read' holds too",
        "not proc.pname = init",
    ])?;
    let clean = place.ringwall.run(&["detect", "rules", "lint", "rules.yaml", "--fail-on-remark"])?;
    clean.exits(0)?.names(&["2 rules, 0 remarks"])?;
    place
        .ringwall
        .run(&["detect", "rules", "lint", "rules.yaml", "odd.yaml", "--fail-on-remark"])?
        .exits(1)?;
    let json =
        place.ringwall.run(&["detect", "rules", "lint", "rules.yaml", "odd.yaml", "-o", "json"])?.json()?;
    let ids: Vec<&str> = json.as_array().into_iter().flatten().filter_map(|r| r["id"].as_str()).collect();
    for id in ["detect/no-event-type", "detect/unsatisfiable", "detect/shadowed", "detect/evadable"] {
        demand!(ids.contains(&id), "no {id} in {ids:?}");
        place.ringwall.run(&["explain", id])?.exits(0)?;
    }
    Ok(())
}

fn fields_and_events(place: &Place) -> Result<(), String> {
    let fields = place.ringwall.run(&["detect", "fields", "proc.aname"])?;
    fields.exits(0)?.names(&["syscall:", "proc.aname[N]?", "CHARBUF"])?;
    place
        .ringwall
        .run(&["detect", "fields", "--source", "none"])?
        .exits(2)?
        .talks_of(&["syscall", "k8s_audit"])?;
    let json = place.ringwall.run(&["detect", "fields", "-o", "json"])?.exits(0)?.json()?;
    demand!(
        json.as_array().is_some_and(|all| all.len() > 200),
        "{} fields",
        json.as_array().map_or(0, Vec::len)
    );
    place
        .ringwall
        .run(&["detect", "events", "openat"])?
        .exits(0)?
        .names(&["openat(fd, dirfd, name, flags"])?;
    Ok(())
}

/// Files that do not load say so, quickly and without falling over.
fn hostile(place: &Place) -> Result<(), String> {
    let rule = |name: &str, condition: &str| {
        format!("- rule: {name}\n  desc: d\n  condition: {condition}\n  output: o\n  priority: INFO\n")
    };
    let long = format!("evt.type=open and ({})", vec!["proc.name=a"; 9000].join(" or "));
    let list = format!(
        "- list: big\n  items: [{}]\n{}",
        (0..100_000).map(|n| format!("item{n}")).collect::<Vec<_>>().join(", "),
        rule("r", "evt.type=open and proc.name in (big)")
    );
    let deep = format!("evt.type=open and {}proc.name=a{}", "(".repeat(2000), ")".repeat(2000));
    let many: String =
        (0..10_000).map(|n| rule(&format!("r{n}"), &format!("evt.type=open and proc.name=p{n}"))).collect();
    let cases: [(&str, Vec<u8>, i32, &str); 10] = [
        ("broken.yaml", b"- rule: [\n".to_vec(), 1, "LOAD_ERR_YAML_PARSE"),
        ("bytes.yaml", vec![0xff, 0xfe, 0x00, b'-'], 1, "LOAD_ERR_YAML_PARSE"),
        (
            "field.yaml",
            rule("r", "evt.type=open and no.such=1").into_bytes(),
            1,
            "LOAD_ERR_COMPILE_CONDITION",
        ),
        (
            "source.yaml",
            (rule("r", "evt.type=open") + "  source: moon\n").into_bytes(),
            0,
            "LOAD_UNKNOWN_SOURCE",
        ),
        (
            "loop.yaml",
            format!("- macro: a\n  condition: b\n- macro: b\n  condition: a\n{}", rule("r", "a"))
                .into_bytes(),
            1,
            "LOAD_ERR_VALIDATE",
        ),
        ("deep.yaml", rule("r", &deep).into_bytes(), 1, "LOAD_ERR_COMPILE_CONDITION"),
        ("long.yaml", rule("r", &long).into_bytes(), 0, "1 rules load"),
        ("list.yaml", list.into_bytes(), 0, "1 rules load"),
        ("many.yaml", many.into_bytes(), 0, "10000 rules load"),
        ("escape.yaml", rule("\"a\\e[31m\\nb\"", "evt.type=open and no.such=1").into_bytes(), 1, "LOAD_ERR"),
    ];
    for (name, text, code, says) in cases {
        place.put(name, text)?;
        let answer = place.ringwall.run(&["detect", "rules", "validate", name])?;
        answer
            .exits(code)
            .and_then(|a| a.names(&[says]))
            .and_then(|a| a.costs_less(20, 640))
            .map_err(|why| format!("{name}: {why}"))?;
        demand!(!answer.stdout.contains('\u{1b}'), "{name}: an escape got through");
    }
    Ok(())
}
