//! A registry, two keys and a few images, made with the program itself.

#[path = "../registries/faulty.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    reason = "shared with other suites, which use other parts of it"
)]
mod faulty;

pub(crate) use faulty::{Act, Faulty, digest};

use integration::{Answer, Program, demand, ringwall};
use std::path::PathBuf;
use std::sync::OnceLock;

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Private and public files of two keys, made once.
pub(crate) fn keys() -> Result<[PathBuf; 4], String> {
    static KEYS: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let made = KEYS.get_or_init(|| {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?.keep();
        for name in ["a", "b"] {
            let prefix = folder.join(name).display().to_string();
            program()?.run(&["sign", "key", "generate", "--output-key-prefix", &prefix])?.exits(0)?;
        }
        Ok(folder)
    });
    let folder = made.clone()?;
    Ok(["a.key", "a.pub", "b.key", "b.pub"].map(|name| folder.join(name)))
}

/// The program, with the password of the keys.
pub(crate) fn program() -> Result<Program, String> {
    Ok(ringwall()?.env("COSIGN_PASSWORD", "a password"))
}

/// A registry with images, and what is run against it.
pub(crate) struct World {
    pub(crate) registry: Faulty,
    pub(crate) program: Program,
    pub(crate) key: String,
    pub(crate) public: String,
    pub(crate) other_key: String,
    pub(crate) other: String,
}

impl World {
    pub(crate) fn new() -> Result<Self, String> {
        let [key, public, other_key, other] = keys()?.map(|path| path.display().to_string());
        Ok(Self { registry: Faulty::start(), program: program()?, key, public, other_key, other })
    }

    /// `127.0.0.1:PORT/name`.
    pub(crate) fn name(&self, repository: &str) -> String {
        format!("{}/{repository}", self.registry.address)
    }

    /// Puts an image `repository:v1` and returns its digest.
    pub(crate) fn image(&self, repository: &str) -> String {
        let text = format!(
            r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{}","size":2}},"layers":[],"annotations":{{"name":"{repository}"}}}}"#,
            digest(b"{}")
        );
        self.registry.manifest(repository, Some("v1"), MANIFEST, text.as_bytes())
    }

    /// Signs `repository:v1` with the first key.
    pub(crate) fn sign(&self, repository: &str, more: &[&str]) -> Result<Answer, String> {
        let image = format!("{}:v1", self.name(repository));
        let answer = self.program.run(&[&["sign", &image, "--key", &self.key], more].concat())?;
        answer.exits(0)?;
        self.registry.asked();
        Ok(answer)
    }

    /// Verifies `NAME` (with tag or digest) with the first key.
    pub(crate) fn verify(&self, image: &str, more: &[&str]) -> Result<Answer, String> {
        let image = self.name(image);
        self.program.run(&[&["verify", &image, "--key", &self.public], more].concat())
    }

    /// The code of the reason in the answer of the first image.
    pub(crate) fn reason(answer: &Answer) -> Result<String, String> {
        let json = answer.json()?;
        let image = &json["images"][0];
        let code = image["reason"]["code"].as_str().or_else(|| image["answer"].as_str());
        code.map(str::to_owned).ok_or_else(|| answer.stdout.clone())
    }
}

/// The answer has this exit code and, in JSON, this reason or answer.
pub(crate) fn expect(answer: &Answer, code: i32, reason: &str) -> Result<(), String> {
    answer.exits(code)?;
    let got = World::reason(answer)?;
    demand!(got == reason, "{}: wanted {reason}, not {got}\n{}", answer.words, answer.stdout);
    Ok(())
}
