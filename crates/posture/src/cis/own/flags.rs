//! Flags of the control plane's programs, by what holds: absence is the program's default, not a failure.

use super::Judge::Flags;
use super::{Own, Seen, Topic, fail, pass, unsure};
use crate::control_plane::Process;

const API: &[&str] = &["api server"];
const MANAGER: &[&str] = &["controller manager"];
const SCHEDULE: &[&str] = &["scheduler"];
const STORE: &[&str] = &["etcd"];

/// Judges every process of a program.
pub(super) fn judge(program: &str, judge: fn(&Process, &Seen<'_>) -> Own, seen: &Seen<'_>) -> Own {
    let mut last = None;
    for process in seen.of(program) {
        let said = judge(process, seen)?;
        if !said.holds {
            return Ok(said);
        }
        last = Some(said);
    }
    last.map_or_else(
        || unsure(format!("no {program} was seen: neither its pod in kube-system nor its process")),
        Ok,
    )
}

fn shown(process: &Process, flag: &str) -> String {
    match process.arguments.get(flag) {
        Some(value) => format!("--{flag}={}", value.chars().take(120).collect::<String>()),
        None => format!("--{flag} is not set"),
    }
}

fn said(holds: bool, process: &Process, flag: &str) -> Own {
    if holds { pass(shown(process, flag)) } else { fail(shown(process, flag)) }
}

/// A boolean flag must be this, and is that by default.
fn boolean(process: &Process, flag: &str, default: bool, want: bool) -> Own {
    match process.arguments.bool(flag, default) {
        Some(value) => said(value == want, process, flag),
        None => unsure(format!("{} is no boolean", shown(process, flag))),
    }
}

/// Flags that must be set.
fn set(process: &Process, flags: &[&str]) -> Own {
    match flags.iter().find(|flag| !process.arguments.has(flag)) {
        Some(missing) => fail(shown(process, missing)),
        None => pass(flags.iter().map(|flag| shown(process, flag)).collect::<Vec<_>>().join(" ")),
    }
}

fn absent(process: &Process, flag: &str) -> Own {
    said(!process.arguments.has(flag), process, flag)
}

/// A number that must be at least this.
fn least(process: &Process, flag: &str, least: i64) -> Own {
    match process.arguments.get(flag).map(|text| text.trim().parse::<i64>()) {
        None => fail(shown(process, flag)),
        Some(Ok(number)) => said(number >= least, process, flag),
        Some(Err(_)) => unsure(format!("{} is no number", shown(process, flag))),
    }
}

/// The same of a log that must be written at all.
fn of_log(process: &Process, flag: &str, wanted: i64) -> Own {
    match process.arguments.get("audit-log-path") {
        Some("-") => pass("the log goes to standard output, which something else keeps"),
        Some(path) if !path.is_empty() => least(process, flag, wanted),
        _ => fail("no audit log is written: --audit-log-path is not set"),
    }
}

/// An element of a list that must, or must not, be there.
fn listed(process: &Process, flag: &str, element: &str, want: bool) -> Own {
    said(process.arguments.list(flag).any(|one| one == element) == want, process, flag)
}

fn enabled(process: &Process, plugin: &str) -> Own {
    // What is enabled and disabled at once is disabled.
    if process.arguments.list("disable-admission-plugins").any(|one| one == plugin) {
        return said(false, process, "disable-admission-plugins");
    }
    // The flag of old lists all that is on.
    match process.arguments.list("admission-control").any(|one| one == plugin) {
        true => pass(shown(process, "admission-control")),
        false => listed(process, "enable-admission-plugins", plugin, true),
    }
}

/// Modes by the flag; those of a file are the file's.
fn mode(process: &Process, judge: impl Fn(&[&str]) -> bool) -> Own {
    if process.arguments.has("authorization-config") {
        return unsure(format!("{}: the modes stand in that file", shown(process, "authorization-config")));
    }
    let modes: Vec<&str> = process.arguments.list("authorization-mode").collect();
    let modes = if modes.is_empty() { vec!["AlwaysAllow"] } else { modes };
    said(judge(&modes), process, "authorization-mode")
}

/// An address that only the node itself reaches.
pub(super) fn loopback(address: &str) -> bool {
    let host = address.trim();
    let host = host.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(host, |(host, _)| host);
    let host = match host.matches(':').count() {
        1 => host.split(':').next().unwrap_or_default(),
        _ => host,
    };
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn bound_to_itself(process: &Process) -> Own {
    let flag = if process.arguments.has("bind-address") { "bind-address" } else { "address" };
    match process.arguments.get(flag) {
        Some(address) => said(loopback(address), process, flag),
        None => fail("--bind-address is not set, which means 0.0.0.0"),
    }
}

/// Suites without known weakness; TLS 1.3 has no others.
const STRONG: &[&str] = &[
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
];

/// Whether a server with these settings speaks strong suites only.
pub(super) fn strong(suites: &[&str], least: &str) -> Own {
    if least == "VersionTLS13" {
        return pass("TLS 1.3 alone, whose suites are all strong");
    }
    match suites.iter().find(|suite| !STRONG.contains(suite)) {
        Some(weak) => fail(format!("{weak} is among its suites")),
        None if suites.is_empty() => fail("no suites are set, and the defaults hold weak ones (CBC)"),
        None => pass(format!("{} strong suites", suites.len())),
    }
}

fn suites(process: &Process) -> Own {
    let suites: Vec<&str> = process.arguments.list("tls-cipher-suites").collect();
    strong(&suites, process.arguments.get("tls-min-version").unwrap_or_default())
}

/// A duration of Go in seconds; whole numbers alone are seconds too.
pub(super) fn seconds(text: &str) -> Option<f64> {
    if let Ok(number) = text.parse::<f64>() {
        return Some(number);
    }
    let (mut total, mut number) = (0.0, String::new());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_ascii_digit() || c == '.' || c == '-' {
            number.push(c);
            continue;
        }
        let unit = match c {
            'h' => 3600.0,
            'm' if chars.next_if_eq(&'s').is_some() => 0.001,
            'm' => 60.0,
            's' => 1.0,
            'u' | 'n' | 'µ' => {
                chars.next();
                0.0
            }
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * unit;
        number.clear();
    }
    number.is_empty().then_some(total)
}

fn gate(process: &Process, name: &str) -> Own {
    let off = process.arguments.list("feature-gates").any(|gate| gate == format!("{name}=false"));
    if off {
        fail(shown(process, "feature-gates"))
    } else {
        pass(format!("{name} is on by default and not switched off"))
    }
}

/// A program whose file may say more than its flags.
fn unless_in_file(process: &Process, own: Own) -> Own {
    if process.arguments.has("config") && !own.as_ref().is_ok_and(|said| said.holds) {
        return unsure(format!("{}: that file may say more", shown(process, "config")));
    }
    own
}

/// A row of these tables.
const fn row(
    key: &'static str,
    group: &'static [&'static str],
    words: &'static [&'static [&'static str]],
    judge: super::Judge,
    upstream: &'static str,
) -> Topic {
    Topic { key, group, words, judge, upstream, script: None }
}

const GREP: &str =
    "upstream takes every process whose command line holds the program's name, and text for values";

pub(super) static API_SERVER: &[Topic] = &[
    row(
        "apiserver/anonymous-auth",
        API,
        &[&["--anonymous-auth argument is set to false"]],
        Flags("kube-apiserver", |p, _| {
            if p.arguments.has("authentication-config") {
                return unsure(
                    "--authentication-config may limit anonymous requests to some paths: read that file",
                );
            }
            boolean(p, "anonymous-auth", true, false)
        }),
        GREP,
    ),
    row(
        "apiserver/basic-auth-file",
        API,
        &[&["--basic-auth-file", "not set"]],
        Flags("kube-apiserver", |p, _| absent(p, "basic-auth-file")),
        GREP,
    ),
    row(
        "apiserver/token-auth-file",
        API,
        &[&["--token-auth-file", "not set"]],
        Flags("kube-apiserver", |p, _| absent(p, "token-auth-file")),
        GREP,
    ),
    row(
        "apiserver/kubelet-https",
        API,
        &[&["--kubelet-https"]],
        Flags("kube-apiserver", |p, _| boolean(p, "kubelet-https", true, true)),
        GREP,
    ),
    row(
        "apiserver/kubelet-client",
        API,
        &[&["--kubelet-client-certificate", "--kubelet-client-key"]],
        Flags("kube-apiserver", |p, _| set(p, &["kubelet-client-certificate", "kubelet-client-key"])),
        GREP,
    ),
    row(
        "apiserver/kubelet-ca",
        API,
        &[&["--kubelet-certificate-authority"]],
        Flags("kube-apiserver", |p, _| set(p, &["kubelet-certificate-authority"])),
        GREP,
    ),
    row(
        "apiserver/always-allow",
        API,
        &[&["--authorization-mode", "not set to alwaysallow"]],
        Flags("kube-apiserver", |p, _| mode(p, |modes| !modes.contains(&"AlwaysAllow"))),
        "modes may stand in --authorization-config, which upstream does not read",
    ),
    row(
        "apiserver/node-mode",
        API,
        &[&["--authorization-mode", "includes node"]],
        Flags("kube-apiserver", |p, _| mode(p, |modes| modes.contains(&"Node"))),
        "modes may stand in --authorization-config, which upstream does not read",
    ),
    row(
        "apiserver/rbac-mode",
        API,
        &[&["--authorization-mode", "includes rbac"]],
        Flags("kube-apiserver", |p, _| mode(p, |modes| modes.contains(&"RBAC"))),
        "modes may stand in --authorization-config, which upstream does not read",
    ),
    row(
        "apiserver/event-rate-limit",
        API,
        &[&["eventratelimit is set"]],
        Flags("kube-apiserver", |p, _| enabled(p, "EventRateLimit")),
        GREP,
    ),
    row(
        "apiserver/always-admit",
        API,
        &[&["alwaysadmit is not set"]],
        Flags("kube-apiserver", |p, _| listed(p, "enable-admission-plugins", "AlwaysAdmit", false)),
        GREP,
    ),
    row(
        "apiserver/always-pull",
        API,
        &[&["alwayspullimages is set"]],
        Flags("kube-apiserver", |p, _| enabled(p, "AlwaysPullImages")),
        "a plugin that is disabled as well is off",
    ),
    row(
        "apiserver/context-deny",
        API,
        &[&["securitycontextdeny"]],
        Flags("kube-apiserver", |p, _| {
            let either = enabled(p, "SecurityContextDeny")?;
            if either.holds { Ok(either) } else { enabled(p, "PodSecurityPolicy") }
        }),
        GREP,
    ),
    row(
        "apiserver/service-account-plugin",
        API,
        &[&["admission control plugin serviceaccount is set"]],
        Flags("kube-apiserver", |p, _| listed(p, "disable-admission-plugins", "ServiceAccount", false)),
        GREP,
    ),
    row(
        "apiserver/namespace-lifecycle",
        API,
        &[&["namespacelifecycle is set"]],
        Flags("kube-apiserver", |p, _| listed(p, "disable-admission-plugins", "NamespaceLifecycle", false)),
        GREP,
    ),
    row(
        "apiserver/pod-security-policy",
        API,
        &[&["podsecuritypolicy is set"]],
        Flags("kube-apiserver", |p, _| enabled(p, "PodSecurityPolicy")),
        "a plugin that is disabled as well is off",
    ),
    row(
        "apiserver/node-restriction",
        API,
        &[&["noderestriction is set"]],
        Flags("kube-apiserver", |p, _| enabled(p, "NodeRestriction")),
        "a plugin that is disabled as well is off",
    ),
    row(
        "apiserver/external-ips",
        API,
        &[&["denyserviceexternalips"]],
        Flags("kube-apiserver", |p, _| enabled(p, "DenyServiceExternalIPs")),
        "the plugin refuses what the control is about; some editions ask for its absence by mistake",
    ),
    row(
        "apiserver/insecure-bind",
        API,
        &[&["--insecure-bind-address", "not set"]],
        Flags("kube-apiserver", |p, _| absent(p, "insecure-bind-address")),
        GREP,
    ),
    row(
        "apiserver/insecure-port",
        API,
        &[&["--insecure-port", "set to 0"]],
        Flags("kube-apiserver", |p, seen| match p.arguments.get("insecure-port") {
            Some(port) => said(port == "0", p, "insecure-port"),
            // Gone since 1.24, and 0 by itself since 1.20.
            None if seen.whole.as_ref().is_some_and(|whole| {
                whole.snapshot.server_version.is_some() && whole.rbac.version().0 >= 20
            }) =>
            {
                pass("this version has no such port")
            }
            None => unsure(
                "--insecure-port is not set, and the server's version, which decides what that means, is not known",
            ),
        }),
        "absence is safe where the version has no such port",
    ),
    row(
        "apiserver/secure-port",
        API,
        &[&["--secure-port", "not set to 0"]],
        Flags("kube-apiserver", |p, _| said(p.arguments.get("secure-port") != Some("0"), p, "secure-port")),
        GREP,
    ),
    row(
        "apiserver/profiling",
        API,
        &[&["--profiling", "set to false"]],
        Flags("kube-apiserver", |p, _| boolean(p, "profiling", true, false)),
        GREP,
    ),
    row(
        "apiserver/audit-log",
        API,
        &[&["--audit-log-path", "is set"]],
        Flags("kube-apiserver", |p, _| {
            let path = set(p, &["audit-log-path"])?;
            if path.holds && !p.arguments.has("audit-policy-file") {
                fail("--audit-log-path without --audit-policy-file writes nothing")
            } else {
                Ok(path)
            }
        }),
        "a path without a policy writes nothing",
    ),
    row(
        "apiserver/audit-age",
        API,
        &[&["--audit-log-maxage"]],
        Flags("kube-apiserver", |p, _| of_log(p, "audit-log-maxage", 30)),
        "an age of a log that is not written keeps nothing",
    ),
    row(
        "apiserver/audit-backup",
        API,
        &[&["--audit-log-maxbackup"]],
        Flags("kube-apiserver", |p, _| of_log(p, "audit-log-maxbackup", 10)),
        "a number of logs that are not written keeps nothing",
    ),
    row(
        "apiserver/audit-size",
        API,
        &[&["--audit-log-maxsize"]],
        Flags("kube-apiserver", |p, _| of_log(p, "audit-log-maxsize", 100)),
        "a size of a log that is not written keeps nothing",
    ),
    row(
        "apiserver/request-timeout",
        API,
        &[&["--request-timeout"]],
        Flags("kube-apiserver", |p, _| match p.arguments.get("request-timeout") {
            None => pass("--request-timeout is not set, which means 1m"),
            Some(text) => match seconds(text) {
                Some(time) => said(time > 0.0 && time <= 600.0, p, "request-timeout"),
                None => unsure(format!("{} is no duration", shown(p, "request-timeout"))),
            },
        }),
        GREP,
    ),
    row(
        "apiserver/account-lookup",
        API,
        &[&["--service-account-lookup"]],
        Flags("kube-apiserver", |p, _| boolean(p, "service-account-lookup", true, true)),
        GREP,
    ),
    row(
        "apiserver/account-key",
        API,
        &[&["--service-account-key-file"]],
        Flags("kube-apiserver", |p, _| set(p, &["service-account-key-file"])),
        GREP,
    ),
    row(
        "apiserver/etcd-client",
        API,
        &[&["--etcd-certfile", "--etcd-keyfile"]],
        Flags("kube-apiserver", |p, _| set(p, &["etcd-certfile", "etcd-keyfile"])),
        GREP,
    ),
    row(
        "apiserver/tls",
        API,
        &[&["--tls-cert-file", "--tls-private-key-file"]],
        Flags("kube-apiserver", |p, _| set(p, &["tls-cert-file", "tls-private-key-file"])),
        GREP,
    ),
    row(
        "apiserver/client-ca",
        API,
        &[&["--client-ca-file"]],
        Flags("kube-apiserver", |p, _| set(p, &["client-ca-file"])),
        GREP,
    ),
    row(
        "apiserver/etcd-ca",
        API,
        &[&["--etcd-cafile"]],
        Flags("kube-apiserver", |p, _| set(p, &["etcd-cafile"])),
        GREP,
    ),
    row(
        "apiserver/encryption",
        API,
        &[&["--encryption-provider-config argument"]],
        Flags("kube-apiserver", |p, _| set(p, &["encryption-provider-config"])),
        "upstream takes --encryption-provider-config-automatic-reload for it",
    ),
    row(
        "apiserver/suites",
        API,
        &[&["strong cryptographic ciphers"]],
        Flags("kube-apiserver", |p, _| suites(p)),
        "with TLS 1.3 alone the list of suites means nothing",
    ),
    row(
        "apiserver/long-tokens",
        API,
        &[&["--service-account-extend-token-expiration"]],
        Flags("kube-apiserver", |p, _| boolean(p, "service-account-extend-token-expiration", true, false)),
        GREP,
    ),
];

pub(super) static CONTROLLER_MANAGER: &[Topic] = &[
    row(
        "controller-manager/pod-gc",
        MANAGER,
        &[&["--terminated-pod-gc-threshold"]],
        Flags("kube-controller-manager", |p, _| {
            match p.arguments.get("terminated-pod-gc-threshold").map(|text| text.trim().parse::<i64>()) {
                None => pass("--terminated-pod-gc-threshold is not set, which means 12500"),
                Some(Ok(most)) => said(most > 0, p, "terminated-pod-gc-threshold"),
                Some(Err(_)) => unsure(format!("{} is no number", shown(p, "terminated-pod-gc-threshold"))),
            }
        }),
        "absence means 12500; 0 switches it off, which upstream passes",
    ),
    row(
        "controller-manager/profiling",
        MANAGER,
        &[&["--profiling", "set to false"]],
        Flags("kube-controller-manager", |p, _| boolean(p, "profiling", true, false)),
        GREP,
    ),
    row(
        "controller-manager/accounts",
        MANAGER,
        &[&["--use-service-account-credentials"]],
        Flags("kube-controller-manager", |p, _| boolean(p, "use-service-account-credentials", false, true)),
        GREP,
    ),
    row(
        "controller-manager/account-key",
        MANAGER,
        &[&["--service-account-private-key-file"]],
        Flags("kube-controller-manager", |p, _| set(p, &["service-account-private-key-file"])),
        GREP,
    ),
    row(
        "controller-manager/root-ca",
        MANAGER,
        &[&["--root-ca-file"]],
        Flags("kube-controller-manager", |p, _| set(p, &["root-ca-file"])),
        GREP,
    ),
    row(
        "controller-manager/rotate",
        MANAGER,
        &[&["rotatekubeletservercertificate"]],
        Flags("kube-controller-manager", |p, _| gate(p, "RotateKubeletServerCertificate")),
        GREP,
    ),
    row(
        "controller-manager/bind",
        MANAGER,
        &[&["--bind-address"], &["--address argument"]],
        Flags("kube-controller-manager", |p, _| bound_to_itself(p)),
        "absence means 0.0.0.0, which upstream passes",
    ),
];

pub(super) static SCHEDULER: &[Topic] = &[
    row(
        "scheduler/profiling",
        SCHEDULE,
        &[&["--profiling", "set to false"]],
        Flags("kube-scheduler", |p, _| unless_in_file(p, boolean(p, "profiling", true, false))),
        "its file may say it too",
    ),
    row(
        "scheduler/bind",
        SCHEDULE,
        &[&["--bind-address"], &["--address argument"]],
        Flags("kube-scheduler", |p, _| bound_to_itself(p)),
        "absence means 0.0.0.0, which upstream passes",
    ),
];

const OF_ETCD: &str = "upstream takes the API server's command line for etcd's, since it names etcd too, and reads no environment";

/// What stands in a file of etcd's own is not among its flags.
fn etcd(process: &Process, own: impl Fn(&Process) -> Own) -> Own {
    if process.arguments.has("config-file") {
        return unsure(format!("{}: flags mean nothing beside that file", shown(process, "config-file")));
    }
    own(process)
}

pub(super) static ETCD: &[Topic] = &[
    row(
        "etcd/tls",
        STORE,
        &[&["the --cert-file and --key-file"]],
        Flags("etcd", |p, _| etcd(p, |p| set(p, &["cert-file", "key-file"]))),
        OF_ETCD,
    ),
    row(
        "etcd/client-auth",
        STORE,
        &[&["--client-cert-auth"]],
        Flags("etcd", |p, _| etcd(p, |p| boolean(p, "client-cert-auth", false, true))),
        OF_ETCD,
    ),
    row(
        "etcd/auto-tls",
        STORE,
        &[&["the --auto-tls"]],
        Flags("etcd", |p, _| etcd(p, |p| boolean(p, "auto-tls", false, false))),
        OF_ETCD,
    ),
    row(
        "etcd/peer-tls",
        STORE,
        &[&["--peer-cert-file and --peer-key-file"]],
        Flags("etcd", |p, _| etcd(p, |p| set(p, &["peer-cert-file", "peer-key-file"]))),
        OF_ETCD,
    ),
    row(
        "etcd/peer-auth",
        STORE,
        &[&["--peer-client-cert-auth"]],
        Flags("etcd", |p, _| etcd(p, |p| boolean(p, "peer-client-cert-auth", false, true))),
        OF_ETCD,
    ),
    row(
        "etcd/peer-auto-tls",
        STORE,
        &[&["--peer-auto-tls"]],
        Flags("etcd", |p, _| etcd(p, |p| boolean(p, "peer-auto-tls", false, false))),
        OF_ETCD,
    ),
];
