//! Rows of a capture's tables: threads, descriptors, users and interfaces as they were when it began.

use super::cursor::Cursor;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A thread.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the kernel")]
pub struct ThreadRow<'a> {
    pub tid: i64,
    pub pid: i64,
    pub ptid: i64,
    pub sid: i64,
    pub vpgid: i64,
    pub comm: &'a [u8],
    pub exe: &'a [u8],
    pub exepath: &'a [u8],
    /// Arguments, each ended by a zero.
    pub args: &'a [u8],
    pub cwd: &'a [u8],
    pub flags: u32,
    pub uid: u32,
    pub gid: u32,
    /// Environment, each variable ended by a zero.
    pub env: &'a [u8],
    pub vtid: i64,
    pub vpid: i64,
    /// `subsystem=path`, each ended by a zero.
    pub cgroups: &'a [u8],
    pub root: &'a [u8],
    pub pidns_start: Option<u64>,
    pub tty: u32,
    pub loginuid: Option<u32>,
    pub exe_writable: bool,
    pub cap_inheritable: u64,
    pub cap_permitted: u64,
    pub cap_effective: u64,
    pub exe_upper_layer: bool,
    pub exe_ino: u64,
    pub exe_ctime: u64,
    pub exe_mtime: u64,
    pub exe_from_memfd: bool,
}

/// Bytes of the last fields of a row before libs 0.10, which put two fields in front of them.
const OLD_TAIL: usize = 29;

fn thread<'a>(version: u8, cursor: &mut Cursor<'a>) -> Option<ThreadRow<'a>> {
    let length = if version >= 9 { Some(usize::try_from(cursor.u32()?).ok()?) } else { None };
    // The length counts itself.
    let mut row = match length {
        Some(length) => Cursor::new(cursor.take(length.checked_sub(4)?)?),
        None => *cursor,
    };
    let mut t = ThreadRow { tid: row.i64()?, pid: row.i64()?, ptid: row.i64()?, ..ThreadRow::default() };
    t.sid = if version >= 6 { row.i64()? } else { 0 };
    t.vpgid = if version >= 8 { row.i64()? } else { -1 };
    (t.comm, t.exe) = (row.text()?, row.text()?);
    if version >= 7 {
        t.exepath = row.text()?;
    }
    (t.args, t.cwd) = (row.text()?, row.text()?);
    row.u64()?;
    (t.flags, t.uid, t.gid) = (row.u32()?, row.u32()?, row.u32()?);
    (t.vtid, t.vpid) = (t.tid, t.pid);
    if version >= 2 {
        row.take(28)?;
    }
    if version >= 3 {
        t.env = row.text()?;
    }
    if version >= 4 {
        (t.vtid, t.vpid, t.cgroups) = (row.i64()?, row.i64()?, row.text()?);
    }
    if version >= 5 {
        t.root = row.text()?;
    }
    match length {
        None => *cursor = row,
        // A row may end after any of its last fields.
        Some(_) => drop(tail(&mut t, &mut row)),
    }
    Some(t)
}

/// What later versions appended; a row may end after any of it.
fn tail(t: &mut ThreadRow<'_>, row: &mut Cursor<'_>) -> Option<()> {
    if row.rest().len() > OLD_TAIL {
        t.pidns_start = Some(row.u64()?);
        t.tty = row.u32()?;
    }
    t.loginuid = Some(row.u32()?);
    t.exe_writable = row.u8()? != 0;
    t.cap_inheritable = row.u64()?;
    t.cap_permitted = row.u64()?;
    t.cap_effective = row.u64()?;
    t.exe_upper_layer = row.u8()? != 0;
    t.exe_ino = row.u64()?;
    t.exe_ctime = row.u64()?;
    t.exe_mtime = row.u64()?;
    t.exe_from_memfd = row.u8()? != 0;
    Some(())
}

/// Calls `each` for every thread of a block; false when the block ends within a row.
pub fn threads<'a>(version: u8, body: &'a [u8], each: &mut dyn FnMut(ThreadRow<'a>)) -> bool {
    let mut cursor = Cursor::new(body);
    while cursor.rest().len() >= 4 {
        match thread(version, &mut cursor) {
            Some(row) => each(row),
            None => return false,
        }
    }
    true
}

