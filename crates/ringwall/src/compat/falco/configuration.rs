//! `falco.yaml` and the files it names, read and put together.

use super::flags::Flags;
use crate::exit;
use crate::output;
use detect::falco::config::{Config, Strategy, Tree};
use std::path::{Path, PathBuf};

/// Where Falco keeps its configuration.
const USUAL: &str = "/etc/falco/falco.yaml";
/// Files a configuration may name.
const MOST: usize = 100;

/// What the flags and the configuration ask for.
pub(super) fn read(flags: &Flags) -> anyhow::Result<Config> {
    let mut tree = match &flags.config {
        Some(path) => file(path)?,
        None if Path::new(USUAL).is_file() => file(Path::new(USUAL))?,
        None => Tree::default(),
    };
    for include in tree.includes().into_iter().take(MOST) {
        for path in files(Path::new(&include.path)) {
            let more = file(&path)?;
            tree.merge(&more, include.strategy);
        }
    }
    for option in &flags.options {
        // A further file may be named there, too.
        match option.strip_prefix("config_files[]=") {
            Some(path) => tree.merge(&file(Path::new(path))?, Strategy::Append),
            None => tree.set(option).map_err(exit::usage)?,
        }
    }
    let (config, odd) = tree.lower();
    for diagnostic in &odd {
        tracing::warn!("{}", model::escape(&diagnostic.message));
    }
    Ok(config)
}

fn file(path: &Path) -> anyhow::Result<Tree> {
    let shown = path.display().to_string();
    let text = std::fs::read(path).map_err(|error| exit::unreadable(format!("{shown}: {error}")))?;
    let (tree, faults) = Tree::parse(&shown, &text);
    match faults.iter().find(|fault| fault.level == model::Level::Error) {
        Some(fault) => {
            let line = fault.position.map_or(String::new(), |at| format!(":{}", at.line));
            Err(exit::unreadable(format!("{shown}{line}: {}", fault.message)))
        }
        None => {
            faults
                .iter()
                .for_each(|fault| output::say(&model::escape(&format!("{shown}: {}", fault.message))));
            Ok(tree)
        }
    }
}

/// A file, or the YAML files of a folder by name. One that is not there is passed over, as the reference does.
fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let mut inside: Vec<PathBuf> = std::fs::read_dir(path)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "yaml" || ext == "yml"))
        .collect();
    inside.sort();
    inside
}
