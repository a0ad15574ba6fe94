//! What a command looks at: manifests, saved snapshots or a live cluster.

use crate::exit;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use model::Timestamp;
use snapshot::{Builder, Snapshot};
use sources::Progress;
use sources::cluster::{ClusterCaps, ClusterOptions, read_cluster};
use sources::manifests::{Error, ManifestCaps, Other, load_into};
use std::path::PathBuf;

/// Options every command that looks at resources shares; the letters are kubectl's.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct InputArgs {
    /// Manifests: files, folders, patterns, saved snapshots, `-`; without any, the live cluster
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<String>,

    /// Namespace: of the cluster to read, or of manifests that name none
    #[arg(short, long)]
    pub(crate) namespace: Option<String>,

    /// All namespaces of the cluster (the default; overrides -n)
    #[arg(short = 'A', long)]
    all_namespaces: bool,

    /// Context of the kubeconfig
    #[arg(long)]
    context: Option<String>,

    /// The kubeconfig
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
}

/// What was read.
pub(crate) struct Inputs {
    pub(crate) snapshot: Snapshot,
    /// Inputs of other kinds that lay beside the manifests.
    pub(crate) others: Vec<Other>,
    /// Standard input, when it was read.
    pub(crate) stdin: Option<Vec<u8>>,
}

impl InputArgs {
    /// Paths, or the cluster of a kubeconfig, looked at as a whole.
    pub(crate) fn of(paths: &[String], context: Option<String>, kubeconfig: Option<PathBuf>) -> Self {
        Self { paths: paths.to_vec(), context, kubeconfig, ..Self::default() }
    }

    /// Whether something to read is named, rather than left to the kubeconfig.
    pub(crate) fn named(&self) -> bool {
        !self.paths.is_empty() || self.context.is_some() || self.kubeconfig.is_some()
    }

    /// Reads what the options name.
    pub(crate) fn read(&self) -> anyhow::Result<Inputs> {
        let bar = bar();
        let mut progress = |step: Progress<'_>| match step {
            Progress::File { path, done, total } => {
                bar.set_length(total);
                bar.set_position(done);
                bar.set_message(model::escape(path).into_owned());
            }
            Progress::Kind { resource, objects } => bar.set_message(format!("{objects} objects, {resource}")),
        };
        let mut builder = Builder::new(self.namespace.as_deref().unwrap_or("default"));
        let mut inputs = Inputs { snapshot: Snapshot::default(), others: Vec::new(), stdin: None };
        if self.paths.is_empty() {
            let options = ClusterOptions {
                kubeconfig: self.kubeconfig.clone(),
                context: self.context.clone(),
                namespace: self.namespace.clone().filter(|_| !self.all_namespaces),
                caps: ClusterCaps::default(),
            };
            read_cluster(&options, Timestamp::now(), &mut builder, &mut progress)
                .map_err(|error| exit::unreadable(error.to_string()))?;
        } else {
            if self.context.is_some() || self.kubeconfig.is_some() {
                return Err(exit::usage("--context and --kubeconfig go with a live cluster, not with paths"));
            }
            let mut stdin = std::io::stdin().lock();
            let seen =
                load_into(&mut builder, &self.paths, &ManifestCaps::default(), &mut stdin, &mut progress)
                    .map_err(|error| match error {
                        Error::StdinTwice | Error::Pattern { .. } => exit::usage(error.to_string()),
                        _ => exit::unreadable(error.to_string()),
                    })?;
            inputs.others = seen.others;
            inputs.stdin = seen.stdin;
        }
        bar.finish_and_clear();
        inputs.snapshot = builder.build();
        Ok(inputs)
    }
}

/// A progress bar on stderr; nothing where stderr is no terminal.
fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {pos}/{len} {wide_msg}");
    let bar = ProgressBar::new(0);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar
}
