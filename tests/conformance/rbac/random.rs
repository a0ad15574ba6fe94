//! Random roles, bindings and requests: our answers and the server's must be the same, whatever the seed.

use super::table::{Asked, What};
use super::{minor, ours};
use integration::{Program, Random, demand, seed, tell};
use peers::cluster::Cluster;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Requests a run.
const REQUESTS: usize = 5_000;
/// How often requests are drawn until neither answer is rare.
const ROUNDS: usize = 12;
/// The least share of either answer, in percent: a suite that nearly always hears "no" proves little.
const LEAST: usize = 30;

const NAMESPACES: &[&str] = &["r-one", "r-two", "r-three"];
const USERS: &[&str] = &["r-ann", "r-ben", "r-cyd", "r-dan", "system:serviceaccount:r-one:bot"];
const GROUPS: &[&str] =
    &["r-devs", "r-ops", "r-all", "system:serviceaccounts:r-two", "system:serviceaccounts:r-three"];
const VERBS: &[&str] =
    &["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "bind", "*"];
const API_GROUPS: &[&str] = &["", "apps", "batch", "example.test", "*"];
const RESOURCES: &[&str] = &[
    "pods",
    "pods/log",
    "pods/exec",
    "secrets",
    "nodes",
    "deployments",
    "deployments/scale",
    "*/scale",
    "*/exec",
    "pods/*",
    "*",
    "things",
];
const NAMES: &[&str] = &["a", "b", "*", "", "web"];
const URLS: &[&str] = &["/x", "/x/*", "/x/y", "*", "/y*", "/z/**", "/*/w"];
const PATHS: &[&str] = &["/x", "/x/", "/x/y", "/x/y/z", "/y", "/yy", "/z/1", "/a/w", "/*/w", "/other"];

const GROUP: &str = "rbac.authorization.k8s.io";

fn rule(random: &mut Random, cluster: bool) -> Value {
    if cluster && random.chance(15) {
        return json!({"nonResourceURLs": random.some(URLS, 2), "verbs": random.some(VERBS, 2)});
    }
    let mut rule = json!({
        "apiGroups": random.some(API_GROUPS, 2),
        "resources": random.some(RESOURCES, 3),
        "verbs": random.some(VERBS, 4),
    });
    if random.chance(25) {
        rule["resourceNames"] = json!(random.some(NAMES, 2));
    }
    rule
}

fn subject(random: &mut Random) -> Value {
    match random.below(3) {
        0 => json!({"apiGroup": GROUP, "kind": "User", "name": random.pick(USERS)}),
        1 => json!({"apiGroup": GROUP, "kind": "Group", "name": random.pick(GROUPS)}),
        _ => json!({
            "kind": "ServiceAccount", "name": random.pick(&["bot", "web"]), "namespace": random.pick(NAMESPACES),
        }),
    }
}

/// Roles and bindings; some bindings name roles that are not there.
fn objects(random: &mut Random) -> Vec<Value> {
    let mut all = Vec::new();
    for index in 0..40 {
        let cluster = random.chance(50);
        let kind = if cluster { "ClusterRole" } else { "Role" };
        let rules: Vec<Value> = (0..1 + random.below(3)).map(|_| rule(random, cluster)).collect();
        let mut metadata = json!({"name": format!("r-{}", index / 2)});
        if !cluster {
            metadata["namespace"] = json!(random.pick(NAMESPACES));
        }
        all.push(
            json!({"apiVersion": format!("{GROUP}/v1"), "kind": kind, "metadata": metadata, "rules": rules}),
        );
    }
    for index in 0..24 {
        let cluster = random.chance(25);
        let kind = if cluster { "ClusterRoleBinding" } else { "RoleBinding" };
        let of = if cluster || random.chance(50) { "ClusterRole" } else { "Role" };
        let subjects: Vec<Value> = (0..1 + random.below(2)).map(|_| subject(random)).collect();
        let mut metadata = json!({"name": format!("r-{index}")});
        if !cluster {
            metadata["namespace"] = json!(random.pick(NAMESPACES));
        }
        all.push(json!({
            "apiVersion": format!("{GROUP}/v1"), "kind": kind, "metadata": metadata, "subjects": subjects,
            "roleRef": {"apiGroup": GROUP, "kind": of, "name": format!("r-{}", random.below(21))},
        }));
    }
    // A kind and a name once: the second of a pair is left out.
    let key = |v: &Value| {
        (v["kind"].to_string(), v["metadata"]["namespace"].to_string(), v["metadata"]["name"].to_string())
    };
    all.sort_by_key(key);
    all.dedup_by_key(|v| key(v));
    all
}

fn request(random: &mut Random) -> Asked {
    let user = random.pick(USERS).to_owned();
    let groups = if random.chance(70) { random.some(GROUPS, 3) } else { Vec::new() };
    let verb = random.pick(VERBS).to_owned();
    let what = if random.chance(10) {
        What::Path { verb, path: random.pick(PATHS).to_owned() }
    } else {
        let resource = random.pick(RESOURCES);
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        let namespace = if random.chance(80) { random.pick(NAMESPACES) } else { "" };
        What::Resource {
            verb,
            group: random.pick(API_GROUPS).to_owned(),
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            namespace: namespace.to_owned(),
            name: random.pick(NAMES).to_owned(),
        }
    };
    Asked { allowed: false, user, groups: groups.into_iter().map(str::to_owned).collect(), what }
}

pub(super) fn differential(cluster: &Cluster, ringwall: &Program) -> Result<(), String> {
    let seed = seed();
    let random = &mut Random::new(seed);
    let objects = objects(random);
    cluster.create(&objects)?;
    cluster.await_rights()?;
    let text: String = objects.iter().map(|object| format!("---\n{object}\n")).collect();
    let (asked, answers) = balanced(random, ringwall, &text, &minor(cluster))?;
    let specs: Vec<Value> = asked.iter().map(Asked::spec).collect();
    let theirs = cluster.review(&specs)?;
    cluster.delete(&objects)?;
    let all = asked.iter().zip(&answers).zip(theirs);
    let differ = all.filter(|((_, ours), theirs)| **ours != *theirs);
    let mut different: Vec<String> =
        differ.map(|((asked, _), theirs)| format!("{}: the server says {theirs}", asked.request())).collect();
    let yes = answers.iter().filter(|yes| **yes).count();
    let talk = format!("seed {seed}: {yes} yes, {} no, {} differ", answers.len() - yes, different.len());
    tell(&format!("conformance/rbac: {talk}"));
    different.truncate(5);
    demand!(different.is_empty(), "{talk} (RINGWALL_SEED={seed} repeats it):\n{}", different.join("\n"));
    let least = answers.len() * LEAST / 100;
    demand!(yes >= least && answers.len() - yes >= least, "{talk}: one answer is too rare");
    Ok(())
}

/// Requests of which neither answer is rare: drawn at random, then the more frequent answer thinned out.
fn balanced(
    random: &mut Random,
    ringwall: &Program,
    objects: &str,
    minor: &str,
) -> Result<(Vec<Asked>, Vec<bool>), String> {
    let most = REQUESTS * (100 - LEAST - 5) / 100;
    let (mut kept, mut said, mut count) = (Vec::new(), Vec::new(), [0, 0]);
    for _ in 0..ROUNDS {
        let drawn: Vec<Asked> = (0..6 * REQUESTS).map(|_| request(random)).collect();
        let mut lines = String::new();
        for asked in &drawn {
            let _ = writeln!(lines, "{}", asked.request());
        }
        let answers = ours(ringwall, objects, &lines, minor)?;
        demand!(answers.len() == drawn.len(), "{} answers to {} requests", answers.len(), drawn.len());
        for (asked, answer) in drawn.into_iter().zip(answers) {
            let of = &mut count[usize::from(answer)];
            if *of < most && kept.len() < REQUESTS {
                *of += 1;
                kept.push(asked);
                said.push(answer);
            }
        }
        if kept.len() == REQUESTS {
            break;
        }
    }
    demand!(kept.len() >= REQUESTS, "only {} requests with both answers", kept.len());
    Ok((kept, said))
}
