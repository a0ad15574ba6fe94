//! Commands and what they print.

use super::*;
use crate::cis::node::{File, FileKind, Task};

fn node() -> NodeReport {
    let file = |mode, content: &str| {
        Some(File {
            mode,
            owner: "root".into(),
            group: "root".into(),
            content: Some(content.into()),
            ..File::default()
        })
    };
    let folder = || {
        Some(File {
            kind: FileKind::Folder,
            mode: 0o700,
            owner: "etcd".into(),
            group: "etcd".into(),
            ..File::default()
        })
    };
    NodeReport {
        processes: Some(
            [
                "/usr/bin/kube-apiserver --profiling=false --encryption-provider-config=/etc/enc.yaml",
                "/usr/bin/kubelet --v=2",
                "etcd --data-dir=/var/lib/etcd --name a",
            ]
            .map(Task::of_command)
            .to_vec(),
        ),
        files: [
            ("/etc/a.conf".to_owned(), file(0o600, "x: 1\ny: 2\n")),
            (
                "/etc/enc.yaml".to_owned(),
                file(0o600, "resources:\n  - providers:\n    - aescbc:\n        keys: []\n"),
            ),
            ("/pki".to_owned(), folder()),
            ("/pki/ca.key".to_owned(), file(0o600, "")),
            ("/pki/ca.crt".to_owned(), file(0o644, "")),
            ("/var/lib/etcd".to_owned(), folder()),
            ("/absent".to_owned(), None),
            ("/conf.d".to_owned(), folder()),
            ("/conf.d/a.conf".to_owned(), file(0o600, "a\n")),
            ("/conf.d/b.conf".to_owned(), file(0o600, "b\n")),
        ]
        .into(),
        folders: ["/pki".to_owned(), "/conf.d".to_owned()].into(),
        by_api: ["/etc/api.conf".to_owned()].into(),
        journal: [("k3s".to_owned(), vec!["Running a --x=1".to_owned(), "Running a --x=2".to_owned()])]
            .into(),
        ..NodeReport::default()
    }
}

fn run(command: &str) -> Option<Result<(String, i32), Stop>> {
    Some(Audit::recognise(command)?.run(&node()).map(|printed| (printed.text, printed.status)))
}

