//! A real control plane on loopback: etcd, kube-apiserver and kube-controller-manager out of the installed peers.
//!
//! Everything it needs (certificates, keys, tokens, ports) is made when it starts; everything it writes lies in one
//! folder. No node, no scheduler: pods stay pending. For tests: nothing survives a power cut.

mod api;
mod certificates;
mod files;
mod processes;
mod ready;

pub use api::{Api, Refused};
pub use processes::Lifetime;

use processes::Process;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
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
        let state = json!({
            "url": parts.url,
            "version": cluster.version,
            "startedInMs": u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
        files::put(&folder.join(STATE), &format!("{state}\n"))?;
        Ok(cluster)
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
        if processes.len() < processes::NAMES.len() {
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

    /// Where the audit log grows, one event a line: requests and responses for RBAC objects and Secrets, metadata
    /// for everything else.
    pub fn audit_log(&self) -> PathBuf {
        self.folder.join(files::AUDIT_LOG)
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
