//! The one real cluster of a run: started by the first case that needs it, lent to one case at a time, ended last.

use crate::{Program, Skip};
use peers::cluster::{Cluster, Lifetime};
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;

/// The cluster with the folder of its files, or why it did not start.
type Started = Result<(Cluster, TempDir), String>;

static CLUSTER: Mutex<Option<Started>> = Mutex::new(None);

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

/// Lends the run's cluster to a case, which leaves it as it found it; others wait.
///
/// # Errors
/// When it does not start, or the case fails.
pub fn with_cluster<T>(case: impl FnOnce(&Cluster) -> Result<T, String>) -> Result<T, String> {
    // A case that panicked is told by itself; the next one may still use the cluster.
    let mut held = CLUSTER.lock().unwrap_or_else(PoisonError::into_inner);
    match held.get_or_insert_with(start) {
        Ok((cluster, _)) => case(cluster),
        Err(why) => Err(why.clone()),
    }
}

fn start() -> Started {
    let folder = tempfile::tempdir().map_err(|e| format!("no temporary folder: {e}"))?;
    // The programs are known by the folder they run in, whatever links lead there.
    let path = folder.path().canonicalize().map_err(|e| format!("{}: {e}", folder.path().display()))?;
    Ok((Cluster::start(&path, Lifetime::Guarded)?, folder))
}

/// Ends the cluster, if one was started.
pub fn end_cluster() {
    CLUSTER.lock().unwrap_or_else(PoisonError::into_inner).take();
}

/// `kubectl` as one of the cluster's people.
///
/// # Errors
/// When there is none.
pub fn kubectl(cluster: &Cluster, person: &str) -> Result<Program, String> {
    let config = cluster.kubeconfig(person).display().to_string();
    Ok(Program::new(peers::installed("kubectl")?).with(&["--kubeconfig", &config]))
}
