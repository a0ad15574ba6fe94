//! The guide's snippets: equivalents of our own, always, and the originals where they lie beside the clone.

use integration::{originals, root};
use std::path::{Path, PathBuf};

/// One set of the same snippets, and the names that differ between sets.
pub(super) struct Snippets {
    /// Which set this is, for messages.
    pub(super) label: &'static str,
    /// Namespace of the account that reads pods.
    pub(super) namespace: &'static str,
    /// Name of that account.
    pub(super) account: &'static str,
    /// Name of the ClusterRole meant for developers.
    pub(super) developers: &'static str,
    /// The two names which that role takes for namespaces.
    pub(super) names: [&'static str; 2],
    /// Repository of the images that must be signed.
    pub(super) repository: &'static str,
    folder: PathBuf,
}

/// Every set there is.
pub(super) fn sets() -> Vec<Snippets> {
    let own = Snippets {
        label: "our own",
        namespace: "billing",
        account: "invoice-watcher",
        developers: "squad-role",
        names: ["sandbox", "preview"],
        repository: "registry.test/acme",
        folder: fixtures(),
    };
    let guide = originals().map(|folder| Snippets {
        label: "the guide's",
        namespace: "production",
        account: "my-app",
        developers: "developer-role",
        names: ["dev", "staging"],
        repository: "ghcr.io/your-org",
        folder,
    });
    [Some(own), guide].into_iter().flatten().collect()
}

impl Snippets {
    /// The path of a snippet in this set.
    pub(super) fn path(&self, name: &str) -> String {
        shown(&self.folder.join(name))
    }

    /// The text of a snippet in this set.
    pub(super) fn text(&self, name: &str) -> Result<String, String> {
        let path = self.folder.join(name);
        std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))
    }
}

/// Inputs that the guide describes in words only; the same for every set.
pub(super) fn fixtures() -> PathBuf {
    root().join("tests/guide/fixtures")
}

/// The path of such an input.
pub(super) fn fixture(name: &str) -> String {
    shown(&fixtures().join(name))
}

/// Relative to the root where it can be: commands run there, and messages stay short.
fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The text of such an input.
pub(super) fn fixture_text(name: &str) -> Result<String, String> {
    std::fs::read_to_string(fixtures().join(name)).map_err(|e| format!("{name}: {e}"))
}
