//! A text split into documents as k8s.io/apimachinery's reader does, each read on its own.

use crate::caps::Caps;
use crate::compose::compose;
use crate::fault::{
    At, DEPTH, DIRECTIVE, DOCUMENTS, DUPLICATE, ENCODING, Fault, JSON, KEY, NODES, SEPARATOR, SIZE, SYNTAX,
    TAG, TEMPLATE,
};
use crate::json;
use crate::relax::Relaxed;
use crate::text::{BOM, Lines, byte_of, characters, decode, utf16};
use crate::walk::{Json, Yaml, duplicate};
use memchr::{memchr, memmem};
use model::{Diagnostic, Level};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

/// One document of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// What it says.
    pub value: Value,
    /// Byte offset at which it starts: after its separator line, or at the first byte of a JSON value.
    pub offset: u64,
    /// What the `# Source:` comment at its start names: the template it was rendered from.
    pub source: Option<Arc<str>>,
}

/// Reads every document of a text, YAML or JSON. What could not be read, or reads oddly, is in the diagnostics.
///
/// Documents without content (or with the content `null`) are left out, as kubectl does.
pub fn read(text: &[u8], caps: &Caps) -> (Vec<Document>, Vec<Diagnostic>) {
    let (mut documents, mut diagnostics) = (Vec::new(), Vec::new());
    for part in stream(text, caps) {
        match part {
            Ok(document) => documents.push(document),
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    (documents, diagnostics)
}

/// Like [`read`], one document at a time. A diagnostic of level warning belongs to the document before it.
pub fn stream<'a>(text: &'a [u8], caps: &Caps) -> Stream<'a> {
    Stream {
        text,
        caps: *caps,
        next: 0,
        json: None,
        documents: 0,
        lines: Lines::new(text),
        ready: VecDeque::new(),
        started: false,
    }
}

/// The documents and diagnostics of a text, in order.
pub struct Stream<'a> {
    text: &'a [u8],
    caps: Caps,
    /// Start of the line after the last document.
    next: usize,
    /// What is left of a document that holds JSON values one after the other.
    json: Option<Part<'a>>,
    documents: u64,
    lines: Lines<'a>,
    ready: VecDeque<Result<Document, Diagnostic>>,
    started: bool,
}

/// A document's text.
#[derive(Clone, Copy)]
struct Part<'a> {
    text: &'a str,
    /// Where it starts in the whole text.
    start: usize,
}

/// A document's bytes.
struct Chunk {
    start: usize,
    end: usize,
    fault: Option<Fault>,
}

impl Iterator for Stream<'_> {
    type Item = Result<Document, Diagnostic>;

    fn next(&mut self) -> Option<Self::Item> {
        if !self.started {
            self.started = true;
            self.begin();
        }
        loop {
            if let Some(part) = self.ready.pop_front() {
                return Some(part);
            }
            if let Some(part) = self.json.take() {
                self.more_json(part);
                continue;
            }
            let chunk = self.chunk()?;
            self.document(chunk);
        }
    }
}

impl<'a> Stream<'a> {
    /// Refuses texts that are too long or not UTF-8 at all.
    fn begin(&mut self) {
        let length = length(self.text);
        let fault = if length > self.caps.bytes {
            Some(Fault::new(
                SIZE,
                At::Byte(0),
                format!("text of {length} bytes: at most {} are read", self.caps.bytes),
            ))
        } else if utf16(self.text) {
            Some(Fault::new(ENCODING, At::Byte(0), "the text is UTF-16").help("save it as UTF-8"))
        } else {
            None
        };
        if let Some(fault) = fault {
            self.next = self.text.len();
            self.refuse(fault, "", 0);
        }
    }

    fn refuse(&mut self, fault: Fault, text: &str, start: usize) {
        let within = match fault.at {
            At::Byte(byte) => byte,
            At::Char(n) => byte_of(text, n),
        };
        // What is wrong at the end is shown where the text ends, not on the next separator.
        let within = if text.is_empty() { within } else { within.min(text.trim_ascii_end().len()) };
        let position = self.lines.position(start.saturating_add(within));
        self.ready.push_back(Err(fault.diagnose(position)));
    }

