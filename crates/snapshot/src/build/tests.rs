//! What a builder makes of objects, in whatever order they come.

use super::*;
use crate::{ContainerKind, load, save};
use proptest::prelude::*;
use serde_json::json;

fn built(objects: impl IntoIterator<Item = Value>) -> Snapshot {
    let mut builder = Builder::new("shop");
    for object in objects {
        assert!(builder.add(object.clone(), Origin::Builtin), "{object}");
    }
    builder.build()
}

fn names(snapshot: &Snapshot) -> Vec<String> {
    snapshot.resources().iter().map(|r| r.reference.to_string()).collect()
}

fn workloads(snapshot: &Snapshot) -> Vec<(String, bool)> {
    snapshot.workloads().map(|w| (w.reference().to_string(), w.observed())).collect()
}

/// `Kind name`, and who controls it as `apiVersion Kind name`.
fn object(version: &str, kind: &str, name: &str, owner: Option<&str>) -> Value {
    let mut value =
        json!({"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "shop"}});
    if let Some(owner) = owner {
        let parts: Vec<&str> = owner.split(' ').collect();
        value["metadata"]["ownerReferences"] = json!([{"apiVersion": parts[0], "kind": parts[1], "name": parts[2], "uid": "u", "controller": true}]);
    }
    value
}

fn with_template(mut value: Value, image: &str) -> Value {
    value["spec"] = json!({"template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "a", "image": image}]}}});
    value
}

fn live(name: &str, owner: Option<&str>, image: &str) -> Value {
    let mut pod = object("v1", "Pod", name, owner);
    pod["metadata"]["uid"] = json!(format!("uid-{name}"));
    pod["spec"] = json!({
        "nodeName": "node-1", "serviceAccountName": "web", "hostPID": true,
        "containers": [{"name": "a", "image": image, "volumeMounts": [
            {"name": "kube-api-access-x", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]}],
        "volumes": [{"name": "kube-api-access-x", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}],
    });
    pod["status"] = json!({"phase": "Running", "podIP": "10.0.0.1", "containerStatuses": [{
        "name": "a", "image": image, "imageID": format!("{image}@sha256:{}", "a".repeat(64)),
        "containerID": format!("containerd://{}", "b".repeat(64)),
    }]});
    pod
}

const RS: &str = "apps/v1 ReplicaSet web-5d";
const DEPLOYMENT: &str = "apps/v1 Deployment web";

#[test]
fn what_is_no_object_is_refused() {
    let rows = [
        json!(null),
        json!([]),
        json!({"kind": "Pod", "metadata": {"name": "a"}}),
        json!({"apiVersion": "v1", "metadata": {"name": "a"}}),
        json!({"apiVersion": "v1", "kind": "Pod"}),
        json!({"apiVersion": "v1", "kind": "", "metadata": {"name": "a"}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": 1}}),
    ];
    let mut builder = Builder::new("shop");
    for row in rows {
        assert!(!builder.add(row.clone(), Origin::Builtin), "{row}");
    }
    assert!(builder.build().is_empty());
}

#[test]
fn too_deep_is_left_out_and_said() {
    let mut deep = object("v1", "ConfigMap", "deep", None);
    deep["data"] = (0..200).fold(json!(1), |inner, _| json!({"a": inner}));
    let mut builder = Builder::new("shop");
    assert!(!builder.add(deep, Origin::Builtin));
    let snapshot = builder.build();
    assert!(snapshot.is_empty());
    assert_eq!(snapshot.diagnostics.first().map(|d| d.code), Some("snapshot/too-deep"));
}

#[test]
fn namespaces_and_scopes() {
    let crd = |kind: &str, scope: &str| {
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": format!("{kind}.example.org")},
               "spec": {"group": "example.org", "scope": scope, "names": {"kind": kind}}})
    };
    let custom = |kind: &str| json!({"apiVersion": "example.org/v1", "kind": kind, "metadata": {"name": "x", "namespace": "shop"}});
    let snapshot = built([
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "bare"}}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "empty", "namespace": ""}}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "named", "namespace": "other"}}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r", "namespace": "shop"}}),
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": "migrate-"}}),
        // The definitions may come after what they define.
        custom("Wide"),
        custom("Narrow"),
        custom("Untold"),
        crd("Wide", "Cluster"),
        crd("Narrow", "Namespaced"),
    ]);
    let want = [
        "ConfigMap other/named",
        "ConfigMap shop/bare",
        "ConfigMap shop/empty",
        "CustomResourceDefinition Narrow.example.org",
        "CustomResourceDefinition Wide.example.org",
        "Job shop/migrate-",
        "Narrow shop/x",
        "Untold shop/x",
        "Wide x",
        "ClusterRole r",
    ];
    let mut got = names(&snapshot);
    got.sort();
    let mut want = want.to_vec();
    want.sort_unstable();
    assert_eq!(got, want);
    assert!(snapshot.find("example.org", "Wide", "", "x").is_some());
    assert_eq!(snapshot.of("", "ConfigMap").len(), 3);
    assert!(snapshot.of("", "Nothing").is_empty());
}

