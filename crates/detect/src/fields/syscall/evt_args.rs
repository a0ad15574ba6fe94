//! Parameters of an event as text: `evt.args` and `evt.arg`.
//!
//! Semantics: `sinsp_evt::get_param_as_str` of Falco's `libsinsp/event.cpp`.

use super::SyscallSubject;
use crate::state::fd::{SockAddr, SockTuple, sockaddr, socktuple};
use crate::state::path;
use event::syscall::{Param, ParamType, signed, text, unsigned};

/// A parameter as text: as encoded, and what that means.
pub(super) struct Shown {
    pub(super) text: String,
    pub(super) meaning: Option<String>,
}

impl Shown {
    fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), meaning: None }
    }

    /// What it means where that is known, else as encoded.
    pub(super) fn resolved(self) -> String {
        self.meaning.filter(|m| !m.is_empty()).unwrap_or(self.text)
    }

    fn both(self) -> String {
        match self.meaning.filter(|m| !m.is_empty()) {
            Some(meaning) => format!("{}({meaning})", self.text),
            None => self.text,
        }
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Names of the bits of a value, each bit named once; an exact name ends the list.
pub(super) fn bits(values: &[(&'static str, u32)], value: u32) -> String {
    let (mut left, mut names) = (value, Vec::new());
    for (name, bit) in values {
        if *bit == value {
            names.push(*name);
            break;
        }
        if *bit != 0 && left & bit == *bit {
            names.push(*name);
            left &= !bit;
        }
    }
    names.join("|")
}

fn named(s: &SyscallSubject<'_>, param: &Param, value: u64, exact: bool) -> Option<String> {
    let set = s.state.table.set(param.flags?)?;
    let value = u32::try_from(value).ok()?;
    match exact {
        true => {
            let same: Vec<&str> =
                set.values.iter().filter(|(_, v)| *v == value).map(|(name, _)| *name).collect();
            (!same.is_empty()).then(|| same.join("|"))
        }
        false => Some(bits(&set.values, value)),
    }
}

/// The name of an error, by its negative number.
pub(super) fn error(s: &SyscallSubject<'_>, result: i64) -> Option<&'static str> {
    let number = u32::try_from(result.checked_neg()?).ok()?;
    let set = s.state.table.set_named("errno")?;
    set.values.iter().find(|(_, v)| *v == number).map(|(name, _)| *name)
}

fn descriptor(s: &SyscallSubject<'_>, number: i64) -> Option<String> {
    if number == -100 {
        return Some("AT_FDCWD".to_owned());
    }
    if number < 0 {
        return error(s, number).map(str::to_owned);
    }
    let fd = s.state.fd(s.thread?, number)?;
    Some(format!("<{}{}>{}", fd.kind.letter(), fd.protocol_letter(), lossy(&fd.name)))
}

fn user(s: &SyscallSubject<'_>, id: u64, group: bool) -> Shown {
    if id == u64::from(u32::MAX) {
        return Shown { text: "-1".to_owned(), meaning: Some("<NONE>".to_owned()) };
    }
    let id = u32::try_from(id).unwrap_or(u32::MAX);
    let name = if group { s.state.group(id) } else { s.state.user(id) };
    let name = name.map(lossy).or_else(|| (id == 0).then(|| "root".to_owned()));
    Shown { text: id.to_string(), meaning: name }
}

fn printable(bytes: &[u8]) -> String {
    let show = |b: &u8| if b.is_ascii_graphic() || *b == b' ' { char::from(*b) } else { '.' };
    bytes.iter().map(show).collect()
}

fn process(s: &SyscallSubject<'_>, pid: i64) -> Shown {
    let name = s.state.thread(pid).map(|t| lossy(&t.comm));
    Shown { text: pid.to_string(), meaning: name }
}

fn number(param: &Param, value: u64) -> String {
    match param.base {
        16 => format!("{value:X}"),
        8 => format!("{value:o}"),
        _ => value.to_string(),
    }
}

/// A parameter as text; `None` when it is empty or broken.
pub(super) fn show(s: &SyscallSubject<'_>, param: &Param, bytes: &[u8]) -> Option<Shown> {
    Some(match param.kind {
        ParamType::Int => Shown::plain(signed(bytes)?.to_string()),
        ParamType::Uint => Shown::plain(number(param, unsigned(bytes)?)),
        ParamType::Text => Shown::plain(lossy(text(bytes))),
        ParamType::Path => {
            let raw = text(bytes);
            let full = s.thread.filter(|_| !raw.starts_with(b"/")).map(|t| lossy(&path::join(&t.cwd, raw)));
            Shown { text: lossy(raw), meaning: full }
        }
        ParamType::RelPath => relative(s, text(bytes)),
        ParamType::Bytes | ParamType::Texts | ParamType::Pairs => Shown::plain(strings(param, bytes)),
        ParamType::Errno => {
            let result = signed(bytes)?;
            Shown {
                text: result.to_string(),
                meaning: (result < 0).then(|| error(s, result)).flatten().map(str::to_owned),
            }
        }
        ParamType::Fd => {
            let fd = signed(bytes)?;
            Shown { text: fd.to_string(), meaning: descriptor(s, fd) }
        }
        ParamType::Pid => process(s, signed(bytes)?),
        ParamType::SockAddr => Shown::plain(match sockaddr(bytes)? {
            SockAddr::Inet((ip, port)) => format!("{ip}:{port}"),
            SockAddr::Unix(name) => lossy(name),
        }),
        ParamType::SockTuple => Shown::plain(match socktuple(bytes)? {
            SockTuple::Inet((a, p), (b, q)) => format!("{a}:{p}->{b}:{q}"),
            SockTuple::Unix(a, b, name) => format!("{a:x}->{b:x} {}", lossy(name)),
        }),
        ParamType::Call => {
            let id = unsigned(bytes)?;
            let name = u16::try_from(id).ok().and_then(|id| s.state.table.call(id));
            Shown { text: id.to_string(), meaning: name.map(str::to_owned) }
        }
        ParamType::Signal => {
            let id = unsigned(bytes)?;
            let set = s.state.table.set_named("signal")?;
            let name = set.values.iter().find(|(_, v)| u64::from(*v) == id).map(|(n, _)| (*n).to_owned());
            Shown { text: id.to_string(), meaning: name }
        }
        ParamType::Bool => Shown::plain(if unsigned(bytes)? != 0 { "true" } else { "false" }),
        ParamType::Flags | ParamType::Mode => {
            let value = unsigned(bytes)?;
            Shown { text: value.to_string(), meaning: named(s, param, value, false) }
        }
        ParamType::Enum => {
            let value = unsigned(bytes)?;
            Shown { text: value.to_string(), meaning: named(s, param, value, true) }
        }
        ParamType::Uid => user(s, unsigned(bytes)?, false),
        ParamType::Gid => user(s, unsigned(bytes)?, true),
        ParamType::Time | ParamType::Duration | ParamType::Port | ParamType::SigSet => {
            Shown::plain(unsigned(bytes)?.to_string())
        }
        ParamType::FdList | ParamType::Dynamic | ParamType::Other => Shown::plain(dynamic(bytes)),
    })
}

/// A path below the directory a descriptor of the event names.
fn relative(s: &SyscallSubject<'_>, raw: &[u8]) -> Shown {
    let directory = match s.view.int("dirfd") {
        Some(dirfd) if dirfd != -100 => s.thread.and_then(|t| s.state.fd(t, dirfd)).map(|fd| &fd.name),
        _ => s.thread.map(|t| &t.cwd),
    };
    let full = directory.filter(|_| !raw.starts_with(b"/")).map(|base| lossy(&path::join(base, raw)));
    Shown { text: lossy(raw), meaning: full }
}

/// A value whose first byte says which of several types it has.
fn dynamic(bytes: &[u8]) -> String {
    let rest = bytes.get(1..).unwrap_or_default();
    signed(rest).map_or_else(String::new, |n| n.to_string())
}

/// Arguments and variables are texts that end with zeros; other bytes show what can be shown.
fn strings(param: &Param, bytes: &[u8]) -> String {
    if matches!(param.name, "args" | "env" | "cgroups") {
        let separator = if param.name == "args" { "." } else { " " };
        let parts: Vec<String> = bytes.split(|b| *b == 0).filter(|p| !p.is_empty()).map(lossy).collect();
        let mut out = parts.join(separator);
        if param.name == "args" && !out.is_empty() {
            out.push('.');
        }
        return out;
    }
    printable(bytes)
}

/// All parameters: `name=value`, with what the value means in parentheses.
pub(super) fn all(s: &SyscallSubject<'_>) -> String {
    let mut out = String::new();
    for (param, bytes) in s.view.all() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(param.name);
        out.push('=');
        match bytes {
            None => out.push_str("<NA>"),
            Some([]) => out.push_str("NULL"),
            Some(bytes) => {
                let value = show(s, param, bytes);
                out.push_str(&value.map_or_else(|| "<NA>".to_owned(), Shown::both));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_have_names() {
        let set = [("A", 4), ("RW", 3), ("W", 2), ("R", 1), ("NONE", 0)];
        for (value, want) in [(0, "NONE"), (3, "RW"), (5, "A|R"), (7, "A|RW"), (2, "W"), (8, "")] {
            assert_eq!(bits(&set, value), want, "{value}");
        }
    }
}
