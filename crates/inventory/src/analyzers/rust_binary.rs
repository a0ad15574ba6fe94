//! Rust programs that carry the list of their crates, as cargo-auditable writes it.

use super::{Analyzer, Pattern, Stage};
use crate::bounded::inflate_zlib;
use crate::{Ecosystem, Package, Packages, Relation};
use serde_json::Value;

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "rust-binary",
    about: "Rust programs that list their crates",
    files: &[Pattern::Program],
    stage: Stage::Installed,
    ecosystem: Some(Ecosystem::Cargo),
    parse,
    join: None,
};

/// Bytes of the list, inflated.
const LIST: u64 = 8 << 20;
/// Sections of a program that are looked at.
const SECTIONS: usize = 65_535;

/// A section `.dep-v0` holds JSON, compressed with zlib: crates with indexes of what they need.
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let Some(section) = section(bytes) else { return };
    let text = match inflate_zlib(section, LIST) {
        Ok(text) => text,
        Err(error) => return out.problem(format!("its list of crates cannot be read: {error}")),
    };
    let value: Value = match serde_json::from_slice(&text) {
        Ok(value) => value,
        Err(error) => return out.problem(format!("its list of crates is not JSON: {error}")),
    };
    let all: Vec<&Value> = value.get("packages").and_then(Value::as_array).into_iter().flatten().collect();
    let text = |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    // What only builds the program is not in it.
    let runs = |entry: &Value| matches!(text(entry, "kind").as_str(), "" | "runtime");
    for entry in all.iter().filter(|entry| runs(entry)) {
        let needs = entry.get("dependencies").and_then(Value::as_array).into_iter().flatten();
        let needs = needs.filter_map(|n| all.get(usize::try_from(n.as_u64()?).ok()?)).filter(|need| runs(need));
        let needs = needs.map(|need| format!("{}@{}", text(need, "name"), text(need, "version"))).collect();
        let root = entry.get("root").and_then(Value::as_bool) == Some(true);
        let relation = if root { Relation::Root } else { Relation::Unknown };
        out.add(Package { relation, needs, ..Package::new(Ecosystem::Cargo, text(entry, "name"), text(entry, "version")) });
    }
}

/// The section of an ELF, PE or Mach-O program.
fn section(bytes: &[u8]) -> Option<&[u8]> {
    match bytes.get(..4)? {
        b"\x7fELF" => elf(bytes),
        [b'M', b'Z', ..] => pe(bytes),
        _ => mach(bytes),
    }
}

/// Numbers of a program, in its own byte order.
struct Numbers<'a> {
    bytes: &'a [u8],
    big: bool,
}

impl<'a> Numbers<'a> {
    fn at(&self, at: usize, width: usize) -> Option<usize> {
        let part = self.bytes.get(at..at.checked_add(width)?)?;
        let add = |sum: u64, byte: &u8| (sum << 8) | u64::from(*byte);
        let value = if self.big { part.iter().fold(0, add) } else { part.iter().rev().fold(0, add) };
        usize::try_from(value).ok()
    }

    fn part(&self, at: usize, length: usize) -> Option<&'a [u8]> {
        self.bytes.get(at..at.checked_add(length)?)
    }
}

fn elf(bytes: &[u8]) -> Option<&[u8]> {
    let numbers = Numbers { bytes, big: *bytes.get(5)? == 2 };
    let wide = *bytes.get(4)? == 2;
    let (table, size, count, names) = match wide {
        true => (numbers.at(40, 8)?, numbers.at(58, 2)?, numbers.at(60, 2)?, numbers.at(62, 2)?),
        false => (numbers.at(32, 4)?, numbers.at(46, 2)?, numbers.at(48, 2)?, numbers.at(50, 2)?),
    };
    let header = |n: usize| table.checked_add(n.checked_mul(size)?);
    let place = |at: usize| match wide {
        true => Some((numbers.at(at.checked_add(24)?, 8)?, numbers.at(at.checked_add(32)?, 8)?)),
        false => Some((numbers.at(at.checked_add(16)?, 4)?, numbers.at(at.checked_add(20)?, 4)?)),
    };
    let (texts, length) = place(header(names)?)?;
    let texts = numbers.part(texts, length)?;
    (0..count.min(SECTIONS)).find_map(|n| {
        let at = header(n)?;
        let name = texts.get(numbers.at(at, 4)?..)?;
        let (from, length) = place(at)?;
        if name.starts_with(b".dep-v0\0") { numbers.part(from, length) } else { None }
    })
}

