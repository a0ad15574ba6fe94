//! A real cluster on loopback out of the installed peers, in two shapes: a control plane alone (etcd, kube-apiserver,
//! kube-controller-manager; pods stay pending), or one node with everything, which runs pods.
//!
//! Everything it needs (certificates, keys, tokens, ports) is made when it starts; everything it writes lies in one
//! folder. For tests: nothing survives a power cut.

mod api;
mod certificates;
mod files;
pub mod node;
mod processes;
mod ready;

pub use api::{Api, Refused};
pub use processes::Lifetime;

use processes::Process;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Instant;

/// The people of the cluster. Their kubeconfigs are files of these names.
pub static PEOPLE: &[Person] = &[
    Person { name: "admin", groups: &["system:masters"] },
    Person { name: "alice", groups: &["dev", "team-a"] },
    Person { name: "bob", groups: &["ops"] },
];

/// Somebody the API server knows by a token.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// User name.
    pub name: &'static str,
    /// Groups, beside `system:authenticated`.
    pub groups: &'static [&'static str],
}

/// Where the API server listens, in the state file.
const STATE: &str = "cluster.json";

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    api: Api,
    version: String,
    processes: Vec<Process>,
}

impl Cluster {
    /// Starts one in `folder` and returns when it can be used: the server is ready, its default RBAC objects are
    /// there, aggregated roles are filled, and `default` has its account.
    ///
    /// # Errors
    /// When a peer is missing, a cluster runs there already, or it does not get ready; the message says what its
    /// logs end with.
    pub fn start(folder: &Path, lifetime: Lifetime) -> Result<Self, String> {
        if let Ok(running) = Self::open(folder) {
            return Err(format!("{} runs already: {}", folder.display(), running.api.url()));
        }
        let programs = processes::Programs::find()?;
        let start = Instant::now();
        let parts = files::write(folder)?;
        let processes = processes::start(folder, &programs, &parts, lifetime)?;
        let api = Api::new(&parts.url, &parts.ca, &parts.admin_token)?;
        let mut cluster = Self { folder: folder.to_owned(), api, version: String::new(), processes };
        cluster.version = match ready::wait(&cluster.api, &cluster.processes) {
            Ok(version) => version,
            Err(why) => {
                let told = format!("{why}\n{}", processes::last_words(folder));
                cluster.end();
                return Err(told);
            }
        };
        cluster.remember(start)?;
        Ok(cluster)
    }

    /// Starts a one-node cluster in `folder` (see [`node`]) and returns when it can be used: as [`Cluster::start`],
    /// and the node is ready, and the API server knows the control plane's static pods as mirror pods.
    ///
    /// Its pods run images that are on the node: [`node::BUSYBOX`], with `imagePullPolicy: IfNotPresent`.
    ///
    /// # Errors
    /// As [`Cluster::start`]; and without root.
    pub fn start_node(folder: &Path, lifetime: Lifetime) -> Result<Self, String> {
        if let Ok(running) = Self::open(folder) {
            return Err(format!("{} runs already: {}", folder.display(), running.api.url()));
        }
        let start = Instant::now();
        let (parts, processes) = node::start(folder, lifetime)?;
        let api = Api::new(&parts.url, &parts.ca, &parts.admin_token)?;
        let mut cluster = Self { folder: folder.to_owned(), api, version: String::new(), processes };
        cluster.version =
            match ready::wait_node(&cluster.api, &cluster.processes, || node::start_rest(folder)) {
                Ok(version) => version,
                Err(why) => {
                    let told = format!("{why}\n{}", processes::last_words(folder));
                    cluster.end();
                    return Err(told);
                }
            };
        cluster.remember(start)?;
        Ok(cluster)
    }

