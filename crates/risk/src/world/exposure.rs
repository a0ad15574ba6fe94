//! Which workloads can be reached from outside the cluster, and through what.

use super::{WorkloadFacts, World, network};
use crate::graph::Index;
use model::Confidence;
use reach::{Endpoint, Port, Protocol};
use snapshot::{Json, Resource};
use std::sync::Arc;

/// A way in from outside.
pub(crate) struct Exposure<'a> {
    pub(crate) workload: Index,
    pub(crate) kind: ExposureKind,
    pub(crate) resource: &'a Resource,
    pub(crate) pointer: String,
    pub(crate) confidence: Confidence,
}

/// What opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExposureKind {
    /// A Service of type NodePort.
    NodePort(Option<i64>),
    /// A Service of type LoadBalancer that takes any source.
    LoadBalancer,
    /// A Service with externalIPs.
    ExternalIps,
    /// An Ingress that names the Service.
    Ingress,
    /// A port of the node.
    HostPort(u16),
}

/// Annotations with which clouds keep a load balancer inside.
const INTERNAL: &[(&str, &str)] = &[
    ("service.beta.kubernetes.io/aws-load-balancer-internal", "true"),
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", "internal"),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", "true"),
    ("networking.gke.io/load-balancer-type", "Internal"),
    ("cloud.google.com/load-balancer-type", "Internal"),
];

/// Finds every exposure.
pub(crate) fn find(world: &mut World<'_>) {
    let mut found = Vec::new();
    for service in world.snapshot.of("", "Service") {
        let json = service.json();
        let Some((kind, pointer)) = service_kind(&json) else { continue };
        for workload in selected(world, &service.reference.namespace, &json) {
            let open = |w: &WorkloadFacts<'_>| {
                targets(&json, &w.endpoint).any(|port| network::takes_from_outside(world, &w.endpoint, port))
            };
            if world.workload_at(workload).is_some_and(open) {
                let (kind, pointer) = (kind.clone(), pointer.clone());
                found.push(Exposure {
                    workload,
                    kind,
                    resource: service,
                    pointer,
                    confidence: Confidence::Confirmed,
                });
            }
        }
    }
    for ingress in world.snapshot.of("networking.k8s.io", "Ingress") {
        let json = ingress.json();
        let namespace = &ingress.reference.namespace;
        for (name, pointer) in backends(&json) {
            let Some(service) = world.snapshot.find("", "Service", namespace, &name) else { continue };
            for workload in selected(world, namespace, &service.json()) {
                if world.workload_at(workload).is_some_and(|w| w.reach.inside()) {
                    let pointer = pointer.clone();
                    let (kind, confidence) = (ExposureKind::Ingress, Confidence::Confirmed);
                    found.push(Exposure { workload, kind, resource: ingress, pointer, confidence });
                }
            }
        }
    }
    for (at, workload) in world.workloads.iter().enumerate() {
        for (port, pointer) in &workload.ports {
            let (kind, pointer) = (ExposureKind::HostPort(*port), pointer.clone());
            // Whether the node itself can be reached is not written in the pod.
            let confidence = Confidence::Inferred;
            found.push(Exposure {
                workload: at as Index,
                kind,
                resource: workload.resource,
                pointer,
                confidence,
            });
        }
    }
    for exposure in &found {
        world.objects.index(exposure.resource.reference.clone());
    }
    world.exposures = found;
}

fn service_kind(service: &Json<'_>) -> Option<(ExposureKind, String)> {
    let spec = service.get("spec");
    let annotations = service.at(&["metadata", "annotations"]);
    let internal = INTERNAL.iter().any(|(key, value)| annotations.get(key).str() == Some(value));
    match spec.get("type").text() {
        "NodePort" => {
            let port = spec.get("ports").items().iter().find_map(|port| port.get("nodePort").int());
            Some((ExposureKind::NodePort(port), "/spec/type".to_owned()))
        }
        "LoadBalancer" if !internal => {
            let ranges = spec.get("loadBalancerSourceRanges");
            let anyone =
                ranges.items().is_empty() || ranges.strings().any(|r| matches!(r, "0.0.0.0/0" | "::/0"));
            anyone.then(|| (ExposureKind::LoadBalancer, "/spec/type".to_owned()))
        }
        _ if !spec.get("externalIPs").items().is_empty() => {
            Some((ExposureKind::ExternalIps, "/spec/externalIPs".to_owned()))
        }
        _ => None,
    }
}

/// The workloads of its namespace that a Service selects.
fn selected(world: &World<'_>, namespace: &Arc<str>, service: &Json<'_>) -> Vec<Index> {
    let selector = service.at(&["spec", "selector"]).fields();
    let Some(scope) = world.scopes.find(namespace).filter(|_| !selector.is_empty()) else {
        return Vec::new();
    };
    let matches = |workload: &Index| {
        let labels = world.workload_at(*workload).map_or(&[][..], |w| &w.endpoint.labels);
        selector
            .iter()
            .all(|(key, want)| labels.iter().any(|(k, v)| **k == **key && Some(&**v) == want.str()))
    };
    world.workloads_in(scope).filter(matches).collect()
}

/// The ports of a workload that a Service sends to; `None` for one that nobody knows.
fn targets<'s>(service: &'s Json<'_>, endpoint: &'s Endpoint) -> impl Iterator<Item = Option<Port>> + 's {
    service.at(&["spec", "ports"]).items().iter().map(|port| {
        let protocol = Protocol::parse(port.get("protocol").text())?;
        let target = port.get("targetPort");
        let number = match target.str() {
            Some(name) => {
                let mut named =
                    endpoint.ports.iter().filter(|(own, of, _)| **own == *name && *of == protocol);
                named.next().map(|(_, _, number)| *number)
            }
            None => {
                let number = if target.is_null() { port.get("port").int() } else { target.int() };
                number.and_then(|number| u16::try_from(number).ok()).filter(|number| *number > 0)
            }
        }?;
        Some(Port { protocol, number })
    })
}

fn backends(ingress: &Json<'_>) -> Vec<(String, String)> {
    let name = |backend: &Json<'_>| {
        let new = backend.at(&["service", "name"]).str();
        new.or_else(|| backend.get("serviceName").str()).map(str::to_owned)
    };
    let spec = ingress.get("spec");
    let mut out = Vec::new();
    for field in ["defaultBackend", "backend"] {
        out.extend(name(spec.get(field)).map(|name| (name, format!("/spec/{field}"))));
    }
    for (at, rule) in spec.get("rules").items().iter().enumerate() {
        for (path, entry) in rule.at(&["http", "paths"]).items().iter().enumerate() {
            let pointer = format!("/spec/rules/{at}/http/paths/{path}/backend");
            out.extend(name(entry.get("backend")).map(|name| (name, pointer)));
        }
    }
    out
}
