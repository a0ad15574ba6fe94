//! Captures: whole, compressed, cut, foreign and hostile.

use super::capture::Capture;
use super::{Check, Place};
use integration::demand;

pub(super) static CHECKS: &[(&str, Check)] = &[
    ("replay-text-and-json", text_and_json),
    ("replay-folds-repeats", folds),
    ("replay-compressed-and-cut", compressed_and_cut),
    ("replay-what-is-no-capture", foreign),
    ("replay-log-injection", injection),
    ("replay-choice-of-rules", choice),
    ("replay-alerts-are-facts-for-risk", facts),
];

fn text_and_json(place: &Place) -> Result<(), String> {
    let answer = place.ringwall.run(&["detect", "replay", "node.scap", "-r", "rules.yaml", "--fold", "0"])?;
    answer
        .exits(0)?
        .first_line("10:00:01.000000000: Warning a shell (user=root command=sh -c id tty=34816)")?;
    answer.names(&["10:00:02.000000000: Error secret file (file=/etc/secret/key command=sh -c id)"])?;
    answer.talks_of(&["5 events: 3 matched, 2 did not; 3 alerts"])?;
    let json = place.ringwall.run(&[
        "detect",
        "replay",
        "node.scap",
        "-r",
        "rules.yaml",
        "-o",
        "json",
        "--hostname",
        "node-1",
    ])?;
    let first: serde_json::Value =
        json.stdout.lines().next().and_then(|l| serde_json::from_str(l).ok()).ok_or("no JSON")?;
    demand!(first["rule"] == "Shell in container" && first["priority"] == "Warning", "{first:#}");
    demand!(first["hostname"] == "node-1" && first["source"] == "syscall", "{first:#}");
    demand!(first["output_fields"]["proc.tty"] == 34816, "{first:#}");
    demand!(first["tags"] == serde_json::json!(["container", "shell"]), "{first:#}");
    demand!(first["time"] == "2026-03-01T10:00:01.000000000Z", "{first:#}");
    Ok(())
}

fn folds(place: &Place) -> Result<(), String> {
    let answer = place.ringwall.run(&["detect", "replay", "node.scap", "-r", "rules.yaml"])?;
    demand!(answer.stdout.lines().count() == 3, "{}", answer.stdout);
    answer.exits(0)?.talks_of(&["3 alerts, 1 of them repeats"])?;
    let mut capture = Capture::new().exec(7, "sh", b"", true);
    for _ in 0..50 {
        capture = capture.open(7, "/etc/secret/key");
    }
    place.put("many.scap", capture.bytes())?;
    let answer = place.ringwall.run(&["detect", "replay", "many.scap", "-r", "rules.yaml", "-o", "json"])?;
    let folded = answer.stdout.lines().last().unwrap_or_default();
    demand!(folded.contains("\"ringwall.count\":49") && folded.contains("(49 times)"), "{folded}");
    let limited = place.ringwall.run(&[
        "detect",
        "replay",
        "many.scap",
        "-r",
        "rules.yaml",
        "--fold",
        "0",
        "--rate",
        "1:5",
    ])?;
    // One alert a second is what there is: nothing is held back.
    limited.exits(0)?.talks_of(&["51 alerts"])?;
    Ok(())
}

fn compressed_and_cut(place: &Place) -> Result<(), String> {
    let capture = || Capture::new().exec(7, "sh", b"-c id", true).open(7, "/etc/secret/key");
    let (plain, gzip) = (capture().bytes(), capture().gzip());
    let run = |name: &str| place.ringwall.run(&["detect", "replay", name, "-r", "rules.yaml", "--fold", "0"]);
    place.put("whole.gz", &gzip)?;
    demand!(run("whole.gz")?.exits(0)?.stdout.lines().count() == 2, "not two alerts");
    for (name, bytes) in [("cut.scap", &plain[..plain.len() - 9]), ("cut.gz", &gzip[..gzip.len() - 12])] {
        place.put(name, bytes)?;
        let answer = run(name)?;
        answer.exits(3)?.names(&["a shell"])?.talks_of(&[name, "cut off"])?;
    }
    // Blocks nobody knows, and events that do not fit, are counted.
    let odd = capture().block(0x9999, b"what").block(0x216, b"short").open(7, "/etc/secret/key").bytes();
    place.put("odd.scap", odd)?;
    let answer = run("odd.scap")?;
    answer.exits(0)?.talks_of(&[
        "1 lost (unknown block)",
        "1 lost (event does not fit its block)",
        "3 alerts",
    ])?;
    let mut lengths = plain.clone();
    let last = lengths.len() - 1;
    lengths[last] ^= 4;
    place.put("lengths.scap", lengths)?;
    run("lengths.scap")?.exits(3)?.talks_of(&["lengths.scap", "two lengths differ"])?;
    let mut huge = plain;
    let at = huge.len();
    huge.extend([0x16, 2, 0, 0, 0xff, 0xff, 0xff, 0x7f]);
    demand!(huge.len() == at + 8, "nothing added");
    place.put("huge.scap", huge)?;
    run("huge.scap")?.exits(3)?.names(&["a shell"])?.costs_less(5, 128)?;
    Ok(())
}

