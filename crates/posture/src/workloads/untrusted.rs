//! Code nobody vouches for, without a kernel of its own.

use crate::{Check, Report, Run, Sandbox, Workload};
use model::{Edit, Finding, Fix, Grain, ResourceRef, Rule, Severity};
use serde_json::json;
use snapshot::{Json, Snapshot};

pub(crate) static CHECK: Check = Check {
    rule: Rule {
        id: "workloads/untrusted",
        title: "Untrusted workload runs without a sandbox",
        severity: Severity::High,
        controls: &["NSA sandboxing", "T1611", "T1610"],
        explain: "Code of strangers (build jobs, plugins, tenants) needs one bug of the shared kernel to own the \
                  node. A RuntimeClass with gVisor (handler `runsc`) or Kata puts a kernel of its own between; \
                  mounted paths of the node, the node's network and privileged containers open the door again. \
                  Which workloads these are is said by the label `ringwall.dev/trust=untrusted` on them or their \
                  namespace; runners of build systems are known by their images.",
    },
    run: Run::Workload(run),
};

/// Last parts of repositories whose images run other people's code.
const RUNNERS: &[&str] = &[
    "actions-runner",
    "actions-runner-dind",
    "gitlab-runner",
    "gitlab-runner-helper",
    "inbound-agent",
    "jnlp-slave",
    "drone-runner-docker",
    "drone-runner-kube",
    "woodpecker-agent",
    "act_runner",
];

fn run(workload: &Workload<'_, '_>, report: &mut Report) {
    let Some(why) = untrusted(workload) else { return };
    let class = workload.spec.json.get("runtimeClassName");
    let defeats = defeats(workload);
    if Sandbox::of(workload.spec, workload.whole.snapshot).is_some() {
        if let Some((what, pointer)) = defeats.first() {
            let message = format!("{why}; its sandbox is opened by {what}");
            let mut finding =
                Finding::new(&CHECK.rule, workload.target(), workload.evidence(pointer.clone()), message);
            finding.instance = Some("opened".to_owned());
            report.finding(finding);
        }
        return;
    }
    let named = class.str().map(|name| format!(", and RuntimeClass {} is none that is known", model::escape(name)));
    let message = format!("{why}; it shares the node's kernel{}", named.unwrap_or_default());
    let evidence = workload.spec.evidence("/runtimeClassName");
    let mut finding = Finding::new(&CHECK.rule, workload.target(), evidence, message);
    finding.fixes.push(fix(workload, &defeats));
    report.finding(finding);
}

/// Why a workload is not trusted.
fn untrusted(workload: &Workload<'_, '_>) -> Option<String> {
    let namespace = &workload.reference().namespace;
    let resource = workload.whole.snapshot.find("", "Namespace", "", namespace);
    let of_namespace = resource.map(|resource| resource.json()).unwrap_or_default();
    for (key, value) in &workload.whole.options.untrusted {
        let says = |labels: &Json<'_>| labels.get(key).str() == Some(value.as_str());
        let own = workload.template.object().at(&["metadata", "labels"]);
        if says(workload.template.labels()) || says(own) {
            return Some(format!("labelled {key}={value}"));
        }
        if says(of_namespace.at(&["metadata", "labels"])) {
            return Some(format!("its namespace is labelled {key}={value}"));
        }
    }
    let runner = workload.containers.iter().filter_map(|container| container.image()).find(|image| {
        let last = image.repository.rsplit('/').next().unwrap_or_default();
        RUNNERS.contains(&last)
    });
    runner.map(|image| format!("{} runs what others commit", model::escape(&image.repository)))
}

/// What would let code out of the sandbox.
fn defeats(workload: &Workload<'_, '_>) -> Vec<(&'static str, String)> {
    let spec = workload.template.spec_pointer();
    let mut all = Vec::new();
    if workload.spec.json.get("hostNetwork").is_true() {
        all.push(("the node's network", format!("{spec}/hostNetwork")));
    }
    for volume in workload.spec.volumes().filter(|volume| volume.host_path().is_some()) {
        all.push(("a path of the node", format!("{spec}/volumes/{}", volume.index)));
    }
    for container in workload.containers.iter().filter(|container| container.privileged()) {
        all.push(("a privileged container", container.pointer("/securityContext/privileged")));
    }
    all
}

