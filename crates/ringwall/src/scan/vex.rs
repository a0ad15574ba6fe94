//! Where `--vex` says that VEX documents are: files, and repositories that lie in the cache.

use super::options::Options;
use super::{Target, file};
use crate::{exit, output};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use vuln::trivy::Report;
use vuln::trivy::vex::{Identity, Index, Repository, Source, Vex, VexCaps, apply, wanted};

/// Version of the specification of repositories that is read.
const SPECIFICATION: &str = "0.1";

/// Where statements come from; documents are read before anything is scanned.
pub(super) enum Prepared {
    Document(Vex),
    Repositories,
}

/// Reads the documents that `--vex` names.
pub(super) fn prepare(target: Option<&Target>, options: &Options) -> anyhow::Result<Vec<Prepared>> {
    let one = |name: &String| match name.as_str() {
        "oci" => Err(exit::usage("--vex oci: documents attached to images are not looked for; give a file")),
        "sbom-ref" => {
            Err(exit::usage("--vex sbom-ref: documents are not fetched from addresses; give a file"))
        }
        "repo" | "repository" => Ok(Prepared::Repositories),
        path => document(Path::new(path), path, target).map(Prepared::Document),
    };
    options.scan.vex.iter().map(one).collect()
}

/// Takes out of a report what the documents say is not affected.
pub(super) fn filter(report: &mut Report, prepared: Vec<Prepared>, options: &Options) -> anyhow::Result<()> {
    let mut sources = Vec::new();
    for one in prepared {
        sources.push(match one {
            Prepared::Document(vex) => Source::Document(vex),
            Prepared::Repositories => Source::Repositories(repositories(report, options)?),
        });
    }
    let count = apply(report, &sources);
    tracing::info!(count, "findings taken out by VEX");
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| exit::unreadable(format!("{}: {error}", path.display())))
}

fn document(path: &Path, source: &str, target: Option<&Target>) -> anyhow::Result<Vex> {
    let bom = match target {
        Some(Target::Sbom(path)) => Identity::read(&read(path)?),
        _ => None,
    };
    Vex::read(&read(path)?, source, bom.as_ref(), &VexCaps::default())
        .map_err(|error| exit::unreadable(format!("{}: {error}", path.display())))
}

/// A repository of the settings: its name and address.
struct Known {
    name: String,
    url: String,
}

/// `$XDG_DATA_HOME/.trivy`, else the same below the user's home.
fn home() -> PathBuf {
    let of = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    of("XDG_DATA_HOME").or_else(|| of("HOME")).unwrap_or_default().join(".trivy")
}

/// The repositories that are switched on.
fn known(path: &Path) -> anyhow::Result<Vec<Known>> {
    let bad = |why: String| exit::unreadable(format!("{}: {why}", path.display()));
    let (documents, diagnostics) = yaml::read(&read(path)?, &yaml::Caps::default());
    if let Some(error) = diagnostics.iter().find(|d| d.level == model::Level::Error) {
        return Err(bad(error.message.clone()));
    }
    let mut out = Vec::new();
    let list =
        documents.iter().filter_map(|document| document.value.get("repositories")?.as_array()).flatten();
    for entry in list.filter(|entry| entry.get("enabled").and_then(|v| v.as_bool()) == Some(true)) {
        let text = |key: &str| entry.get(key).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
        let known = Known { name: text("name"), url: text("url") };
        if !inside(&known.name) {
            return Err(bad(format!("{} is no name of a repository", model::escape(&known.name))));
        }
        out.push(known);
    }
    Ok(out)
}

/// Whether a path stays below the folder it is joined to.
fn inside(path: &str) -> bool {
    use std::path::Component::{CurDir, Normal};
    !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Normal(_) | CurDir))
}

fn repositories(report: &Report, options: &Options) -> anyhow::Result<Vec<Repository>> {
    let settings = home().join("vex/repository.yaml");
    if !settings.exists() {
        output::say(&format!(
            "warning: --vex repo: there is no {}; no repository is asked",
            settings.display()
        ));
        return Ok(Vec::new());
    }
    let wanted = wanted(report);
    let folder = file::cache(options.db.cache_dir.as_deref()).join("vex/repositories");
    let mut out = Vec::new();
    for known in known(&settings)? {
        let index = folder.join(&known.name).join(SPECIFICATION).join("index.json");
        if !index.exists() {
            output::say(&format!(
                "warning: --vex repo: {} is not on this machine: no {}",
                known.name,
                index.display()
            ));
            continue;
        }
        out.push(repository(&index, &known, &wanted)?);
    }
    Ok(out)
}

/// Reads the documents about the packages of the report.
fn repository(index: &Path, known: &Known, wanted: &BTreeSet<String>) -> anyhow::Result<Repository> {
    let bad = |path: &Path, why: String| exit::unreadable(format!("{}: {why}", path.display()));
    let packages = Index::read(&read(index)?).map_err(|error| bad(index, error.to_string()))?.packages;
    let source = format!("VEX Repository: {} ({})", known.name, known.url);
    let folder = index.parent().unwrap_or(Path::new("."));
    let mut documents = BTreeMap::new();
    for (package, place) in packages.into_iter().filter(|(package, _)| wanted.contains(package)) {
        let path = folder.join(&place);
        // Neither the place nor a link on the way may lead out of the repository.
        let real = |path: &Path| path.canonicalize().map_err(|error| bad(path, error.to_string()));
        if !inside(&place) || !real(&path)?.starts_with(real(folder)?) {
            return Err(bad(index, format!("{} is outside of the repository", model::escape(&place))));
        }
        documents.insert(package, document(&path, &source, None)?);
    }
    Ok(Repository { documents })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        for (path, want) in [
            ("./a.json", true),
            ("a/b.json", true),
            ("../a", false),
            ("/etc/x", false),
            ("a/../b", false),
            ("", false),
        ] {
            assert_eq!(inside(path), want, "{path}");
        }
    }

    #[test]
    fn indexes() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let known = Known { name: "default".into(), url: "https://registry.test".into() };
        let wanted = BTreeSet::from(["pkg:npm/a".to_owned()]);
        let index = folder.path().join("index.json");
        write("a.json", r#"{"@context":"x","statements":[]}"#);
        write(
            "index.json",
            r#"{"packages":[{"id":"pkg:npm/a","location":"a.json"},{"id":"pkg:npm/b","location":"gone.json"}]}"#,
        );
        assert_eq!(
            repository(&index, &known, &wanted).unwrap().documents.len(),
            1,
            "only what is wanted is opened"
        );
        for place in ["../x.json", "gone.json", "index.json"] {
            write("index.json", &format!(r#"{{"packages":[{{"id":"pkg:npm/a","location":"{place}"}}]}}"#));
            assert!(repository(&index, &known, &wanted).is_err(), "{place}");
        }
    }
}
