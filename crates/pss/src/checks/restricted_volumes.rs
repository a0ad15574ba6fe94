//! Volumes that are neither the pod's own nor claimed.

use crate::{Check, Level, Pod, Violation};

pub(crate) static CHECK: Check = Check {
    id: "restrictedVolumes",
    level: Level::Restricted,
    title: "only volumes of the pod, the API and claims are allowed",
    versions: &[(0, run)],
    replaces: Some("hostPathVolumes"),
};

const ALLOWED: &[&str] = &[
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret",
];

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    for volume in pod.spec.volumes() {
        if ALLOWED.iter().all(|kind| volume.json.get(kind).is_null()) {
            let mut fields = volume.json.fields().iter().filter(|(_, value)| !value.is_null());
            let Some((kind, _)) = fields.find(|(key, _)| key != "name") else {
                // A volume that names no source is an emptyDir: the API server fills that in.
                continue;
            };
            let message = format!("volume {} is {}", model::escape(volume.name()), model::escape(kind));
            found.push(CHECK.violation(pod.pointer(&format!("/volumes/{}", volume.index)), message));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    #[test]
    fn hit() {
        let found = found("restrictedVolumes", r#"{"volumes":[{"name":"v","nfs":{}},{"name":"w"}],"containers":[]}"#);
        assert_eq!(found, ["/spec/volumes/0"]);
    }

    #[test]
    fn miss() {
        let found = found("restrictedVolumes", r#"{"volumes":[{"name":"v","emptyDir":{}},{"name":"w","image":{}}],"containers":[]}"#);
        assert_eq!(found, [""; 0]);
    }
}