/// Where a descriptor leads.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum FdAddress<'a> {
    Name(&'a [u8]),
    File { flags: u32, name: &'a [u8], dev: u32 },
    Tuple { source: (IpAddr, u16), destination: (IpAddr, u16), protocol: u8 },
    Server { address: (IpAddr, u16), protocol: u8 },
    Unix { source: u64, destination: u64, name: &'a [u8] },
    Nothing,
}

/// A descriptor.
#[derive(Clone, Debug, PartialEq)]
pub struct FdRow<'a> {
    /// Its number.
    pub fd: i64,
    /// Inode.
    pub ino: u64,
    /// Type, as the reference numbers it.
    pub kind: u8,
    /// Where it leads.
    pub address: FdAddress<'a>,
}

fn v4(cursor: &mut Cursor<'_>) -> Option<IpAddr> {
    cursor.bytes4().map(|b| IpAddr::V4(Ipv4Addr::from(b)))
}

fn v6(cursor: &mut Cursor<'_>) -> Option<IpAddr> {
    cursor.bytes16().map(|b| IpAddr::V6(Ipv6Addr::from(b)))
}

fn tuple<'a>(row: &mut Cursor<'a>, ip: fn(&mut Cursor<'_>) -> Option<IpAddr>) -> Option<FdAddress<'a>> {
    let (source, destination) = (ip(row)?, ip(row)?);
    let (sport, dport, protocol) = (row.u16()?, row.u16()?, row.u8()?);
    Some(FdAddress::Tuple { source: (source, sport), destination: (destination, dport), protocol })
}

fn fd<'a>(sized: bool, cursor: &mut Cursor<'a>) -> Option<FdRow<'a>> {
    let length = if sized { Some(usize::try_from(cursor.u32()?).ok()?) } else { None };
    let mut row = match length {
        Some(length) => Cursor::new(cursor.take(length.checked_sub(4)?)?),
        None => *cursor,
    };
    let (fd, ino, kind) = (row.i64()?, row.u64()?, row.u8()?);
    let address = match kind {
        3 => tuple(&mut row, v4)?,
        4 => tuple(&mut row, v6)?,
        5 => FdAddress::Server { address: (v4(&mut row)?, row.u16()?), protocol: row.u8()? },
        6 => FdAddress::Server { address: (v6(&mut row)?, row.u16()?), protocol: row.u8()? },
        8 => FdAddress::Unix { source: row.u64()?, destination: row.u64()?, name: row.text()? },
        16 => {
            let (flags, name) = (row.u32()?, row.text()?);
            FdAddress::File { flags, name, dev: if sized { row.u32().unwrap_or(0) } else { 0 } }
        }
        1 | 2 | 7 | 9..=15 | 17..=21 => FdAddress::Name(row.text()?),
        _ => FdAddress::Nothing,
    };
    if length.is_none() {
        *cursor = row;
    }
    Some(FdRow { fd, ino, kind, address })
}

/// Calls `each` for every descriptor of a block, with the process it belongs to; false when the block ends within a row.
pub fn fds<'a>(sized: bool, body: &'a [u8], each: &mut dyn FnMut(i64, FdRow<'a>)) -> bool {
    let mut cursor = Cursor::new(body);
    let Some(tid) = cursor.i64() else { return false };
    while cursor.rest().len() >= 4 {
        match fd(sized, &mut cursor) {
            Some(row) => each(tid, row),
            None => return false,
        }
    }
    true
}

/// A user or a group.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum UserRow<'a> {
    User { uid: u32, gid: u32, name: &'a [u8], home: &'a [u8], shell: &'a [u8] },
    Group { gid: u32, name: &'a [u8] },
}

fn user<'a>(sized: bool, cursor: &mut Cursor<'a>) -> Option<UserRow<'a>> {
    let length = if sized { Some(usize::try_from(cursor.u32()?).ok()?) } else { None };
    let mut row = match length {
        Some(length) => Cursor::new(cursor.take(length.checked_sub(4)?)?),
        None => *cursor,
    };
    let user = match row.u8()? {
        0 => UserRow::User {
            uid: row.u32()?,
            gid: row.u32()?,
            name: row.text()?,
            home: row.text()?,
            shell: row.text()?,
        },
        _ => UserRow::Group { gid: row.u32()?, name: row.text()? },
    };
    if length.is_none() {
        *cursor = row;
    }
    Some(user)
}

/// Calls `each` for every user and group of a block; false when the block ends within a row.
pub fn users<'a>(sized: bool, body: &'a [u8], each: &mut dyn FnMut(UserRow<'a>)) -> bool {
    let mut cursor = Cursor::new(body);
    while cursor.rest().len() >= 4 {
        match user(sized, &mut cursor) {
            Some(row) => each(row),
            None => return false,
        }
    }
    true
}

/// An address of the machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InterfaceRow {
    /// The address.
    pub address: IpAddr,
}

