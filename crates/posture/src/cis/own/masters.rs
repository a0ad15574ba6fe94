//! The group that passes every check.

use super::{Judge, Own, Seen, Topic, fail, some, unsure};
use model::Identity;

pub(super) static TOPIC: Topic = Topic {
    key: "rbac/masters",
    group: &["rbac and service accounts"],
    words: &[&["system:masters group"]],
    judge: Judge::Code(judge),
    upstream: "upstream leaves it to a person",
    script: None,
};

fn judge(seen: &Seen<'_>) -> Own {
    let whole = seen.rights()?;
    let people = crate::rbac::people(whole.snapshot, None);
    let found: Vec<String> = people
        .mapped
        .iter()
        .filter(|person| person.groups.iter().any(|group| group == Identity::MASTERS))
        .map(|person| person.user.clone())
        .collect();
    if found.is_empty() {
        return unsure("whose certificate names the group is not in the cluster");
    }
    fail(format!("{} belong to it", some(&found)))
}
