//! A cluster made of nothing but a seed: for benches, scale tests and curves. Same seed and size, same objects.
//!
//! Objects look as an API server lists them: status, owner references, managed fields and all that is dropped later.
//! A small part is dangerous, so that there is something to find.

use serde_json::{Value, json};

/// How much of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Nodes.
    pub nodes: usize,
    /// Deployments, each with a ReplicaSet and every second with a Service.
    pub deployments: usize,
    /// Live pods of each Deployment, two containers each.
    pub pods_per_deployment: usize,
    /// Namespaces, each with a NetworkPolicy in every third.
    pub namespaces: usize,
    /// ServiceAccounts.
    pub accounts: usize,
    /// Roles and ClusterRoles together.
    pub roles: usize,
    /// RoleBindings and ClusterRoleBindings together.
    pub bindings: usize,
}

impl Size {
    /// A tenth of [`Size::LARGE`]: 7,500 pods and 5,000 RBAC objects.
    pub const SMALL: Self = Self::LARGE.part(10);
    /// Half of [`Size::LARGE`]: 37,500 pods and 25,000 RBAC objects.
    pub const MEDIUM: Self = Self::LARGE.part(2);
    /// 1,000 nodes, 15,000 Deployments of 5 pods (75,000), 1,000 namespaces, 50,000 accounts, roles and bindings.
    pub const LARGE: Self = Self {
        nodes: 1_000,
        deployments: 15_000,
        pods_per_deployment: 5,
        namespaces: 1_000,
        accounts: 15_000,
        roles: 15_000,
        bindings: 20_000,
    };
    /// The largest cluster Kubernetes supports in pods: 5,000 nodes, 150,000 pods, RBAC as in [`Size::LARGE`].
    pub const LARGEST: Self = Self { nodes: 5_000, deployments: 30_000, ..Self::LARGE };

    const fn part(self, of: usize) -> Self {
        Self {
            nodes: self.nodes / of,
            deployments: self.deployments / of,
            pods_per_deployment: self.pods_per_deployment,
            namespaces: self.namespaces / of,
            accounts: self.accounts / of,
            roles: self.roles / of,
            bindings: self.bindings / of,
        }
    }

    /// Live pods.
    pub const fn pods(&self) -> usize {
        self.deployments * self.pods_per_deployment
    }
}

/// SplitMix64: small, and good enough to scatter.
struct Random(u64);

impl Random {
    fn new(seed: u64, kind: u64, index: usize) -> Self {
        let mut random =
            Self(seed ^ kind.wrapping_mul(0xd6e8_feb8_6659_fd93) ^ (index as u64).rotate_left(32));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// Whether one of `in_many` comes up.
    fn one(&mut self, in_many: usize) -> bool {
        self.below(in_many) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from.get(self.below(from.len())).copied().unwrap_or_default()
    }

    fn hex(&mut self, digits: usize) -> String {
        let mut text = String::with_capacity(digits.saturating_add(16));
        while text.len() < digits {
            text.push_str(&format!("{:016x}", self.next()));
        }
        text.truncate(digits);
        text
    }

    fn uid(&mut self) -> String {
        let (a, b) = (self.hex(16), self.hex(16));
        let part = |text: &str, from: usize, to: usize| text.get(from..to).unwrap_or_default().to_owned();
        format!(
            "{}-{}-{}-{}-{}",
            part(&a, 0, 8),
            part(&a, 8, 12),
            part(&a, 12, 16),
            part(&b, 0, 4),
            part(&b, 4, 16)
        )
    }
}

const APPS: &[&str] =
    &["web", "api", "cart", "ledger", "mailer", "search", "worker", "gateway", "auth", "report"];
const RESOURCES: &[&str] =
    &["pods", "configmaps", "services", "endpoints", "deployments", "jobs", "events", "leases"];
const VERBS: &[&str] = &["get", "list", "watch", "create", "update", "patch", "delete"];

/// The objects of a cluster, each made when it is asked for: nodes, namespaces, accounts, roles, bindings, then for
/// each Deployment itself, its ReplicaSet, its pods, and for some a Service and an Ingress.
pub fn cluster(seed: u64, size: &Size) -> impl Iterator<Item = Value> + use<> {
    let cluster = Cluster { seed, size: *size };
    let make = move |count: usize, one: fn(&Cluster, usize) -> Vec<Value>| {
        (0..count).flat_map(move |index| one(&cluster, index))
    };
    make(size.nodes, Cluster::node)
        .chain(make(size.namespaces, Cluster::namespace))
        .chain(make(size.accounts, Cluster::account))
        .chain(make(size.roles, Cluster::role))
        .chain(make(size.bindings, Cluster::binding))
        .chain(make(size.deployments, Cluster::deployment))
}

#[derive(Clone, Copy)]
struct Cluster {
    seed: u64,
    size: Size,
}

impl Cluster {
    fn random(&self, kind: u64, index: usize) -> Random {
        Random::new(self.seed, kind, index)
    }

