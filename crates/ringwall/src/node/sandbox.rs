//! Audit commands, answered by us and by `/bin/sh`, on a node made up in namespaces of its own: nothing of the host is
//! touched. Needs root; with `CI=true` it fails where it cannot run.

use super::look;
use posture::cis::{Audit, Benchmark, NodeReport, Stop, Variables, parse};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const INSIDE: &str = "RINGWALL_SANDBOX";

/// Folders of the sandbox that are its own.
const SCRIPT: &str = "set -e
mount -t tmpfs none /mnt
cp /etc/passwd /etc/group /etc/nsswitch.conf /etc/ld.so.cache /mnt/ 2>/dev/null || true
cp -a /etc/alternatives /mnt/ 2>/dev/null || true
mount -t tmpfs none /etc
cp -a /mnt/* /etc/
echo 'etcd:x:990:990::/:/bin/false' >> /etc/passwd
echo 'etcd:x:990:' >> /etc/group
mount -t tmpfs none /var
mkdir -p /var/bin /var/empty
";

/// Programs that run there.
const PROGRAMS: &[(&str, &str)] = &[
    (
        "kube-apiserver",
        "--anonymous-auth=false --profiling=false --encryption-provider-config=/etc/kubernetes/enc.yaml --etcd-cafile=/e",
    ),
    ("kube-controller-manager", "--use-service-account-credentials=true --bind-address=127.0.0.1"),
    ("kube-scheduler", "--profiling=false"),
    ("etcd", "--data-dir=/var/lib/etcd --cert-file=/c --client-cert-auth=true"),
    (
        "kubelet",
        "--config=/var/lib/kubelet/config.yaml --client-ca-file=/etc/kubernetes/pki/ca.crt --cni-conf-dir=/etc/cni/net.d",
    ),
    ("kube-proxy", "--config=/var/lib/kube-proxy/config.conf"),
];

/// Commands of our own, for a clone without the corpus.
const OWN: &[&str] = &[
    "/bin/ps -ef | grep kube-apiserver | grep -v grep",
    "ps -fC kubelet",
    "/bin/sh -c 'if test -e /etc/kubernetes/admin.conf; then stat -c permissions=%a /etc/kubernetes/admin.conf; fi'",
    "find /etc/kubernetes/pki/ | xargs stat -c %U:%G",
    "find /etc/kubernetes/pki/ -name '*.key' | xargs stat -c permissions=%a",
    "E=$(ps -ef | grep kube-apiserver | grep -- --encryption-provider-config | sed 's%.*encryption-provider-config[= ]\\([^ ]*\\).*%\\1%')\nif test -e $E; then grep -A1 'providers:' $E | tail -n1 | grep -o \"[A-Za-z]*\" | sed 's/^/provider=/'; fi",
    "for d in $(ps -ef | grep etcd | grep -- --data-dir | sed 's%.*data-dir[= ]\\([^ ]*\\).*%\\1%'); do stat -c %U:%G \"$d\"; done",
    "cat /var/lib/kubelet/config.yaml",
    "stat -c %a /no/such/file",
    "if test -d /etc/kubernetes; then echo yes; else echo no; fi",
    "echo a:b | awk -F: '{print $2}'; echo 'x y' | cut -d ' ' -f 2 | tr y z; false || true",
    "ls_is_not_known",
];

#[test]
fn commands_say_what_the_shell_says() {
    if std::env::var_os(INSIDE).is_some() {
        return inside();
    }
    let myself = std::env::current_exe().unwrap();
    for seed in ["0", "1"] {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--fork", "--mount-proc"]).arg(&myself);
        command.args(["--exact", "node::sandbox::commands_say_what_the_shell_says", "--nocapture"]);
        let can = Command::new("unshare")
            .args(["--mount", "--pid", "--fork", "--mount-proc", "true"])
            .stderr(Stdio::null())
            .status();
        if !can.is_ok_and(|status| status.success()) {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "no namespaces, and CI is set");
            println!("skipped: no namespaces of its own (needs root)");
            return;
        }
        let done = command.env(INSIDE, seed).output().unwrap();
        print!("{}", String::from_utf8_lossy(&done.stdout));
        assert!(
            done.status.success(),
            "{}{}",
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        );
    }
}

fn inside() {
    let seed: u64 = std::env::var(INSIDE).unwrap().parse().unwrap();
    let done = Command::new("/bin/sh").args(["-c", SCRIPT]).status().unwrap();
    assert!(done.success());
    let benchmarks = corpus();
    prepare(seed, &benchmarks);
    let mut children = start();
    let missing = |audit: &Audit, node: &NodeReport| match audit.run(node) {
        Err(Stop::Needs(need)) => Some(need),
        _ => None,
    };
    let node = look(|node| {
        let audits = benchmarks.commands(node).into_iter().filter_map(|command| Audit::recognise(&command));
        audits.filter_map(|audit| missing(&audit, node)).collect()
    });
    let report = compare(&benchmarks.commands(&node), &node);
    children.iter_mut().for_each(|child| drop(child.kill()));
    println!("{}", report.line());
    assert!(report.different.is_empty(), "{}", report.different.join("\n"));
    assert!(report.same >= 8 && report.printed >= 5, "{}", report.line());
}

/// Benchmarks of the corpus, where it is there.
#[derive(Default)]
struct Corpus {
    common: Vec<u8>,
    all: Vec<(Benchmark, Vec<u8>)>,
}

fn corpus() -> Corpus {
    let given = std::env::var_os("RINGWALL_CORPUS").filter(|path| !path.is_empty()).map(PathBuf::from);
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let root = given.unwrap_or_else(beside).join("kube-bench/cfg");
    if !root.is_dir() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "no corpus, and CI is set");
        println!("no corpus: own commands only");
        return Corpus::default();
    }
    let mut corpus = Corpus { common: std::fs::read(root.join("config.yaml")).unwrap(), all: Vec::new() };
    for folder in std::fs::read_dir(root).unwrap().flatten().map(|e| e.path()).filter(|path| path.is_dir()) {
        let mut benchmark = Benchmark::default();
        for file in std::fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.path()) {
            benchmark.controls.extend(parse(&std::fs::read(file).unwrap(), "f").0);
        }
        corpus.all.push((benchmark, std::fs::read(folder.join("config.yaml")).unwrap_or_default()));
    }
    corpus
}

impl Corpus {
    /// Every distinct command, with variables put in as the node has them.
    fn commands(&self, node: &NodeReport) -> BTreeSet<String> {
        let mut all: BTreeSet<String> = OWN.iter().map(|command| (*command).to_owned()).collect();
        for (benchmark, own) in &self.all {
            for controls in &benchmark.controls {
                let (variables, _) = Variables::parse(&self.common, own, &controls.section, node);
                let checks = controls.groups.iter().flat_map(|group| &group.checks);
                for command in checks.flat_map(|c| [&c.audit, &c.audit_config, &c.audit_env]).flatten() {
                    all.insert(variables.put_in(command).trim().to_owned());
                }
            }
        }
        all
    }

    /// Paths that configurations and commands name.
    fn paths(&self) -> BTreeSet<String> {
        let mut all: BTreeSet<String> =
            self.all.iter().flat_map(|(_, own)| Variables::candidates(&self.common, own)).collect();
        for command in self.commands(&NodeReport::default()) {
            let ends = |c: char| !(c.is_ascii_alphanumeric() || "/._-".contains(c));
            all.extend(command.split(ends).filter(|word| word.starts_with('/')).map(str::to_owned));
        }
        all.retain(|path| path.starts_with("/etc/") || path.starts_with("/var/"));
        all.iter().map(|path| path.trim_end_matches('/').to_owned()).collect()
    }
}

/// A number of a text, for choices that do not change.
fn number(text: &str, seed: u64) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325 ^ seed, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Half of the paths, as files or folders, with modes, owners and contents of all sorts.
fn prepare(seed: u64, corpus: &Corpus) {
    let mut paths = corpus.paths();
    paths.extend(
        ["/etc/kubernetes/pki/ca.crt", "/etc/kubernetes/pki/ca.key", "/etc/kubernetes/admin.conf"]
            .map(str::to_owned),
    );
    let always =
        ["/var/lib/kubelet/config.yaml", "/etc/kubernetes/enc.yaml", "/var/lib/etcd", "/etc/kubernetes/pki"];
    for path in &paths {
        let chance = number(path, seed);
        let folder = paths.iter().any(|other| other.starts_with(&format!("{path}/")));
        if always.contains(&path.as_str())
            || chance % 2 == seed % 2 && !path.starts_with("/var/bin") && !path.starts_with("/var/empty")
        {
            put(
                path,
                folder || path.ends_with("pki") || path.ends_with("tls") || path.ends_with(".d"),
                chance,
            );
        }
    }
    put("/var/lib/etcd", true, 5);
    put("/etc/kubernetes/pki", true, 4);
    put("/etc/kubernetes/pki/etcd/server.key", false, 7);
    put("/etc/cni/net.d/10-net.conflist", false, 9);
    for (path, text) in [
        (
            "/etc/kubernetes/enc.yaml",
            "resources:\n- resources: [secrets]\n  providers:\n  - aescbc:\n      keys: []\n",
        ),
        (
            "/var/lib/kubelet/config.yaml",
            "kind: KubeletConfiguration\nauthentication:\n  anonymous:\n    enabled: false\n",
        ),
    ] {
        std::fs::create_dir_all(Path::new(path).parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn put(path: &str, folder: bool, chance: u64) {
    let at = Path::new(path);
    if folder {
        if std::fs::create_dir_all(at).is_err() {
            return;
        }
        for (name, mode) in [("a.crt", 0o644), ("b.key", 0o600), (".hidden", 0o640)] {
            let inner = at.join(name);
            let _ = std::fs::write(&inner, "x: 1\n");
            let _ = std::fs::set_permissions(&inner, std::fs::Permissions::from_mode(mode));
        }
    } else {
        let made = std::fs::create_dir_all(at.parent().unwrap())
            .and_then(|()| std::fs::write(at, format!("--flag={chance}\nkind: A\nproviders:\n  - kms\n")));
        if made.is_err() {
            return;
        }
    }
    let modes = [0o600, 0o644, 0o640, 0o700, 0o755, 0o4755];
    let mode = modes[usize::try_from(chance / 7 % 6).unwrap()];
    let _ = std::fs::set_permissions(at, std::fs::Permissions::from_mode(mode));
    let owner = [0, 990, 1, 4_242][usize::try_from(chance / 11 % 4).unwrap()];
    let _ = std::os::unix::fs::chown(at, Some(owner), Some(owner / 2));
}

/// Shells under other names, with the arguments of what they are not.
fn start() -> Vec<std::process::Child> {
    let shell = ["/bin/bash", "/bin/sh"].into_iter().find(|path| Path::new(path).exists()).unwrap();
    let run = |(name, flags): &(&str, &str)| {
        let path = format!("/var/bin/{name}");
        std::os::unix::fs::symlink(shell, &path).unwrap();
        let mut command = Command::new(path);
        command.args(["-c", "sleep 600; :", name]).args(flags.split(' ')).stdin(Stdio::null());
        command.spawn().unwrap()
    };
    let children = PROGRAMS.iter().map(run).collect();
    // Until each has its own name.
    std::thread::sleep(std::time::Duration::from_millis(300));
    children
}

#[derive(Default)]
struct Compared {
    same: usize,
    printed: usize,
    not_ours: usize,
    different: Vec<String>,
    by_program: BTreeMap<String, usize>,
}

impl Compared {
    fn line(&self) -> String {
        let mut out = format!(
            "{} commands answered as the shell does ({} of them print something), {} left to a shell, {} differ:",
            self.same,
            self.printed,
            self.not_ours,
            self.different.len()
        );
        for (program, count) in &self.by_program {
            let _ = write!(out, " {program} {count}");
        }
        out
    }
}

fn compare(commands: &BTreeSet<String>, node: &NodeReport) -> Compared {
    let mut report = Compared::default();
    let awk = Command::new("awk").arg("BEGIN{}").stderr(Stdio::null()).status().is_ok();
    for command in commands.iter().filter(|command| awk || !command.contains("awk")) {
        let ours = match Audit::recognise(command).map(|audit| audit.run(node)) {
            None | Some(Err(Stop::Shell)) => {
                report.not_ours += 1;
                continue;
            }
            Some(Ok(printed)) => printed,
            Some(Err(stop)) => {
                report.different.push(format!("{command}\n  {stop}"));
                continue;
            }
        };
        let (text, status) = shell(command);
        let (ours, theirs) = ((plain(&ours.text), ours.status), (plain(&text), status));
        // Which status other than 0 a program ends with is its own matter.
        // Upstream's own question can be what it finds.
        let itself = theirs.0.is_empty() && !text.is_empty();
        if ours.0 == theirs.0 && ((ours.1 == 0) == (theirs.1 == 0) || itself) {
            report.same += 1;
            report.printed += usize::from(!ours.0.is_empty());
            let first = command.split_whitespace().next().unwrap_or_default();
            *report
                .by_program
                .entry(first.rsplit('/').next().unwrap_or_default().chars().take(12).collect())
                .or_default() += 1;
        } else {
            report.different.push(format!("{command}\n  ours: {ours:?}\n  sh:   {theirs:?}"));
        }
    }
    report
}

fn shell(command: &str) -> (String, i32) {
    let mut child = Command::new("/bin/sh")
        .current_dir("/var/empty")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(command.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    (String::from_utf8_lossy(&done.stdout).into_owned(), done.status.code().unwrap_or(-1))
}

/// Lines in an order of their own, without what of a process changes by the second, and without the question's own
/// processes.
fn plain(text: &str) -> Vec<String> {
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let process = words.len() > 7 && words[1].parse::<u32>().is_ok() && words[2].parse::<u32>().is_ok();
        if words.first() == Some(&"UID") {
            return Some("UID".to_owned());
        }
        if !process {
            return Some(line.to_owned());
        }
        let command = words[7..].join(" ");
        let own = ["grep ", "ps ", "/bin/ps ", "/bin/sh", "sh -c", "/bin/grep "]
            .iter()
            .any(|own| command.starts_with(own));
        (!own).then(|| format!("{} {} {command}", words[0], words[1]))
    };
    let mut lines: Vec<String> = text.lines().filter_map(line).collect();
    lines.sort();
    lines
}