#[test]
fn of_two_the_later_counts_and_both_are_named() {
    let at = |path: &str, offset| Origin::File { path: path.into(), offset, item: None, template: None };
    let role = |verb: &str| json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"}, "rules": [{"verbs": [verb]}]});
    let mut builder = Builder::new("shop");
    builder.add(role("get"), at("a.yaml", 7));
    builder.add(role("list"), at("b.yaml", 0));
    let snapshot = builder.build();
    let kept = snapshot.find("rbac.authorization.k8s.io", "Role", "shop", "r").unwrap();
    assert!(kept.text().contains("list"));
    let diagnostic = snapshot.diagnostics.first().unwrap();
    assert_eq!((diagnostic.code, &*diagnostic.document), ("snapshot/duplicate-resource", "b.yaml"));
    assert!(diagnostic.help.as_deref().unwrap().contains("a.yaml (byte 7)"), "{diagnostic:?}");
}

#[test]
fn generated_names_do_not_hide_each_other() {
    let job = |image: &str| {
        with_template(
            json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": "migrate-"}}),
            image,
        )
    };
    let snapshot = built([job("b:1"), job("a:1")]);
    assert_eq!((snapshot.workloads().count(), snapshot.diagnostics.len()), (2, 0));
}

#[test]
fn a_pod_given_twice_is_one_row() {
    let snapshot = built([live("web-5d-x", Some(RS), "web:1"), live("web-5d-x", Some(RS), "web:2")]);
    assert_eq!((snapshot.pods().len(), snapshot.diagnostics.len()), (1, 1));
    let lone = built([live("x", None, "web:1"), live("x", None, "web:2")]);
    assert_eq!((lone.pods().len(), lone.diagnostics.len()), (1, 1));
}

#[test]
fn chains_lead_to_the_top() {
    let deployment = with_template(object("apps/v1", "Deployment", "web", None), "web:1");
    let rs = with_template(object("apps/v1", "ReplicaSet", "web-5d", Some(DEPLOYMENT)), "web:1");
    let cron = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c", "namespace": "shop"},
        "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "a", "image": "c:1"}]}}}}}});
    let job = with_template(object("batch/v1", "Job", "c-1", Some("batch/v1 CronJob c")), "c:1");
    let snapshot = built([
        live("web-5d-x", Some(RS), "web:1"),
        live("c-1-x", Some("batch/v1 Job c-1"), "c:1"),
        job,
        rs,
        deployment,
        cron,
    ]);
    let tops: Vec<_> = snapshot.pods().iter().map(|p| snapshot.workload_of(p).unwrap().to_string()).collect();
    assert_eq!(tops, ["CronJob shop/c", "Deployment shop/web"]);
    assert_eq!(
        workloads(&snapshot),
        [("Deployment shop/web".into(), false), ("CronJob shop/c".into(), false)]
    );
    let row = snapshot.pods().last().unwrap();
    assert_eq!(
        (&*row.name, &*row.uid, &*row.account, row.phase),
        ("web-5d-x", "uid-web-5d-x", "web", Phase::Running)
    );
    assert_eq!(snapshot.node_of(row).map(|n| &**n), Some("node-1"));
    assert_eq!(snapshot.image(row.images[0].image).unwrap().to_string(), "docker.io/library/web:1");
    assert_eq!(row.images[0].container.as_ref().unwrap().prefix(), "bbbbbbbbbbbb");
}

