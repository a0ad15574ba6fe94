//! What each event changes.

use super::fd::{self, Fd, FdKind, Protocol, Role, SockAddr, SockTuple};
use super::path;
use super::thread::{Enter, Thread, UNSET, container_of};
use super::view::View;
use super::{Container, Delivery, FdFrom, Plan, State};
use event::syscall::{EventTable, RawEvent, signed};

/// What an event changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Nothing,
    Open,
    Close,
    Dup,
    Fcntl,
    Socket,
    SocketPair,
    Bind,
    Connect,
    Accept,
    Transfer,
    Pipe,
    Make(FdKind),
    Clone,
    Exec,
    Chdir,
    Fchdir,
    Uid,
    Gid,
    Sid,
    Pgid,
    Prctl,
    Caps,
    Exit,
    Container,
}

/// The working directory, as a directory's descriptor.
const AT_FDCWD: i64 = -100;
const EINPROGRESS: i64 = -115;

fn action(name: &str) -> Action {
    match name {
        "open" | "openat" | "openat2" | "creat" | "open_by_handle_at" => Action::Open,
        "close" => Action::Close,
        "dup" | "dup2" | "dup3" => Action::Dup,
        "fcntl" => Action::Fcntl,
        "socket" => Action::Socket,
        "socketpair" => Action::SocketPair,
        "bind" => Action::Bind,
        "connect" => Action::Connect,
        "accept" | "accept4" => Action::Accept,
        "sendto" | "sendmsg" | "recvfrom" | "recvmsg" => Action::Transfer,
        "pipe" | "pipe2" => Action::Pipe,
        "eventfd" | "eventfd2" => Action::Make(FdKind::Event),
        "signalfd" | "signalfd4" => Action::Make(FdKind::Signal),
        "timerfd_create" => Action::Make(FdKind::Timer),
        "inotify_init" | "inotify_init1" => Action::Make(FdKind::Inotify),
        "epoll_create" | "epoll_create1" => Action::Make(FdKind::EventPoll),
        "bpf" => Action::Make(FdKind::Bpf),
        "userfaultfd" => Action::Make(FdKind::UserFault),
        "io_uring_setup" => Action::Make(FdKind::IoUring),
        "memfd_create" => Action::Make(FdKind::MemFd),
        "pidfd_open" => Action::Make(FdKind::PidFd),
        "clone" | "clone3" | "fork" | "vfork" => Action::Clone,
        "execve" | "execveat" => Action::Exec,
        "chdir" => Action::Chdir,
        "fchdir" => Action::Fchdir,
        "setuid" | "setresuid" | "setreuid" => Action::Uid,
        "setgid" | "setresgid" | "setregid" => Action::Gid,
        "setsid" => Action::Sid,
        "setpgid" => Action::Pgid,
        "prctl" => Action::Prctl,
        "capset" => Action::Caps,
        _ => Action::Nothing,
    }
}

/// What is known of a type of event.
pub(crate) fn plan(table: &EventTable, code: u16) -> Plan {
    const SYSCALL: u32 = 1 << 9;
    const INTERNAL: u32 = 1 << 8;
    const META: u32 = 1 << 12;
    let mut plan = Plan {
        delivery: Delivery::Unknown,
        action: Action::Nothing,
        fd: FdFrom::Nowhere,
        name: 0,
        keep: false,
    };
    let Some(info) = table.get(code) else { return plan };
    plan.name = info.name_id;
    let enter = code.is_multiple_of(2) && info.category & SYSCALL != 0;
    // The calls whose names could change under the kernel's eyes are still seen twice.
    let seen_twice = matches!(info.name, "open" | "openat" | "openat2" | "creat" | "connect");
    plan.delivery = match () {
        () if info.name == "NA" => Delivery::Unknown,
        () if enter && seen_twice => Delivery::Hidden,
        () if enter => Delivery::Folded,
        () if info.category & (INTERNAL | META) != 0 => Delivery::Hidden,
        () => Delivery::Visible,
    };
    plan.keep = enter && !info.params.is_empty() && info.name != "syscall";
    if enter {
        return plan;
    }
    plan.action = match info.name {
        "procexit" => Action::Exit,
        "container" => Action::Container,
        name if code % 2 == 1 => action(name),
        _ => Action::Nothing,
    };
    let before = code.checked_sub(1).filter(|_| code % 2 == 1).and_then(|code| table.get(code));
    let uses_fd = info.uses_fd() || before.is_some_and(|enter| enter.uses_fd());
    plan.fd = match uses_fd {
        false => FdFrom::Nowhere,
        true if info.creates_fd() => FdFrom::Result,
        true => FdFrom::Param { exit: info.param("fd"), enter: before.and_then(|enter| enter.param("fd")) },
    };
    plan
}

