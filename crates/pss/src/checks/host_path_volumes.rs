//! Volumes that show the host's files.

use crate::{Check, Level, Pod, Violation};

pub(crate) static CHECK: Check = Check {
    id: "hostPathVolumes",
    level: Level::Baseline,
    title: "hostPath volumes are forbidden",
    versions: &[(0, run)],
    replaces: None,
};

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    for volume in pod.spec.volumes().filter(|volume| !volume.json.get("hostPath").is_null()) {
        let message = format!("volume {} is a hostPath", model::escape(volume.name()));
        found.push(CHECK.violation(pod.pointer(&format!("/volumes/{}/hostPath", volume.index)), message));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    #[test]
    fn in_restricted_another_check_says_it() {
        let found = found("hostPathVolumes", r#"{"volumes":[{"name":"v","hostPath":{"path":"/"}}],"containers":[]}"#);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn miss() {
        let found = found("hostPathVolumes", r#"{"volumes":[{"name":"v","emptyDir":{}}],"containers":[]}"#);
        assert_eq!(found, [""; 0]);
    }
    #[test]
    fn hit() {
        let spec = r#"{"volumes":[{"name":"v"},{"name":"w","hostPath":{}}],"containers":[]}"#;
        assert_eq!(crate::testing::at("hostPathVolumes", crate::Level::Baseline, None, spec), ["/spec/volumes/1/hostPath"]);
    }
}
