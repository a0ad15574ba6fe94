//! `fd.*`: the descriptor an event is about.

use super::{Arg, Field, SyscallSubject, field, unsupported};
use crate::state::fd::{Address, Fd, FdKind, Role};
use crate::state::path;
use crate::value::{Kind, Value};
use std::borrow::Cow;

fn opened<'s>(s: &'s SyscallSubject<'s>) -> Option<Cow<'s, [u8]>> {
    // A failed open still names a file.
    let raw = s.view.text("name").filter(|_| matches!(s.name(), "open" | "openat" | "openat2" | "creat"))?;
    let thread = s.thread?;
    let base = match s.view.int("dirfd") {
        None | Some(-100) => Cow::Borrowed(&thread.cwd[..]),
        Some(dirfd) => Cow::Borrowed(&s.state.fd(thread, dirfd)?.name[..]),
    };
    Some(Cow::Owned(path::join(&base, raw)))
}

/// Whether the event has a descriptor that is not known.
fn unknown(s: &SyscallSubject<'_>) -> bool {
    s.fd.is_none() && s.current.has_fd && s.thread.is_some()
}

fn name<'s>(s: &'s SyscallSubject<'s>) -> Option<Cow<'s, [u8]>> {
    match s.fd {
        Some(fd) => Some(Cow::Borrowed(&fd.name)),
        None => opened(s).or_else(|| unknown(s).then_some(Cow::Borrowed(b""))),
    }
}

fn letter(s: &SyscallSubject<'_>) -> Option<char> {
    if let Some(fd) = s.fd {
        return Some(fd.kind.letter());
    }
    // Of a descriptor that is not known the event itself may say what it is.
    unknown(s).then(|| match s.name() {
        "socket" | "accept" | "accept4" => '4',
        "pipe" | "pipe2" => 'p',
        "eventfd" | "eventfd2" => 'e',
        "signalfd" | "signalfd4" => 's',
        "timerfd_create" => 't',
        "inotify_init" | "inotify_init1" => 'i',
        _ => 'o',
    })
}

fn inet<'s>(s: &'s SyscallSubject<'s>) -> Option<&'s Fd> {
    s.fd.filter(|fd| fd.destination.is_some())
}

fn ip(address: Option<Address>) -> Option<Value<'static>> {
    address.map(|(ip, _)| Value::Ip(ip))
}

fn port(address: Option<Address>) -> Option<Value<'static>> {
    address.map(|(_, port)| Value::Uint(u64::from(port)))
}

/// The address of this side, and of the other.
fn sides(s: &SyscallSubject<'_>) -> Option<(Option<Address>, Option<Address>)> {
    let fd = inet(s)?;
    let (from, _) = fd.source?;
    Some(if s.state.is_local(from) { (fd.source, fd.destination) } else { (fd.destination, fd.source) })
}

fn either(a: Option<Value<'static>>, b: Option<Value<'static>>) -> Option<Value<'static>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(Value::Either(Box::new([a, b]))),
        (a, b) => a.or(b),
    }
}

fn protocol<'s>(s: &'s SyscallSubject<'s>) -> Option<&'static str> {
    let fd = s.fd?;
    // Before it is known which side the process is, the reference does not tell.
    Some(if fd.role == Role::Unknown { "<NA>" } else { fd.protocol.name() })
}

fn family(s: &SyscallSubject<'_>) -> Option<&'static str> {
    match s.fd?.kind {
        FdKind::Ipv4 | FdKind::Ipv6 | FdKind::Ipv4Server | FdKind::Ipv6Server => Some("ip"),
        FdKind::Unix => Some("unix"),
        _ => None,
    }
}

fn number(s: &SyscallSubject<'_>) -> Option<i64> {
    (s.current.has_fd && s.thread.is_some()).then_some(s.current.fd)
}

/// Names of well-known ports, for output.
fn proto_name(address: Option<Address>) -> Option<Value<'static>> {
    let (_, port) = address?;
    let name = match port {
        22 => "ssh",
        25 => "smtp",
        53 => "domain",
        80 => "http",
        123 => "ntp",
        389 => "ldap",
        443 => "https",
        3306 => "mysql",
        5432 => "postgresql",
        6379 => "redis",
        8080 => "http-alt",
        port => return Some(port.to_string().into()),
    };
    Some(name.into())
}

