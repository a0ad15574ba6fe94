//! Name an image by its digest.

use super::FixKind;
use crate::graph::{FixKey, Index};
use crate::world::World;
use model::{Edit, Fix, Grain};

pub(crate) static KIND: FixKind = FixKind { id: "pin-digest", grain: Grain::Field, effort: 1, write };

/// A container of a workload.
pub(crate) fn key(workload: Index, container: Index) -> FixKey {
    FixKey { kind: &KIND, args: [workload, container] }
}

fn write(world: &World<'_>, [workload, container]: [Index; 2], fix: &mut Fix) {
    let Some(facts) = world.workload_at(workload) else { return };
    let Some(image) = facts.images.get(container as usize) else { return };
    let Some(reference) = &image.id.reference else { return };
    fix.title = format!("pin {} in {} to its digest", reference.familiar(), world.name(workload));
    // The digest is known when a scan, a signature or a pod's status named it for this very container.
    let digest = facts.vulnerabilities.iter().filter(|(at, _)| *at == container as usize).find_map(|(_, joined)| {
        match &world.fact(joined.fact)?.target {
            model::Target::Image(scanned) => scanned.index.first().or(scanned.manifest.first()).cloned(),
            _ => None,
        }
    });
    if let Some(digest) = digest {
        fix.edits.push(Edit::Set {
            resource: facts.resource.reference.clone(),
            pointer: image.pointer.clone(),
            value: format!("{reference}@{digest}").into(),
        });
    }
}
