//! The control plane as static pods, as kubeadm lays it out: the kubelet runs them, and what it tells the API server
//! of them (mirror pods) carries their real arguments.

/// Programs of the control plane with their arguments and what of the node they are lent.
pub(super) static PODS: &[StaticPod] = &[
    StaticPod {
        name: "etcd",
        arguments: &[
            "--name=node1",
            "--data-dir=/var/lib/etcd",
            "--unsafe-no-fsync",
            "--log-level=warn",
            "--listen-client-urls=https://127.0.0.1:2379",
            "--advertise-client-urls=https://127.0.0.1:2379",
            "--cert-file=/etc/kubernetes/pki/etcd/server.crt",
            "--key-file=/etc/kubernetes/pki/etcd/server.key",
            "--trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt",
            "--client-cert-auth=true",
            "--listen-peer-urls=https://127.0.0.1:2380",
            "--initial-advertise-peer-urls=https://127.0.0.1:2380",
            "--initial-cluster=node1=https://127.0.0.1:2380",
            "--peer-cert-file=/etc/kubernetes/pki/etcd/server.crt",
            "--peer-key-file=/etc/kubernetes/pki/etcd/server.key",
            "--peer-trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt",
            "--peer-client-cert-auth=true",
        ],
        lent: &["/etc/kubernetes/pki/etcd", "/var/lib/etcd"],
    },
    StaticPod {
        name: "kube-apiserver",
        arguments: &[
            "--advertise-address=10.77.0.1",
            "--secure-port=6443",
            "--allow-privileged=true",
            "--anonymous-auth=false",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--profiling=false",
            "--client-ca-file=/etc/kubernetes/pki/ca.crt",
            "--tls-cert-file=/etc/kubernetes/pki/apiserver.crt",
            "--tls-private-key-file=/etc/kubernetes/pki/apiserver.key",
            "--etcd-servers=https://127.0.0.1:2379",
            "--etcd-cafile=/etc/kubernetes/pki/etcd/ca.crt",
            "--etcd-certfile=/etc/kubernetes/pki/apiserver-etcd-client.crt",
            "--etcd-keyfile=/etc/kubernetes/pki/apiserver-etcd-client.key",
            "--encryption-provider-config=/etc/kubernetes/pki/encryption.yaml",
            "--kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt",
            "--kubelet-client-key=/etc/kubernetes/pki/apiserver-kubelet-client.key",
            "--kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt",
            "--kubelet-preferred-address-types=InternalIP",
            "--requestheader-client-ca-file=/etc/kubernetes/pki/front-proxy-ca.crt",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            "--proxy-client-cert-file=/etc/kubernetes/pki/front-proxy-client.crt",
            "--proxy-client-key-file=/etc/kubernetes/pki/front-proxy-client.key",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-account-key-file=/etc/kubernetes/pki/sa.pub",
            "--service-account-signing-key-file=/etc/kubernetes/pki/sa.key",
            "--service-cluster-ip-range=10.99.0.0/24",
            "--token-auth-file=/etc/kubernetes/pki/tokens.csv",
            "--audit-log-path=/var/log/kubernetes/audit.log",
            "--audit-log-maxage=30",
            "--audit-log-maxbackup=10",
            "--audit-log-maxsize=100",
            "--audit-policy-file=/etc/kubernetes/pki/audit-policy.yaml",
        ],
        lent: &["/etc/kubernetes/pki", "/var/log/kubernetes"],
    },
    StaticPod {
        name: "kube-controller-manager",
        arguments: &[
            "--kubeconfig=/etc/kubernetes/controller-manager.conf",
            "--authentication-kubeconfig=/etc/kubernetes/controller-manager.conf",
            "--authorization-kubeconfig=/etc/kubernetes/controller-manager.conf",
            "--bind-address=127.0.0.1",
            "--profiling=false",
            "--leader-elect=false",
            "--use-service-account-credentials=true",
            "--root-ca-file=/etc/kubernetes/pki/ca.crt",
            "--service-account-private-key-file=/etc/kubernetes/pki/sa.key",
            "--cluster-signing-cert-file=/etc/kubernetes/pki/ca.crt",
            "--cluster-signing-key-file=/etc/kubernetes/pki/ca.key",
            "--terminated-pod-gc-threshold=100",
            // By default it asks for the tokens of its controllers at 20 a second, and so starts four seconds later.
            "--kube-api-qps=1000",
            "--kube-api-burst=1000",
        ],
        lent: &["/etc/kubernetes/pki", "/etc/kubernetes/controller-manager.conf"],
    },
    StaticPod {
        name: "kube-scheduler",
        arguments: &[
            "--kubeconfig=/etc/kubernetes/scheduler.conf",
            "--authentication-kubeconfig=/etc/kubernetes/scheduler.conf",
            "--authorization-kubeconfig=/etc/kubernetes/scheduler.conf",
            "--bind-address=127.0.0.1",
            "--profiling=false",
            "--leader-elect=false",
        ],
        lent: &["/etc/kubernetes/scheduler.conf"],
    },
];

/// One program that runs as a static pod.
pub(super) struct StaticPod {
    pub(super) name: &'static str,
    arguments: &'static [&'static str],
    lent: &'static [&'static str],
}

impl StaticPod {
    /// The image it goes by. It holds no program of that name: the file of the node is mounted into it, whose version
    /// this is.
    pub(super) fn image(&self, version: &str) -> String {
        format!("registry.test/{}:{version}", self.name)
    }

    /// Its manifest.
    pub(super) fn yaml(&self, version: &str) -> String {
        let Self { name, arguments, lent } = self;
        let image = self.image(version);
        let mut text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  namespace: kube-system\n  labels:\n    \
             component: {name}\n    tier: control-plane\nspec:\n  hostNetwork: true\n  \
             priorityClassName: system-node-critical\n  terminationGracePeriodSeconds: 2\n  securityContext:\n    \
             seccompProfile:\n      type: RuntimeDefault\n  containers:\n  - name: {name}\n    image: {image}\n    \
             imagePullPolicy: Never\n    command:\n    - {name}\n"
        );
        for argument in *arguments {
            text += &format!("    - {argument}\n");
        }
        let program = format!("/usr/local/bin/{name}");
        text += "    volumeMounts:\n";
        for (at, path) in [program.as_str()].iter().chain(*lent).enumerate() {
            let written = path.starts_with("/var/");
            text += &format!(
                "    - name: v{at}\n      mountPath: {path}\n      readOnly: {}\n",
                if written { "false" } else { "true" }
            );
        }
        text += "  volumes:\n";
        for (at, path) in [program.as_str()].iter().chain(*lent).enumerate() {
            text += &format!("  - name: v{at}\n    hostPath:\n      path: {path}\n");
        }
        text
    }
}
