//! `evt.*`: the event itself.

use super::evt_args::{all, error, show};
use super::{Arg, ArgRule, Field, SyscallSubject, field, unsupported, with_arg};
use crate::state::fd::FdKind;
use crate::time;
use crate::value::{Kind, Value};
use event::syscall::{EventType, Param, ParamType, signed, unsigned};

const O_RDONLY: u64 = 1;
const O_WRONLY: u64 = 2;
const O_CREAT: u64 = 4;
const O_TMPFILE: u64 = 16_384;
const EXECUTABLE: u64 = 0o111;

/// The flags a file was opened with, where the event opens one.
fn open_flags(s: &SyscallSubject<'_>) -> Option<u64> {
    match s.name() {
        "open" | "openat" | "openat2" | "open_by_handle_at" => s.view.uint("flags"),
        _ => None,
    }
}

fn open_has(s: &SyscallSubject<'_>, bit: u64) -> Option<Value<'static>> {
    let creat = bit == O_WRONLY && s.name() == "creat";
    Some(Value::Bool(creat || open_flags(s).is_some_and(|flags| flags & bit != 0)))
}

fn open_exec(s: &SyscallSubject<'_>) -> bool {
    let creates = match s.name() {
        "creat" => true,
        _ => open_flags(s).is_some_and(|flags| flags & (O_CREAT | O_TMPFILE) != 0),
    };
    creates && s.view.uint("mode").is_some_and(|mode| mode & EXECUTABLE != 0)
}

/// What the call returned.
fn result(s: &SyscallSubject<'_>) -> Option<i64> {
    s.view.result()
}

fn argument<'s>(s: &'s SyscallSubject<'s>, arg: &Arg) -> Option<Value<'s>> {
    let Arg::Key(name) = arg else { return None };
    let (param, bytes) = match name.parse::<usize>() {
        Ok(n) => s.view.all().into_iter().nth(n)?,
        Err(_) => match s.view.find(name) {
            Some((param, bytes)) => (param, Some(bytes)),
            None => (today(s, name)?, None),
        },
    };
    // A parameter that this kind of event has today and this one lacks is a text of its own.
    let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) else { return Some("<NA>".into()) };
    Some(show(s, param, bytes)?.resolved().into())
}

/// A parameter that some layout of this kind of event has: what an old one lacks is added to it, without a value.
fn today<'s>(s: &'s SyscallSubject<'s>, name: &str) -> Option<&'s Param> {
    let (info, exit) = (s.view.info, s.view.event.code % 2);
    let named = |info: &'s EventType| info.params.get(info.param(name)?);
    let kin =
        (0u16..).zip(s.state.table.types()).filter(|(code, t)| t.name_id == info.name_id && code % 2 == exit);
    named(info).or_else(|| kin.filter(|_| exit == 1).find_map(|(_, t)| named(t)))
}

fn raw_argument<'s>(s: &'s SyscallSubject<'s>, arg: &Arg) -> Option<Value<'s>> {
    let Arg::Key(name) = arg else { return None };
    let (param, bytes) = s.view.find(name)?;
    match param.kind {
        ParamType::Text | ParamType::Path | ParamType::RelPath | ParamType::Bytes => {
            Some(event::syscall::text(bytes).into())
        }
        ParamType::Int | ParamType::Errno | ParamType::Fd | ParamType::Pid => signed(bytes).map(Value::Int),
        _ => unsigned(bytes).map(Value::Uint),
    }
}

