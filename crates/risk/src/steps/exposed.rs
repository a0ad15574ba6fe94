//! From outside the cluster to a workload's port.

use super::{Line, Step};
use crate::fixes;
use crate::graph::{Edge, Graph, Index, NewEdge, State};
use crate::world::{ExposureKind, World};
use model::Evidence;

pub(crate) static STEP: Step = Step {
    id: "exposed",
    title: "Reach a workload from outside the cluster",
    attack: "T1190",
    rights: false,
    explain: "A Service of type NodePort or LoadBalancer, external addresses, an Ingress or a port of the node lets anyone \
              send packets to the workload, unless a NetworkPolicy keeps them out. Ease 0.9; a port of the node 0.5, \
              because a firewall in front of it cannot be seen from here.",
    edges,
    describe,
};

fn edges(world: &World<'_>, graph: &mut Graph) {
    for (at, exposure) in world.exposures.iter().enumerate() {
        let ease = if matches!(exposure.kind, ExposureKind::HostPort(_)) { 0.5 } else { 0.9 };
        let object = world.objects.find(&exposure.resource.reference);
        let key = match exposure.kind {
            ExposureKind::HostPort(_) => fixes::close_host_port::key(exposure.workload),
            _ => fixes::close_service::key(object.unwrap_or(Index::MAX)),
        };
        graph.add(NewEdge {
            from: &[State::Internet],
            to: State::Net(exposure.workload),
            ease,
            confidence: exposure.confidence,
            args: [at as Index, 0],
            fixes: &[key],
        });
    }
}

fn describe(world: &World<'_>, _: &Graph, edge: &Edge) -> Line {
    let Some(exposure) = world.exposures.get(edge.args[0] as usize) else {
        return Line { text: STEP.title.into(), evidence: Evidence::Assumption(String::new()) };
    };
    let limited = world.workload_at(exposure.workload).is_some_and(|w| w.reach.limited);
    let policy = if limited { "its NetworkPolicy lets it in" } else { "no NetworkPolicy" };
    let name = &exposure.resource.reference;
    let text = match &exposure.kind {
        ExposureKind::NodePort(Some(port)) => format!("{name} is a NodePort ({port}), {policy}"),
        ExposureKind::NodePort(None) => format!("{name} is a NodePort, {policy}"),
        ExposureKind::LoadBalancer => format!("{name} is a LoadBalancer for any source, {policy}"),
        ExposureKind::ExternalIps => format!("{name} answers on external addresses, {policy}"),
        ExposureKind::Ingress => format!("{name} publishes it"),
        ExposureKind::HostPort(port) => format!("{name} listens on port {port} of its node"),
    };
    Line { text, evidence: exposure.resource.evidence(&exposure.pointer) }
}

#[cfg(test)]
mod tests {
    use crate::testing::{edges, pod};

    const NODE_PORT: &str = "---\napiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: shop}\n\
                             spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, nodePort: 30080}]}\n";

    #[test]
    fn a_node_port_opens_what_it_selects() {
        let yaml = pod("shop", "web", "") + &pod("shop", "cart", "") + NODE_PORT;
        assert_eq!(edges("exposed", &yaml, &[]), ["Internet -> net shop/web 0.90"]);
    }

    #[test]
    fn a_cluster_ip_and_a_denying_policy_do_not() {
        let inside = NODE_PORT.replace("NodePort", "ClusterIP");
        assert!(edges("exposed", &(pod("shop", "web", "") + &inside), &[]).is_empty());
        let deny = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n\
                    metadata: {name: deny, namespace: shop}\nspec: {podSelector: {}, policyTypes: [Ingress]}\n";
        assert!(edges("exposed", &(pod("shop", "web", "") + NODE_PORT + deny), &[]).is_empty());
    }

    #[test]
    fn a_policy_counts_for_the_port_that_the_service_sends_to() {
        let opens = |ingress: &str, target: &str| {
            let policy = format!(
                "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p, namespace: shop}}\n\
                 spec: {{podSelector: {{}}, ingress: [{ingress}]}}\n"
            );
            let service = NODE_PORT.replace("{port: 80,", &format!("{{port: 80, targetPort: {target},"));
            !edges("exposed", &(pod("shop", "web", "") + &service + &policy), &[]).is_empty()
        };
        assert!(opens("{ports: [{port: 8080}]}", "8080"));
        assert!(!opens("{ports: [{port: 9090}]}", "8080"));
        assert!(!opens("{ports: [{port: 8080, protocol: UDP}]}", "8080"));
        assert!(opens("{ports: [{port: 8000, endPort: 9000}]}", "8080"));
        assert!(opens("{ports: [{port: 9090}]}", "unknown-name"));
        assert!(opens("{from: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]}", "8080"));
        assert!(!opens("{from: [{ipBlock: {cidr: 198.51.100.0/24}}]}", "8080"));
    }

    #[test]
    fn a_load_balancer_counts_unless_its_sources_are_limited_or_it_is_internal() {
        let balancer = NODE_PORT.replace("type: NodePort", "type: LoadBalancer");
        assert_eq!(edges("exposed", &(pod("shop", "web", "") + &balancer), &[]).len(), 1);
        let limited = balancer.replace("selector", "loadBalancerSourceRanges: [192.0.2.0/24], selector");
        assert!(edges("exposed", &(pod("shop", "web", "") + &limited), &[]).is_empty());
        let internal = balancer.replace(
            "namespace: shop}",
            "namespace: shop, annotations: {networking.gke.io/load-balancer-type: Internal}}",
        );
        assert!(edges("exposed", &(pod("shop", "web", "") + &internal), &[]).is_empty());
    }

    #[test]
    fn a_port_of_the_node_is_half_as_likely() {
        let yaml = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: ns}\nspec:\n  containers:\n  \
                    - {name: c, image: i, ports: [{containerPort: 80, hostPort: 8080}]}\n";
        assert_eq!(edges("exposed", yaml, &[]), ["Internet -> net ns/p 0.50"]);
    }
}
