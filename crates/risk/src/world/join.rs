//! Brings each fact to the workload, identity or node it is about.
//!
//! Images meet on digests first and on tags last; containers on their id, their pod's uid or its name. What cannot
//! be joined is kept with the reason and counted in the coverage.

use super::{Joined, Right, World};
use crate::graph::Index;
use model::{
    Confidence, ContainerId, Digest, Fact, ImageId, ImageIndex, Predicate, Reference, Scope, Source, Target,
};
use rustc_hash::{FxHashMap, FxHashSet};
use snapshot::PodRow;

/// Joins every fact.
pub(crate) fn facts(world: &mut World<'_>) {
    // Neither is small, and often no fact asks for it.
    let about = |wanted: fn(&Target) -> bool| world.facts.iter().any(|fact| wanted(&fact.target));
    let (of_images, of_pods) = (
        about(|t| matches!(t, Target::Image(_))),
        about(|t| matches!(t, Target::Container(_) | Target::Pod(_))),
    );
    let images = if of_images { Images::new(world) } else { Images::default() };
    let pods = if of_pods { Pods::new(world) } else { Pods::default() };
    let mut known: FxHashMap<&ImageId, Vec<(Index, usize, Confidence)>> = FxHashMap::default();
    for (at, fact) in world.facts.iter().enumerate() {
        let at = at as u32;
        match (&fact.target, &fact.predicate) {
            (Target::Identity(identity), Predicate::Holds(grant)) => {
                let right = Right {
                    identity: world.identities.index(identity.clone()),
                    grant,
                    fact: at,
                    scope: match &grant.scope {
                        Scope::Cluster => 0,
                        Scope::Namespace(name) => world.scopes.index(name.as_str().into()),
                    },
                    role: world.objects.index(grant.role.clone()),
                    binding: world.objects.index(grant.binding.clone()),
                };
                world.grants.push(right);
            }
            (Target::Identity(identity), Predicate::Used(_)) => {
                let identity = world.identities.index(identity.clone());
                world.uses.entry(identity).or_default().push(at);
            }
            // What an account was seen doing, the workload that runs as it did; which one of several is not known.
            (Target::Identity(identity), Predicate::Alerted(_)) => {
                let account = world.identities.index(identity.clone());
                let holds = |w: &super::WorkloadFacts<'_>| w.account == account && w.token.is_some();
                let mut holders = (0..).zip(&world.workloads).filter(|(_, w)| holds(w)).map(|(at, _)| at);
                match (holders.next(), holders.next()) {
                    (Some(one), None) => {
                        let joined = Joined { fact: at, confidence: Confidence::Inferred };
                        workload_fact(world, fact, joined, one);
                    }
                    (Some(_), Some(_)) => world.unjoined.push((at, "several workloads run as this account")),
                    (None, _) => world.unjoined.push((at, "no workload runs as this identity")),
                }
            }
            (Target::Image(image), _) => {
                let places = known.entry(image).or_insert_with(|| images.find(world, image));
                if places.is_empty() {
                    world.unjoined.push((at, "no workload runs this image"));
                }
                for (workload, container, confidence) in places.clone() {
                    image_fact(world, fact, at, (workload, container), confidence);
                }
            }
            _ => match pods.find(world, &fact.target) {
                Ok((workloads, confidence)) => {
                    for workload in workloads {
                        workload_fact(world, fact, Joined { fact: at, confidence }, workload);
                    }
                }
                Err(why) => world.unjoined.push((at, why)),
            },
        }
    }
}

fn image_fact<'a>(
    world: &mut World<'a>,
    fact: &'a Fact,
    at: u32,
    place: (Index, usize),
    confidence: Confidence,
) {
    let joined = Joined { fact: at, confidence: confidence.min(fact.confidence) };
    let Some(workload) = world.workloads.get_mut(place.0 as usize) else { return };
    let Some(image) = workload.images.get_mut(place.1) else { return };
    match &fact.predicate {
        Predicate::Vulnerable(_) => {
            image.scanned = true;
            workload.vulnerabilities.push((place.1, joined));
        }
        Predicate::Scanned => image.scanned = true,
        Predicate::Loads { package, loaded } => workload.loads.push((place.1, package, *loaded)),
        Predicate::Signed { .. } | Predicate::Unsigned | Predicate::SignatureUnknown { .. } => {
            // The surer join wins; a signature found wins over one not found at the same certainty.
            let signed = |fact: u32| {
                matches!(world.facts.get(fact as usize).map(|f| &f.predicate), Some(Predicate::Signed { .. }))
            };
            let rank = |joined: &Joined| (joined.confidence, signed(joined.fact));
            if image.provenance.is_none_or(|old| rank(&old) < rank(&joined)) {
                image.provenance = Some(joined);
            }
        }
        _ => {}
    }
}