impl State {
    /// Carries out an event and returns its descriptor, -1 when it has none.
    pub(super) fn act(&mut self, event: &RawEvent<'_>, plan: &Plan) -> i64 {
        if plan.action == Action::Container {
            let known = event.param(0).and_then(Container::from_json);
            known.into_iter().for_each(|container| self.set_container(container));
            return -1;
        }
        if plan.action == Action::Nothing {
            return self.fd_number(event, plan);
        }
        // The enter's buffers are lent out and put back, so that nothing is allocated.
        let enter = self.threads.get_mut(&event.tid).map(|thread| std::mem::take(&mut thread.enter));
        let table = self.table.clone();
        let mut fd = -1;
        if let Some(info) = table.get(event.code) {
            let view = View::new(&table, *event, info, enter.as_ref());
            fd = match plan.fd {
                FdFrom::Nowhere => -1,
                FdFrom::Result if matches!(plan.action, Action::Pipe | Action::SocketPair) => {
                    view.int("fd2").unwrap_or(-1)
                }
                FdFrom::Result => event.param(0).and_then(signed).filter(|fd| *fd >= 0).unwrap_or(-1),
                FdFrom::Param { .. } => view.int("fd").unwrap_or(-1),
            };
            self.change(&view, plan.action, fd);
        }
        if let (Some(thread), Some(enter)) = (self.threads.get_mut(&event.tid), enter) {
            thread.enter = enter;
        }
        fd
    }

    /// The descriptor of an event that changes nothing.
    fn fd_number(&self, event: &RawEvent<'_>, plan: &Plan) -> i64 {
        let number = match plan.fd {
            FdFrom::Nowhere => None,
            FdFrom::Result => event.param(0).and_then(signed).filter(|fd| *fd >= 0),
            FdFrom::Param { exit, enter } => {
                let own = exit.and_then(|at| event.param(at));
                let before = || {
                    let thread = self.threads.get(&event.tid)?;
                    let kept = &thread.enter;
                    let fits = event.code.checked_sub(1) == Some(kept.code);
                    let raw = RawEvent {
                        count: kept.count,
                        lengths: &kept.lengths,
                        width: 2,
                        data: &kept.data,
                        ..*event
                    };
                    fits.then(|| raw.param(enter?)).flatten().and_then(signed)
                };
                own.and_then(signed).or_else(before)
            }
        };
        number.unwrap_or(-1)
    }

