//! The Pod Security Standards: which level does a pod spec meet, at which minor version.
//!
//! Semantics: `k8s.io/pod-security-admission/policy`: a check may have several versions, and the newest not above
//! the asked minor is run; `restricted` includes `baseline`.
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
    /// The level it belongs to.
    pub level: Level,
    /// What it forbids or requires, lower case.
    pub title: &'static str,
    /// From which minor on which function runs, oldest first.
    pub versions: &'static [(u32, Run)],
    /// A baseline check that this restricted one stands for, from its first version on.
    pub replaces: Option<&'static str>,
}

impl Check {
    /// What runs at a minor; `None` before its first version.
    fn at(&self, minor: u32) -> Option<Run> {
        self.versions.iter().rev().find(|(from, _)| *from <= minor).map(|(_, run)| *run)
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

    /// `securityContext` of the pod.
    pub fn security(&self) -> &'t Json<'a> {
        self.spec.json.get("securityContext")
    }

    /// Annotations of the pod.
    pub fn annotations(&self) -> &'t Json<'a> {
        self.template.template().at(&["metadata", "annotations"])
    }

    /// JSON pointer of a field of the spec (`/hostPID`) in the whole object.
    pub fn pointer(&self, field: &str) -> String {
        format!("{}{field}", self.template.spec_pointer())
    }

    /// JSON pointer of an annotation in the whole object.
    pub fn annotation_pointer(&self, key: &str) -> String {
        let spec = self.template.spec_pointer();
        let pod = spec.strip_suffix("/spec").unwrap_or_default();
        format!("{pod}/metadata/annotations/{}", key.replace('~', "~0").replace('/', "~1"))
    }

    /// Whether it says that it runs on Windows: then restricted asks nothing of Linux' fields, from 1.25 on.
    pub fn windows(&self) -> bool {
        self.spec.json.at(&["os", "name"]).text() == "windows"
    }

    /// Whether it runs in a user namespace of its own, which relaxes three checks from 1.35 on.
    pub fn user_namespace(&self) -> bool {
        self.spec.json.get("hostUsers").bool() == Some(false)
    }

    /// Init, ordinary and ephemeral containers.
    pub fn containers(&self) -> impl Iterator<Item = Container<'t, 'a>> {
        self.spec.containers()
    }
}

/// One field that breaks a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The check's id.
    pub check: &'static str,
    /// The level it belongs to.
    pub level: Level,
    /// JSON pointer of the field (or of where it should be) in the whole object.
    pub pointer: String,
    /// What is wrong, plain words.
    pub message: String,
}

/// What a level at a minor (`None` for the latest) finds in a pod: nothing when the pod meets it.
pub fn violations(pod: &Pod<'_, '_>, level: Level, minor: Option<u32>) -> Vec<Violation> {
    let mut found = Vec::new();
    runs(level, minor.unwrap_or(u32::MAX)).for_each(|run| run(pod, &mut found));
    found
}

/// What is run for a level at a minor: checks that a stricter one stands for are left out.
fn runs(level: Level, minor: u32) -> impl DoubleEndedIterator<Item = Run> {
    let at_level = move || checks::CHECKS.iter().filter(move |check| check.level <= level);
    let replaced = move |id| at_level().any(|other| other.replaces == Some(id) && other.at(minor).is_some());
    at_level().filter(move |check| !replaced(check.id)).filter_map(move |check| check.at(minor))
}

/// The strictest level a pod meets at a minor.
pub fn meets(pod: &Pod<'_, '_>, minor: Option<u32>) -> Level {
    let levels = [Level::Restricted, Level::Baseline];
    // The strictest checks come last and fail first: one violation is enough.
    let passes = |level: &Level| {
        runs(*level, minor.unwrap_or(u32::MAX)).rev().all(|run| {
            let mut found = Vec::new();
            run(pod, &mut found);
            found.is_empty()
        })
    };
    levels.into_iter().find(passes).unwrap_or(Level::Privileged)
}
