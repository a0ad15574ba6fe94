//! A real API server to try things on: started out of the installed peers, ended by the ids of its processes.

use peers::cluster::{Cluster, Lifetime, PEOPLE};
use std::path::PathBuf;

/// Does `up`, `up --node`, `status` or `down` for the cluster in `folder`, by default one in the cache.
pub(crate) fn run(word: &str, node: bool, folder: Option<&str>) -> Result<(), String> {
    let folder = match folder {
        Some(folder) => PathBuf::from(folder),
        None => peers::cache()?.join("cluster"),
    };
    match word {
        "up" => {
            std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
            // The programs run in this folder and are known by it.
            let folder = folder.canonicalize().map_err(|e| format!("{}: {e}", folder.display()))?;
            let start = if node { Cluster::start_node } else { Cluster::start };
            tell(&start(&folder, Lifetime::Detached)?);
        }
        "status" => tell(&Cluster::open(&folder)?),
        "down" => println!("{} processes ended; files stay in {}", Cluster::down(&folder), folder.display()),
        _ => return Err(format!("cluster {word}: it is up, status or down")),
    }
    Ok(())
}

fn tell(cluster: &Cluster) {
    println!("{} at {}", cluster.version(), cluster.api().url());
    for (name, id) in cluster.processes() {
        println!("  {id:<8} {name}");
    }
    for person in PEOPLE {
        println!(
            "  KUBECONFIG={}  # {}",
            cluster.kubeconfig(person.name).display(),
            person.groups.join(", ")
        );
    }
    println!("  audit log {}", cluster.audit_log().display());
    if cluster.has_node() {
        println!("  manifests {}", cluster.manifest("*").display());
        println!("  kubelet   {}", cluster.kubelet_config().display());
        println!("  an image  {}", peers::cluster::node::BUSYBOX);
    }
}
