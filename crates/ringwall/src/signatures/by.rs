//! By whom something is signed, and which services sign along: keys, identities, logs, time stamps.

use super::send::SendError;
use super::who::WhoArgs;
use super::{ambient, block_on, keys, random};
use crate::commands::sign::generated;
use crate::exit;
use clap::Args;
use model::Timestamp;
use signing::{
    Credential, Draft, Log, LogVersion, PrivateKey, Proofs, Services, SignError, SignedBy, Token, Trust,
};
use sources::registry::{Client, Options, Question};
use std::sync::Arc;

/// What the help calls these.
const HEADING: &str = "By whom";

/// By whom it is signed, and who signs along. Nothing is contacted that is not named here.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ByArgs {
    /// Private key: a file of Cosign's or a PEM, or `env://NAME`; its password comes from COSIGN_PASSWORD, the terminal or a pipe
    #[arg(help_heading = HEADING, long, value_name = "KEY", conflicts_with_all = ["fulcio_url", "identity_token"])]
    pub(crate) key: Option<String>,

    /// Keyless: the authority (Fulcio) that certifies who signs; the public one is https://fulcio.sigstore.dev
    #[arg(help_heading = HEADING, long, value_name = "URL")]
    pub(crate) fulcio_url: Option<String>,

    /// Keyless: the identity token, or a file with it [default: SIGSTORE_ID_TOKEN, else what GitHub gives a workflow]
    #[arg(help_heading = HEADING, long, value_name = "TOKEN")]
    pub(crate) identity_token: Option<String>,

    /// Transparency log (Rekor) to enter the signature into: an address, or `none` [default: none]
    #[arg(help_heading = HEADING, long, value_name = "URL", alias = "rekor-url")]
    pub(crate) tlog: Option<String>,

    /// Version of that log's interface [default: 2, with --format legacy 1]
    #[arg(help_heading = HEADING, long, value_name = "1|2", value_parser = clap::value_parser!(u8).range(1..=2))]
    pub(crate) tlog_version: Option<u8>,

    /// Timestamp authority (RFC 3161) that says when it was signed: its whole address
    #[arg(help_heading = HEADING, long, value_name = "URL", alias = "timestamp-server-url")]
    pub(crate) tsa_url: Option<String>,

    /// These services from a file: Sigstore's signing_config.json; what is named besides goes before
    #[arg(help_heading = HEADING, long, value_name = "FILE")]
    pub(crate) signing_config: Option<String>,

    /// Trust root that the result is checked against before it is given away [default: with a certificate the built-in one]
    #[arg(help_heading = HEADING, long, value_name = "FILE")]
    pub(crate) trusted_root: Option<String>,

    /// Keyless: the certificate need not be in a certificate log
    #[arg(help_heading = HEADING, long, alias = "insecure-ignore-sct", conflicts_with = "key")]
    pub(crate) ignore_sct: bool,
}

/// What signs, ready.
pub(crate) struct By {
    key: PrivateKey,
    /// Empty where a key signs for itself.
    chain: Vec<Vec<u8>>,
    services: Services,
    trust: Option<Arc<dyn Trust>>,
    proofs: Proofs,
    client: Client,
}

/// Bytes of a service's answer that are read.
const ANSWER: u64 = 1 << 20;
const JSON: &str = "application/json";

/// What doing without a log means for others.
const NOT_LOGGED: &str = "transparency log: none. `ringwall verify --key` accepts this; Cosign needs \
    --insecure-ignore-tlog=true,\nKyverno `rekor.ignoreTlog: true` and `ctlog.ignoreSCT: true`.\n";

impl ByArgs {
    /// Reads the key, or asks for a certificate. `legacy`: for Cosign 2's forms.
    pub(crate) fn open(&self, legacy: bool) -> anyhow::Result<By> {
        let services = self.services(legacy)?;
        let client = Client::new(Options::default());
        let proofs = Proofs { log: services.log.is_some(), certificate_log: !self.ignore_sct };
        if let Some(key) = &self.key {
            let key = keys::private(key)?;
            // Without a root only the signature itself can be checked.
            let trust = self.trusted_root.as_ref().map(|_| self.trust()).transpose()?;
            let proofs = Proofs { log: proofs.log && trust.is_some(), ..proofs };
            return Ok(By { key, chain: Vec::new(), services, trust, proofs, client });
        }
        let trust = Some(self.trust()?);
        let (key, chain) = block_on(self.certified(&services, &client))??;
        Ok(By { key, chain, services, trust, proofs, client })
    }

