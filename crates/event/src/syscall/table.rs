//! The table of event types, read from the text beside this file.

use std::collections::HashMap;

/// How a parameter is encoded and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the reference, in words")]
pub enum ParamType {
    Int,
    Uint,
    Text,
    Bytes,
    Errno,
    SockAddr,
    SockTuple,
    Fd,
    Pid,
    FdList,
    Path,
    RelPath,
    Call,
    Signal,
    Time,
    Duration,
    Port,
    Bool,
    Flags,
    Enum,
    Mode,
    Uid,
    Gid,
    SigSet,
    Texts,
    Pairs,
    Dynamic,
    Other,
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: ParamType,
    /// Base numbers are shown in: 10, 16 or 8.
    pub base: u8,
    /// Names of its values.
    pub flags: Option<usize>,
    /// For a path below a directory: the parameter that names the directory.
    pub directory: Option<usize>,
}

/// A type of event.
#[derive(Clone, Debug)]
pub struct EventType {
    /// Name, one for all versions and both directions.
    pub name: &'static str,
    /// Category, as the reference numbers it.
    pub category: u32,
    /// Flags, as the reference numbers them.
    pub flags: u32,
    /// Parameters.
    pub params: Vec<Param>,
    /// Parameters the enter event of this exit has, too: this one's number and the enter's.
    pub from_enter: Vec<(usize, usize)>,
    /// Number of the name among all names.
    pub name_id: u16,
}

impl EventType {
    /// Number of the parameter of this name.
    pub fn param(&self, name: &str) -> Option<usize> {
        self.params.iter().position(|p| p.name == name)
    }

    /// Whether it concerns a file descriptor.
    pub fn uses_fd(&self) -> bool {
        self.flags & 0b111 != 0
    }

    /// Whether it makes a file descriptor.
    pub fn creates_fd(&self) -> bool {
        self.flags & 1 != 0
    }
}

/// Names of bits or values, in the order they are shown.
#[derive(Clone, Debug)]
pub struct FlagSet {
    /// Its name.
    pub name: &'static str,
    /// Names and values.
    pub values: Vec<(&'static str, u32)>,
}

/// All types of events, names of values and names of calls.
#[derive(Clone, Debug)]
pub struct EventTable {
    types: Vec<EventType>,
    sets: Vec<FlagSet>,
    calls: Vec<&'static str>,
    names: Vec<&'static str>,
    by_name: HashMap<&'static str, u16>,
    call_ids: Vec<u16>,
}

const TYPES: &str = include_str!("events.txt");
const SETS: &str = include_str!("flags.txt");
const CALLS: &str = include_str!("calls.txt");

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

impl EventTable {
    /// The table this engine follows.
    pub fn builtin() -> Self {
        let set = |line: &'static str| {
            let mut words = line.split(' ');
            let name = words.next().unwrap_or("");
            let value = |word: &'static str| {
                let (name, value) = word.split_once('=')?;
                Some((name, value.parse().ok()?))
            };
            FlagSet { name, values: words.filter_map(value).collect() }
        };
        let sets: Vec<FlagSet> = lines(SETS).map(set).collect();
        let mut table = Self {
            types: lines(TYPES).map(|line| event_type(line, &sets)).collect(),
            sets,
            calls: lines(CALLS).flat_map(|line| line.split(' ')).collect(),
            names: Vec::new(),
            by_name: HashMap::new(),
            call_ids: Vec::new(),
        };
        table.number();
        table
    }

    /// Numbers the names, and finds what exits share with their enters.
    fn number(&mut self) {
        for at in 0..self.types.len() {
            let Some(name) = self.types.get(at).map(|t| t.name) else { continue };
            let id = self.id(name);
            let before = at.checked_sub(1).filter(|_| at % 2 == 1).and_then(|at| self.types.get(at)).cloned();
            let Some(this) = self.types.get_mut(at) else { continue };
            this.name_id = id;
            if let Some(enter) = before {
                let shared =
                    this.params.iter().enumerate().filter_map(|(n, p)| Some((n, enter.param(p.name)?)));
                this.from_enter = shared.collect();
            }
        }
        self.call_ids = self.calls.clone().into_iter().map(|name| self.id(name)).collect();
    }

    fn id(&mut self, name: &'static str) -> u16 {
        if let Some(id) = self.by_name.get(name) {
            return *id;
        }
        let id = u16::try_from(self.names.len()).unwrap_or(u16::MAX);
        self.names.push(name);
        self.by_name.insert(name, id);
        id
    }

    /// The type of this number.
    pub fn get(&self, code: u16) -> Option<&EventType> {
        self.types.get(usize::from(code))
    }

    /// All types, by number.
    pub fn types(&self) -> &[EventType] {
        &self.types
    }

    /// The name of a system call that has no type of its own, by its number.
    pub fn call(&self, number: u16) -> Option<&'static str> {
        self.calls.get(usize::from(number)).copied().filter(|name| *name != "-")
    }

    /// Number of a name among [`names`](Self::names).
    pub fn name_id(&self, name: &str) -> Option<u16> {
        self.by_name.get(name).copied()
    }

    /// Number of the name of a system call that has no type of its own.
    pub fn call_name_id(&self, number: u16) -> Option<u16> {
        self.call_ids.get(usize::from(number)).copied()
    }

    /// All names of events, those of system calls without own type included.
    pub fn names(&self) -> &[&'static str] {
        &self.names
    }

    /// Whether a condition may ask for this event type.
    pub fn known(&self, name: &str) -> bool {
        name != "-" && name != "NA" && self.by_name.contains_key(name)
    }

    /// Names of values.
    pub fn set(&self, number: usize) -> Option<&FlagSet> {
        self.sets.get(number)
    }

    /// Names of values, by name of the set.
    pub fn set_named(&self, name: &str) -> Option<&FlagSet> {
        self.sets.iter().find(|set| set.name == name)
    }
}

