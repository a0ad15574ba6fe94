//! Containers that may run as root.

use crate::{Check, Level, Pod, Violation};

pub(crate) static CHECK: Check = Check {
    id: "runAsNonRoot",
    level: Level::Restricted,
    title: "runAsNonRoot must be true",
    versions: &[(0, run), (35, unless_user_namespace)],
    replaces: None,
};

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    let own = pod.security().get("runAsNonRoot").bool();
    let before = found.len();
    if own == Some(false) {
        let at = pod.pointer("/securityContext/runAsNonRoot");
        found.push(CHECK.violation(at, "the pod allows root"));
    }
    let tell = |found: &mut Vec<Violation>, want: Option<bool>, what: &str| {
        for container in pod.containers().filter(|c| c.security().get("runAsNonRoot").bool() == want) {
            let message = format!("container {} {what}", model::escape(container.name()));
            found.push(CHECK.violation(container.pointer("/securityContext/runAsNonRoot"), message));
        }
    };
    tell(found, Some(false), "allows root");
    // What is written wrongly is told alone; what is not written only where nothing is.
    if found.len() == before && own != Some(true) {
        tell(found, None, "may run as root");
    }
}

fn unless_user_namespace(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    if !pod.user_namespace() {
        run(pod, found);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    #[test]
    fn absent_is_a_hit() {
        let found = found("runAsNonRoot", r#"{"containers":[{"name":"a"}]}"#);
        assert_eq!(found, ["/spec/containers/0/securityContext/runAsNonRoot"]);
    }

    #[test]
    fn false_is_a_hit_even_below_true() {
        let found = found("runAsNonRoot", r#"{"securityContext":{"runAsNonRoot":true},"containers":[{"name":"a","securityContext":{"runAsNonRoot":false}}]}"#);
        assert_eq!(found, ["/spec/containers/0/securityContext/runAsNonRoot"]);
    }

    #[test]
    fn the_pods_own_is_enough() {
        let found = found("runAsNonRoot", r#"{"securityContext":{"runAsNonRoot":true},"containers":[{"name":"a"}]}"#);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn a_user_namespace_is_enough_from_1_35() {
        let found = found("runAsNonRoot", r#"{"hostUsers":false,"containers":[{"name":"a"}]}"#);
        assert_eq!(found, [""; 0]);
    }
}
