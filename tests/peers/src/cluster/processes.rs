//! The programs of a cluster as processes: started with their flags, ended by id.

use super::files::{self, Parts};
use crate::installed;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The programs of a control plane, in the order they are started; they end in the reverse one.
pub(super) const NAMES: [&str; 3] = ["etcd", "kube-apiserver", "kube-controller-manager"];

/// How long a program gets to end by itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a cluster lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// Until it is ended by name of its folder.
    Detached,
    /// No longer than the process that started it, however that one ends.
    Guarded,
}

/// Runs its words, and ends them once nobody holds the other end of its input any more.
const GUARD: &str = "\
\"$@\" </dev/null & child=$!
read -r never
kill -TERM $child 2>/dev/null
n=0
while kill -0 $child 2>/dev/null && [ $n -lt 50 ]; do sleep 0.1; n=$((n+1)); done
kill -KILL $child 2>/dev/null
wait $child";

/// Where the programs lie.
pub(super) struct Programs(Vec<PathBuf>);

impl Programs {
    pub(super) fn find() -> Result<Self, String> {
        NAMES.iter().map(|name| installed(name)).collect::<Result<_, _>>().map(Self)
    }
}

/// One running program.
#[derive(Debug)]
pub(super) struct Process {
    name: &'static str,
    id: u32,
    /// The guard around it, with the end of its input that keeps it alive.
    guard: Option<Child>,
}

