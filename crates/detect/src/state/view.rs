//! An event with the parameters its enter event had: old captures split them, today's exits carry all.

use super::thread::Enter;
use event::syscall::{EventTable, EventType, Param, RawEvent, signed, unsigned};

/// An exit event and what is known of its enter.
#[derive(Clone, Copy)]
pub(crate) struct View<'s> {
    pub(crate) event: RawEvent<'s>,
    pub(crate) info: &'s EventType,
    enter: Option<(RawEvent<'s>, &'s EventType)>,
}

impl<'s> View<'s> {
    pub(crate) fn new(
        table: &'s EventTable,
        event: RawEvent<'s>,
        info: &'s EventType,
        enter: Option<&'s Enter>,
    ) -> Self {
        let before = event.code.checked_sub(1).filter(|_| event.code % 2 == 1);
        let enter = enter.filter(|e| Some(e.code) == before && e.count > 0).and_then(|enter| {
            let raw = RawEvent {
                code: enter.code,
                count: enter.count,
                lengths: &enter.lengths,
                width: 2,
                data: &enter.data,
                ..event
            };
            Some((raw, table.get(enter.code)?))
        });
        Self { event, info, enter }
    }

    /// A parameter by name: the exit's, else the enter's.
    pub(crate) fn get(&self, name: &str) -> Option<&'s [u8]> {
        self.find(name).map(|(_, bytes)| bytes)
    }

    /// The same, with what is known of it.
    pub(crate) fn find(&self, name: &str) -> Option<(&'s Param, &'s [u8])> {
        let own = self.info.param(name).and_then(|n| Some((self.info.params.get(n)?, self.event.param(n)?)));
        own.or_else(|| {
            let (enter, info) = &self.enter?;
            let n = info.param(name)?;
            Some((info.params.get(n)?, enter.param(n)?))
        })
    }

    /// All parameters: the exit's, then the enter's the exit has not.
    pub(crate) fn all(&self) -> Vec<(&'s Param, Option<&'s [u8]>)> {
        let mut all = Vec::with_capacity(self.info.params.len());
        for (n, param) in self.info.params.iter().enumerate() {
            all.push((param, self.find(param.name).map(|(_, b)| b).or_else(|| self.event.param(n))));
        }
        if let Some((enter, info)) = &self.enter {
            let missing = info.params.iter().enumerate().filter(|(_, p)| self.info.param(p.name).is_none());
            all.extend(missing.map(|(n, p)| (p, enter.param(n))));
        }
        all
    }

    pub(crate) fn int(&self, name: &str) -> Option<i64> {
        self.get(name).and_then(signed)
    }

    pub(crate) fn uint(&self, name: &str) -> Option<u64> {
        self.get(name).and_then(unsigned)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&'s [u8]> {
        self.get(name).map(event::syscall::text)
    }

    /// What the system call returned.
    pub(crate) fn result(&self) -> Option<i64> {
        if self.event.code.is_multiple_of(2) {
            return None;
        }
        let first = self.info.params.first().filter(|p| matches!(p.name, "res" | "fd" | "res_or_fd"))?;
        let _ = first;
        self.event.param(0).and_then(signed)
    }
}
