//! Syslog: the machine's own socket, or RFC 5424 over UDP and TCP (octet-counted, RFC 6587).

use super::{Fault, PATIENCE, Sink};
use crate::alerts::Style;
use detect::Alert;
use detect::shapes::{local_syslog, syslog};
use std::io::Write as _;
use std::net::{TcpStream, ToSocketAddrs as _, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of a datagram that any receiver takes.
const DATAGRAM: usize = 8192;

fn cut(text: String) -> String {
    match text.char_indices().find(|(at, c)| at + c.len_utf8() > DATAGRAM) {
        Some((at, _)) => text.get(..at).unwrap_or_default().to_owned(),
        None => text,
    }
}

pub(super) struct Local {
    path: PathBuf,
    socket: Option<UnixDatagram>,
    style: Style,
}

impl Local {
    pub(super) fn new(path: &Path, style: Style) -> Self {
        Self { path: path.to_owned(), socket: None, style }
    }

    fn socket(&mut self) -> std::io::Result<&UnixDatagram> {
        if self.socket.is_none() {
            let socket = UnixDatagram::unbound()?;
            socket.connect(&self.path)?;
            socket.set_write_timeout(Some(PATIENCE))?;
            self.socket = Some(socket);
        }
        self.socket.as_ref().ok_or_else(|| std::io::Error::other("no socket"))
    }
}

impl Sink for Local {
    fn take(&mut self, alerts: &[Arc<Alert>]) -> Result<(), Fault> {
        let style = self.style;
        for (n, alert) in alerts.iter().enumerate() {
            let text = cut(local_syslog(alert, &style.line(alert), style.program, std::process::id()));
            if let Err(error) = self.socket().and_then(|socket| socket.send(text.as_bytes())) {
                self.socket = None;
                return Err(Fault::after(n, error));
            }
        }
        Ok(())
    }
}

pub(super) struct Udp {
    host: String,
    socket: Option<UdpSocket>,
    style: Style,
}

impl Udp {
    pub(super) fn new(host: &str, style: Style) -> Self {
        Self { host: host.to_owned(), socket: None, style }
    }

    fn socket(&mut self) -> std::io::Result<&UdpSocket> {
        if self.socket.is_none() {
            let there = address(&self.host)?;
            let socket = UdpSocket::bind(if there.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" })?;
            socket.connect(there)?;
            self.socket = Some(socket);
        }
        self.socket.as_ref().ok_or_else(|| std::io::Error::other("no socket"))
    }
}

fn address(host: &str) -> std::io::Result<std::net::SocketAddr> {
    host.to_socket_addrs()?.next().ok_or_else(|| std::io::Error::other(format!("{host} has no address")))
}

impl Sink for Udp {
    fn take(&mut self, alerts: &[Arc<Alert>]) -> Result<(), Fault> {
        let style = self.style;
        for (n, alert) in alerts.iter().enumerate() {
            let text = cut(syslog(alert, &style.line(alert), style.program, std::process::id()));
            if let Err(error) = self.socket().and_then(|socket| socket.send(text.as_bytes())) {
                self.socket = None;
                return Err(Fault::after(n, error));
            }
        }
        Ok(())
    }
}

pub(super) struct Tcp {
    host: String,
    stream: Option<TcpStream>,
    style: Style,
}

impl Tcp {
    pub(super) fn new(host: &str, style: Style) -> Self {
        Self { host: host.to_owned(), stream: None, style }
    }

    fn stream(&mut self) -> std::io::Result<&mut TcpStream> {
        if self.stream.is_none() {
            let stream = TcpStream::connect_timeout(&address(&self.host)?, PATIENCE)?;
            stream.set_write_timeout(Some(PATIENCE))?;
            self.stream = Some(stream);
        }
        self.stream.as_mut().ok_or_else(|| std::io::Error::other("no stream"))
    }
}

impl Sink for Tcp {
    fn take(&mut self, alerts: &[Arc<Alert>]) -> Result<(), Fault> {
        let style = self.style;
        for (n, alert) in alerts.iter().enumerate() {
            let text = syslog(alert, &style.line(alert), style.program, std::process::id());
            let framed = format!("{} {text}", text.len());
            if let Err(error) = self.stream().and_then(|stream| stream.write_all(framed.as_bytes())) {
                self.stream = None;
                return Err(Fault::after(n, error));
            }
        }
        Ok(())
    }
}
