//! Images and databases from registries, for code that blocks.

use super::images::{self, Blobs, Reading};
use super::options::ImageArgs;
use crate::exit;
use anyhow::Context as _;
use inventory::Inventory;
use model::{Digest, Reference};
use sources::registry::{
    BlobReader, Client, DockerConfig, Login, Manifest, Options, PlainHttp, Registry as _, Repository, Secret,
    Which,
};
use std::io::Read;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// A repository of a registry.
pub(crate) struct Remote {
    client: Client,
    runtime: Arc<Runtime>,
    at: Repository,
}

/// Who asks, as the options and Docker's configuration say.
fn login(options: &ImageArgs) -> anyhow::Result<Login> {
    if let Some(token) = &options.registry_token {
        return Ok(Login::Fixed(Secret::Bearer(token.clone())));
    }
    let password = match options.password_stdin {
        true => {
            let mut text = String::new();
            std::io::stdin().lock().read_to_string(&mut text)?;
            Some(text.trim_end_matches(['\r', '\n']).to_owned())
        }
        false => options.password.first().cloned(),
    };
    match (options.username.first(), password) {
        (Some(user), Some(password)) => Ok(Login::Fixed(Secret::Basic { user: user.clone(), password })),
        (Some(_), None) => Err(exit::usage("--username goes with --password or --password-stdin")),
        _ => {
            let config = DockerConfig::of_user().map_err(|error| exit::unreadable(error.to_string()))?;
            Ok(Login::Docker(config))
        }
    }
}

impl Remote {
    /// The repository of a reference.
    pub(crate) fn new(reference: &Reference, options: &ImageArgs) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let options = Options {
            login: login(options)?,
            plain: if options.insecure { PlainHttp::All } else { PlainHttp::Loopback },
            any_certificate: options.insecure,
            ..Options::default()
        };
        Ok(Self { client: Client::new(options), runtime: Arc::new(runtime), at: Repository::from(reference) })
    }

    /// The manifest or index a reference names.
    pub(crate) fn manifest(&self, which: &Which) -> anyhow::Result<Manifest> {
        let asked = self.runtime.block_on(self.client.manifest(&self.at, which, 4 << 20));
        let found = asked.map_err(|error| exit::unreadable(format!("{}: {error}", self.at)))?;
        found.ok_or_else(|| exit::unreadable(format!("{} has no image {which}", self.at)))
    }

    /// A blob as a stream, which fails at its end when it is not what its digest says.
    pub(crate) fn stream(&self, digest: &Digest, size: Option<u64>) -> anyhow::Result<BlobReader> {
        let asked = self.runtime.block_on(self.client.open(&self.at, digest, size));
        let found = asked.with_context(|| self.at.to_string())?;
        let stream = found.ok_or_else(|| exit::unreadable(format!("{} has no blob {digest}", self.at)))?;
        Ok(stream.reader(Arc::clone(&self.runtime)))
    }
}

impl Blobs for Remote {
    fn small(&self, digest: &Digest, cap: u64) -> anyhow::Result<Vec<u8>> {
        let asked = self.runtime.block_on(self.client.blob(&self.at, digest, cap));
        let found = asked.map_err(|error| exit::unreadable(format!("{}: {error}", self.at)))?;
        let bytes = found.ok_or_else(|| exit::unreadable(format!("{} has no blob {digest}", self.at)))?;
        Ok(bytes.to_vec())
    }

    fn manifest(&self, digest: &Digest, _: u64) -> anyhow::Result<Vec<u8>> {
        Ok(Self::manifest(self, &Which::Digest(digest.clone()))?.bytes.to_vec())
    }

    fn open(&self, digest: &Digest, size: u64) -> anyhow::Result<Box<dyn Read>> {
        Ok(Box::new(self.stream(digest, Some(size))?))
    }
}

/// An image from its registry.
pub(crate) fn image(
    reference: &Reference,
    options: &ImageArgs,
    reading: &Reading<'_>,
) -> anyhow::Result<Inventory> {
    let remote = Remote::new(reference, options)?;
    let top = remote.manifest(&Which::of(reference))?;
    let repository = format!("{}/{}", reference.registry, reference.repository);
    let digest = top.digest.clone();
    let mut out = if images::is_index(&top.bytes) {
        let index = serde_json::from_slice(&top.bytes)
            .map_err(|error| exit::unreadable(format!("index {digest}: {error}")))?;
        let picked = images::pick(&index, reading.platform)?;
        images::described(&remote, picked, vec![digest.clone()], reading, 1)?
    } else {
        images::manifest(&remote, &top.bytes, digest.clone(), Vec::new(), reading)?
    };
    out.repo_digests.push(format!("{repository}@{digest}"));
    if let Some(tag) = &reference.tag {
        out.tags.push(format!("{repository}:{tag}"));
    } else if reference.digest.is_none() {
        out.tags.push(format!("{repository}:latest"));
    }
    out.image.reference = Some(reference.clone());
    Ok(out)
}
