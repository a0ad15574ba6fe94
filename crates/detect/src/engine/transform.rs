//! Transformers: functions of values.

use crate::condition::Transformer;
use crate::value::Value;
use base64::Engine as _;
use std::borrow::Cow;

type Bytes<'a> = Cow<'a, [u8]>;

/// Applies a transformer; `None` when it has no answer, which is like a missing field.
pub(super) fn apply<'a>(transformer: Transformer, mut of: Vec<Value<'a>>) -> Option<Value<'a>> {
    match transformer {
        Transformer::Join => return join(of),
        Transformer::Concat => {
            let parts: Option<Vec<Bytes<'a>>> = of.into_iter().map(text).collect();
            return Some(Value::Text(Cow::Owned(parts?.concat())));
        }
        Transformer::GetOpt => return options(of),
        _ => {}
    }
    let value = of.pop()?;
    match transformer {
        Transformer::Val => Some(value),
        Transformer::Len => {
            let length = match &value {
                Value::Text(text) => text.len(),
                Value::List(list) => list.len(),
                _ => return None,
            };
            u64::try_from(length).ok().map(Value::Uint)
        }
        Transformer::ToLower => each(value, |t| Some(t.to_ascii_lowercase())),
        Transformer::ToUpper => each(value, |t| Some(t.to_ascii_uppercase())),
        Transformer::Base64 => each(value, |t| base64::engine::general_purpose::STANDARD.decode(t).ok()),
        Transformer::Basename => each(value, |t| t.rsplit(|b| *b == b'/').next().map(<[u8]>::to_vec)),
        Transformer::Join | Transformer::Concat | Transformer::GetOpt => None,
    }
}

fn text(value: Value<'_>) -> Option<Bytes<'_>> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn each<'a>(value: Value<'a>, of: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<Value<'a>> {
    match value {
        Value::Text(text) => Some(Value::Text(Cow::Owned(of(&text)?))),
        Value::List(list) => {
            let all: Option<Vec<Bytes<'a>>> = list.iter().map(|t| of(t).map(Cow::Owned)).collect();
            all.map(Value::List)
        }
        _ => None,
    }
}

fn join<'a>(of: Vec<Value<'a>>) -> Option<Value<'a>> {
    let mut of = of.into_iter();
    let separator = text(of.next()?)?;
    let mut items: Vec<Bytes<'a>> = Vec::new();
    for value in of {
        match value {
            Value::Text(text) => items.push(text),
            Value::List(list) => items.extend(list),
            _ => return None,
        }
    }
    Some(Value::Text(Cow::Owned(items.join(&*separator))))
}

/// Values of command-line options: `getopt(args, "short options", "long:", …)`; a colon means it takes a value.
fn options<'a>(of: Vec<Value<'a>>) -> Option<Value<'a>> {
    let mut of = of.into_iter();
    let args: Vec<Bytes<'a>> = match of.next()? {
        Value::List(list) => list,
        Value::Text(text) => text.split(|b| *b == b' ').map(|word| Cow::Owned(word.to_vec())).collect(),
        _ => return None,
    };
    let wanted: Vec<Bytes<'a>> = of.map(text).collect::<Option<_>>()?;
    let mut found = Vec::new();
    let mut words = args.iter().peekable();
    while let Some(word) = words.next() {
        if &**word == b"--" {
            break;
        }
        for name in &wanted {
            let (name, takes) = match name.strip_suffix(b":") {
                Some(name) => (name, true),
                None => (&**name, false),
            };
            let dashes: &[u8] = if name.len() == 1 { b"-" } else { b"--" };
            let Some(rest) = word.strip_prefix(dashes).and_then(|w| w.strip_prefix(name)) else { continue };
            match (takes, rest) {
                (false, b"") => found.push(Cow::Owned(name.to_vec())),
                (true, b"") => found.extend(words.peek().map(|value| Cow::Owned(value.to_vec()))),
                (true, rest) if name.len() == 1 => found.push(Cow::Owned(rest.to_vec())),
                (true, [b'=', value @ ..]) => found.push(Cow::Owned(value.to_vec())),
                _ => {}
            }
        }
    }
    (!found.is_empty()).then_some(Value::List(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(transformer: Transformer, of: Vec<Value<'_>>) -> Option<String> {
        apply(transformer, of).map(|v| v.show())
    }

    #[test]
    fn functions() {
        let list = |items: &[&'static str]| Value::List(items.iter().map(|i| i.as_bytes().into()).collect());
        assert_eq!(run(Transformer::ToUpper, vec!["aé".into()]).as_deref(), Some("Aé"));
        assert_eq!(run(Transformer::ToLower, vec![list(&["A", "b"])]).as_deref(), Some("(a,b)"));
        assert_eq!(run(Transformer::Base64, vec!["aGk=".into()]).as_deref(), Some("hi"));
        assert_eq!(run(Transformer::Base64, vec!["*".into()]), None);
        assert_eq!(run(Transformer::Basename, vec!["/a/b".into()]).as_deref(), Some("b"));
        assert_eq!(run(Transformer::Basename, vec!["/a/".into()]).as_deref(), Some(""));
        assert_eq!(run(Transformer::Len, vec!["abc".into()]).as_deref(), Some("3"));
        assert_eq!(run(Transformer::Len, vec![Value::Bool(true)]), None);
        assert_eq!(run(Transformer::Join, vec!["-".into(), list(&["a", "b"])]).as_deref(), Some("a-b"));
        assert_eq!(run(Transformer::Concat, vec!["a".into(), "b".into()]).as_deref(), Some("ab"));
        let args = || list(&["-u", "root", "--out=x", "-v"]);
        assert_eq!(
            run(Transformer::GetOpt, vec![args(), "u:".into(), "out:".into()]).as_deref(),
            Some("(root,x)")
        );
        assert_eq!(run(Transformer::GetOpt, vec![args(), "q".into()]), None);
    }
}
