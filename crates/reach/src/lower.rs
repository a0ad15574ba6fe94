//! A NetworkPolicy object, lowered to what decides.

use super::{Direction, End, Port, Protocol, Selector};
use model::ResourceRef;
use snapshot::Json;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub reference: ResourceRef,
    /// Which pods of its namespace it limits.
    pub selects: Selector,
    ingress: Option<Vec<Rule>>,
    egress: Option<Vec<Rule>>,
}

impl Policy {
    /// Its rules for a direction; `None` when it does not limit that direction.
    pub fn rules(&self, direction: Direction) -> Option<&[Rule]> {
        match direction {
            Direction::Ingress => self.ingress.as_deref(),
            Direction::Egress => self.egress.as_deref(),
        }
    }
}

/// What one rule lets through: these peers on these ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `None` for everyone.
    pub peers: Option<Vec<Peer>>,
    /// Ports of the receiver.
    pub ports: Ports,
}

/// The other end of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Pods: those that `pods` selects in the namespaces that `namespaces` selects (both hold).
    Pods {
        /// `None` for the policy's own namespace.
        namespaces: Option<Selector>,
        /// `None` for every pod.
        pods: Option<Selector>,
    },
    /// Addresses.
    Block(Block),
}

/// Addresses with some left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    cidr: Cidr,
    except: Vec<Cidr>,
}

impl Block {
    /// Whether an address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.cidr.contains(address) && !self.except.iter().any(|cidr| cidr.contains(address))
    }

    /// Whether it lets the internet in at large and not some known callers: it holds at least one in 256 addresses
    /// and is no private range.
    pub fn is_wide(&self) -> bool {
        let share = |cidr: &Cidr| 0.5f64.powi(i32::try_from(cidr.prefix).unwrap_or(i32::MAX));
        let left_out: f64 = self.except.iter().map(share).sum();
        !PRIVATE.iter().any(|range| range.covers(self.cidr)) && share(&self.cidr) - left_out >= 1.0 / 256.0
    }

    /// Whether it may hold addresses that pods and nodes have: some of a private range is in it.
    pub fn may_hold_pods(&self) -> bool {
        let touched = PRIVATE.iter().filter(|range| range.covers(self.cidr) || self.cidr.covers(**range));
        let smaller = |range: &Cidr| if range.prefix > self.cidr.prefix { *range } else { self.cidr };
        touched.map(smaller).any(|part| !self.except.iter().any(|cidr| cidr.covers(part)))
    }
}

/// Ranges that pods and nodes have: RFC 1918, RFC 6598, RFC 4193.
const PRIVATE: [Cidr; 5] = [
    Cidr { address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), prefix: 8 },
    Cidr { address: IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), prefix: 12 },
    Cidr { address: IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), prefix: 16 },
    Cidr { address: IpAddr::V4(Ipv4Addr::new(100, 64, 0, 0)), prefix: 10 },
    Cidr { address: IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), prefix: 7 },
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cidr {
    address: IpAddr,
    prefix: u32,
}

impl Cidr {
    fn parse(text: &str) -> Result<Self, String> {
        let bad = || format!("{} is no block of addresses", model::escape(text));
        let (address, prefix) = text.split_once('/').ok_or_else(bad)?;
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let prefix: u32 = prefix.parse().map_err(|_| bad())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        if prefix > longest { Err(bad()) } else { Ok(Self { address, prefix }) }
    }

    /// Whether every address of another is in it.
    fn covers(self, other: Self) -> bool {
        self.prefix <= other.prefix && self.contains(other.address)
    }

    fn contains(self, other: IpAddr) -> bool {
        match (self.address, other) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32u32.saturating_sub(self.prefix)).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128u32.saturating_sub(self.prefix)).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            _ => false,
        }
    }
}

/// Ports of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ports {
    /// `None` for every port of every protocol.
    pub ranges: Option<Vec<PortRange>>,
}

/// One entry of a rule's ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortRange {
    /// Every port of a protocol.
    All(Protocol),
    /// From the first to the last, both in.
    Numbers(Protocol, u16, u16),
    /// The receiver's port of this name.
    Named(Protocol, Box<str>),
}