fn category(s: &SyscallSubject<'_>) -> &'static str {
    match s.view.info.category & 0x3f {
        2 => "file",
        3 => "net",
        4 => "ipc",
        5 => "memory",
        6 => "process",
        7 => "sleep",
        8 => "system",
        9 => "signal",
        10 => "user",
        11 => "time",
        _ if s.view.info.category & 64 != 0 => "wait",
        _ if s.view.info.category & 128 != 0 => "scheduler",
        // Reading and writing are of the category of what is read or written.
        code @ 32..=34 => match s.fd.map(|fd| fd.kind) {
            Some(FdKind::File | FdKind::Directory) => "file",
            Some(FdKind::Ipv4 | FdKind::Ipv6 | FdKind::Ipv4Server | FdKind::Ipv6Server) => "net",
            Some(FdKind::Unix | FdKind::Pipe | FdKind::Event | FdKind::Signal | FdKind::Inotify) => "ipc",
            _ if code == 32 => "IO-read",
            _ if code == 33 => "IO-write",
            _ => "IO-other",
        },
        _ => "other",
    }
}

/// Whether it reads or writes.
fn io(s: &SyscallSubject<'_>) -> bool {
    matches!(s.view.info.category & 0x3f, 32 | 33)
}

fn now(s: &SyscallSubject<'_>) -> u64 {
    s.view.event.time
}

/// The rows.
pub(in crate::fields) static FIELDS: [Field; 45] = [
    field("evt.num", Kind::Uint, "number of the event in its stream, from 1", |s, _| {
        Some(Value::Uint(s.number))
    }),
    field("evt.type", Kind::Text, "name of the event", |s, _| Some(s.name().into())),
    with_arg(
        "evt.type.is",
        Kind::Uint,
        ArgRule::RequiredKey,
        "1 when the event has this name",
        |s, a| match a {
            Arg::Key(name) => Some(Value::Uint(u64::from(s.name() == name))),
            _ => None,
        },
    ),
    field("syscall.type", Kind::Text, "name of the system call", |s, _| {
        (s.view.info.category & 512 != 0).then(|| s.name().into())
    }),
    field("evt.dir", Kind::Text, "direction: < for what ends, > for what only begins", |s, _| {
        Some(if s.view.event.code.is_multiple_of(2) { ">" } else { "<" }.into())
    }),
    field("evt.source", Kind::Text, "source of the event", |_, _| Some("syscall".into())),
    field("evt.category", Kind::Text, "category of the event", |s, _| Some(category(s).into())),
    field("evt.cpu", Kind::Int, "processor", |s, _| Some(Value::Int(i64::from(s.view.event.cpu)))),
    field("evt.time", Kind::Text, "time of day of the event, with nanoseconds", |s, _| {
        Some(time::of_day(now(s)).into())
    }),
    field("evt.time.s", Kind::Text, "time of day of the event", |s, _| {
        Some(time::of_day(now(s)).get(..8)?.to_owned().into())
    }),
    field("evt.time.iso8601", Kind::Text, "time of the event, ISO 8601 with nanoseconds", |s, _| {
        Some(time::iso8601(now(s)).into())
    }),
    field("evt.datetime", Kind::Text, "date and time of the event", |s, _| Some(time::date(now(s)).into())),
    field("evt.datetime.s", Kind::Text, "date and time of the event, in seconds", |s, _| {
        Some(time::date(now(s)).get(..19)?.to_owned().into())
    }),
    field("evt.rawtime", Kind::Time, "nanoseconds since 1970", |s, _| Some(Value::Uint(now(s)))),
    field("evt.rawtime.s", Kind::Time, "seconds since 1970", |s, _| {
        now(s).checked_div(1_000_000_000).map(Value::Uint)
    }),
    field("evt.rawtime.ns", Kind::Time, "nanoseconds within the second", |s, _| {
        now(s).checked_rem(1_000_000_000).map(Value::Uint)
    }),
    field("evt.args", Kind::Text, "parameters of the event", |s, _| Some(all(s).into())),
    field("evt.info", Kind::Text, "parameters of the event", |s, _| Some(all(s).into())),
    with_arg("evt.arg", Kind::Text, ArgRule::RequiredKey, "a parameter, as text", argument),
    with_arg("evt.rawarg", Kind::Text, ArgRule::RequiredKey, "a parameter, as encoded", raw_argument),
    field("evt.buffer", Kind::Bytes, "data read or written", |s, _| {
        let data = s.view.get("data").filter(|data| !data.is_empty())?;
        Some(data.into())
    }),
    field("evt.buflen", Kind::Uint, "length of that data", |s, _| {
        let io = s.fd.is_some() && s.view.info.category & 32 != 0;
        result(s).filter(|_| io).and_then(|n| u64::try_from(n).ok()).map(Value::Uint)
    }),
    field("evt.res", Kind::Text, "SUCCESS, or the name of the error", |s, _| match result(s)? {
        0.. => Some("SUCCESS".into()),
        failed => Some(error(s, failed)?.into()),
    }),
    field("evt.rawres", Kind::Int, "what the call returned", |s, _| result(s).map(Value::Int)),
    field("evt.failed", Kind::Bool, "whether the call failed", |s, _| Some(Value::Bool(result(s)? < 0))),
    field("evt.is_open_read", Kind::Bool, "whether a file was opened to read", |s, _| open_has(s, O_RDONLY)),
    field("evt.is_open_write", Kind::Bool, "whether a file was opened to write", |s, _| {
        open_has(s, O_WRONLY)
    }),
    field("evt.is_open_exec", Kind::Bool, "whether an executable file was made", |s, _| {
        Some(Value::Bool(open_exec(s)))
    }),
    field("evt.is_open_create", Kind::Bool, "whether a file was made", |s, _| {
        let creates = s.name() == "creat" || open_flags(s).is_some_and(|flags| flags & O_CREAT != 0);
        Some(Value::Bool(creates))
    }),
    field("evt.is_io", Kind::Bool, "whether it reads or writes", |s, _| Some(Value::Bool(io(s)))),
    field("evt.is_io_read", Kind::Bool, "whether it reads", |s, _| {
        Some(Value::Bool(s.view.info.category & 0x3f == 32))
    }),
    field("evt.is_io_write", Kind::Bool, "whether it writes", |s, _| {
        Some(Value::Bool(s.view.info.category & 0x3f == 33))
    }),
    field("evt.io_dir", Kind::Text, "r or w", |s, _| match s.view.info.category & 0x3f {
        32 => Some("r".into()),
        33 => Some("w".into()),
        _ => None,
    }),
    field("evt.is_wait", Kind::Bool, "whether it waits", |s, _| {
        Some(Value::Bool(s.view.info.category & 64 != 0))
    }),
    field("evt.is_async", Kind::Bool, "whether it is asynchronous", |_, _| Some(Value::Bool(false))),
    field("evt.hostname", Kind::Text, "name of the host", |s, _| {
        (!s.state.hostname.is_empty()).then(|| s.state.hostname.as_str().into())
    }),
    field("evt.count", Kind::Uint, "always 1", |_, _| Some(Value::Uint(1))),
    unsupported("evt.latency", Kind::Duration, "how long the call took"),
    unsupported("evt.latency.s", Kind::Duration, "how long the call took, in seconds"),
    unsupported("evt.latency.ns", Kind::Duration, "how long the call took, below a second"),
    unsupported("evt.latency.human", Kind::Text, "how long the call took, in words"),
    unsupported("evt.reltime", Kind::Duration, "time since the stream began"),
    unsupported("evt.deltatime", Kind::Duration, "time since the event before"),
    unsupported("evt.is_syslog", Kind::Bool, "whether it writes to the system's log"),
    unsupported("evt.abspath", Kind::Text, "absolute path made of directory and name"),
];