fn event_type(line: &'static str, sets: &[FlagSet]) -> EventType {
    let mut words = line.split(' ');
    let name = words.next().unwrap_or("");
    let number = |word: Option<&str>| word.and_then(|w| w.parse().ok()).unwrap_or(0);
    let (category, flags) = (number(words.next()), number(words.next()));
    let params = words.map(|word| param(word, sets)).collect();
    EventType { name, category, flags, params, from_enter: Vec::new(), name_id: 0 }
}

fn param(word: &'static str, sets: &[FlagSet]) -> Param {
    let mut parts = word.split(':');
    let name = parts.next().unwrap_or("");
    let (kind, format) = parts.next().map_or(("", ""), |kind| kind.split_once('/').unwrap_or((kind, "")));
    let more = parts.next();
    let kind = match kind {
        "int8" | "int16" | "int32" | "int64" => ParamType::Int,
        "uint8" | "uint16" | "uint32" | "uint64" => ParamType::Uint,
        "text" => ParamType::Text,
        "bytes" => ParamType::Bytes,
        "errno" => ParamType::Errno,
        "sockaddr" => ParamType::SockAddr,
        "socktuple" => ParamType::SockTuple,
        "fd" => ParamType::Fd,
        "pid" => ParamType::Pid,
        "fdlist" => ParamType::FdList,
        "path" => ParamType::Path,
        "relpath" => ParamType::RelPath,
        "call" => ParamType::Call,
        "signal" => ParamType::Signal,
        "abstime" => ParamType::Time,
        "reltime" => ParamType::Duration,
        "port" => ParamType::Port,
        "bool" => ParamType::Bool,
        "flags8" | "flags16" | "flags32" => ParamType::Flags,
        "enum8" | "enum16" | "enum32" => ParamType::Enum,
        "mode" => ParamType::Mode,
        "uid" => ParamType::Uid,
        "gid" => ParamType::Gid,
        "sigset" => ParamType::SigSet,
        "texts" => ParamType::Texts,
        "pairs" => ParamType::Pairs,
        "dynamic" => ParamType::Dynamic,
        _ => ParamType::Other,
    };
    let base = match format {
        "x" => 16,
        "o" => 8,
        _ => 10,
    };
    let directory = more.and_then(|m| m.strip_prefix('@')).and_then(|n| n.parse().ok());
    let flags = more.and_then(|m| sets.iter().position(|set| set.name == m));
    Param { name, kind, base, flags, directory }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        let table = EventTable::builtin();
        assert_eq!((table.types().len(), table.calls.len()), (430, 449));
        let open = table.get(3).unwrap();
        assert_eq!((open.name, open.params.len(), open.creates_fd()), ("open", 6, true));
        assert_eq!(open.param("flags"), Some(2));
        assert_eq!(open.from_enter, [(1, 0), (2, 1), (3, 2)]);
        let flags = table.set(open.params[2].flags.unwrap()).unwrap();
        assert!(flags.values.contains(&("O_CLOEXEC", 4096)));
        assert!(table.known("open") && table.known("mprotect") && !table.known("NA") && !table.known("opn"));
        assert_eq!((table.call(3), table.call(9999)), (Some("read"), None));
        assert_eq!(table.name_id("read"), table.call_name_id(3));
        // No parameter is of a type this reader does not know.
        let odd = table.types().iter().flat_map(|t| &t.params).filter(|p| p.kind == ParamType::Other).count();
        assert_eq!(odd, 0);
    }
}
