//! Paths of the node as volumes.

use crate::{Check, Level, Pod, Version, Violation};

pub(crate) static CHECK: Check = Check {
    id: "hostPathVolumes",
    control: "HostPath Volumes",
    level: Level::Baseline,
    title: "hostPath volumes are forbidden",
    versions: &[Version::new(0, run)],
};

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    for volume in pod.spec.volumes() {
        let path = volume.json.get("hostPath");
        if !path.is_null() {
            let says = format!("volume {} is a path of the node", model::escape(volume.name()));
            let field = format!("/volumes/{}/hostPath", volume.index);
            found.push(CHECK.pod(pod, &field, path.get("path").text(), &says));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Level;
    use crate::testing::{found, found_at};

    const SPEC: &str = r#"{"containers":[],"volumes":[{"name":"a","emptyDir":{}},{"name":"b","hostPath":{"path":"/"}}]}"#;

    #[test]
    fn hit_at_baseline() {
        assert_eq!(found_at("hostPathVolumes", SPEC, Level::Baseline, None), ["/spec/volumes/1/hostPath"]);
    }

    #[test]
    fn restricted_says_it_through_its_own_check() {
        assert!(found("hostPathVolumes", SPEC).is_empty());
        assert_eq!(found("restrictedVolumes", SPEC).len(), 1);
    }

    #[test]
    fn other_volumes_pass() {
        let spec = r#"{"containers":[],"volumes":[{"name":"a","emptyDir":{}}]}"#;
        assert!(found_at("hostPathVolumes", spec, Level::Baseline, None).is_empty());
    }
}
