//! A live cluster read against a server that behaves, refuses, hurries, forgets and hangs up.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod fake;

use fake::{Fake, Trick};
use model::{Gap, Origin, Timestamp};
use serde_json::{Value, json};
use snapshot::{Builder, Snapshot};
use sources::cluster::{ClusterCaps, ClusterOptions, ClusterSeen, Error, KubeletCaps, read_cluster};
use std::time::Duration;

fn options(fake: &Fake) -> ClusterOptions {
    let caps = ClusterCaps { page: 2, pause: Duration::from_millis(5), ..ClusterCaps::default() };
    ClusterOptions { kubeconfig: Some(fake.kubeconfig()), caps, ..ClusterOptions::default() }
}

fn read(options: &ClusterOptions) -> Result<(Snapshot, ClusterSeen), Error> {
    let mut builder = Builder::new("default");
    let seen = read_cluster(options, Timestamp::UNIX_EPOCH, &mut builder, &mut |_| {})?;
    Ok((builder.build(), seen))
}

fn pod(n: usize) -> Value {
    let owner = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "controller": true}]);
    json!({
        "metadata": {"namespace": "shop", "name": format!("web-{n}"), "uid": format!("u{n}"), "ownerReferences": owner},
        "spec": {"nodeName": "n1"},
        "status": {"phase": "Running"}
    })
}

fn pods(count: usize) -> Vec<Value> {
    (0..count).map(pod).collect()
}

fn gap<'s>(snapshot: &'s Snapshot, what: &str) -> &'s Gap {
    let found = snapshot.coverage.gaps.iter().find(|gap| gap.what.starts_with(what));
    found.unwrap_or_else(|| panic!("no gap {what} in {:#?}", snapshot.coverage.gaps))
}

const PODS: &str = "/api/v1/pods";

#[test]
fn a_cluster_is_read_whole() {
    let set = json!({"metadata": {"namespace": "shop", "name": "web-1", "ownerReferences": [
        {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "controller": true}]}});
    let managed = json!({"metadata": {"namespace": "shop", "name": "web",
        "managedFields": [{"manager": "helm", "time": "2026-01-01T00:00:00Z"}]}});
    let fake = Fake::start()
        .with(PODS, pods(5))
        .with("/apis/apps/v1/replicasets", [set])
        .with("/apis/apps/v1/deployments", [managed])
        .with("/apis/rbac.authorization.k8s.io/v1/clusterroles", [json!({"metadata": {"name": "a"}})]);
    let (snapshot, seen) = read(&options(&fake)).unwrap();
    assert_eq!(snapshot.coverage.gaps, []);
    assert_eq!(snapshot.pods().len(), 5);
    let owner = snapshot.workload_of(&snapshot.pods()[0]).unwrap();
    assert_eq!(owner.to_string(), "Deployment shop/web");
    let web = snapshot.find("apps", "Deployment", "shop", "web").unwrap();
    assert_eq!(&*web.api_version, "apps/v1");
    assert_eq!(web.origin, Origin::Cluster { context: "test".into(), owner: Some("helm".into()) });
    assert!(snapshot.find("rbac.authorization.k8s.io", "ClusterRole", "", "a").is_some());
    assert_eq!(snapshot.server_version.as_deref(), Some("v1.36.3"));
    assert_eq!((seen.context.as_str(), seen.objects, seen.kinds), ("test", 8, fake::LISTS.len() as u64));
    let pages: Vec<_> = fake.asked().into_iter().filter(|a| a.path == PODS).map(|a| a.query).collect();
    assert_eq!(pages, ["limit=2", "limit=2&continue=2", "limit=2&continue=4"]);
}

#[test]
fn values_of_secrets_are_not_asked_for() {
    let secret = json!({"metadata": {"namespace": "shop", "name": "db"}, "data": {"password": "czNjcmV0"}});
    let config = json!({"metadata": {"namespace": "shop", "name": "c"}, "data": {"a": "private"}});
    let auth =
        json!({"metadata": {"namespace": "kube-system", "name": "aws-auth"}, "data": {"mapRoles": "x"}});
    let fake = Fake::start().with("/api/v1/secrets", [secret]).with("/api/v1/configmaps", [config, auth]);
    let (snapshot, _) = read(&options(&fake)).unwrap();
    for asked in fake.asked() {
        if asked.path.ends_with("/secrets") || asked.path.ends_with("/configmaps") {
            assert_eq!(asked.accept, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
        }
    }
    assert!(snapshot.find("", "Secret", "shop", "db").is_some());
    let mut saved = Vec::new();
    snapshot::save(&snapshot, &mut saved).unwrap();
    let saved = String::from_utf8(saved).unwrap();
    for private in ["czNjcmV0", "private", "s3cret"] {
        assert!(!saved.contains(private), "{private}");
    }
    let auth = snapshot.find("", "ConfigMap", "kube-system", "aws-auth").unwrap();
    assert_eq!(auth.json().at(&["data", "mapRoles"]).text(), "x");
}

#[test]
fn a_server_that_sends_values_anyway_is_cut_to_metadata() {
    let list = r#"{"kind": "SecretList", "items": [
        {"metadata": {"namespace": "a", "name": "s"}, "data": {"k": "czNjcmV0"}, "stringData": {"k": "s3cret"}}]}"#;
    let fake = Fake::start().trick("/api/v1/secrets", [Trick::Text(list)]);
    let (snapshot, _) = read(&options(&fake)).unwrap();
    let secret = snapshot.find("", "Secret", "a", "s").unwrap();
    assert_eq!(
        secret.text(),
        r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","namespace":"a"}}"#
    );
}