    fn change(&mut self, view: &View<'_>, action: Action, fd: i64) {
        let tid = view.event.tid;
        let ok = view.result().is_some_and(|result| result >= 0);
        match action {
            Action::Open if ok => self.open(view, fd),
            Action::Dup if ok => {
                let old = view.int("oldfd").or_else(|| view.int("fd")).unwrap_or(-1);
                let copy = self.fds_of(tid).and_then(|fds| fds.get(&old).cloned());
                copy.into_iter().for_each(|copy| self.set_fd(tid, fd, copy));
            }
            Action::Fcntl if ok => {
                // F_DUPFD and F_DUPFD_CLOEXEC, as the table numbers them.
                if matches!(view.uint("cmd"), Some(1 | 26)) {
                    let copy = self.fds_of(tid).and_then(|fds| fds.get(&fd).cloned());
                    let new = view.result().unwrap_or(-1);
                    copy.into_iter().for_each(|copy| self.set_fd(tid, new, copy));
                }
            }
            Action::Socket if ok => self.socket(view, fd),
            Action::SocketPair if ok => {
                let (a, b) = (view.int("fd1"), view.int("fd2"));
                let name =
                    fd::unix_name(view.uint("source").unwrap_or(0), view.uint("peer").unwrap_or(0), b"");
                for fd in [a, b].into_iter().flatten() {
                    self.set_fd(tid, fd, Fd { name: name.clone(), ..Fd::new(FdKind::Unix) });
                }
            }
            Action::Pipe if ok => {
                let ino = view.uint("ino").unwrap_or(0);
                let made = Fd { ino, ..Fd::new(FdKind::Pipe) };
                for fd in [view.int("fd1"), view.int("fd2")].into_iter().flatten() {
                    self.set_fd(tid, fd, made.clone());
                }
            }
            Action::Make(kind) if ok => {
                let name = view.text("name").map(|n| [b"memfd:", n].concat());
                let made =
                    Fd { name: name.filter(|_| kind == FdKind::MemFd).unwrap_or_default(), ..Fd::new(kind) };
                self.set_fd(tid, fd, made);
            }
            Action::Bind if ok => self.bind(view, fd),
            Action::Connect => self.connect(view, fd),
            Action::Accept if ok => self.accept(view, fd),
            Action::Transfer if ok => self.transfer(view, fd),
            Action::Clone if ok => self.clone_thread(view),
            Action::Exec if ok => self.exec(view),
            Action::Chdir | Action::Fchdir if ok => self.chdir(view, fd),
            Action::Uid | Action::Gid | Action::Sid | Action::Pgid | Action::Prctl | Action::Caps if ok => {
                self.attributes(view, action);
            }
            _ => {}
        }
    }

    fn owner(&self, tid: i64) -> i64 {
        match self.threads.get(&tid) {
            Some(thread) if self.threads.contains_key(&thread.pid) => thread.pid,
            _ => tid,
        }
    }

    fn fds_of(&mut self, tid: i64) -> Option<&mut rustc_hash::FxHashMap<i64, Fd>> {
        let owner = self.owner(tid);
        self.threads.get_mut(&owner).map(|thread| &mut thread.fds)
    }

    fn set_fd(&mut self, tid: i64, number: i64, fd: Fd) {
        let limit = self.limits.fds;
        let full = match self.fds_of(tid) {
            Some(fds) if number >= 0 && (fds.len() < limit || fds.contains_key(&number)) => {
                fds.insert(number, fd);
                false
            }
            Some(_) => number >= 0,
            None => false,
        };
        self.lost = self.lost.saturating_add(u64::from(full));
    }

    pub(super) fn close(&mut self, event: &RawEvent<'_>, fd: i64) {
        if event.param(0).and_then(signed) == Some(0)
            && let Some(fds) = self.fds_of(event.tid)
        {
            fds.remove(&fd);
        }
    }

    pub(super) fn exit(&mut self, tid: i64) {
        let Some(gone) = self.threads.remove(&tid) else { return };
        // The parent's descriptors and name stay reachable only while it is known; orphans go to their grandparent.
        if gone.is_main() {
            let orphans: Vec<i64> =
                self.threads.values().filter(|t| t.ptid == tid && t.tid != tid).map(|t| t.tid).collect();
            for orphan in orphans {
                if let Some(thread) = self.threads.get_mut(&orphan) {
                    thread.ptid = gone.ptid;
                }
            }
        }
    }

    /// The directory a call's path is relative to.
    fn base(&mut self, view: &View<'_>) -> Vec<u8> {
        let tid = view.event.tid;
        let cwd = self.threads.get(&tid).map(|t| t.cwd.clone()).unwrap_or_default();
        match view.int("dirfd") {
            None | Some(AT_FDCWD) => cwd,
            Some(dirfd) => match self.fds_of(tid).and_then(|fds| fds.get(&dirfd)) {
                Some(fd) => fd.name.clone(),
                None => b"<UNKNOWN>".to_vec(),
            },
        }
    }