    fn trust(&self) -> anyhow::Result<Arc<dyn Trust>> {
        let who = WhoArgs { trusted_root: self.trusted_root.clone(), ..WhoArgs::default() };
        who.trust().map(|(trust, _)| trust)
    }

    /// Which services are meant, and whether what they make will be of use to anybody.
    fn services(&self, legacy: bool) -> anyhow::Result<Services> {
        let mut services = match &self.signing_config {
            Some(path) => Services::from_signing_config(&keys::small_file(path)?, Timestamp::now())
                .map_err(|why| exit::unreadable(format!("{}: {why}", model::escape(path))))?,
            None => Services::default(),
        };
        if let Some(url) = &self.fulcio_url {
            services.fulcio = Some(url.trim_end_matches('/').to_owned());
        }
        match self.tlog.as_deref() {
            Some("none") => services.log = None,
            Some(url) => {
                let first = self.tlog_version.map_or(legacy, |version| version == 1);
                let version = if first { LogVersion::First } else { LogVersion::Second };
                services.log = Some((url.trim_end_matches('/').to_owned(), version));
            }
            None => {}
        }
        if let Some(url) = &self.tsa_url {
            services.stamps = Some(url.clone());
        }
        if self.key.is_some() {
            services.fulcio = None;
        } else if services.fulcio.is_none() {
            return Err(exit::usage(
                "with which key? pass --key FILE (`ringwall sign key generate` makes one), or --fulcio-url URL (or --signing-config FILE) to sign with an identity instead",
            ));
        }
        check(&services, legacy)?;
        Ok(services)
    }

    /// A key for this run alone, and the chain that says whose it is.
    async fn certified(
        &self,
        services: &Services,
        client: &Client,
    ) -> anyhow::Result<(PrivateKey, Vec<Vec<u8>>)> {
        let token = self.token(client).await?;
        let key = generated()?;
        let fulcio = services.fulcio.as_deref().unwrap_or_default();
        let address = format!("{fulcio}{}", signing::CERTIFICATE_PATH);
        let body = signing::certificate_request(&key, token.text())?;
        let question = Question {
            address: &address,
            send: Some((JSON, body.into())),
            accept: JSON,
            secret: true,
            ..Question::default()
        };
        let told =
            client.ask(&question, ANSWER).await.map_err(|error| exit::unreadable(error.to_string()))?;
        let chain = signing::certificate_answer(&told.body, &key);
        Ok((key, chain.map_err(|error| exit::unreadable(error.to_string()))?))
    }

    async fn token(&self, client: &Client) -> anyhow::Result<Token> {
        let (text, from) = ambient::token(self.identity_token.as_deref(), client).await?;
        let token = Token::read(&text).map_err(|error| exit::unreadable(format!("{from}: {error}")))?;
        let now = Timestamp::now();
        if token.is_over(now.as_second()) {
            let ended = token.expires.and_then(|at| Timestamp::from_second(at).ok());
            let ended = ended.map(|at| format!(" since {at}")).unwrap_or_default();
            return Err(exit::unreadable(format!("{from}: the identity token is over{ended}")));
        }
        Ok(token)
    }
}

/// Whether anybody could verify what these services make.
fn check(services: &Services, legacy: bool) -> anyhow::Result<()> {
    let second = services.log.as_ref().is_some_and(|(_, version)| *version == LogVersion::Second);
    if legacy && second {
        return Err(exit::usage(
            "--format legacy holds no entries of Rekor 2: pass --tlog with a Rekor 1, or --tlog none, or no --format",
        ));
    }
    if services.fulcio.is_some() && services.stamps.is_none() && (second || services.log.is_none()) {
        return Err(exit::usage(
            "when was it signed? A certificate is good for minutes, and only a timestamp authority (--tsa-url) or a Rekor 1 (--tlog) proves that it was signed in these",
        ));
    }
    Ok(())
}

