//! What a field of an event holds.

use serde_json::Value as Json;
use std::borrow::Cow;
use std::net::IpAddr;

/// The type of a field: which operators it knows and how its right side is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Bytes meant as text.
    Text,
    /// A path; compared as text.
    Path,
    /// Any bytes.
    Bytes,
    /// A number without sign.
    Uint,
    /// A number with sign.
    Int,
    /// True or false.
    Bool,
    /// Nanoseconds since 1970.
    Time,
    /// A duration in nanoseconds.
    Duration,
    /// An address.
    Ip,
    /// An address, compared with networks.
    Net,
    /// A port.
    Port,
}

impl Kind {
    /// Its name in lists of fields, the reference's spelling.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "CHARBUF",
            Self::Path => "FSPATH",
            Self::Bytes => "BYTEBUF",
            Self::Uint => "UINT64",
            Self::Int => "INT64",
            Self::Bool => "BOOL",
            Self::Time => "ABSTIME",
            Self::Duration => "RELTIME",
            Self::Ip => "IPADDR",
            Self::Net => "IPNET",
            Self::Port => "PORT",
        }
    }

    /// Whether values are numbers.
    pub fn numeric(self) -> bool {
        matches!(self, Self::Uint | Self::Int | Self::Time | Self::Duration | Self::Port)
    }
}

/// A value of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Text or bytes.
    Text(Cow<'a, [u8]>),
    /// A number without sign.
    Uint(u64),
    /// A number with sign.
    Int(i64),
    /// True or false.
    Bool(bool),
    /// An address.
    Ip(IpAddr),
    /// Two values of which either may match: an address of either side.
    Either(Box<[Value<'a>; 2]>),
    /// Many texts.
    List(Vec<Cow<'a, [u8]>>),
    /// Texts of which any may match: names of all ancestors.
    Any(Vec<Cow<'a, [u8]>>),
    /// Values of which any may match.
    AnyOf(Vec<Value<'a>>),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text.as_bytes()))
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(text: &'a [u8]) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text.into_bytes()))
    }
}

impl<'a> From<Cow<'a, str>> for Value<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Text(bytes(text))
    }
}

/// The bytes of a text.
pub(crate) fn bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

impl Value<'_> {
    /// As an alert's text shows it, not yet made safe.
    pub fn show(&self) -> String {
        match self {
            Self::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Self::Uint(n) => n.to_string(),
            Self::Int(n) => n.to_string(),
            Self::Bool(b) => b.to_string(),
            Self::Ip(ip) => ip.to_string(),
            Self::Either(both) => both.first().map(Self::show).unwrap_or_default(),
            Self::Any(all) => {
                all.first().map(|t| String::from_utf8_lossy(t).into_owned()).unwrap_or_default()
            }
            Self::AnyOf(all) => all.first().map(Self::show).unwrap_or_default(),
            Self::List(all) => {
                let texts: Vec<Cow<'_, str>> = all.iter().map(|t| String::from_utf8_lossy(t)).collect();
                format!("({})", texts.join(","))
            }
        }
    }

    /// As an alert's JSON holds it.
    pub fn json(&self) -> Json {
        match self {
            Self::Uint(n) => Json::from(*n),
            Self::Int(n) => Json::from(*n),
            Self::Bool(b) => Json::from(*b),
            Self::List(all) => {
                Json::from(all.iter().map(|t| String::from_utf8_lossy(t).into_owned()).collect::<Vec<_>>())
            }
            Self::Text(_) | Self::Ip(_) | Self::Either(_) | Self::Any(_) | Self::AnyOf(_) => {
                Json::from(self.show())
            }
        }
    }
}
