//! HTTP: one alert a request as Falcosidekick takes them, or many as an OpenTelemetry collector does.

use super::{Fault, PATIENCE, Sink};
use crate::alerts::Style;
use detect::Alert;
use rustls::crypto::aws_lc_rs;
use std::sync::Arc;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

/// What a request holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Falco,
    Otlp,
}

pub(super) struct Http {
    agent: Agent,
    url: String,
    form: Form,
    style: Style,
}

impl Http {
    pub(super) fn new(url: &str, form: Form, style: Style) -> Self {
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(true)
            .timeout_global(Some(PATIENCE))
            .user_agent(concat!("ringwall/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.into(), url: url.to_owned(), form, style }
    }

    /// Posts once, and once more where the connection was the matter.
    fn post(&self, body: &str) -> Result<(), ureq::Error> {
        let send = || {
            let request = self.agent.post(&self.url).header("content-type", "application/json");
            request.send(body).map(drop)
        };
        match send() {
            Err(ureq::Error::Io(_) | ureq::Error::ConnectionFailed) => send(),
            other => other,
        }
    }
}

impl Sink for Http {
    fn take(&mut self, alerts: &[Arc<Alert>]) -> Result<(), Fault> {
        if self.form == Form::Otlp {
            let alerts: Vec<&Alert> = alerts.iter().map(|alert| &**alert).collect();
            let body = detect::shapes::otlp(&alerts, &self.style.shape);
            return self.post(&body.to_string()).map_err(Fault::new);
        }
        for (n, alert) in alerts.iter().enumerate() {
            self.post(&alert.json_line(&self.style.shape)).map_err(|error| Fault::after(n, error))?;
        }
        Ok(())
    }
}
