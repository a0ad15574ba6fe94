//! Windows containers that run as processes of the node.

use crate::{Check, Level, Pod, Version, Violation};
use snapshot::Json;

pub(crate) static CHECK: Check = Check {
    id: "windowsHostProcess",
    control: "HostProcess",
    level: Level::Baseline,
    title: "host process containers are forbidden",
    versions: &[Version::new(0, run)],
};

fn run(pod: &Pod<'_, '_>, found: &mut Vec<Violation>) {
    let judge = |value: &Json<'_>| value.is_true().then(|| "true".to_owned());
    CHECK.everywhere(pod, &["windowsOptions", "hostProcess"], judge, found);
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    #[test]
    fn in_pod_and_container() {
        let spec = r#"{"securityContext":{"windowsOptions":{"hostProcess":true}},
            "containers":[{"name":"a","securityContext":{"windowsOptions":{"hostProcess":true}}}]}"#;
        assert_eq!(found("windowsHostProcess", spec).len(), 2);
    }

    #[test]
    fn false_passes() {
        let spec = r#"{"securityContext":{"windowsOptions":{"hostProcess":false}},"containers":[]}"#;
        assert!(found("windowsHostProcess", spec).is_empty());
    }

    #[test]
    fn windows_is_no_excuse() {
        let spec = r#"{"os":{"name":"windows"},"securityContext":{"windowsOptions":{"hostProcess":true}},"containers":[]}"#;
        assert_eq!(found("windowsHostProcess", spec).len(), 1);
    }
}
