//! `proc.*` and `thread.*`: who caused the event, and whose child it is.

use super::{Arg, ArgRule, Field, SyscallSubject, field, unsupported, with_arg};
use crate::state::thread::{EXE_FROM_MEMFD, EXE_LOWER_LAYER, EXE_UPPER_LAYER, EXE_WRITABLE, Thread};
use crate::value::{Kind, Value};
use std::borrow::Cow;

/// Names of capabilities, by bit.
const CAPABILITIES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

fn capabilities(bits: u64) -> Value<'static> {
    let named = CAPABILITIES.iter().enumerate().filter(|(n, _)| bits >> n & 1 == 1);
    let names: Vec<String> = named.map(|(_, name)| format!("CAP_{name}")).collect();
    names.join(" ").into()
}

fn text(bytes: &[u8]) -> Option<Value<'_>> {
    Some(bytes.into())
}

fn parent<'s>(s: &'s SyscallSubject<'s>) -> Option<&'s Thread> {
    s.state.parent(s.thread?)
}

/// The ancestor an argument names: 0 is the process itself, 1 its parent.
fn ancestor<'s>(s: &'s SyscallSubject<'s>, index: usize) -> Option<&'s Thread> {
    let thread = s.thread?;
    match index.checked_sub(1) {
        None => Some(thread),
        Some(n) => s.state.ancestors(thread).nth(n),
    }
}

/// A text of one ancestor, or of any when no argument says which.
fn ancestral<'s>(s: &'s SyscallSubject<'s>, arg: &Arg, part: fn(&Thread) -> &Vec<u8>) -> Option<Value<'s>> {
    match arg {
        Arg::Index(index) => text(part(ancestor(s, *index)?)),
        _ => {
            let all: Vec<Cow<'s, [u8]>> =
                s.state.ancestors(s.thread?).map(|t| Cow::Borrowed(part(t).as_slice())).collect();
            (!all.is_empty()).then_some(Value::Any(all))
        }
    }
}

/// The process that leads a session or group: the one whose id it is, else the oldest ancestor still in it.
fn leader<'s>(s: &'s SyscallSubject<'s>, id: fn(&Thread) -> i64) -> Option<&'s Thread> {
    let thread = s.thread?;
    let wanted = id(thread);
    if thread.tid == thread.vtid {
        return s.state.thread(wanted);
    }
    s.state.ancestors(thread).take_while(|t| id(t) == wanted).last().or(Some(thread))
}

/// A text of the leader; empty when it is not known.
fn led<'s>(
    s: &'s SyscallSubject<'s>,
    id: fn(&Thread) -> i64,
    part: fn(&Thread) -> &Vec<u8>,
) -> Option<Value<'s>> {
    let known = s.thread?.pid >= 0;
    let leader = |s| leader(s, id).filter(|_| known);
    text(leader(s).map_or(b"", |leader| part(leader).as_slice()))
}

fn environment<'s>(s: &'s SyscallSubject<'s>, arg: &Arg) -> Option<Value<'s>> {
    let env = &s.thread?.env;
    let variables = || env.split(|b| *b == 0).filter(|v| !v.is_empty());
    match arg {
        Arg::Key(key) => {
            let value = variables().find_map(|v| v.strip_prefix(key.as_bytes())?.strip_prefix(b"="))?;
            text(value)
        }
        _ => {
            let all: Vec<&[u8]> = variables().collect();
            Some(Value::Text(Cow::Owned(all.join(&b' '))))
        }
    }
}

fn argument<'s>(s: &'s SyscallSubject<'s>, arg: &Arg) -> Option<Value<'s>> {
    let args = &s.thread?.args;
    match arg {
        Arg::Index(index) => text(args.split(|b| *b == b' ').nth(*index)?),
        _ => text(args),
    }
}

fn age(s: &SyscallSubject<'_>, thread: &Thread) -> Option<Value<'static>> {
    let started = Some(thread.started).filter(|t| *t > 0)?;
    s.view.event.time.checked_sub(started).map(Value::Uint)
}

fn time(nanoseconds: u64) -> Option<Value<'static>> {
    (nanoseconds > 0).then_some(Value::Uint(nanoseconds))
}

fn flag(s: &SyscallSubject<'_>, bit: u32) -> Option<Value<'static>> {
    Some(Value::Bool(s.thread?.exe_flags & bit != 0))
}

fn exeline(thread: &Thread) -> Value<'static> {
    let mut line = thread.exe.clone();
    if !thread.args.is_empty() {
        line.push(b' ');
        line.extend_from_slice(&thread.args);
    }
    Value::Text(Cow::Owned(line))
}

