//! Processes of the control plane, as pods and static manifests show them.

use super::Arguments;
use model::{Evidence, NodeName, Target};
use snapshot::{Container, Snapshot, Template};

/// A component's process.
#[derive(Clone, Debug)]
pub struct Process {
    /// `kube-apiserver`, `etcd`.
    pub component: &'static str,
    /// By the image's tag.
    pub version: Option<String>,
    /// Its flags.
    pub arguments: Arguments,
    /// The node it runs on, where the pod names one.
    pub node: Option<NodeName>,
    /// What findings are about.
    pub target: Target,
    place: Evidence,
}

/// Programs that are looked at.
pub const COMPONENTS: &[&str] =
    &["kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd", "kube-proxy"];

impl Process {
    /// Its container's field as evidence.
    pub fn evidence(&self, field: &str) -> Evidence {
        match &self.place {
            Evidence::Field { resource, origin, pointer } => {
                Evidence::field(resource, origin, format!("{pointer}{field}"))
            }
            other => other.clone(),
        }
    }

    /// From a command line that something else read (`/proc/PID/cmdline`, a node report).
    pub fn of_words(words: &[&str], target: Target, place: Evidence) -> Option<Self> {
        let (component, rest) = program(words)?;
        let arguments = Arguments::parse(rest.iter().copied());
        Some(Self { component, version: None, arguments, node: None, target, place })
    }
}

/// Every process of the control plane that a snapshot shows.
pub fn processes(snapshot: &Snapshot) -> Vec<Process> {
    let mut all = Vec::new();
    for workload in snapshot.workloads().filter(believed) {
        let template = workload.parse();
        let spec = template.spec();
        all.extend(spec.containers().filter_map(|container| process(&template, &container)));
    }
    all
}

/// What a pod claims to be is believed only where the control plane's pods are.
fn believed(workload: &snapshot::Workload<'_>) -> bool {
    &*workload.reference().namespace == "kube-system" || static_manifest(workload.resource.text())
}

/// Whether a workload is a component of the cluster, which must be where it is.
pub(crate) fn is_component(template: &Template<'_>) -> bool {
    believed(&template.workload)
        && template.spec().containers().any(|container| process(template, &container).is_some())
}

/// A manifest below the kubelet's folder often names no namespace: kubeadm's label tells it.
fn static_manifest(text: &str) -> bool {
    text.contains("\"tier\":\"control-plane\"")
}

fn process(template: &Template<'_>, container: &Container<'_, '_>) -> Option<Process> {
    let own = |field: &str| container.json.get(field).strings().map(str::to_owned).collect::<Vec<_>>();
    let words: Vec<String> = own("command").into_iter().chain(own("args")).flat_map(split).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    // An image may have its program as the entry point, so that only arguments are written.
    let last = |image: &model::Reference| image.repository.rsplit('/').next().unwrap_or_default().to_owned();
    let image = container.image();
    let (component, rest) = program(&words).or_else(|| {
        let name = last(image.as_ref()?);
        Some((COMPONENTS.iter().copied().find(|component| *component == name)?, words.as_slice()))
    })?;
    let mut arguments = Arguments::parse(rest.iter().copied());
    if component == "etcd" {
        let all = container.json.get("env").items();
        arguments = arguments.with_environment(
            "ETCD_",
            all.iter().map(|one| (one.get("name").text(), one.get("value").text())),
        );
    }
    let node = template.spec().json.get("nodeName").str().map(|name| NodeName(name.into()));
    Some(Process {
        component,
        version: image.and_then(|image| image.tag).map(|tag| tag.to_string()),
        arguments,
        node,
        target: Target::Workload(template.workload.reference().clone()),
        place: container.evidence(""),
    })
}

/// The program among the words, and what follows it.
fn program<'w, 's>(words: &'w [&'s str]) -> Option<(&'static str, &'w [&'s str])> {
    words.iter().enumerate().find_map(|(index, word)| {
        let name = word.rsplit('/').next().unwrap_or_default();
        let component = COMPONENTS.iter().copied().find(|component| *component == name)?;
        Some((component, words.get(index.saturating_add(1)..).unwrap_or_default()))
    })
}

/// A shell's script is split at white space: enough to see its flags.
fn split(word: String) -> Vec<String> {
    let script =
        word.contains(char::is_whitespace) && COMPONENTS.iter().any(|component| word.contains(component));
    if script { word.split_whitespace().map(str::to_owned).collect() } else { vec![word] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::snapshot;

    fn found(namespace: &str, container: &str) -> Vec<(&'static str, Option<String>)> {
        let text = format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: p, namespace: {namespace}}}, spec: {{containers: [{container}]}}}}"
        );
        let all = processes(&snapshot(&text));
        all.into_iter().map(|p| (p.component, p.arguments.get("profiling").map(str::to_owned))).collect()
    }

    #[test]
    fn by_command_by_script_and_by_image() {
        let off = Some("false".to_owned());
        let command = "{name: a, image: x, command: [/usr/local/bin/kube-apiserver, --profiling=false]}";
        assert_eq!(found("kube-system", command), [("kube-apiserver", off.clone())]);
        let script = "{name: a, image: x, command: [sh, -c, 'exec kube-scheduler --profiling=false']}";
        assert_eq!(found("kube-system", script), [("kube-scheduler", off.clone())]);
        let image =
            "{name: a, image: 'registry.test/kube-controller-manager:v1.36.3', args: [--profiling=false]}";
        assert_eq!(found("kube-system", image), [("kube-controller-manager", off)]);
    }

    #[test]
    fn what_claims_to_be_one_elsewhere_is_none() {
        assert!(found("shop", "{name: a, image: x, command: [kube-apiserver]}").is_empty());
        assert!(found("kube-system", "{name: a, image: 'coredns:1'}").is_empty());
    }

    #[test]
    fn command_lines_read_elsewhere() {
        let evidence = Evidence::Assumption("ps".into());
        let target = Target::Node(NodeName("n".into()));
        let words = ["/usr/bin/etcd", "--client-cert-auth=true"];
        let process = Process::of_words(&words, target.clone(), evidence.clone()).unwrap();
        assert_eq!(
            (process.component, process.arguments.bool("client-cert-auth", false)),
            ("etcd", Some(true))
        );
        assert!(Process::of_words(&["bash"], target, evidence).is_none());
    }
}
