//! What secrets a scan looks for, and those of an image's config.

use super::options::Options;
use super::walk;
use crate::{exit, output};
use inventory::{Inventory, Limits, Rules, Search};
use std::path::Path;
use std::sync::Arc;

/// Largest settings file that is read.
const LARGEST: u64 = 4 << 20;

/// The rules, when secrets are looked for: the built-in ones, as the settings file changes them.
pub(crate) fn rules(options: &Options) -> anyhow::Result<Option<Arc<Rules>>> {
    if !options.wants("secret") {
        return Ok(None);
    }
    let path = &options.scan.secret_config;
    let name = path.display().to_string();
    let text = match std::fs::File::open(path) {
        Ok(file) => {
            use std::io::Read as _;
            let mut text = Vec::new();
            file.take(LARGEST)
                .read_to_end(&mut text)
                .map_err(|error| exit::unreadable(format!("{name}: {error}")))?;
            text
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if path != Path::new(super::options::SECRET_CONFIG) {
                output::say(&format!("warning: {name}: there is no such file; the built-in rules are used"));
            }
            return Ok(Some(Arc::new(Rules::new(None, &name, b""))));
        }
        Err(error) => return Err(exit::unreadable(format!("{name}: {error}"))),
    };
    let (settings, odd) = inventory::settings(&text)
        .map_err(|error| exit::unreadable(model::escape(&format!("{name}: {error}")).into_owned()))?;
    for diagnostic in odd {
        output::say(&format!("warning: {name}: {}", model::escape(&diagnostic.message)));
    }
    Ok(Some(Arc::new(Rules::new(Some(settings), &name, &text))))
}

/// Searches an image's config, and leaves out the files that were not asked for.
pub(crate) fn complete(out: &mut Inventory, rules: &Arc<Rules>, options: &Options, limits: &Limits) {
    let mut search = Search::new(rules, true, limits);
    if let Some(text) = vuln::trivy::searchable(&out.config) {
        search.text("config.json", text.as_bytes());
    }
    let found = search.finish().files.into_iter().flat_map(|file| file.findings);
    let secrets = out.secrets.get_or_insert_default();
    secrets.config = found.collect();
    let skip = walk::Skip { folders: &options.scan.skip_dirs, files: &options.scan.skip_files };
    secrets.files.retain(|file| !skip.covers(file.path.trim_start_matches('/')));
}
