//! The repository as the laws see it: tracked files with their text, and the packages of the workspace.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One file git knows or would add.
pub(crate) struct Tracked {
    /// Path relative to the root, with `/`.
    pub(crate) path: String,
    /// Its text; `None` when it is not UTF-8.
    pub(crate) text: Option<String>,
}

/// One dependency of a package.
pub(crate) struct Dependency {
    /// The crate's name in its registry or folder.
    pub(crate) name: String,
    /// `normal`, `build` or `dev`.
    pub(crate) kind: &'static str,
}

/// One package of the workspace.
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Its folder relative to the root.
    pub(crate) folder: String,
    /// Whether a registry would take it.
    pub(crate) publishable: bool,
    /// Whether its library runs doc tests.
    pub(crate) doctest: bool,
    /// What it leans on.
    pub(crate) dependencies: Vec<Dependency>,
}

/// Everything the laws look at.
#[derive(Default)]
pub(crate) struct Repository {
    /// Absolute root.
    pub(crate) root: PathBuf,
    /// Files in path order.
    pub(crate) files: Vec<Tracked>,
    /// Packages in name order.
    pub(crate) packages: Vec<Package>,
}

/// The root of the clone.
pub(crate) fn root() -> PathBuf {
    // Cargo says where it runs this; what was compiled in may be another clone with the same build folder.
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    here.parent().unwrap_or(Path::new(".")).to_path_buf()
}

impl Repository {
    /// Reads the clone. Fails without `git` or `cargo`.
    pub(crate) fn read() -> Result<Self, String> {
        let root = root();
        let files = tracked(&root)?;
        let packages = packages(&root)?;
        Ok(Self { root, files, packages })
    }

    /// The text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path)?.text.as_deref()
    }

    /// Every Rust file with its text.
    pub(crate) fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts().filter(|(path, _)| path.ends_with(".rs"))
    }

    /// Every file that is text.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(|file| Some((file.path.as_str(), file.text.as_deref()?)))
    }
}

/// Runs a program in `root` and returns what it printed.
pub(crate) fn output(root: &Path, program: &str, args: &[&str]) -> Result<Vec<u8>, String> {
    let out = Command::new(program)
        .args(args)
        .current_dir(root)
        .output()
        .map_err(|e| format!("{program} could not be started: {e}"))?;
    if out.status.success() {
        Ok(out.stdout)
    } else {
        let line = [program].iter().chain(args).copied().collect::<Vec<_>>().join(" ");
        Err(format!("{line}: {}\n{}", out.status, String::from_utf8_lossy(&out.stderr).trim_end()))
    }
}

/// Tracked files and those that `git add` would take, so that a law speaks before the commit.
fn tracked(root: &Path) -> Result<Vec<Tracked>, String> {
    let list = output(root, "git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
    let mut paths: Vec<String> = list
        .split(|byte| *byte == 0)
        .filter(|path| !path.is_empty())
        .map(|path| String::from_utf8_lossy(path).into_owned())
        .collect();
    paths.sort();
    paths.dedup();
    Ok(paths
        .into_iter()
        // A path that was removed but not yet staged is still listed.
        .filter_map(|path| {
            let bytes = std::fs::read(root.join(&path)).ok()?;
            Some(Tracked { path, text: String::from_utf8(bytes).ok() })
        })
        .collect())
}

fn packages(root: &Path) -> Result<Vec<Package>, String> {
    let args = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let json: Value = serde_json::from_slice(&output(root, &cargo, &args)?)
        .map_err(|e| format!("cargo metadata is not JSON: {e}"))?;
    let mut packages: Vec<Package> =
        json["packages"].as_array().into_iter().flatten().map(|value| package(root, value)).collect();
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(packages)
}

fn package(root: &Path, value: &Value) -> Package {
    let manifest = Path::new(value["manifest_path"].as_str().unwrap_or_default());
    let folder = manifest.parent().unwrap_or(manifest);
    let folder = folder.strip_prefix(root).unwrap_or(folder).to_string_lossy().replace('\\', "/");
    let library =
        |target: &&Value| target["kind"].as_array().is_some_and(|kinds| kinds.contains(&"lib".into()));
    let doctest = value["targets"]
        .as_array()
        .into_iter()
        .flatten()
        .find(library)
        .is_some_and(|target| target["doctest"].as_bool().unwrap_or(true));
    let dependencies = value["dependencies"].as_array().into_iter().flatten().map(|dependency| Dependency {
        name: dependency["name"].as_str().unwrap_or_default().to_owned(),
        kind: match dependency["kind"].as_str() {
            Some("dev") => "dev",
            Some("build") => "build",
            _ => "normal",
        },
    });
    Package {
        name: value["name"].as_str().unwrap_or_default().to_owned(),
        folder,
        // Absent means every registry, an empty list none.
        publishable: value["publish"].as_array().is_none_or(|registries| !registries.is_empty()),
        doctest,
        dependencies: dependencies.collect(),
    }
}
