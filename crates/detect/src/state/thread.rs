//! A thread and the process it belongs to.

use super::fd::Fd;
use event::scap::ThreadRow;
use event::syscall::text;
use rustc_hash::FxHashMap;

/// A thread.
#[derive(Clone, Debug, Default)]
pub(crate) struct Thread {
    pub(crate) tid: i64,
    pub(crate) pid: i64,
    pub(crate) ptid: i64,
    pub(crate) sid: i64,
    pub(crate) vpgid: i64,
    pub(crate) vtid: i64,
    pub(crate) vpid: i64,
    pub(crate) comm: Vec<u8>,
    pub(crate) exe: Vec<u8>,
    pub(crate) exepath: Vec<u8>,
    /// Arguments after the first, joined by blanks.
    pub(crate) args: Vec<u8>,
    /// Name and arguments.
    pub(crate) cmdline: Vec<u8>,
    /// Variables, each ended by a zero.
    pub(crate) env: Vec<u8>,
    pub(crate) cwd: Vec<u8>,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) loginuid: Option<u32>,
    pub(crate) tty: u32,
    pub(crate) cap_inheritable: u64,
    pub(crate) cap_permitted: u64,
    pub(crate) cap_effective: u64,
    pub(crate) exe_flags: u32,
    pub(crate) exe_ino: u64,
    pub(crate) exe_ctime: u64,
    pub(crate) exe_mtime: u64,
    /// When it was made, where that was seen.
    pub(crate) started: u64,
    /// When it last executed something.
    pub(crate) executed: u64,
    pub(crate) pidns_start: u64,
    /// Short id of its container.
    pub(crate) container: Option<Box<str>>,
    /// Descriptors; of a process, its main thread holds them.
    pub(crate) fds: FxHashMap<i64, Fd>,
    /// Bits of an executable on an overlay's upper layer, from a memory file, or writable.
    /// The last enter event: its code and where its parameters are.
    pub(crate) enter: Enter,
}

/// The parameters of an enter event, kept until its exit comes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Enter {
    pub(crate) code: u16,
    pub(crate) count: usize,
    pub(crate) lengths: Vec<u8>,
    pub(crate) data: Vec<u8>,
}

/// Writable, on an upper layer, from a memory file, on a lower layer.
pub(crate) const EXE_WRITABLE: u32 = 1;
pub(crate) const EXE_UPPER_LAYER: u32 = 2;
pub(crate) const EXE_FROM_MEMFD: u32 = 4;
pub(crate) const EXE_LOWER_LAYER: u32 = 8;

/// No login: the kernel's "unset".
pub(crate) const UNSET: u32 = u32::MAX;

impl Thread {
    pub(crate) fn row(row: &ThreadRow<'_>) -> Self {
        let mut thread = Self {
            tid: row.tid,
            pid: row.pid,
            ptid: row.ptid,
            sid: row.sid,
            vpgid: row.vpgid,
            vtid: row.vtid,
            vpid: row.vpid,
            comm: text(row.comm).to_vec(),
            exe: text(row.exe).to_vec(),
            exepath: text(row.exepath).to_vec(),
            env: row.env.to_vec(),
            uid: row.uid,
            gid: row.gid,
            loginuid: row.loginuid,
            tty: row.tty,
            cap_inheritable: row.cap_inheritable,
            cap_permitted: row.cap_permitted,
            cap_effective: row.cap_effective,
            exe_ino: row.exe_ino,
            exe_ctime: row.exe_ctime,
            exe_mtime: row.exe_mtime,
            pidns_start: row.pidns_start.unwrap_or(0),
            container: container_of(row.cgroups),
            ..Self::default()
        };
        for (flag, bit) in [
            (row.exe_writable, EXE_WRITABLE),
            (row.exe_upper_layer, EXE_UPPER_LAYER),
            (row.exe_from_memfd, EXE_FROM_MEMFD),
        ] {
            thread.exe_flags |= if flag { bit } else { 0 };
        }
        thread.set_cwd(text(row.cwd));
        thread.set_args(row.args);
        thread
    }

