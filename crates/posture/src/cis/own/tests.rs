//! Topics on small clusters and nodes.

use super::*;
use crate::cis::{Audit, File, Kind, NodeReport, Task, Variables};
use crate::nodes::kubelet::Kubelet;
use crate::testing::snapshot;
use crate::{Options, Whole};
use ::rbac::{Rbac, ServerVersion};

fn control(text: &str) -> Control {
    Control {
        id: "1".into(),
        text: text.into(),
        kind: Kind::Automated,
        audit: None,
        audit_config: None,
        audit_env: None,
        tests: None,
        remediation: String::new(),
        scored: true,
        multiple: false,
    }
}

/// What the topic of a control says, on objects, a kubelet's configz and a node.
fn ask(group: &str, text: &str, objects: &str, configz: Option<&str>, node: &NodeReport) -> Own {
    let control = control(text);
    let topic = Topic::of(&control, group).unwrap_or_else(|| panic!("no topic: {text}"));
    let snapshot = snapshot(objects);
    let rbac = Rbac::new(&snapshot, ServerVersion::LATEST);
    let kubelet =
        |text: &str| Kubelet::parse(format!("{{\"kubeletconfig\":{text}}}").as_bytes(), "c", None).unwrap();
    let options = Options { kubelets: configz.map(kubelet).into_iter().collect(), ..Options::default() };
    let whole = Whole::new(&snapshot, &rbac, &options);
    let config = b"node:\n  kubelet: {defaultconf: /kubelet.yaml}\n";
    let (variables, _) = Variables::parse(config, b"", "node", node);
    topic.judge(&control, &Seen::new(Some(whole), node, variables))
}

fn pod(program: &str, flags: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: p, namespace: kube-system}}, spec: {{containers: [{{name: a, \
         image: x, command: [{program}, {flags}]}}]}}}}"
    )
}

fn holds(own: Own) -> Option<bool> {
    own.ok().map(|said| said.holds)
}

#[test]
fn flags_by_what_holds() {
    let none = NodeReport::default();
    for (group, text, program, flags, want) in [
        (
            "API Server",
            "Ensure that the --anonymous-auth argument is set to false (Manual)",
            "kube-apiserver",
            "--anonymous-auth=false",
            Some(true),
        ),
        (
            "API Server",
            "Ensure that the --anonymous-auth argument is set to false",
            "kube-apiserver",
            "",
            Some(false),
        ),
        (
            "API Server",
            "Ensure that the --authorization-mode argument includes Node",
            "kube-apiserver",
            "'--authorization-mode=NodeX,RBAC'",
            Some(false),
        ),
        (
            "API Server",
            "Ensure that the --authorization-mode argument is not set to AlwaysAllow",
            "kube-apiserver",
            "",
            Some(false),
        ),
        (
            "API Server",
            "Ensure that the --authorization-mode argument is not set to AlwaysAllow",
            "kube-apiserver",
            "--authorization-config=/f",
            None,
        ),
        (
            "API Server",
            "Ensure that the --audit-log-maxage argument is set to 30 or as appropriate",
            "kube-apiserver",
            "--audit-log-maxage=30",
            Some(false),
        ),
        (
            "API Server",
            "Ensure that the admission control plugin NodeRestriction is set",
            "kube-apiserver",
            "--enable-admission-plugins=NodeRestriction, --disable-admission-plugins=NodeRestriction",
            Some(false),
        ),
        (
            "API Server",
            "Ensure that the --encryption-provider-config argument is set as appropriate",
            "kube-apiserver",
            "--encryption-provider-config-automatic-reload=true",
            Some(false),
        ),
        (
            "Controller Manager",
            "Ensure that the --bind-address argument is set to 127.0.0.1",
            "kube-controller-manager",
            "",
            Some(false),
        ),
        (
            "Controller Manager",
            "Ensure that the --bind-address argument is set to 127.0.0.1",
            "kube-controller-manager",
            "'--bind-address=::1'",
            Some(true),
        ),
        (
            "Scheduler",
            "Ensure that the --profiling argument is set to false",
            "kube-scheduler",
            "--config=/f",
            None,
        ),
        (
            "Etcd Node Configuration",
            "Ensure that the --auto-tls argument is not set to true",
            "etcd",
            "",
            Some(true),
        ),
        (
            "Etcd Node Configuration",
            "Ensure that the --auto-tls argument is not set to true",
            "kube-apiserver",
            "--etcd-servers=x",
            None,
        ),
        (
            "Etcd Node Configuration",
            "Ensure that a unique Certificate Authority is used for etcd",
            "etcd",
            "--trusted-ca-file=/a",
            None,
        ),
    ] {
        assert_eq!(holds(ask(group, text, &pod(program, flags), None, &none)), want, "{text} {flags}");
    }
    let both = format!(
        "{}\n---\n{}",
        pod("kube-apiserver", "--client-ca-file=/ca"),
        pod("etcd", "--trusted-ca-file=/ca").replace("name: p,", "name: q,")
    );
    assert_eq!(
        holds(ask("Etcd", "Ensure that a unique Certificate Authority is used for etcd", &both, None, &none)),
        Some(false)
    );
}