    fn open(&mut self, view: &View<'_>, fd: i64) {
        let raw = view.text("name").or_else(|| view.text("path")).unwrap_or_default();
        let base = self.base(view);
        let name = path::join(&base, raw);
        let flags = view.uint("flags").and_then(|f| u32::try_from(f).ok()).unwrap_or(0);
        let mut made = Fd::file(name, flags);
        made.raw_name = raw.to_vec();
        made.named_at = self.sequence;
        made.ino = view.uint("ino").unwrap_or(0);
        self.set_fd(view.event.tid, fd, made);
    }

    fn socket(&mut self, view: &View<'_>, fd: i64) {
        let kind = match view.uint("domain") {
            Some(1) => FdKind::Unix,
            Some(2) => FdKind::Ipv4,
            Some(10) => FdKind::Ipv6,
            Some(16) => FdKind::Netlink,
            _ => FdKind::Unknown,
        };
        let (socket, protocol) = (view.uint("type").unwrap_or(0), view.uint("proto").unwrap_or(0));
        let protocol = match kind {
            FdKind::Ipv4 | FdKind::Ipv6 => Protocol::of_socket(socket, protocol),
            _ => Protocol::Unknown,
        };
        self.set_fd(view.event.tid, fd, Fd { protocol, ..Fd::new(kind) });
    }

    fn bind(&mut self, view: &View<'_>, fd: i64) {
        let address = view.get("addr").and_then(fd::sockaddr);
        let now = self.sequence;
        let Some(fd) = self.fds_of(view.event.tid).and_then(|fds| fds.get_mut(&fd)) else { return };
        match address {
            // Any port: the kernel chooses one, and nobody is told.
            Some(SockAddr::Inet((ip, 0))) => fd.name = format!("{ip}:0").into_bytes(),
            Some(SockAddr::Inet(address)) => {
                fd.set_server(address);
                fd.role = Role::Server;
            }
            Some(SockAddr::Unix(name)) => fd.name = name.to_vec(),
            None => {}
        }
        fd.named_at = now;
    }

    fn connect(&mut self, view: &View<'_>, fd: i64) {
        let result = view.result().unwrap_or(-1);
        let tuple = view.get("tuple").and_then(fd::socktuple);
        let now = self.sequence;
        let Some(fd) = self.fds_of(view.event.tid).and_then(|fds| fds.get_mut(&fd)) else { return };
        if result < 0 && result != EINPROGRESS {
            fd.connected = false;
            return;
        }
        fd.connected = true;
        if fd.role == Role::Unknown {
            fd.role = Role::Client;
        }
        if let Some(tuple) = tuple {
            set_tuple(fd, &tuple);
            fd.named_at = now;
        }
    }

    fn accept(&mut self, view: &View<'_>, fd: i64) {
        let Some(tuple) = view.get("tuple").and_then(fd::socktuple) else { return };
        let mut made = Fd { role: Role::Server, connected: true, protocol: Protocol::Tcp, ..Fd::default() };
        set_tuple(&mut made, &tuple);
        made.named_at = self.sequence;
        if made.kind == FdKind::Unix {
            made.protocol = Protocol::Unknown;
        }
        self.set_fd(view.event.tid, fd, made);
    }

    /// A datagram tells who is at the other end.
    fn transfer(&mut self, view: &View<'_>, fd: i64) {
        let Some(tuple) = view.get("tuple").and_then(fd::socktuple) else { return };
        let now = self.sequence;
        let Some(fd) = self.fds_of(view.event.tid).and_then(|fds| fds.get_mut(&fd)) else { return };
        if fd.protocol != Protocol::Udp && fd.kind != FdKind::Unknown && !fd.name.is_empty() {
            return;
        }
        let before = (fd.source, fd.destination);
        match &tuple {
            // What a client receives comes from its server.
            SockTuple::Inet(from, to) if fd.role == Role::Client && view.info.name.starts_with("recv") => {
                fd.set_tuple(*to, *from);
            }
            tuple => set_tuple(fd, tuple),
        }
        if (fd.source, fd.destination) != before {
            fd.named_at = now;
        }
        fd.connected = true;
        if fd.role == Role::Unknown {
            fd.role = if view.info.name.starts_with("send") { Role::Client } else { Role::Server };
        }
    }

