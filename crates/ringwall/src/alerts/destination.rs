//! Where alerts may go, as the command line names it.

use std::fmt;
use std::path::PathBuf;

/// A place alerts are sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    Stdout,
    File(PathBuf),
    /// The machine's own log socket.
    Syslog(PathBuf),
    /// RFC 5424 over a datagram or a stream.
    SyslogUdp(String),
    SyslogTcp(String),
    /// Alerts in JSON, one a request, as Falcosidekick takes them.
    Http(String),
    /// The logs endpoint of an OpenTelemetry collector.
    Otlp(String),
    /// A program's standard input; one run of it for all, or one each.
    Program {
        command: String,
        keep: bool,
    },
}

/// Where the machine's log listens.
const LOG: &str = "/dev/log";

/// What `--to` takes, for its help.
pub(crate) const FORMS: &str = "FILE, syslog, syslog:SOCKET, syslog+udp://HOST:PORT, syslog+tcp://HOST:PORT, \
                                http(s)://URL, otlp+http(s)://URL, or `|COMMAND`";

impl Destination {
    /// Reads one of the forms.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let host = |rest: &str| {
            let port = rest.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
            match port {
                Some((host, _)) if !host.is_empty() => Ok(rest.to_owned()),
                _ => Err(format!("'{rest}' is not HOST:PORT")),
            }
        };
        Ok(match text {
            "" => return Err("nowhere to send alerts to".to_owned()),
            "-" => Self::Stdout,
            "syslog" => Self::Syslog(LOG.into()),
            _ => {
                if let Some(rest) = text.strip_prefix("syslog+udp://") {
                    Self::SyslogUdp(host(rest)?)
                } else if let Some(rest) = text.strip_prefix("syslog+tcp://") {
                    Self::SyslogTcp(host(rest)?)
                } else if let Some(socket) = text.strip_prefix("syslog:") {
                    Self::Syslog(socket.into())
                } else if let Some(url) = text.strip_prefix("otlp+").filter(|url| url.starts_with("http")) {
                    Self::Otlp(collector(url))
                } else if text.starts_with("http://") || text.starts_with("https://") {
                    Self::Http(text.to_owned())
                } else if let Some(command) = text.strip_prefix('|') {
                    Self::Program { command: command.trim().to_owned(), keep: true }
                } else if text.contains("://") {
                    return Err(format!("'{text}' is no place for alerts; it may be {FORMS}"));
                } else {
                    Self::File(text.strip_prefix("file:").unwrap_or(text).into())
                }
            }
        })
    }
}

/// A collector's address with the path of its logs, where none is given.
fn collector(url: &str) -> String {
    let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    if path.is_empty() { format!("{}/v1/logs", url.trim_end_matches('/')) } else { url.to_owned() }
}

/// As `--to` takes it; a URL without what may be a password.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("stdout"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Syslog(socket) => write!(f, "syslog:{}", socket.display()),
            Self::SyslogUdp(host) => write!(f, "syslog+udp://{host}"),
            Self::SyslogTcp(host) => write!(f, "syslog+tcp://{host}"),
            Self::Http(url) => f.write_str(&without_secrets(url)),
            Self::Otlp(url) => write!(f, "otlp+{}", without_secrets(url)),
            Self::Program { .. } => f.write_str("program"),
        }
    }
}

fn without_secrets(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or(url);
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = authority.rsplit('@').next().unwrap_or(authority);
            format!("{scheme}://{host}/{path}")
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, want) in [
            ("-", "stdout"),
            ("a/b.log", "a/b.log"),
            ("file:a", "a"),
            ("syslog", "syslog:/dev/log"),
            ("syslog:/run/s", "syslog:/run/s"),
            ("syslog+udp://h:514", "syslog+udp://h:514"),
            ("syslog+tcp://[::1]:514", "syslog+tcp://[::1]:514"),
            ("http://u:p@h:2801/x?token=1", "http://h:2801/x"),
            ("otlp+http://h:4318", "otlp+http://h:4318/v1/logs"),
            ("otlp+https://h/logs", "otlp+https://h/logs"),
            ("| cat", "program"),
        ] {
            assert_eq!(Destination::parse(text).map(|d| d.to_string()).as_deref(), Ok(want), "{text}");
        }
        for bad in ["", "ftp://x", "syslog+udp://h", "syslog+tcp://:1"] {
            assert!(Destination::parse(bad).is_err(), "{bad}");
        }
    }
}
