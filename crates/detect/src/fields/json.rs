//! `jevt.*` and the `evt.*` fields every source has.
//!
//! Semantics: Falco's `json` plugin, and `sinsp_filtercheck_gen_event.cpp`.

use super::audit::AuditSubject;
use super::{Arg, ArgRule, Field, Getter};
use crate::value::{Kind, Value};

const fn row(
    name: &'static str,
    kind: Kind,
    arg: ArgRule,
    doc: &'static str,
    get: for<'s> fn(&'s AuditSubject<'s>, &'s Arg) -> Option<Value<'s>>,
) -> Field {
    Field { name, kind, list: false, arg, doc, get: Getter::Audit(get) }
}

/// The rows.
pub(super) static FIELDS: [Field; 19] = [
    row("jevt.value", Kind::Text, ArgRule::RequiredKey, "the value at a JSON pointer", |s, arg| match arg {
        Arg::Pointer(keys) => {
            // Members every rule asks for are at hand.
            let fields = &s.event.fields;
            let known = match keys.as_slice() {
                [key] if key == "verb" => fields.verb.as_ref(),
                [key] if key == "requestURI" => fields.request_uri.as_ref(),
                [key] if key == "stage" => return fields.stage.map(|stage| stage.name().into()),
                _ => None,
            };
            if let Some(text) = known {
                return Some(text.as_str().into());
            }
            let at = keys.iter().try_fold(s.event.raw, |at, key| at.get(key))?;
            Some(at.show().into())
        }
        _ => None,
    }),
    row("json.value", Kind::Text, ArgRule::RequiredKey, "alias of jevt.value", |s, arg| match arg {
        Arg::Key(text) => {
            let keys = event::json::pointer(text);
            let at = keys.iter().try_fold(s.event.raw, |at, key| at.get(key))?;
            Some(at.show().into())
        }
        _ => None,
    }),
    row("jevt.obj", Kind::Text, ArgRule::No, "the whole event, indented", |s, _| s.pretty()),
    row("json.obj", Kind::Text, ArgRule::No, "alias of jevt.obj", |s, _| s.pretty()),
    row("jevt.rawtime", Kind::Text, ArgRule::No, "time of the event in nanoseconds since 1970", |s, _| {
        Some(s.nanoseconds()?.to_string().into())
    }),
    row("json.rawtime", Kind::Text, ArgRule::No, "alias of jevt.rawtime", |s, _| {
        Some(s.nanoseconds()?.to_string().into())
    }),
    row("evt.num", Kind::Uint, ArgRule::No, "number of the event in its stream, from 1", |s, _| {
        Some(Value::Uint(s.number))
    }),
    row("evt.time", Kind::Text, ArgRule::No, "time of day of the event, with nanoseconds", |s, _| {
        Some(crate::time::of_day(s.nanoseconds()?).into())
    }),
    row("evt.time.s", Kind::Text, ArgRule::No, "time of day of the event", |s, _| {
        let text = crate::time::of_day(s.nanoseconds()?);
        Some(text.get(..8)?.to_owned().into())
    }),
    row(
        "evt.time.iso8601",
        Kind::Text,
        ArgRule::No,
        "time of the event, ISO 8601 with nanoseconds",
        |s, _| Some(crate::time::iso8601(s.nanoseconds()?).into()),
    ),
    row("evt.datetime", Kind::Text, ArgRule::No, "date and time of the event", |s, _| {
        Some(crate::time::date(s.nanoseconds()?).into())
    }),
    row("evt.rawtime", Kind::Time, ArgRule::No, "nanoseconds since 1970", |s, _| {
        Some(Value::Uint(s.nanoseconds()?))
    }),
    row("evt.rawtime.s", Kind::Time, ArgRule::No, "seconds since 1970", |s, _| {
        s.nanoseconds()?.checked_div(1_000_000_000).map(Value::Uint)
    }),
    row("evt.rawtime.ns", Kind::Time, ArgRule::No, "nanoseconds within the second", |s, _| {
        s.nanoseconds()?.checked_rem(1_000_000_000).map(Value::Uint)
    }),
    row("evt.type", Kind::Text, ArgRule::No, "type of the event", |_, _| Some("pluginevent".into())),
    row("evt.source", Kind::Text, ArgRule::No, "source of the event", |_, _| Some("k8s_audit".into())),
    row("evt.pluginname", Kind::Text, ArgRule::No, "plugin that produced it", |_, _| Some("k8saudit".into())),
    row("evt.plugininfo", Kind::Text, ArgRule::No, "the event in one line", |s, _| {
        Some(s.event.raw.text().into())
    }),
    row("evt.hostname", Kind::Text, ArgRule::No, "name of the host", |_, _| None),
];
