//! Images the real cosign 3.1 signed and attested, in a frozen registry, in every layout, with and without a log.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test reads the corpus and says when there is none"
)]

use model::{Digest, Reference};
use signing::{
    Answer, Ask, Limits, OciLayout, Outcome, PublicKey, Requirement, Signer, TrustRoot, Verdict, Wanted,
    verify_with,
};
use std::path::PathBuf;
use std::sync::Arc;

struct Registry {
    folder: PathBuf,
    layout: OciLayout,
}

impl Registry {
    fn open() -> Option<Self> {
        let root = std::env::var_os("RINGWALL_CORPUS").map_or_else(
            || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
            PathBuf::from,
        );
        let folder = root.join("verify-images");
        if !folder.is_dir() {
            assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "no corpus at {}", root.display());
            println!("skipped: no corpus");
            return None;
        }
        let layout = OciLayout::parse(&std::fs::read(folder.join("registry/index.json")).unwrap()).unwrap();
        Some(Self { folder, layout })
    }

    fn key(&self, name: &str) -> PublicKey {
        PublicKey::from_pem(&self.text(&format!("keys/{name}.pub"))).unwrap()
    }

    fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.folder.join(path)).unwrap()
    }

    /// Verifies; `native` says whether the registry lists referrers itself.
    fn verify(&self, reference: &str, requirement: &Requirement, native: bool) -> Verdict {
        let reference: Reference = reference.parse().unwrap();
        let digest = self.layout.resolve(&reference).unwrap();
        let mut blob = |digest: &Digest| {
            let hex = digest.as_str().strip_prefix("sha256:").unwrap();
            Answer::Found(std::fs::read(self.folder.join("registry/blobs/sha256").join(hex)).unwrap())
        };
        verify_with(&digest, requirement, &Limits::default(), &mut |ask| match ask {
            Ask::Referrers(_) if !native => Answer::Absent,
            ask => self.layout.answer(&reference, ask, &mut blob),
        })
    }
}

fn answer(verdict: &Verdict) -> String {
    match &verdict.outcome {
        Outcome::Verified { layout, log, .. } => format!("{layout} {log:?}"),
        Outcome::NotVerified { reason } => reason.code().to_owned(),
        Outcome::CouldNotLook { why } => format!("? {}", why.join(" ")),
    }
}

#[test]
fn with_and_without_the_log() {
    let Some(registry) = Registry::open() else { return };
    let trust = Arc::new(TrustRoot::from_json(&registry.text("trust/trusted_root.json")).unwrap());
    let public = Arc::new(TrustRoot::built_in().unwrap());
    for (reference, native, key, plain, logged, elsewhere) in [
        (
            "registry.test/your-org/app:logged",
            true,
            "alpha",
            "legacy-tag NotChecked",
            "legacy-tag Checked",
            "unknown-log",
        ),
        (
            "registry.test/your-org/app:bundle-logged",
            true,
            "alpha",
            "referrers NotChecked",
            "referrers Checked",
            "unknown-log",
        ),
        (
            "registry.test/your-org/app:signed",
            true,
            "alpha",
            "legacy-tag NotChecked",
            "log-entry-missing",
            "log-entry-missing",
        ),
        (
            "registry.test/your-org/app:bundle",
            true,
            "alpha",
            "referrers NotChecked",
            "log-entry-missing",
            "log-entry-missing",
        ),
        (
            "plain.test/your-org/app:bundle",
            false,
            "alpha",
            "fallback-index NotChecked",
            "log-entry-missing",
            "log-entry-missing",
        ),
        (
            "plain.test/your-org/old:bundle",
            false,
            "alpha",
            "fallback-index NotChecked",
            "log-entry-missing",
            "log-entry-missing",
        ),
        ("registry.test/your-org/app:logged", true, "beta", "wrong-key", "wrong-key", "wrong-key"),
        (
            "registry.test/your-org/app:rsa",
            true,
            "rsa",
            "legacy-tag NotChecked",
            "log-entry-missing",
            "log-entry-missing",
        ),
        ("registry.test/your-org/app:rsa", true, "alpha", "wrong-key", "wrong-key", "wrong-key"),
    ] {
        let key = registry.key(key);
        let ask = |log: bool, trust: &Arc<TrustRoot>| {
            let signers = vec![Signer::Key { key: key.clone(), log }];
            let requirement = Requirement { signers, trust: Some(trust.clone()), ..Requirement::default() };
            answer(&registry.verify(reference, &requirement, native))
        };
        assert_eq!(ask(false, &trust), plain, "{reference}");
        assert_eq!(ask(true, &trust), logged, "{reference} in the log");
        assert_eq!(ask(true, &public), elsewhere, "{reference} in another log");
    }
}

#[test]
fn attestations() {
    let Some(registry) = Registry::open() else { return };
    const VULN: &str = "https://cosign.sigstore.dev/attestation/vuln/v1";
    for (reference, kind, key, want, count) in [
        ("app:scanned", VULN, "alpha", "legacy-attestation-tag NotChecked", 1),
        ("app:scanned", VULN, "beta", "wrong-key", 0),
        ("app:scanned", "https://example.com/review/v1", "alpha", "not-the-attestation", 0),
        ("app:rescanned", VULN, "alpha", "legacy-attestation-tag NotChecked", 2),
        ("app:bundle-scan", VULN, "alpha", "referrers NotChecked", 1),
        ("app:bundle", VULN, "alpha", "not-the-attestation", 0),
        ("app:signed", VULN, "alpha", "no-signature", 0),
    ] {
        let wanted = Wanted::Attestation { predicate_type: kind.to_owned(), every: true };
        let requirement = Requirement { wanted, ..Requirement::by_keys([registry.key(key)]) };
        let verdict = registry.verify(&format!("registry.test/your-org/{reference}"), &requirement, true);
        assert_eq!(
            (answer(&verdict).as_str(), verdict.attestations.len()),
            (want, count),
            "{reference} {kind} {key}"
        );
        assert!(verdict.attestations.iter().all(|a| a.predicate.get("scanner").is_some()));
    }
}
