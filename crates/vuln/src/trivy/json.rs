//! The JSON writer: indented and escaped as Go's encoder does it, byte for byte.

use super::Report;
use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, PrettyFormatter, Serializer};
use std::io;

/// Writes a report as `--format json` does, with a line feed at the end.
pub fn json(report: &Report) -> String {
    let mut out = go(report);
    out.push('\n');
    out
}

/// Any value in Go's form.
pub(crate) fn go(value: &impl Serialize) -> String {
    form(value, Go { inner: PrettyFormatter::with_indent(b"  "), safe: true })
}

/// In Go's indented form where it does not make text safe for HTML.
pub(crate) fn plain(value: &impl Serialize) -> String {
    form(value, Go { inner: PrettyFormatter::with_indent(b"  "), safe: false })
}

/// On one line; safe in HTML or not.
pub(crate) fn compact(value: &impl Serialize, safe: bool) -> String {
    form(value, Go { inner: CompactFormatter, safe })
}

fn form(value: &impl Serialize, formatter: impl Formatter) -> String {
    let mut bytes = Vec::new();
    // Writing into memory and maps with text keys cannot fail.
    let written = value.serialize(&mut Serializer::with_formatter(&mut bytes, formatter));
    debug_assert!(written.is_ok());
    String::from_utf8(bytes).unwrap_or_default()
}

struct Go<F> {
    inner: F,
    /// Whether what HTML gives a meaning is escaped.
    safe: bool,
}

macro_rules! pretty {
    ($($name:ident($($arg:ident: $kind:ty),*)),* $(,)?) => {
        $(fn $name<W: ?Sized + io::Write>(&mut self, writer: &mut W $(, $arg: $kind)*) -> io::Result<()> {
            self.inner.$name(writer $(, $arg)*)
        })*
    };
}

impl<F: Formatter> Formatter for Go<F> {
    pretty!(
        begin_array(),
        end_array(),
        begin_array_value(first: bool),
        end_array_value(),
        begin_object(),
        end_object(),
        begin_object_key(first: bool),
        begin_object_value(),
        end_object_value(),
    );

    /// A whole number has no fraction; very small and very large ones have an exponent.
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        let size = value.abs();
        if size != 0.0 && !(1e-6..1e21).contains(&size) {
            let text = format!("{value:e}");
            let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let (sign, exponent) = match exponent.strip_prefix('-') {
                Some(exponent) => ('-', exponent),
                None => ('+', exponent),
            };
            return write!(writer, "{digits}e{sign}{exponent:0>2}");
        }
        write!(writer, "{value}")
    }

    /// `&`, `<`, `>` and the two line separators are escaped, so that the text is safe in HTML and JavaScript.
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        let special = |c: char| match c {
            '&' | '<' | '>' => self.safe,
            c => matches!(c, '\u{2028}' | '\u{2029}' | '\u{7f}'),
        };
        while let Some(at) = rest.find(special) {
            let (plain, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
            writer.write_all(plain.as_bytes())?;
            let mut chars = tail.chars();
            match chars.next() {
                // Go leaves DEL alone; serde_json does as well.
                Some('\u{7f}') => writer.write_all(b"\x7f")?,
                Some(c) => write!(writer, "\\u{:04x}", u32::from(c))?,
                None => {}
            }
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }

    /// Control characters Go has no short form for.
    fn write_char_escape<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        match escape {
            CharEscape::Backspace => writer.write_all(b"\\b"),
            CharEscape::FormFeed => writer.write_all(b"\\f"),
            other => self.inner.write_char_escape(writer, other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Caps, read};
    use super::*;

    #[test]
    fn gos_form() {
        for (value, want) in [
            (
                serde_json::json!("a&b<c>\u{2028}\n\t\"\\\u{1}é"),
                r#""a\u0026b\u003cc\u003e\u2028\n\t\"\\\u0001é""#,
            ),
            (serde_json::json!(5.0), "5"),
            (serde_json::json!(5.25), "5.25"),
            (serde_json::json!(1e21), "1e+21"),
            (serde_json::json!(1e-7), "1e-07"),
            (serde_json::json!([]), "[]"),
            (
                serde_json::json!({"a": {}, "b": [1, null]}),
                "{\n  \"a\": {},\n  \"b\": [\n    1,\n    null\n  ]\n}",
            ),
        ] {
            assert_eq!(go(&value), want);
        }
    }

    /// Every golden that is a report of Trivy's own comes out as it went in.
    #[test]
    fn goldens_come_out_as_they_went_in() {
        let mut count = 0;
        for name in [
            "alpine-310",
            "cargo.lock",
            "centos-7",
            "centos-7-ignore-unfixed",
            "centos-7-medium",
            "composer.lock",
            "composer.vendor",
            "debian-buster",
            "dockerfile",
            "dockerfile-custom-policies",
            "dockerfile_file_pattern",
            "gomod",
            "gomod-skip",
            "gomod-vex",
            "gradle",
            "npm",
            "npm-ubuntu-severity",
            "npm-with-dev",
            "pip",
            "poetry",
            "pom",
            "ubi-7",
            "ubi-7-comprehensive",
            "ubuntu-1804",
            "ubuntu-1804-ignore-unfixed",
            "fixtures/convert/npm",
            "fixtures/convert/npm-with-suppressed",
        ] {
            let Some(text) = crate::corpus::read(&format!("trivy/integration/testdata/{name}.json.golden"))
            else {
                return;
            };
            let (report, diagnostics) = read(&text, &Caps::default());
            assert!(diagnostics.is_empty(), "{name}: {diagnostics:?}");
            let text = String::from_utf8(text).unwrap();
            let got = json(&report);
            if got != text {
                let at = got.lines().zip(text.lines()).position(|(a, b)| a != b).unwrap_or(0);
                let line = |text: &str| text.lines().nth(at).unwrap_or("").to_owned();
                panic!("{name}, line {}: {} instead of {}", at + 1, line(&got), line(&text));
            }
            count += 1;
        }
        println!("{count} goldens");
    }
}