fn workload_fact(world: &mut World<'_>, fact: &Fact, joined: Joined, workload: Index) {
    let Some(workload) = world.workloads.get_mut(workload as usize) else { return };
    match &fact.predicate {
        Predicate::Escapes(_) => workload.escapes.push(joined),
        Predicate::Alerted(_) => workload.alerts.push(joined),
        _ => {}
    }
}

/// Containers by every digest and tag they are known under.
#[derive(Default)]
struct Images {
    index: ImageIndex,
    by_digest: FxHashMap<Digest, Vec<(Index, usize, Confidence)>>,
    by_tag: FxHashMap<String, Vec<(Index, usize)>>,
    /// What runs under a container's tag, from pod status.
    running: FxHashMap<(Index, usize), Vec<ImageId>>,
}

impl Images {
    fn new(world: &World<'_>) -> Self {
        let mut index = ImageIndex::default();
        for fact in world.facts {
            if let Target::Image(image) = &fact.target {
                index.learn(image, fact.source);
            }
        }
        let mut images = Self { index, ..Self::default() };
        images.learn_running(world);
        for (at, workload) in world.workloads.iter().enumerate() {
            for (container, image) in workload.images.iter().enumerate() {
                let place = (at as Index, container);
                let running = images.running.get(&place).cloned().unwrap_or_default();
                // Where it is known what runs, a tag alone says nothing more: it may have moved since.
                if running.iter().all(|r| r.digests().next().is_none()) || image.id.digests().next().is_some()
                {
                    images.add(place, &image.id);
                }
                for running in running {
                    images.add(place, &running);
                }
                if let Some(tag) = image.id.reference.as_ref().and_then(Reference::tagged) {
                    images.by_tag.entry(tag).or_default().push(place);
                }
            }
        }
        images
    }

    /// Pods name their images in status; containers are told apart by the reference they were started from.
    fn learn_running(&mut self, world: &World<'_>) {
        // Pods of one template run the same few images: what one said the others need not say again.
        let mut said: FxHashSet<(u32, u32)> = FxHashSet::default();
        for pod in world.snapshot.pods() {
            for status in pod.images.iter().filter(|status| said.insert((pod.workload, status.image))) {
                let Some(running) = world.snapshot.image(status.image) else { continue };
                self.index.learn(running, Source::Node);
                for workload in world.owners(pod) {
                    self.runs(world, *workload, running);
                }
            }
        }
    }

    fn runs(&mut self, world: &World<'_>, workload: Index, running: &ImageId) {
        let Some(facts) = world.workload_at(workload) else { return };
        let same = |image: &super::ContainerImage| match (&image.id.reference, &running.reference) {
            (Some(a), Some(b)) => a.registry == b.registry && a.repository == b.repository,
            _ => facts.images.len() == 1,
        };
        for (container, _) in facts.images.iter().enumerate().filter(|(_, image)| same(image)) {
            let list = self.running.entry((workload, container)).or_default();
            if !list.contains(running) {
                list.push(running.clone());
            }
        }
    }

    fn add(&mut self, place: (Index, usize), image: &ImageId) {
        for (digest, confidence) in self.index.keys(image) {
            self.by_digest.entry(digest).or_default().push((place.0, place.1, confidence));
        }
    }

    /// The containers that run an image.
    fn find(&self, world: &World<'_>, image: &ImageId) -> Vec<(Index, usize, Confidence)> {
        let mut best: FxHashMap<(Index, usize), Confidence> = FxHashMap::default();
        for (digest, mine) in self.index.keys(image) {
            for (workload, container, theirs) in self.by_digest.get(&digest).into_iter().flatten() {
                let confidence = mine.min(*theirs);
                let old = best.entry((*workload, *container)).or_insert(confidence);
                *old = (*old).max(confidence);
            }
        }
        let tag = image.reference.as_ref().and_then(Reference::tagged);
        for place in tag.iter().filter_map(|tag| self.by_tag.get(tag)).flatten() {
            if !best.contains_key(place) && !self.contradicted(world, *place, image) {
                best.insert(*place, Confidence::Assumed);
            }
        }
        let mut out: Vec<_> = best.into_iter().map(|((w, c), confidence)| (w, c, confidence)).collect();
        out.sort_unstable_by_key(|(w, c, _)| (*w, *c));
        out
    }

