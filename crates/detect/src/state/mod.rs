//! What a node's events leave behind: threads, descriptors, users and containers.
//!
//! Semantics: Falco's `libsinsp/{parsers,threadinfo,fdinfo}.cpp`. Kept to what the fields of rules need.

mod apply;
mod container;
pub(crate) mod fd;
pub(crate) mod path;
pub(crate) mod thread;
pub(crate) mod view;

pub use container::{Container, Mount};

use apply::Action;
use event::scap::{Block, UserRow};
use event::syscall::{EventTable, RawEvent};
use fd::Fd;
use rustc_hash::FxHashMap;
use std::net::IpAddr;
use std::sync::Arc;
use thread::Thread;

/// What is to be done with an event once the state has seen it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// An enter event whose exit carries all: it has no number.
    Folded,
    /// It has a number, and rules do not see it.
    Hidden,
    /// Rules see it.
    Visible,
    /// Its type is not in the table.
    Unknown,
}

/// What is known of each type of event before any comes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) delivery: Delivery,
    pub(crate) action: Action,
    pub(crate) fd: FdFrom,
    /// Number of the event's name; of a generic call it is in the event.
    pub(crate) name: u16,
    /// Whether the exit that follows lacks what this enter says.
    pub(crate) keep: bool,
}

/// Where an event's descriptor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FdFrom {
    Nowhere,
    /// What the call returned.
    Result,
    /// A parameter, of the exit or else of its enter.
    Param {
        /// Its number in the exit.
        exit: Option<usize>,
        /// Its number in the enter.
        enter: Option<usize>,
    },
}

/// How large the tables may grow.
#[derive(Clone, Copy, Debug)]
pub struct StateLimits {
    /// Threads. Default 262,144.
    pub threads: usize,
    /// Descriptors of one process. Default 65,536.
    pub fds: usize,
    /// Containers. Default 65,536.
    pub containers: usize,
}

impl Default for StateLimits {
    fn default() -> Self {
        Self { threads: 262_144, fds: 65_536, containers: 65_536 }
    }
}

/// The state of a node.
pub struct State {
    pub(crate) table: Arc<EventTable>,
    plans: Vec<Plan>,
    limits: StateLimits,
    threads: FxHashMap<i64, Thread>,
    users: FxHashMap<u32, Vec<u8>>,
    groups: FxHashMap<u32, Vec<u8>>,
    local: Vec<IpAddr>,
    containers: FxHashMap<Box<str>, Container>,
    pub(crate) hostname: String,
    /// Rows and events that were not kept because a table is full, or are broken.
    pub(crate) lost: u64,
    /// Events taken so far.
    pub(crate) sequence: u64,
}

/// The event the state is at: who caused it, and on which descriptor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Current {
    pub(crate) delivery: Delivery,
    pub(crate) name: u16,
    pub(crate) fd: i64,
    /// Whether the event is of a kind that has a descriptor.
    pub(crate) has_fd: bool,
}

impl State {
    /// An empty state.
    pub fn new(limits: StateLimits) -> Self {
        let table = EventTable::builtin();
        let codes = u16::try_from(table.types().len()).unwrap_or(u16::MAX);
        let plans = (0..codes).map(|code| apply::plan(&table, code)).collect();
        Self {
            table: Arc::new(table),
            plans,
            limits,
            threads: FxHashMap::default(),
            users: FxHashMap::default(),
            groups: FxHashMap::default(),
            local: Vec::new(),
            containers: FxHashMap::default(),
            hostname: String::new(),
            lost: 0,
            sequence: 0,
        }
    }

    pub(crate) fn plan(&self, code: u16) -> Option<&Plan> {
        self.plans.get(usize::from(code))
    }

    /// Learns a block that is no event; false when it ends within a row.
    pub(crate) fn learn(&mut self, block: &Block<'_>) -> bool {
        match *block {
            Block::Threads(version, body) => {
                event::scap::threads(version, body, &mut |row| self.add(Thread::row(&row)))
            }
            Block::Fds(sized, body) => event::scap::fds(sized, body, &mut |tid, row| {
                let full = self.limits.fds;
                if let Some(thread) = self.threads.get_mut(&tid).filter(|t| t.fds.len() < full) {
                    thread.fds.insert(row.fd, Fd::row(&row));
                }
            }),
            Block::Users(sized, body) => event::scap::users(sized, body, &mut |row| match row {
                UserRow::User { uid, name, .. } => drop(self.users.insert(uid, name.to_vec())),
                UserRow::Group { gid, name } => drop(self.groups.insert(gid, name.to_vec())),
            }),
            Block::Interfaces(sized, body) => {
                event::scap::interfaces(sized, body, &mut |row| self.local.push(row.address))
            }
            Block::Machine(body) => {
                // Processors, memory, two numbers, then the name.
                let name = body.get(32..).map(|rest| event::syscall::text(rest.get(..128).unwrap_or(rest)));
                self.hostname = String::from_utf8_lossy(name.unwrap_or_default()).into_owned();
                true
            }
            Block::Section | Block::Event(..) | Block::Unknown(_) | Block::BadEvent => true,
        }
    }

