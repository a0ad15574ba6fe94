//! `ka.*`: what Falco's k8saudit plugin reads from an audit event.
//!
//! Semantics: `plugins/k8saudit/pkg/k8saudit/extract.go`, version 0.19.

use super::{Arg, ArgRule, Field, Getter};
use crate::value::{Kind, Value, bytes};
use event::AuditEvent;
use event::audit::{ObjectRef, Text};
use event::json::{self, Raw};
use std::borrow::Cow;

/// An audit event being asked.
#[derive(Debug)]
pub struct AuditSubject<'a> {
    /// The event.
    pub event: &'a AuditEvent<'a>,
    /// Its number in the stream, from 1.
    pub number: u64,
}

impl AuditSubject<'_> {
    /// Time of the event: when its stage was reached.
    pub fn nanoseconds(&self) -> Option<u64> {
        u64::try_from(self.event.at()?.as_nanosecond()).ok()
    }

    /// Who did what to which object.
    pub(crate) fn actor(&self) -> String {
        let fields = &self.event.fields;
        let user = fields.user.as_ref().and_then(|u| u.username.as_ref()).map_or("", Text::as_str);
        let verb = fields.verb.as_ref().map_or("", Text::as_str);
        let object = fields.object_ref.as_ref();
        let part = |part: fn(&ObjectRef<'_>) -> Option<String>| object.and_then(part).unwrap_or_default();
        let name = part(|o| o.name.as_ref().map(|t| t.as_str().to_owned()));
        let namespace = part(|o| o.namespace.as_ref().map(|t| t.as_str().to_owned()));
        let resource = part(|o| o.resource.as_ref().map(|t| t.as_str().to_owned()));
        let below = part(|o| o.subresource.as_ref().map(|t| t.as_str().to_owned()));
        format!("{user}\0{verb}\0{resource}\0{below}\0{namespace}\0{name}")
    }

    /// The whole event, indented.
    pub(super) fn pretty(&self) -> Option<Value<'_>> {
        let tree: serde_json::Value = serde_json::from_str(self.event.raw.text()).ok()?;
        serde_json::to_string_pretty(&tree).ok().map(Value::from)
    }

    fn request(&self, keys: &[&str]) -> Option<Raw<'_>> {
        self.event.request_object()?.path(keys)
    }
}

type Get = for<'s> fn(&'s AuditSubject<'s>, &'s Arg) -> Option<Value<'s>>;

fn text<'s>(of: Option<&'s Text<'_>>) -> Option<Value<'s>> {
    of.map(|text| text.as_str().into())
}

fn object<'s>(
    subject: &'s AuditSubject<'s>,
    part: fn(&'s ObjectRef<'s>) -> &'s Option<Text<'s>>,
) -> Option<Value<'s>> {
    text(part(subject.event.fields.object_ref.as_ref()?).as_ref())
}

fn request<'s>(subject: &'s AuditSubject<'s>, keys: &[&str]) -> Option<Value<'s>> {
    subject.request(keys).map(|raw| raw.show().into())
}

/// The items of an array, shown; `None` for anything else.
fn all(raw: Raw<'_>) -> Option<Value<'_>> {
    (raw.kind() == json::Kind::Array)
        .then(|| Value::List(raw.items().map(|item| bytes(item.show())).collect()))
}

/// What stands below `keys` in each item of an array, or in the item at the argument's index.
///
/// The outer `None`: there is no array, or no such item. An item without it yields an inner `None`.
fn below<'s>(array: Raw<'s>, keys: &[&str], arg: &Arg) -> Option<Vec<Option<Raw<'s>>>> {
    if array.kind() != json::Kind::Array {
        return None;
    }
    match arg {
        Arg::Index(index) => Some(vec![Some(array.items().nth(*index)?.path(keys)?)]),
        _ => Some(array.items().map(|item| item.path(keys)).collect()),
    }
}