#[test]
fn chains_that_close_on_themselves_end() {
    let a = with_template(object("apps/v1", "ReplicaSet", "a", Some("apps/v1 ReplicaSet b")), "web:1");
    let b = with_template(object("apps/v1", "ReplicaSet", "b", Some("apps/v1 ReplicaSet a")), "web:1");
    let own = with_template(object("apps/v1", "ReplicaSet", "c", Some("apps/v1 ReplicaSet c")), "web:1");
    let snapshot = built([a, b, own, live("p", Some("apps/v1 ReplicaSet a"), "web:1")]);
    assert_eq!(snapshot.workload_of(&snapshot.pods()[0]).unwrap().to_string(), "ReplicaSet shop/a");
    let names: Vec<_> = workloads(&snapshot).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["ReplicaSet shop/a", "ReplicaSet shop/b", "ReplicaSet shop/c"]);
}

#[test]
fn mirror_and_lone_pods_stand_for_themselves() {
    let mirror = live("kube-proxy-node-1", Some("v1 Node node-1"), "proxy:1");
    let written = object("v1", "Pod", "written", None);
    let snapshot = built([mirror, live("lone", None, "web:1"), written]);
    assert_eq!(snapshot.pods().len(), 2);
    let tops: Vec<_> = snapshot.pods().iter().map(|p| snapshot.workload_of(p).unwrap().to_string()).collect();
    assert_eq!(tops, ["Pod shop/kube-proxy-node-1", "Pod shop/lone"]);
    assert_eq!(snapshot.workloads().count(), 3);
    assert!(snapshot.workloads().all(|w| !w.observed()));
}

/// The template of the only observed workload.
fn observed(snapshot: &Snapshot) -> (String, Value) {
    let all: Vec<_> = snapshot.workloads().filter(|w| w.observed()).collect();
    assert_eq!(all.len(), 1, "{:?}", workloads(snapshot));
    (all[0].reference().to_string(), serde_json::from_str(all[0].resource.text()).unwrap())
}

#[test]
fn pods_of_a_custom_controller_show_its_template_once() {
    let owner = Some("argoproj.io/v1alpha1 Rollout web");
    let mut rollout = object("argoproj.io/v1alpha1", "Rollout", "web", None);
    rollout["metadata"]["uid"] = json!("u1");
    let snapshot = built([live("b", owner, "web:1"), live("a", owner, "web:1"), rollout]);
    let (name, text) = observed(&snapshot);
    assert_eq!(name, "Rollout shop/web");
    let want = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": {"metadata": {}, "spec": {
            "serviceAccountName": "web", "hostPID": true, "containers": [{"name": "a", "image": "web:1"}]}}},
    });
    assert_eq!(text, want);
    let workload = snapshot.workloads().last().unwrap();
    let template = workload.parse();
    assert!(template.spec().json.get("hostPID").is_true());
    assert_eq!(template.spec_pointer(), "/spec/template/spec");
    assert_eq!(workload.reference().uid.as_deref(), Some("u1"));
    assert!(snapshot.pods().iter().all(|pod| snapshot.workload_of(pod) == Some(workload.reference())));
}

