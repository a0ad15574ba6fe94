//! Kubelets, by the configuration that holds: what absence means depends on where it is absent.

use super::Judge::{Field, Kubelet as By};
use super::{Own, Seen, Topic, fail, pass, unsure};
use crate::Run;
use crate::nodes::kubelet::{Kind, Kubelet};
use serde_json::Value;

const KUBELET: &[&str] = &["kubelet"];
const ABSENT: &str =
    "upstream takes absence for a failure or for a pass; what it means depends on where it is absent";

/// Judges every kubelet whose configuration is known.
pub(super) fn each(seen: &Seen<'_>, judge: impl Fn(&Kubelet) -> Own) -> Own {
    let mut last = None;
    for kubelet in &seen.kubelets {
        let said = judge(kubelet)?;
        if !said.holds {
            return Ok(said);
        }
        if kubelet.kind == Kind::File && kubelet.node.is_none() {
            // It is what kubeadm gives to nodes that join, not what runs.
            return unsure("only kubeadm's ConfigMap was read, not what runs: --configz FILE");
        }
        last = Some(said);
    }
    last.map_or_else(
        || unsure("no kubelet's configuration was read: --configz FILE, or on the node --local"),
        Ok,
    )
}

/// Judges the field of a check.
pub(super) fn field(id: &str, seen: &Seen<'_>) -> Own {
    let of = |check: &&&'static crate::Check| check.rule.id == id;
    let field = crate::nodes::CHECKS.iter().find(of).and_then(|check| match check.run {
        Run::Kubelet(field) => Some(field),
        _ => None,
    });
    let Some(field) = field else { return unsure("there is no such check") };
    each(seen, |kubelet| {
        let holds = kubelet.effective(field);
        let how = if holds.written { "is" } else { "is not set, which means" };
        let shown = format!("{} {how} {}", field.path.join("."), short(&holds.value));
        match (field.safe)(&holds.value) {
            Some(true) => pass(shown),
            Some(false) => fail(shown),
            None => unsure(format!("{shown}, a value of another type")),
        }
    })
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(120).collect()
}

/// What stands in the configuration, or the flag where there is one.
fn written(kubelet: &Kubelet, path: &str, flag: &str) -> Option<Value> {
    let flags = || kubelet.flags.iter().rev().find(|(name, _)| name == flag).map(|(_, text)| text.clone());
    let of_flag = if kubelet.kind == Kind::Configz { None } else { flags() };
    let of_file = || {
        path.split('.').try_fold(&kubelet.config, |at, part| at.get(part)).filter(|v| !v.is_null()).cloned()
    };
    of_flag.map(Value::String).or_else(of_file)
}

fn certificate(kubelet: &Kubelet, _: &Seen<'_>) -> Own {
    let text =
        |path: &str, flag: &str| written(kubelet, path, flag).and_then(|v| v.as_str().map(str::to_owned));
    let (cert, key) =
        (text("tlsCertFile", "tls-cert-file"), text("tlsPrivateKeyFile", "tls-private-key-file"));
    let given = |file: &Option<String>| file.as_ref().is_some_and(|file| !file.is_empty());
    if given(&cert) && given(&key) {
        return pass(format!("tlsCertFile is {}", cert.unwrap_or_default()));
    }
    match written(kubelet, "serverTLSBootstrap", "").map(|value| value.as_bool()) {
        Some(Some(true)) => pass("serverTLSBootstrap: the cluster signs its certificate and renews it"),
        None | Some(Some(false)) => fail("it serves with a certificate it signed itself"),
        Some(None) => unsure("serverTLSBootstrap has a value of another type"),
    }
}

fn suites(kubelet: &Kubelet, _: &Seen<'_>) -> Own {
    let least = written(kubelet, "tlsMinVersion", "tls-min-version");
    let least = least.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
    match written(kubelet, "tlsCipherSuites", "tls-cipher-suites") {
        None => super::flags::strong(&[], &least),
        Some(Value::Array(items)) if items.iter().all(Value::is_string) => {
            super::flags::strong(&items.iter().filter_map(Value::as_str).collect::<Vec<_>>(), &least)
        }
        Some(Value::String(text)) => {
            super::flags::strong(&text.split(',').map(str::trim).collect::<Vec<_>>(), &least)
        }
        Some(_) => unsure("tlsCipherSuites has a value of another type"),
    }
}