#[test]
fn refusals_are_gaps_with_the_command_that_grants_them() {
    let mut fake = Fake::start().with(PODS, pods(1));
    for (n, list) in fake::LISTS.iter().enumerate() {
        if n % 2 == 0 {
            fake = fake.deny(list);
        }
    }
    let (snapshot, seen) = read(&options(&fake)).unwrap();
    let refused: Vec<_> = snapshot.coverage.gaps.iter().filter(|gap| gap.why.contains("403")).collect();
    assert_eq!(refused.len(), fake::LISTS.len().div_ceil(2));
    assert_eq!(snapshot.pods().len(), 1, "what is allowed is read");
    assert_eq!(seen.kinds as usize, fake::LISTS.len() / 2);
    let help = gap(&snapshot, "services (right to list)").help.clone().unwrap();
    assert!(help.contains("--resource=") && help.contains("services"), "{help}");
    assert!(help.ends_with("--user=jane"), "{help}");
    assert!(refused.iter().all(|gap| gap.help.as_ref() == Some(&help)), "one command for all");
    assert!(snapshot.coverage.incomplete());
}

#[test]
fn a_busy_server_is_asked_again_after_the_wait_it_names() {
    let fake = Fake::start()
        .with(PODS, pods(3))
        .trick(PODS, [Trick::Status(429, Some(1)), Trick::Pass, Trick::Status(503, Some(3600))]);
    let mut options = options(&fake);
    options.caps.longest_pause = Duration::from_millis(1100);
    let start = std::time::Instant::now();
    let (snapshot, _) = read(&options).unwrap();
    assert_eq!(snapshot.coverage.gaps, []);
    assert_eq!(snapshot.pods().len(), 3);
    assert!(start.elapsed() >= Duration::from_secs(2), "both waits are kept, the second one cut");
}

#[test]
fn a_server_that_stays_busy_is_a_gap() {
    let fake = Fake::start().trick(PODS, vec![Trick::Status(429, Some(0)); 9]);
    let (snapshot, _) = read(&options(&fake)).unwrap();
    let gap = gap(&snapshot, "pods");
    assert_eq!(gap.why, "the server answered 429: as told (4 tries)");
    assert!(gap.asked && gap.help.is_some());
}

#[test]
fn an_expired_list_is_begun_anew_and_nothing_counts_twice() {
    let fake = Fake::start().with(PODS, pods(5)).trick(PODS, [Trick::Pass, Trick::Status(410, None)]);
    let (snapshot, seen) = read(&options(&fake)).unwrap();
    assert_eq!((snapshot.pods().len(), seen.objects), (5, 5));
    assert_eq!(snapshot.coverage.gaps, []);
    let fake =
        Fake::start().with(PODS, pods(5)).trick(PODS, [Trick::Pass, Trick::Status(410, None)].repeat(9));
    let (snapshot, _) = read(&options(&fake)).unwrap();
    assert_eq!(gap(&snapshot, "pods after the first 2").why, "the list expired 4 times");
}

