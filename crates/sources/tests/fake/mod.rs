//! An API server in this process, on loopback: pages, refuses, slows down and hangs up as it is told.

use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

/// What the server does instead of answering as usual, once.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trick {
    /// Answers this status with a Status object and, for 429, how long to wait.
    Status(u16, Option<u64>),
    /// Promises the body and hangs up after half of it.
    Cut,
    /// Answers this text with 200.
    Text(&'static str),
    /// Begins to answer with 200, and never ends.
    Endless,
    /// Takes the question and says nothing.
    Silent,
    /// Answers as usual: the trick behind it is for a later request.
    Pass,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Path without the query.
    pub(crate) path: String,
    /// Query.
    pub(crate) query: String,
    /// The Accept header.
    pub(crate) accept: String,
    /// The Authorization header.
    pub(crate) credential: String,
}

#[derive(Default)]
struct State {
    /// Objects by path of their list.
    lists: BTreeMap<String, Vec<Value>>,
    tricks: BTreeMap<String, VecDeque<Trick>>,
    /// Lists that are always refused.
    denied: Vec<String>,
    aggregated: bool,
    asked: Vec<Asked>,
}

/// The server; it ends with the test's process.
pub(crate) struct Fake {
    state: Arc<Mutex<State>>,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

/// Every list a full server has.
pub(crate) const LISTS: &[&str] = &[
    "/api/v1/namespaces",
    "/api/v1/nodes",
    "/api/v1/serviceaccounts",
    "/api/v1/pods",
    "/api/v1/services",
    "/api/v1/secrets",
    "/api/v1/configmaps",
    "/api/v1/persistentvolumes",
    "/api/v1/replicationcontrollers",
    "/apis/apps/v1/deployments",
    "/apis/apps/v1/daemonsets",
    "/apis/apps/v1/statefulsets",
    "/apis/apps/v1/replicasets",
    "/apis/batch/v1/jobs",
    "/apis/batch/v1/cronjobs",
    "/apis/networking.k8s.io/v1/ingresses",
    "/apis/networking.k8s.io/v1/networkpolicies",
    "/apis/node.k8s.io/v1/runtimeclasses",
    "/apis/rbac.authorization.k8s.io/v1/roles",
    "/apis/rbac.authorization.k8s.io/v1/rolebindings",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
];

impl Fake {
    /// A server with every list of [`LISTS`], all empty.
    pub(crate) fn start() -> Self {
        let lists = LISTS.iter().map(|path| ((*path).to_owned(), Vec::new())).collect();
        let state = Arc::new(Mutex::new(State { lists, aggregated: true, ..State::default() }));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = shared.clone();
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        Self { state, address, folder: tempfile::tempdir().unwrap() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Speaks the old discovery.
    pub(crate) fn plain_discovery(self) -> Self {
        self.state().aggregated = false;
        self
    }

    /// Adds objects to a list, as the server stores them.
    pub(crate) fn with(self, list: &str, objects: impl IntoIterator<Item = Value>) -> Self {
        self.state().lists.entry(list.into()).or_default().extend(objects);
        self
    }

    /// Does not serve the list.
    pub(crate) fn without(self, list: &str) -> Self {
        self.state().lists.remove(list);
        self
    }

    /// Refuses the list.
    pub(crate) fn deny(self, list: &str) -> Self {
        self.state().denied.push(list.into());
        self
    }

    /// Plays tricks on the next requests of a path.
    pub(crate) fn trick(self, path: &str, tricks: impl IntoIterator<Item = Trick>) -> Self {
        self.state().tricks.entry(path.into()).or_default().extend(tricks);
        self
    }

    /// What was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state().asked.clone()
    }

    /// A credential plugin, as a shell script.
    pub(crate) fn plugin(&self, script: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.folder.path().join("plugin");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        path
    }

    /// A kubeconfig that leads here.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.kubeconfig_of("token: s3cret")
    }