    /// A thread nothing is known of but that it does something.
    pub(crate) fn unknown(tid: i64) -> Self {
        const NOBODY: &[u8] = b"<NA>";
        Self {
            tid,
            pid: -1,
            ptid: -1,
            sid: -1,
            vpgid: -1,
            vtid: -1,
            vpid: -1,
            comm: NOBODY.to_vec(),
            exe: NOBODY.to_vec(),
            cmdline: NOBODY.to_vec(),
            cwd: b"./".to_vec(),
            uid: UNSET,
            gid: UNSET,
            ..Self::default()
        }
    }

    /// Sets arguments, each ended by a zero, and what is derived from them.
    pub(crate) fn set_args(&mut self, args: &[u8]) {
        let args = args.strip_suffix(b"\0").unwrap_or(args);
        self.args = args.iter().map(|b| if *b == 0 { b' ' } else { *b }).collect();
        self.set_cmdline();
    }

    pub(crate) fn set_cmdline(&mut self) {
        self.cmdline.clear();
        self.cmdline.extend_from_slice(&self.comm);
        if !self.args.is_empty() {
            self.cmdline.push(b' ');
            self.cmdline.extend_from_slice(&self.args);
        }
    }

    /// The working directory ends with a slash.
    pub(crate) fn set_cwd(&mut self, cwd: &[u8]) {
        self.cwd = cwd.to_vec();
        if self.cwd.last() != Some(&b'/') {
            self.cwd.push(b'/');
        }
    }

    pub(crate) fn is_main(&self) -> bool {
        self.tid == self.pid
    }
}

/// The container a thread's cgroups name: 64 hex digits at the end of a path, cut to 12.
///
/// Forms: Falco's container plugin, `src/matchers`: `/ID`, `/docker-ID.scope`, `/crio-ID.scope`, `cri-containerd-ID`, …
pub(crate) fn container_of(cgroups: &[u8]) -> Option<Box<str>> {
    cgroups.split(|b| *b == 0).find_map(|line| {
        let path = line.iter().position(|b| *b == b'=').map_or(line, |at| line.get(at..).unwrap_or(line));
        path.split(|b| *b == b'/').rev().find_map(segment)
    })
}

fn segment(segment: &[u8]) -> Option<Box<str>> {
    let segment = segment.strip_suffix(b".scope").unwrap_or(segment);
    let start = segment.len().checked_sub(64)?;
    let (prefix, id) = segment.split_at_checked(start)?;
    let hex = id.iter().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(b));
    // What stands before the id ends in a separator; `crio-conmon-` is the monitor, not the container.
    let plausible = prefix.is_empty() || prefix.ends_with(b"-") || prefix.ends_with(b":");
    let monitor = prefix.ends_with(b"conmon-");
    let id = std::str::from_utf8(id.get(..12)?).ok()?;
    (hex && plausible && !monitor).then(|| id.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers() {
        let id = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e";
        for (cgroups, want) in [
            (format!("cpuset=/\0cpu=/docker/{id}\0"), Some("3ad7b26ded6d")),
            (format!("cpu=/kubepods/besteffort/pod12/{id}"), Some("3ad7b26ded6d")),
            (format!("cpu=/kubepods.slice/cri-containerd-{id}.scope"), Some("3ad7b26ded6d")),
            (format!("cpu=/kubepods.slice/crio-{id}.scope"), Some("3ad7b26ded6d")),
            (format!("cpu=/kubepods.slice/crio-conmon-{id}.scope"), None),
            (format!("cpu=/libpod_parent/libpod-{id}"), Some("3ad7b26ded6d")),
            (format!("cpu=/x/{}", &id[..63]), None),
            ("cpu=/user.slice\0".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(container_of(cgroups.as_bytes()).as_deref(), want, "{cgroups}");
        }
    }

    #[test]
    fn command_lines() {
        let mut thread = Thread { comm: b"cat".to_vec(), ..Thread::default() };
        thread.set_args(b"/dev/null\0-v\0");
        assert_eq!((&thread.args[..], &thread.cmdline[..]), (&b"/dev/null -v"[..], &b"cat /dev/null -v"[..]));
        thread.set_args(b"");
        assert_eq!(thread.cmdline, b"cat");
        thread.set_cwd(b"/tmp");
        assert_eq!(thread.cwd, b"/tmp/");
    }
}
