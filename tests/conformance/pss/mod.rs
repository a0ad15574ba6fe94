//! Pod Security: random pods, judged by us and by a real API server's admission.

mod pods;

use integration::{Case, Random, Skip, Suite, demand, needs_cluster, seed, tell, with_cluster};
use model::Origin;
use peers::cluster::{Api, Cluster};
use pods::Pod;
use pss::Level;
use serde_json::{Value, json};
use snapshot::Builder;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

pub(crate) static SUITE: Suite = Suite { name: "conformance/pss", cases };

/// Pods a run whose verdict is compared.
const LEAST: usize = 2_000;
/// How many are drawn at once; those that the server finds invalid have no verdict.
const BATCH: usize = 1_200;
/// Batches after which too few have one.
const BATCHES: usize = 4;
/// The least share of either verdict, in percent.
const SIDES: usize = 30;
/// The newest version of the server.
const NEWEST: u32 = 36;

const PREFIX: &str = "pod-security.kubernetes.io/enforce";

/// What the server calls what a check found, by our check's id.
static REASONS: &[(&str, &str)] = &[
    ("allowPrivilegeEscalation", "allowPrivilegeEscalation != false"),
    ("appArmorProfile", "forbidden AppArmor profile"),
    ("capabilities_baseline", "non-default capabilities"),
    ("capabilities_restricted", "unrestricted capabilities"),
    ("hostNamespaces", "host namespaces"),
    ("hostPathVolumes", "hostPath volumes"),
    ("hostPorts", "hostPort"),
    ("hostProbesAndHostLifecycle", "probe or lifecycle host"),
    ("privileged", "privileged"),
    ("procMount", "procMount"),
    ("procMount_restricted", "procMount"),
    ("restrictedVolumes", "restricted volume types"),
    ("runAsNonRoot", "runAsNonRoot != true"),
    ("runAsUser", "runAsUser=0"),
    ("seccompProfile_baseline", "seccompProfile"),
    ("seccompProfile_restricted", "seccompProfile"),
    ("seLinuxOptions", "seLinuxOptions"),
    ("sysctls", "forbidden sysctls"),
    ("windowsHostProcess", "hostProcess"),
];

fn cases() -> Result<Vec<Case>, Skip> {
    needs_cluster()?;
    Ok(vec![
        Case::new("denials-are-understood", denials_are_understood),
        Case::new("random", || with_cluster(differential)),
    ])
}

/// A level at a version, as a namespace's labels say it.
#[derive(Clone, Copy, Debug)]
struct Enforced {
    level: Level,
    /// `None` for `latest`.
    minor: Option<u32>,
}

impl Enforced {
    fn all() -> Vec<Self> {
        let minors = || (0..=NEWEST).map(Some).chain([None]);
        let of = |level| minors().map(move |minor| Self { level, minor });
        of(Level::Baseline).chain(of(Level::Restricted)).collect()
    }

    fn version(self) -> String {
        self.minor.map_or_else(|| "latest".to_owned(), |minor| format!("v1.{minor}"))
    }

    fn namespace(self) -> String {
        format!("pss-{}-{}", self.level.as_str(), self.version().replace('.', "-"))
    }
}

/// What the server says to a pod.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Which checks it violates; none where it is let in.
    Judged(BTreeSet<String>),
    /// It is no valid pod, whatever its security.
    Invalid(String),
}

fn differential(cluster: &Cluster) -> Result<(), String> {
    let all = Enforced::all();
    namespaces(cluster, &all)?;
    let seed = seed();
    let mut random = Random::new(seed);
    let (mut denied, mut judged, mut invalid) = (0, 0, 0);
    for _ in 0..BATCHES {
        let drawn: Vec<(Enforced, Pod)> =
            (0..BATCH).map(|_| (all[random.below(all.len())], pods::draw(&mut random))).collect();
        let verdicts = cluster.api().each(&drawn, |api, (enforced, pod)| ask(api, *enforced, &pod.value))?;
        for ((enforced, pod), verdict) in drawn.iter().zip(verdicts) {
            let Verdict::Judged(theirs) = verdict else {
                invalid += 1;
                continue;
            };
            judged += 1;
            denied += usize::from(!theirs.is_empty());
            let ours = ours(*enforced, &pod.value)?;
            let (level, version) = (enforced.level.as_str(), enforced.version());
            demand!(
                ours == theirs,
                "seed {seed}, {level} at {version}: we find {ours:?}, the server {theirs:?}; changed: {:?}\n{}",
                pod.changed,
                pod.value
            );
        }
        if judged >= LEAST {
            break;
        }
    }
    tell(&format!(
        "pss: seed {seed}: {judged} pods judged, {denied} of them denied; {invalid} were no valid pods"
    ));
    demand!(judged >= LEAST, "only {judged} pods had a verdict");
    let sides = 100 * denied.min(judged - denied) / judged;
    demand!(sides >= SIDES, "only {sides} % on one side");
    Ok(())
}

