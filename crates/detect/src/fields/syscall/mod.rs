//! Fields of system calls, one file a class.
//!
//! Semantics: Falco's `libsinsp/sinsp_filtercheck_{event,fd,thread,user,group}.cpp` and its container plugin.

mod container;
mod evt;
mod evt_args;
mod fd;
mod proc;
mod user;

pub(super) use container::FIELDS as CONTAINER;
pub(super) use evt::FIELDS as EVT;
pub(super) use fd::FIELDS as FD;
pub(super) use proc::FIELDS as PROC;
pub(super) use user::FIELDS as USER;

use super::{Arg, ArgRule, Field, Getter};
use crate::state::fd::Fd;
use crate::state::thread::Thread;
use crate::state::view::View;
use crate::state::{Current, State};
use crate::value::{Kind, Value};
use model::{ContainerId, NodeName, Target};

/// A system call being asked.
pub struct SyscallSubject<'a> {
    pub(crate) state: &'a State,
    pub(crate) view: View<'a>,
    pub(crate) current: Current,
    pub(crate) thread: Option<&'a Thread>,
    pub(crate) fd: Option<&'a Fd>,
    /// Its number in the stream, from 1.
    pub(crate) number: u64,
}

impl<'a> SyscallSubject<'a> {
    /// The event the state is at.
    pub(crate) fn new(
        state: &'a State,
        event: event::syscall::RawEvent<'a>,
        current: Current,
        number: u64,
    ) -> Option<Self> {
        let info = state.table.get(event.code)?;
        let thread = state.thread(event.tid);
        let view = View::new(&state.table, event, info, thread.map(|t| &t.enter));
        let fd = thread.filter(|_| current.fd >= 0).and_then(|thread| state.fd(thread, current.fd));
        Some(Self { state, view, current, thread, fd, number })
    }

    /// What an alert about the event is about: the pod, the container, or the host.
    pub(crate) fn target(&self, hostname: Option<&str>) -> Target {
        let Some(thread) = self.thread else {
            return Target::Unresolved { what: "system call".into(), why: "its thread is not known".into() };
        };
        if let Some(known) = self.state.container(thread)
            && !known.pod_name.is_empty()
        {
            return Target::PodName { namespace: known.pod_namespace.clone(), name: known.pod_name.clone() };
        }
        match (&thread.container, hostname.unwrap_or(&self.state.hostname)) {
            (Some(id), _) => ContainerId::parse(id).map_or_else(
                || Target::Unresolved { what: id.to_string(), why: "it is no container id".into() },
                Target::Container,
            ),
            (None, "") => {
                Target::Unresolved { what: "host process".into(), why: "the host has no name".into() }
            }
            (None, host) => Target::Node(NodeName(host.into())),
        }
    }

    /// The process that caused the event; another one that gets its number later is another actor.
    pub(crate) fn actor(&self) -> String {
        match self.thread {
            Some(thread) => {
                let main = self.state.process(thread).unwrap_or(thread);
                format!("{}\0{}\0{}", thread.pid, main.started, thread.container.as_deref().unwrap_or(""))
            }
            None => format!("{}", self.view.event.tid),
        }
    }

    /// Name of the event.
    pub(crate) fn name(&self) -> &'a str {
        self.state.table.names().get(usize::from(self.current.name)).copied().unwrap_or("")
    }
}

type Get = for<'s> fn(&'s SyscallSubject<'s>, &'s Arg) -> Option<Value<'s>>;

const fn field(name: &'static str, kind: Kind, doc: &'static str, get: Get) -> Field {
    Field { name, kind, list: false, arg: ArgRule::No, doc, get: Getter::Syscall(get) }
}

const fn with_arg(name: &'static str, kind: Kind, arg: ArgRule, doc: &'static str, get: Get) -> Field {
    Field { name, kind, list: false, arg, doc, get: Getter::Syscall(get) }
}

/// A field the reference has and this engine does not read: a rule that asks for it is an error, not a silence.
const fn unsupported(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field { name, kind, list: false, arg: ArgRule::No, doc, get: Getter::Unsupported }
}
