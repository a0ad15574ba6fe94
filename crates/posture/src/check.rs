//! What a check is, and what it is given to look at.

use crate::control_plane::Process;
use crate::network::firewall::Firewall;
use crate::nodes::kubelet::{Field, Kubelet};
use crate::nodes::tables::Tables;
use crate::{Report, Sandbox};
use ::rbac::Rbac;
use model::{Escape, Evidence, NodeName, ResourceRef, Rule, Target};
use snapshot::{Container, PodSpec, Snapshot, Template};

/// A built-in posture rule: what it says, and how it looks.
#[derive(Debug)]
pub struct Check {
    /// Its descriptor.
    pub rule: Rule,
    /// Its code.
    pub run: Run,
}

/// What a check looks at.
#[derive(Clone, Copy, Debug)]
pub enum Run {
    /// Each workload by itself.
    Workload(fn(&Workload<'_, '_>, &mut Report)),
    /// Everything at once.
    Whole(fn(&Whole<'_>, &mut Report)),
    /// Each process of the control plane.
    Process(fn(&Process, &mut Report)),
    /// One field of each kubelet's configuration.
    Kubelet(&'static Field),
    /// Everything at once, with the account every workload runs as.
    Seats(fn(&Whole<'_>, &[Seat<'_>], &mut Report)),
}

/// A workload in few words: which account it runs as, and which level it meets.
#[derive(Clone, Debug)]
pub struct Seat<'s> {
    /// The workload.
    pub workload: &'s ResourceRef,
    /// Name of the account, in the workload's namespace.
    pub account: String,
    /// The pod's own word on whether the token is mounted.
    pub automount: Option<bool>,
    /// The strictest Pod Security level its pods meet.
    pub meets: pss::Level,
}

/// The whole snapshot.
#[derive(Clone, Copy, Debug)]
pub struct Whole<'s> {
    /// Its resources.
    pub snapshot: &'s Snapshot,
    /// Its rights.
    pub rbac: &'s Rbac,
    /// What the user said about it.
    pub options: &'s Options,
}

/// What checks cannot know of themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Labels of namespaces and workloads whose code nobody vouches for.
    pub untrusted: Vec<(String, String)>,
    /// Versions that are at their end or vulnerable.
    pub tables: Tables,
    /// Configurations of kubelets that were read elsewhere.
    pub kubelets: Vec<Kubelet>,
    /// What lets packets through to nodes, where somebody gave it.
    pub firewall: Option<Firewall>,
    /// Node and port of every connection that was tried from here, and whether something answered.
    pub probes: Vec<(NodeName, u16, bool)>,
    /// Leaves the fixes out: they are half of what is found, and who ranks fixes by other means has no use for them.
    pub without_fixes: bool,
}

impl Default for Options {
    /// `ringwall.dev/trust=untrusted`, the tables that are built in, and nothing read elsewhere.
    fn default() -> Self {
        Self {
            untrusted: vec![("ringwall.dev/trust".to_owned(), "untrusted".to_owned())],
            tables: Tables::default(),
            kubelets: Vec::new(),
            firewall: None,
            probes: Vec::new(),
            without_fixes: false,
        }
    }
}

impl<'s> Whole<'s> {
    pub(crate) fn new(snapshot: &'s Snapshot, rbac: &'s Rbac, options: &'s Options) -> Self {
        Self { snapshot, rbac, options }
    }

    /// Whether a resource (`networkpolicies.networking.k8s.io`) could not be read, or not all of it: then that there is
    /// none of it proves nothing.
    pub fn unread(&self, resource: &str) -> bool {
        let named = |what: &str| {
            what.strip_prefix(resource).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        self.snapshot.coverage.gaps.iter().any(|gap| named(&gap.what))
    }
}

/// One workload with its template parsed.
#[derive(Clone, Debug)]
pub struct Workload<'t, 'a> {
    /// The parsed object.
    pub template: &'t Template<'a>,
    /// The pod spec.
    pub spec: PodSpec<'t, 'a>,
    /// Init, ordinary and ephemeral containers.
    pub containers: Vec<Container<'t, 'a>>,
    /// Everything around it.
    pub whole: Whole<'t>,
    /// Whether it is a component of the cluster itself, which must run where it does.
    pub component: bool,
}

impl<'t, 'a> Workload<'t, 'a> {
    pub(crate) fn new(template: &'t Template<'a>, whole: &Whole<'t>) -> Self {
        let spec = template.spec();
        let component = crate::control_plane::is_component(template);
        Self { template, spec, containers: spec.containers().collect(), whole: *whole, component }
    }

    /// Whether it is the API server's picture of a static pod.
    fn mirror(&self) -> bool {
        let annotations = self.template.template().at(&["metadata", "annotations"]);
        !annotations.get("kubernetes.io/config.mirror").is_null()
    }

    pub(crate) fn seat(&self) -> Seat<'a> {
        let automount = self.spec.json.get("automountServiceAccountToken").bool();
        Seat {
            workload: self.reference(),
            account: self.spec.account_name().to_owned(),
            // The kubelet gives its static pods no token, whatever their mirrors say.
            automount: if self.mirror() { Some(false) } else { automount },
            meets: pss::meets(&pss::Pod::of(self.template), None),
        }
    }

    /// Its name.
    pub fn reference(&self) -> &'a ResourceRef {
        self.template.workload.reference()
    }

    /// It, as what a finding is about.
    pub fn target(&self) -> Target {
        Target::Workload(self.reference().clone())
    }

    /// A field of its object as evidence.
    pub fn evidence(&self, pointer: impl Into<String>) -> Evidence {
        self.template.workload.resource.evidence(pointer)
    }

    /// Records that its containers can leave their sandbox this way, unless a sandboxing runtime stops it.
    pub fn escape(&self, report: &mut Report, escape: Escape, evidence: Evidence) {
        let stopped =
            Sandbox::of(self.spec, self.whole.snapshot).is_some_and(|sandbox| sandbox.stops(&escape));
        if !stopped {
            report.escape(self.target(), escape, evidence);
        }
    }

    /// Whether its pods run on Windows, where the Linux ways out do not exist.
    pub fn windows(&self) -> bool {
        self.spec.json.at(&["os", "name"]).text() == "windows"
    }
}

/// Lists the checks of an area: one file a check, one line here.
#[macro_export]
#[doc(hidden)]
macro_rules! checks {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*
        /// Every check of this area, in the order of documentation.
        pub static CHECKS: &[&$crate::Check] = &[$(&$name::CHECK),*];
    };
}