/// Makes the namespaces and waits until each has the account its pods run as.
fn namespaces(cluster: &Cluster, all: &[Enforced]) -> Result<(), String> {
    cluster.api().each(all, |api, enforced| {
        let labels =
            json!({PREFIX: enforced.level.as_str(), format!("{PREFIX}-version"): enforced.version()});
        let namespace = json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": enforced.namespace(), "labels": labels},
        });
        match api.post("/api/v1/namespaces", &namespace) {
            Err(refused) if refused.status != 409 => Err(refused.to_string()),
            _ => Ok(()),
        }
    })?;
    let wanted: BTreeSet<String> = all.iter().map(|enforced| enforced.namespace()).collect();
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let accounts = cluster.api().get("/api/v1/serviceaccounts?fieldSelector=metadata.name%3Ddefault")?;
        let accounts = accounts["items"].as_array().cloned().unwrap_or_default();
        let have = accounts.iter().filter_map(|account| account["metadata"]["namespace"].as_str());
        if have.filter(|namespace| wanted.contains(*namespace)).count() == wanted.len() {
            return Ok(());
        }
        demand!(Instant::now() < deadline, "not every namespace has its account");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn ask(api: &Api, enforced: Enforced, pod: &Value) -> Result<Verdict, String> {
    let path = format!("/api/v1/namespaces/{}/pods?dryRun=All", enforced.namespace());
    match api.post(&path, pod) {
        Ok(_) => Ok(Verdict::Judged(BTreeSet::new())),
        Err(refused) if refused.status == 422 => Ok(Verdict::Invalid(refused.message)),
        Err(refused) if refused.status == 403 => {
            let says =
                format!("violates PodSecurity \"{}:{}\": ", enforced.level.as_str(), enforced.version());
            let (_, told) = refused.message.split_once(&says).ok_or_else(|| refused.to_string())?;
            reasons(told).map(Verdict::Judged)
        }
        Err(refused) => Err(format!("{refused}: {pod}")),
    }
}

/// The reasons of a denial: each is followed by details in parentheses, and the next by a comma.
fn reasons(told: &str) -> Result<BTreeSet<String>, String> {
    let (mut depth, mut quoted, mut top) = (0_usize, false, String::new());
    for c in told.chars() {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            _ if depth == 0 && !quoted => top.push(c),
            _ => {}
        }
    }
    let known = |reason: &str| REASONS.iter().any(|(_, known)| *known == reason);
    top.split(", ")
        .map(|reason| {
            // One profile or several.
            let reason = reason.trim().trim_end_matches("profiles").trim_end();
            let reason = if reason == "forbidden AppArmor" { "forbidden AppArmor profile" } else { reason };
            if known(reason) {
                Ok(reason.to_owned())
            } else {
                Err(format!("an unknown reason `{reason}` in: {told}"))
            }
        })
        .collect()
}

fn ours(enforced: Enforced, pod: &Value) -> Result<BTreeSet<String>, String> {
    let mut builder = Builder::new("default");
    demand!(builder.add(pod.clone(), Origin::Builtin), "no pod: {pod}");
    let snapshot = builder.build();
    let template = snapshot.workloads().next().ok_or("no workload")?.parse();
    let minor = enforced.minor.unwrap_or(NEWEST);
    let found = pss::violations(&pss::Pod::of(&template), enforced.level, Some(minor));
    let reason =
        |id: &str| REASONS.iter().find(|(check, _)| *check == id).map(|(_, reason)| (*reason).to_owned());
    found.iter().map(|v| reason(v.check).ok_or_else(|| format!("no reason for {}", v.check))).collect()
}

fn denials_are_understood() -> Result<(), String> {
    let told = "allowPrivilegeEscalation != false (container \"a\" must set securityContext.allowPrivilegeEscalation=false), \
                forbidden AppArmor profiles (unconfined, \"a, (b\"), seccompProfile (pod or container \"a\" must set \
                securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")";
    let wanted = ["allowPrivilegeEscalation != false", "forbidden AppArmor profile", "seccompProfile"];
    let found = reasons(told)?;
    demand!(found.iter().map(String::as_str).eq(wanted), "{found:?}");
    demand!(reasons("something new (x)").is_err(), "an unknown reason is taken");
    let checks: BTreeSet<&str> = pss::checks::CHECKS.iter().map(|check| check.id).collect();
    let listed: BTreeSet<&str> = REASONS.iter().map(|(check, _)| *check).collect();
    demand!(checks == listed, "checks and reasons differ: {:?}", checks.symmetric_difference(&listed));
    Ok(())
}