#[test]
fn every_distinct_template_of_a_custom_controller_is_seen() {
    let owner = Some("example.org/v1 Cluster web");
    let snapshot = built([live("a", owner, "web:1"), live("b", owner, "web:2"), live("c", owner, "web:1")]);
    assert_eq!(snapshot.workloads().count(), 2);
    let many = built((0..40).map(|i| live(&format!("p{i}"), owner, &format!("web:{i}"))));
    assert_eq!(many.workloads().count(), MAX_TEMPLATES);
    assert_eq!(
        many.diagnostics.first().map(|d| (d.code, d.level)),
        Some(("snapshot/many-templates", model::Level::Error))
    );
    assert_eq!(many.pods().len(), 40);
}

#[test]
fn a_deployment_that_could_not_be_read_is_seen_through_its_replicasets() {
    let rs = |name: &str, image: &str, replicas: i64| {
        let mut rs = with_template(object("apps/v1", "ReplicaSet", name, Some(DEPLOYMENT)), image);
        rs["spec"]["replicas"] = json!(replicas);
        rs
    };
    // The ReplicaSet's own template wins over its pods'; a former revision shows nothing.
    let pod = || live("web-5d-x", Some(RS), "injected:1");
    for objects in [
        vec![rs("web-5d", "web:1", 2), rs("web-4c", "web:0", 0), pod()],
        vec![pod(), rs("web-5d", "web:1", 2)],
    ] {
        let (name, text) = observed(&built(objects));
        assert_eq!(name, "Deployment shop/web");
        assert_eq!(text.pointer("/spec/template/spec/containers/0/image"), Some(&json!("web:1")));
    }
    // Without pods, too: unknown is not clean.
    assert_eq!(observed(&built([rs("web-5d", "web:1", 2)])).0, "Deployment shop/web");
    // Nothing but the pod.
    assert_eq!(observed(&built([pod()])).0, "ReplicaSet shop/web-5d");
}

#[test]
fn a_cronjob_that_could_not_be_read_has_its_template_where_it_belongs() {
    let job = with_template(object("batch/v1", "Job", "c-1", Some("batch/v1 CronJob c")), "c:1");
    let snapshot = built([job]);
    let (name, text) = observed(&snapshot);
    assert_eq!(name, "CronJob shop/c");
    let pointer = "/spec/jobTemplate/spec/template/spec";
    assert_eq!(snapshot.workloads().last().unwrap().parse().spec_pointer(), pointer);
    assert_eq!(text.pointer(pointer).unwrap()["containers"][0]["image"], "c:1");
}

#[test]
fn pods_find_their_deployment_without_the_replicaset() {
    let mut pod = live("web-5d-x", Some(RS), "web:1");
    pod["metadata"]["labels"] = json!({"pod-template-hash": "5d"});
    let deployment = with_template(object("apps/v1", "Deployment", "web", None), "web:1");
    let snapshot = built([pod.clone(), deployment]);
    assert_eq!(workloads(&snapshot), [("Deployment shop/web".to_owned(), false)]);
    assert_eq!(snapshot.workload_of(&snapshot.pods()[0]).unwrap().to_string(), "Deployment shop/web");
    // The name is only believed when the Deployment is there.
    assert_eq!(observed(&built([pod])).0, "ReplicaSet shop/web-5d");
}

#[test]
fn a_pod_that_makes_pods_does_not_hide_their_template() {
    let snapshot = built([live("driver", None, "spark:1"), live("exec-1", Some("v1 Pod driver"), "exec:1")]);
    assert_eq!(
        workloads(&snapshot),
        [("Pod shop/driver".to_owned(), false), ("Pod shop/driver".to_owned(), true)]
    );
}

#[test]
fn kinds_that_only_share_a_name_are_kept() {
    // Volcano's Job is none of Kubernetes'.
    let job = object("batch.volcano.sh/v1alpha1", "Job", "train", Some("example.org/v1 Train t"));
    assert_eq!(names(&built([job])), ["Job shop/train"]);
}

