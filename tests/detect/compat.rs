//! Under the name `falco`: its flags, its configuration, its ends.

use super::{Check, Place};
use integration::{Program, demand};

pub(super) static CHECKS: &[(&str, Check)] = &[
    ("falco-configuration", configuration),
    ("falco-flags", flags),
    ("falco-by-its-own-name", own_name),
    ("falco-what-is-wrong", wrong),
];

const CONFIG: &str = "\
rules_files: [rules.yaml]
engine: {kind: replay, replay: {capture_file: node.scap}}
json_output: true
json_include_tags_property: false
stdout_output: {enabled: true}
file_output: {enabled: true, filename: falco.log}
append_output:
  - match: {rule: Shell in container}
    extra_output: \"id=%container.id\"
    extra_fields: [proc.pid, {shell: \"%proc.name\"}]
rules:
  - disable: {tag: filesystem}
no_such_key: 1
";

fn configuration(place: &Place) -> Result<(), String> {
    place.put("falco.yaml", CONFIG)?;
    let answer = place.ringwall.run(&["falco", "-c", "falco.yaml"])?;
    answer.exits(0)?.names(&["Events detected: 1", "WARNING: 1", "Shell in container: 1"])?;
    answer.talks_of(&["unknown key 'no_such_key'"])?;
    let line = answer.stdout.lines().next().unwrap_or_default();
    let alert: serde_json::Value = serde_json::from_str(line).map_err(|e| format!("{line}: {e}"))?;
    demand!(alert["tags"].is_null(), "{alert:#}");
    demand!(alert["output"].as_str().is_some_and(|o| o.ends_with("tty=34816) id=3ad7b26ded6d")), "{alert:#}");
    demand!(alert["output_fields"]["shell"] == "sh" && alert["output_fields"]["proc.pid"] == 7, "{alert:#}");
    demand!(place.read("falco.log")? == format!("{line}\n"), "{}", place.read("falco.log")?);
    // What is on the command line wins, and nothing is folded under this name.
    let words = ["falco", "-c", "falco.yaml", "-o", "json_output=false", "-o", "rules[].enable.rule=*"];
    let answer = place.ringwall.run(&words)?;
    answer
        .exits(0)?
        .names(&["Events detected: 3", "ERROR: 2", "Secret file read: 2"])?
        .names_none_of(&["times)"])?;
    // Further files are put in.
    std::fs::create_dir(place.path("config.d")).map_err(|e| e.to_string())?;
    place.put("config.d/a.yaml", "json_output: false\npriority: error\n")?;
    place.put("more.yaml", CONFIG.replace("no_such_key: 1", "config_files: [config.d]"))?;
    place.ringwall.run(&["falco", "-c", "more.yaml"])?.exits(0)?.names(&["Events detected: 0"])?;
    Ok(())
}

fn flags(place: &Place) -> Result<(), String> {
    let falco = |words: &[&str]| place.ringwall.run(&[&["falco"], words].concat());
    falco(&["-V", "rules.yaml"])?.exits(0)?.names(&["rules.yaml: Ok"])?;
    place.put("bad.yaml", "- rule: r\n  desc: d\n  condition: nothing\n  output: o\n  priority: INFO\n")?;
    falco(&["-V", "bad.yaml"])?.exits(1)?.names(&["LOAD_ERR_VALIDATE"])?;
    let json = falco(&["-V", "bad.yaml", "-o", "json_output=true"])?.exits(1)?.json()?;
    demand!(json["falco_load_results"][0]["successful"] == false, "{json:#}");
    falco(&["-r", "rules.yaml", "-L"])?
        .exits(0)?
        .names(&["Secret file read", "A shell runs in a container"])?;
    falco(&["-r", "rules.yaml", "-l", "Shell in container"])?.exits(0)?.names(&["execve, execveat"])?;
    falco(&["--list"])?.exits(0)?.names(&["proc.name", "ka.verb"])?;
    falco(&["--list=k8s_audit", "-N"])?.exits(0)?.names(&["ka.verb"])?.names_none_of(&["proc.name"])?;
    falco(&["--list-events"])?.exits(0)?.names(&["openat("])?;
    falco(&["--version"])?.exits(0)?.names(&["Falco version: 0."])?;
    falco(&["-r", "rules.yaml", "--dry-run"])?.exits(0)?;
    falco(&["-r", "rules.yaml", "-e", "node.scap", "-D", "Shell"])?
        .exits(0)?
        .names(&["Events detected: 2"])?;
    let folded = falco(&["-r", "rules.yaml", "-e", "node.scap", "--fold", "60"])?;
    demand!(folded.exits(0)?.stdout.matches("secret file (").count() == 2, "{}", folded.stdout);
    folded.names(&["Events detected: 3"])?;
    falco(&["-r", "rules.yaml", "-e", "node.scap", "-t", "shell"])?
        .exits(0)?
        .names(&["Events detected: 1"])?;
    let words =
        ["-r", "audit.yaml", "-o", "plugins[0].name=k8saudit", "-o", "plugins[0].open_params=audit.log"];
    falco(&words)?.exits(0)?.names(&["Events detected: 1", "Secret read: 1"])?;
    Ok(())
}

fn own_name(place: &Place) -> Result<(), String> {
    let link = place.path("falco");
    std::os::unix::fs::symlink(place.ringwall.path(), &link).map_err(|e| e.to_string())?;
    let falco = Program::new(link).inside(place.folder.path());
    falco.run(&["-r", "rules.yaml", "-e", "node.scap"])?.exits(0)?.names(&["Events detected: 3"])?;
    falco.run(&["--help"])?.exits(0)?.names(&["Usage: falco", "--dry-run"])?;
    Ok(())
}

fn wrong(place: &Place) -> Result<(), String> {
    let falco = |words: &[&str]| place.ringwall.run(&[&["falco"], words].concat());
    falco(&["--no-such-flag"])?.exits(1)?;
    falco(&["-r", "rules.yaml"])?.exits(1)?.talks_of(&["the kernel is not watched", "engine.kind=replay"])?;
    falco(&["-c", "none.yaml"])?.exits(1)?.talks_of(&["none.yaml"])?;
    falco(&["-r", "none.yaml", "-e", "node.scap"])?.exits(1)?.talks_of(&["none.yaml"])?;
    falco(&["-r", "rules.yaml", "-e", "none.scap"])?.exits(1)?.talks_of(&["none.scap"])?;
    falco(&["-r", "rules.yaml", "-e", "node.scap", "-o", "nonsense"])?.exits(1)?.talks_of(&["key=value"])?;
    place.put("broken.yaml", "a: [")?;
    falco(&["-c", "broken.yaml", "-r", "rules.yaml"])?.exits(1)?.talks_of(&["broken.yaml"])?;
    Ok(())
}
