//! Workloads: whatever owns a pod template, and what stands in it.

use crate::{Json, Resource, Snapshot};
use model::{Evidence, Identity, Reference, ResourceRef};

/// Kinds with a pod template: group, kind, and where its spec is.
pub const WORKLOAD_KINDS: &[(&str, &str, &[&str])] = &[
    ("", "Pod", &[]),
    ("", "ReplicationController", &["spec", "template"]),
    ("apps", "DaemonSet", &["spec", "template"]),
    ("apps", "Deployment", &["spec", "template"]),
    ("apps", "ReplicaSet", &["spec", "template"]),
    ("apps", "StatefulSet", &["spec", "template"]),
    ("batch", "CronJob", &["spec", "jobTemplate", "spec", "template"]),
    ("batch", "Job", &["spec", "template"]),
];

/// A workload: the owner at the top of a controller chain.
#[derive(Clone, Copy, Debug)]
pub struct Workload<'a> {
    /// The object.
    pub resource: &'a Resource,
    path: &'static [&'static str],
    observed: bool,
}

/// Where the pod template of a kind of Kubernetes is; empty for a Pod, which is its own.
pub(crate) fn template_path(reference: &ResourceRef) -> Option<&'static [&'static str]> {
    let same = |(group, kind, _): &&(&str, &str, _)| *group == &*reference.group && *kind == &*reference.kind;
    WORKLOAD_KINDS.iter().find(same).map(|(_, _, path)| *path)
}

pub(crate) fn all(snapshot: &Snapshot) -> impl Iterator<Item = Workload<'_>> {
    let read = WORKLOAD_KINDS.iter().flat_map(|(group, kind, path)| {
        snapshot.of(group, kind).iter().map(|resource| Workload { resource, path, observed: false })
    });
    let observed = snapshot.templates.iter().map(|resource| {
        let path = template_path(&resource.reference).filter(|path| !path.is_empty());
        Workload { resource, path: path.unwrap_or(&["spec", "template"]), observed: true }
    });
    read.chain(observed)
}

impl<'a> Workload<'a> {
    /// Its name.
    pub fn reference(&self) -> &'a ResourceRef {
        &self.resource.reference
    }

    /// Whether the template was taken from its pods (or its ReplicaSets or Jobs), because the object itself was not
    /// read or is of a custom kind. `resource` then stands for the object and holds nothing but the template, and
    /// several workloads may have one name: one for each distinct template.
    pub fn observed(&self) -> bool {
        self.observed
    }

    /// Parses the object; ask the result for its template.
    pub fn parse(&self) -> Template<'a> {
        Template { workload: *self, json: self.resource.json() }
    }
}

/// A workload's parsed object, seen through its pod template.
#[derive(Clone, Debug)]
pub struct Template<'a> {
    /// Whose it is.
    pub workload: Workload<'a>,
    json: Json<'a>,
}

impl<'a> Template<'a> {
    /// The whole object.
    pub fn object(&self) -> &Json<'a> {
        &self.json
    }

    /// The template (for a Pod the object itself).
    pub fn template(&self) -> &Json<'a> {
        self.json.at(self.workload.path)
    }

    /// Labels of the pods.
    pub fn labels(&self) -> &Json<'a> {
        self.template().at(&["metadata", "labels"])
    }

    /// The pod spec.
    pub fn spec(&self) -> PodSpec<'_, 'a> {
        PodSpec { json: self.template().get("spec"), template: self }
    }

    /// JSON pointer of the pod spec in the object.
    pub fn spec_pointer(&self) -> String {
        self.workload.path.iter().chain(&["spec"]).map(|part| format!("/{part}")).collect()
    }
}

/// A pod spec.
#[derive(Clone, Copy, Debug)]
pub struct PodSpec<'t, 'a> {
    /// The spec as it is.
    pub json: &'t Json<'a>,
    template: &'t Template<'a>,
}

impl<'t, 'a> PodSpec<'t, 'a> {
    /// Init, ordinary and ephemeral containers, in this order.
    pub fn containers(self) -> impl Iterator<Item = Container<'t, 'a>> {
        ContainerKind::ALL.into_iter().flat_map(move |kind| {
            let items = self.json.get(kind.field()).items();
            items.iter().enumerate().map(move |(index, json)| Container {
                kind,
                index,
                json,
                template: self.template,
            })
        })
    }