    fn remember(&self, start: Instant) -> Result<(), String> {
        let state = json!({
            "url": self.api.url(),
            "version": self.version,
            "startedInMs": u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
        files::put(&self.folder.join(STATE), &format!("{state}\n"))
    }

    /// The cluster that runs in `folder`.
    ///
    /// # Errors
    /// When none does.
    pub fn open(folder: &Path) -> Result<Self, String> {
        let path = folder.join(STATE);
        let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let state: Value = serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
        let processes = processes::running(folder);
        let node = processes.iter().any(|process| process.name() == node::NAME);
        if !node && processes.len() < processes::NAMES.len() {
            return Err(format!("{}: no cluster runs here", folder.display()));
        }
        let api = Api::new(
            state["url"].as_str().unwrap_or_default(),
            &files::read(&folder.join(files::CA))?,
            &files::read(&folder.join(files::ADMIN_TOKEN))?,
        )?;
        let version = state["version"].as_str().unwrap_or_default().to_owned();
        Ok(Self { folder: folder.to_owned(), api, version, processes })
    }

    /// Ends whatever of a cluster runs in `folder`, by id; says how many processes that were. Its files stay.
    pub fn down(folder: &Path) -> usize {
        let processes = processes::running(folder);
        let count = processes.len();
        processes::end(processes);
        std::fs::remove_file(folder.join(STATE)).ok();
        count
    }

    /// Ends this one.
    pub fn end(&mut self) {
        processes::end(std::mem::take(&mut self.processes));
        std::fs::remove_file(self.folder.join(STATE)).ok();
    }

    /// The folder of its files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The API, as admin.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// The server's version, `v1.36.3`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Names and ids of its processes.
    pub fn processes(&self) -> impl Iterator<Item = (&str, u32)> {
        self.processes.iter().map(|process| (process.name(), process.id()))
    }

    /// The kubeconfig of one of [`PEOPLE`].
    pub fn kubeconfig(&self, person: &str) -> PathBuf {
        self.folder.join(format!("{person}.kubeconfig"))
    }

    /// Where the audit log grows, one event a line: requests and responses for RBAC objects, Secrets and whatever
    /// enters a pod (exec, attach, port-forward, ephemeral containers), metadata for everything else.
    pub fn audit_log(&self) -> PathBuf {
        match self.node() {
            Some(_) => node::audit_log(&self.folder),
            None => self.folder.join(files::AUDIT_LOG),
        }
    }

    /// The process that holds the node, when there is one.
    fn node(&self) -> Option<&Process> {
        self.processes.iter().find(|process| process.name() == node::NAME)
    }

    /// Whether it has a node, and so runs pods.
    pub fn has_node(&self) -> bool {
        self.node().is_some()
    }

    /// Runs words on the node as root: in its namespaces, where its files, processes and addresses are.
    ///
    /// # Errors
    /// When there is no node or the command cannot be started. How it ends is no error.
    pub fn on_node(&self, words: &[&str]) -> Result<Output, String> {
        let node = self.node().ok_or("this cluster has no node")?;
        node::run(node.id(), words)
    }

    /// The manifest of a static pod of the control plane: `etcd`, `kube-apiserver`, `kube-controller-manager`,
    /// `kube-scheduler`.
    pub fn manifest(&self, name: &str) -> PathBuf {
        node::manifest(&self.folder, name)
    }

    /// The kubelet's configuration file, in JSON.
    pub fn kubelet_config(&self) -> PathBuf {
        node::kubelet_config(&self.folder)
    }

    /// Replaces a file of the node, whole: a manifest takes effect by itself, the kubelet's configuration with
    /// [`Cluster::restart_kubelet`].
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn replace(&self, path: &Path, text: &str) -> Result<(), String> {
        node::replace(path, text)
    }

    /// Ends the kubelet, which starts again at once and reads its configuration; pods go on.
    ///
    /// # Errors
    /// When it does not run.
    pub fn restart_kubelet(&self) -> Result<(), String> {
        let done = self.on_node(&["busybox", "killall", "kubelet"])?;
        if done.status.success() {
            return Ok(());
        }
        let log = node::log(&self.folder, "kubelet");
        Err(format!("the kubelet does not run; its log: {}", log.display()))
    }

    /// What one SubjectAccessReview each says to these `spec`s, in their order.
    ///
    /// # Errors
    /// When one is not answered.
    pub fn review(&self, specs: &[Value]) -> Result<Vec<bool>, String> {
        let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        self.api.each(specs, |api, spec| {
            let ask = json!({
                "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec,
            });
            let answer = api.post(path, &ask).map_err(|e| format!("{spec}: {e}"))?;
            answer["status"]["allowed"].as_bool().ok_or_else(|| format!("{spec}: no answer in {answer}"))
        })
    }

    /// Creates namespaces where there are none of these names.
    ///
    /// # Errors
    /// Names the first that the server refuses.
    pub fn namespaces(&self, names: &[&str]) -> Result<(), String> {
        let create = |api: &Api, name: &&str| {
            let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
            match api.post("/api/v1/namespaces", &object) {
                Err(refused) if refused.status != 409 => Err(format!("namespace {name}: {refused}")),
                _ => Ok(()),
            }
        };
        self.api.each(names, create).map(drop)
    }

    /// Creates objects, and before them the namespaces they name; those of one kind at once, kinds in the order of
    /// their first object.
    ///
    /// # Errors
    /// Names the first that the server refuses.
    pub fn create(&self, objects: &[Value]) -> Result<(), String> {
        let mut names: Vec<&str> =
            objects.iter().filter_map(|object| object["metadata"]["namespace"].as_str()).collect();
        names.sort_unstable();
        names.dedup();
        self.namespaces(&names)?;
        let mut kinds: Vec<&str> = Vec::new();
        for object in objects {
            let kind = object["kind"].as_str().unwrap_or_default();
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        for kind in kinds {
            let of_kind: Vec<Value> =
                objects.iter().filter(|object| object["kind"] == kind).cloned().collect();
            self.api.each(&of_kind, |api, object| {
                api.post(&api::collection(object)?, object).map_err(|e| format!("{object}: {e}"))
            })?;
        }
        Ok(())
    }

    /// Deletes objects; those that are not there are no matter. What a namespace holds goes after the answer.
    ///
    /// # Errors
    /// Names the first that the server keeps.
    pub fn delete(&self, objects: &[Value]) -> Result<(), String> {
        let delete = |api: &Api, object: &Value| {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            match api.delete(&format!("{}/{name}", api::collection(object)?)) {
                Err(refused) if refused.status != 404 => Err(format!("{object}: {refused}")),
                _ => Ok(()),
            }
        };
        self.api.each(objects, delete).map(drop)
    }

    /// Waits until the authorizer knows every role and binding created before this call: two bindings made now,
    /// one of each scope, hold.
    ///
    /// # Errors
    /// When they do not within ten seconds.
    pub fn await_rights(&self) -> Result<(), String> {
        ready::sentinel(self)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // A cluster that should outlive its starter has processes of its own session, which stay.
        self.processes.retain(Process::guarded);
        if !self.processes.is_empty() {
            self.end();
        }
    }
}