    fn clone_thread(&mut self, view: &View<'_>) {
        let result = view.result().unwrap_or(-1);
        let child_side = result == 0;
        let child_tid = if child_side { view.event.tid } else { result };
        let parent_tid = if child_side { view.int("ptid").unwrap_or(0) } else { view.event.tid };
        // As the table numbers it.
        const CLONE_THREAD: u64 = 1 << 13;
        let threads = view.uint("flags").unwrap_or(0) & CLONE_THREAD != 0;
        let known = self.threads.get(&child_tid).filter(|t| t.pid >= 0);
        if !child_side && known.is_some() {
            return;
        }
        // Whichever side is seen first is when it was made.
        let started =
            known.map_or(view.event.time, |t| if t.started > 0 { t.started } else { view.event.time });
        // A thread is like its process, whose parent is not its parent.
        let like = if threads && child_side { view.int("pid").unwrap_or(parent_tid) } else { parent_tid };
        let model = known.or_else(|| self.threads.get(&like)).or_else(|| self.threads.get(&parent_tid));
        let model = model.cloned().unwrap_or_else(|| Thread { sid: -1, vpgid: -1, ..Thread::default() });
        let mut child = Thread { enter: Enter::default(), tid: child_tid, started, ..model };
        if child_side {
            child.pid = view.int("pid").unwrap_or(child_tid);
            child.ptid = view.int("ptid").unwrap_or(parent_tid);
            identity(&mut child, view);
        } else {
            child.pid = if threads { view.int("pid").unwrap_or(child_tid) } else { child_tid };
            child.ptid = if threads { child.ptid } else { parent_tid };
            child.vtid = child_tid;
            child.vpid = child.pid;
        }
        if child.pid != child.tid {
            child.fds.clear();
        } else if let Some(fds) = self.fds_of(parent_tid) {
            child.fds = fds.clone();
        }
        child.set_cmdline();
        self.add(child);
    }

    fn exec(&mut self, view: &View<'_>) {
        let tid = view.event.tid;
        let base = self.base(view);
        let named = view.text("filename").or_else(|| view.text("pathname")).map(<[u8]>::to_vec);
        let fresh = || Thread { tid, sid: -1, vpgid: -1, uid: UNSET, gid: UNSET, ..Thread::default() };
        let mut thread = self.threads.remove(&tid).filter(|t| t.pid >= 0).unwrap_or_else(fresh);
        thread.pid = view.int("pid").unwrap_or(if thread.pid == 0 { tid } else { thread.pid });
        if let Some(ptid) = view.int("ptid") {
            thread.ptid = ptid;
        }
        identity(&mut thread, view);
        if let Some(env) = view.get("env") {
            thread.env = env.to_vec();
        }
        if let Some(tty) = view.uint("tty") {
            thread.tty = u32::try_from(tty & 0xffff_ffff).unwrap_or(0);
        }
        if let Some(vpgid) = view.int("vpgid") {
            thread.vpgid = vpgid;
        }
        if let Some(loginuid) = view.uint("loginuid") {
            thread.loginuid = u32::try_from(loginuid & 0xffff_ffff).ok();
        }
        if let Some(uid) = view.uint("uid") {
            thread.uid = u32::try_from(uid).unwrap_or(u32::MAX);
        }
        thread.exe_flags = view.uint("flags").and_then(|f| u32::try_from(f).ok()).unwrap_or(0);
        for (name, to) in [
            ("cap_inheritable", &mut thread.cap_inheritable),
            ("cap_permitted", &mut thread.cap_permitted),
            ("cap_effective", &mut thread.cap_effective),
            ("exe_ino", &mut thread.exe_ino),
            ("exe_ino_ctime", &mut thread.exe_ctime),
            ("exe_ino_mtime", &mut thread.exe_mtime),
        ] {
            *to = view.uint(name).unwrap_or(*to);
        }
        thread.exepath = match view.text("trusted_exepath").filter(|p| !p.is_empty()) {
            Some(trusted) => trusted.to_vec(),
            None => named.map(|name| path::join(&base, &name)).unwrap_or_default(),
        };
        thread.executed = view.event.time;
        self.add(thread);
    }

