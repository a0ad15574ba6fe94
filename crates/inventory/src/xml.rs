//! Elements of a small XML document with their attributes: what .NET's package lists need.
//!
//! Not a validating reader: entities beyond the five of XML, and documents that lie elsewhere, are never fetched.

/// Elements within elements.
const DEPTH: usize = 64;

/// One element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    /// Names from the root down, joined by `/`.
    pub(crate) path: String,
    attributes: Vec<(String, String)>,
}

impl Element {
    /// An attribute, empty when it is not there.
    pub(crate) fn attribute(&self, name: &str) -> &str {
        self.attributes.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

/// The elements in the order they open; `None` for what is not well-formed or nested too deep.
pub(crate) fn elements(text: &str) -> Option<Vec<Element>> {
    let mut out = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('<') {
        if let Some(comment) = after.strip_prefix("!--") {
            rest = comment.split_once("-->")?.1;
            continue;
        }
        let (tag, tail) = after.split_at_checked(end(after)?)?;
        rest = tail.get(1..)?;
        if tag.starts_with(['?', '!']) {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop()? != local(name.trim()) {
                return None;
            }
            continue;
        }
        let (tag, closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let name = local(tag.split_whitespace().next()?);
        if open.len() >= DEPTH {
            return None;
        }
        open.push(name);
        out.push(Element { path: open.join("/"), attributes: attributes(tag)? });
        if closed {
            open.pop();
        }
    }
    (open.is_empty() && !out.is_empty()).then_some(out)
}

/// A name without its namespace.
fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, name)| name)
}

/// Where a tag ends: at the first `>` outside of quotes.
fn end(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

fn attributes(tag: &str) -> Option<Vec<(String, String)>> {
    let mut out = Vec::new();
    let mut rest = tag.split_once(char::is_whitespace).map_or("", |(_, rest)| rest);
    while let Some((key, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, tail) = after.get(1..)?.split_once(quote)?;
        out.push((local(key.trim()).to_owned(), unescape(value)));
        rest = tail;
    }
    Some(out)
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_and_attributes() {
        let text =
            "<?xml version=\"1.0\"?>\n<!-- <x> --><a>\n <b k=\"1 &gt; 0\" o = 'x>y'/>\n <n:c>t</n:c></a>";
        let got = elements(text).unwrap();
        let paths: Vec<&str> = got.iter().map(|e| e.path.as_str()).collect();
        assert_eq!(paths, ["a", "a/b", "a/c"]);
        assert_eq!(
            (got[1].attribute("k"), got[1].attribute("o"), got[1].attribute("z")),
            ("1 > 0", "x>y", "")
        );
    }

    #[test]
    fn broken() {
        for text in ["", "text", "<a>", "<a></b>", "</a>", "<a b=c/>", "<a b=\"/>"] {
            assert_eq!(elements(text), None, "{text}");
        }
        assert_eq!(elements(&"<a>".repeat(100)), None);
    }
}
