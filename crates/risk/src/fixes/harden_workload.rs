//! Close every way out of a workload's containers at once.

use super::FixKind;
use crate::graph::{FixKey, Index};
use crate::steps::{way_out_in_words, ways_out};
use crate::world::World;
use model::{Fix, Grain};

pub(crate) static KIND: FixKind = FixKind { id: "harden-workload", grain: Grain::Object, effort: 2, write };

/// A workload.
pub(crate) fn key(workload: Index) -> FixKey {
    FixKey { kind: &KIND, args: [workload, 0] }
}

fn write(world: &World<'_>, [workload, _]: [Index; 2], fix: &mut Fix) {
    let Some(facts) = world.workload_at(workload) else { return };
    let mut ways: Vec<String> = ways_out(world, facts).map(|(_, _, escape)| way_out_in_words(escape)).collect();
    ways.sort();
    ways.dedup();
    let more = if ways.len() > 2 { format!(", and {} more", ways.len() - 2) } else { String::new() };
    ways.truncate(2);
    fix.title = format!("harden {}: it {}{more}", world.name(workload), ways.join(", "));
    fix.title = model::escape(&fix.title).into_owned();
}