/// Calls `each` for every address of a block; false when the block ends within a row.
pub fn interfaces(sized: bool, body: &[u8], each: &mut dyn FnMut(InterfaceRow)) -> bool {
    let mut cursor = Cursor::new(body);
    while cursor.rest().len() >= 4 {
        let read = (|| {
            let length = if sized { Some(usize::try_from(cursor.u32()?).ok()?) } else { None };
            let mut row = match length {
                Some(length) => Cursor::new(cursor.take(length)?),
                None => cursor,
            };
            let (kind, name) = (row.u16()?, usize::from(row.u16()?));
            // 1 and 2: addresses of either family; 3 and 4: the same without link speed.
            let (address, more) = match kind {
                1 => (v4(&mut row)?, 16),
                2 => (v6(&mut row)?, 40),
                3 => (v4(&mut row)?, 8),
                4 => (v6(&mut row)?, 32),
                _ => return None,
            };
            row.take(more)?;
            row.take(name)?;
            if length.is_none() {
                cursor = row;
            }
            Some(InterfaceRow { address })
        })();
        match read {
            Some(row) => each(row),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn put(out: &mut Vec<u8>, text: &[u8]) {
        out.extend(u16::try_from(text.len()).unwrap().to_le_bytes());
        out.extend(text);
    }

    fn thread_row(version: u8, tail: &[u8]) -> Vec<u8> {
        let mut row = Vec::new();
        for n in [7i64, 7, 1] {
            row.extend(n.to_le_bytes());
        }
        for n in [(6, 5i64), (8, 4)] {
            if version >= n.0 {
                row.extend(n.1.to_le_bytes());
            }
        }
        put(&mut row, b"cat");
        put(&mut row, b"/bin/cat");
        if version >= 7 {
            put(&mut row, b"/usr/bin/cat");
        }
        put(&mut row, b"a\0b\0");
        put(&mut row, b"/tmp");
        row.extend(1024u64.to_le_bytes());
        for n in [0u32, 1000, 1001] {
            row.extend(n.to_le_bytes());
        }
        if version >= 2 {
            row.extend([0; 28]);
        }
        if version >= 3 {
            put(&mut row, b"A=1\0");
        }
        if version >= 4 {
            row.extend(2i64.to_le_bytes());
            row.extend(3i64.to_le_bytes());
            put(&mut row, b"cpu=/x\0");
        }
        if version >= 5 {
            put(&mut row, b"/");
        }
        row.extend(tail);
        if version >= 9 {
            let length = u32::try_from(row.len() + 4).unwrap();
            row.splice(0..0, length.to_le_bytes());
        }
        row
    }

    #[test]
    fn every_version_of_a_thread() {
        for version in 1..=9 {
            let body = [thread_row(version, &[]), thread_row(version, &[])].concat();
            let mut rows = Vec::new();
            assert!(threads(version, &body, &mut |row| rows.push(row)), "version {version}");
            assert_eq!(rows.len(), 2, "version {version}");
            assert_eq!((rows[1].comm, rows[1].gid, rows[1].args), (&b"cat"[..], 1001, &b"a\0b\0"[..]));
            assert_eq!(rows[0].vpid, if version >= 4 { 3 } else { 7 }, "version {version}");
        }
        let mut tail = 9u64.to_le_bytes().to_vec();
        tail.extend(34816u32.to_le_bytes());
        tail.extend(1000u32.to_le_bytes());
        tail.extend([1; 40]);
        let row = thread_row(9, &tail);
        threads(9, &row, &mut |row| {
            assert_eq!((row.tty, row.loginuid, row.exe_writable), (34816, Some(1000), true))
        });
        assert!(!threads(9, &row[..row.len() - 1], &mut |_| {}));
    }

    #[test]
    fn descriptors() {
        let mut body = 7i64.to_le_bytes().to_vec();
        for (kind, rest) in [
            (7u8, b"\x04\0pipe".to_vec()),
            (16, [&1u32.to_le_bytes()[..], b"\x02\0/a"].concat()),
            (3, [&[1, 2, 3, 4, 5, 6, 7, 8][..], &80u16.to_le_bytes(), &443u16.to_le_bytes(), &[1]].concat()),
        ] {
            body.extend(3i64.to_le_bytes());
            body.extend(0u64.to_le_bytes());
            body.push(kind);
            body.extend(rest);
        }
        let mut rows = Vec::new();
        assert!(fds(false, &body, &mut |tid, row| rows.push((tid, row.address))));
        assert_eq!(rows[1], (7, FdAddress::File { flags: 1, name: b"/a", dev: 0 }));
        assert!(matches!(rows[2].1, FdAddress::Tuple { destination: (_, 443), .. }));
        assert!(!fds(false, &body[..body.len() - 2], &mut |_, _| {}));
    }

    proptest! {
        #[test]
        fn junk_never_panics(version in 1u8..10, sized: bool, body in proptest::collection::vec(any::<u8>(), 0..200)) {
            threads(version, &body, &mut |_| {});
            fds(sized, &body, &mut |_, _| {});
            users(sized, &body, &mut |_| {});
            interfaces(sized, &body, &mut |_| {});
        }
    }
}