    /// The next document that has content.
    fn chunk(&mut self) -> Option<Chunk> {
        loop {
            let text = self.text;
            let mut start = self.next;
            let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
            if let Some(after) = rest.strip_prefix(b"---") {
                let line = memchr(b'\n', after).map_or(after.len(), |at| at.saturating_add(1));
                let beside = after.get(..line).unwrap_or_default().trim_ascii();
                if !(beside.is_empty() || beside.starts_with(b"#")) {
                    let end = extent(text, start.saturating_add(3));
                    self.next = end;
                    let fault = Fault::new(SEPARATOR, At::Byte(3), "text beside a document separator").help(
                        "the API's decoder takes only a comment there: begin the document on the next line",
                    );
                    return Some(Chunk { start, end, fault: Some(fault) });
                }
                start = start.saturating_add(3).saturating_add(line);
            }
            let mut end = extent(text, start);
            let mut fault = None;
            let chunk = text.get(start..end).unwrap_or_default();
            match head(chunk) {
                Head::Nothing => {
                    self.next = end;
                    continue;
                }
                Head::Directive(at) => {
                    end = end_of(text, start);
                    fault = Some(Fault::new(DIRECTIVE, At::Byte(at), "directive before a document").warning().help(
                        "the API's decoder refuses directives: leave it away if this is meant for a cluster",
                    ));
                }
                Head::Content => {}
            }
            self.next = end;
            return Some(Chunk { start, end, fault });
        }
    }

    fn document(&mut self, chunk: Chunk) {
        let Chunk { mut start, end, fault } = chunk;
        let warning = match fault {
            Some(fault) if fault.level == Level::Error => return self.refuse(fault, "", start),
            other => other,
        };
        if !self.counted(start) {
            return;
        }
        let mut bytes = self.text.get(start..end).unwrap_or_default();
        if length(bytes) > self.caps.document_bytes {
            let message =
                format!("document of {} bytes: at most {} are read", bytes.len(), self.caps.document_bytes);
            return self.refuse(Fault::new(SIZE, At::Byte(0), message), "", start);
        }
        if let Some(rest) = bytes.strip_prefix(BOM) {
            bytes = rest;
            start = start.saturating_add(BOM.len());
        }
        match decode(bytes) {
            Ok(text) => self.yaml_or_json(Part { text, start }, warning),
            Err(fault) => self.refuse(fault, "", start),
        }
    }

    /// Counts a document; false when there are too many, and nothing more is read.
    fn counted(&mut self, start: usize) -> bool {
        self.documents = self.documents.saturating_add(1);
        if self.documents <= self.caps.documents {
            return true;
        }
        self.next = self.text.len();
        self.json = None;
        let message = format!("more than {} documents: the rest is not read", self.caps.documents);
        self.refuse(Fault::new(DOCUMENTS, At::Byte(0), message), "", start);
        false
    }

    fn yaml_or_json(&mut self, part: Part<'a>, warning: Option<Fault>) {
        let mut not_json = None;
        if json::looks_like(part.text) {
            match json::value(part.text, &self.caps) {
                Ok((value, used)) => return self.json_value(part, value, used),
                Err(fault) if fault.code == JSON => not_json = Some(fault),
                Err(fault) => return self.refuse_json(fault, part),
            }
        }
        if let Err(fault) = characters(part.text) {
            return self.refuse(fault, part.text, part.start);
        }
        // The decoder's line reader ends every line, the last one too.
        let text = if part.text.ends_with('\n') {
            Cow::Borrowed(part.text)
        } else {
            Cow::Owned(format!("{}\n", part.text))
        };
        match compose(&text, &self.caps) {
            Ok((value, ignored)) => {
                if !value.is_null() {
                    let source = source(part.text).map(Into::into);
                    self.ready.push_back(Ok(Document { value, offset: offset(part.start), source }));
                }
                for fault in warning.into_iter().chain(ignored) {
                    self.refuse(fault, part.text, part.start);
                }
            }
            Err(fault) => match not_json {
                Some(json) if json::meant(part.text) && fault.code != DEPTH && fault.code != DUPLICATE => {
                    self.refuse_json(json, part);
                }
                _ => self.refuse_document(fault, part),
            },
        }
    }

    /// Tells what is wrong with a document, with what only a second look finds.
    fn refuse_document(&mut self, mut fault: Fault, part: Part<'a>) {
        let unread = matches!(fault.code, SYNTAX | KEY | JSON | TAG);
        if unread && memmem::find(part.text.as_bytes(), b"{{").is_some() {
            fault.code = TEMPLATE;
            fault.message = format!("looks like a template: {}", fault.message);
            fault.help = Some("render it first, for example with `helm template`");
        }
        if fault.code == DUPLICATE {
            self.both_lines(&mut fault, part);
        }
        self.refuse(fault, part.text, part.start);
    }