    fn chdir(&mut self, view: &View<'_>, fd: i64) {
        let tid = view.event.tid;
        let to = match view.text("path") {
            Some(path) => {
                let base = self.base(view);
                path::join(&base, path)
            }
            None => match self.fds_of(tid).and_then(|fds| fds.get(&fd)) {
                Some(directory) => directory.name.clone(),
                None => return,
            },
        };
        let owner = self.owner(tid);
        if let Some(thread) = self.threads.get_mut(&owner) {
            thread.set_cwd(&to);
        }
    }

    fn attributes(&mut self, view: &View<'_>, action: Action) {
        let small =
            |name: &str| view.uint(name).and_then(|n| u32::try_from(n).ok()).filter(|n| *n != u32::MAX);
        let result = view.result().unwrap_or(0);
        let Some(thread) = self.threads.get_mut(&view.event.tid) else { return };
        match action {
            Action::Uid => thread.uid = small("euid").or_else(|| small("uid")).unwrap_or(thread.uid),
            Action::Gid => thread.gid = small("egid").or_else(|| small("gid")).unwrap_or(thread.gid),
            Action::Sid => thread.sid = result,
            Action::Pgid => {
                let (pid, pgid) = (view.int("pid").unwrap_or(0), view.int("pgid").unwrap_or(0));
                if pid == 0 || pid == thread.vpid {
                    thread.vpgid = if pgid == 0 { thread.vpid } else { pgid };
                }
            }
            Action::Prctl => {
                const PR_SET_NAME: u64 = 15;
                if view.uint("option") == Some(PR_SET_NAME)
                    && let Some(name) = view.text("arg2_str")
                {
                    thread.comm = name.to_vec();
                    thread.set_cmdline();
                }
            }
            Action::Caps => {
                let caps = |name: &str, now: u64| view.uint(name).unwrap_or(now);
                thread.cap_inheritable = caps("cap_inheritable", thread.cap_inheritable);
                thread.cap_permitted = caps("cap_permitted", thread.cap_permitted);
                thread.cap_effective = caps("cap_effective", thread.cap_effective);
            }
            _ => {}
        }
    }
}

/// Names, arguments and places a clone or exec reports of the process it makes.
fn identity(thread: &mut Thread, view: &View<'_>) {
    if let Some(exe) = view.text("exe") {
        thread.exe = exe.to_vec();
    }
    match view.text("comm").filter(|comm| !comm.is_empty()) {
        Some(comm) => thread.comm = comm.to_vec(),
        // Early captures report no name: it is what the executable is called.
        None if view.info.param("comm").is_none() => thread.comm = path::file_name(&thread.exe).to_vec(),
        None => {}
    }
    if let Some(args) = view.get("args") {
        thread.set_args(args);
    }
    if let Some(cwd) = view.text("cwd").filter(|cwd| !cwd.is_empty()) {
        thread.set_cwd(cwd);
    }
    if let Some(cgroups) = view.get("cgroups").filter(|c| !c.is_empty()) {
        thread.container = container_of(cgroups);
    }
    for (name, to) in [("vtid", &mut thread.vtid), ("vpid", &mut thread.vpid)] {
        *to = view.int(name).unwrap_or(*to);
    }
    if thread.vpid == 0 {
        (thread.vtid, thread.vpid) = (thread.tid, thread.pid);
    }
    for (name, to) in [("uid", &mut thread.uid), ("gid", &mut thread.gid)] {
        *to = view.uint(name).and_then(|n| u32::try_from(n).ok()).unwrap_or(*to);
    }
    thread.pidns_start = view.uint("pidns_init_start_ts").unwrap_or(thread.pidns_start);
    thread.set_cmdline();
}

fn set_tuple(fd: &mut Fd, tuple: &SockTuple<'_>) {
    match tuple {
        // To itself from no address in particular: from that same address.
        SockTuple::Inet((from, port), to) if from.is_unspecified() && to.0.is_loopback() => {
            fd.set_tuple((to.0, *port), *to);
        }
        SockTuple::Inet(source, destination) => fd.set_tuple(*source, *destination),
        SockTuple::Unix(source, destination, name) => {
            fd.kind = FdKind::Unix;
            fd.name = fd::unix_name(*source, *destination, name);
        }
    }
}
