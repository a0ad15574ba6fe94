//! Facts: what engines hand to the risk graph.

use crate::{Evidence, Identity, ResourceRef, Severity, Target};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Which eye saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A manifest file.
    Manifest,
    /// The API of a live cluster.
    Cluster,
    /// Status a node's runtime reported.
    Node,
    /// A registry.
    Registry,
    /// A vulnerability scan.
    Scan,
    /// A signature check.
    Signature,
    /// An admission policy.
    Policy,
    /// An audit log.
    Audit,
    /// A runtime alert.
    Alert,
}

/// How sure a fact or a join is. Order: weakest first, so that `min` is the confidence of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Nothing contradicts it; nobody looked.
    Assumed,
    /// It follows from something that was looked at.
    Inferred,
    /// It was seen.
    Confirmed,
}

/// How long a fact stays true after it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Lifetime {
    /// As long as the snapshot it came with.
    Snapshot,
    /// So many seconds after it was observed, though its pod may be gone sooner.
    Seconds(u64),
    /// For ever: a digest's content does not change.
    Permanent,
}

/// What is said of the target; the object of the sentence is inside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Predicate {
    /// A workload's container can leave its sandbox.
    Escapes(Escape),
    /// An identity holds a capability.
    Holds(Grant),
    /// An image contains a vulnerable package.
    Vulnerable(Vulnerability),
    /// An image was scanned: what no [`Predicate::Vulnerable`] names is absent.
    Scanned,
    /// A package of an image is, or is not, loaded by what runs. Wins over what a scan does not know.
    Loads {
        /// Package name as the scan names it.
        package: String,
        /// Seen in memory, or looked for and absent.
        loaded: bool,
    },
    /// An image bears a valid signature of the named signer.
    Signed {
        /// Key or identity.
        by: String,
    },
    /// Every place was asked and no valid signature exists.
    Unsigned,
    /// Could not look.
    SignatureUnknown {
        /// Why.
        why: String,
    },
    /// An admission policy would refuse the resource.
    RefusedBy {
        /// Policy.
        policy: String,
        /// PolicyRule.
        rule: String,
        /// Whether the policy enforces (else it only reports).
        enforced: bool,
    },
    /// A detection rule fired.
    Alerted(Alert),
    /// An identity used a right.
    Used(Usage),
}

/// A way out of a container.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Escape {
    /// `privileged: true`.
    Privileged,
    /// A capability that is as good as root on the node.
    Capability(String),
    /// Host process namespace; with ptrace rights it is a way out, alone it shows the node's processes.
    HostPid,
    /// Host network namespace.
    HostNetwork,
    /// Host IPC namespace.
    HostIpc,
    /// A path of the node is mounted.
    HostPath {
        /// The path on the node.
        path: String,
        /// Whether it can be written.
        writable: bool,
    },
    /// A container runtime's socket is mounted.
    RuntimeSocket {
        /// The path on the node.
        path: String,
    },
    /// A component of the node that keeps containers in has a known hole.
    VulnerableNode {
        /// `kernel`, `containerd`, `kubelet`.
        component: String,
        /// Its version, as the node says it.
        version: String,
        /// CVE.
        id: String,
        /// Whether attackers are known to use it.
        exploited: bool,
    },
}

/// What a right is good for to an attacker.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Capability {
    /// Every verb on everything.
    ClusterAdmin,
    /// Reading Secrets by list or watch.
    ListSecrets,
    /// Reading Secrets whose names are known.
    GetSecrets {
        /// Only these names; empty for any.
        names: Vec<String>,
    },
    /// Minting tokens of accounts.
    CreateTokens,
    /// Creating pods, directly or through a controller.
    CreatePods,
    /// Changing the template of existing workloads.
    PatchWorkloads,
    /// Executing in pods: exec, attach, ephemeral containers.
    ExecPods,
    /// Granting rights one does not have.
    Escalate,
    /// Acting as others.
    Impersonate,
    /// The kubelet's API through the API server.
    NodesProxy,
    /// Changing admission control.
    WriteAdmission,
    /// Approving certificates.
    ApproveCertificates,
    /// Changing Nodes or deleting pods to move others.
    MovePods,
    /// Anything else, by the id of the attack step that names it.
    Other(String),
}

/// Where a right holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Scope {
    /// Every namespace and cluster-scoped resources.
    Cluster,
    /// One namespace.
    Namespace(String),
}

/// A capability through one binding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Grant {
    /// What it is good for.
    pub capability: Capability,
    /// Where.
    pub scope: Scope,
    /// The binding that grants it.
    pub binding: ResourceRef,
    /// The role it names.
    pub role: ResourceRef,
    /// Index of the rule in the role, where one rule grants it alone.
    pub rule: Option<usize>,
    /// The subject of the binding through which the identity is in it (itself, or a group).
    pub through: Identity,
}

/// Whether the vulnerable package is loaded by the running process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Loaded {
    /// Seen in memory.
    Yes,
    /// Looked for and not there.
    No,
    /// Not looked for.
    Unknown,
}

/// An advisory matched to an installed package.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vulnerability {
    /// CVE or advisory id.
    pub id: String,
    /// Package name.
    pub package: String,
    /// Installed version.
    pub installed: String,
    /// First fixed version, empty when there is none.
    pub fixed: String,
    /// Severity of the chosen source.
    pub severity: Severity,
    /// Whether it can be reached over the network (CVSS attack vector N); `None` when no vector is known.
    pub network: Option<bool>,
    /// In the catalogue of vulnerabilities exploited in the wild.
    pub known_exploited: bool,
    /// Probability of exploitation within 30 days, 0 to 1.
    pub epss: Option<f64>,
    /// Whether the package is in use.
    pub loaded: Loaded,
}

/// What an alert says about its workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AlertClass {
    /// Foreign code runs in the container: a shell, a new binary.
    Execution,
    /// A credential was read or used.
    Credentials,
    /// The container reached into its node.
    Escape,
    /// The API server was used for something that confirms a right's abuse.
    ApiAbuse,
    /// Anything else.
    Other,
}

/// A detection rule fired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// DetectionRule.
    pub rule: String,
    /// Its priority as the rule's author wrote it.
    pub priority: String,
    /// What it confirms.
    pub class: AlertClass,
    /// The formatted output line.
    pub output: String,
    /// When.
    pub at: Option<Timestamp>,
}

/// A right that was used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Verb of the request.
    pub verb: String,
    /// API group, empty for core.
    pub group: String,
    /// Resource, with `/subresource`.
    pub resource: String,
    /// Namespace, empty for cluster scope.
    pub namespace: String,
    /// Name, empty where the request carries none.
    pub name: String,
    /// How often.
    pub count: u64,
    /// Whether it was allowed.
    pub allowed: bool,
}

/// One thing known, about one target, with its source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fact {
    /// What it is about.
    pub target: Target,
    /// What is said, with the object.
    pub predicate: Predicate,
    /// Which eye saw it.
    pub source: Source,
    /// When it was seen.
    pub observed_at: Option<Timestamp>,
    /// How long it stays true.
    pub lifetime: Lifetime,
    /// How sure.
    pub confidence: Confidence,
    /// Where to look.
    pub evidence: Evidence,
}