#[test]
fn half_a_list_says_how_much_was_seen() {
    let fake = Fake::start().with(PODS, pods(5)).trick(PODS, [Trick::Pass, Trick::Cut]);
    let (snapshot, _) = read(&options(&fake)).unwrap();
    assert_eq!(snapshot.coverage.gaps, [], "one broken connection is tried again");
    assert_eq!(snapshot.pods().len(), 5);

    let mut tricks = vec![Trick::Pass];
    tricks.extend(vec![Trick::Cut; 9]);
    let fake = Fake::start().with(PODS, pods(5)).trick(PODS, tricks);
    let (snapshot, _) = read(&options(&fake)).unwrap();
    assert_eq!(snapshot.pods().len(), 2, "the first page stands");
    let gap = gap(&snapshot, "pods after the first 2");
    assert!(gap.why.starts_with("the connection broke after "), "{}", gap.why);

    let fake = Fake::start().trick(PODS, [Trick::Text(r#"{"items":[{"metadata":{"name":"a"#)]);
    let (snapshot, _) = read(&options(&fake)).unwrap();
    assert!(self::gap(&snapshot, "pods").why.starts_with("the page is not JSON"));
}

#[test]
fn missing_kinds_are_gaps_only_where_every_server_has_them() {
    let policies = "/apis/networking.k8s.io/v1/networkpolicies";
    let kyverno = "/apis/kyverno.io/v1/clusterpolicies";
    for plain in [false, true] {
        let mut fake = Fake::start().without(policies).with(kyverno, [json!({"metadata": {"name": "p"}})]);
        if plain {
            fake = fake.plain_discovery();
        }
        let (snapshot, _) = read(&options(&fake)).unwrap();
        let whats: Vec<_> = snapshot.coverage.gaps.iter().map(|gap| gap.what.as_str()).collect();
        assert_eq!(whats, ["networkpolicies.networking.k8s.io"], "plain: {plain}");
        assert!(snapshot.find("kyverno.io", "ClusterPolicy", "", "p").is_some(), "its scope is known");
    }
}

#[test]
fn discovery_that_is_refused_is_a_gap_and_the_kinds_are_tried() {
    let fake = Fake::start().with(PODS, pods(1)).trick("/apis", [Trick::Status(403, None)]);
    let (snapshot, _) = read(&options(&fake)).unwrap();
    let whats: Vec<_> = snapshot.coverage.gaps.iter().map(|gap| gap.what.as_str()).collect();
    assert_eq!(whats, ["the list of served kinds"]);
    assert_eq!(snapshot.pods().len(), 1);
}

#[test]
fn one_namespace_is_read_alone() {
    let fake = Fake::start().with("/api/v1/namespaces/shop/pods", pods(3)).with(
        "/api/v1/namespaces",
        [json!({"metadata": {"name": "shop"}}), json!({"metadata": {"name": "b"}})],
    );
    let mut options = options(&fake);
    options.namespace = Some("shop".into());
    let (snapshot, _) = read(&options).unwrap();
    assert_eq!(snapshot.pods().len(), 3);
    assert_eq!(snapshot.of("", "Namespace").len(), 1);
    options.namespace = Some("nowhere".into());
    let (snapshot, _) = read(&options).unwrap();
    assert!(gap(&snapshot, "namespace nowhere").asked);
}

#[test]
fn the_time_for_everything_is_kept() {
    let fake = Fake::start().trick("/api/v1/nodes", vec![Trick::Status(500, None); 9]);
    let mut options = options(&fake);
    options.caps.deadline = Duration::from_millis(300);
    options.caps.pause = Duration::from_secs(60);
    options.caps.longest_pause = Duration::from_secs(60);
    let start = std::time::Instant::now();
    let (snapshot, _) = read(&options).unwrap();
    assert!(start.elapsed() < Duration::from_secs(5));
    assert!(gap(&snapshot, "nodes").why.contains("no time left"));
}

#[test]
fn pages_that_are_too_large_are_asked_for_in_pieces() {
    let fake = Fake::start().with(PODS, pods(9));
    let mut options = options(&fake);
    options.caps.page = 500;
    options.caps.page_bytes = 2000;
    let (snapshot, _) = read(&options).unwrap();
    assert_eq!(snapshot.pods().len(), 9, "{:#?}", snapshot.coverage.gaps);
    options.caps.page_bytes = 1000;
    options.caps.objects = 4;
    let (snapshot, _) = read(&options).unwrap();
    assert!(snapshot.pods().len() <= 4);
    assert!(gap(&snapshot, "pods after the first 4").why.contains("more objects than we keep"));
}

#[test]
fn errors_say_what_to_do_next() {
    let fake = Fake::start();
    let mut wrong = options(&fake);
    wrong.context = Some("prod".into());
    assert_eq!(read(&wrong).unwrap_err().to_string(), "the kubeconfig has no context `prod`; it has: test");
    let mut absent = options(&fake);
    absent.kubeconfig = Some("no/such/file".into());
    let told = read(&absent).unwrap_err().to_string();
    assert!(told.starts_with("cannot read the kubeconfig no/such/file: "), "{told}");

    let fake = Fake::start().trick("/version", [Trick::Status(401, None)]);
    let told = read(&options(&fake)).unwrap_err().to_string();
    assert!(told.contains("does not accept the credentials of context `test`"), "{told}");

    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let path = fake.kubeconfig();
    let text = std::fs::read_to_string(&path).unwrap();
    let old = text.split("http://").nth(1).unwrap().split('"').next().unwrap().to_owned();
    std::fs::write(&path, text.replace(&old, &closed.to_string())).unwrap();
    let unreachable = ClusterOptions { kubeconfig: Some(path), ..ClusterOptions::default() };
    let told = read(&unreachable).unwrap_err().to_string();
    assert!(told.contains("refused") && told.contains("kubectl --context test version"), "{told}");
    assert!(!told.contains("s3cret"), "{told}");
}

#[test]
fn credential_plugins_are_run_and_what_they_print_is_not_told() {
    let fake = Fake::start();
    let usual = options(&fake);
    let plugin = |script: &str| {
        let exec = format!(
            "exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: {:?}, \
             installHint: install it from registry.test}}",
            fake.plugin(script)
        );
        ClusterOptions { kubeconfig: Some(fake.kubeconfig_of(&exec)), ..usual.clone() }
    };
    let good = r#"echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t0ken"}}'"#;
    let options = plugin(good);
    read(&options).unwrap();
    assert!(fake.asked().iter().all(|asked| asked.credential == "Bearer t0ken"));

    let options = plugin("echo s3cret; echo session expired >&2; exit 7");
    let told = read(&options).unwrap_err().to_string();
    assert!(told.contains("exit status: 7: session expired"), "{told}");
    assert!(told.contains("install it from registry.test"), "{told}");
    assert!(!told.contains("s3cret"), "{told}");

    let options = plugin("echo 'token: [s3cret'");
    let told = read(&options).unwrap_err().to_string();
    assert!(told.contains("did not print an ExecCredential"), "{told}");
    assert!(!told.contains("s3cret"), "{told}");
}

fn nodes(count: usize) -> Vec<Value> {
    (0..count).map(|n| json!({"metadata": {"name": format!("n{n}")}})).collect()
}

/// Options with little patience with kubelets.
fn hasty(fake: &Fake) -> ClusterOptions {
    let mut options = options(fake);
    let (request, deadline) = (Duration::from_millis(300), Duration::from_secs(5));
    options.caps.kubelets = KubeletCaps { bytes: 1 << 16, request, deadline, ..KubeletCaps::default() };
    options
}

#[test]
fn kubelets_are_asked_and_lies_are_told() {
    let good =
        r#"{"kubeletconfig":{"kind":"KubeletConfiguration","readOnlyPort":10255,"metadata":{"name":"n5"}}}"#;
    let answers = [
        Trick::Text(good),
        Trick::Endless,
        Trick::Silent,
        Trick::Text(r#"{"kubeletconfig":[1]}"#),
        Trick::Text("<html>"),
        Trick::Status(403, None),
    ];
    let mut fake = Fake::start().with("/api/v1/nodes", nodes(answers.len()));
    for (n, trick) in answers.into_iter().enumerate() {
        fake = fake.trick(&format!("/api/v1/nodes/n{n}/proxy/configz"), [trick]);
    }
    let started = std::time::Instant::now();
    let (snapshot, _) = read(&hasty(&fake)).unwrap();
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    let read = snapshot.of("kubelet.config.k8s.io", "KubeletConfiguration");
    assert_eq!(read.len(), 1);
    assert_eq!(
        read[0].reference.to_string(),
        "KubeletConfiguration n0",
        "a kubelet speaks for its own node only"
    );
    assert_eq!(read[0].json().get("readOnlyPort").int(), Some(10255));
    let odd: Vec<&str> = snapshot.diagnostics.iter().map(|d| &*d.document).collect();
    assert_eq!(odd, ["/configz of node n1", "/configz of node n3", "/configz of node n4"]);
    assert!(snapshot.diagnostics.iter().all(|d| d.code == "nodes/kubelet-config"));
    for n in 1..6 {
        gap(&snapshot, &format!("kubelet configuration of n{n}"));
    }
}

#[test]
fn the_right_to_ask_kubelets_is_named() {
    let fake = Fake::start().with("/api/v1/nodes", nodes(2)).deny("/api/v1/nodes/n0/proxy/configz");
    let (snapshot, _) = read(&hasty(&fake)).unwrap();
    let gap = gap(&snapshot, "kubelet configuration");
    assert_eq!(gap.what, "kubelet configuration (right to get nodes/configz)");
    let help = gap.help.as_deref().unwrap();
    assert!(help.contains("--verb=get --resource=nodes/configz") && help.contains("--user=jane"), "{help}");
    let asked: Vec<_> = fake.asked().into_iter().filter(|a| a.path.ends_with("/configz")).collect();
    assert_eq!(asked.len(), 1, "one refusal is enough");
}
