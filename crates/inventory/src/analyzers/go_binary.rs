//! Go programs: the modules they were built from, and the version of Go itself.

use super::{Analyzer, Pattern, Stage};
use crate::{Ecosystem, Package, Packages, Relation};

pub(super) static ANALYZER: Analyzer = Analyzer {
    id: "go-binary",
    about: "modules and toolchain of Go programs",
    files: &[Pattern::Program],
    stage: Stage::Installed,
    ecosystem: Some(Ecosystem::Go),
    parse,
    join: None,
};

/// Begins the build information.
const MAGIC: &[u8] = b"\xff Go buildinf:";
/// Texts follow the header, their lengths before them (Go 1.18 and later).
const INLINE: u8 = 2;
/// The module information is framed by 16 bytes on either side.
const FRAME: usize = 16;

/// Semantics: Go's `debug/buildinfo`. The information lies aligned in the data of the program.
fn parse(_path: &str, bytes: &[u8], out: &mut Packages) {
    let Some(header) = find(bytes) else { return };
    let Some(flags) = header.get(15) else { return };
    if flags & INLINE == 0 {
        return out.problem("it was built by a Go older than 1.18, whose build information is not read");
    }
    let Some((version, rest)) = header.get(32..).and_then(text) else {
        return out.problem("its build information is cut off");
    };
    let toolchain = version.split_whitespace().next().unwrap_or_default();
    if let Some(version) = toolchain.strip_prefix("go") {
        // `go1.26.0-X:nodwarf5`: experiments do not make another version.
        let version = version.split("-X:").next().unwrap_or_default();
        out.add(Package { relation: Relation::Direct, ..Package::new(Ecosystem::Go, "stdlib", version) });
    }
    let Some((modules, _)) = text(rest) else { return };
    let end = modules.len().saturating_sub(FRAME);
    if let Some(modules) = modules.get(FRAME..end) {
        list(modules, out);
    }
}

/// The header, at an address that is a multiple of 16 in the program and mostly in the file.
fn find(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes;
    loop {
        let at = memchr::memmem::find(rest, MAGIC)?;
        let found = rest.get(at..)?;
        // The text also occurs in programs that look for it, without a sensible pointer size.
        if matches!(found.get(14), Some(4 | 8)) || found.get(15).is_some_and(|flags| flags & INLINE != 0) {
            return Some(found);
        }
        rest = found.get(MAGIC.len()..)?;
    }
}

/// A text with its length before it, seven bits a byte.
fn text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let mut length = 0_usize;
    for (at, byte) in bytes.iter().take(5).enumerate() {
        let shift = u32::try_from(at).ok()?.checked_mul(7)?;
        length |= usize::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            let start = at.checked_add(1)?;
            let end = start.checked_add(length)?;
            let text = bytes.get(start..end)?;
            return Some((utf8(text), bytes.get(end..)?));
        }
    }
    None
}

/// The frame is no UTF-8; what is not is left out at either side by the caller, who counts bytes.
fn utf8(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => bytes
            .get(FRAME..bytes.len().saturating_sub(FRAME))
            .and_then(|inner| std::str::from_utf8(inner).ok())
            .unwrap_or_default(),
    }
}

/// `mod` and `dep` lines with path and version; `=>` replaces the one before.
///
/// A main module built from a work tree has no version of its own; the linker's flags may tell one.
fn list(modules: &str, out: &mut Packages) {
    let mut found: Vec<(Relation, &str, &str)> = Vec::new();
    let mut flags = "";
    for line in modules.lines() {
        let mut words = line.split('\t');
        match (words.next(), words.next(), words.next()) {
            (Some("mod"), Some(path), Some(version)) => found.push((Relation::Root, path, version)),
            (Some("dep"), Some(path), Some(version)) => found.push((Relation::Unknown, path, version)),
            (Some("=>"), Some(path), Some(version)) => {
                let relation = found.pop().map_or(Relation::Unknown, |(relation, _, _)| relation);
                found.push((relation, path, version));
            }
            (Some("build"), Some(setting), _) => {
                flags = setting.strip_prefix("-ldflags=").unwrap_or(flags);
            }
            _ => {}
        }
    }
    for (relation, path, version) in found.into_iter().filter(|(_, path, _)| !path.is_empty()) {
        let mut version = if version == "(devel)" { "" } else { version };
        let stamped = stamped(path, flags);
        if relation == Relation::Root && (version.is_empty() || pseudo(version)) && !stamped.is_empty() {
            version = &stamped;
        }
        out.add(Package { relation, ..Package::new(Ecosystem::Go, path, version) });
    }
}

/// `v0.0.0-20240101000000-abcdef012345`: a commit, not a release (go.dev/ref/mod).
fn pseudo(version: &str) -> bool {
    let version = version.split('+').next().unwrap_or_default();
    let mut parts = version.rsplit('-');
    let commit = parts.next().is_some_and(|p| p.len() == 12 && p.bytes().all(|b| b.is_ascii_alphanumeric()));
    let time = parts.next().and_then(|p| p.rsplit('.').next());
    commit && time.is_some_and(|p| p.len() == 14 && p.bytes().all(|b| b.is_ascii_digit()))
}

