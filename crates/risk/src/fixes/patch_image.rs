//! Rebuild an image with the fixed packages.

use super::FixKind;
use crate::graph::{FixKey, Index};
use crate::steps::vulnerability;
use crate::world::World;
use model::{Fix, Grain};

pub(crate) static KIND: FixKind = FixKind { id: "patch-image", grain: Grain::Object, effort: 3, write };

/// A container of a workload.
pub(crate) fn key(workload: Index, container: Index) -> FixKey {
    FixKey { kind: &KIND, args: [workload, container] }
}

fn write(world: &World<'_>, [workload, container]: [Index; 2], fix: &mut Fix) {
    let Some(facts) = world.workload_at(workload) else { return };
    let image = facts.images.get(container as usize).and_then(|image| image.id.reference.as_ref());
    let image = image.map_or_else(|| "the image".to_owned(), |reference| reference.familiar());
    let mut fixed: Vec<String> = facts
        .vulnerabilities
        .iter()
        .filter(|(at, _)| *at == container as usize)
        .filter_map(|(_, joined)| vulnerability(world, joined.fact))
        .filter(|v| v.network != Some(false) && !v.fixed.is_empty())
        .map(|v| format!("{} {}", v.package, v.fixed))
        .collect();
    fixed.sort();
    fixed.dedup();
    let more = if fixed.len() > 1 { format!(" and {} more", fixed.len() - 1) } else { String::new() };
    let first = fixed.first().map(String::as_str).unwrap_or("fixed packages");
    fix.title = format!("patch {}: rebuild {image} with {first}{more}", world.name(workload));
}