fn present<'s>(values: Vec<Option<Raw<'s>>>) -> Value<'s> {
    Value::List(values.into_iter().flatten().map(|raw| bytes(raw.show())).collect())
}

/// A list of one kind of container, and what is read of each.
fn containers<'s>(subject: &'s AuditSubject<'s>, list: &str, keys: &[&str], arg: &Arg) -> Option<Value<'s>> {
    let array = subject.request(&["spec", list])?;
    below(array, keys, arg).map(present)
}

/// Images; a container without one makes the whole field unavailable.
fn images<'s>(subject: &'s AuditSubject<'s>, list: &str, arg: &Arg) -> Option<Vec<Cow<'s, str>>> {
    let values = below(subject.request(&["spec", list])?, &["image"], arg)?;
    values.into_iter().map(|raw| raw.map(Raw::show)).collect()
}

/// The image up to its first colon or at sign, as the plugin cuts it: a registry's port goes too.
fn repository(image: Cow<'_, str>) -> Cow<'_, [u8]> {
    let cut = |text: &str| text.find([':', '@']).unwrap_or(text.len());
    match image {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(..cut(text)).unwrap_or(text).as_bytes()),
        Cow::Owned(mut text) => {
            text.truncate(cut(&text));
            Cow::Owned(text.into_bytes())
        }
    }
}

fn repositories<'s>(subject: &'s AuditSubject<'s>, list: &str, arg: &Arg) -> Option<Value<'s>> {
    Some(Value::List(images(subject, list, arg)?.into_iter().map(repository).collect()))
}

fn image_list<'s>(subject: &'s AuditSubject<'s>, list: &str, arg: &Arg) -> Option<Value<'s>> {
    Some(Value::List(images(subject, list, arg)?.into_iter().map(bytes).collect()))
}

/// Arrays below each item, flattened.
fn flat<'s>(array: Raw<'s>, keys: &[&str], arg: &Arg) -> Option<Value<'s>> {
    let lists = below(array, keys, arg)?;
    let values = lists.into_iter().flatten().flat_map(Raw::items).map(|item| bytes(item.show()));
    Some(Value::List(values.collect()))
}

fn ports<'s>(subject: &'s AuditSubject<'s>, list: &str, arg: &Arg) -> Option<Value<'s>> {
    let mut found = Vec::new();
    for ports in below(subject.request(&["spec", list])?, &["ports"], arg)?.into_iter().flatten() {
        if ports.kind() != json::Kind::Array {
            return None;
        }
        // With hostNetwork the container's port is the host's.
        let port = |item: Raw<'s>| item.get("hostPort").or_else(|| item.get("containerPort"));
        found.extend(ports.items().filter_map(port).map(|raw| bytes(raw.show())));
    }
    Some(Value::List(found))
}

/// The id a container runs as: its own, else the pod's, else 0.
fn effective<'s>(subject: &'s AuditSubject<'s>, list: &str, key: &str, arg: &Arg) -> Option<Value<'s>> {
    let pod = subject.request(&["spec", "securityContext", key]).map(Raw::show);
    let own = below(subject.request(&["spec", list])?, &["securityContext", key], arg)?;
    let one = |raw: Option<Raw<'s>>| {
        bytes(raw.map(Raw::show).or_else(|| pod.clone()).unwrap_or(Cow::Borrowed("0")))
    };
    Some(Value::List(own.into_iter().map(one).collect()))
}

fn volumes<'s>(subject: &'s AuditSubject<'s>, keys: &[&str], arg: &Arg) -> Option<Value<'s>> {
    below(subject.request(&["spec", "volumes"])?, keys, arg).map(present)
}

fn volume_types<'s>(subject: &'s AuditSubject<'s>, arg: &Arg) -> Option<Value<'s>> {
    let volumes = below(subject.request(&["spec", "volumes"])?, &[], arg)?;
    let names = volumes.into_iter().flatten().flat_map(|v| v.members().map(|(name, _)| name.decode()));
    Some(Value::List(names.filter(|name| name != "name").map(bytes).collect()))
}

