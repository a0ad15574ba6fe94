//! Files of a node: every one that is there, by its mode's bits and by its owner's whole name.

use super::Judge::Files;
use super::{Own, Seen, Topic, fail, pass, unsure};
use crate::cis::node::{File, FileKind};

const CONTROL: &[&str] = &["control plane node configuration files", "master node configuration files"];
const WORKER: &[&str] = &["worker node configuration files"];
const NAMES: &str = "upstream looks for the text root:root anywhere in the output, so notroot:root passes, and fails what is not there";

/// What a control's own words ask of files.
enum Want {
    /// No bits beyond these.
    Mode(u32),
    /// This owner and group.
    Owner(&'static str, &'static str),
}

fn want(text: &str) -> Option<Want> {
    for (words, owner, group) in [("etcd:etcd", "etcd", "etcd"), ("root:root", "root", "root")] {
        if text.contains(words) {
            return Some(Want::Owner(owner, group));
        }
    }
    let rest = text.split("set to ").nth(1)?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    u32::from_str_radix(&digits, 8).ok().map(Want::Mode)
}

/// What is wrong with a file.
fn wrong(path: &str, file: &File, want: &Want) -> Option<String> {
    match want {
        Want::Mode(most) => (file.mode & !most != 0)
            .then(|| format!("{path} is {:o}, which is more than {most:o}", file.mode)),
        Want::Owner(owner, group) => (file.owner != *owner || file.group != *group)
            .then(|| format!("{path} is owned by {}:{}", file.owner, file.group)),
    }
}

/// Judges every one of these paths that is there. `optional` says that none need be.
fn each(seen: &Seen<'_>, text: &str, paths: &[String], optional: bool) -> Own {
    let Some(want) = want(text) else { return unsure("what it asks of the file is not understood") };
    let mut there = 0_usize;
    for path in paths {
        let Some(file) = seen.node.owned(path)?.and_then(File::followed) else { continue };
        there = there.saturating_add(1);
        if let Some(wrong) = wrong(path, file, &want) {
            return fail(wrong);
        }
    }
    match (there, optional) {
        (0, true) => pass("there is no such file"),
        (0, false) => unsure(format!("there is no {}", paths.join(" and no "))),
        (1, _) => {
            pass(paths.iter().find(|path| seen.node.exists(path) == Ok(true)).cloned().unwrap_or_default())
        }
        _ => pass(format!("{there} files")),
    }
}

/// Judges what is below folders and passes a test.
fn below(
    seen: &Seen<'_>,
    text: &str,
    folders: &[&str],
    test: impl Fn(&str, &File) -> bool,
    optional: bool,
) -> Own {
    let Some(want) = want(text) else { return unsure("what it asks of the files is not understood") };
    let mut count = 0_usize;
    for folder in folders {
        if !seen.node.exists(folder)? {
            continue;
        }
        for (path, file) in seen.node.below(folder)? {
            let Some(file) = file.followed().filter(|file| test(path, file)) else { continue };
            count = count.saturating_add(1);
            if let Some(wrong) = wrong(path, file, &want) {
                return fail(wrong);
            }
        }
    }
    match (count, optional) {
        (0, true) => pass("there is no such file"),
        (0, false) => unsure(format!("there is nothing of the kind in {}", folders.join(" and "))),
        _ => pass(format!("{count} files")),
    }
}

/// What upstream's configuration says a component's file is.
fn configured(seen: &Seen<'_>, name: &str) -> Vec<String> {
    vec![seen.variables.get(name).unwrap_or_default().to_owned()]
        .into_iter()
        .filter(|path| path.starts_with('/'))
        .collect()
}

fn of(seen: &Seen<'_>, text: &str, name: &str) -> Own {
    let paths = configured(seen, name);
    if paths.is_empty() {
        unsure("nobody says where the file would be")
    } else {
        each(seen, text, &paths, false)
    }
}

const CNI: &[&str] = &["/etc/cni/net.d", "/var/lib/cni/networks"];
const PKI: &[&str] = &["/etc/kubernetes/pki"];

fn pki(seen: &Seen<'_>, text: &str, end: &str) -> Own {
    below(seen, text, PKI, |path, file| file.kind == FileKind::File && path.ends_with(end), false)
}

/// etcd's data, where its flag or its default has it.
fn data(seen: &Seen<'_>, text: &str) -> Own {
    let named = seen.of("etcd").filter_map(|process| process.arguments.get("data-dir")).map(str::to_owned);
    let mut paths: Vec<String> = named.filter(|path| path.starts_with('/')).collect();
    if paths.is_empty() {
        paths = configured(seen, "etcddatadir");
    }
    each(seen, text, &paths, false)
}