    fn namespace_name(&self, index: usize) -> String {
        format!("team-{:04}", index % self.size.namespaces.max(1))
    }

    fn metadata(random: &mut Random, namespace: &str, name: &str, manager: &str) -> Value {
        let mut metadata = json!({
            "name": name, "uid": random.uid(), "resourceVersion": random.below(1_000_000_000).to_string(),
            "creationTimestamp": "2026-01-15T09:12:00Z",
            "managedFields": [{"manager": manager, "operation": "Update", "apiVersion": "v1",
                "time": "2026-01-15T09:12:00Z", "fieldsType": "FieldsV1", "fieldsV1": {"f:metadata": {"f:labels": {}}}}],
        });
        if let (false, Some(fields)) = (namespace.is_empty(), metadata.as_object_mut()) {
            fields.insert("namespace".into(), namespace.into());
        }
        metadata
    }

    fn object(version: &str, kind: &str, metadata: Value) -> Value {
        json!({"apiVersion": version, "kind": kind, "metadata": metadata})
    }

    fn node_name(&self, index: usize) -> String {
        format!("node-{:05}.region-1.internal", index % self.size.nodes.max(1))
    }

    fn address(index: usize) -> String {
        format!("10.{}.{}.{}", 128 + index / 65_536, index / 256 % 256, index % 256)
    }