    /// Finds both keys of a duplicate.
    fn both_lines(&mut self, fault: &mut Fault, part: Part<'a>) {
        let json = json::looks_like(part.text).then(|| duplicate(Json::new(part.text))).flatten();
        let (twice, relaxed) = match json {
            Some(twice) => (Some(twice), Relaxed::new(part.text)),
            None => {
                let relaxed = Relaxed::whole(part.text);
                (duplicate(Yaml::new(relaxed.text())), relaxed)
            }
        };
        let Some((first, second)) = twice else { return };
        let [first, second] = [first, second].map(|at| match at {
            At::Byte(byte) => byte,
            At::Char(n) => byte_of(part.text, relaxed.original(n)),
        });
        let mut line = |within: usize| self.lines.position(part.start.saturating_add(within)).line;
        fault.message = format!("{}: lines {} and {}", fault.message, line(first), line(second));
        fault.at = At::Byte(second);
    }

    /// Takes a JSON value, and leaves what follows it for later.
    fn json_value(&mut self, part: Part<'a>, value: Value, used: usize) {
        let blank = part.text.len().saturating_sub(part.text.trim_start().len());
        if !value.is_null() {
            let start = part.start.saturating_add(blank);
            self.ready.push_back(Ok(Document { value, offset: offset(start), source: None }));
        }
        self.json = rest(part, used);
    }

    fn more_json(&mut self, part: Part<'a>) {
        let blank = part.text.len().saturating_sub(part.text.trim_start().len());
        if !self.counted(part.start.saturating_add(blank)) {
            return;
        }
        let read = match json::looks_like(part.text) {
            true => json::value(part.text, &self.caps),
            false => {
                Err(Fault::new(JSON, At::Byte(blank), "neither an object nor a list after a JSON value"))
            }
        };
        match read {
            Ok((value, used)) => self.json_value(part, value, used),
            Err(fault) => self.refuse_json(fault, part),
        }
    }

    /// Refuses a JSON value and goes on at the next line that starts like one.
    fn refuse_json(&mut self, fault: Fault, part: Part<'a>) {
        let bytes = part.text.as_bytes();
        // What is too deep or too much is passed over whole; elsewhere the next line may be a value again.
        let from = match fault.at {
            At::Byte(at) if matches!(fault.code, DEPTH | NODES) => at,
            _ => bytes.len().saturating_sub(bytes.trim_ascii_start().len()),
        };
        let next = memchr::memchr_iter(b'\n', bytes.get(from..).unwrap_or_default())
            .map(|at| from.saturating_add(at).saturating_add(1))
            .find(|at| matches!(bytes.get(*at), Some(b'{' | b'[')));
        self.json = next.and_then(|at| rest(part, at));
        self.refuse_document(fault, part);
    }
}

/// What is left of a document, if there is content.
fn rest(part: Part<'_>, used: usize) -> Option<Part<'_>> {
    let text = part.text.get(used..)?;
    (!text.trim_ascii().is_empty()).then(|| Part { text, start: part.start.saturating_add(used) })
}

fn length(text: &[u8]) -> u64 {
    offset(text.len())
}

fn offset(at: usize) -> u64 {
    u64::try_from(at).unwrap_or(u64::MAX)
}

/// Where the document that starts at `start` ends: a directive belongs to the document behind the separator.
pub(crate) fn end_of(text: &[u8], start: usize) -> usize {
    let end = extent(text, start);
    match head(text.get(start..end).unwrap_or_default()) {
        Head::Directive(_) => {
            let line = text.get(end..).and_then(|rest| memchr(b'\n', rest)).unwrap_or(0);
            extent(text, end.saturating_add(line).saturating_add(1).min(text.len()))
        }
        _ => end,
    }
}

/// The end of the document that starts at `start`: the next line that begins with `---`.
pub(crate) fn extent(text: &[u8], start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    if rest.starts_with(b"---") {
        return start;
    }
    memmem::find(rest, b"\n---").map_or(text.len(), |at| start.saturating_add(at).saturating_add(1))
}

enum Head {
    /// Blank lines and comments only.
    Nothing,
    /// Beside these only directives, the first at this offset.
    Directive(usize),
    Content,
}

fn head(chunk: &[u8]) -> Head {
    let mut directive = None;
    let mut at = 0usize;
    for line in chunk.split_inclusive(|b| *b == b'\n') {
        let bare = if at == 0 { line.strip_prefix(BOM).unwrap_or(line) } else { line };
        let trimmed = bare.trim_ascii();
        if bare.starts_with(b"%") {
            directive.get_or_insert(at);
        } else if !(trimmed.is_empty() || trimmed.starts_with(b"#")) || trimmed.contains(&b'\r') {
            return Head::Content;
        }
        at = at.saturating_add(line.len());
    }
    directive.map_or(Head::Nothing, Head::Directive)
}

/// What the `# Source:` comment at the start of a document names.
fn source(text: &str) -> Option<&str> {
    let comments = text.lines().map(str::trim).take_while(|line| line.is_empty() || line.starts_with('#'));
    comments.filter_map(|line| line.strip_prefix("# Source:")).map(str::trim).find(|name| !name.is_empty())
}
