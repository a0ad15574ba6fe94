//! The public Sigstore conformance cases through the hidden verb, by path and by digest, each with its reason.

use integration::{Case, Skip, Suite, corpus, demand, ringwall, skip};
use sha2::Digest as _;
use std::path::Path;

pub(crate) static SUITE: Suite = Suite { name: "conformance/sigstore", cases };

const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

fn cases() -> Result<Vec<Case>, Skip> {
    let Some(folder) = corpus().map(|corpus| corpus.join("sigstore-conformance/bundle-verify")) else {
        skip!("no corpus")
    };
    let list = include_str!("passing.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let case = |line: &'static str| {
        let (name, want) = line.split_once(' ').unwrap_or((line, "ok"));
        let path = folder.join(name);
        Case::new(name, move || judge(&path, want))
    };
    Ok(list.map(case).collect())
}

fn judge(case: &Path, want: &str) -> Result<(), String> {
    let text = |name: &str, default: &str| {
        std::fs::read_to_string(case.join(name))
            .map_or_else(|_| default.to_owned(), |text| text.trim().to_owned())
    };
    let own = case.join("artifact");
    let artifact = if own.exists() { own } else { case.with_file_name("a.txt") };
    let bytes = std::fs::read(&artifact).map_err(|e| format!("{}: {e}", artifact.display()))?;
    let digest = sha2::Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect::<String>();
    let (identity, issuer) = (text("identity", IDENTITY), text("issuer", ISSUER));
    let path = |name: &str| case.join(name).display().to_string();
    let (bundle, key, root) = (path("bundle.sigstore.json"), path("key.pub"), path("trusted_root.json"));
    let mut words = vec!["conformance", "verify-bundle", "--bundle", &bundle];
    match Path::new(&key).exists() {
        true => words.extend(["--key", &key]),
        false => words.extend(["--certificate-identity", &identity, "--certificate-oidc-issuer", &issuer]),
    }
    if Path::new(&root).exists() {
        words.extend(["--trusted-root", &root]);
    }
    for what in [artifact.display().to_string(), format!("sha256:{digest}")] {
        let answer = ringwall()?.run(&[&words[..], &[&what]].concat())?;
        match (want, answer.code) {
            ("ok", code) => demand!(code == Some(0), "{what}: {}", answer.stderr),
            // A key or a root that cannot be read is no verdict on the bundle, but never "verified".
            ("key" | "trust-root", code) => demand!(code == Some(3), "{what}: {code:?} {}", answer.stderr),
            (reason, code) => {
                demand!(code == Some(1), "{what}: {code:?} {}", answer.stderr);
                demand!(answer.stderr.contains(&format!("[{reason}]")), "{what}: {}", answer.stderr);
            }
        }
    }
    Ok(())
}