    fn node(&self, index: usize) -> Vec<Value> {
        let mut random = self.random(1, index);
        let mut node =
            Self::object("v1", "Node", Self::metadata(&mut random, "", &self.node_name(index), "kubelet"));
        let architecture = if random.one(8) { "arm64" } else { "amd64" };
        node["metadata"]["labels"] = json!({"kubernetes.io/arch": architecture, "kubernetes.io/os": "linux",
            "topology.kubernetes.io/zone": format!("region-1{}", random.pick(&["a", "b", "c"]))});
        if index < 3 {
            node["metadata"]["labels"]["node-role.kubernetes.io/control-plane"] = "".into();
            node["spec"]["taints"] =
                json!([{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]);
        }
        node["spec"]["podCIDR"] = format!("10.{}.{}.0/24", index / 256 % 256, index % 256).into();
        let mut addresses = vec![json!({"type": "InternalIP", "address": Self::address(index)})];
        if random.one(20) {
            addresses.push(json!({"type": "ExternalIP", "address": format!("198.51.100.{}", index % 256)}));
        }
        node["status"] = json!({"addresses": addresses,
            "nodeInfo": {"architecture": architecture, "kubeletVersion": random.pick(&["v1.34.2", "v1.33.6"]),
                "containerRuntimeVersion": "containerd://2.1.4", "kernelVersion": "6.1.0-30-amd64", "osImage": "Debian GNU/Linux 12"},
            "conditions": [{"type": "Ready", "status": "True"}]});
        vec![node]
    }

    fn namespace(&self, index: usize) -> Vec<Value> {
        let mut random = self.random(2, index);
        let name = self.namespace_name(index);
        let mut namespace =
            Self::object("v1", "Namespace", Self::metadata(&mut random, "", &name, "kubectl"));
        namespace["metadata"]["labels"] = match random.below(3) {
            0 => {
                json!({"kubernetes.io/metadata.name": name, "pod-security.kubernetes.io/enforce": "restricted"})
            }
            1 => {
                json!({"kubernetes.io/metadata.name": name, "pod-security.kubernetes.io/enforce": "baseline"})
            }
            _ => json!({"kubernetes.io/metadata.name": name}),
        };
        let mut made = vec![namespace];
        if random.one(3) {
            let metadata = Self::metadata(&mut random, &name, "default-deny", "argocd");
            let mut policy = Self::object("networking.k8s.io/v1", "NetworkPolicy", metadata);
            policy["spec"] = json!({"podSelector": {}, "policyTypes": ["Ingress"],
                "ingress": [{"from": [{"podSelector": {}}]}]});
            made.push(policy);
        }
        made
    }

    fn account_of(&self, index: usize) -> (String, String) {
        let index = index % self.size.accounts.max(1);
        (self.namespace_name(index), format!("app-{index:05}"))
    }

    fn account(&self, index: usize) -> Vec<Value> {
        let mut random = self.random(3, index);
        let (namespace, name) = self.account_of(index);
        let mut account =
            Self::object("v1", "ServiceAccount", Self::metadata(&mut random, &namespace, &name, "helm"));
        if random.one(3) {
            account["automountServiceAccountToken"] = false.into();
        }
        vec![account]
    }

    /// Every tenth is a ClusterRole.
    fn role_name(index: usize) -> (bool, String) {
        (index.is_multiple_of(10), format!("role-{index:05}"))
    }

    fn role(&self, index: usize) -> Vec<Value> {
        let mut random = self.random(4, index);
        let (wide, name) = Self::role_name(index);
        let namespace = if wide { String::new() } else { self.namespace_name(index) };
        let metadata = Self::metadata(&mut random, &namespace, &name, "helm");
        let kind = if wide { "ClusterRole" } else { "Role" };
        let mut role = Self::object("rbac.authorization.k8s.io/v1", kind, metadata);
        let mut rules: Vec<Value> = (0..1 + random.below(3))
            .map(|_| {
                let verbs: Vec<&str> = (0..1 + random.below(3)).map(|_| random.pick(VERBS)).collect();
                json!({"apiGroups": [random.pick(&["", "apps", "batch"])], "resources": [random.pick(RESOURCES)], "verbs": verbs})
            })
            .collect();
        if random.one(200) {
            rules.push(match random.below(6) {
                0 => json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}),
                1 => json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]}),
                2 => json!({"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]}),
                3 => json!({"apiGroups": [""], "resources": ["serviceaccounts/token"], "verbs": ["create"]}),
                4 => json!({"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles"], "verbs": ["escalate", "bind"]}),
                _ => json!({"apiGroups": [""], "resources": ["nodes/proxy"], "verbs": ["*"]}),
            });
        }
        role["rules"] = rules.into();
        vec![role]
    }

    /// A Role is bound in its own namespace, a ClusterRole in one or, one of four, everywhere.
    fn binding(&self, index: usize) -> Vec<Value> {
        let mut random = self.random(5, index);
        let at = random.below(self.size.roles);
        let (wide, role) = Self::role_name(at);
        let (account_namespace, account) = self.account_of(random.below(self.size.accounts));
        let everywhere = wide && random.one(4);
        let namespace = if everywhere { String::new() } else { self.namespace_name(at) };
        let metadata = Self::metadata(&mut random, &namespace, &format!("binding-{index:05}"), "helm");
        let kind = if everywhere { "ClusterRoleBinding" } else { "RoleBinding" };
        let mut binding = Self::object("rbac.authorization.k8s.io/v1", kind, metadata);
        let role_kind = if wide { "ClusterRole" } else { "Role" };
        binding["roleRef"] =
            json!({"apiGroup": "rbac.authorization.k8s.io", "kind": role_kind, "name": role});
        let mut subjects =
            vec![json!({"kind": "ServiceAccount", "namespace": account_namespace, "name": account})];
        match random.below(60) {
            0 => subjects.push(json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:authenticated"})),
            1..=6 => subjects.push(json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "User",
                "name": format!("user-{}@example.org", random.below(300))})),
            7..=12 => subjects.push(json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Group",
                "name": format!("group-{}", random.below(50))})),
            _ => {}
        }
        binding["subjects"] = subjects.into();
        vec![binding]
    }

    fn deployment(&self, index: usize) -> Vec<Value> {
        let mut random = self.random(6, index);
        let namespace = self.namespace_name(index);
        let name = format!("{}-{index:05}", random.pick(APPS));
        let labels = json!({"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": namespace});
        let spec = self.pod_spec(&mut random, index, &name);
        let mut deployment =
            Self::object("apps/v1", "Deployment", Self::metadata(&mut random, &namespace, &name, "helm"));
        deployment["metadata"]["labels"] = labels.clone();
        deployment["spec"] = json!({"replicas": self.size.pods_per_deployment, "selector": {"matchLabels": labels},
            "template": {"metadata": {"creationTimestamp": null, "labels": labels}, "spec": spec}});
        deployment["status"] = json!({"replicas": self.size.pods_per_deployment, "conditions": [{"type": "Available", "status": "True"}]});

        let hash = random.hex(10);
        let set_name = format!("{name}-{hash}");
        let mut set = Self::object(
            "apps/v1",
            "ReplicaSet",
            Self::metadata(&mut random, &namespace, &set_name, "kube-controller-manager"),
        );
        set["metadata"]["ownerReferences"] = owner("Deployment", &name, &deployment);
        let mut pod_labels = labels.clone();
        pod_labels["pod-template-hash"] = hash.into();
        set["spec"] = deployment["spec"].clone();
        set["spec"]["template"]["metadata"]["labels"] = pod_labels.clone();
        set["status"] = json!({"replicas": self.size.pods_per_deployment});

        let owners = owner("ReplicaSet", &set_name, &set);
        let pods: Vec<Value> = (0..self.size.pods_per_deployment)
            .map(|at| {
                let pod_name = format!("{set_name}-{}", random.hex(5));
                let metadata = Self::metadata(&mut random, &namespace, &pod_name, "kube-controller-manager");
                let mut pod = Self::object("v1", "Pod", metadata);
                pod["metadata"]["labels"] = pod_labels.clone();
                pod["metadata"]["generateName"] = format!("{set_name}-").into();
                pod["metadata"]["ownerReferences"] = owners.clone();
                pod["spec"] = spec.clone();
                self.run(&mut random, &mut pod, index * self.size.pods_per_deployment + at);
                pod
            })
            .collect();
        let mut made = vec![deployment, set];
        made.extend(pods);
        if random.one(2) {
            made.extend(Self::service(&mut random, &namespace, &name, &labels));
        }
        made
    }

    fn pod_spec(&self, random: &mut Random, index: usize, name: &str) -> Value {
        // One of the accounts of the same namespace.
        let (namespaces, each) =
            (self.size.namespaces.max(1), self.size.accounts / self.size.namespaces.max(1));
        let account = match each {
            0 => "default".to_owned(),
            _ => self.account_of(index % namespaces + namespaces * (index / namespaces % each)).1,
        };
        let app = name.split('-').next().unwrap_or_default();
        let mut spec = json!({
            "serviceAccountName": account, "restartPolicy": "Always", "dnsPolicy": "ClusterFirst",
            "schedulerName": "default-scheduler", "terminationGracePeriodSeconds": 30,
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [
                {"name": "app", "image": format!("registry.test/{app}/{name}:1.{}.{}", random.below(40), random.below(10)),
                 "ports": [{"containerPort": 8080, "protocol": "TCP"}],
                 "env": [{"name": "DATABASE_URL", "valueFrom": {"secretKeyRef": {"name": name, "key": "url"}}}, {"name": "LOG_LEVEL", "value": "info"}],
                 "resources": {"limits": {"memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"}},
                 "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 10},
                 "securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}},
                 "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}]},
                {"name": "proxy", "image": format!("registry.test/mesh/proxy:2.{}", random.below(6)),
                 "ports": [{"containerPort": 15090, "protocol": "TCP"}],
                 "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}},
            ],
            "volumes": [{"name": "tmp", "emptyDir": {}}],
        });
        match random.below(400) {
            0 => spec["containers"][0]["securityContext"] = json!({"privileged": true}),
            1 => {
                spec["volumes"][0] = json!({"name": "tmp", "hostPath": {"path": random.pick(&["/", "/var/log", "/etc", "/proc"])}});
            }
            2 => {
                spec["volumes"][0] = json!({"name": "tmp", "hostPath": {"path": "/run/containerd/containerd.sock", "type": "Socket"}});
            }
            3 => spec["hostPID"] = true.into(),
            4 => spec["hostNetwork"] = true.into(),
            5 => spec["containers"][0]["securityContext"]["capabilities"] = json!({"add": ["SYS_ADMIN"]}),
            _ => {}
        }
        spec
    }

    /// What the scheduler, the API server and the node add to a pod.
    fn run(&self, random: &mut Random, pod: &mut Value, number: usize) {
        let node = self.node_name(random.below(self.size.nodes));
        let spec = &mut pod["spec"];
        spec["nodeName"] = node.into();
        let token = format!("kube-api-access-{}", random.hex(5));
        if let Some(volumes) = spec["volumes"].as_array_mut() {
            volumes.push(json!({"name": token, "projected": {"defaultMode": 420, "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}}]}}));
        }
        spec["tolerations"] = json!([
            {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
            {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}]);
        let mount = json!({"name": token, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true});
        let mut statuses = Vec::new();
        for container in spec["containers"].as_array_mut().into_iter().flatten() {
            let image = container["image"].as_str().unwrap_or_default().to_owned();
            let (repository, _) = image.rsplit_once(':').unwrap_or((&image, ""));
            // One tag, one content: whatever runs it has its digest.
            let named =
                image.bytes().fold(0, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
            let digest = Random::new(self.seed ^ named, 7, 0).hex(64);
            statuses.push(json!({"name": container["name"], "ready": true, "restartCount": random.below(3), "image": image,
                "imageID": format!("{repository}@sha256:{digest}"), "containerID": format!("containerd://{}", random.hex(64)),
                "state": {"running": {"startedAt": "2026-01-15T09:12:30Z"}}}));
            if let Some(fields) = container.as_object_mut() {
                let mounts = fields.entry("volumeMounts").or_insert_with(|| json!([]));
                mounts.as_array_mut().into_iter().for_each(|mounts| mounts.push(mount.clone()));
            }
        }
        let phase = if random.one(100) { "Pending" } else { "Running" };
        pod["status"] = json!({"phase": phase, "podIP": Self::address(number), "qosClass": "Burstable",
            "startTime": "2026-01-15T09:12:00Z", "containerStatuses": statuses,
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-15T09:12:31Z"}]});
    }

    /// A Service of one of the types, and for some an Ingress in front of it.
    fn service(random: &mut Random, namespace: &str, name: &str, labels: &Value) -> Vec<Value> {
        let mut service = Self::object("v1", "Service", Self::metadata(random, namespace, name, "helm"));
        let kind = match random.below(40) {
            0 => "LoadBalancer",
            1 => "NodePort",
            2 => "ExternalName",
            _ => "ClusterIP",
        };
        let mut port = json!({"port": 80, "targetPort": 8080, "protocol": "TCP"});
        if matches!(kind, "NodePort" | "LoadBalancer") {
            port["nodePort"] = (30_000 + random.below(2_768)).into();
        }
        service["spec"] = match kind {
            "ExternalName" => json!({"type": kind, "externalName": "db.example.org"}),
            _ => json!({"type": kind, "selector": labels, "ports": [port]}),
        };
        if kind == "LoadBalancer" {
            service["status"] =
                json!({"loadBalancer": {"ingress": [{"ip": format!("203.0.113.{}", random.below(256))}]}});
        }
        let mut made = vec![service];
        if kind == "ClusterIP" && random.one(15) {
            let metadata = Self::metadata(random, namespace, name, "argocd");
            let mut ingress = Self::object("networking.k8s.io/v1", "Ingress", metadata);
            let backend = json!({"service": {"name": name, "port": {"number": 80}}});
            ingress["spec"] = json!({"ingressClassName": "nginx", "rules": [{"host": format!("{name}.example.org"),
                "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]});
            made.push(ingress);
        }
        made
    }
}

fn owner(kind: &str, name: &str, object: &Value) -> Value {
    json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": object["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true}])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Builder, Snapshot};
    use model::Origin;

    const TINY: Size = Size {
        nodes: 10,
        deployments: 800,
        pods_per_deployment: 3,
        namespaces: 12,
        accounts: 50,
        roles: 1_000,
        bindings: 1_200,
    };

    fn snapshot(seed: u64, size: &Size) -> Snapshot {
        let mut builder = Builder::new("default");
        for value in cluster(seed, size) {
            assert!(builder.add(value, Origin::Cluster { context: "synthetic".into(), owner: None }));
        }
        builder.build()
    }

    fn text(seed: u64) -> String {
        let some = Size { deployments: 20, roles: 30, bindings: 30, ..TINY };
        cluster(seed, &some).map(|value| value.to_string() + "\n").collect()
    }

    #[test]
    fn a_seed_makes_one_cluster() {
        assert_eq!(text(7), text(7));
        assert_ne!(text(7), text(8));
    }

    #[test]
    fn sizes_are_what_they_say() {
        let snapshot = snapshot(1, &TINY);
        assert_eq!(snapshot.pods().len(), TINY.pods());
        let count = |group: &str, kinds: &[&str]| {
            kinds.iter().map(|kind| snapshot.of(group, kind).len()).sum::<usize>()
        };
        let rbac = "rbac.authorization.k8s.io";
        assert_eq!(count("", &["Node"]), TINY.nodes);
        assert_eq!(count("", &["Namespace"]), TINY.namespaces);
        assert_eq!(count("", &["ServiceAccount"]), TINY.accounts);
        assert_eq!(count("apps", &["Deployment"]), TINY.deployments);
        assert_eq!(count(rbac, &["Role", "ClusterRole"]), TINY.roles);
        assert_eq!(count(rbac, &["RoleBinding", "ClusterRoleBinding"]), TINY.bindings);
        assert_eq!(Size::LARGE.pods(), 75_000);
        assert_eq!(Size::LARGEST.pods(), 150_000);
        assert_eq!(Size::LARGE.accounts + Size::LARGE.roles + Size::LARGE.bindings, 50_000);
    }

    #[test]
    fn everything_joins_and_something_is_wrong() {
        let snapshot = snapshot(2, &TINY);
        assert!(snapshot.diagnostics.is_empty(), "{:?}", snapshot.diagnostics.first());
        for pod in snapshot.pods() {
            let workload = snapshot.workload_of(pod).unwrap();
            assert_eq!(&*workload.kind, "Deployment");
            assert!(snapshot.get(workload).is_some());
            let node = snapshot.node_of(pod).unwrap();
            assert!(snapshot.find("", "Node", "", node).is_some());
            assert!(snapshot.find("", "ServiceAccount", &pod.namespace, &pod.account).is_some(), "{pod:?}");
            assert!(pod.images.iter().all(|i| i.container.is_some() && snapshot.image(i.image).is_some()));
        }
        // No template is kept but the Deployments'.
        assert!(snapshot.workloads().all(|workload| !workload.observed()));
        let every = |field: &str| snapshot.resources().iter().filter(|r| r.text().contains(field)).count();
        for field in [
            "\"privileged\":true",
            "\"hostPath\"",
            "\"LoadBalancer\"",
            "\"NodePort\"",
            "\"Ingress\"",
            "\"NetworkPolicy\"",
            "\"secrets\"",
        ] {
            let found = every(field);
            assert!(found > 0 && found < snapshot.resources().len() / 4, "{field}: {found}");
        }
    }
}