fn pe(bytes: &[u8]) -> Option<&[u8]> {
    let numbers = Numbers { bytes, big: false };
    let header = numbers.at(0x3c, 4)?;
    if numbers.part(header, 4)? != b"PE\0\0" {
        return None;
    }
    let count = numbers.at(header.checked_add(6)?, 2)?;
    let table = header.checked_add(24)?.checked_add(numbers.at(header.checked_add(20)?, 2)?)?;
    (0..count.min(SECTIONS)).find_map(|n| {
        let at = table.checked_add(n.checked_mul(40)?)?;
        if numbers.part(at, 8)? != b".dep-v0\0" {
            return None;
        }
        let (virtual_size, size) = (numbers.at(at.checked_add(8)?, 4)?, numbers.at(at.checked_add(16)?, 4)?);
        numbers.part(numbers.at(at.checked_add(20)?, 4)?, virtual_size.min(size))
    })
}

/// Load commands of a Mach-O program; a section has two names, of itself and of its segment.
fn mach(bytes: &[u8]) -> Option<&[u8]> {
    let (big, wide) = match bytes.get(..4)? {
        [0xfe, 0xed, 0xfa, 0xce] => (true, false),
        [0xfe, 0xed, 0xfa, 0xcf] => (true, true),
        [0xce, 0xfa, 0xed, 0xfe] => (false, false),
        [0xcf, 0xfa, 0xed, 0xfe] => (false, true),
        _ => return None,
    };
    let numbers = Numbers { bytes, big };
    let mut at: usize = if wide { 32 } else { 28 };
    for _ in 0..numbers.at(16, 4)?.min(SECTIONS) {
        let (command, size) = (numbers.at(at, 4)?, numbers.at(at.checked_add(4)?, 4)?);
        let (first, each, count) = match (command, wide) {
            (0x19, true) => (72, 80, numbers.at(at.checked_add(64)?, 4)?),
            (0x1, false) => (56, 68, numbers.at(at.checked_add(48)?, 4)?),
            _ => (0, 0, 0),
        };
        for n in 0..count.min(SECTIONS) {
            let here = at.checked_add(first)?.checked_add(n.checked_mul(each)?)?;
            if numbers.part(here, 8)? == b".dep-v0\0" {
                let (length, from) = match wide {
                    true => (numbers.at(here.checked_add(40)?, 8)?, numbers.at(here.checked_add(48)?, 4)?),
                    false => (numbers.at(here.checked_add(36)?, 4)?, numbers.at(here.checked_add(40)?, 4)?),
                };
                return numbers.part(from, length);
            }
        }
        at = at.checked_add(size.max(8))?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// A 64-bit ELF program with two sections: the names, and the list.
    fn program(list: &[u8]) -> Vec<u8> {
        let names = b"\0.dep-v0\0.shstrtab\0";
        let mut out = b"\x7fELF\x02\x01\x01".to_vec();
        out.resize(64, 0);
        let at = |out: &Vec<u8>| (out.len() as u64).to_le_bytes();
        let (first, size) = (at(&out), (list.len() as u64).to_le_bytes());
        out.extend(list);
        let (second, length) = (at(&out), (names.len() as u64).to_le_bytes());
        out.extend(names);
        let table = at(&out);
        for (name, from, length) in [(1_u32, first, size), (9, second, length)] {
            out.extend(name.to_le_bytes());
            out.extend([0; 20]);
            out.extend(from);
            out.extend(length);
            out.extend([0; 24]);
        }
        out[40..48].copy_from_slice(&table);
        out[58..64].copy_from_slice(&[64, 0, 2, 0, 1, 0]);
        out
    }

    fn packed(text: &str) -> Vec<u8> {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(text.as_bytes()).unwrap();
        zlib.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> (Vec<String>, usize) {
        let mut out = Packages::default();
        parse("bin/app", bytes, &mut out);
        let line = |p: &Package| format!("{} {} {:?} {}", p.name, p.version, p.relation, p.needs.join(","));
        (out.packages.iter().map(line).collect(), out.problems.len())
    }

    const LIST_TEXT: &str = r#"{"packages":[{"name":"app","version":"0.1.0","source":"local","dependencies":[1,2],"root":true},{"name":"cc","version":"1.0.0","source":"registry","kind":"build"},{"name":"libc","version":"0.2.1","source":"registry"}]}"#;

    #[test]
    fn own() {
        let whole = program(&packed(LIST_TEXT));
        assert_eq!(read(&whole), (vec!["app 0.1.0 Root libc@0.2.1".into(), "libc 0.2.1 Unknown ".into()], 0));
        assert_eq!(read(&program(b"no zlib")).1, 1);
        assert_eq!(read(&program(&packed("no JSON"))).1, 1);
        for other in [&b"\x7fELF"[..], b"MZ", b"\xfe\xed\xfa\xcf", b"", b"#!/bin/sh\n"] {
            assert_eq!(read(other), (vec![], 0));
        }
        for cut in 0..whole.len() {
            read(&whole[..cut]);
        }
    }
}
