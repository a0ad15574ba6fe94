//! Audit events of the API server: `audit.k8s.io` v1 and v1beta1, as JSON lines, `EventList` or array.
//!
//! Semantics: `apiserver/pkg/apis/audit/v1/types.go`. Strings are borrowed from the text wherever they have no
//! escapes, so that a million events cost a million passes and no tree.

use crate::json::{Kind, Raw};
use model::{Diagnostic, Timestamp};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// A string of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<'a>(pub Cow<'a, str>);

impl Text<'_> {
    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Strings;
        impl<'de> Visitor<'de> for Strings {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Strings)
    }
}

/// How far the request was when the event was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub enum Stage {
    /// Before it was handed on.
    RequestReceived,
    /// Headers sent, body still open: watches and exec.
    ResponseStarted,
    /// All sent.
    ResponseComplete,
    /// The handler panicked.
    Panic,
}

impl Stage {
    /// Its name, as events write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::RequestReceived => "RequestReceived",
            Self::ResponseStarted => "ResponseStarted",
            Self::ResponseComplete => "ResponseComplete",
            Self::Panic => "Panic",
        }
    }
}

/// Who asked.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct User<'a> {
    /// User name.
    #[serde(borrow, default)]
    pub username: Option<Text<'a>>,
    /// Unique id.
    #[serde(borrow, default)]
    pub uid: Option<Text<'a>>,
    #[serde(borrow, default)]
    groups: Option<&'a RawValue>,
    #[serde(borrow, default)]
    extra: Option<&'a RawValue>,
}

impl<'a> User<'a> {
    /// Groups; what is no string is left out.
    pub fn groups(&self) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        self.groups.into_iter().flat_map(|groups| Raw::new(groups.get()).items()).filter_map(Raw::string)
    }

    /// The first value of an extra attribute (`authentication.kubernetes.io/pod-name`, …).
    pub fn extra(&self, key: &str) -> Option<Cow<'a, str>> {
        Raw::new(self.extra?.get()).get(key)?.items().next()?.string()
    }
}

/// The object a request names.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef<'a> {
    /// Resource, plural, lower case.
    #[serde(borrow, default)]
    pub resource: Option<Text<'a>>,
    /// Subresource.
    #[serde(borrow, default)]
    pub subresource: Option<Text<'a>>,
    /// Namespace; for a Namespace, its own name.
    #[serde(borrow, default)]
    pub namespace: Option<Text<'a>>,
    /// Name.
    #[serde(borrow, default)]
    pub name: Option<Text<'a>>,
    /// API group without version; absent for core.
    #[serde(borrow, default)]
    pub api_group: Option<Text<'a>>,
    /// Unique id.
    #[serde(borrow, default)]
    pub uid: Option<Text<'a>>,
}

/// An HTTP code, as number and as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code<'a> {
    /// The number.
    pub number: u16,
    /// As written.
    pub text: &'a str,
}

impl<'de: 'a, 'a> Deserialize<'de> for Code<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&'de RawValue>::deserialize(deserializer)?.get();
        match text.parse() {
            Ok(number) => Ok(Self { number, text }),
            Err(_) => Err(D::Error::custom("code is no HTTP code")),
        }
    }
}

/// How it was answered.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ResponseStatus<'a> {
    /// HTTP code.
    #[serde(borrow, default)]
    pub code: Option<Code<'a>>,
    /// Machine-readable reason of a failure.
    #[serde(borrow, default)]
    pub reason: Option<Text<'a>>,
}

/// Annotations that are asked for at every event; the rest is read from [`AuditEvent::raw`].
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Annotations<'a> {
    /// `allow` or `forbid`.
    #[serde(rename = "authorization.k8s.io/decision", borrow, default)]
    pub decision: Option<Text<'a>>,
    /// Binding and role that allowed it, in words.
    #[serde(rename = "authorization.k8s.io/reason", borrow, default)]
    pub reason: Option<Text<'a>>,
}

