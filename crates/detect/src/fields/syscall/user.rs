//! `user.*` and `group.*`.

use super::{Field, SyscallSubject, field, unsupported};
use crate::state::thread::UNSET;
use crate::value::{Kind, Value};

/// A name as the tables have it; of the host only, for a container's accounts are its own. One that is not there is
/// `<NA>`: a text, as in the reference, and not a missing value.
fn shown(known: Option<&[u8]>, id: u32) -> Option<Value<'_>> {
    Some(match known {
        Some(name) => name.into(),
        None if id == 0 => "root".into(),
        None => "<NA>".into(),
    })
}

fn name<'s>(s: &'s SyscallSubject<'s>, uid: u32) -> Option<Value<'s>> {
    shown(s.state.user(uid), uid)
}

/// The rows.
pub(in crate::fields) static FIELDS: [Field; 9] = [
    field("user.uid", Kind::Uint, "id of the user", |s, _| Some(Value::Uint(u64::from(s.thread?.uid)))),
    field("user.name", Kind::Text, "name of the user", |s, _| name(s, s.thread?.uid)),
    unsupported("user.homedir", Kind::Text, "home of the user"),
    unsupported("user.shell", Kind::Text, "shell of the user"),
    field("user.loginuid", Kind::Int, "id of the user who logged in, -1 when none did", |s, _| {
        let uid = s.thread?.loginuid.filter(|uid| *uid != UNSET);
        Some(Value::Int(uid.map_or(-1, i64::from)))
    }),
    field("user.loginname", Kind::Text, "name of the user who logged in", |s, _| {
        match s.thread?.loginuid.filter(|uid| *uid != UNSET) {
            Some(uid) => name(s, uid),
            None => Some("<NA>".into()),
        }
    }),
    field("user.loginuid.name", Kind::Text, "alias of user.loginname", |s, _| name(s, s.thread?.loginuid?)),
    field("group.gid", Kind::Uint, "id of the group", |s, _| Some(Value::Uint(u64::from(s.thread?.gid)))),
    field("group.name", Kind::Text, "name of the group", |s, _| {
        let gid = s.thread?.gid;
        shown(s.state.group(gid), gid)
    }),
];