type Get = for<'s> fn(&'s SyscallSubject<'s>, &'s Arg) -> Option<Value<'s>>;

/// A field whose comparison needs a name resolved: no name is looked up here, so it has no value.
const UNRESOLVED: Get = |_, _| None;

/// The rows.
pub(in crate::fields) static FIELDS: [Field; 49] = [
    field("fd.num", Kind::Int, "number of the descriptor", |s, _| number(s).map(Value::Int)),
    field("fd.type", Kind::Text, "type of the descriptor", |s, _| Some(s.fd?.kind.name()?.into())),
    field("fd.typechar", Kind::Text, "type as one letter", |s, _| Some(letter(s)?.to_string().into())),
    field("fd.name", Kind::Path, "full name: path, or addresses and ports", |s, _| name(s).map(Value::Text)),
    field("fd.nameraw", Kind::Path, "path as the process gave it", |s, _| match s.fd {
        Some(fd) if !fd.raw_name.is_empty() => Some(fd.raw_name.as_slice().into()),
        _ => name(s).map(Value::Text),
    }),
    field("fd.directory", Kind::Path, "directory of a file", |s, _| match s.fd {
        Some(fd) => Some(fd.directory()?.into()),
        None => name(s).map(|name| Value::Text(Cow::Owned(path::directory(&name).to_vec()))),
    }),
    field("fd.filename", Kind::Path, "file name without directory", |s, _| match s.fd {
        Some(fd) if fd.is_file() => Some(path::file_name(&fd.name).into()),
        _ => None,
    }),
    field("fd.ip", Kind::Ip, "address of either side", |s, _| {
        let fd = inet(s)?;
        either(ip(fd.source), ip(fd.destination))
    }),
    field("fd.net", Kind::Net, "network of either side", |s, _| {
        let fd = inet(s)?;
        either(ip(fd.source), ip(fd.destination))
    }),
    field("fd.cip", Kind::Ip, "address of the client", |s, _| ip(inet(s)?.source)),
    field("fd.sip", Kind::Ip, "address of the server", |s, _| ip(inet(s)?.destination)),
    field("fd.lip", Kind::Ip, "local address", |s, _| ip(sides(s)?.0)),
    field("fd.rip", Kind::Ip, "remote address", |s, _| ip(sides(s)?.1)),
    field("fd.cnet", Kind::Net, "network of the client", |s, _| ip(inet(s)?.source)),
    field("fd.snet", Kind::Net, "network of the server", |s, _| ip(inet(s)?.destination)),
    field("fd.lnet", Kind::Net, "local network", |s, _| ip(sides(s)?.0)),
    field("fd.rnet", Kind::Net, "remote network", |s, _| ip(sides(s)?.1)),
    field("fd.port", Kind::Port, "port of either side", |s, _| {
        let fd = inet(s)?;
        either(port(fd.source), port(fd.destination))
    }),
    field("fd.cport", Kind::Port, "port of the client", |s, _| port(inet(s)?.source)),
    field("fd.sport", Kind::Port, "port of the server", |s, _| port(inet(s)?.destination)),
    field("fd.lport", Kind::Port, "local port", |s, _| port(sides(s)?.0)),
    field("fd.rport", Kind::Port, "remote port", |s, _| port(sides(s)?.1)),
    field("fd.cproto", Kind::Text, "name of the client's port", |s, _| proto_name(inet(s)?.source)),
    field("fd.sproto", Kind::Text, "name of the server's port", |s, _| proto_name(inet(s)?.destination)),
    field("fd.lproto", Kind::Text, "name of the local port", |s, _| proto_name(sides(s)?.0)),
    field("fd.rproto", Kind::Text, "name of the remote port", |s, _| proto_name(sides(s)?.1)),
    field("fd.l4proto", Kind::Text, "protocol: tcp, udp, icmp or raw", |s, _| protocol(s).map(Value::from)),
    field("fd.sockfamily", Kind::Text, "family of a socket: ip or unix", |s, _| family(s).map(Value::from)),
    field("fd.is_server", Kind::Bool, "whether the process is the server", |s, _| {
        let fd = s.fd?;
        match fd.kind {
            FdKind::Ipv4Server | FdKind::Ipv6Server | FdKind::Ipv6 => Some(Value::Bool(true)),
            FdKind::Ipv4 => Some(Value::Bool(fd.role == Role::Server)),
            _ => Some(Value::Bool(false)),
        }
    }),
    field("fd.uid", Kind::Text, "thread and descriptor, unique on the machine", |s, _| {
        let fd = number(s)?;
        Some(format!("{}{}", s.view.event.tid, fd).into())
    }),
    field("fd.containername", Kind::Text, "container and name", |s, _| {
        let id = s.thread?.container.as_deref().unwrap_or("");
        let name = name(s)?;
        Some(Value::Text(Cow::Owned([id.as_bytes(), b":", &name].concat())))
    }),
    field("fd.containerdirectory", Kind::Text, "container and directory", |s, _| {
        let id = s.thread?.container.as_deref().unwrap_or("");
        Some(Value::Text(Cow::Owned([id.as_bytes(), b":", s.fd?.directory()?].concat())))
    }),
    field("fd.connected", Kind::Bool, "whether the socket is connected", |s, _| {
        let fd = s.fd?;
        Some(Value::Bool(fd.kind.is_socket() && fd.connected))
    }),
    field("fd.name_changed", Kind::Bool, "whether this event changed the name", |s, _| {
        Some(Value::Bool(s.fd?.named_at == s.state.sequence))
    }),
    field("fd.cip.name", Kind::Text, "name of the client's address", UNRESOLVED),
    field("fd.sip.name", Kind::Text, "name of the server's address", UNRESOLVED),
    field("fd.lip.name", Kind::Text, "name of the local address", UNRESOLVED),
    field("fd.rip.name", Kind::Text, "name of the remote address", UNRESOLVED),
    field("fd.ino", Kind::Uint, "inode", |s, _| s.fd.map(|fd| Value::Uint(fd.ino))),
    unsupported("fd.is_upper_layer", Kind::Bool, "whether the file is on an overlay's upper layer"),
    unsupported("fd.is_lower_layer", Kind::Bool, "whether the file is on an overlay's lower layer"),
    unsupported("fd.dev", Kind::Int, "device"),
    unsupported("fd.dev.major", Kind::Int, "major number of the device"),
    unsupported("fd.dev.minor", Kind::Int, "minor number of the device"),
    field("fd.proto", Kind::Text, "name of either port", |s, _| {
        let fd = inet(s)?;
        either(proto_name(fd.source), proto_name(fd.destination))
    }),
    field("fd.cport.name", Kind::Text, "alias of fd.cproto", |s, _| proto_name(inet(s)?.source)),
    field("fd.sport.name", Kind::Text, "alias of fd.sproto", |s, _| proto_name(inet(s)?.destination)),
    unsupported("fd.types", Kind::Text, "types of the descriptors of a poll"),
    field("fd.filepath", Kind::Path, "alias of fd.name for files", |s, _| {
        s.fd.filter(|fd| fd.is_file()).map(|fd| fd.name.as_slice().into())
    }),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    #[test]
    fn ports_have_names() {
        let at = |port| proto_name(Some((IpAddr::from([1, 2, 3, 4]), port))).unwrap().show();
        assert_eq!((at(443), at(4444)), ("https".to_owned(), "4444".to_owned()));
        assert!(proto_name(None).is_none());
    }
}