/// One audit event, borrowed from its text.
#[derive(Clone, Debug)]
pub struct AuditEvent<'a> {
    /// The whole event.
    pub raw: Raw<'a>,
    /// The frequently read members.
    pub fields: Fields<'a>,
}

/// Members of an event. All but the kind may be missing: policies omit, versions differ.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fields<'a> {
    #[serde(borrow, default)]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    api_version: Option<Text<'a>>,
    #[serde(borrow, default)]
    items: Option<&'a RawValue>,
    /// Unique id of the request: all its stages carry it.
    #[serde(rename = "auditID", borrow, default)]
    pub audit_id: Option<Text<'a>>,
    /// Stage.
    #[serde(default)]
    pub stage: Option<Stage>,
    /// URI as the client sent it.
    #[serde(rename = "requestURI", borrow, default)]
    pub request_uri: Option<Text<'a>>,
    /// Verb.
    #[serde(borrow, default)]
    pub verb: Option<Text<'a>>,
    /// Who authenticated.
    #[serde(borrow, default)]
    pub user: Option<User<'a>>,
    /// As whom it was authorized, when that is someone else.
    #[serde(borrow, default)]
    pub impersonated_user: Option<User<'a>>,
    #[serde(rename = "sourceIPs", borrow, default)]
    source_ips: Option<&'a RawValue>,
    /// User agent.
    #[serde(borrow, default)]
    pub user_agent: Option<Text<'a>>,
    /// What it is about; absent for non-resource URLs.
    #[serde(borrow, default)]
    pub object_ref: Option<ObjectRef<'a>>,
    /// Answer.
    #[serde(borrow, default)]
    pub response_status: Option<ResponseStatus<'a>>,
    #[serde(borrow, default)]
    request_object: Option<&'a RawValue>,
    #[serde(borrow, default)]
    response_object: Option<&'a RawValue>,
    #[serde(borrow, default)]
    request_received_timestamp: Option<Text<'a>>,
    #[serde(borrow, default)]
    stage_timestamp: Option<Text<'a>>,
    /// v1beta1 and v1alpha1 have this one instead of the two.
    #[serde(borrow, default)]
    timestamp: Option<Text<'a>>,
    /// Annotations.
    #[serde(borrow, default)]
    pub annotations: Option<Annotations<'a>>,
}

impl<'a> AuditEvent<'a> {
    /// When the request arrived, as written.
    pub fn received_text(&self) -> Option<&str> {
        let fields = &self.fields;
        fields.request_received_timestamp.as_ref().or(fields.timestamp.as_ref()).map(Text::as_str)
    }

    /// When the request arrived.
    pub fn received(&self) -> Option<Timestamp> {
        self.received_text()?.parse().ok()
    }

    /// When this stage was reached; when the request arrived where only that is known.
    pub fn at(&self) -> Option<Timestamp> {
        let stage = self.fields.stage_timestamp.as_ref().and_then(|text| text.as_str().parse().ok());
        stage.or_else(|| self.received())
    }

    /// The body of the request, where the policy records it.
    pub fn request_object(&self) -> Option<Raw<'a>> {
        self.fields.request_object.map(|raw| Raw::new(raw.get()))
    }

    /// The body of the answer, where the policy records it.
    pub fn response_object(&self) -> Option<Raw<'a>> {
        self.fields.response_object.map(|raw| Raw::new(raw.get()))
    }

    /// Addresses the request came through, the client first.
    pub fn source_ips(&self) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        self.fields.source_ips.into_iter().flat_map(|ips| Raw::new(ips.get()).items()).filter_map(Raw::string)
    }

    /// HTTP code of the answer.
    pub fn code(&self) -> Option<u16> {
        self.fields.response_status.as_ref()?.code.map(|code| code.number)
    }

    /// Reads one event.
    ///
    /// # Errors
    /// Text that is not JSON, is of another kind, or whose members have other types than the API's.
    pub fn parse(text: &'a str) -> Result<Self, ReadError> {
        match document(text)? {
            Document::Event(event) => Ok(*event),
            Document::List(_) => Err(ReadError::Kind("a list of events".to_owned())),
        }
    }
}

