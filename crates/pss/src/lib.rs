//! The Pod Security Standards: which level does a pod spec meet, at which minor version.
//!
//! Semantics: `k8s.io/pod-security-admission/policy`: a check may have several versions, and the newest not above
//! the asked minor is run; `restricted` includes `baseline`. Up to 1.37.
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::string_slice))]

pub mod checks;
#[cfg(test)]
mod testing;

use snapshot::{Container, Json, PodSpec, Template};

/// A level of the standards. Order: least strict first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nothing is forbidden.
    Privileged,
    /// Known ways out of a container are forbidden.
    Baseline,
    /// Hardening is required.
    Restricted,
}

impl Level {
    /// The word in a namespace's label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }

    /// The level of a label's word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Privileged, Self::Baseline, Self::Restricted].into_iter().find(|level| level.as_str() == text)
    }
}

/// One check family of the standards.
#[derive(Debug)]
pub struct Check {
    /// Upstream's id (`privileged`, `hostNamespaces`).
    pub id: &'static str,
    /// Its heading in the documentation of the standards (`Host Namespaces`), by which policies exempt from it.
    pub control: &'static str,
    /// The level it belongs to.
    pub level: Level,
    /// What it forbids or requires, lower case.
    pub title: &'static str,
    /// What it became in which minor, oldest first.
    pub versions: &'static [Version],
}

/// What a check is from a minor on.
#[derive(Clone, Copy, Debug)]
pub struct Version {
    /// The first minor it holds for.
    pub from: u32,
    /// Its code.
    pub run: Run,
    /// Checks of the baseline that it includes: the restricted level runs it in their place.
    pub overrides: &'static [&'static str],
}

impl Version {
    pub(crate) const fn new(from: u32, run: Run) -> Self {
        Self { from, run, overrides: &[] }
    }

    pub(crate) const fn overriding(from: u32, run: Run, overrides: &'static [&'static str]) -> Self {
        Self { from, run, overrides }
    }
}

/// Judges one pod.
pub type Run = fn(&Pod<'_, '_>, &mut Vec<Violation>);

/// What a check looks at.
#[derive(Clone, Copy, Debug)]
pub struct Pod<'t, 'a> {
    /// The spec.
    pub spec: PodSpec<'t, 'a>,
    /// The template, for annotations.
    pub template: &'t Template<'a>,
}

impl<'t, 'a> Pod<'t, 'a> {
    /// A workload's pod.
    pub fn of(template: &'t Template<'a>) -> Self {
        Self { spec: template.spec(), template }
    }

    /// Init, ordinary and ephemeral containers.
    pub fn containers(&self) -> impl Iterator<Item = Container<'t, 'a>> {
        self.spec.containers()
    }

    /// Whether `os.name` says Windows, where some checks have nothing to look at.
    pub fn windows(&self) -> bool {
        self.spec.json.at(&["os", "name"]).text() == "windows"
    }

    /// Whether it has a user namespace of its own (`hostUsers: false`): its root is nobody on the node.
    pub fn user_namespace(&self) -> bool {
        self.spec.json.get("hostUsers").bool() == Some(false)
    }

    /// The pod's `securityContext`.
    pub(crate) fn security(&self) -> &'t Json<'a> {
        self.spec.json.get("securityContext")
    }

    /// Annotations of the pod.
    pub(crate) fn annotations(&self) -> &'t Json<'a> {
        self.template.template().at(&["metadata", "annotations"])
    }

    /// Pointer of a field of the spec (`/hostPID`) in the whole object.
    pub(crate) fn pointer(&self, field: &str) -> String {
        format!("{}{field}", self.template.spec_pointer())
    }

    /// Pointer of an annotation in the whole object.
    pub(crate) fn annotation_pointer(&self, key: &str) -> String {
        let spec = self.template.spec_pointer();
        let template = spec.strip_suffix("/spec").unwrap_or_default();
        let key = key.replace('~', "~0").replace('/', "~1");
        format!("{template}/metadata/annotations/{key}")
    }
}

/// One field that breaks a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The check's id.
    pub check: &'static str,
    /// The check's heading in the documentation.
    pub control: &'static str,
    /// The level it belongs to.
    pub level: Level,
    /// Name of the container; `None` when the pod itself breaks it.
    pub container: Option<String>,
    /// The value that is forbidden, as text; empty when one is missing.
    pub value: String,
    /// JSON pointer of the field (or of where it should be) in the whole object.
    pub pointer: String,
    /// What is wrong, plain words.
    pub message: String,
}

/// A control that is not asked of some pods or containers.
#[derive(Clone, Copy, Debug)]
pub struct Exemption<'e> {
    /// Id of a check or heading of a control.
    pub control: &'e str,
    /// Only these containers; empty for all and for the pod itself.
    pub containers: &'e [&'e str],
    /// Only these values; empty for every value, a missing one too.
    pub values: &'e [&'e str],
}

impl Exemption<'_> {
    /// Whether it lifts a violation.
    pub fn lifts(&self, violation: &Violation) -> bool {
        let container = |name: &String| self.containers.contains(&name.as_str());
        (self.control == violation.check || self.control == violation.control)
            && (self.containers.is_empty() || violation.container.as_ref().is_some_and(container))
            && (self.values.is_empty() || self.values.contains(&violation.value.as_str()))
    }
}

/// Whom the API server does not ask: its admission configuration's `exemptions`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exemptions {
    /// Namespaces.
    pub namespaces: Vec<String>,
    /// Users who create the pod.
    pub usernames: Vec<String>,
    /// RuntimeClasses.
    pub runtime_classes: Vec<String>,
}

