//! Pod templates whose workload may not be in the snapshot: the pods of a custom controller, or of a Deployment
//! that could not be read. Kept until the end of the collection, when it is known which are needed.

use crate::slim;
use model::{Origin, ResourceRef};
use rustc_hash::FxHashMap;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Distinct templates kept of one controller that is not of Kubernetes. More are counted as a diagnostic.
pub(crate) const MAX_TEMPLATES: usize = 16;

/// Templates by what the pods name as their controller.
#[derive(Debug, Default)]
pub(crate) struct Strays {
    /// Controllers that make all pods of one revision alike: one template, of the controller itself (empty name)
    /// or of the pod that comes first by name.
    alike: FxHashMap<(ResourceRef, Box<str>), (Box<str>, Stray)>,
    /// Other controllers: each distinct template.
    distinct: FxHashMap<ResourceRef, Distinct>,
}

#[derive(Debug, Default)]
struct Distinct {
    templates: BTreeMap<Box<str>, Origin>,
    more: bool,
}

/// One template as text, and where it was seen.
#[derive(Debug)]
pub(crate) struct Stray {
    /// `{"metadata":…,"spec":…}`.
    pub(crate) template: Box<str>,
    pub(crate) origin: Origin,
}

/// Whether all pods a controller has at one revision come from one template.
fn makes_alike(controller: &ResourceRef) -> bool {
    matches!(
        (&*controller.group, &*controller.kind),
        ("apps" | "extensions", "ReplicaSet" | "DaemonSet")
            | ("apps", "StatefulSet")
            | ("", "ReplicationController")
            | ("batch", "Job")
    )
}

impl Strays {
    /// Takes the template out of a ReplicaSet or Job that somebody owns. One that wants no pods has none to show.
    pub(crate) fn controller(&mut self, reference: &ResourceRef, value: &mut Value, origin: Origin) {
        let idle =
            ["/spec/replicas", "/spec/parallelism"].map(|path| value.pointer(path).and_then(Value::as_i64));
        let Some(template) = value.pointer_mut("/spec/template").filter(|_| !idle.contains(&Some(0))) else {
            return;
        };
        let stray = Stray { template: slim::template(template).into(), origin };
        self.alike.insert((reference.clone(), "".into()), ("".into(), stray));
    }

    /// Takes the template out of a live pod, unless an equal one is known already.
    pub(crate) fn pod(&mut self, owner: &ResourceRef, pod: &mut Value, name: &str, origin: Origin) {
        if makes_alike(owner) {
            let label = "/metadata/labels/controller-revision-hash";
            let revision = pod.pointer(label).and_then(Value::as_str).unwrap_or_default();
            let key = (owner.clone(), revision.into());
            if self.alike.get(&key).is_none_or(|(known, _)| name < &**known) {
                let stray = Stray { template: slim::template(pod).into(), origin };
                self.alike.insert(key, (name.into(), stray));
            }
            return;
        }
        let known = self.distinct.entry(owner.clone()).or_default();
        let seen = known.templates.entry(slim::template(pod).into()).or_insert_with(|| origin.clone());
        // The same of two places: the first by order, so that the order of reading does not matter.
        if origin < *seen {
            *seen = origin;
        }
        if known.templates.len() > MAX_TEMPLATES {
            known.templates.pop_last();
            known.more = true;
        }
    }

    /// All templates with the controller they were seen under, and controllers of which there were more.
    pub(crate) fn drain(self) -> (Vec<(ResourceRef, Stray)>, Vec<ResourceRef>) {
        let (mut all, mut more) = (Vec::new(), Vec::new());
        let mut alike: Vec<_> = self.alike.into_iter().collect();
        alike.sort_by(|(a, _), (b, _)| a.cmp(b));
        all.extend(alike.into_iter().map(|((owner, _), (_, stray))| (owner, stray)));
        let mut distinct: Vec<_> = self.distinct.into_iter().collect();
        distinct.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (owner, known) in distinct {
            more.extend(known.more.then(|| owner.clone()));
            let strays = known.templates.into_iter().map(|(template, origin)| Stray { template, origin });
            all.extend(strays.map(|stray| (owner.clone(), stray)));
        }
        (all, more)
    }
}

/// An object of the owner's name around a template, as if the owner had been read.
pub(crate) fn around(owner: &ResourceRef, api_version: &Arc<str>, path: &[&str], template: &str) -> String {
    let quoted = |text: &str| Value::from(text).to_string();
    let open: String = path.iter().map(|part| format!("{{{}:", quoted(part))).collect();
    let (first, rest) = open.split_at(open.len().min(1));
    format!(
        "{first}\"apiVersion\":{},\"kind\":{},\"metadata\":{{\"name\":{},\"namespace\":{}}},{rest}{template}{}",
        quoted(api_version),
        quoted(&owner.kind),
        quoted(&owner.name),
        quoted(&owner.namespace),
        "}".repeat(path.len()),
    )
}