    /// Volumes.
    pub fn volumes(self) -> impl Iterator<Item = Volume<'t, 'a>> {
        self.json.get("volumes").items().iter().enumerate().map(|(index, json)| Volume { index, json })
    }

    /// The account the pods run as.
    pub fn account(self) -> Identity {
        Identity::account(&self.template.workload.reference().namespace, self.account_name())
    }

    /// Name of the account; `default` when none is written. `serviceAccount` is the deprecated alias.
    pub fn account_name(self) -> &'t str {
        let named = |field| self.json.get(field).str().filter(|name| !name.is_empty());
        named("serviceAccountName").or_else(|| named("serviceAccount")).unwrap_or("default")
    }

    /// Evidence that points at a field of the spec (`/hostPID`).
    pub fn evidence(self, field: &str) -> Evidence {
        self.template.workload.resource.evidence(format!("{}{field}", self.template.spec_pointer()))
    }
}

/// Which list of a pod spec a container stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerKind {
    /// `initContainers`.
    Init,
    /// `containers`.
    Main,
    /// `ephemeralContainers`.
    Ephemeral,
}

impl ContainerKind {
    const ALL: [Self; 3] = [Self::Init, Self::Main, Self::Ephemeral];

    /// The field of the pod spec.
    pub fn field(self) -> &'static str {
        match self {
            Self::Init => "initContainers",
            Self::Main => "containers",
            Self::Ephemeral => "ephemeralContainers",
        }
    }
}

/// A container of a pod spec.
#[derive(Clone, Copy, Debug)]
pub struct Container<'t, 'a> {
    /// Which list it stands in.
    pub kind: ContainerKind,
    /// Its place in the list.
    pub index: usize,
    /// The container as it is.
    pub json: &'t Json<'a>,
    template: &'t Template<'a>,
}

/// A volume mount of a container.
#[derive(Clone, Copy, Debug)]
pub struct Mount<'t> {
    /// Volume.
    pub volume: &'t str,
    /// Path in the container.
    pub path: &'t str,
    /// Whether it cannot be written.
    pub read_only: bool,
}

impl<'t, 'a> Container<'t, 'a> {
    /// Its name.
    pub fn name(self) -> &'t str {
        self.json.get("name").text()
    }

    /// The image as written; `None` when it is no reference.
    pub fn image(self) -> Option<Reference> {
        self.json.get("image").str().and_then(|image| image.parse().ok())
    }

    /// `securityContext`.
    pub fn security(self) -> &'t Json<'a> {
        self.json.get("securityContext")
    }

    /// Whether it is privileged.
    pub fn privileged(self) -> bool {
        self.security().get("privileged").is_true()
    }

    /// Volume mounts.
    pub fn mounts(self) -> impl Iterator<Item = Mount<'t>> {
        self.json.get("volumeMounts").items().iter().map(|mount| Mount {
            volume: mount.get("name").text(),
            path: mount.get("mountPath").text(),
            read_only: mount.get("readOnly").is_true(),
        })
    }

    /// JSON pointer of one of its fields (`/image`; empty for the container itself) in the whole object.
    pub fn pointer(self, field: &str) -> String {
        format!("{}/{}/{}{field}", self.template.spec_pointer(), self.kind.field(), self.index)
    }

    /// Evidence that points at one of its fields.
    pub fn evidence(self, field: &str) -> Evidence {
        self.template.workload.resource.evidence(self.pointer(field))
    }
}

/// A volume of a pod spec.
#[derive(Clone, Copy, Debug)]
pub struct Volume<'t, 'a> {
    /// Its place in the list.
    pub index: usize,
    /// The volume as it is.
    pub json: &'t Json<'a>,
}

impl<'t> Volume<'t, '_> {
    /// Its name.
    pub fn name(self) -> &'t str {
        self.json.get("name").text()
    }

    /// The path of the node it shows, if it is a hostPath.
    pub fn host_path(self) -> Option<&'t str> {
        self.json.at(&["hostPath", "path"]).str()
    }
}
