//! From a workload's port into its container, when nobody looked what is in the image.

use super::{Line, Step};
use crate::graph::{Edge, Graph, Index, NewEdge, State};
use crate::world::World;
use model::{Confidence, Evidence};

pub(crate) static STEP: Step = Step {
    id: "unscanned",
    title: "Exploit an image nobody scanned",
    attack: "T1190",
    rights: false,
    explain: "No scan of the image is known, so that it has no way in is not known either. Ease 0.02, always marked as \
              assumed: a path that needs it is never NOW and never THIS WEEK. A scan of the image replaces it by facts.",
    edges,
    describe,
};

/// Below every vulnerability that is known: looking must not make it worse.
const EASE: f64 = 0.02;

fn edges(world: &World<'_>, graph: &mut Graph) {
    for (at, workload) in world.workloads.iter().enumerate() {
        if let Some(container) = workload.images.iter().position(|image| !image.scanned) {
            graph.guess(NewEdge {
                from: &[State::Net(at as Index)],
                to: State::Exec(at as Index),
                ease: EASE,
                confidence: Confidence::Assumed,
                args: [at as Index, container as Index],
                fixes: &[],
            });
        }
    }
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    let image = world.workload_at(edge.args[0]).and_then(|w| w.images.get(edge.args[1] as usize));
    let name = image.and_then(|i| i.id.reference.as_ref()).map_or("its image".into(), |r| r.familiar());
    let evidence = image.map(|i| world.evidence(edge.args[0], &i.pointer));
    Line {
        text: format!("nobody scanned {}: a flaw is assumed", model::escape(&name)),
        evidence: evidence.unwrap_or(Evidence::Assumption("not scanned".into())),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{edges, image, pod};
    use model::Predicate;

    #[test]
    fn an_image_nobody_scanned_is_a_guess() {
        assert_eq!(edges("unscanned", &pod("shop", "web", ""), &[]), ["net shop/web -> exec shop/web 0.02?"]);
    }

    #[test]
    fn a_scanned_one_is_none() {
        assert!(edges("unscanned", &pod("shop", "web", ""), &[image("web", Predicate::Scanned)]).is_empty());
    }

    #[test]
    fn a_scan_of_another_tag_does_not_count() {
        assert_eq!(edges("unscanned", &pod("shop", "web", ""), &[image("other", Predicate::Scanned)]).len(), 1);
    }
}