/// Whether a volume mounts a path of the host; a trailing `*` asks for a prefix.
fn mounts<'s>(subject: &'s AuditSubject<'s>, arg: &Arg) -> Option<Value<'s>> {
    let Arg::Key(wanted) = arg else { return None };
    let Value::List(paths) = volumes(subject, &["hostPath", "path"], &Arg::None)? else { return None };
    let hit = |path: &Cow<'_, [u8]>| match wanted.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix.as_bytes()) || **path == *wanted.as_bytes(),
        None => **path == *wanted.as_bytes(),
    };
    Some(if paths.iter().any(hit) { "true" } else { "false" }.into())
}

fn parameter<'s>(subject: &'s AuditSubject<'s>, arg: &Arg) -> Option<Value<'s>> {
    let Arg::Key(wanted) = arg else { return None };
    let uri = subject.event.fields.request_uri.as_ref()?.as_str();
    let query = uri.split('#').next()?.split_once('?')?.1;
    let pairs = query.split('&').filter(|pair| !pair.contains(';'));
    let (_, value) = pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .find(|(key, _)| unescape(key).as_deref() == Some(wanted.as_bytes()))?;
    unescape(value).map(|text| Value::Text(Cow::Owned(text)))
}

/// Undoes the encoding of a query; `None` when it is broken.
fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let (hex, after) = rest.split_at_checked(2)?;
                out.push(u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?);
                rest = after;
            }
            byte => out.push(*byte),
        }
    }
    Some(out)
}

const fn one(name: &'static str, doc: &'static str, get: Get) -> Field {
    Field { name, kind: Kind::Text, list: false, arg: ArgRule::No, doc, get: Getter::Audit(get) }
}

const fn key(name: &'static str, doc: &'static str, get: Get) -> Field {
    Field { name, kind: Kind::Text, list: false, arg: ArgRule::RequiredKey, doc, get: Getter::Audit(get) }
}

const fn list(name: &'static str, doc: &'static str, get: Get) -> Field {
    Field { name, kind: Kind::Text, list: true, arg: ArgRule::No, doc, get: Getter::Audit(get) }
}

const fn indexed(name: &'static str, doc: &'static str, get: Get) -> Field {
    Field { name, kind: Kind::Text, list: true, arg: ArgRule::Index, doc, get: Getter::Audit(get) }
}

/// The rows of the three lists of containers, which differ only in name.
macro_rules! container_rows {
    ($($list:literal)*) => { [$(
        indexed(concat!("ka.req.pod.", $list, ".name"), "names of the containers",
            |s, a| containers(s, $list, &["name"], a)),
        indexed(concat!("ka.req.pod.", $list, ".image"), "images of the containers",
            |s, a| image_list(s, $list, a)),
        indexed(concat!("ka.req.pod.", $list, ".image.repository"), "images without tag and digest",
            |s, a| repositories(s, $list, a)),
        indexed(concat!("ka.req.pod.", $list, ".command"), "commands of the containers",
            |s, a| flat(s.request(&["spec", $list])?, &["command"], a)),
        indexed(concat!("ka.req.pod.", $list, ".args"), "arguments of the containers",
            |s, a| flat(s.request(&["spec", $list])?, &["args"], a)),
        indexed(concat!("ka.req.pod.", $list, ".host_port"), "host ports of the containers",
            |s, a| ports(s, $list, a)),
        indexed(concat!("ka.req.pod.", $list, ".privileged"), "privileged flags of the containers",
            |s, a| containers(s, $list, &["securityContext", "privileged"], a)),
        indexed(concat!("ka.req.pod.", $list, ".allow_privilege_escalation"), "allowPrivilegeEscalation flags",
            |s, a| containers(s, $list, &["securityContext", "allowPrivilegeEscalation"], a)),
        indexed(concat!("ka.req.pod.", $list, ".read_only_fs"), "readOnlyRootFilesystem flags",
            |s, a| containers(s, $list, &["securityContext", "readOnlyRootFilesystem"], a)),
        indexed(concat!("ka.req.pod.", $list, ".run_as_user"), "runAsUser of the containers",
            |s, a| containers(s, $list, &["securityContext", "runAsUser"], a)),
        indexed(concat!("ka.req.pod.", $list, ".eff_run_as_user"), "user the containers run as",
            |s, a| effective(s, $list, "runAsUser", a)),
        indexed(concat!("ka.req.pod.", $list, ".run_as_group"), "runAsGroup of the containers",
            |s, a| containers(s, $list, &["securityContext", "runAsGroup"], a)),
        indexed(concat!("ka.req.pod.", $list, ".eff_run_as_group"), "group the containers run as",
            |s, a| effective(s, $list, "runAsGroup", a)),
        indexed(concat!("ka.req.pod.", $list, ".proc_mount"), "procMount of the containers",
            |s, a| containers(s, $list, &["securityContext", "procMount"], a)),
        indexed(concat!("ka.req.pod.", $list, ".add_capabilities"), "capabilities added to the containers",
            |s, a| flat(s.request(&["spec", $list])?, &["securityContext", "capabilities", "add"], a)),
    )*] };
}