/// Why a text is no audit event.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not JSON, or a member of another type.
    #[error("not an audit event: {0}")]
    Json(#[from] serde_json::Error),
    /// Bytes that are no text.
    #[error("not UTF-8")]
    Utf8,
    /// Something else.
    #[error("not an audit event: kind is {0}")]
    Kind(String),
    /// Longer than the cap.
    #[error("line of {0} bytes is longer than the cap of {1}")]
    TooLong(usize, usize),
}

enum Document<'a> {
    Event(Box<AuditEvent<'a>>),
    List(Raw<'a>),
}

fn document(text: &str) -> Result<Document<'_>, ReadError> {
    let raw = Raw::new(text);
    if raw.kind() == Kind::Array {
        let _: &RawValue = serde_json::from_str(text)?;
        return Ok(Document::List(raw));
    }
    let fields: Fields<'_> = serde_json::from_str(text)?;
    let group = fields.api_version.as_ref().is_none_or(|v| v.as_str().starts_with("audit.k8s.io/"));
    match (fields.kind.as_ref().map(Text::as_str), fields.items) {
        (Some("EventList"), Some(items)) if group => {
            let items = Raw::new(items.get());
            match items.kind() {
                Kind::Array => Ok(Document::List(items)),
                _ => Err(ReadError::Json(serde_json::Error::custom("items is no list"))),
            }
        }
        // Events inside a list carry no kind of their own.
        (Some("Event") | None, _) if group && (fields.verb.is_some() || fields.stage.is_some()) => {
            Ok(Document::Event(Box::new(AuditEvent { raw, fields })))
        }
        (kind, _) => Err(ReadError::Kind(match kind {
            Some(kind) => model::escape(kind).into_owned(),
            None => "missing".to_owned(),
        })),
    }
}

/// How much text is read before it is refused.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one line or document; the API server's own cap on a request body is 3 MiB. Default 16 MiB.
    pub line: usize,
    /// Diagnostics kept; the rest is only counted. Default 100.
    pub diagnostics: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { line: 16 << 20, diagnostics: 100 }
    }
}

/// What became of the text: `documents = events + garbage` where a list counts each of its items.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// Events handed on.
    pub events: u64,
    /// Lines, or items of lists, that could not be decoded.
    pub garbage: u64,
    /// The first of them.
    pub diagnostics: Vec<Diagnostic>,
}

impl Reading {
    fn add(&mut self, other: Self, limits: &Limits) {
        self.events = self.events.saturating_add(other.events);
        self.garbage = self.garbage.saturating_add(other.garbage);
        self.diagnostics.extend(other.diagnostics);
        self.diagnostics.truncate(limits.diagnostics);
    }

    fn fault(&mut self, line: u32, error: &ReadError, limits: &Limits) {
        self.garbage = self.garbage.saturating_add(1);
        if self.diagnostics.len() < limits.diagnostics {
            let position = model::Position { line, column: 1, offset: 0 };
            self.diagnostics.push(Diagnostic::error("audit/not-an-event", error.to_string()).at(position));
        }
    }
}