#[test]
fn kubelets_by_what_holds() {
    let none = NodeReport::default();
    let object = "{apiVersion: v1, kind: Namespace, metadata: {name: a}}";
    for (text, config, want) in [
        ("Ensure that the --anonymous-auth argument is set to false", "{}", Some(true)),
        ("Ensure that a limit is set on pod PIDs", r#"{"podPidsLimit":-1}"#, Some(false)),
        (
            "Ensure that the --seccomp-default parameter is set to true",
            r#"{"seccompDefault":false}"#,
            Some(false),
        ),
        ("Ensure that the --rotate-certificates argument is not set to false", "{}", Some(false)),
        (
            "Ensure that the --streaming-connection-idle-timeout argument is not set to 0",
            r#"{"streamingConnectionIdleTimeout":"0s"}"#,
            Some(false),
        ),
        (
            "Ensure that the --tls-cert-file and --tls-private-key-file arguments are set as appropriate",
            r#"{"serverTLSBootstrap":true}"#,
            Some(true),
        ),
        (
            "Ensure that the Kubelet only makes use of Strong Cryptographic Ciphers",
            r#"{"tlsCipherSuites":["TLS_RSA_WITH_AES_128_CBC_SHA"]}"#,
            Some(false),
        ),
        (
            "Ensure that the Kubelet only makes use of Strong Cryptographic Ciphers",
            r#"{"tlsMinVersion":"VersionTLS13"}"#,
            Some(true),
        ),
        (
            "Verify that the RotateKubeletServerCertificate argument is set to true",
            r#"{"featureGates":{"RotateKubeletServerCertificate":"no"}}"#,
            None,
        ),
        ("Ensure that the eventRecordQPS argument is set", r#"{"eventRecordQPS":{"a":1}}"#, None),
        ("Ensure that the --hostname-override argument is not set", "{}", None),
    ] {
        assert_eq!(holds(ask("Kubelet", text, object, Some(config), &none)), want, "{text}");
    }
    assert_eq!(holds(ask("Kubelet", "Ensure that a limit is set on pod PIDs", object, None, &none)), None);
}

#[test]
fn kubelets_by_the_nodes_own_processes() {
    let with = |command: &str| NodeReport {
        processes: Some(vec![Task { pid: 7, ..Task::of_command(command) }]),
        files: [(
            "/kubelet.yaml".to_owned(),
            Some(File { content: Some("kind: KubeletConfiguration\n".into()), ..File::default() }),
        )]
        .into(),
        ..NodeReport::default()
    };
    let text = "Ensure that the --anonymous-auth argument is set to false";
    let ask = |text: &str, command: &str| holds(ask("Kubelet", text, "", None, &with(command)));
    assert_eq!(ask(text, "/usr/bin/kubelet"), Some(false));
    assert_eq!(ask(text, "/usr/bin/kubelet --config=/kubelet.yaml"), Some(true));
    assert_eq!(ask(text, "/usr/bin/kubelet --config=/other.yaml"), None);
    assert_eq!(
        ask("Ensure that the --hostname-override argument is not set", "/usr/bin/kubelet"),
        Some(true)
    );
}

#[test]
fn files_by_their_whole_owner() {
    let file =
        |mode, owner: &str| Some(File { mode, owner: owner.into(), group: "root".into(), ..File::default() });
    let node =
        |file| NodeReport { files: [("/kubelet.yaml".to_owned(), file)].into(), ..NodeReport::default() };
    let owner = "Ensure that the kubelet --config configuration file ownership is set to root:root";
    let mode = "Ensure that the kubelet configuration file permissions are set to 600 or more restrictive";
    let ask =
        |text: &str, node: &NodeReport| holds(ask("Worker Node Configuration Files", text, "", None, node));
    assert_eq!(ask(owner, &node(file(0o600, "root"))), Some(true));
    assert_eq!(ask(owner, &node(file(0o600, "notroot"))), Some(false));
    assert_eq!(ask(mode, &node(file(0o400, "root"))), Some(true));
    assert_eq!(ask(mode, &node(file(0o640, "root"))), Some(false));
    assert_eq!(ask(mode, &node(None)), None);
    assert_eq!(ask(mode, &NodeReport::default()), None);
}

#[test]
fn rights_of_groups_and_in_one_namespace() {
    let bound = |kind: &str, verbs: &str| {
        format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {{name: r}}, rules: \
             [{{apiGroups: [''], resources: [secrets], verbs: {verbs}}}]}}\n---\n{{apiVersion: \
             rbac.authorization.k8s.io/v1, kind: {kind}, metadata: {{name: b, namespace: shop}}, roleRef: {{kind: \
             ClusterRole, name: r}}, subjects: [{{kind: Group, name: 'system:authenticated'}}]}}"
        )
    };
    let none = NodeReport::default();
    let ask = |objects: &str| {
        holds(ask("RBAC and Service Accounts", "Minimize access to secrets (Manual)", objects, None, &none))
    };
    assert_eq!(ask(&bound("ClusterRoleBinding", "[list]")), Some(false));
    assert_eq!(ask(&bound("RoleBinding", "[get]")), Some(false));
    assert_eq!(ask(&bound("RoleBinding", "[create]")), Some(true));
    assert_eq!(ask(""), None);
}