fn server_rotation(kubelet: &Kubelet, _: &Seen<'_>) -> Own {
    let gate = match written(kubelet, "featureGates", "feature-gates") {
        None => None,
        Some(Value::String(gates)) if gates.contains('=') => gates
            .split(',')
            .find_map(|gate| gate.strip_prefix("RotateKubeletServerCertificate="))
            .map(|on| on != "false"),
        Some(Value::Object(gates)) => match gates.get("RotateKubeletServerCertificate") {
            None => None,
            Some(Value::Bool(on)) => Some(*on),
            Some(_) => return unsure("the feature gate has a value of another type"),
        },
        Some(_) => return unsure("featureGates has a value of another type"),
    };
    match gate {
        Some(false) => fail("RotateKubeletServerCertificate is switched off"),
        Some(true) => pass("RotateKubeletServerCertificate is switched on"),
        None => pass("RotateKubeletServerCertificate is on by default and not switched off"),
    }
}

fn events(kubelet: &Kubelet, _: &Seen<'_>) -> Own {
    match written(kubelet, "eventRecordQPS", "event-qps") {
        // `/configz` leaves zero out.
        None => pass("eventRecordQPS is not set: 50, or no limit at all"),
        Some(value) => match value.as_i64().or_else(|| value.as_str()?.parse().ok()) {
            Some(rate) if rate >= 0 => pass(format!("eventRecordQPS is {rate}")),
            Some(rate) => fail(format!("eventRecordQPS is {rate}")),
            None => unsure("eventRecordQPS has a value of another type"),
        },
    }
}

fn hostname(seen: &Seen<'_>) -> Own {
    let tasks = seen.node.processes.iter().flatten();
    let mut kubelets = tasks.filter(|task| task.name == "kubelet" && task.pid > 0).peekable();
    if kubelets.peek().is_none() {
        return unsure(
            "only the kubelet's command line shows it: on the node, --local or --node-report FILE",
        );
    }
    match kubelets.find(|task| task.command.contains("--hostname-override")) {
        Some(_) => fail("--hostname-override is set"),
        None => pass("--hostname-override is not set"),
    }
}

const fn row(
    key: &'static str,
    words: &'static [&'static [&'static str]],
    judge: super::Judge,
    upstream: &'static str,
) -> Topic {
    Topic { key, group: KUBELET, words, judge, upstream, script: None }
}

pub(super) static TOPICS: &[Topic] = &[
    row(
        "kubelet/anonymous-auth",
        &[&["anonymous-auth", "false"], &["anonymous auth is not enabled"]],
        Field("nodes/kubelet-anonymous"),
        ABSENT,
    ),
    row(
        "kubelet/authorization",
        &[&["--authorization-mode", "alwaysallow"]],
        Field("nodes/kubelet-authorization"),
        ABSENT,
    ),
    row(
        "kubelet/client-ca",
        &[&["--client-ca-file"], &["client ca file is configured"]],
        Field("nodes/kubelet-client-ca"),
        ABSENT,
    ),
    row(
        "kubelet/read-only-port",
        &[&["--read-only-port"], &["read only port"]],
        Field("nodes/kubelet-read-only-port"),
        ABSENT,
    ),
    row(
        "kubelet/idle-streams",
        &[&["--streaming-connection-idle-timeout"]],
        Field("nodes/kubelet-idle-streams"),
        "upstream compares text with 0, and 0s is another text",
    ),
    row(
        "kubelet/kernel-defaults",
        &[&["--protect-kernel-defaults"]],
        Field("nodes/kubelet-kernel-defaults"),
        ABSENT,
    ),
    row("kubelet/iptables", &[&["--make-iptables-util-chains"]], Field("nodes/kubelet-iptables"), ABSENT),
    row(
        "kubelet/rotation",
        &[&["--rotate-certificates"]],
        Field("nodes/kubelet-rotation"),
        "absence means false, which upstream passes",
    ),
    row(
        "kubelet/pid-limit",
        &[&["limit is set on pod pids"]],
        Field("nodes/kubelet-pid-limit"),
        "upstream asks whether podPidsLimit is there; -1 is no limit",
    ),
    row(
        "kubelet/seccomp-default",
        &[&["--seccomp-default"]],
        Field("nodes/kubelet-seccomp-default"),
        "upstream asks whether seccompDefault is there; false passes",
    ),
    row("kubelet/hostname", &[&["--hostname-override"]], super::Judge::Code(hostname), ABSENT),
    row("kubelet/events", &[&["eventrecordqps"], &["--event-qps"]], By(events), ABSENT),
    row(
        "kubelet/certificate",
        &[&["--tls-cert-file"]],
        By(certificate),
        "a certificate that the cluster signs and renews needs no file of its own",
    ),
    row("kubelet/server-rotation", &[&["rotatekubeletservercertificate"]], By(server_rotation), ABSENT),
    row(
        "kubelet/suites",
        &[&["strong cryptographic ciphers"]],
        By(suites),
        "with TLS 1.3 alone the list of suites means nothing",
    ),
];