impl Process {
    pub(super) fn name(&self) -> &str {
        self.name
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    pub(super) fn guarded(&self) -> bool {
        self.guard.is_some()
    }

    pub(super) fn alive(&self) -> bool {
        alive(self.id)
    }
}

/// Starts every program of a control plane; what it writes goes to `logs/NAME.log`, its id to `NAME.pid`.
pub(super) fn start(
    folder: &Path,
    programs: &Programs,
    parts: &Parts,
    lifetime: Lifetime,
) -> Result<Vec<Process>, String> {
    let flags = [etcd(parts), api_server(parts), controllers()];
    let mut started = Vec::new();
    for ((name, program), flags) in NAMES.into_iter().zip(&programs.0).zip(flags) {
        match one(folder, name, program, &flags, lifetime, None) {
            Ok(process) => started.push(process),
            Err(why) => {
                end(started);
                return Err(why);
            }
        }
    }
    Ok(started)
}

/// Starts one. With `output`, its standard output is that and only its errors are logged.
pub(super) fn one(
    folder: &Path,
    name: &'static str,
    program: &Path,
    flags: &[String],
    lifetime: Lifetime,
    output: Option<OwnedFd>,
) -> Result<Process, String> {
    let path = folder.join("logs").join(format!("{name}.log"));
    let log = File::create(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let copy = log.try_clone().map_err(|e| format!("{}: {e}", path.display()))?;
    let mut command = match lifetime {
        Lifetime::Detached => Command::new(program),
        Lifetime::Guarded => {
            let mut shell = Command::new("sh");
            shell.args(["-c", GUARD, name]).arg(program);
            shell
        }
    };
    let output = output.map_or_else(|| log.into(), Stdio::from);
    command.args(flags).current_dir(folder).stdout(output).stderr(copy);
    command.stdin(if lifetime == Lifetime::Guarded { Stdio::piped() } else { Stdio::null() });
    // A group of its own: an interrupt at the terminal is for whoever reads it.
    command.process_group(0);
    let child = command.spawn().map_err(|e| format!("{}: {e}", program.display()))?;
    let (id, guard) = match lifetime {
        Lifetime::Detached => (child.id(), None),
        Lifetime::Guarded => (guarded_id(&child)?, Some(child)),
    };
    files::put(&folder.join(format!("{name}.pid")), &format!("{id}\n"))?;
    Ok(Process { name, id, guard })
}

/// The id of what a guard runs: its one child.
fn guarded_id(guard: &Child) -> Result<u32, String> {
    only_child(guard.id())
}

/// The id of a process's first child, once there is one.
pub(super) fn only_child(parent: u32) -> Result<u32, String> {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let children = std::fs::read_to_string(&path).unwrap_or_default();
        if let Some(id) = children.split_whitespace().next().and_then(|id| id.parse().ok()) {
            return Ok(id);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Err(format!("{path} names no child"))
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

// Paths are relative to the cluster's folder, in which every program runs: what tells our processes from others.

fn etcd(parts: &Parts) -> Vec<String> {
    let [_, clients, peers] = parts.ports;
    words(&format!(
        "--name loopback --data-dir etcd --unsafe-no-fsync --log-level warn \
         --listen-client-urls http://127.0.0.1:{clients} --advertise-client-urls http://127.0.0.1:{clients} \
         --listen-peer-urls http://127.0.0.1:{peers} --initial-advertise-peer-urls http://127.0.0.1:{peers} \
         --initial-cluster loopback=http://127.0.0.1:{peers}"
    ))
}

fn api_server(parts: &Parts) -> Vec<String> {
    let [secure, clients, _] = parts.ports;
    let (server, server_key) = (files::SERVER, files::SERVER_KEY);
    let (accounts, accounts_key) = (files::ACCOUNTS, files::ACCOUNTS_KEY);
    let (ca, tokens, services) = (files::CA, files::TOKENS, files::SERVICES);
    let (log, policy) = (files::AUDIT_LOG, files::AUDIT_POLICY);
    words(&format!(
        "--etcd-servers http://127.0.0.1:{clients} --bind-address 127.0.0.1 --secure-port {secure} \
         --endpoint-reconciler-type none --service-cluster-ip-range {services} --allow-privileged \
         --tls-cert-file {server} --tls-private-key-file {server_key} --client-ca-file {ca} \
         --token-auth-file {tokens} --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction \
         --service-account-issuer https://kubernetes.default.svc --service-account-key-file {accounts} \
         --service-account-signing-key-file {accounts_key} \
         --audit-log-path {log} --audit-policy-file {policy}"
    ))
}

fn controllers() -> Vec<String> {
    // By default it asks for the tokens of its controllers at 20 a second, and so starts four seconds later.
    let (config, ca, ca_key, accounts_key) =
        (files::CONTROLLERS, files::CA, files::CA_KEY, files::ACCOUNTS_KEY);
    words(&format!(
        "--kubeconfig {config} --secure-port 0 --leader-elect=false --use-service-account-credentials \
         --root-ca-file {ca} --service-account-private-key-file {accounts_key} \
         --cluster-signing-cert-file {ca} --cluster-signing-key-file {ca_key} \
         --kube-api-qps 1000 --kube-api-burst 1000"
    ))
}

/// Whatever of a cluster runs in `folder`, by its pid files. A process counts only if it runs in this folder and
/// is the program it should be: ids are used again.
pub(super) fn running(folder: &Path) -> Vec<Process> {
    let Ok(folder) = folder.canonicalize() else { return Vec::new() };
    let find = |name: &'static str| {
        let id: u32 =
            std::fs::read_to_string(folder.join(format!("{name}.pid"))).ok()?.trim().parse().ok()?;
        let proc = PathBuf::from(format!("/proc/{id}"));
        let here = std::fs::read_link(proc.join("cwd")).is_ok_and(|cwd| cwd == folder);
        let program = std::fs::read_link(proc.join("exe")).ok()?;
        let file = if name == super::node::NAME { super::node::SHELL } else { name };
        let same = program.file_name().is_some_and(|found| found == file);
        (here && same && alive(id)).then_some(Process { name, id, guard: None })
    };
    NAMES.into_iter().chain([super::node::NAME]).filter_map(find).collect()
}

/// Ends these, the last started first: asks, waits, insists.
pub(super) fn end(processes: Vec<Process>) {
    for mut process in processes.into_iter().rev() {
        if let Some(guard) = &mut process.guard {
            drop(guard.stdin.take());
            guard.wait().ok();
            continue;
        }
        signal(process.id, "TERM");
        let deadline = Instant::now() + PATIENCE;
        while alive(process.id) {
            if Instant::now() > deadline {
                signal(process.id, "KILL");
            }
            std::thread::sleep(Duration::from_millis(20));
            if Instant::now() > deadline + PATIENCE {
                break;
            }
        }
    }
}

fn signal(id: u32, name: &str) {
    Command::new("sh").args(["-c", &format!("kill -{name} {id}")]).stderr(Stdio::null()).status().ok();
}

/// Whether a process runs; one that has ended and was not waited for yet does not.
fn alive(id: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // The state follows the command's name in parentheses, which may hold anything.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// The last lines of every log.
pub(super) fn last_words(folder: &Path) -> String {
    let mut told = String::new();
    let logs = std::fs::read_dir(folder.join("logs")).into_iter().flatten().flatten();
    let mut logs: Vec<PathBuf> = logs.map(|entry| entry.path()).collect();
    logs.sort();
    for path in logs {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let name = path.file_stem().unwrap_or_default().display();
        let lines: Vec<&str> = text.lines().collect();
        told += &format!("--- {name} ---\n{}\n", lines[lines.len().saturating_sub(8)..].join("\n"));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(folder: &Path, lifetime: Lifetime) -> Process {
        std::fs::create_dir_all(folder.join("logs")).expect("a folder");
        one(folder, NAMES[0], Path::new("/bin/sleep"), &["1000".into()], lifetime, None).expect("sleep runs")
    }

    #[test]
    fn a_guarded_program_ends_with_its_guard() {
        let folder = tempfile::tempdir().expect("a folder");
        let process = sleeper(folder.path(), Lifetime::Guarded);
        let id = process.id();
        assert!(process.alive() && process.guarded());
        // As when whoever holds the input ends without a word.
        let mut guard = process.guard.expect("a guard");
        drop(guard.stdin.take());
        guard.wait().expect("it ends");
        assert!(!alive(id));
    }

    #[test]
    fn a_detached_program_is_ended_by_id_and_only_if_it_is_the_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let process = sleeper(folder.path(), Lifetime::Detached);
        assert!(process.alive() && !process.guarded());
        assert!(running(folder.path()).is_empty(), "sleep is not etcd");
        let id = process.id();
        end(vec![process]);
        assert!(!alive(id));
    }

    #[test]
    fn an_unused_id_is_not_alive() {
        assert!(alive(std::process::id()));
        assert!(!alive(u32::MAX));
    }
}