/// A RuntimeClass that is there, or one to make, and the field.
fn fix(workload: &Workload<'_, '_>, defeats: &[(&'static str, String)]) -> Fix {
    let (class, create) = match present(workload.whole.snapshot) {
        Some(name) => (name, None),
        None => {
            let value = json!({"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass",
                "metadata": {"name": "gvisor"}, "handler": "runsc"});
            ("gvisor".to_owned(), Some(Edit::Create { value }))
        }
    };
    let pointer = format!("{}/runtimeClassName", workload.template.spec_pointer());
    let set = Edit::Set { resource: workload.reference().clone(), pointer, value: json!(class) };
    let made = if create.is_some() { " (a RuntimeClass with handler runsc, which the nodes must have)" } else { "" };
    let mut breaks = vec!["programs that need system calls or devices the sandbox does not have".to_owned()];
    breaks.extend(defeats.iter().map(|(what, _)| format!("nothing yet: {what} would open the sandbox again")));
    Fix {
        key: format!("{} sandbox", workload.reference()),
        title: format!("set runtimeClassName: {class}{made}"),
        grain: Grain::Object,
        effort: 3,
        breaks,
        edits: create.into_iter().chain([set]).collect(),
    }
}

/// The first RuntimeClass whose handler is a sandbox.
fn present(snapshot: &Snapshot) -> Option<String> {
    let mut classes = snapshot.of("node.k8s.io", "RuntimeClass").iter();
    let class = classes.find(|class| Sandbox::of_handler(class.json().get("handler").text()).is_some())?;
    let reference: &ResourceRef = &class.reference;
    Some(reference.name.to_string())
}

#[cfg(test)]
mod tests {
    use crate::testing::{fixed, messages, run};

    const ID: &str = "workloads/untrusted";
    const NAMESPACE: &str = "{apiVersion: v1, kind: Namespace, metadata: {name: ci, labels: {ringwall.dev/trust: untrusted}}}\n---\n";
    const CLASS: &str = "\n---\n{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: boxed}, handler: runsc}";

    fn pod(spec: &str) -> String {
        format!("{{apiVersion: v1, kind: Pod, metadata: {{name: p, namespace: ci}}, spec: {{{spec} containers: [{{name: a, image: 'registry.test/a:1'}}]}}}}")
    }

    #[test]
    fn hit_by_namespace_and_fixed_by_the_patch() {
        let text = format!("{NAMESPACE}{}", pod(""));
        let posture = run(ID, &text);
        assert_eq!(posture.findings[0].fixes[0].edits.len(), 2);
        assert_eq!(fixed(ID, &text).findings.len(), 0);
        // A class that is there is used.
        assert_eq!(run(ID, &format!("{text}{CLASS}")).findings[0].fixes[0].edits.len(), 1);
    }

    #[test]
    fn runners_are_known() {
        let text = pod("").replace("registry.test/a:1", "registry.test/x/gitlab-runner:1");
        assert_eq!(messages(&run(ID, &text)), ["x/gitlab-runner runs what others commit; it shares the node's kernel"]);
    }

    #[test]
    fn sandboxed_or_trusted_is_silent() {
        let text = format!("{NAMESPACE}{}{CLASS}", pod("runtimeClassName: boxed,"));
        assert!(run(ID, &text).findings.is_empty());
        assert!(run(ID, &pod("")).findings.is_empty());
    }

    #[test]
    fn a_class_that_is_not_there_is_none_and_a_path_opens_one() {
        let text = format!("{NAMESPACE}{}", pod("runtimeClassName: boxed,"));
        assert_eq!(run(ID, &text).findings.len(), 1);
        let open = pod("runtimeClassName: boxed, volumes: [{name: v, hostPath: {path: /}}],");
        let posture = run(ID, &format!("{NAMESPACE}{open}{CLASS}"));
        assert!(messages(&posture)[0].contains("opened by a path of the node"), "{posture:?}");
    }
}