/// The authority of clients: where the kubelets' configuration says, else where upstream does.
fn authority(seen: &Seen<'_>, text: &str) -> Own {
    let of = |kubelet: &crate::nodes::kubelet::Kubelet| {
        let flag = kubelet
            .flags
            .iter()
            .rev()
            .find(|(name, _)| name == "client-ca-file")
            .map(|(_, path)| path.clone());
        flag.or_else(|| {
            kubelet.config.pointer("/authentication/x509/clientCAFile")?.as_str().map(str::to_owned)
        })
    };
    let mut paths: Vec<String> =
        seen.kubelets.iter().filter_map(of).filter(|path| path.starts_with('/')).collect();
    paths.dedup();
    if paths.is_empty() {
        paths = configured(seen, "kubeletcafile");
    }
    each(seen, text, &paths, false)
}

const fn row(
    key: &'static str,
    group: &'static [&'static str],
    words: &'static [&'static [&'static str]],
    judge: fn(&Seen<'_>, &str) -> Own,
    upstream: &'static str,
) -> Topic {
    Topic { key, group, words, judge: Files(judge), upstream, script: None }
}

pub(super) static TOPICS: &[Topic] = &[
    row(
        "files/apiserver-pod",
        CONTROL,
        &[&["api server pod specification file"]],
        |seen, text| of(seen, text, "apiserverconf"),
        NAMES,
    ),
    row(
        "files/controller-manager-pod",
        CONTROL,
        &[&["controller manager pod specification file"]],
        |seen, text| of(seen, text, "controllermanagerconf"),
        NAMES,
    ),
    row(
        "files/scheduler-pod",
        CONTROL,
        &[&["scheduler pod specification file"]],
        |seen, text| of(seen, text, "schedulerconf"),
        NAMES,
    ),
    row(
        "files/etcd-pod",
        CONTROL,
        &[&["etcd pod specification file"]],
        |seen, text| of(seen, text, "etcdconf"),
        NAMES,
    ),
    row(
        "files/cni",
        CONTROL,
        &[&["container network interface file"]],
        |seen, text| below(seen, text, CNI, |_, file| file.kind == FileKind::File, false),
        "upstream looks where a flag of the kubelet says that is gone since 1.24",
    ),
    row("files/etcd-data", CONTROL, &[&["etcd data directory"]], data, NAMES),
    row(
        "files/admin",
        CONTROL,
        &[&["admin.conf file"], &["administrative credential file"]],
        |seen, text| {
            let paths = ["/etc/kubernetes/admin.conf", "/etc/kubernetes/super-admin.conf"].map(str::to_owned);
            each(seen, text, &paths, false)
        },
        NAMES,
    ),
    row(
        "files/scheduler-credential",
        CONTROL,
        &[&["scheduler.conf file"]],
        |seen, text| of(seen, text, "schedulerkubeconfig"),
        NAMES,
    ),
    row(
        "files/controller-manager-credential",
        CONTROL,
        &[&["controller-manager.conf file"]],
        |seen, text| of(seen, text, "controllermanagerkubeconfig"),
        NAMES,
    ),
    row(
        "files/pki-owner",
        CONTROL,
        &[&["kubernetes pki directory and file ownership"]],
        |seen, text| {
            let own = each(seen, text, &["/etc/kubernetes/pki".to_owned()], false)?;
            if own.holds { below(seen, text, PKI, |_, _| true, false) } else { Ok(own) }
        },
        NAMES,
    ),
    row(
        "files/pki-certificates",
        CONTROL,
        &[&["kubernetes pki certificate file permissions"]],
        |seen, text| pki(seen, text, ".crt"),
        NAMES,
    ),
    row(
        "files/pki-keys",
        CONTROL,
        &[&["kubernetes pki key file permissions"]],
        |seen, text| pki(seen, text, ".key"),
        NAMES,
    ),
    row(
        "files/kubelet-service",
        WORKER,
        &[&["kubelet service file"]],
        |seen, text| of(seen, text, "kubeletsvc"),
        NAMES,
    ),
    row(
        "files/proxy-credential",
        WORKER,
        &[&["proxy kubeconfig file"]],
        |seen, text| each(seen, text, &configured(seen, "proxykubeconfig"), true),
        "a file that need not be there and is not cannot be wrong",
    ),
    row(
        "files/kubelet-credential",
        WORKER,
        &[&["kubelet.conf file"]],
        |seen, text| of(seen, text, "kubeletkubeconfig"),
        NAMES,
    ),
    row(
        "files/client-authority",
        WORKER,
        &[&["certificate authorities file"]],
        authority,
        "upstream reads the flag and not the configuration that names it",
    ),
    row(
        "files/kubelet-configuration",
        WORKER,
        &[
            &["kubelet config.yaml configuration file"],
            &["kubelet configuration file"],
            &["kubelet --config configuration file"],
        ],
        |seen, text| of(seen, text, "kubeletconf"),
        NAMES,
    ),
];