#[test]
fn what_is_printed() {
    for (command, want, status) in [
        ("/bin/ps -ef | grep kubelet | grep -v grep | awk '{print $8}'", "/usr/bin/kubelet\n", 0),
        ("ps -fC kubelet | tail -n1 | awk '{print $9}'", "--v=2\n", 0),
        ("ps -ef | grep nothing | grep -v grep", "", 1),
        (
            "/bin/sh -c 'if test -e /etc/a.conf; then stat -c permissions=%a /etc/a.conf; fi'",
            "permissions=600\n",
            0,
        ),
        ("/bin/sh -c 'if test -e /absent; then stat -c %U:%G /absent; fi' ", "", 0),
        (
            "/bin/sh -c \"if test -e /absent; then stat -c %U:%G /absent; else echo \\\"File not found\\\"; fi\"",
            "File not found\n",
            0,
        ),
        ("cat /etc/a.conf | grep y", "y: 2\n", 0),
        ("stat -c %a /absent", "", 1),
        ("find /pki/ -name '*.key' | xargs stat -c permissions=%a", "permissions=600\n", 0),
        ("find /pki/ | xargs stat -c %U", "etcd\nroot\nroot\n", 0),
        (
            "find /pki -type f ! -name ca.key 2> /dev/null | xargs --no-run-if-empty stat -c '%n %a'",
            "/pki/ca.crt 644\n",
            0,
        ),
        ("stat -c %n /pki/*.crt", "/pki/ca.crt\n", 0),
        (
            "/bin/sh -c 'if test -d /conf.d; then cat /conf.d/*; elif test -e /conf.d; then cat /conf.d; fi'",
            "a\nb\n",
            0,
        ),
        ("journalctl -m -u k3s | grep 'Running a' | tail -n1 | grep 'x'", "Running a --x=2\n", 0),
        (
            "if [ \"$(journalctl -m -u k3s | grep -m1 'Running' | wc -l)\" -gt 0 ]; then\n  echo yes\nelse\n  echo no\nfi",
            "yes\n",
            0,
        ),
        (
            "ps -ef | grep etcd | grep -- --data-dir | sed 's%.*data-dir[= ]\\([^ ]*\\).*%\\1%' | xargs stat -c %U:%G",
            "etcd:etcd\n",
            0,
        ),
        (
            "D=''\nfor d in $(ps -ef | grep etcd | grep -- --data-dir | sed 's%.*data-dir[= ]\\([^ ]*\\).*%\\1%'); do\n  \
             if test -d \"$d\"; then D=\"$d\"; fi\ndone\nif ! test -d \"$D\"; then D=/absent; fi\nstat -c %U:%G \"$D\"",
            "etcd:etcd\n",
            0,
        ),
        (
            "E=$(ps -ef | grep kube-apiserver | grep -- --encryption-provider-config | sed \
             's%.*encryption-provider-config[= ]\\([^ ]*\\).*%\\1%')\nif test -e $E; then grep -A1 'providers:' $E | tail \
             -n1 | grep -o \"[A-Za-z]*\" | sed 's/^/provider=/'; fi",
            "provider=aescbc\n",
            0,
        ),
        (
            "C=$(ps -ef | grep kubelet | grep -- --client-ca-file= | awk -F '--client-ca-file=' '{print $2}' | awk \
             '{print $1}' | uniq)\nif test -z $C; then C=/pki/ca.crt; fi\nif test -e $C; then stat -c permissions=%a $C; fi",
            "permissions=644\n",
            0,
        ),
        (
            "for a in /etc/a.conf /absent; do if test -e $a; then stat -c \"%a %n\" $a; fi; done",
            "600 /etc/a.conf\n",
            0,
        ),
        ("false || echo a && ! false", "a\n", 0),
        ("echo b a | tr ' ' '\\n' | sort", "a\nb\n", 0),
    ] {
        assert_eq!(run(command), Some(Ok((want.to_owned(), status))), "{command}");
    }
}

#[test]
fn what_only_a_shell_could_say() {
    for command in [
        "cat /etc/a.conf; rm -rf /",
        "cat /etc/a.conf > /b",
        "kubectl get pods | jq .",
        "cat \"`id`\"",
        "",
        "stat -c %a <path/to/file>",
        "stat -c %a $nobody",
        "find . -name x -exec rm {} +",
        "check_cafile_permissions.sh",
        "/opt/ps -ef",
        "sed -n 2p",
        "echo '\\n'",
        "ps -ef | xargs sh -c",
    ] {
        assert!(Audit::recognise(command).is_none(), "{command}");
    }
}

#[test]
fn what_was_not_looked_at_is_named() {
    for (command, need) in [
        ("stat -c %a /etc/api.conf", Need::File("/etc/api.conf".into())),
        ("journalctl -u k3s -u k3s-agent | tail -n1", Need::Journal("k3s k3s-agent".into())),
        ("cat /etc/other", Need::File("/etc/other".into())),
        ("cat /etc/none/*", Need::File("/etc/none".into())),
    ] {
        assert_eq!(run(command), Some(Err(Stop::Needs(need))), "{command}");
    }
    let none = NodeReport::default();
    assert_eq!(Audit::recognise("ps -ef | grep a").unwrap().run(&none), Err(Stop::Needs(Need::Processes)));
}

#[test]
fn a_bomb_is_stopped() {
    let many = "a ".repeat(150);
    let command = format!("for x in {many}; do for y in {many}; do echo $x; done; done");
    assert_eq!(run(&command), Some(Err(Stop::TooMuch)));
}