/// Reads a log: one event, list or array a line, or one document over several lines.
///
/// Calls `each` with the line (from 1) and the event, in order. A line that cannot be decoded is counted in the
/// answer and costs nothing else; the last line of a log still being written is such a line.
pub fn read(text: &[u8], limits: &Limits, each: &mut dyn FnMut(u32, &AuditEvent<'_>)) -> Reading {
    let mut reading = Reading::default();
    if let Some(whole) = one_document(text, limits) {
        read_text(whole, 1, limits, &mut reading, each);
        return reading;
    }
    for (index, line) in text.split(|b| *b == b'\n').enumerate() {
        let number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
        read_line(line, number, limits, &mut reading, each);
    }
    reading
}

/// A log that comes in pieces, which may end anywhere: what [`read`] does, without the whole text.
#[derive(Debug)]
pub struct Stream {
    limits: Limits,
    /// Bytes of an unfinished line, or of everything so far while it may be one document over several lines.
    carry: Vec<u8>,
    line: u32,
    /// Whether what comes is one document over several lines; unknown until there is a first line.
    whole: Option<bool>,
    reading: Reading,
}

impl Stream {
    /// A log of which nothing has come.
    pub fn new(limits: Limits) -> Self {
        Self { limits, carry: Vec::new(), line: 0, whole: None, reading: Reading::default() }
    }

    /// What became of the text so far.
    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// Takes the next bytes and calls `each` with the line and the event of every line that is complete.
    pub fn push(&mut self, mut bytes: &[u8], each: &mut dyn FnMut(u32, &AuditEvent<'_>)) {
        if self.whole == Some(true) {
            return self.keep(bytes, each);
        }
        while let Some(at) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at_checked(at.saturating_add(1)).unwrap_or((bytes, &[]));
            if self.whole.is_none() {
                let first = [&self.carry, line].concat();
                if !first.iter().all(u8::is_ascii_whitespace) {
                    self.whole = Some(opens(&first));
                }
                if self.whole == Some(true) {
                    return self.keep(bytes, each);
                }
            }
            bytes = rest;
            if self.carry.is_empty() {
                self.one(line, each);
            } else {
                let mut joined = std::mem::take(&mut self.carry);
                joined.extend_from_slice(line);
                self.one(&joined, each);
            }
        }
        let room = self.limits.line.saturating_add(1).saturating_sub(self.carry.len());
        self.carry.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    /// Says that the log has ended: a last line without its end is read too.
    pub fn finish(&mut self, each: &mut dyn FnMut(u32, &AuditEvent<'_>)) {
        let rest = std::mem::take(&mut self.carry);
        if self.whole == Some(true) {
            let read = read(&rest, &self.limits, each);
            self.reading.add(read, &self.limits);
        } else if !rest.is_empty() {
            self.one(&rest, each);
        }
    }

    /// Keeps what may be one document; where it grows beyond the cap it is read as lines.
    fn keep(&mut self, bytes: &[u8], each: &mut dyn FnMut(u32, &AuditEvent<'_>)) {
        self.carry.extend_from_slice(bytes);
        if self.carry.len() > self.limits.line {
            self.whole = Some(false);
            let kept = std::mem::take(&mut self.carry);
            self.push(&kept, each);
        }
    }

    fn one(&mut self, line: &[u8], each: &mut dyn FnMut(u32, &AuditEvent<'_>)) {
        self.line = self.line.saturating_add(1);
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        read_line(line, self.line, &self.limits, &mut self.reading, each);
    }
}

/// Whether a line is the beginning of a document that goes on.
fn opens(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    matches!(line, b"{" | b"[") || line.ends_with(b",")
}

fn read_line(
    line: &[u8],
    number: u32,
    limits: &Limits,
    reading: &mut Reading,
    each: &mut dyn FnMut(u32, &AuditEvent<'_>),
) {
    if line.iter().all(u8::is_ascii_whitespace) {
        return;
    }
    if line.len() > limits.line {
        return reading.fault(number, &ReadError::TooLong(line.len(), limits.line), limits);
    }
    match std::str::from_utf8(line) {
        Ok(line) => read_text(line, number, limits, reading, each),
        Err(_) => reading.fault(number, &ReadError::Utf8, limits),
    }
}

/// The text, when it is one JSON document whose first line alone is none.
fn one_document<'a>(text: &'a [u8], limits: &Limits) -> Option<&'a str> {
    let first = text.split(|b| *b == b'\n').find(|line| !line.iter().all(u8::is_ascii_whitespace))?;
    let whole = std::str::from_utf8(text).ok().filter(|text| opens(first) && text.len() <= limits.line)?;
    serde_json::from_str::<&RawValue>(whole).ok()?;
    Some(whole)
}

fn read_text(
    text: &str,
    line: u32,
    limits: &Limits,
    reading: &mut Reading,
    each: &mut dyn FnMut(u32, &AuditEvent<'_>),
) {
    match document(text) {
        Ok(Document::Event(event)) => {
            reading.events = reading.events.saturating_add(1);
            each(line, &event);
        }
        Ok(Document::List(items)) => {
            for item in items.items() {
                match AuditEvent::parse(item.text()) {
                    Ok(event) => {
                        reading.events = reading.events.saturating_add(1);
                        each(line, &event);
                    }
                    Err(error) => reading.fault(line, &error, limits),
                }
            }
        }
        Err(error) => reading.fault(line, &error, limits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EVENT: &str = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"a-1","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/shop/pods/web/exec?command=sh","verb":"create","user":{"username":"system:serviceaccount:shop:ci","groups":["system:authenticated"],"extra":{"authentication.kubernetes.io/pod-name":["ci-0"]}},"sourceIPs":["10.0.0.7"],"userAgent":"kubectl","objectRef":{"resource":"pods","namespace":"shop","name":"web","subresource":"exec"},"responseStatus":{"metadata":{},"code":101},"requestReceivedTimestamp":"2026-03-01T10:00:00.000001Z","stageTimestamp":"2026-03-01T10:00:02.000000Z","annotations":{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"RBAC: \"x\""}}"#;

    fn count(text: &str) -> (u64, u64) {
        let reading = read(text.as_bytes(), &Limits::default(), &mut |_, _| {});
        (reading.events, reading.garbage)
    }

    #[test]
    fn reads_what_is_asked_most() {
        let event = AuditEvent::parse(EVENT).unwrap();
        let f = &event.fields;
        assert_eq!(f.stage, Some(Stage::ResponseComplete));
        let user = f.user.as_ref().unwrap();
        assert_eq!(user.username.as_ref().unwrap().as_str(), "system:serviceaccount:shop:ci");
        assert_eq!(user.groups().collect::<Vec<_>>(), ["system:authenticated"]);
        assert_eq!(user.extra("authentication.kubernetes.io/pod-name").as_deref(), Some("ci-0"));
        assert_eq!(f.object_ref.as_ref().unwrap().subresource.as_ref().unwrap().as_str(), "exec");
        assert_eq!((event.code(), event.at().unwrap().as_second()), (Some(101), 1_772_359_202));
        assert_eq!(f.annotations.as_ref().unwrap().reason.as_ref().unwrap().as_str(), "RBAC: \"x\"");
        assert_eq!(event.source_ips().collect::<Vec<_>>(), ["10.0.0.7"]);
        assert_eq!(event.raw.path(&["objectRef", "name"]).unwrap().show(), "web");
    }

    #[test]
    fn lines_lists_and_documents() {
        let list =
            format!(r#"{{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{EVENT},{EVENT},7]}}"#);
        let bare = EVENT.replace(r#""kind":"Event","apiVersion":"audit.k8s.io/v1","#, "");
        let pretty =
            serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(EVENT).unwrap()).unwrap();
        let old = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1beta1","metadata":{"creationTimestamp":"2020-01-01T00:00:00Z"},"timestamp":"2020-01-01T00:00:00Z","stage":"ResponseComplete","verb":"get"}"#;
        for (text, want) in [
            (EVENT.to_owned(), (1, 0)),
            (format!("{EVENT}\r\n\n{EVENT}\n"), (2, 0)),
            (list, (2, 1)),
            (format!("[{EVENT},{EVENT}]"), (2, 0)),
            (format!(r#"{{"kind":"EventList","items":[{bare}]}}"#), (1, 0)),
            (pretty, (1, 0)),
            (old.to_owned(), (1, 0)),
            (String::new(), (0, 0)),
        ] {
            assert_eq!(count(&text), want, "{text}");
        }
        assert_eq!(AuditEvent::parse(old).unwrap().at().unwrap().to_string(), "2020-01-01T00:00:00Z");
    }

    #[test]
    fn hostile_lines_are_counted() {
        for text in [
            "{",
            "not json",
            r#"{"kind":0}"#,
            r#"{"kind":"Pod","verb":"get"}"#,
            r#"{"kind":"Event","apiVersion":"v1","verb":"get"}"#,
            r#"{"kind":"Event","verb":"get","responseStatus":{"code":5E5555}}"#,
            r#"{"kind":"Event","verb":"get","responseStatus":{"code":-1}}"#,
            r#"{"kind":"Event","verb":7}"#,
            r#"{"kind":"Event","verb":"get","verb":"list"}"#,
            r#"{"kind":"Event","verb":"get","stage":"Nowhere"}"#,
            r#"{"kind":"EventList","items":{}}"#,
            r#"{"kind":"EventList"}"#,
            &EVENT[..EVENT.len() - 4],
        ] {
            assert_eq!(count(text), (0, 1), "{text}");
            assert_eq!(count(&format!("{text}\n{EVENT}")), (1, 1), "{text}");
        }
        // A number nobody asks for is passed through as text.
        let odd = r#"{"kind":"Event","verb":"get","requestObject":{"n":5E5555}}"#;
        assert_eq!(
            AuditEvent::parse(odd).unwrap().request_object().unwrap().get("n").unwrap().text(),
            "5E5555"
        );
        let bad = [b"\xff\xfe\n" as &[u8], EVENT.as_bytes()].concat();
        assert_eq!(read(&bad, &Limits::default(), &mut |_, _| {}).garbage, 1);
        let deep = format!(r#"{{"kind":"Event","verb":"get","requestObject":{}"#, "[".repeat(100_000));
        assert_eq!(count(&deep), (0, 1));
        let capped = read(&[b'x'; 64], &Limits { line: 10, diagnostics: 0 }, &mut |_, _| {});
        assert_eq!((capped.garbage, capped.diagnostics.len()), (1, 0));
    }

    fn in_pieces(text: &[u8], sizes: &[usize], limits: Limits) -> (Reading, Vec<u32>) {
        let (mut stream, mut lines, mut rest) = (Stream::new(limits), Vec::new(), text);
        let mut sizes = sizes.iter().cycle();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at((*sizes.next().unwrap()).clamp(1, rest.len()));
            stream.push(piece, &mut |line, _| lines.push(line));
            rest = after;
        }
        stream.finish(&mut |line, _| lines.push(line));
        (stream.reading().clone(), lines)
    }

    #[test]
    fn pieces_are_read_as_the_whole_is() {
        let pretty =
            serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(EVENT).unwrap()).unwrap();
        let texts = [
            EVENT.to_owned(),
            format!("\n{EVENT}\r\n\nbroken\n{EVENT}\n{}", &EVENT[..40]),
            pretty,
            format!("[{EVENT},\n{EVENT}]"),
            String::new(),
            "{".to_owned(),
        ];
        for text in texts {
            let mut lines = Vec::new();
            let whole = read(text.as_bytes(), &Limits::default(), &mut |line, _| lines.push(line));
            for sizes in [&[1usize][..], &[7, 100], &[usize::MAX], &[500]] {
                let (reading, of_pieces) = in_pieces(text.as_bytes(), sizes, Limits::default());
                assert_eq!((&reading, &of_pieces), (&whole, &lines), "{text} {sizes:?}");
            }
        }
        let long = format!("{}\n{EVENT}\n", "x".repeat(5000));
        let few = Limits { line: 2000, diagnostics: 1 };
        let (reading, lines) = in_pieces(long.as_bytes(), &[64], few);
        assert_eq!((reading.events, reading.garbage, lines), (1, 1, vec![2]));
    }

    proptest! {
        #[test]
        fn cuts_never_panic(at in 0usize..900, junk in "\\PC{0,8}") {
            let at = at.min(EVENT.len());
            let text = format!("{}{junk}{}", &EVENT[..at], &EVENT[at..]);
            let (events, garbage) = count(&text);
            prop_assert!(events + garbage >= 1);
        }
    }
}