pub(super) static CONTAINERS: [Field; 45] =
    container_rows!("containers" "initContainers" "ephemeralContainers");

pub(super) static REST: [Field; 47] = [
    one("ka.auditid", "id of the request", |s, _| text(s.event.fields.audit_id.as_ref())),
    one("ka.stage", "stage of the request", |s, _| Some(s.event.raw.get("stage")?.show().into())),
    one("ka.auth.decision", "whether it was authorized", |s, _| {
        text(s.event.fields.annotations.as_ref()?.decision.as_ref())
    }),
    one("ka.auth.reason", "why", |s, _| text(s.event.fields.annotations.as_ref()?.reason.as_ref())),
    one("ka.user.name", "who asked", |s, _| text(s.event.fields.user.as_ref()?.username.as_ref())),
    list("ka.user.groups", "groups of who asked", |s, _| all(s.event.raw.path(&["user", "groups"])?)),
    one("ka.impuser.name", "as whom it was asked", |s, _| {
        text(s.event.fields.impersonated_user.as_ref()?.username.as_ref())
    }),
    one("ka.verb", "verb", |s, _| text(s.event.fields.verb.as_ref())),
    one("ka.uri", "URI as sent", |s, _| text(s.event.fields.request_uri.as_ref())),
    key("ka.uri.param", "a parameter of the URI's query", parameter),
    one("ka.target.name", "name of the object", |s, _| object(s, |o| &o.name)),
    one("ka.target.namespace", "namespace of the object", |s, _| object(s, |o| &o.namespace)),
    one("ka.target.resource", "resource", |s, _| object(s, |o| &o.resource)),
    one("ka.target.subresource", "subresource", |s, _| object(s, |o| &o.subresource)),
    one("ka.target.pod.name", "name of the pod a request is about", |s, _| {
        let object = s.event.fields.object_ref.as_ref()?;
        text(object.name.as_ref()).filter(|_| object.resource.as_ref().is_some_and(|r| r.as_str() == "pods"))
    }),
    list("ka.req.binding.subjects", "subjects of a binding", |s, _| all(s.request(&["subjects"])?)),
    one("ka.req.binding.role", "role of a binding", |s, _| request(s, &["roleRef", "name"])),
    key("ka.req.binding.subject.has_name", "always true, as in the plugin", |_, _| Some("true".into())),
    one("ka.req.configmap.name", "name of a ConfigMap", |s, _| object(s, |o| &o.name)),
    one("ka.req.configmap.obj", "data of a ConfigMap", |s, _| request(s, &["data"])),
    one("ka.req.container.image", "image of the first container", |s, _| {
        images(s, "containers", &Arg::Index(0))?.into_iter().next().map(Value::from)
    }),
    one("ka.req.container.image.repository", "the same without tag and digest", |s, _| {
        images(s, "containers", &Arg::Index(0))?.into_iter().next().map(|i| Value::Text(repository(i)))
    }),
    one("ka.req.pod.host_ipc", "hostIPC of a pod", |s, _| request(s, &["spec", "hostIPC"])),
    one("ka.req.pod.host_network", "hostNetwork of a pod", |s, _| request(s, &["spec", "hostNetwork"])),
    one("ka.req.container.host_network", "alias of ka.req.pod.host_network", |s, _| {
        request(s, &["spec", "hostNetwork"])
    }),
    one("ka.req.pod.host_pid", "hostPID of a pod", |s, _| request(s, &["spec", "hostPID"])),
    one("ka.req.container.privileged", "whether any container is privileged", |s, _| {
        let flags =
            below(s.request(&["spec", "containers"])?, &["securityContext", "privileged"], &Arg::None)?;
        let any = flags.into_iter().flatten().any(|flag| flag.text() == "true");
        Some(if any { "true" } else { "false" }.into())
    }),
    one("ka.req.pod.run_as_user", "runAsUser of a pod", |s, _| {
        request(s, &["spec", "securityContext", "runAsUser"])
    }),
    one("ka.req.pod.run_as_group", "runAsGroup of a pod", |s, _| {
        request(s, &["spec", "securityContext", "runAsGroup"])
    }),
    list("ka.req.role.rules", "rules of a role", |s, _| all(s.request(&["rules"])?)),
    indexed("ka.req.role.rules.apiGroups", "API groups of a role", |s, a| {
        flat(s.request(&["rules"])?, &["apiGroups"], a)
    }),
    indexed("ka.req.role.rules.nonResourceURLs", "URLs of a role", |s, a| {
        flat(s.request(&["rules"])?, &["nonResourceURLs"], a)
    }),
    indexed("ka.req.role.rules.verbs", "verbs of a role", |s, a| flat(s.request(&["rules"])?, &["verbs"], a)),
    indexed("ka.req.role.rules.resources", "resources of a role", |s, a| {
        flat(s.request(&["rules"])?, &["resources"], a)
    }),
    one("ka.req.pod.fs_group", "fsGroup of a pod", |s, _| {
        request(s, &["spec", "securityContext", "fsGroup"])
    }),
    list("ka.req.pod.supplemental_groups", "supplementalGroups of a pod", |s, _| {
        all(s.request(&["spec", "securityContext", "supplementalGroups"])?)
    }),
    one("ka.req.service.type", "type of a Service", |s, _| request(s, &["spec", "type"])),
    indexed("ka.req.service.ports", "ports of a Service", |s, a| {
        below(s.request(&["spec", "ports"])?, &[], a).map(present)
    }),
    indexed("ka.req.pod.volumes.hostpath", "host paths a pod mounts", |s, a| {
        volumes(s, &["hostPath", "path"], a)
    }),
    key("ka.req.volume.hostpath", "whether a pod mounts a host path", mounts),
    indexed("ka.req.pod.volumes.flexvolume_driver", "flex volume drivers of a pod", |s, a| {
        volumes(s, &["flexVolume", "driver"], a)
    }),
    indexed("ka.req.pod.volumes.volume_type", "types of a pod's volumes", volume_types),
    one("ka.resp.name", "name of the object in the answer", |s, _| {
        Some(s.event.response_object()?.path(&["metadata", "name"])?.show().into())
    }),
    one("ka.response.code", "HTTP code", |s, _| {
        s.event.fields.response_status.as_ref()?.code.map(|code| code.text.into())
    }),
    one("ka.response.reason", "reason of a failure", |s, _| {
        text(s.event.fields.response_status.as_ref()?.reason.as_ref())
    }),
    one("ka.useragent", "user agent", |s, _| text(s.event.fields.user_agent.as_ref())),
    indexed("ka.sourceips", "addresses of the client", |s, a| {
        below(s.event.raw.get("sourceIPs")?, &[], a).map(present)
    }),
];
