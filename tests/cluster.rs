//! The real clusters of a run, one of each shape: started by the first case that needs it, lent to one case at a time,
//! ended last.

use crate::{Program, Skip};
use peers::cluster::{Cluster, Lifetime};
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;

/// The cluster with the folder of its files, or why it did not start.
type Started = Result<(Cluster, TempDir), String>;

static CLUSTER: Mutex<Option<Started>> = Mutex::new(None);
static NODE: Mutex<Option<Started>> = Mutex::new(None);

type Start = fn(&std::path::Path, Lifetime) -> Result<Cluster, String>;

/// Whether a cluster can be started here.
///
/// # Errors
/// Names the programs that are missing and how to get them.
pub fn needs_cluster() -> Result<(), Skip> {
    let missing = |name: &&str| peers::installed(name).is_err();
    let missing: Vec<&str> =
        ["etcd", "kube-apiserver", "kube-controller-manager"].into_iter().filter(missing).collect();
    if !missing.is_empty() {
        return Err(Skip(format!(
            "no {}: `cargo xtask peers` builds what is missing",
            missing.join(" and ")
        )));
    }
    Ok(())
}

/// Whether a cluster with a node can be started here.
///
/// # Errors
/// Names what is missing and how to get it.
pub fn needs_node() -> Result<(), Skip> {
    peers::cluster::node::missing().map_err(Skip)
}

/// Lends the run's control plane to a case, which leaves it as it found it; others wait.
///
/// # Errors
/// When it does not start, or the case fails.
pub fn with_cluster<T>(case: impl FnOnce(&Cluster) -> Result<T, String>) -> Result<T, String> {
    lend(&CLUSTER, Cluster::start, case)
}

/// Lends the run's one-node cluster, which runs pods, to a case, which leaves it as it found it; others wait.
///
/// # Errors
/// When it does not start, or the case fails.
pub fn with_node<T>(case: impl FnOnce(&Cluster) -> Result<T, String>) -> Result<T, String> {
    lend(&NODE, Cluster::start_node, case)
}

fn lend<T>(
    of_run: &Mutex<Option<Started>>,
    start: Start,
    case: impl FnOnce(&Cluster) -> Result<T, String>,
) -> Result<T, String> {
    // A case that panicked is told by itself; the next one may still use the cluster.
    let mut held = of_run.lock().unwrap_or_else(PoisonError::into_inner);
    match held.get_or_insert_with(|| begin(start)) {
        Ok((cluster, _)) => case(cluster),
        Err(why) => Err(why.clone()),
    }
}

fn begin(start: Start) -> Started {
    let folder = tempfile::tempdir().map_err(|e| format!("no temporary folder: {e}"))?;
    // The programs are known by the folder they run in, whatever links lead there.
    let path = folder.path().canonicalize().map_err(|e| format!("{}: {e}", folder.path().display()))?;
    Ok((start(&path, Lifetime::Guarded)?, folder))
}

/// Ends the clusters that were started.
pub fn end_cluster() {
    for of_run in [&CLUSTER, &NODE] {
        of_run.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// `kubectl` as one of the cluster's people.
///
/// # Errors
/// When there is none.
pub fn kubectl(cluster: &Cluster, person: &str) -> Result<Program, String> {
    let config = cluster.kubeconfig(person).display().to_string();
    Ok(Program::new(peers::installed("kubectl")?).with(&["--kubeconfig", &config]))
}
