//! Control files, configurations of kubelets and reports of nodes that lie, are huge, or are not what they say.

use super::{Check, Place, SMALL_MIB};
use integration::demand;
use serde_json::Value;

pub(super) static CHECKS: &[(&str, Check)] = &[
    ("cis-bomb-among-control-files", bomb),
    ("cis-huge-control-file", huge_control_file),
    ("cis-unknown-words", unknown_words),
    ("configz-of-wrong-types", wrong_types),
    ("configz-without-end", endless_configz),
    ("node-report-of-wrong-types", report_of_wrong_types),
    ("node-report-with-bombs", report_with_bombs),
    ("node-report-without-end", endless_report),
];

const CONTROLS: &str = "controls:
id: 4
type: node
groups:
- id: 4.1
  text: Worker Node Configuration Files
  checks:
  - {id: 4.1.9, text: Ensure that the kubelet configuration file permissions are set to 600 or more restrictive, scored: true}
- id: 4.2
  text: Kubelet
  checks:
  - {id: 4.2.1, text: Ensure that the --anonymous-auth argument is set to false, scored: true}
  - {id: 4.2.2, text: Ensure that the --authorization-mode argument is not set to AlwaysAllow, scored: true}
  - {id: 4.2.4, text: Verify that the --read-only-port argument is set to 0, scored: true}
  - {id: 4.2.8, text: Ensure that the --event-qps argument is set to 0, scored: true}
  - {id: 4.2.9, text: Ensure that the --tls-cert-file and --tls-private-key-file arguments are set as appropriate, scored: true}
  - {id: 4.2.11, text: Verify that the RotateKubeletServerCertificate argument is set to true, scored: true}
  - {id: 4.2.12, text: Ensure that the Kubelet only makes use of Strong Cryptographic Ciphers, scored: true}
  - {id: 4.2.13, text: Ensure that a limit is set on pod PIDs, scored: true}
  - {id: 4.2.14, text: Ensure that the --seccomp-default parameter is set to true, scored: true}
";
const CONFIG: &str = "node:\n  components: [kubelet]\n  kubelet:\n    bins: [kubelet]\n    defaultconf: /var/lib/kubelet/config.yaml\n";

fn cfg(place: &Place<'_>, controls: &str) -> Result<(), String> {
    std::fs::create_dir_all(place.folder.join("cfg/x-1.0")).map_err(|e| e.to_string())?;
    place.put("cfg/config.yaml", CONFIG)?;
    place.put("cfg/x-1.0/node.yaml", controls)
}

const WORDS: &[&str] = &["check", "cis", "--cfg", "cfg", "--benchmark", "x-1.0", "-o", "json"];

fn ask(place: &Place<'_>, more: &[&str]) -> Result<Value, String> {
    let words = [WORDS, more].concat();
    place.run(&words, b"", SMALL_MIB)?.exits(0)?.json()
}

/// No control passes but these.
fn only(document: &Value, pass: &[&str]) -> Result<(), String> {
    let rows = document["controls"].as_array().cloned().unwrap_or_default();
    demand!(!rows.is_empty(), "no controls: {document}");
    for row in rows.iter().filter(|row| row["verdict"] == "pass") {
        let id = row["id"].as_str().unwrap_or_default();
        demand!(pass.contains(&id), "{id} passes: {row}");
    }
    Ok(())
}

fn bombed() -> String {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let nine = vec![format!("*a{}", level - 1); 9].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{nine}]\n"));
    }
    text
}