    /// Whether digests say that the tag has moved since.
    fn contradicted(&self, world: &World<'_>, place: (Index, usize), image: &ImageId) -> bool {
        let written = world.workload_at(place.0).and_then(|w| w.images.get(place.1)).map(|i| &i.id);
        let running = self.running.get(&place).into_iter().flatten();
        running.chain(written).any(|other| self.index.join(other, image) == model::Join::Different)
    }
}

/// Pods by container id and uid.
#[derive(Default)]
struct Pods<'a> {
    by_container: FxHashMap<&'a str, &'a PodRow>,
    by_uid: FxHashMap<&'a str, &'a PodRow>,
}

impl<'a> Pods<'a> {
    fn new(world: &World<'a>) -> Self {
        let mut pods = Self { by_container: FxHashMap::default(), by_uid: FxHashMap::default() };
        for pod in world.snapshot.pods() {
            pods.by_uid.insert(&pod.uid, pod);
            for image in &pod.images {
                if let Some(id) = &image.container {
                    pods.by_container.insert(id.prefix(), pod);
                }
            }
        }
        pods
    }

    /// The workloads a target is, or belongs to.
    fn find(&self, world: &World<'_>, target: &Target) -> Result<(Vec<Index>, Confidence), &'static str> {
        let some = |found: &[Index], why| match found {
            [] => Err(why),
            found => Ok((found.to_vec(), Confidence::Confirmed)),
        };
        let owners = |pod| some(world.owners(pod), "the pod's owner is not in the snapshot");
        match target {
            Target::Workload(name) | Target::Resource(name) => {
                some(world.find(name), "no such workload in the snapshot")
            }
            Target::Container(id) => {
                let pod = self.by_container.get(id.prefix()).filter(|pod| named(pod, id));
                owners(pod.ok_or("no pod in the snapshot has this container")?)
            }
            Target::Pod(uid) => {
                owners(self.by_uid.get(uid.as_str()).ok_or("no pod in the snapshot has this uid")?)
            }
            Target::PodName { namespace, name } => {
                let pods = world.snapshot.pods();
                let key = (namespace.as_str(), name.as_str());
                match pods.binary_search_by(|pod| (&*pod.namespace, &*pod.name).cmp(&key)) {
                    Ok(at) => owners(pods.get(at).ok_or("no such pod")?),
                    Err(_) => by_generated_name(world, namespace, name),
                }
            }
            Target::Unresolved { .. } => Err("the event names no container or pod"),
            _ => Err("it is about neither an image nor a workload"),
        }
    }
}

fn named(pod: &PodRow, id: &ContainerId) -> bool {
    pod.images.iter().filter_map(|image| image.container.as_ref()).any(|known| known.matches(id))
}

/// A pod that is gone, or that only a manifest describes, by how controllers name pods: `name`, `name-0`,
/// `name-xxxxx`, `name-hash-xxxxx`. The longest workload name that fits wins; the join is inferred.
fn by_generated_name(
    world: &World<'_>,
    namespace: &str,
    pod: &str,
) -> Result<(Vec<Index>, Confidence), &'static str> {
    let scope = world.scopes.find(&namespace.into()).ok_or("no workload in this namespace")?;
    let mut best: Option<(usize, Index)> = None;
    for at in world.workloads_in(scope) {
        let Some(reference) = world.workload_at(at).map(|w| &w.resource.reference) else { continue };
        let Some(rest) = pod.strip_prefix(&*reference.name) else { continue };
        let parts: Vec<&str> = rest.split('-').skip(1).collect();
        let random =
            |part: &str| (1..=10).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
        let fits = match &*reference.kind {
            "Pod" => rest.is_empty(),
            "StatefulSet" => matches!(parts[..], [n] if n.bytes().all(|b| b.is_ascii_digit())),
            "Deployment" | "CronJob" => matches!(parts[..], [a, b] if random(a) && b.len() == 5 && random(b)),
            _ => matches!(parts[..], [a] if a.len() == 5 && random(a)),
        };
        if fits
            && rest.starts_with('-') | rest.is_empty()
            && best.is_none_or(|(len, _)| len < reference.name.len())
        {
            best = Some((reference.name.len(), at));
        }
    }
    let found = best.and_then(|(_, at)| world.workload_at(at)).map(|w| world.find(&w.resource.reference));
    let found = found.ok_or("no pod or workload of this name in the snapshot")?;
    Ok((found.to_vec(), Confidence::Inferred))
}

