//! A file descriptor: what it leads to.

use super::path;
use event::scap::{FdAddress, FdRow};
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What kind of thing a descriptor leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum FdKind {
    #[default]
    Unknown,
    File,
    Directory,
    Ipv4,
    Ipv6,
    Ipv4Server,
    Ipv6Server,
    Pipe,
    Unix,
    Event,
    Unsupported,
    Signal,
    EventPoll,
    Inotify,
    Timer,
    Netlink,
    Bpf,
    UserFault,
    IoUring,
    MemFd,
    PidFd,
}

impl FdKind {
    fn numbered(kind: u8) -> Self {
        match kind {
            1 | 16 => Self::File,
            2 => Self::Directory,
            3 => Self::Ipv4,
            4 => Self::Ipv6,
            5 => Self::Ipv4Server,
            6 => Self::Ipv6Server,
            7 => Self::Pipe,
            8 => Self::Unix,
            9 => Self::Event,
            11 => Self::Signal,
            12 => Self::EventPoll,
            13 => Self::Inotify,
            14 => Self::Timer,
            15 => Self::Netlink,
            17 => Self::Bpf,
            18 => Self::UserFault,
            19 => Self::IoUring,
            20 => Self::MemFd,
            21 => Self::PidFd,
            10 => Self::Unsupported,
            _ => Self::Unknown,
        }
    }

    /// Name and letter.
    fn spelling(self) -> (Option<&'static str>, char) {
        match self {
            Self::File => (Some("file"), 'f'),
            Self::Directory => (Some("directory"), 'd'),
            Self::Ipv4 => (Some("ipv4"), '4'),
            Self::Ipv6 => (Some("ipv6"), '6'),
            Self::Ipv4Server => (Some("ipv4"), '4'),
            Self::Ipv6Server => (Some("ipv6"), '6'),
            Self::Pipe => (Some("pipe"), 'p'),
            Self::Unix => (Some("unix"), 'u'),
            Self::Event => (Some("event"), 'e'),
            Self::Signal => (Some("signalfd"), 's'),
            Self::EventPoll => (Some("eventpoll"), 'l'),
            Self::Inotify => (Some("inotify"), 'i'),
            Self::Timer => (Some("timerfd"), 't'),
            Self::Netlink => (Some("netlink"), 'n'),
            Self::Bpf => (Some("bpf"), 'b'),
            Self::UserFault => (Some("userfaultfd"), 'u'),
            Self::IoUring => (Some("io_uring"), 'r'),
            Self::MemFd => (Some("memfd"), 'm'),
            Self::PidFd => (Some("pidfd"), 'P'),
            Self::Unsupported => (None, 'X'),
            Self::Unknown => (None, 'o'),
        }
    }

    pub(crate) fn name(self) -> Option<&'static str> {
        self.spelling().0
    }

    pub(crate) fn letter(self) -> char {
        self.spelling().1
    }

    pub(crate) fn is_socket(self) -> bool {
        matches!(self, Self::Ipv4 | Self::Ipv6 | Self::Ipv4Server | Self::Ipv6Server | Self::Unix)
    }
}

/// Protocol of a socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Protocol {
    #[default]
    Unknown,
    Tcp,
    Udp,
    Icmp,
    Raw,
}

impl Protocol {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unknown => "<NA>",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Icmp => "icmp",
            Self::Raw => "raw",
        }
    }

    fn numbered(number: u8) -> Self {
        match number {
            1 => Self::Tcp,
            2 => Self::Udp,
            3 => Self::Icmp,
            4 => Self::Raw,
            _ => Self::Unknown,
        }
    }

    /// By the type and protocol a socket was made with.
    pub(crate) fn of_socket(kind: u64, protocol: u64) -> Self {
        match (protocol, kind & 0xff) {
            (6, _) => Self::Tcp,
            (17, _) => Self::Udp,
            (1, _) => Self::Icmp,
            (255, _) => Self::Raw,
            (0, 1) => Self::Tcp,
            (0, 2) => Self::Udp,
            _ => Self::Unknown,
        }
    }
}

/// Which side of a connection the process is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Role {
    #[default]
    Unknown,
    Client,
    Server,
}

/// An address and a port.
pub(crate) type Address = (IpAddr, u16);

/// A descriptor.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fd {
    pub(crate) kind: FdKind,
    pub(crate) name: Vec<u8>,
    /// The name as the process gave it.
    pub(crate) raw_name: Vec<u8>,
    pub(crate) flags: u32,
    pub(crate) protocol: Protocol,
    pub(crate) role: Role,
    /// The client's side; for a listening socket nothing.
    pub(crate) source: Option<Address>,
    /// The server's side; for a listening socket its own.
    pub(crate) destination: Option<Address>,
    pub(crate) connected: bool,
    /// Number of the event that last changed the name.
    pub(crate) named_at: u64,
    pub(crate) ino: u64,
}

impl Fd {
    pub(crate) fn new(kind: FdKind) -> Self {
        Self { kind, ..Self::default() }
    }

