//! `container.*` and `k8s.*`.

use super::{Arg, ArgRule, Field, SyscallSubject, field, unsupported, with_arg};
use crate::state::Container;
use crate::value::{Kind, Value};

fn known<'s>(s: &'s SyscallSubject<'s>, part: fn(&Container) -> &str) -> Option<Value<'s>> {
    let text = part(s.state.container(s.thread?)?);
    (!text.is_empty()).then(|| text.into())
}

fn mount<'s>(s: &'s SyscallSubject<'s>, arg: &Arg, by_source: bool) -> Option<&'s crate::state::Mount> {
    let Arg::Key(wanted) = arg else { return None };
    let mounts = &s.state.container(s.thread?)?.mounts;
    if let Ok(index) = wanted.parse::<usize>() {
        return mounts.get(index);
    }
    let hit = |path: &str| match wanted.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => path == wanted,
    };
    mounts.iter().find(|m| hit(if by_source { &m.source } else { &m.destination }))
}

/// The rows.
pub(in crate::fields) static FIELDS: [Field; 25] = [
    field("container.id", Kind::Text, "first 12 digits of the container's id, or host", |s, _| {
        Some(s.thread?.container.as_deref().unwrap_or("host").into())
    }),
    field("container.full_id", Kind::Text, "id of the container", |s, _| {
        Some(s.thread?.container.as_deref().unwrap_or("host").into())
    }),
    field("container.name", Kind::Text, "name of the container", |s, _| match s.thread?.container {
        None => Some("host".into()),
        Some(_) => known(s, |c| &c.name),
    }),
    field("container.image", Kind::Text, "image of the container", |s, _| known(s, |c| &c.image)),
    field("container.image.id", Kind::Text, "id of the image", |s, _| known(s, |c| &c.image_id)),
    field("container.image.repository", Kind::Text, "image without tag and digest", |s, _| {
        known(s, |c| &c.repository)
    }),
    field("container.image.tag", Kind::Text, "tag of the image", |s, _| known(s, |c| &c.tag)),
    unsupported("container.image.digest", Kind::Text, "digest of the image"),
    field("container.type", Kind::Text, "runtime of the container", |s, _| match s.thread?.container {
        None => Some("host".into()),
        Some(_) => None,
    }),
    field("container.privileged", Kind::Bool, "whether the container is privileged", |s, _| {
        s.state.container(s.thread?)?.privileged.map(Value::Bool)
    }),
    field("container.mounts", Kind::Text, "mounts of the container", |s, _| {
        let one = |m: &crate::state::Mount| {
            format!("{}:{}:{}:{}:{}", m.source, m.destination, m.mode, m.writable, m.propagation)
        };
        let all: Vec<String> = s.state.container(s.thread?)?.mounts.iter().map(one).collect();
        Some(all.join(",").into())
    }),
    with_arg("container.mount", Kind::Text, ArgRule::RequiredKey, "a mount, by source", |s, a| {
        let m = mount(s, a, true)?;
        Some(format!("{}:{}:{}:{}:{}", m.source, m.destination, m.mode, m.writable, m.propagation).into())
    }),
    with_arg(
        "container.mount.source",
        Kind::Text,
        ArgRule::RequiredKey,
        "source of a mount, by destination",
        |s, a| Some(mount(s, a, false)?.source.as_str().into()),
    ),
    with_arg(
        "container.mount.dest",
        Kind::Text,
        ArgRule::RequiredKey,
        "destination of a mount, by source",
        |s, a| Some(mount(s, a, true)?.destination.as_str().into()),
    ),
    with_arg(
        "container.mount.mode",
        Kind::Text,
        ArgRule::RequiredKey,
        "mode of a mount, by source",
        |s, a| Some(mount(s, a, true)?.mode.as_str().into()),
    ),
    with_arg(
        "container.mount.rdwr",
        Kind::Text,
        ArgRule::RequiredKey,
        "whether a mount is writable",
        |s, a| Some(if mount(s, a, true)?.writable { "true" } else { "false" }.into()),
    ),
    with_arg(
        "container.mount.propagation",
        Kind::Text,
        ArgRule::RequiredKey,
        "propagation of a mount",
        |s, a| Some(mount(s, a, true)?.propagation.as_str().into()),
    ),
    field("container.start_ts", Kind::Time, "when the container was made", |s, _| {
        s.state.container(s.thread?)?.started.map(Value::Uint)
    }),
    field("container.duration", Kind::Duration, "age of the container", |s, _| {
        let started = s.state.container(s.thread?)?.started?;
        s.view.event.time.checked_sub(started).map(Value::Uint)
    }),
    unsupported("container.ip", Kind::Text, "address of the container"),
    field("k8s.ns.name", Kind::Text, "namespace of the pod", |s, _| known(s, |c| &c.pod_namespace)),
    field("k8s.pod.name", Kind::Text, "name of the pod", |s, _| known(s, |c| &c.pod_name)),
    unsupported("k8s.pod.id", Kind::Text, "id of the pod"),
    unsupported("k8s.pod.uid", Kind::Text, "unique id of the pod"),
    unsupported("k8s.pod.ip", Kind::Text, "address of the pod"),
];