impl Exemptions {
    /// Whether a pod of this namespace, created by this user, is exempt.
    pub fn lift(&self, namespace: &str, user: &str, pod: &Pod<'_, '_>) -> bool {
        let listed = |list: &[String], name: &str| !name.is_empty() && list.iter().any(|n| n == name);
        listed(&self.namespaces, namespace)
            || listed(&self.usernames, user)
            || listed(&self.runtime_classes, pod.spec.json.get("runtimeClassName").text())
    }
}

/// What a level at a minor (`None` for the latest) finds in a pod: nothing when the pod meets it.
///
/// The restricted level leaves out those checks of the baseline that a restricted one includes.
pub fn violations(pod: &Pod<'_, '_>, level: Level, minor: Option<u32>) -> Vec<Violation> {
    let mut found = Vec::new();
    let run: Vec<&Version> = checks::CHECKS
        .iter()
        .filter(|check| check.level <= level)
        .filter_map(|check| check.at(minor))
        .collect();
    let overridden = |id: &str| run.iter().any(|version| version.overrides.contains(&id));
    for check in checks::CHECKS.iter().filter(|check| check.level <= level && !overridden(check.id)) {
        check.violations(pod, minor, &mut found);
    }
    found
}

/// The same, without what exemptions lift.
pub fn violations_but(
    pod: &Pod<'_, '_>,
    level: Level,
    minor: Option<u32>,
    exemptions: &[Exemption<'_>],
) -> Vec<Violation> {
    let mut found = violations(pod, level, minor);
    found.retain(|violation| !exemptions.iter().any(|exemption| exemption.lifts(violation)));
    found
}

impl Check {
    /// What it is at a minor (`None` for the latest); `None` before it existed.
    pub fn at(&self, minor: Option<u32>) -> Option<&'static Version> {
        let minor = minor.unwrap_or(u32::MAX);
        self.versions.iter().rev().find(|version| version.from <= minor)
    }

    /// What it alone finds in a pod at a minor.
    pub fn violations(&self, pod: &Pod<'_, '_>, minor: Option<u32>, found: &mut Vec<Violation>) {
        if let Some(version) = self.at(minor) {
            (version.run)(pod, found);
        }
    }
}

/// The strictest level a pod meets at a minor.
pub fn meets(pod: &Pod<'_, '_>, minor: Option<u32>) -> Level {
    if !violations(pod, Level::Baseline, minor).is_empty() {
        Level::Privileged
    } else if violations(pod, Level::Restricted, minor).is_empty() {
        Level::Restricted
    } else {
        Level::Baseline
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{object, pod};

    const GOOD: &str = r#"{"securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}},
        "containers":[{"name":"a","securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]}"#;

    fn judged<T>(text: &str, judge: impl Fn(&Pod<'_, '_>) -> T) -> T {
        let snapshot = object(text);
        let template = snapshot.workloads().next().unwrap().parse();
        judge(&Pod::of(&template))
    }

    #[test]
    fn levels() {
        for (spec, want) in [
            (GOOD, Level::Restricted),
            (r#"{"containers":[{"name":"a"}]}"#, Level::Baseline),
            (r#"{"hostPID":true,"containers":[{"name":"a"}]}"#, Level::Privileged),
        ] {
            assert_eq!(judged(&pod(spec), |pod| meets(pod, None)), want, "{spec}");
        }
        assert_eq!(Level::parse("baseline"), Some(Level::Baseline));
        assert_eq!(Level::parse("Baseline"), None);
    }

    #[test]
    fn templates_of_controllers_are_pods() {
        let text = r#"{"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"c"},"spec":{"jobTemplate":{"spec":{
            "template":{"spec":{"hostPID":true,"containers":[]}}}}}}"#;
        let found = judged(text, |pod| violations(pod, Level::Baseline, None));
        assert_eq!(found[0].pointer, "/spec/jobTemplate/spec/template/spec/hostPID");
    }

    #[test]
    fn exemptions_by_control_container_and_value() {
        let spec = r#"{"containers":[{"name":"a","securityContext":{"capabilities":{"add":["SYS_ADMIN","NET_RAW"]}}},
            {"name":"b","securityContext":{"capabilities":{"add":["NET_RAW"]}}}]}"#;
        let left = |exemption: Exemption<'_>| {
            judged(&pod(spec), |pod| violations_but(pod, Level::Baseline, None, &[exemption]).len())
        };
        let all = Exemption { control: "Capabilities", containers: &[], values: &[] };
        assert_eq!(left(all), 0);
        assert_eq!(left(Exemption { control: "capabilities_baseline", ..all }), 0);
        assert_eq!(left(Exemption { control: "Seccomp", ..all }), 3);
        assert_eq!(left(Exemption { values: &["NET_RAW"], ..all }), 1);
        assert_eq!(left(Exemption { containers: &["a"], ..all }), 1);
        assert_eq!(left(Exemption { containers: &["b"], values: &["SYS_ADMIN"], ..all }), 3);
    }

    #[test]
    fn the_server_exempts_namespaces_users_and_runtime_classes() {
        let exemptions = Exemptions {
            namespaces: vec!["kube-system".into()],
            usernames: vec!["root".into()],
            runtime_classes: vec!["kata".into()],
        };
        let lifted = |namespace: &str, user: &str, spec: &str| {
            judged(&pod(spec), |pod| exemptions.lift(namespace, user, pod))
        };
        let (plain, boxed) = (r#"{"containers":[]}"#, r#"{"runtimeClassName":"kata","containers":[]}"#);
        assert!(lifted("kube-system", "", plain) && lifted("a", "root", plain) && lifted("a", "", boxed));
        assert!(!lifted("a", "", plain));
    }
}