#[test]
fn managed_fields_go_and_the_owner_is_remembered() {
    let mut deployment = with_template(object("apps/v1", "Deployment", "web", None), "web:1");
    deployment["metadata"]["managedFields"] = json!([
        {"manager": "helm", "time": "2026-01-02T00:00:00Z"}, {"manager": "kubectl", "time": "2026-01-01T00:00:00Z"},
        {"manager": "kube-controller-manager", "time": "2026-01-03T00:00:00Z", "subresource": "status"},
    ]);
    let mut builder = Builder::new("shop");
    let origin =
        |owner: Option<&str>| Origin::Cluster { context: "prod".into(), owner: owner.map(Into::into) };
    builder.add(deployment, origin(None));
    builder.add(object("v1", "ConfigMap", "bare", None), origin(None));
    let snapshot = builder.build();
    let web = snapshot.find("apps", "Deployment", "shop", "web").unwrap();
    assert_eq!(web.origin, origin(Some("helm")));
    assert!(!web.text().contains("managedFields"));
    assert_eq!(snapshot.find("", "ConfigMap", "shop", "bare").unwrap().origin, origin(None));
}

#[test]
fn secrets_are_empty_wherever_they_are_looked_at() {
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s",
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "hunter2"}},
        "data": {"password": "hunter2"}, "stringData": {"user": "hunter2"}});
    let snapshot = built([secret]);
    let mut saved = Vec::new();
    save(&snapshot, &mut saved).unwrap();
    let saved = String::from_utf8(saved).unwrap();
    assert!(!saved.contains("hunter2") && saved.contains("password"), "{saved}");
}

#[test]
fn account_of_a_row() {
    let account = |spec: Value| {
        let mut pod = live("x", Some(RS), "web:1");
        pod["spec"] = spec;
        built([pod]).pods()[0].account.to_string()
    };
    assert_eq!(account(json!({})), "default");
    assert_eq!(account(json!({"serviceAccount": "old"})), "old");
    assert_eq!(account(json!({"serviceAccountName": "new", "serviceAccount": "old"})), "new");
    assert_eq!(account(json!({"serviceAccountName": ""})), "default");
}

/// One of a few objects that know each other, each at most once.
fn some_objects() -> Vec<Value> {
    let rollout = Some("argoproj.io/v1alpha1 Rollout r");
    let cluster = Some("example.org/v1 Cluster c");
    vec![
        with_template(object("apps/v1", "Deployment", "web", None), "web:1"),
        with_template(object("apps/v1", "ReplicaSet", "web-5d", Some(DEPLOYMENT)), "web:1"),
        live("web-5d-x", Some(RS), "web:1"),
        live("web-5d-y", Some(RS), "web:2"),
        live("lone", None, "lone:1"),
        live("r-1", rollout, "r:1"),
        live("r-2", rollout, "r:2"),
        live("c-1", cluster, "c:1"),
        object("example.org/v1", "Cluster", "c", None),
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "clusters.example.org"},
               "spec": {"group": "example.org", "scope": "Cluster", "names": {"kind": "Cluster"}}}),
        with_template(object("batch/v1", "Job", "j-1", Some("batch/v1 CronJob j")), "j:1"),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}, "status": {"addresses": []}}),
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": "m-"}, "spec": {"a": 1}}),
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": "m-"}, "spec": {"a": 2}}),
    ]
}

proptest! {
    #[test]
    fn order_does_not_matter_and_saving_changes_nothing(
        objects in prop::sample::subsequence(some_objects(), 0..=14), seed in any::<u64>(),
    ) {
        let mut shuffled = objects.clone();
        let mut state = seed;
        for at in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(at, (state >> 33) as usize % (at + 1));
        }
        let bytes = |snapshot: &Snapshot| {
            let mut out = Vec::new();
            save(snapshot, &mut out).unwrap();
            out
        };
        let first = bytes(&built(objects));
        let second = bytes(&built(shuffled));
        prop_assert_eq!(String::from_utf8_lossy(&first), String::from_utf8_lossy(&second));
        let loaded = load(&*first).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(bytes(&loaded), first);
    }
}