#[test]
fn admission_is_more_than_what_runs() {
    let none = NodeReport::default();
    let ask = |objects: &str| {
        holds(ask(
            "Pod Security Standards",
            "Minimize the admission of privileged containers",
            objects,
            None,
            &none,
        ))
    };
    let pod = |privileged: bool| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: p, namespace: shop}}, spec: {{containers: [{{name: a, image: x, \
             securityContext: {{privileged: {privileged}}}}}]}}}}"
        )
    };
    let space = |level: &str| {
        format!(
            "{{apiVersion: v1, kind: Namespace, metadata: {{name: shop, labels: {{pod-security.kubernetes.io/enforce: {level}}}}}}}"
        )
    };
    assert_eq!(ask(&pod(true)), Some(false));
    assert_eq!(ask(&pod(false)), Some(false));
    assert_eq!(ask(&format!("{}\n---\n{}", pod(false), space("baseline"))), Some(true));
    let policy = "{apiVersion: kyverno.io/v1, kind: ClusterPolicy, metadata: {name: x}}";
    assert_eq!(ask(&format!("{}\n---\n{policy}", pod(false))), None);
}

#[test]
fn names_of_topics_are_unique_and_explained() {
    let mut keys: Vec<&str> = topics().map(|topic| topic.key).collect();
    let all = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), all);
    assert!(topics().all(|topic| !topic.upstream.is_empty() && !topic.words.is_empty()));
    let ids: Vec<&str> = crate::checks().map(|check| check.rule.id).collect();
    assert!(checks::rest_on().iter().all(|id| ids.contains(id)));
}

#[test]
fn upstreams_scripts_and_their_mistakes() {
    let mut asked = control("Minimize access to secrets");
    asked.audit =
        Some("echo \"canGetListWatchSecretsAsSystemAuthenticated: $(kubectl auth can-i …)\"".into());
    let topic = Topic::of(&asked, "RBAC and Service Accounts").unwrap();
    let objects = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: b}, roleRef: \
                   {kind: ClusterRole, name: view-secrets}, subjects: [{kind: Group, name: 'system:authenticated'}]}\n---\n\
                   {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: view-secrets}, rules: \
                   [{apiGroups: [''], resources: [secrets], verbs: [get, list, watch]}]}";
    let snapshot = snapshot(objects);
    let rbac = Rbac::new(&snapshot, ServerVersion::LATEST);
    let options = Options::default();
    let (node, variables) = (NodeReport::default(), Variables::default());
    let seen = Seen::new(Some(Whole::new(&snapshot, &rbac, &options)), &node, variables);
    assert_eq!(topic.script(&asked, &seen), Some(Verdict::Pass));
    assert_eq!(holds(topic.judge(&asked, &seen)), Some(false));
    assert!(Audit::recognise(asked.audit.as_deref().unwrap()).is_none());
}
