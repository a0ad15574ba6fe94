//! A private Sigstore of real parts, a registry, and the programs that sign and verify with them.

use crate::conformance::cosign::{Rekor, serve};
use integration::{Program, ringwall};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Mutex;

pub(crate) const PEERS: [&str; 5] = ["cosign", "cosign-2", "registry", "rekor", "sigstore"];
/// From when on the keys of the private instance are good.
const START: &str = "start-time=2024-01-01T00:00:00Z";

/// Everything, started.
pub(crate) struct World {
    pub(crate) folder: PathBuf,
    pub(crate) registry: String,
    pub(crate) issuer: String,
    pub(crate) fulcio: String,
    pub(crate) tsa: String,
    pub(crate) rekor: String,
    pub(crate) rekor1: String,
    pub(crate) ours: Program,
    pub(crate) cosign3: Program,
    pub(crate) cosign2: Program,
    _log: Rekor,
    _processes: Vec<Mutex<Child>>,
}

impl World {
    pub(crate) fn start(found: &[PathBuf]) -> Result<Self, String> {
        let [cosign3, cosign2, registry, _, sigstore] = found else { return Err("five programs".to_owned()) };
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?.keep();
        let at = folder.display().to_string();
        let (line, instance) = serve(sigstore, &[&at])?;
        let addresses: serde_json::Value =
            serde_json::from_str(&line).map_err(|e| format!("{}: {e}: {line}", sigstore.display()))?;
        let address = |name: &str| addresses[name].as_str().unwrap_or_default().to_owned();
        let log = Rekor::start(&folder)?;
        let (registry, store) = serve(registry, &["127.0.0.1:0"])?;
        // Nothing is to be fetched from the public instance, and what is tried ends at once.
        let program = |path: &Path| {
            Program::new(path)
                .inside(&folder)
                .env("COSIGN_PASSWORD", "pw")
                .env("TUF_ROOT", folder.join("tuf"))
                .env("TUF_MIRROR", "http://127.0.0.1:1")
        };
        let ours = ringwall()?.inside(&folder).env("COSIGN_PASSWORD", "pw");
        let world = Self {
            registry,
            issuer: address("issuer"),
            fulcio: address("fulcio"),
            tsa: format!("{}/api/v1/timestamp", address("tsa")),
            rekor: log.address.clone(),
            rekor1: address("rekor1"),
            ours,
            cosign3: program(cosign3),
            // Of the old version's own: it reads no trust root for old signatures.
            cosign2: program(cosign2)
                .env("SIGSTORE_ROOT_FILE", "fulcio-chain.pem")
                .env("SIGSTORE_REKOR_PUBLIC_KEY", "rekor1.pub")
                .env("SIGSTORE_CT_LOG_PUBLIC_KEY_FILE", "ctfe.pub"),
            folder,
            _log: log,
            _processes: vec![Mutex::new(instance), Mutex::new(store)],
        };
        world.configure(&address("ctlog"), &address("tsa"))?;
        Ok(world)
    }

    /// The files that name the instance: `root.json` and `config.json`, made by the real program; and two key pairs.
    fn configure(&self, ctlog: &str, tsa: &str) -> Result<(), String> {
        let fulcio = format!("url={},certificate-chain=fulcio-chain.pem", self.fulcio);
        let stamps = format!("url={tsa},certificate-chain=tsa-chain.pem");
        let second = format!("url={},public-key=log.pub,{START},origin=127.0.0.1", self.rekor);
        let first = format!("url={},public-key=rekor1.pub,{START}", self.rekor1);
        let ctfe = format!("url={ctlog},public-key=ctfe.pub,{START}");
        let root = ["trusted-root", "create", "--out", "root.json", "--fulcio", &fulcio, "--tsa", &stamps];
        let logs = ["--rekor", &second, "--rekor", &first, "--ctfe", &ctfe];
        self.cosign3.run(&[&root[..], &logs].concat())?.exits(0)?;
        let service =
            |url: &str, version: u8| format!("url={url},api-version={version},{START},operator=test");
        let (fulcio, rekor, stamps) =
            (service(&self.fulcio, 1), service(&self.rekor, 2), service(&self.tsa, 1));
        let oidc = service(&format!("{}/email", self.issuer), 1);
        let config =
            ["signing-config", "create", "--out", "config.json", "--fulcio", &fulcio, "--rekor", &rekor];
        let more =
            ["--rekor-config", "ANY", "--tsa", &stamps, "--tsa-config", "ANY", "--oidc-provider", &oidc];
        self.cosign3.run(&[&config[..], &more].concat())?.exits(0)?;
        self.cosign3.run(&["generate-key-pair", "--output-key-prefix", "own"])?.exits(0)?;
        std::fs::write(self.folder.join("predicate.json"), r#"{"scanner":{"result":{}}}"#)
            .and_then(|()| std::fs::write(self.folder.join("file"), "content"))
            .map_err(|e| e.to_string())
    }

    /// A token of the issuer: of `kind`, with this query.
    pub(crate) fn token(&self, kind: &str, query: &str) -> Result<String, String> {
        let url = format!("{}/{kind}/mint?{query}", self.issuer);
        let out = Command::new("curl").args(["-sf", "--noproxy", "*", &url]).output();
        let out = out.map_err(|e| format!("curl: {e}"))?;
        let token = String::from_utf8_lossy(&out.stdout).into_owned();
        if token.is_empty() { Err(format!("{url}: no token")) } else { Ok(token) }
    }
}
