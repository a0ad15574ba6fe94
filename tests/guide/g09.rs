//! Are the audit flags set? Asked of the running process on this machine.

use super::Row;
use super::snippets::Snippets;
use integration::Program;
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub(super) static ROW: Row =
    Row { id: "g09", says: "audit-flags.sh, line 2: the running process", owner: "audit", run };

fn run(ringwall: &Program, _: &Snippets) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let (log, policy) =
        ("--audit-log-path=/var/log/audit.log", "--audit-policy-file=/etc/kubernetes/audit.yaml");
    for (flags, code, word) in [([log, policy].as_slice(), 0, "pass"), (&[log], 1, "fail")] {
        let server = Running::start(folder.path(), flags)?;
        let answer = ringwall.run(&["audit", "check", "--local"])?;
        answer.exits(code)?.names(&[word, "kube-apiserver", &server.0.id().to_string()])?;
    }
    Ok(())
}

/// A process that looks like an API server: its name, its program file and its arguments. It waits for input.
struct Running(Child);

impl Running {
    fn start(folder: &Path, flags: &[&str]) -> Result<Self, String> {
        let program = folder.join("kube-apiserver");
        // Copied through another process: a file that this one held open for writing could be "busy" to run.
        let copied = Command::new("cp").arg("/bin/sh").arg(&program).status().map_err(|e| e.to_string())?;
        if !copied.success() {
            return Err("the shell could not be copied".into());
        }
        Command::new(&program)
            .args(["-c", "read line", "kube-apiserver"])
            .args(flags)
            .stdin(Stdio::piped())
            .spawn()
            .map(Self)
            .map_err(|e| format!("{}: {e}", program.display()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}