#[test]
fn containers_come_in_order_and_pointers_lead_to_them() {
    let pod_spec = json!({
        "ephemeralContainers": [{"name": "e"}], "containers": [{"name": "a", "image": "web:1", "securityContext": {"privileged": true},
            "volumeMounts": [{"name": "root", "mountPath": "/host", "readOnly": true}]}, {"name": "b", "image": "Not A Name"}],
        "initContainers": [{"name": "i"}], "volumes": [{"name": "root", "hostPath": {"path": "/"}}, {"name": "tmp", "emptyDir": {}}],
        "serviceAccount": "old",
    });
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": pod_spec});
    let rows = [
        ("v1", "Pod", json!({"spec": pod_spec}), "/spec"),
        ("v1", "ReplicationController", json!({"spec": {"template": template}}), "/spec/template/spec"),
        ("apps/v1", "DaemonSet", json!({"spec": {"template": template}}), "/spec/template/spec"),
        ("apps/v1", "Deployment", json!({"spec": {"template": template}}), "/spec/template/spec"),
        ("apps/v1", "ReplicaSet", json!({"spec": {"template": template}}), "/spec/template/spec"),
        ("apps/v1", "StatefulSet", json!({"spec": {"template": template}}), "/spec/template/spec"),
        ("batch/v1", "Job", json!({"spec": {"template": template}}), "/spec/template/spec"),
        (
            "batch/v1",
            "CronJob",
            json!({"spec": {"jobTemplate": {"spec": {"template": template}}}}),
            "/spec/jobTemplate/spec/template/spec",
        ),
    ];
    for (version, kind, body, pointer) in rows {
        let mut value = object(version, kind, "web", None);
        value["spec"] = body["spec"].clone();
        let snapshot = built([value]);
        let workload = snapshot.workloads().next().unwrap();
        let text: Value = serde_json::from_str(workload.resource.text()).unwrap();
        let parsed = workload.parse();
        let spec = parsed.spec();
        assert_eq!(parsed.spec_pointer(), pointer, "{kind}");
        let order: Vec<_> = spec.containers().map(|c| (c.kind, c.index, c.name().to_owned())).collect();
        let want = [
            (ContainerKind::Init, 0, "i"),
            (ContainerKind::Main, 0, "a"),
            (ContainerKind::Main, 1, "b"),
            (ContainerKind::Ephemeral, 0, "e"),
        ];
        assert_eq!(order, want.map(|(kind, index, name)| (kind, index, name.to_owned())), "{kind}");
        for container in spec.containers() {
            let name = text.pointer(&container.pointer("/name")).and_then(Value::as_str);
            assert_eq!(name, Some(container.name()), "{kind} {}", container.pointer("/name"));
        }
        let main = spec.containers().nth(1).unwrap();
        assert!(main.privileged() && main.image().is_some());
        assert!(spec.containers().nth(2).unwrap().image().is_none());
        let mount = main.mounts().next().unwrap();
        assert_eq!((mount.volume, mount.path, mount.read_only), ("root", "/host", true));
        let paths: Vec<_> = spec.volumes().map(|v| (v.name(), v.host_path())).collect();
        assert_eq!(paths, [("root", Some("/")), ("tmp", None)]);
        assert_eq!(spec.account(), model::Identity::account("shop", "old"));
        let model::Evidence::Field { pointer, .. } = spec.evidence("/serviceAccount") else {
            panic!("a field")
        };
        assert_eq!(text.pointer(&pointer), Some(&json!("old")));
    }
}

#[test]
fn an_account_that_is_not_named_is_the_default_one() {
    let snapshot = built([object("v1", "Pod", "x", None)]);
    let parsed = snapshot.workloads().next().unwrap().parse();
    assert_eq!(parsed.spec().account_name(), "default");
    assert_eq!(parsed.spec().containers().count(), 0);
}