    fn add(&mut self, thread: Thread) {
        if self.threads.len() >= self.limits.threads && !self.threads.contains_key(&thread.tid) {
            self.lost = self.lost.saturating_add(1);
            return;
        }
        self.threads.insert(thread.tid, thread);
    }

    pub(crate) fn thread(&self, tid: i64) -> Option<&Thread> {
        self.threads.get(&tid)
    }

    /// The thread that holds a process's descriptors.
    pub(crate) fn process(&self, thread: &Thread) -> Option<&Thread> {
        if thread.is_main() { self.threads.get(&thread.tid) } else { self.threads.get(&thread.pid) }
    }

    /// A descriptor of a thread's process.
    pub(crate) fn fd<'s>(&'s self, thread: &'s Thread, fd: i64) -> Option<&'s Fd> {
        if thread.is_main() {
            return thread.fds.get(&fd);
        }
        let process = self.threads.get(&thread.pid).or_else(|| self.threads.get(&thread.tid));
        process?.fds.get(&fd)
    }

    /// The parent of a thread's process.
    pub(crate) fn parent(&self, thread: &Thread) -> Option<&Thread> {
        let main = self.process(thread).unwrap_or(thread);
        self.threads.get(&main.ptid).filter(|parent| parent.tid != main.tid)
    }

    /// The ancestors, nearest first; at most a hundred, so that a loop ends.
    pub(crate) fn ancestors<'s>(&'s self, thread: &'s Thread) -> impl Iterator<Item = &'s Thread> {
        std::iter::successors(self.parent(thread), |t| self.parent(t)).take(100)
    }

    pub(crate) fn user(&self, uid: u32) -> Option<&[u8]> {
        self.users.get(&uid).map(Vec::as_slice)
    }

    pub(crate) fn group(&self, gid: u32) -> Option<&[u8]> {
        self.groups.get(&gid).map(Vec::as_slice)
    }

    pub(crate) fn is_local(&self, address: IpAddr) -> bool {
        address.is_loopback() || self.local.contains(&address)
    }

    pub(crate) fn container(&self, thread: &Thread) -> Option<&Container> {
        self.containers.get(thread.container.as_deref()?)
    }

    /// Tells what is known of a container: image, mounts, pod.
    pub fn set_container(&mut self, container: Container) {
        if self.containers.len() < self.limits.containers
            || self.containers.contains_key(container.id.as_str())
        {
            self.containers.insert(container.id.as_str().into(), container);
        } else {
            self.lost = self.lost.saturating_add(1);
        }
    }

    /// Threads known.
    pub fn len(&self) -> usize {
        self.threads.len()
    }

    /// Whether no thread is known.
    pub fn is_empty(&self) -> bool {
        self.threads.is_empty()
    }

    /// Takes an event into account, as far as rules may see what it did.
    pub(crate) fn before(&mut self, event: &RawEvent<'_>) -> Current {
        let unknown = Current { delivery: Delivery::Unknown, name: u16::MAX, fd: -1, has_fd: false };
        let Some(plan) = self.plan(event.code).copied() else { return unknown };
        let mut current =
            Current { delivery: plan.delivery, name: plan.name, fd: -1, has_fd: plan.fd != FdFrom::Nowhere };
        if event.code < 2 {
            // A call without a type of its own: its number is the first parameter.
            let number =
                event.param(0).and_then(event::syscall::unsigned).and_then(|n| u16::try_from(n).ok());
            current.name = number.and_then(|n| self.table.call_name_id(n)).unwrap_or(plan.name);
        }
        self.sequence = self.sequence.saturating_add(1);
        if plan.keep {
            self.keep_enter(event);
        }
        if matches!(plan.delivery, Delivery::Folded) || (event.code.is_multiple_of(2) && plan.keep) {
            return current;
        }
        if !self.threads.contains_key(&event.tid) && plan.delivery == Delivery::Visible {
            self.add(Thread::unknown(event.tid));
        }
        if plan.action != Action::Nothing || plan.fd != FdFrom::Nowhere {
            current.fd = self.act(event, &plan);
        }
        current
    }

    /// Carries out what rules must not see yet: a closed descriptor and an ended thread go away.
    pub(crate) fn after(&mut self, event: &RawEvent<'_>, current: &Current) {
        let Some(plan) = self.plan(event.code) else { return };
        match plan.action {
            Action::Close => self.close(event, current.fd),
            Action::Exit => self.exit(event.tid),
            _ => {}
        }
    }

    fn keep_enter(&mut self, event: &RawEvent<'_>) {
        if !self.threads.contains_key(&event.tid) {
            self.add(Thread::unknown(event.tid));
        }
        let Some(thread) = self.threads.get_mut(&event.tid) else { return };
        let enter = &mut thread.enter;
        enter.code = event.code;
        enter.count = if event.width == 2 { event.count } else { 0 };
        enter.lengths.clear();
        enter.lengths.extend_from_slice(event.lengths);
        enter.data.clear();
        enter.data.extend_from_slice(event.data);
    }
}
