//! What the writers of a report are given beside it: clock, version, environment, template, chance.

use super::options::Options;
use crate::exit;
use model::Timestamp;
use std::path::Path;
use vuln::template::World;
use vuln::trivy::{Format, Ids, Setting, built_in};

/// Everything the format may use.
pub(super) fn setting(
    options: &Options,
    target: Option<&Path>,
    format: &Format,
    now: Timestamp,
) -> anyhow::Result<Setting> {
    let template = match (format.id, &options.report.template) {
        ("template", Some(template)) => Some(text(template)?),
        _ => None,
    };
    // A variable that is no text cannot be asked for by a template.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let root = target.and_then(|path| std::path::absolute(path).ok()).map(|path| path.display().to_string());
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Ok(Setting { world: World { now, environment, version }, template, root, ids: Ids::Random(seed()) })
}

/// A number no other run has.
fn seed() -> u128 {
    use std::hash::{BuildHasher as _, Hasher as _};
    let random = || u128::from(std::collections::hash_map::RandomState::new().build_hasher().finish());
    random() << 64 | random()
}

/// The text of a template: itself, or of the file behind `@`. A file below `contrib` that is not there is the
/// program's own of that name.
fn text(template: &str) -> anyhow::Result<String> {
    let Some(path) = template.strip_prefix('@') else { return Ok(template.to_owned()) };
    if Path::new(path).extension().is_none_or(|extension| extension != "tpl") {
        return Err(exit::usage(format!("{path}: the name of a template file ends in .tpl")));
    }
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) => match built_in(path) {
            Some(text) if error.kind() == std::io::ErrorKind::NotFound => Ok(text),
            _ => Err(exit::unreadable(format!("{path}: {error}"))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates() {
        assert_eq!(text("{{ . }}").unwrap(), "{{ . }}");
        assert!(text("@/nowhere/contrib/junit.tpl").unwrap().contains("testsuites"));
        assert!(text("@/nowhere/junit.tpl").is_err());
        assert!(text("@contrib/junit.txt").is_err());
        assert_ne!(seed(), seed());
    }
}