    /// A kubeconfig that leads here as a user of this description.
    pub(crate) fn kubeconfig_of(&self, user: &str) -> PathBuf {
        let path = self.folder.path().join("config");
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: test\n\
             clusters: [{{name: c, cluster: {{server: \"http://{}\"}}}}]\n\
             users: [{{name: u, user: {{{user}}}}}]\n\
             contexts: [{{name: test, context: {{cluster: c, user: u}}}}]\n",
            self.address
        );
        std::fs::write(&path, text).unwrap();
        path
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut line, mut accept, mut credential) = (String::new(), String::new(), String::new());
    if reader.read_line(&mut line).unwrap_or(0) == 0 {
        return;
    }
    let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header).unwrap_or(0) == 0 || header == "\r\n" {
            break;
        }
        match header.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("accept") => {
                value.trim().clone_into(&mut accept)
            }
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => {
                value.trim().clone_into(&mut credential);
            }
            _ => {}
        }
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let asked = Asked { path: path.into(), query: query.into(), accept, credential };
    let (status, extra, body, end) = answer(&asked, &mut state.lock().unwrap());
    let mut out = stream;
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n{extra}\r\n",
        if end == End::Never { 1 << 40 } else { body.len() }
    );
    if end == End::Silence {
        std::thread::sleep(std::time::Duration::from_secs(60));
        return;
    }
    if end == End::Never {
        let mut sent = out.write_all(head.as_bytes());
        while sent.is_ok() {
            sent = out.write_all(body.as_bytes());
        }
        return;
    }
    let sent = if end == End::Cut { &body.as_bytes()[..body.len() / 2] } else { body.as_bytes() };
    let _ = out.write_all(head.as_bytes()).and_then(|()| out.write_all(sent)).and_then(|()| out.flush());
}

/// How an answer ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    /// In the middle.
    Cut,
    /// Not at all: the body is said again and again.
    Never,
    /// Before it begins.
    Silence,
}

/// Status, further headers, body, and how it ends.
fn answer(asked: &Asked, state: &mut State) -> (u16, String, String, End) {
    state.asked.push(asked.clone());
    let trick = state.tricks.get_mut(&asked.path).and_then(VecDeque::pop_front).unwrap_or(Trick::Pass);
    let usual = || usual(asked, state);
    match trick {
        Trick::Pass => {
            let (status, body) = usual();
            (status, String::new(), body.to_string(), End::Whole)
        }
        Trick::Cut => (200, String::new(), usual().1.to_string(), End::Cut),
        Trick::Text(text) => (200, String::new(), text.to_owned(), End::Whole),
        Trick::Endless => (200, String::new(), "{\"a\":".repeat(1 << 14), End::Never),
        Trick::Silent => (200, String::new(), String::new(), End::Silence),
        Trick::Status(code, after) => {
            let header = after.map(|s| format!("retry-after: {s}\r\n")).unwrap_or_default();
            (code, header, status(code, "as told").to_string(), End::Whole)
        }
    }
}

fn status(code: u16, message: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": message})
}

fn usual(asked: &Asked, state: &State) -> (u16, Value) {
    match asked.path.as_str() {
        "/version" => return (200, json!({"gitVersion": "v1.36.3"})),
        "/api" | "/apis" if asked.accept.contains("apidiscovery") && state.aggregated => {
            return (200, groups(&asked.path, state));
        }
        "/api" => return (200, json!({"kind": "APIVersions", "versions": ["v1"]})),
        "/apis" => return (200, old_groups(state)),
        _ => {}
    }
    if state.denied.contains(&asked.path) {
        let plural = asked.path.rsplit('/').next().unwrap();
        let message = format!("{plural} is forbidden: User \"jane\" cannot list resource \"{plural}\"");
        return (403, status(403, &message));
    }
    if let Some(objects) = state.lists.get(&asked.path) {
        return (200, page(asked, objects));
    }
    let version = asked.path.split('/').count() == if asked.path.starts_with("/apis/") { 4 } else { 3 };
    let lists = state.lists.keys().filter(|_| version);
    let under: Vec<Value> = lists
        .filter_map(|list| list.strip_prefix(&asked.path)?.strip_prefix('/'))
        .map(|plural| json!({"name": plural}))
        .collect();
    if !under.is_empty() {
        return (200, json!({"kind": "APIResourceList", "resources": under}));
    }
    let (list, name) = asked.path.rsplit_once('/').unwrap();
    let named = |object: &&Value| object.pointer("/metadata/name").and_then(Value::as_str) == Some(name);
    let all = list.replacen("/namespaces/kube-system", "", 1);
    match state
        .lists
        .get(list)
        .or_else(|| state.lists.get(&all))
        .and_then(|objects| objects.iter().find(named))
    {
        Some(object) => (200, object.clone()),
        None => (404, status(404, "not found")),
    }
}

/// A page of a list; a token is the index of its first object.
fn page(asked: &Asked, objects: &[Value]) -> Value {
    let of = |key: &str| asked.query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
    let start: usize = of("continue").map_or(0, |token| token.parse().unwrap());
    let limit: usize = of("limit").map_or(usize::MAX, |limit| limit.parse().unwrap());
    let end = objects.len().min(start.saturating_add(limit));
    let mut items: Vec<Value> = objects[start..end].to_vec();
    let mut kind = "List";
    if asked.accept.contains("as=PartialObjectMetadataList") {
        kind = "PartialObjectMetadataList";
        items = items.iter().map(|item| json!({"metadata": item["metadata"]})).collect();
    }
    let token = if end < objects.len() { end.to_string() } else { String::new() };
    json!({"kind": kind, "apiVersion": "v1", "metadata": {"continue": token}, "items": items})
}

fn by_group(state: &State) -> BTreeMap<(String, String), Vec<String>> {
    let mut groups: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for list in state.lists.keys() {
        let parts: Vec<&str> = list.split('/').collect();
        let (group, version, plural) = match parts[..] {
            ["", "api", version, plural] => ("", version, plural),
            ["", "apis", group, version, plural] => (group, version, plural),
            _ => continue,
        };
        groups.entry((group.into(), version.into())).or_default().push(plural.into());
    }
    groups
}

fn groups(path: &str, state: &State) -> Value {
    let of_path = by_group(state).into_iter().filter(|((group, _), _)| group.is_empty() == (path == "/api"));
    let items: Vec<Value> = of_path
        .map(|((group, version), plurals)| {
            let resources: Vec<Value> = plurals.iter().map(|plural| json!({"resource": plural})).collect();
            json!({"metadata": {"name": group}, "versions": [{"version": version, "resources": resources}]})
        })
        .collect();
    json!({"kind": "APIGroupDiscoveryList", "items": items})
}

fn old_groups(state: &State) -> Value {
    let groups: Vec<Value> = by_group(state)
        .keys()
        .filter(|(group, _)| !group.is_empty())
        .map(|(group, version)| json!({"name": group, "versions": [{"version": version}]}))
        .collect();
    json!({"kind": "APIGroupList", "groups": groups})
}