    pub(crate) fn file(name: Vec<u8>, flags: u32) -> Self {
        const O_DIRECTORY: u32 = 1024;
        let kind = if flags & O_DIRECTORY != 0 { FdKind::Directory } else { FdKind::File };
        Self { kind, name, flags, ..Self::default() }
    }

    pub(crate) fn row(row: &FdRow<'_>) -> Self {
        let mut fd = Self { kind: FdKind::numbered(row.kind), ino: row.ino, ..Self::default() };
        match &row.address {
            FdAddress::Name(name) => fd.name = event::syscall::text(name).to_vec(),
            FdAddress::File { flags, name, .. } => {
                (fd.flags, fd.name) = (*flags, event::syscall::text(name).to_vec());
            }
            FdAddress::Tuple { source, destination, protocol } => {
                fd.protocol = Protocol::numbered(*protocol);
                fd.set_tuple(*source, *destination);
                fd.connected = true;
            }
            FdAddress::Server { address, protocol } => {
                fd.protocol = Protocol::numbered(*protocol);
                fd.set_server(*address);
            }
            FdAddress::Unix { source, destination, name } => {
                fd.name = unix_name(*source, *destination, event::syscall::text(name));
            }
            FdAddress::Nothing => {}
        }
        fd
    }

    /// A connection between two addresses.
    pub(crate) fn set_tuple(&mut self, source: Address, destination: Address) {
        self.kind = if source.0.is_ipv4() { FdKind::Ipv4 } else { FdKind::Ipv6 };
        let mut name = String::new();
        let _ = write!(name, "{}->{}", show(source), show(destination));
        (self.source, self.destination, self.name) = (Some(source), Some(destination), name.into_bytes());
    }

    /// A socket bound to an address.
    pub(crate) fn set_server(&mut self, address: Address) {
        self.kind = if address.0.is_ipv4() { FdKind::Ipv4Server } else { FdKind::Ipv6Server };
        (self.source, self.destination) = (None, Some(address));
        self.name = show(address).into_bytes();
    }

    /// What follows the letter of a socket: its protocol's.
    pub(crate) fn protocol_letter(&self) -> &'static str {
        match self.protocol {
            _ if self.role == Role::Unknown => "",
            Protocol::Tcp => "t",
            Protocol::Udp => "u",
            Protocol::Icmp => "i",
            Protocol::Raw => "r",
            Protocol::Unknown => "",
        }
    }

    pub(crate) fn is_file(&self) -> bool {
        matches!(self.kind, FdKind::File)
    }

    pub(crate) fn directory(&self) -> Option<&[u8]> {
        match self.kind {
            FdKind::File => Some(path::directory(&self.name)),
            FdKind::Directory => Some(&self.name),
            _ => None,
        }
    }
}

fn show((address, port): Address) -> String {
    format!("{address}:{port}")
}

pub(crate) fn unix_name(source: u64, destination: u64, path: &[u8]) -> Vec<u8> {
    let mut name = format!("{source:x}->{destination:x} ").into_bytes();
    name.extend_from_slice(path);
    name
}

/// A socket address of an event: family, then address and port or a path.
pub(crate) enum SockAddr<'a> {
    Inet(Address),
    Unix(&'a [u8]),
}

pub(crate) fn sockaddr(bytes: &[u8]) -> Option<SockAddr<'_>> {
    let mut cursor = event::scap::Cursor::new(bytes);
    match cursor.u8()? {
        2 => Some(SockAddr::Inet((IpAddr::V4(Ipv4Addr::from(cursor.bytes4()?)), cursor.u16()?))),
        10 => Some(SockAddr::Inet((IpAddr::V6(Ipv6Addr::from(cursor.bytes16()?)), cursor.u16()?))),
        1 => Some(SockAddr::Unix(event::syscall::text(cursor.rest()))),
        _ => None,
    }
}

/// A pair of socket addresses of an event.
pub(crate) enum SockTuple<'a> {
    Inet(Address, Address),
    Unix(u64, u64, &'a [u8]),
}

pub(crate) fn socktuple(bytes: &[u8]) -> Option<SockTuple<'_>> {
    let mut cursor = event::scap::Cursor::new(bytes);
    match cursor.u8()? {
        2 => {
            let source = (IpAddr::V4(Ipv4Addr::from(cursor.bytes4()?)), cursor.u16()?);
            let destination = (IpAddr::V4(Ipv4Addr::from(cursor.bytes4()?)), cursor.u16()?);
            Some(SockTuple::Inet(source, destination))
        }
        10 => {
            let source = (IpAddr::V6(Ipv6Addr::from(cursor.bytes16()?)), cursor.u16()?);
            let destination = (IpAddr::V6(Ipv6Addr::from(cursor.bytes16()?)), cursor.u16()?);
            Some(SockTuple::Inet(source, destination))
        }
        1 => Some(SockTuple::Unix(cursor.u64()?, cursor.u64()?, event::syscall::text(cursor.rest()))),
        _ => None,
    }
}