#[test]
fn what_save_did_not_write_is_not_read() {
    let mut saved = Vec::new();
    let snapshot = built(some_objects());
    save(&snapshot, &mut saved).unwrap();
    assert!(load(&*saved).is_ok());
    let count = format!("\"resources\":{}", snapshot.resources().len());
    let text = String::from_utf8(saved).unwrap();
    // Every cut, at a line's end or within a line.
    for at in 0..text.len() {
        assert!(load(&text.as_bytes()[..at]).is_err(), "{at}: {:?}", &text[at.saturating_sub(40)..at]);
    }
    let lines: Vec<&str> = text.lines().collect();
    let with = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    let mut swapped = lines.clone();
    swapped.swap(1, 2);
    let mut pods = lines.clone();
    let last = pods.len() - 1;
    pods.swap(last, last - 1);
    let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
    let rows = [
        ("nothing", String::new()),
        ("another document", "{}\n".into()),
        ("a newer format", with("\"ringwall_snapshot\":1", "\"ringwall_snapshot\":2")),
        ("more resources", with(&count, "\"resources\":18446744073709551615")),
        ("fewer resources", with(&count, "\"resources\":3")),
        ("more pods", with("\"pods\":", "\"pods\":9")),
        ("a node that is not there", with("\"node\":0", "\"node\":77")),
        ("an owner that is not there", with("\"workload\":1", "\"workload\":4294967295")),
        ("an image that is not there", with("\"images\":[{\"image\":0", "\"images\":[{\"image\":77")),
        ("a container that is none", with(&"b".repeat(64), "../../etc/passwd")),
        ("a resource that is no object", with("\"t\":{", "\"t\":[],\"x\":{")),
        ("a resource too deep", with("\"addresses\":[]", &format!("\"addresses\":{deep}"))),
        ("another order", swapped.join("\n") + "\n"),
        ("another order of pods", pods.join("\n") + "\n"),
        ("a tail", format!("{text}\n")),
        ("brackets", "[".repeat(100_000) + "\n"),
    ];
    for (what, hostile) in rows {
        let error = load(hostile.as_bytes());
        assert!(error.is_err(), "{what}");
    }
    assert!(load(&[0xff, 0xfe, b'\n'][..]).is_err());
}

fn running(name: &str, node: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop"},
        "spec": {"nodeName": node},
        "status": {"phase": "Running", "containerStatuses": [
            {"image": format!("registry.test/{name}:1"), "imageID": "", "containerID": ""}
        ]}
    })
}

#[test]
fn a_merged_snapshot_keeps_its_rows_apart() {
    let mut old = Builder::new("default");
    old.add(running("a", "n2"), Origin::Builtin);
    let mut new = Builder::new("default");
    new.add(running("b", "n1"), Origin::Builtin);
    new.merge(old.build());
    let snapshot = new.build();
    let seen: Vec<_> = snapshot
        .pods()
        .iter()
        .map(|p| (p.name.to_string(), snapshot.node_of(p).unwrap().to_string()))
        .collect();
    assert_eq!(seen, [("a".into(), "n2".into()), ("b".into(), "n1".into())]);
    let owners: Vec<_> =
        snapshot.pods().iter().filter_map(|p| snapshot.workload_of(p)).map(|o| o.to_string()).collect();
    assert_eq!(owners, ["Pod shop/a", "Pod shop/b"]);
    assert_eq!(snapshot.of("", "Pod").len(), 2);
}

#[test]
fn the_scope_of_a_custom_kind_can_be_told() {
    let mut builder = Builder::new("default");
    builder.scope("kyverno.io", "ClusterPolicy", false);
    let policy = json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "p"}});
    assert!(builder.add(policy, Origin::Builtin));
    assert!(builder.build().find("kyverno.io", "ClusterPolicy", "", "p").is_some());
}
