//! From the registry into a container, through a tag that moves.

use super::{Line, Step};
use crate::fixes;
use crate::graph::{Edge, Graph, Index, NewEdge, State};
use crate::world::World;
use model::{Confidence, Evidence, Predicate};

pub(crate) static STEP: Step = Step {
    id: "push-tag",
    title: "Push another image under a tag that is in use",
    attack: "T1525",
    rights: false,
    explain: "The image is named by a tag and bears no signature anyone checked: whoever may push to the repository decides what \
              runs next. Ease 0.03. When nobody looked for a signature the step is marked as assumed. A digest or a \
              signature check at admission removes it.",
    edges,
    describe,
};

fn edges(world: &World<'_>, graph: &mut Graph) {
    for (at, workload) in world.workloads.iter().enumerate() {
        for (container, image) in workload.images.iter().enumerate() {
            if !image.id.reference.as_ref().is_some_and(|reference| reference.mutable()) {
                continue;
            }
            let known = image.provenance.and_then(|joined| Some((world.fact(joined.fact)?, joined)));
            let (confidence, add): (_, fn(&mut Graph, NewEdge<'_>)) = match known.map(|(fact, j)| (&fact.predicate, j)) {
                Some((Predicate::Signed { .. }, _)) => continue,
                Some((Predicate::Unsigned, joined)) => (joined.confidence, Graph::add),
                _ => (Confidence::Assumed, Graph::guess),
            };
            let edge = NewEdge {
                from: &[State::PushAccess],
                to: State::Exec(at as Index),
                ease: 0.03,
                confidence,
                args: [at as Index, container as Index],
                fixes: &[
                    fixes::pin_digest::key(at as Index, container as Index),
                    fixes::verify_images::key(workload.scope),
                ],
            };
            add(graph, edge);
        }
    }
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    let image = world.workload_at(edge.args[0]).and_then(|w| w.images.get(edge.args[1] as usize));
    let name = image.and_then(|i| i.id.reference.as_ref()).map_or("its image".into(), |r| r.familiar());
    let signed = match image.and_then(|i| world.fact(i.provenance?.fact)).map(|fact| &fact.predicate) {
        Some(Predicate::Unsigned) => "unsigned",
        Some(Predicate::SignatureUnknown { .. }) => "its signature could not be checked",
        _ => "nobody looked for a signature",
    };
    let evidence = image.map(|i| world.evidence(edge.args[0], &i.pointer));
    Line {
        text: format!("tag {} can be pushed again, {signed}", model::escape(&name)),
        evidence: evidence.unwrap_or(Evidence::Assumption(String::new())),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{edges, image, pod};
    use model::Predicate;

    #[test]
    fn an_unsigned_tag_can_be_pushed_again() {
        let facts = [image("web", Predicate::Unsigned)];
        assert_eq!(edges("push-tag", &pod("shop", "web", ""), &facts), ["PushAccess -> exec shop/web 0.03"]);
    }

    #[test]
    fn a_signed_tag_and_a_digest_cannot() {
        let facts = [image("web", Predicate::Signed { by: "key".into() })];
        assert!(edges("push-tag", &pod("shop", "web", ""), &facts).is_empty());
        let digest = format!("web@sha256:{}", "a".repeat(64));
        assert!(edges("push-tag", &pod("shop", "web", "").replace("web:1", &digest), &[]).is_empty());
    }

    #[test]
    fn where_nobody_looked_it_is_a_guess() {
        assert_eq!(edges("push-tag", &pod("shop", "web", ""), &[]), ["PushAccess -> exec shop/web 0.03?"]);
        let facts = [image("web", Predicate::SignatureUnknown { why: "429".into() })];
        assert_eq!(edges("push-tag", &pod("shop", "web", ""), &facts), ["PushAccess -> exec shop/web 0.03?"]);
    }
}