fn foreign(place: &Place) -> Result<(), String> {
    for (name, bytes, says) in [
        ("audit.log", None, "detect audit"),
        ("empty.scap", Some(&b""[..]), "not a capture"),
        ("text.scap", Some(&b"PK\x03\x04 and so on, more than a header is long"[..]), "not a capture"),
    ] {
        if let Some(bytes) = bytes {
            place.put(name, bytes)?;
        }
        let answer = place.ringwall.run(&["detect", "replay", name, "-r", "rules.yaml"])?;
        answer.exits(3).and_then(|a| a.talks_of(&[says, name])).map_err(|why| format!("{name}: {why}"))?;
    }
    place
        .ringwall
        .run(&["detect", "replay", "none.scap", "-r", "rules.yaml"])?
        .exits(3)?
        .talks_of(&["none.scap"])?;
    place.ringwall.run(&["detect", "replay", ".", "-r", "rules.yaml"])?.exits(3)?.talks_of(&["folder"])?;
    place.ringwall.run(&["detect", "replay", "node.scap"])?.exits(2)?.talks_of(&["--rules"])?;
    let audit = place.ringwall.run(&["detect", "audit", "node.scap", "-r", "audit.yaml"])?;
    audit.exits(3)?.talks_of(&["detect replay"])?;
    Ok(())
}

/// What a process calls itself must not make lines, move a cursor or be read as a format.
fn injection(place: &Place) -> Result<(), String> {
    let args: &[u8] = b"-c a\nb\r\x1b[2J\x07%proc.name\xff\xfe\"\\ \xc2\x9b31m";
    let capture =
        Capture::new().exec(7, "sh", args, true).open(7, "/etc/secret/\n10:00:00.0: Emergency forged");
    place.put("evil.scap", capture.bytes())?;
    for format in ["text", "json"] {
        let answer =
            place.ringwall.run(&["detect", "replay", "evil.scap", "-r", "rules.yaml", "-o", format])?;
        let lines: Vec<&str> = answer.exits(0)?.stdout.lines().collect();
        demand!(lines.len() == 2, "{format}: {} lines\n{}", lines.len(), answer.stdout);
        let raw = |c: char| c.is_control() && c != '\n';
        demand!(
            !answer.stdout.contains(raw),
            "{format}: a control character got through\n{:?}",
            answer.stdout
        );
        demand!(lines[0].contains("%proc.name") && lines[0].contains('\u{fffd}'), "{format}: {}", lines[0]);
        if format == "json" {
            for line in lines {
                serde_json::from_str::<serde_json::Value>(line).map_err(|e| format!("{line}: {e}"))?;
            }
        }
    }
    Ok(())
}

fn choice(place: &Place) -> Result<(), String> {
    let run = |more: &[&str]| {
        place
            .ringwall
            .run(&[&["detect", "replay", "node.scap", "-r", "rules.yaml", "--fold", "0"], more].concat())
    };
    run(&["--disable", "Shell"])?.exits(0)?.names_none_of(&["a shell"])?.names(&["secret file"])?;
    run(&["--only-tag", "shell"])?.exits(0)?.names(&["a shell"])?.names_none_of(&["secret file"])?;
    run(&["--priority", "error"])?.exits(0)?.names_none_of(&["a shell"])?;
    run(&["--priority", "loud"])?.exits(2)?.talks_of(&["warning"])?;
    run(&["--fail-on", "error"])?.exits(1)?;
    run(&["--fail-on", "critical"])?.exits(0)?;
    run(&["--append", "id=%container.id"])?.exits(0)?.names(&["tty=34816) id=3ad7b26ded6d"])?;
    run(&["--append", "100%"])?.exits(2)?;
    run(&["--costs"])?.exits(0)?.talks_of(&["checks asked", "Shell in container"])?;
    Ok(())
}

/// An alert of our own confirms the step it is about.
fn facts(place: &Place) -> Result<(), String> {
    // As a live cluster lists it: the alert knows the container by the beginning of its id.
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, uid: 0d1f6c1e-5b0a-4f6e-9a53-7d2c1b0e8f11}\n\
               spec: {containers: [{name: c, image: 'registry.test/c:1', securityContext: {privileged: true}}]}\n\
               status: {phase: Running, containerStatuses: [{name: c, image: 'registry.test/c:1', imageID: '', \
               containerID: 'containerd://3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e'}]}\n";
    place.put("pod.yaml", pod)?;
    place
        .ringwall
        .run(&["detect", "replay", "node.scap", "-r", "rules.yaml", "-o", "json", "--to", "alerts.jsonl"])?
        .exits(0)?;
    let risk = place.ringwall.run(&["risk", "pod.yaml", "--alerts", "alerts.jsonl", "--all"])?;
    risk.names(&["in progress", "Shell in container", "shop/web"])?;
    Ok(())
}
