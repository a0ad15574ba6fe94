//! Kinds of volumes.

use crate::{Check, Level, Pod, Version, Violation};

pub(crate) static CHECK: Check = Check {
    id: "restrictedVolumes",
    control: "Volume Types",
    level: Level::Restricted,
    title: "only volumes of the cluster may be mounted",
    versions: &[Version::overriding(0, run, &["hostPathVolumes"])],
};

const ALLOWED: &[&str] = &[
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    for volume in pod.spec.volumes() {
        if ALLOWED.iter().any(|kind| !volume.json.get(kind).is_null()) {
            continue;
        }
        let mut kinds = volume.json.fields().iter().map(|(key, _)| &**key).filter(|key| *key != "name");
        // The API server makes a volume of no kind an emptyDir before anybody looks.
        let Some(kind) = kinds.next() else { continue };
        let says = format!("volume {} is of kind {}", model::escape(volume.name()), model::escape(kind));
        found.push(CHECK.pod(pod, &format!("/volumes/{}", volume.index), kind, &says));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    fn of(volume: &str) -> usize {
        let spec = format!(r#"{{"containers":[],"volumes":[{{"name":"v"{volume}}}]}}"#);
        found("restrictedVolumes", &spec).len()
    }

    #[test]
    fn volumes_of_nodes_and_storage() {
        assert_eq!(of(r#","hostPath":{"path":"/"}"#), 1);
        assert_eq!(of(r#","nfs":{"server":"a","path":"/"}"#), 1);
    }

    #[test]
    fn volumes_of_the_cluster_pass() {
        assert_eq!(of(r#","emptyDir":{}"#), 0);
        assert_eq!(of(r#","image":{"reference":"a"}"#), 0);
    }

    #[test]
    fn without_a_kind_it_becomes_an_empty_directory() {
        assert_eq!(of(""), 0);
        assert_eq!(of(r#","somethingNew":{}"#), 1);
    }
}
