//! Documents given by options: garbage, half of one, one of another kind, one too many.

use super::{Check, MIB, Place, SMALL_MIB};
use integration::{demand, root};

pub(super) static CHECKS: &[(&str, Check)] = &[
    ("garbage-for-an-option", garbage),
    ("half-a-document-for-an-option", half),
    ("other-kind-for-an-option", other_kind),
    ("missing-file-for-an-option", missing),
    ("one-bad-line-among-many", one_bad_line),
    ("endless-line", endless_line),
    ("deep-report", deep_report),
];

const OPTIONS: &[&str] = &["--scan", "--alerts", "--audit", "--kev", "--image-facts"];

fn garbage(place: &Place<'_>) -> Result<(), String> {
    let noise: Vec<u8> = (0..65_536_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let texts: [(&str, &[u8]); 5] = [
        ("noise.bin", &noise),
        ("words.txt", b"not json at all\n"),
        ("list.json", b"[1, 2, {}]"),
        ("nul.json", b"{\"a\": \"\0\"}"),
        ("empty.json", b""),
    ];
    for (name, text) in texts {
        place.put(&format!("not-{name}"), text)?;
    }
    std::fs::create_dir(place.folder.join("in")).map_err(|e| e.to_string())?;
    std::fs::rename(place.folder.join("witness.yaml"), place.folder.join("in/witness.yaml"))
        .map_err(|e| e.to_string())?;
    for option in OPTIONS {
        for (name, text) in texts {
            // An empty log is a log in which nothing happened.
            if text.is_empty() && ["--alerts", "--audit"].contains(option) {
                continue;
            }
            let name = format!("not-{name}");
            let answer = place.run(&["risk", "in", option, &name, "--all"], b"", SMALL_MIB)?;
            answer
                .exits(3)
                .and_then(|answer| answer.names(&["court/witness is privileged", &name]))
                .map_err(|why| format!("{option} {name}: {why}"))?;
        }
    }
    Ok(())
}

fn shop(name: &str) -> Result<Vec<u8>, String> {
    std::fs::read(root().join("examples").join(name)).map_err(|e| format!("{name}: {e}"))
}

/// (option, the shop's document for it)
const DOCUMENTS: &[(&str, &str)] = &[
    ("--scan", "shop/images/web.json"),
    ("--alerts", "shop-alert.json"),
    ("--audit", "shop/audit.log"),
    ("--kev", "shop/images/kev.json"),
    ("--image-facts", "shop/images/facts.json"),
];

fn half(place: &Place<'_>) -> Result<(), String> {
    for (option, name) in DOCUMENTS {
        let whole = shop(name)?;
        place.put("whole.data", &whole)?;
        place.put("half.data", &whole[..whole.len() / 2])?;
        place.run(&["risk", "witness.yaml", option, "whole.data"], b"", SMALL_MIB)?.exits(0)?;
        let answer = place.run(&["risk", "witness.yaml", option, "half.data", "--all"], b"", SMALL_MIB)?;
        answer.exits(3)?.names(&["court/witness is privileged", "half.data"])?;
    }
    Ok(())
}

/// The words say what the file is and what was wanted.
fn other_kind(place: &Place<'_>) -> Result<(), String> {
    let kinds = [
        "a scan report",
        "an alert log",
        "an audit log",
        "a catalogue of exploited vulnerabilities",
        "image facts",
    ];
    for (at, (option, _)) in DOCUMENTS.iter().enumerate() {
        for (other, (_, name)) in DOCUMENTS.iter().enumerate().filter(|(other, _)| *other != at) {
            place.put("given.json", shop(name)?)?;
            let answer = place.run(&["risk", "witness.yaml", option, "given.json"], b"", SMALL_MIB)?;
            answer.exits(2)?.talks_of(&["given.json", kinds[other], kinds[at]])?;
        }
    }
    place.run(&["snapshot", "save", "witness.yaml", "-o", "saved"], b"", SMALL_MIB)?.exits(0)?;
    place
        .run(&["risk", "witness.yaml", "--scan", "saved"], b"", SMALL_MIB)?
        .exits(2)?
        .talks_of(&["a saved snapshot", "a scan report"])?;
    Ok(())
}

fn missing(place: &Place<'_>) -> Result<(), String> {
    for option in OPTIONS {
        let answer = place.run(&["risk", "witness.yaml", option, "gone.json"], b"", SMALL_MIB)?;
        answer.exits(3)?.talks_of(&["gone.json"])?;
        // A folder is no document.
        place.run(&["risk", "witness.yaml", option, "."], b"", SMALL_MIB)?.exits(3)?.talks_of(&["."])?;
    }
    Ok(())
}

/// The bad line is counted and told with its number; the good ones are joined.
fn one_bad_line(place: &Place<'_>) -> Result<(), String> {
    let alert = "{\"output\": \"x\", \"priority\": \"Notice\", \"rule\": \"Terminal shell in container\", \"source\": \"syscall\", \"tags\": [\"T1059\"], \"time\": \"2026-11-24T09:41:07Z\", \"output_fields\": {\"k8s.ns.name\": \"court\", \"k8s.pod.name\": \"witness\"}}";
    place.put("alerts.jsonl", format!("{alert}\n{{\"rule\": \n{alert}\n"))?;
    let answer = place.run(&["risk", "witness.yaml", "--alerts", "alerts.jsonl", "--all"], b"", SMALL_MIB)?;
    answer.exits(3)?.names(&["alerts.jsonl:2:", "in progress: Terminal shell in container"])?;
    Ok(())
}

fn endless_line(place: &Place<'_>) -> Result<(), String> {
    for option in ["--alerts", "--audit"] {
        place.put("long.jsonl", format!("{{\"rule\": \"{}\"}}\n", "x".repeat(64 << 20)))?;
        let answer = place.run(&["risk", "witness.yaml", option, "long.jsonl"], b"", MIB)?;
        answer.exits(3)?.names(&["long.jsonl"])?;
    }
    Ok(())
}

fn deep_report(place: &Place<'_>) -> Result<(), String> {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (option, before) in [
        ("--scan", "{\"SchemaVersion\": 2, \"ArtifactName\": \"a\", \"Results\": "),
        ("--kev", "{\"catalogVersion\": \"1\", \"vulnerabilities\": "),
        ("--image-facts", "{\"ringwall\": \"image-facts/v1\", \"images\": "),
        ("--audit", "{\"kind\": \"Event\", \"apiVersion\": \"audit.k8s.io/v1\", \"user\": "),
        ("--alerts", "{\"rule\": \"r\", \"priority\": \"Notice\", \"output\": \"o\", \"output_fields\": "),
    ] {
        place.put("deep.data", format!("{before}{deep}}}"))?;
        let answer = place.run(&["risk", "witness.yaml", option, "deep.data", "--all"], b"", SMALL_MIB)?;
        demand!(answer.code == Some(3), "{option}: ended with {:?}\n{}", answer.code, answer.stdout);
        answer.names(&["court/witness is privileged", "deep.data"])?;
    }
    Ok(())
}
