//! The word `detect` through the real command line: rules, captures and audit events made here, sinks on this machine.

mod capture;
mod compat;
mod outputs;
mod replay;
mod rules;
mod stream;

use capture::Capture;
use integration::{Case, Program, Skip, Suite, ringwall};
use std::path::{Path, PathBuf};

pub(crate) static SUITE: Suite = Suite { name: "detect", cases };

/// One case: a folder of its own, with rules, a capture and an audit log in it.
type Check = fn(&Place) -> Result<(), String>;

fn cases() -> Result<Vec<Case>, Skip> {
    let all = [rules::CHECKS, replay::CHECKS, outputs::CHECKS, stream::CHECKS, compat::CHECKS];
    let case = |(name, check): &(&'static str, Check)| {
        let check = *check;
        Case::new(*name, move || check(&Place::new()?))
    };
    Ok(all.iter().flat_map(|checks| checks.iter().map(case)).collect())
}

/// Where a case runs.
struct Place {
    folder: tempfile::TempDir,
    ringwall: Program,
}

const RULES: &str = "\
- macro: spawned_process
  condition: (evt.type in (execve, execveat))
- macro: in_container
  condition: (container.id != host)
- list: shells
  items: [sh, bash]
- rule: Shell in container
  desc: A shell runs in a container
  condition: spawned_process and in_container and proc.name in (shells)
  output: \"a shell (user=%user.name command=%proc.cmdline tty=%proc.tty)\"
  priority: WARNING
  tags: [container, shell]
- rule: Secret file read
  desc: A file that holds secrets is opened
  condition: evt.type in (open, openat) and fd.name startswith /etc/secret
  output: \"secret file (file=%fd.name command=%proc.cmdline)\"
  priority: ERROR
  tags: [filesystem]
";

const AUDIT_RULES: &str = "\
- rule: Secret read
  desc: Somebody reads a Secret
  condition: ka.target.resource=secrets and ka.verb in (get, list)
  output: \"secret (user=%ka.user.name secret=%ka.target.name)\"
  priority: ERROR
  source: k8s_audit
";

/// An audit event: somebody does something to a Secret.
fn line(user: &str, verb: &str, secret: &str) -> String {
    format!(
        "{{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"auditID\":\"1\",\"stage\":\"ResponseComplete\",\
         \"verb\":\"{verb}\",\"requestURI\":\"/x\",\"user\":{{\"username\":\"{user}\"}},\"objectRef\":{{\
         \"resource\":\"secrets\",\"namespace\":\"shop\",\"name\":\"{secret}\"}},\
         \"stageTimestamp\":\"2026-03-01T10:00:00.5Z\"}}\n"
    )
}

impl Place {
    fn new() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|e| format!("no temporary folder: {e}"))?;
        let place = Self { ringwall: ringwall()?.inside(folder.path()), folder };
        place.put("rules.yaml", RULES)?;
        place.put("audit.yaml", AUDIT_RULES)?;
        let capture = Capture::new()
            .exec(7, "sh", b"-c id", true)
            .open(7, "/etc/secret/key")
            .open(7, "/etc/secret/key")
            .open(7, "/etc/hosts")
            .exec(8, "bash", b"-l", false);
        place.put("node.scap", capture.bytes())?;
        place.put("audit.log", [line("ann", "get", "db"), line("ann", "update", "db")].concat())?;
        Ok(place)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) -> Result<(), String> {
        std::fs::write(self.path(name), content).map_err(|e| format!("{name}: {e}"))
    }

    fn read(&self, name: &str) -> Result<String, String> {
        read(&self.path(name))
    }
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}