impl By {
    /// What signs.
    pub(crate) fn credential(&self) -> Credential<'_> {
        Credential::certified(&self.key, &self.chain)
    }

    /// The log, as a person should read of it.
    pub(crate) fn log(&self) -> &str {
        self.services.log.as_ref().map_or("none", |(url, _)| url)
    }

    /// What a person should know of the services, in lines.
    pub(crate) fn lines(&self) -> String {
        let mut lines = match self.log() {
            "none" if self.chain.is_empty() => NOT_LOGGED.to_owned(),
            "none" => "transparency log: none\n".to_owned(),
            log => format!("transparency log: entered into {}\n", model::escape(log)),
        };
        if let Some(stamps) = self.stamps() {
            lines.push_str(&format!("time: stamped by {}\n", model::escape(stamps)));
        }
        lines
    }

    /// Who stamps the time.
    pub(crate) fn stamps(&self) -> Option<&str> {
        self.services.stamps.as_deref()
    }

    /// Has a draft entered into the log and stamped, and sees that whoever verifies will accept it.
    pub(crate) async fn prove(&self, draft: &mut Draft) -> Result<(SignedBy, Log), SendError> {
        let mut nonce = [0_u8; 16];
        random(&mut nonce).map_err(|error| SignError::Stamp(error.to_string()))?;
        if let Some(answer) = self.stamp(draft, &nonce).await? {
            draft.stamp(&nonce, &answer)?;
        }
        // What a log has it keeps for good, so it comes last.
        if let (Some(answer), Some((_, version))) = (self.enter(draft).await?, &self.services.log) {
            draft.enter(*version, &answer)?;
        }
        Ok(draft.check(self.trust.clone(), self.proofs)?)
    }

    async fn enter(&self, draft: &Draft) -> Result<Option<Vec<u8>>, SendError> {
        let Some((url, version)) = &self.services.log else { return Ok(None) };
        let (address, body) = (format!("{url}{}", version.path()), draft.log_request(*version)?);
        let send = Some((JSON, body.into()));
        let question = Question { address: &address, send, accept: JSON, ..Question::default() };
        let told = self.client.ask(&question, ANSWER).await?;
        if told.status != 409 {
            return Ok(Some(told.body.to_vec()));
        }
        // Equal signatures are entered once; the log says where.
        let place = told
            .location
            .ok_or_else(|| SignError::Log("it has this entry already, and does not say where".to_owned()))?;
        let again = Question { address: &place, accept: JSON, ..Question::default() };
        Ok(Some(self.client.ask(&again, ANSWER).await?.body.to_vec()))
    }

    async fn stamp(&self, draft: &Draft, nonce: &[u8]) -> Result<Option<Vec<u8>>, SendError> {
        let Some(address) = &self.services.stamps else { return Ok(None) };
        let question = Question {
            address,
            send: Some(("application/timestamp-query", draft.stamp_request(nonce)?.into())),
            accept: "application/timestamp-reply",
            ..Question::default()
        };
        Ok(Some(self.client.ask(&question, ANSWER).await?.body.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_services() {
        let args = |change: fn(&mut ByArgs)| {
            let mut args = ByArgs { fulcio_url: Some("https://fulcio.test/".into()), ..ByArgs::default() };
            change(&mut args);
            args
        };
        let told = |legacy: bool, change: fn(&mut ByArgs)| match args(change).services(legacy) {
            Ok(services) => format!("{services:?}"),
            Err(error) => error.to_string(),
        };
        assert!(told(false, |a| a.fulcio_url = None).contains("--key"));
        assert!(told(false, |_| {}).contains("--tsa-url"));
        assert!(told(false, |a| a.tlog = Some("https://rekor.test".into())).contains("--tsa-url"));
        assert!(told(true, |a| a.tlog = Some("https://rekor.test".into())).contains("First"));
        let both = |a: &mut ByArgs| {
            a.tlog = Some("https://rekor.test/".into());
            a.tsa_url = Some("https://tsa.test".into());
        };
        assert!(told(false, both).contains("\"https://rekor.test\", Second"));
        let second = |a: &mut ByArgs| {
            a.tlog = Some("https://rekor.test".into());
            a.tlog_version = Some(2);
            a.key = Some("k".into());
        };
        assert!(told(true, second).contains("--format legacy"));
        assert!(told(false, |a| a.key = Some("k".into())).contains("fulcio: None"));
    }
}
