//! Are the audit flags set? Asked of the API server's pod, as `kubectl get pod -o yaml` prints it.

use super::Row;
use super::snippets::Snippets;
use integration::Program;

pub(super) static ROW: Row =
    Row { id: "g08", says: "audit-flags.sh, line 1: the API server's pod", owner: "audit", run };

fn run(ringwall: &Program, _: &Snippets) -> Result<(), String> {
    let (log, policy) =
        ("--audit-log-path=/var/log/audit.log", "--audit-policy-file=/etc/kubernetes/audit.yaml");
    let hook = "--audit-webhook-config-file=/etc/kubernetes/hook.yaml";
    let check = |flags: &[&str]| ringwall.run_with(&["audit", "check", "-"], &pods(flags));
    check(&[log, policy])?.exits(0)?.names(&["pass"])?.names_none_of(&["fail"])?;
    check(&[hook, policy])?.exits(0)?.names(&["pass", "webhook"])?;
    // A path alone logs nothing at all.
    check(&[log])?.exits(1)?.names(&["fail", "--audit-policy-file", "nothing"])?;
    check(&[policy])?.exits(1)?.names(&["fail", "--audit-log-path"])?;
    // Nothing is set: the answer is the lines to add.
    check(&[])?.exits(1)?.names(&["fail", "--audit-log-path=", "--audit-policy-file=", "add"])?;
    // `-` writes the log to stdout; an empty path switches it off.
    check(&["--audit-log-path=-", policy])?.exits(0)?.names(&["pass"])?;
    check(&["--audit-log-path=", policy])?.exits(1)?.names(&["fail"])?;
    // A list without an API server answers nothing.
    let none = "apiVersion: v1\nkind: List\nitems: []\n";
    ringwall.run_with(&["audit", "check", "-"], none)?.exits(3)?;
    Ok(())
}

/// What `kubectl get pod -n kube-system -l component=kube-apiserver -o yaml` prints for these flags.
fn pods(flags: &[&str]) -> String {
    let flags: String = flags.iter().map(|flag| format!("      - {flag}\n")).collect();
    format!(
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: kube-apiserver-one\n    \
         namespace: kube-system\n    labels:\n      component: kube-apiserver\n  spec:\n    containers:\n    \
         - name: kube-apiserver\n      image: registry.test/kube-apiserver:v1.36.3\n      command:\n      \
         - kube-apiserver\n      - --authorization-mode=Node,RBAC\n{flags}"
    )
}
