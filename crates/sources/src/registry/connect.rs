//! Connections: resolved here, so that where a name leads is looked at before anything is sent there.

use super::address::Place;
use super::{Error, Options, Proxy};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(super) type Http = legacy::Client<HttpsConnector<Tcp>, Full<bytes::Bytes>>;

/// Connects to what a host resolves to, unless that is out of bounds.
#[derive(Clone)]
pub(super) struct Tcp {
    /// Where the registry lives that led here; `None` for the registry itself.
    home: Option<Place>,
    patience: Duration,
    proxy: Arc<Matcher>,
}

/// A host that resolves only to addresses that are out of bounds.
#[derive(Debug, thiserror::Error)]
#[error("{host} is {address}, where a registry may not lead us")]
pub(super) struct OutOfBounds {
    pub(super) host: String,
    pub(super) address: IpAddr,
}

impl tower_service::Service<http::Uri> for Tcp {
    type Response = TokioIo<TcpStream>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: http::Uri) -> Self::Future {
        let Self { home, patience, proxy } = self.clone();
        Box::pin(async move {
            let host = uri.host().unwrap_or_default().to_owned();
            let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
            let timed_out = || std::io::Error::new(std::io::ErrorKind::TimedOut, "connecting took too long");
            let through = proxy.intercept(&uri).filter(|_| uri.scheme_str() == Some("https"));
            let opened = async {
                match through {
                    Some(proxy) => tunnel(&proxy, &host, port, home).await,
                    None => open(&host, port, home).await,
                }
            };
            tokio::time::timeout(patience, opened).await.map_err(|_| timed_out())?
        })
    }
}

/// The addresses of a host, IPv6 in brackets or not.
pub(super) async fn resolve(host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    Ok(tokio::net::lookup_host((bare, port)).await?.collect())
}

async fn open(host: &str, port: u16, home: Option<Place>) -> std::io::Result<TokioIo<TcpStream>> {
    let found = resolve(host, port).await?;
    let may = |address: &&SocketAddr| home.is_none_or(|home| Place::of(address.ip()).reachable_from(home));
    let allowed: Vec<_> = found.iter().filter(may).collect();
    if let (true, Some(first)) = (allowed.is_empty(), found.first()) {
        let error = OutOfBounds { host: host.to_owned(), address: first.ip() };
        return Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, error));
    }
    let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "the host has no address");
    for address in allowed {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(TokioIo::new(stream));
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Bytes of a proxy's answer that are read.
const ANSWER: usize = 8 << 10;

/// Connects through a proxy (`CONNECT`, RFC 9110). What the name means to the proxy is not known here; what it means
/// here is looked at all the same.
async fn tunnel(
    proxy: &Intercept,
    host: &str,
    port: u16,
    home: Option<Place>,
) -> std::io::Result<TokioIo<TcpStream>> {
    if let (Some(home), Ok(found)) = (home, resolve(host, port).await)
        && let Some(address) = found.iter().find(|address| !Place::of(address.ip()).reachable_from(home))
    {
        let error = OutOfBounds { host: host.to_owned(), address: address.ip() };
        return Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, error));
    }
    let at = proxy.uri();
    let mut stream =
        open(at.host().unwrap_or_default(), at.port_u16().unwrap_or(80), None).await?.into_inner();
    let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
    if let Some(Ok(secret)) = proxy.basic_auth().map(http::HeaderValue::to_str) {
        request.push_str(&format!("Proxy-Authorization: {secret}\r\n"));
    }
    stream.write_all(format!("{request}\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    // A byte at a time: what follows the empty line is the registry's.
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() >= ANSWER {
            return Err(std::io::Error::other("the proxy's answer is too long"));
        }
        answer.push(stream.read_u8().await?);
    }
    let line = String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned();
    match line.split_whitespace().nth(1) {
        Some(status) if status.starts_with('2') => Ok(TokioIo::new(stream)),
        _ => Err(std::io::Error::other(format!("the proxy refuses: {}", model::escape(&line)))),
    }
}

/// An HTTP client whose connections go only where a registry at `home` may lead.
pub(super) fn http(tls: &Arc<rustls::ClientConfig>, home: Option<Place>, options: &Options) -> Http {
    let proxy = match &options.proxy {
        Proxy::OfEnvironment => Matcher::from_env(),
        Proxy::At(address) => Matcher::builder().https(address.as_str()).build(),
    };
    let tcp = Tcp { home, patience: options.caps.connect, proxy: Arc::new(proxy) };
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(rustls::ClientConfig::clone(tls))
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    let headers = usize::try_from(options.caps.talk).unwrap_or(64 << 10).max(8192);
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(20))
        .pool_max_idle_per_host(options.caps.parallel)
        .http1_max_buf_size(headers)
        .build(connector)
}

/// What certificates are trusted: the machine's, and those of a file.
pub(super) fn tls(options: &Options) -> Result<Arc<rustls::ClientConfig>, Error> {
    let provider = provider();
    let builder = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Setup(error.to_string()))?;
    let builder = builder.dangerous();
    let config = if options.any_certificate {
        builder.with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
    } else {
        let extra = extra(options)?;
        let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(extra, provider)
            .map_err(|error| Error::Setup(format!("the machine's certificates cannot be used: {error}")))?;
        builder.with_custom_certificate_verifier(Arc::new(verifier))
    };
    Ok(Arc::new(config.with_no_client_auth()))
}

fn extra(options: &Options) -> Result<Vec<CertificateDer<'static>>, Error> {
    let Some(path) = &options.ca_file else { return Ok(Vec::new()) };
    let bad = |why: String| Error::Setup(format!("{}: {why}", model::escape(&path.display().to_string())));
    let found = CertificateDer::pem_file_iter(path).map_err(|error| bad(error.to_string()))?;
    let found: Vec<_> = found.collect::<Result<_, _>>().map_err(|error| bad(error.to_string()))?;
    if found.is_empty() {
        return Err(bad("it holds no certificate".to_owned()));
    }
    Ok(found)
}

/// Takes any certificate, because the user said so; signatures of the handshake are still checked.
#[derive(Debug)]
struct AnyCertificate(Arc<rustls::crypto::CryptoProvider>);

impl rustls::client::danger::ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// A configuration that trusts nobody, for connections without TLS.
pub(super) fn no_certificates() -> Result<Arc<rustls::ClientConfig>, Error> {
    let builder = rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Setup(error.to_string()))?;
    Ok(Arc::new(builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()))
}

/// The process's TLS provider; there is only one kind.
fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    let installed = rustls::crypto::CryptoProvider::get_default().cloned();
    installed.unwrap_or_else(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
}