fn bomb(place: &Place<'_>) -> Result<(), String> {
    cfg(place, CONTROLS)?;
    place.put("cfg/x-1.0/bomb.yaml", bombed() + "controls: *a11\n")?;
    place.put("configz", r#"{"kubeletconfig":{}}"#)?;
    let answer = place.run(&[WORDS, &["--configz", "configz", "witness.yaml"]].concat(), b"", SMALL_MIB)?;
    let document = answer.exits(0)?.talks_of(&["bomb.yaml", "alias"])?.json()?;
    demand!(document["summary"]["controls"] == 10, "{}", document["summary"]);
    Ok(())
}

fn sparse(place: &Place<'_>, name: &str) -> Result<(), String> {
    let file = std::fs::File::create(place.folder.join(name)).map_err(|e| e.to_string())?;
    file.set_len(1 << 30).map_err(|e| e.to_string())
}

fn huge_control_file(place: &Place<'_>) -> Result<(), String> {
    cfg(place, CONTROLS)?;
    sparse(place, "cfg/x-1.0/huge.yaml")?;
    place.run(&[WORDS, &["witness.yaml"]].concat(), b"", SMALL_MIB)?.exits(3)?.talks_of(&["huge.yaml"])?;
    Ok(())
}

/// What is not known is told, and never a pass.
fn unknown_words(place: &Place<'_>) -> Result<(), String> {
    let text = "controls:\nid: 1\ntype: node\ngroups:\n- id: 1.1\n  text: A\n  checks:\n  - id: 1.1.1\n    text: a\n    audit: ps -fC \
                kubelet\n    tests: {bin_op: xor, test_items: [{flag: a, compare: {op: noteqx, value: 1}}]}\n  - {id: 1.1.2, text: b, type: \
                later}\n  - [not, a, control]\n- {id: 1.2, checks: words}\n- 7\n";
    cfg(place, text)?;
    let report =
        r#"{"kind":"NodeReport","version":1,"processes":[{"name":"kubelet","command":"kubelet a=2"}]}"#;
    place.put("report", report)?;
    let answer = place.run(&[WORDS, &["--node-report", "report"]].concat(), b"", SMALL_MIB)?;
    let document = answer.exits(0)?.talks_of(&["noteqx", "xor", "later"])?.json()?;
    only(&document, &[])
}

fn wrong_types(place: &Place<'_>) -> Result<(), String> {
    cfg(place, CONTROLS)?;
    let odd = [r#"{"a":1}"#, "[]", "\"x\"", "1e300", "-1", "true"];
    for value in odd {
        let fields = [
            "authentication",
            "authorization",
            "readOnlyPort",
            "eventRecordQPS",
            "tlsCertFile",
            "tlsPrivateKeyFile",
            "serverTLSBootstrap",
            "featureGates",
            "tlsCipherSuites",
            "podPidsLimit",
            "seccompDefault",
        ];
        let all: Vec<String> = fields.iter().map(|field| format!("\"{field}\":{value}")).collect();
        place.put("configz", format!("{{\"kubeletconfig\":{{{}}}}}", all.join(",")))?;
        let document = ask(place, &["--configz", "configz", "witness.yaml"])?;
        // What is not of its type is unknown; but a text is a path, true is true, and no gate is no gate.
        let fine: &[&str] = match value {
            "\"x\"" => &["4.2.9"],
            "true" => &["4.2.9", "4.2.14"],
            "{\"a\":1}" => &["4.2.1", "4.2.11"],
            _ => &[],
        };
        only(&document, fine)?;
    }
    Ok(())
}

fn endless_configz(place: &Place<'_>) -> Result<(), String> {
    cfg(place, CONTROLS)?;
    sparse(place, "configz")?;
    for path in ["configz", "/dev/zero"] {
        let words = [WORDS, &["--configz", path, "witness.yaml"]].concat();
        place.run(&words, b"", SMALL_MIB)?.exits(3)?.talks_of(&[path])?;
    }
    Ok(())
}

fn report_of_wrong_types(place: &Place<'_>) -> Result<(), String> {
    cfg(place, CONTROLS)?;
    for text in [
        r#"{"kind":"NodeReport","version":1,"processes":[{"name":"kubelet","command":["kubelet"]}],"files":{"/var/lib/kubelet/config.yaml":{"kind":"file","mode":384,"owner":"root","group":"root"}}}"#,
        r#"{"kind":"NodeReport","version":1,"processes":{},"files":[],"folders":"/","journal":7}"#,
        r#"{"kind":"NodeReport","version":1,"files":{"/var/lib/kubelet/config.yaml":{"kind":"file","mode":"99999999","owner":"root","group":"root"}},"folders":["/var/lib/kubelet"]}"#,
        "{\"kind\":\"NodeReport\",\"version\":1,\"files\":{\"/a\\u001b[31m\\u202e\":{\"kind\":\"\\u0007\"}}}",
    ] {
        place.put("report", text)?;
        let answer = place.run(&[WORDS, &["--node-report", "report"]].concat(), b"", SMALL_MIB)?;
        only(&answer.exits(0)?.talks_of(&["report: "])?.json()?, &[])?;
    }
    Ok(())
}

fn report_with_bombs(place: &Place<'_>) -> Result<(), String> {
    cfg(place, CONTROLS)?;
    let config = bombed() + "authentication: *a11\n";
    let deep = "[".repeat(100_000);
    for content in [config, deep, "x: ".repeat(1_000_000)] {
        let report = serde_json::json!({
            "kind": "NodeReport", "version": 1,
            "processes": [{"name": "kubelet", "command": "kubelet --config=/var/lib/kubelet/config.yaml"}],
            "files": {"/var/lib/kubelet/config.yaml":
                {"kind": "file", "mode": "0600", "owner": "root", "group": "root", "content": content}},
        });
        place.put("report", report.to_string())?;
        // Its mode is what it says; what it holds cannot be read.
        only(&ask(place, &["--node-report", "report"])?, &["4.1.9"])?;
    }
    Ok(())
}

fn endless_report(place: &Place<'_>) -> Result<(), String> {
    cfg(place, CONTROLS)?;
    sparse(place, "report")?;
    for path in ["report", "/dev/zero"] {
        place
            .run(&[WORDS, &["--node-report", path]].concat(), b"", SMALL_MIB)?
            .exits(3)?
            .talks_of(&[path])?;
    }
    Ok(())
}