impl Ports {
    /// Whether a port of the receiver is among them. A name holds where the receiver is a pod that has it.
    pub fn allow(&self, receiver: End<'_>, port: Port) -> bool {
        let Some(ranges) = &self.ranges else { return true };
        ranges.iter().any(|range| match range {
            PortRange::All(protocol) => *protocol == port.protocol,
            PortRange::Numbers(protocol, first, last) => {
                *protocol == port.protocol && (*first..=*last).contains(&port.number)
            }
            PortRange::Named(protocol, name) => match receiver {
                End::Pod(pod) => pod.ports.iter().any(|(own, of, number)| {
                    own == name && of == protocol && *of == port.protocol && *number == port.number
                }),
                End::Address(_) => false,
            },
        })
    }
}

/// Reads a policy, or says why the API server would refuse it.
pub(crate) fn policy(reference: &ResourceRef, json: &Json<'_>) -> Result<Policy, String> {
    let spec = json.get("spec");
    let types = spec.get("policyTypes");
    let limits = |direction: &str, rules: &Json<'_>| {
        if types.items().is_empty() {
            direction == "Ingress" || !rules.items().is_empty()
        } else {
            types.strings().any(|written| written == direction)
        }
    };
    let rules = |direction: &str, field: &str, peers: &str| -> Result<Option<Vec<Rule>>, String> {
        let written = spec.get(field);
        if !limits(direction, written) {
            return Ok(None);
        }
        written.items().iter().map(|json| rule(json, peers)).collect::<Result<Vec<_>, _>>().map(Some)
    };
    Ok(Policy {
        reference: reference.clone(),
        selects: Selector::parse(spec.get("podSelector"))?,
        ingress: rules("Ingress", "ingress", "from")?,
        egress: rules("Egress", "egress", "to")?,
    })
}

fn rule(json: &Json<'_>, peers: &str) -> Result<Rule, String> {
    let (peers, ports) = (json.get(peers).items(), json.get("ports").items());
    let some = |all: bool| (!all).then_some(());
    Ok(Rule {
        peers: some(peers.is_empty()).map(|()| peers.iter().map(peer).collect()).transpose()?,
        ports: Ports {
            ranges: some(ports.is_empty()).map(|()| ports.iter().map(range).collect()).transpose()?,
        },
    })
}

fn peer(json: &Json<'_>) -> Result<Peer, String> {
    let selector = |field: &str| {
        let written = json.get(field);
        (!written.is_null()).then(|| Selector::parse(written)).transpose()
    };
    let (namespaces, pods, block) =
        (selector("namespaceSelector")?, selector("podSelector")?, json.get("ipBlock"));
    match (namespaces.is_some() || pods.is_some(), block.is_null()) {
        (true, true) => Ok(Peer::Pods { namespaces, pods }),
        (false, false) => {
            let except = block.get("except").strings().map(Cidr::parse).collect::<Result<_, _>>()?;
            Ok(Peer::Block(Block { cidr: Cidr::parse(block.get("cidr").text())?, except }))
        }
        (true, false) => Err("a peer names pods and addresses".to_owned()),
        (false, true) => Err("a peer names nobody".to_owned()),
    }
}

fn range(json: &Json<'_>) -> Result<PortRange, String> {
    let written = json.get("protocol").text();
    let protocol =
        Protocol::parse(written).ok_or_else(|| format!("{} is no protocol", model::escape(written)))?;
    let number = |json: &Json<'_>| {
        let port = json.int().and_then(|number| u16::try_from(number).ok()).filter(|port| *port > 0);
        port.ok_or_else(|| "a port is no port number".to_owned())
    };
    let (port, end) = (json.get("port"), json.get("endPort"));
    match (port.is_null(), port.str(), end.is_null()) {
        (true, _, true) => Ok(PortRange::All(protocol)),
        (false, Some(name), true) => Ok(PortRange::Named(protocol, name.into())),
        (false, None, true) => number(port).map(|port| PortRange::Numbers(protocol, port, port)),
        (false, None, false) => match (number(port)?, number(end)?) {
            (first, last) if first <= last => Ok(PortRange::Numbers(protocol, first, last)),
            _ => Err("endPort is below port".to_owned()),
        },
        (_, _, false) => Err("endPort without a port number".to_owned()),
    }
}