/// The version `-X PATH.version=…` gives a program; of several equally good ones none.
///
/// Semantics: Trivy's `ParseLDFlags`: a package below the module's `cmd` before one called main, common, version or cmd
/// before any other.
fn stamped(module: &str, flags: &str) -> String {
    let flags = serde_json::from_str::<String>(flags).unwrap_or_else(|_| flags.to_owned());
    let mut found: [Vec<String>; 3] = Default::default();
    let flags = flags.replace("-X=", "-X ");
    for pair in flags.split("-X ").skip(1) {
        let pair = pair.trim_start().trim_matches(['\'', '"']);
        let Some((key, value)) = pair.split_once('=') else { continue };
        let value = value.split([' ', '\'', '"']).next().unwrap_or_default();
        let lower = key.to_ascii_lowercase();
        if !(lower.ends_with(".version") || lower.ends_with(".ver")) || !release(value) {
            continue;
        }
        let package = lower.rsplit('/').next().and_then(|p| p.split('.').next()).unwrap_or_default();
        let rank = match package {
            _ if key.starts_with(&format!("{module}/cmd/")) => 0,
            "main" | "common" | "version" | "cmd" => 1,
            _ => 2,
        };
        if let Some(of) = found.get_mut(rank) {
            of.push(value.to_owned());
        }
    }
    match found.iter().find(|of| !of.is_empty()).map(Vec::as_slice) {
        Some([one]) => one.clone(),
        _ => String::new(),
    }
}

fn release(value: &str) -> bool {
    let value = value.strip_prefix('v').unwrap_or(value);
    let core = value.split(['-', '+']).next().unwrap_or_default();
    core.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(flags: u8, version: &str, modules: &str) -> Vec<u8> {
        let mut out = b"\x7fELF padding \xff Go buildinf: in a string \0".to_vec();
        out.resize(64, 0);
        out.extend(MAGIC);
        out.extend([8, flags]);
        out.resize(96, 0);
        let framed = [&[0xf0; FRAME][..], modules.as_bytes(), &[0xf1; FRAME]].concat();
        for text in [version.as_bytes(), &framed] {
            let length = text.len();
            out.extend(if length < 128 { vec![length as u8] } else { vec![length as u8 | 0x80, (length >> 7) as u8] });
            out.extend(text);
        }
        out
    }

    fn read(bytes: &[u8]) -> (Vec<String>, usize) {
        let mut out = Packages::default();
        parse("app", bytes, &mut out);
        (out.packages.iter().map(|p| format!("{} {}", p.name, p.version)).collect(), out.problems.len())
    }

    const MODULES: &str = "path\texample.com/app\nmod\texample.com/app\t(devel)\t\ndep\texample.com/a\tv1.2.3\th1:x=\ndep\texample.com/b\tv1.0.0\n=>\texample.com/c\tv2.0.0\th1:y=\nbuild\t-compiler=gc\n";

    #[test]
    fn modules_and_toolchain() {
        let (packages, problems) = read(&program(2, "go1.20.12", MODULES));
        assert_eq!(packages, ["stdlib 1.20.12", "example.com/app ", "example.com/a v1.2.3", "example.com/c v2.0.0"]);
        assert_eq!(problems, 0);
        assert_eq!(read(&program(2, "go1.21.0 X:boringcrypto", "")).0, ["stdlib 1.21.0"]);
    }

    #[test]
    fn others_and_torn_ones() {
        assert_eq!(read(b"\x7fELF no Go"), (vec![], 0));
        assert_eq!(read(&program(0, "go1.17", "")).1, 1);
        let whole = program(2, "go1.20.12", MODULES);
        for cut in 0..whole.len() {
            let (packages, _) = read(&whole[..cut]);
            assert!(packages.len() <= 1, "{packages:?}");
        }
    }

    #[test]
    fn versions_of_the_main_module() {
        for (flags, want) in [
            (r#""-s -w -X main.version=1.2.3""#, "1.2.3"),
            ("-X 'example.com/app/cmd/x.Version=v2.0.0' -X main.version=1.0.0", "v2.0.0"),
            ("-X main.version=1.0.0 -X main.ver=2.0.0", ""),
            ("-X main.commit=1.0.0", ""),
            ("-X main.version=dirty", ""),
            ("", ""),
        ] {
            assert_eq!(stamped("example.com/app", flags), want, "{flags}");
        }
        assert!(pseudo("v0.0.0-20210101000000-abcdef012345") && pseudo("v1.2.4-0.20210101000000-abcdef012345"));
        assert!(!pseudo("v1.2.3") && !pseudo("v1.2.3-rc1"));
    }
}