/// The rows.
pub(in crate::fields) static FIELDS: [Field; 66] = [
    field("proc.name", Kind::Text, "name of the process", |s, _| text(&s.thread?.comm)),
    field("proc.exe", Kind::Text, "first argument of the process", |s, _| text(&s.thread?.exe)),
    field("proc.exepath", Kind::Path, "path of the executable", |s, _| text(&s.thread?.exepath)),
    with_arg("proc.args", Kind::Text, ArgRule::Index, "arguments after the first", argument),
    field("proc.cmdline", Kind::Text, "name and arguments", |s, _| text(&s.thread?.cmdline)),
    field("proc.pcmdline", Kind::Text, "name and arguments of the parent", |s, _| text(&parent(s)?.cmdline)),
    field("proc.exeline", Kind::Text, "executable and arguments", |s, _| Some(exeline(s.thread?))),
    field("proc.cmdnargs", Kind::Uint, "number of arguments", |s, _| {
        let args = &s.thread?.args;
        let count = if args.is_empty() { 0 } else { args.split(|b| *b == b' ').count() };
        u64::try_from(count).ok().map(Value::Uint)
    }),
    field("proc.cmdlenargs", Kind::Uint, "length of the arguments, blanks not counted", |s, _| {
        u64::try_from(s.thread?.args.iter().filter(|b| **b != b' ').count()).ok().map(Value::Uint)
    }),
    field("proc.pname", Kind::Text, "name of the parent", |s, _| text(&parent(s)?.comm)),
    field("proc.pexe", Kind::Text, "first argument of the parent", |s, _| text(&parent(s)?.exe)),
    field("proc.pexepath", Kind::Path, "path of the parent's executable", |s, _| text(&parent(s)?.exepath)),
    with_arg("proc.aname", Kind::Text, ArgRule::Index, "name of an ancestor", |s, a| {
        ancestral(s, a, |t| &t.comm)
    }),
    with_arg("proc.aexe", Kind::Text, ArgRule::Index, "first argument of an ancestor", |s, a| {
        ancestral(s, a, |t| &t.exe)
    }),
    with_arg("proc.aexepath", Kind::Path, ArgRule::Index, "path of an ancestor's executable", |s, a| {
        ancestral(s, a, |t| &t.exepath)
    }),
    with_arg("proc.acmdline", Kind::Text, ArgRule::Index, "name and arguments of an ancestor", |s, a| {
        ancestral(s, a, |t| &t.cmdline)
    }),
    with_arg("proc.apid", Kind::Int, ArgRule::Index, "id of an ancestor", |s, a| match a {
        Arg::Index(index) => Some(Value::Int(ancestor(s, *index)?.pid)),
        _ => {
            let all: Vec<Value<'_>> = s.state.ancestors(s.thread?).map(|t| Value::Int(t.pid)).collect();
            (!all.is_empty()).then_some(Value::AnyOf(all))
        }
    }),
    field("proc.cwd", Kind::Path, "working directory, with a slash at its end", |s, _| {
        let main = s.state.process(s.thread?).or(s.thread)?;
        text(&main.cwd)
    }),
    field("proc.tty", Kind::Uint, "number of the terminal, 0 without one", |s, _| {
        Some(Value::Uint(u64::from(s.thread?.tty)))
    }),
    field("proc.pid", Kind::Int, "id of the process", |s, _| Some(Value::Int(s.thread?.pid))),
    field("proc.ppid", Kind::Int, "id of the parent", |s, _| {
        let main = s.state.process(s.thread?).or(s.thread)?;
        (main.ptid >= 0).then_some(Value::Int(main.ptid))
    }),
    field("proc.vpid", Kind::Int, "id of the process as it sees it", |s, _| {
        Some(s.thread?.vpid).filter(|id| *id >= 0).map(Value::Int)
    }),
    field("proc.pvpid", Kind::Int, "id of the parent as it sees it", |s, _| {
        Some(Value::Int(parent(s)?.vpid))
    }),
    field("proc.sid", Kind::Int, "session", |s, _| Some(Value::Int(s.thread?.sid))),
    field("proc.sname", Kind::Text, "name of the session's leader", |s, _| led(s, |t| t.sid, |t| &t.comm)),
    field("proc.sid.exe", Kind::Text, "first argument of the session's leader", |s, _| {
        led(s, |t| t.sid, |t| &t.exe)
    }),
    field("proc.sid.exepath", Kind::Path, "path of the session leader's executable", |s, _| {
        led(s, |t| t.sid, |t| &t.exepath)
    }),
    field("proc.vpgid", Kind::Int, "process group as the process sees it", |s, _| {
        Some(Value::Int(s.thread?.vpgid))
    }),
    field("proc.vpgid.name", Kind::Text, "name of the group's leader", |s, _| {
        led(s, |t| t.vpgid, |t| &t.comm)
    }),
    field("proc.vpgid.exe", Kind::Text, "first argument of the group's leader", |s, _| {
        led(s, |t| t.vpgid, |t| &t.exe)
    }),
    field("proc.vpgid.exepath", Kind::Path, "path of the group leader's executable", |s, _| {
        led(s, |t| t.vpgid, |t| &t.exepath)
    }),
    field("proc.is_sid_leader", Kind::Bool, "whether it leads its session", |s, _| {
        let t = s.thread?;
        Some(Value::Bool(t.sid == t.vpid))
    }),
    field("proc.is_vpgid_leader", Kind::Bool, "whether it leads its group", |s, _| {
        let t = s.thread?;
        Some(Value::Bool(t.vpgid == t.vpid))
    }),
    with_arg("proc.env", Kind::Text, ArgRule::Key, "environment, or one variable of it", environment),
    unsupported("proc.aenv", Kind::Text, "environment of an ancestor"),
    field("proc.duration", Kind::Duration, "age of the process", |s, _| age(s, s.thread?)),
    field("proc.ppid.duration", Kind::Duration, "age of the parent", |s, _| age(s, parent(s)?)),
    field("proc.pid.ts", Kind::Time, "when the process was made", |s, _| time(s.thread?.started)),
    field("proc.ppid.ts", Kind::Time, "when the parent was made", |s, _| time(parent(s)?.started)),
    field("proc.pidns_init_start_ts", Kind::Time, "when its process namespace was made", |s, _| {
        time(s.thread?.pidns_start)
    }),
    field("proc.is_exe_writable", Kind::Bool, "whether its owner may write the executable", |s, _| {
        flag(s, EXE_WRITABLE)
    }),
    field("proc.is_exe_upper_layer", Kind::Bool, "whether the executable is on the upper layer", |s, _| {
        flag(s, EXE_UPPER_LAYER)
    }),
    field("proc.is_exe_lower_layer", Kind::Bool, "whether the executable is on the lower layer", |s, _| {
        flag(s, EXE_LOWER_LAYER)
    }),
    field("proc.is_exe_from_memfd", Kind::Bool, "whether the executable is a file in memory", |s, _| {
        flag(s, EXE_FROM_MEMFD)
    }),
    field("proc.exe_ino", Kind::Int, "inode of the executable", |s, _| {
        i64::try_from(s.thread?.exe_ino).ok().map(Value::Int)
    }),
    field("proc.exe_ino.ctime", Kind::Time, "when the executable's inode changed", |s, _| {
        time(s.thread?.exe_ctime)
    }),
    field("proc.exe_ino.mtime", Kind::Time, "when the executable was written", |s, _| {
        time(s.thread?.exe_mtime)
    }),
    field(
        "proc.exe_ino.ctime_duration_proc_start",
        Kind::Duration,
        "from that change to the process",
        |s, _| {
            let t = s.thread?;
            let since = t.started.checked_sub(Some(t.exe_ctime).filter(|t| *t > 0)?)?;
            time(since)
        },
    ),
    field(
        "proc.exe_ino.ctime_duration_pidns_start",
        Kind::Duration,
        "from that change to the namespace",
        |s, _| {
            let t = s.thread?;
            t.pidns_start.checked_sub(Some(t.exe_ctime).filter(|t| *t > 0)?).and_then(time)
        },
    ),
    unsupported("proc.loginshellid", Kind::Int, "id of the oldest shell among the ancestors"),
    unsupported("proc.nchilds", Kind::Uint, "number of children"),
    unsupported("proc.nthreads", Kind::Uint, "number of threads"),
    field("proc.fdopencount", Kind::Uint, "number of open descriptors", |s, _| {
        let main = s.state.process(s.thread?).or(s.thread)?;
        u64::try_from(main.fds.len()).ok().map(Value::Uint)
    }),
    unsupported("proc.fdlimit", Kind::Int, "most descriptors the process may open"),
    unsupported("proc.fdusage", Kind::Uint, "how much of that is used"),
    unsupported("proc.vmsize", Kind::Uint, "virtual memory"),
    unsupported("proc.vmrss", Kind::Uint, "resident memory"),
    unsupported("proc.vmswap", Kind::Uint, "swapped memory"),
    field("thread.tid", Kind::Int, "id of the thread", |s, _| Some(Value::Int(s.view.event.tid))),
    field("thread.ismain", Kind::Bool, "whether it is the process's first thread", |s, _| {
        Some(Value::Bool(s.thread?.is_main()))
    }),
    field("thread.vtid", Kind::Int, "id of the thread as it sees it", |s, _| {
        Some(Value::Int(s.thread?.vtid))
    }),
    field("thread.cap_permitted", Kind::Text, "permitted capabilities", |s, _| {
        Some(capabilities(s.thread?.cap_permitted))
    }),
    field("thread.cap_inheritable", Kind::Text, "inheritable capabilities", |s, _| {
        Some(capabilities(s.thread?.cap_inheritable))
    }),
    field("thread.cap_effective", Kind::Text, "effective capabilities", |s, _| {
        Some(capabilities(s.thread?.cap_effective))
    }),
    unsupported("thread.nametid", Kind::Text, "name and id of the thread"),
    unsupported("thread.exectime", Kind::Duration, "time on a processor"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_have_names() {
        assert_eq!(capabilities(0b11).show(), "CAP_CHOWN CAP_DAC_OVERRIDE");
        assert_eq!(capabilities(0).show(), "");
        assert!(capabilities(u64::MAX).show().ends_with("CAP_CHECKPOINT_RESTORE"));
    }
}