#[cfg(test)]
mod tests {
    use crate::testing::{alert, escapes};
    use crate::world::World;
    use model::{AlertClass, Escape, Fact, Origin, ResourceRef, Target};
    use serde_json::json;
    use snapshot::{Builder, Snapshot};

    /// Two pods of a custom controller that nothing describes, with templates of their own, and a lone pod.
    fn two_templates() -> Snapshot {
        let mut builder = Builder::new("default");
        for (name, image) in [("run-a", "a"), ("run-b", "b")] {
            let owner = json!([{"apiVersion": "jobs.example.org/v1", "kind": "Run", "name": "run", "uid": "1",
                "controller": true}]);
            builder.add(
                json!({"apiVersion": "v1", "kind": "Pod",
                    "metadata": {"name": name, "namespace": "a", "uid": name, "ownerReferences": owner},
                    "spec": {"nodeName": "n", "containers": [{"name": "main", "image": format!("registry.test/{image}:1")}]},
                    "status": {"phase": "Running"}}),
                Origin::Builtin,
            );
        }
        builder.add(
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "alone", "namespace": "a"},
                "spec": {"containers": []}}),
            Origin::Builtin,
        );
        builder.build()
    }

    #[test]
    fn a_fact_reaches_every_workload_of_its_name() {
        let snapshot = two_templates();
        let run = ResourceRef::new("jobs.example.org", "Run", "a", "run");
        let facts = [
            Fact { target: Target::Workload(run.clone()), ..escapes("a", "x", Escape::Privileged) },
            alert("a", "run-b", AlertClass::Execution),
        ];
        let world = World::new(&snapshot, &facts);
        let both = world.find(&run);
        assert_eq!(both.len(), 2, "one for each template");
        for at in both {
            let workload = world.workload_at(*at).unwrap();
            assert_eq!((workload.escapes.len(), workload.alerts.len(), workload.nodes.len()), (1, 1, 1));
        }
        let alone = world.find(&ResourceRef::new("", "Pod", "a", "alone"));
        assert!(matches!(alone, [at] if world.workload_at(*at).unwrap().alerts.is_empty()));
        assert!(world.unjoined.is_empty());
    }

    #[test]
    fn what_an_account_was_seen_doing_its_only_workload_did() {
        let pod = |name: &str, account: &str| {
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "a"},
                "spec": {"serviceAccountName": account, "containers": []}})
        };
        let mut builder = Builder::new("default");
        for (name, account) in [("one", "lone"), ("two", "shared"), ("three", "shared")] {
            builder.add(pod(name, account), Origin::Builtin);
        }
        let snapshot = builder.build();
        let by = |name: &str| Fact {
            target: Target::Identity(model::Identity::account("a", name)),
            ..alert("a", "x", AlertClass::Credentials)
        };
        let facts = [by("lone"), by("shared"), by("nobody")];
        let world = World::new(&snapshot, &facts);
        let alerts = |name: &str| {
            let found = world.find(&ResourceRef::new("", "Pod", "a", name));
            found.iter().filter_map(|at| world.workload_at(*at)).map(|w| w.alerts.len()).sum::<usize>()
        };
        assert_eq!((alerts("one"), alerts("two"), alerts("three")), (1, 0, 0));
        assert_eq!(world.unjoined.len(), 2);
    }

    #[test]
    fn what_names_nothing_is_counted() {
        let snapshot = two_templates();
        let facts = [escapes("a", "x", Escape::Privileged), alert("b", "run-b", AlertClass::Execution)];
        assert_eq!(World::new(&snapshot, &facts).unjoined.len(), 2);
    }
}
